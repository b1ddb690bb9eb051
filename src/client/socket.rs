//! The mock in the place of a WebSocket.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Sink, Stream};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::dialect::Dialect;
use crate::engine::SessionOptions;
use crate::expect::Journal;
use crate::faults::{ConnectionFaults, Faults};
use crate::mock::{MockSession, Observer, Sent, SessionControl};
#[cfg(feature = "conformance")]
use crate::mock::{Verification, conclude};

/// A client's WebSocket with the mock at its other end, in the same process.
///
/// It is a stream and a sink as `tokio_tungstenite::WebSocketStream` is, so that code generic over
/// such a socket runs against the mock: pings are answered, a close is echoed, the stream ends
/// after the close, and a send after it is an error.
///
/// ```
/// use futures_util::{SinkExt, StreamExt};
/// use mock_realtime::client::MockSocket;
/// use mock_realtime::engine::SessionOptions;
/// use tokio_tungstenite::tungstenite::Message;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), tokio_tungstenite::tungstenite::Error> {
/// let mut socket = MockSocket::new(SessionOptions::default());
/// let created = socket.next().await.expect("a frame")?;
/// assert!(created.to_text()?.starts_with(r#"{"type":"session.created""#));
/// socket.send(Message::text(r#"{"type":"input_audio_buffer.clear"}"#)).await?;
/// let cleared = socket.next().await.expect("a frame")?;
/// assert!(cleared.to_text()?.contains("input_audio_buffer.cleared"));
/// # Ok(())
/// # }
/// ```
pub struct MockSocket {
    session: MockSession,
    control: SessionControl,
    started: Instant,
    /// What the WebSocket itself answers: pongs and the echo of a close.
    answers: VecDeque<Message>,
    phase: Phase,
    timer: Option<Pin<Box<Sleep>>>,
    changed: Pin<Box<dyn Future<Output = ()> + Send>>,
    journal: Journal,
    #[cfg(feature = "conformance")]
    verification: Option<Verification>,
}

/// How far the connection has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Open,
    /// One side has closed; what waits is still read.
    Closing,
    /// Nothing comes any more.
    Closed,
}

impl MockSocket {
    /// Opens a session.
    pub fn new(options: SessionOptions) -> Self {
        Self::with_faults(options, &Faults::default())
    }

    /// Opens a session in which something goes wrong.
    pub fn with_faults(options: SessionOptions, faults: &Faults) -> Self {
        Self::open(Dialect::Ga, options, faults)
    }

    /// Opens a session whose client speaks a dialect, with options such as
    /// [`Dialect::options`] are.
    pub fn in_dialect(dialect: Dialect, options: SessionOptions) -> Self {
        Self::open(dialect, options, &Faults::default())
    }

    fn open(dialect: Dialect, options: SessionOptions, faults: &Faults) -> Self {
        let observer = Observer::new(Journal::default());
        let faults = ConnectionFaults::of(0, [faults]);
        let mut session = observer.open(dialect, options, &faults);
        session.begin_in_process();
        let socket = Self::over(session, observer.journal().clone());
        #[cfg(feature = "conformance")]
        let socket = match Verification::from_env() {
            Some(verification) => socket.verified(verification),
            None => socket,
        };
        socket
    }

    /// Has each frame that the mock sends of itself held against the protocol, as
    /// [`MockServerBuilder::verify`] does: to be asked for before anything is received. Dropping the
    /// socket panics if one broke a rule. With the feature `conformance`.
    ///
    /// [`MockServerBuilder::verify`]: crate::server::MockServerBuilder::verify
    #[cfg(feature = "conformance")]
    #[must_use = "the socket that is given back verifies"]
    pub fn verifying(self) -> Self {
        self.verified(Verification::default())
    }

    #[cfg(feature = "conformance")]
    fn verified(mut self, verification: Verification) -> Self {
        self.session.verify(&verification);
        self.verification = Some(verification);
        self
    }

