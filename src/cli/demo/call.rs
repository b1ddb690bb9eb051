//! The agent of the demo: a client of the mock, with a caller at its other end.

use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::audio::Clip;
use mock_realtime::mock::SessionControl;
use mock_realtime::protocol::realtime::{
    ClientEvent, ConversationItem, ConversationItemCreate, ConversationItemTruncate,
    FunctionCallOutput, InputAudioBufferAppend, ResponseCreate, ServerEvent, SessionConfig,
    SessionUpdate,
};
use mock_realtime::protocol::{CallId, decode, encode};
use mock_realtime::server::MockServer;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::picture::Picture;
use super::script;
use super::sound::{Loudspeaker, Microphone};

/// How long a piece of sound is that the agent sends, and how fine the conversation's clock is.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// The session's clock is put forward by hand, and is so many times as fast as the conversation's:
/// what the machine takes for its work is nothing beside it. So any machine holds the same
/// conversation.
pub(super) const SLOWER: u32 = 1_000;

/// No part of the conversation is longer, if all goes well.
const MOST_TICKS: usize = 300;

/// Every session starts at this second, so that its ids depend on the seed alone.
const STARTED_AT: u64 = 1_800_000_000;

/// A conversation on its way.
pub(super) struct Call {
    /// Kept so long, because the server ends with it.
    _server: MockServer,
    session: SessionControl,
    socket: WebSocketStream<TcpStream>,
    now: Duration,
    /// How long a tick takes to be shown.
    pause: Duration,
    microphone: Microphone,
    loudspeaker: Loudspeaker,
    /// The function call that waits for its output.
    called: Option<CallId>,
    responding: bool,
    picture: Picture,
}

impl Call {
    /// Starts a server, and connects to it.
    pub(super) async fn open(
        seed: u64,
        times_as_fast: Option<NonZeroU32>,
        picture: Picture,
    ) -> io::Result<Self> {
        let server = MockServer::builder()
            .seed(seed)
            .started_at(STARTED_AT)
            .configure(script::mock)
            .start()
            .await;
        let address = server.url().trim_start_matches("ws://");
        let address = address.trim_end_matches("/v1");
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let opened = client_async(server.request(), stream).await;
        let (socket, _) = opened.map_err(io::Error::other)?;
        Ok(Self {
            session: server.session(0).await,
            _server: server,
            socket,
            now: Duration::ZERO,
            pause: times_as_fast.map_or(Duration::ZERO, |times| TICK / times.get()),
            microphone: Microphone::default(),
            loudspeaker: Loudspeaker::default(),
            called: None,
            responding: false,
            picture,
        })
    }

    pub(super) fn chapter(&mut self, title: &str) -> io::Result<()> {
        self.picture.chapter(title)
    }

    /// Says how the session is to be.
    pub(super) async fn configure(&mut self, session: io::Result<SessionConfig>) -> io::Result<()> {
        self.settle().await?;
        self.send(SessionUpdate::new(session?)).await?;
        self.settle().await
    }

    /// Has the caller say something.
    pub(super) async fn say(&mut self, text: &str, clip: Clip) -> io::Result<()> {
        self.picture.caller_says(text);
        self.microphone.hear(&clip);
        self.until("has said it", |call| call.microphone.is_silent())
            .await
    }

    /// Lets time pass.
    pub(super) async fn pass(&mut self, time: Duration) -> io::Result<()> {
        let end = self.now + time;
        self.until("has waited", |call| call.now >= end).await
    }

    pub(super) async fn until_called(&mut self) -> io::Result<()> {
        let called = |call: &Self| call.called.is_some() && !call.responding;
        self.until("was called", called).await
    }

    /// Waits until the caller has heard so much of an answer.
    pub(super) async fn until_heard(&mut self, time: Duration) -> io::Result<()> {
        let heard = |call: &Self| !call.loudspeaker.is_silent() && call.loudspeaker.heard() >= time;
        self.until("has heard enough", heard).await
    }

