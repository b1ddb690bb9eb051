//! One session's frames: from the socket to the engine and back.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::dialect::{Dialect, DialectSession};
use crate::engine::SessionOptions;
use crate::expect::Journal;
use crate::faults::Faults;
use crate::mock::{Engine, MockSession, Observer, Sent, SessionControl};
use crate::protocol::encode;

use super::accept::Stream;
use super::admission::Place;
use super::ending::End;
use super::keepalive::{Due, Keepalive};
use super::metrics::Meter;
use super::shutdown::{self, Phase, Stopping};
use super::{Limits, Shared, pieces};

/// Bytes read at a time, which every idle session keeps; the library's default is 128 KiB. Just so
/// many that an append of 100 ms, of some 6,500 bytes, is taken in two reads.
const READ_BUFFER: usize = 3 * 1024 + 256;

/// Bytes gathered before they are written. A session keeps what it has gathered once, twice as much
/// at most; the library's default of 128 KiB is too much for thousands of them. A long turn of text
/// takes two writes with this rather than one.
const WRITE_BUFFER: usize = 32 * 1024;

/// How long a client has to answer the close of a server that stops. One that reads nothing must
/// not keep the process.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Runs a session on an upgraded connection until either side ends it.
///
/// The session is in a box: it is large, and what an async function is given is in its future twice.
pub(super) async fn run<S: Stream, E: Engine>(
    upgrade: OnUpgrade,
    session: Box<MockSession<E>>,
    shared: Arc<Shared>,
    stopping: Stopping,
    place: Place,
) {
    let limits = &shared.options.limits;
    let socket = match websocket::<S>(upgrade, limits).await {
        Ok(socket) => socket,
        Err(error) => return tracing::debug!(%error, "the upgrade broke"),
    };
    let mut stop = stopping.clone();
    #[cfg(feature = "conformance")]
    if let Some(exercise) = &shared.exercise {
        // In a box, so that sessions that are no exercise have no room for it.
        let walk = Box::pin(exercise.walk(socket));
        return tokio::select! {
            () = walk => {}
            () = stop.reaches(Phase::Stopping) => {}
        };
    }
    let patience = async {
        stop.reaches(Phase::Stopping).await;
        tokio::time::sleep(FAREWELL).await;
    };
    let mut connection = Connection::new(socket, session, limits, place.meter());
    tracing::info!("session opened");
    tokio::select! {
        () = connection.pump(stopping) => tracing::info!("session over"),
        () = patience => tracing::info!("session dropped: the client did not say goodbye"),
    }
}

/// Runs one session on a stream whose WebSocket handshake is done, until either side ends it.
///
/// For a stream that is no socket of a [`Server`](super::Server): `tokio::io::duplex`, say, which
/// lets a whole session pass on tokio's paused time in no time at all. The time is tokio's,
/// counted from this call. The limits are the default ones.
pub async fn run_session<S>(stream: S, options: SessionOptions)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = DialectSession::new(Dialect::Ga, options);
    pump(stream, MockSession::unobserved(session)).await;
}

/// The same with a session in which something goes wrong, and whose frames are noted.
pub async fn run_session_with_faults<S>(
    stream: S,
    options: SessionOptions,
    faults: &Faults,
    journal: &Journal,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let observer = Observer::new(journal.clone());
    let faults = observer.connect(faults);
    pump(stream, observer.open(Dialect::Ga, options, &faults)).await;
}

async fn pump<S>(stream: S, session: MockSession)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = Limits::default();
    let config = Some(config(&limits));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, config).await;
    let (_never, stopping) = shutdown::serving();
    Connection::new(socket, Box::new(session), &limits, Meter::default())
        .pump(stopping)
        .await;
}

/// Runs what is no session of the engine, but is driven as one, until either side ends it or the
/// server stops; gives it back.
#[cfg(feature = "recording")]
pub(crate) async fn run_engine<S, E>(stream: S, engine: E, stopping: Stopping) -> E
where
    S: AsyncRead + AsyncWrite + Unpin,
    E: Engine,
{
    let limits = Limits::default();
    let config = Some(config(&limits));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, config).await;
    let session = Box::new(MockSession::unobserved(engine));
    let mut connection = Connection::new(socket, session, &limits, Meter::default());
    connection.pump(stopping).await;
    connection.session.into_engine()
}