    /// The socket of a session whose frames are noted in this journal.
    pub(crate) fn over(session: MockSession, journal: Journal) -> Self {
        let control = session.control().unwrap_or_default();
        let changed = changed(&control);
        Self {
            session,
            control,
            started: Instant::now(),
            answers: VecDeque::new(),
            phase: Phase::Open,
            timer: None,
            changed,
            journal,
            #[cfg(feature = "conformance")]
            verification: None,
        }
    }

    /// A hand on the session, for what a client cannot do.
    pub fn control(&self) -> SessionControl {
        self.control.clone()
    }

    /// Every frame both ways.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The next message that is there already.
    fn take(&mut self) -> Option<Message> {
        if let Some(answer) = self.answers.pop_front() {
            return Some(answer);
        }
        loop {
            match self.session.poll()? {
                Sent::Translated(_, text) | Sent::Text(text) | Sent::Cut { text, .. } => {
                    return Some(Message::text(text));
                }
                Sent::Event(event) => match serde_json::to_string(&event) {
                    Ok(text) => return Some(Message::text(text)),
                    Err(error) => tracing::error!(%error, "an event could not be written"),
                },
                Sent::Close { code, reason } => {
                    self.phase = Phase::Closing;
                    return Some(Message::Close(Some(CloseFrame {
                        code: code.into(),
                        reason: reason.into(),
                    })));
                }
                Sent::Break => {
                    self.phase = Phase::Closed;
                    return None;
                }
                // There is nobody to play it to.
                Sent::Audio { .. } | Sent::ClearAudio => {}
            }
        }
    }

    /// Whether time or a test has something for the session to do; else the task is woken then.
    fn poll_session(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut ready = Poll::Pending;
        while self.changed.as_mut().poll(context).is_ready() {
            self.changed = changed(&self.control);
            self.session.pass_time(self.started.elapsed());
            ready = Poll::Ready(());
        }
        let deadline = self.session.deadline();
        let deadline = deadline.and_then(|deadline| self.started.checked_add(deadline));
        if let Some(deadline) = deadline {
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            timer.as_mut().reset(deadline);
            if timer.as_mut().poll(context).is_ready() {
                self.session.pass_time(self.started.elapsed());
                ready = Poll::Ready(());
            }
        }
        ready
    }

    fn receive(&mut self, message: Message) -> Result<(), Error> {
        if self.phase != Phase::Open {
            return Err(match message {
                Message::Close(_) => Error::ConnectionClosed,
                _ => Error::Protocol(ProtocolError::SendAfterClosing),
            });
        }
        let now = self.started.elapsed();
        match message {
            Message::Text(text) => {
                self.session.take_text(&text, now);
            }
            Message::Binary(_) => self.session.take_binary(now),
            Message::Ping(payload) => self.answers.push_back(Message::Pong(payload)),
            Message::Pong(_) | Message::Frame(_) => {}
            Message::Close(frame) => {
                let (code, reason) = match &frame {
                    Some(frame) => (Some(frame.code.into()), frame.reason.as_str()),
                    None => (None, ""),
                };
                self.session.take_close(code, reason);
                self.answers.push_back(Message::Close(frame));
                self.phase = Phase::Closing;
            }
        }
        Ok(())
    }
}

fn changed(control: &SessionControl) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let control = control.clone();
    Box::pin(async move { control.changed().await })
}

impl Stream for MockSocket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.take() {
                return Poll::Ready(Some(Ok(message)));
            }
            if self.phase != Phase::Open {
                self.phase = Phase::Closed;
                return Poll::Ready(None);
            }
            if self.poll_session(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Sink<Message> for MockSocket {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.receive(message)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.phase == Phase::Open {
            return Poll::Ready(self.receive(Message::Close(None)));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(feature = "conformance")]
impl Drop for MockSocket {
    /// Panics where a frame of the mock's own broke a rule, if that was to be found, unless the test
    /// fails already.
    fn drop(&mut self) {
        if let Some(verification) = &self.verification {
            conclude(verification.verdict(&self.journal), &self.journal);
        }
    }
}

impl fmt::Debug for MockSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockSocket")
            .field("session", &self.session)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