    /// Waits until there is an answer, and all of it was heard.
    pub(super) async fn until_silent(&mut self) -> io::Result<()> {
        self.until("is answered", |call| call.responding).await?;
        let over = |call: &Self| !call.responding && call.loudspeaker.is_silent();
        self.until("has heard it all", over).await
    }

    /// Gives the output of the function that was called, and asks for the response to it.
    pub(super) async fn answer(&mut self, output: &str) -> io::Result<()> {
        let Some(call_id) = self.called.take() else {
            return Err(io::Error::other("no function was called"));
        };
        let output = FunctionCallOutput::new(call_id, output);
        let output = ConversationItem::from(output);
        self.send(ConversationItemCreate::new(output)).await?;
        self.send(ResponseCreate::default()).await
    }

    /// Ends the session. Gives the picture back, and how long the conversation was.
    pub(super) async fn hang_up(mut self) -> io::Result<(Picture, Duration)> {
        self.socket.close(None).await.map_err(io::Error::other)?;
        while let Some(Ok(_)) = self.socket.next().await {}
        self.picture.flush()?;
        Ok((self.picture, self.now))
    }

    /// Lets time pass until something is so.
    async fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) -> io::Result<()> {
        for _ in 0..MOST_TICKS {
            if so(self) {
                return Ok(());
            }
            self.tick().await?;
        }
        let text = format!("{} s are over before the agent {what}", self.now.as_secs());
        Err(io::Error::other(text))
    }

    /// Lets a tick pass: sound goes both ways, and the mock does what is due.
    async fn tick(&mut self) -> io::Result<()> {
        let sound = self.microphone.next(TICK);
        self.send(InputAudioBufferAppend::new(sound)).await?;
        self.settle().await?;
        self.now += TICK;
        self.loudspeaker.pass(TICK);
        self.session.advance(TICK * SLOWER);
        self.settle().await?;
        tokio::time::sleep(self.pause).await;
        Ok(())
    }

    async fn send(&mut self, event: impl Into<ClientEvent>) -> io::Result<()> {
        let event = event.into();
        self.picture.client_sent(&event, self.now)?;
        let mut text = String::new();
        encode(&event, &mut text).map_err(io::Error::other)?;
        self.write(Message::text(text)).await
    }

    async fn write(&mut self, message: Message) -> io::Result<()> {
        self.socket.send(message).await.map_err(io::Error::other)
    }

    /// Takes all that the mock sends by now, and does what follows from it.
    async fn settle(&mut self) -> io::Result<()> {
        // The answer to a first ping can overtake what was due before it. That to a second one, sent
        // after it, comes behind.
        for _ in 0..2 {
            self.write(Message::Ping("".into())).await?;
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let event = decode(&text).map_err(io::Error::other)?;
                        self.take(event).await?;
                    }
                    Some(Ok(Message::Pong(_))) => break,
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(io::Error::other(error)),
                    None => return Err(io::Error::other("the server has hung up")),
                }
            }
        }
        Ok(())
    }

    /// What an agent does when this comes.
    async fn take(&mut self, event: ServerEvent) -> io::Result<()> {
        self.picture.server_sent(&event, self.now)?;
        match event {
            ServerEvent::InputAudioBufferSpeechStarted(_) => {
                if let Some((item, heard)) = self.loudspeaker.stop() {
                    let heard = u64::try_from(heard.as_millis()).unwrap_or(u64::MAX);
                    self.send(ConversationItemTruncate::new(item, 0_u64, heard))
                        .await?;
                }
            }
            ServerEvent::ResponseCreated(_) => self.responding = true,
            ServerEvent::ResponseDone(_) => self.responding = false,
            ServerEvent::ResponseOutputAudioDelta(delta) => {
                self.loudspeaker.play(&delta.item_id, delta.delta.as_ref());
            }
            ServerEvent::ResponseFunctionCallArgumentsDone(done) => {
                self.called = Some(done.call_id);
            }
            ServerEvent::Error(error) => {
                return Err(io::Error::other(error.error.message));
            }
            _ => {}
        }
        Ok(())
    }
}