/// The WebSocket on the bare stream: without what HTTP had wrapped around it.
pub(super) async fn websocket<S: Stream>(
    upgrade: OnUpgrade,
    limits: &Limits,
) -> io::Result<WebSocketStream<S>> {
    let upgraded = upgrade.await.map_err(io::Error::other)?;
    let parts = upgraded
        .downcast::<TokioIo<S>>()
        .map_err(|_| io::Error::other("the upgraded connection is not the one accepted"))?;
    let stream = parts.io.into_inner();
    let early = parts.read_buf.to_vec();
    let config = Some(config(limits));
    Ok(WebSocketStream::from_partially_read(stream, early, Role::Server, config).await)
}

fn config(limits: &Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(limits.message))
        .max_frame_size(Some(limits.message))
}

/// A session and the socket of its client.
struct Connection<S, E: Engine> {
    socket: WebSocketStream<S>,
    session: Box<MockSession<E>>,
    /// What the session's time counts from.
    start: Instant,
    keepalive: Keepalive,
    /// How long a write may take.
    write: Duration,
    meter: Meter,
}

impl<S, E> Connection<S, E>
where
    S: AsyncRead + AsyncWrite + Unpin,
    E: Engine,
{
    fn new(
        socket: WebSocketStream<S>,
        session: Box<MockSession<E>>,
        limits: &Limits,
        meter: Meter,
    ) -> Self {
        let start = Instant::now();
        Self {
            socket,
            session,
            start,
            keepalive: Keepalive::new(limits, start),
            write: limits.write,
            meter,
        }
    }

    /// Moves frames until either side ends it.
    async fn pump(&mut self, stopping: Stopping) {
        let end = self.until_the_end(stopping).await;
        match &end {
            End::Close(frame) | End::Fail(frame) => {
                self.session.end(frame.code.into(), &frame.reason);
            }
            End::Answer | End::Break => self.session.take_close(None, ""),
        }
        end.carry_out(&mut self.socket).await;
    }

    async fn until_the_end(&mut self, mut stopping: Stopping) -> End {
        loop {
            if let Err(end) = self.send_due().await {
                return end;
            }
            if self.is_to_end(&stopping) {
                return End::close(1001, "the server is shutting down");
            }
            let next = self.next();
            // What was sent may have begun something outside.
            let control = self.session.control();
            let done = tokio::select! {
                frame = self.socket.next() => self.take(frame).await,
                () = sleep_until(next) => self.come_back().await,
                () = changed(control.as_ref()) => {
                    self.session.pass_time(self.start.elapsed());
                    Ok(())
                }
                () = stopping.moves_on() => Ok(()),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Whether the session is closed because the server ends. As long as there is time, what is on
    /// its way comes first.
    fn is_to_end(&self, stopping: &Stopping) -> bool {
        match stopping.phase() {
            Phase::Serving => false,
            Phase::Draining => self.session.is_waiting_for_client(),
            Phase::Stopping => true,
        }
    }

    /// When something is due if nothing comes before.
    fn next(&self) -> Option<Instant> {
        let deadline = self.session.deadline();
        let deadline = deadline.and_then(|deadline| self.start.checked_add(deadline));
        [deadline, self.keepalive.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes what the client has sent.
    async fn take(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), End> {
        let now = self.start.elapsed();
        match frame {
            Some(Ok(Message::Text(text))) => {
                let kind = self.session.take_text(&text, now);
                self.meter.received(kind, text.len());
            }
            Some(Ok(Message::Binary(_))) => self.session.take_binary(now),
            Some(Ok(Message::Pong(payload))) => self.keepalive.take_pong(&payload, Instant::now()),
            // The library answers pings itself.
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(frame))) => {
                self.note_close(frame.as_ref());
                return Err(End::Answer);
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "a frame could not be read");
                if matches!(error, Error::Utf8(_)) {
                    self.session.take_not_utf8(now);
                    self.send_due().await?;
                }
                return Err(End::after(&error));
            }
            None => return Err(End::Break),
        }
        Ok(())
    }

    fn note_close(&mut self, frame: Option<&CloseFrame>) {
        match frame {
            Some(frame) => self
                .session
                .take_close(Some(frame.code.into()), &frame.reason),
            None => self.session.take_close(None, ""),
        }
    }

    /// Does what has come due.
    async fn come_back(&mut self) -> Result<(), End> {
        self.session.pass_time(self.start.elapsed());
        match self.keepalive.due(Instant::now()) {
            Due::Nothing => Ok(()),
            Due::Ping(payload) => self.feed(Message::Ping(payload)).await,
            Due::Gone => Err(End::close(1011, "keepalive ping timeout")),
        }
    }

    /// Sends all that is due in one flush.
    async fn send_due(&mut self) -> Result<(), End> {
        // Not kept longer, so that idle sessions have none.
        let mut text = String::new();
        while let Some(sent) = self.session.poll() {
            match sent {
                Sent::Cut {
                    event,
                    text,
                    pieces,
                } => {
                    let kind = event.as_ref().map(E::kind);
                    self.meter.sent(kind, text.len(), self.start.elapsed());
                    // In a box, so that sessions have no room for it that never need it.
                    let sending = pieces::send(&mut self.socket, text, pieces, self.write);
                    Box::pin(sending).await?;
                }
                Sent::Break => {
                    // What was sent before has left.
                    in_time(self.write, self.socket.flush()).await?;
                    return Err(End::Break);
                }
                sent => {
                    if let Some(message) = self.message(sent, &mut text)? {
                        self.feed(message).await?;
                    }
                }
            }
        }
        in_time(self.write, self.socket.flush()).await?;
        self.meter.flushed();
        Ok(())
    }

    /// The frame of what is due, if it has one; `text` is there to be written in.
    fn message(
        &mut self,
        sent: Sent<E::Server>,
        text: &mut String,
    ) -> Result<Option<Message>, End> {
        let now = self.start.elapsed();
        Ok(Some(match sent {
            Sent::Event(event) => {
                text.clear();
                if let Err(error) = encode(&event, text) {
                    tracing::error!(%error, "an event could not be written");
                    return Ok(None);
                }
                self.meter.sent(Some(E::kind(&event)), text.len(), now);
                Message::text(text.as_str())
            }
            Sent::Translated(event, text) => {
                self.meter.sent(Some(E::kind(&event)), text.len(), now);
                Message::text(text)
            }
            Sent::Text(text) | Sent::Cut { text, .. } => {
                self.meter.sent(None, text.len(), now);
                Message::text(text)
            }
            Sent::Close { code, reason } => return Err(End::close(code, &reason)),
            Sent::Break => return Err(End::Break),
            // Of calls only, which have another driver.
            Sent::Audio { .. } | Sent::ClearAudio => return Ok(None),
        }))
    }

    async fn feed(&mut self, message: Message) -> Result<(), End> {
        in_time(self.write, self.socket.feed(message)).await
    }
}

/// Writes, unless the client does not read for too long.
pub(super) async fn in_time(
    limit: Duration,
    writing: impl Future<Output = Result<(), Error>>,
) -> Result<(), End> {
    let mut writing = pin!(writing);
    // Nearly always it is done at once, and needs no timer.
    let at_once = poll_fn(|context| Poll::Ready(writing.as_mut().poll(context))).await;
    let written = match at_once {
        Poll::Ready(written) => Ok(written),
        // In a box, so that sessions have no room for it that nearly never need it.
        Poll::Pending => Box::pin(tokio::time::timeout(limit, writing)).await,
    };
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::debug!(%error, "session broke");
            Err(End::Break)
        }
        Err(_) => Err(End::close(1008, "the client reads too slowly")),
    }
}

/// Sleeps until the deadline, or for ever without one.
async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => pending().await,
    }
}

/// Ready when a test wants something of the session.
async fn changed(control: Option<&SessionControl>) {
    match control {
        Some(control) => control.changed().await,
        None => pending().await,
    }
}
