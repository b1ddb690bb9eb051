//! How a connection comes to its end.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Sink, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long a client has to read what is left, and to answer a close.
const FAREWELL: Duration = Duration::from_secs(10);

/// The most bytes that the reason of a close may have, so that its frame is one of control.
const LONGEST_REASON: usize = 123;

/// How a connection ends.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// The client has closed.
    Answer,
    /// The server closes.
    Close(CloseFrame),
    /// The server closes, since the client breaks the rules of WebSocket: what it sends cannot be
    /// read any more.
    Fail(CloseFrame),
    /// Nobody is there any more, or is to be.
    Break,
}

impl End {
    /// The server closes, for this reason.
    pub(super) fn close(code: u16, reason: &str) -> Self {
        Self::Close(close_frame(code.into(), reason))
    }

    /// How it ends after an error of the socket.
    pub(super) fn after(error: &Error) -> Self {
        match error {
            Error::Utf8(_) => Self::fail(CloseCode::Invalid, "a text is not UTF-8"),
            Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => Self::fail(
                CloseCode::Size,
                &format!("a message has more than {max_size} bytes"),
            ),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Break,
            // As RFC 6455 demands (section 7.1.7).
            Error::Protocol(error) => Self::fail(CloseCode::Protocol, &error.to_string()),
            _ => Self::Break,
        }
    }

    fn fail(code: CloseCode, reason: &str) -> Self {
        Self::Fail(close_frame(code, reason))
    }

    /// Ends a connection so, after what was fed to the socket before.
    pub(super) async fn carry_out<S>(self, socket: &mut WebSocketStream<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match tokio::time::timeout(FAREWELL, self.say_goodbye(socket)).await {
            Ok(Ok(())) => tracing::debug!("session over"),
            Ok(Err(error)) => tracing::debug!(%error, "session broke at its end"),
            Err(_) => tracing::debug!("session dropped: the client did not say goodbye"),
        }
    }

    async fn say_goodbye<S>(self, socket: &mut WebSocketStream<S>) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self {
            Self::Break => return Ok(()),
            Self::Answer => socket.flush().await?,
            Self::Close(frame) => {
                send_close(socket, frame).await?;
                while let Some(message) = socket.next().await {
                    message?;
                }
            }
            Self::Fail(frame) => {
                send_close(socket, frame).await?;
                // What is not read would have the close thrown away, too.
                socket.get_mut().shutdown().await?;
                return Ok(discard(socket.get_mut()).await?);
            }
        }
        Ok(socket.get_mut().shutdown().await?)
    }
}

/// Sends a close after what is queued, even where that cannot be written now.
async fn send_close<S>(socket: &mut WebSocketStream<S>, frame: CloseFrame) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Pin::new(&mut *socket).start_send(Message::Close(Some(frame)))?;
    socket.flush().await
}

/// Reads until the client has nothing more to say. What it is read into is on the heap: as a part
/// of the session's future, every session would have it from its beginning.
async fn discard(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    copy(stream, &mut sink()).await?;
    Ok(())
}

/// A close whose reason is no longer than a close can say.
fn close_frame(code: CloseCode, reason: &str) -> CloseFrame {
    let mut end = reason.len().min(LONGEST_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame {
        code,
        reason: reason[..end].into(),
    }
}
