//! A client that looks at frames only as far as it has to.

use std::io;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::traffic::{Ask, type_of};

/// Ten thousand clients are in this process.
const READ_BUFFER: usize = 8 * 1024;

/// A session on either server.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    /// The first frame of the server.
    pub(crate) greeting: String,
}

/// What came before what was waited for.
type Answer<T> = Result<T, Error>;

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Answer<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{address}/v1/realtime?model=gpt-realtime");
        let request = tokio_tungstenite::tungstenite::ClientRequestBuilder::new(url.parse()?)
            .with_header("authorization", "Bearer sk-load");
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        let mut client = Self {
            socket,
            greeting: String::new(),
        };
        client.greeting = client.next().await?.to_string();
        Ok(client)
    }

    /// Sends these frames in one write.
    pub(crate) async fn send(&mut self, frames: &[impl AsRef<str>]) -> Answer<()> {
        for frame in frames {
            self.socket.feed(Message::text(frame.as_ref())).await?;
        }
        self.socket.flush().await
    }

    pub(crate) async fn next(&mut self) -> Answer<Utf8Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) if type_of(&text) == Some("error") => {
                    return Err(io::Error::other(text.to_string()).into());
                }
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_)) | None => return Err(Error::ConnectionClosed),
                Some(Err(error)) => return Err(error),
            }
        }
    }

    /// Reads up to the first event of this type; says how many there were.
    pub(crate) async fn until(&mut self, kind: &str) -> Answer<usize> {
        let mut events = 1;
        while type_of(&self.next().await?) != Some(kind) {
            events += 1;
        }
        Ok(events)
    }

    /// Asks, and says how many events the answer had.
    pub(crate) async fn count(&mut self, ask: Ask) -> Answer<usize> {
        self.send(ask.frames).await?;
        self.until(ask.answered_by).await
    }

    /// Asks, and gives the answer.
    pub(crate) async fn ask(&mut self, ask: Ask) -> Answer<Vec<String>> {
        self.send(ask.frames).await?;
        let mut frames = vec![self.next().await?.to_string()];
        while !frames.last().is_some_and(|frame| ask.is_answered_by(frame)) {
            frames.push(self.next().await?.to_string());
        }
        Ok(frames)
    }

    /// Says goodbye and waits until the connection is gone, in whichever way.
    pub(crate) async fn close(mut self) -> Answer<()> {
        self.socket.close(None).await?;
        while let Some(Ok(_)) = self.socket.next().await {}
        Ok(())
    }

    /// Is gone without a word, as a client whose network breaks.
    pub(crate) fn break_off(self) {
        // With nothing to linger for, the connection is reset rather than closed.
        let _ = self.socket.get_ref().set_zero_linger();
    }
}
