//! One session's frames: from the socket to the engine and back.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::accept::Stream;
use super::shutdown::{self, Phase, Stopping};
use crate::engine::SessionOptions;
use crate::mock::{MockSession, Sent, SessionControl};
use crate::protocol::encode;

/// Bytes read at a time. The library's default costs every idle session 128 KiB; this one costs 4
/// and still takes an append of 100 ms in two reads.
const READ_BUFFER: usize = 4 * 1024;

/// The largest message taken: 15 MiB of audio are 20 MiB of base64, and what is too much has to be
/// read before it can be refused.
const LARGEST_MESSAGE: usize = 32 * 1024 * 1024;

/// How long a client has to answer the close of a server that stops. One that reads nothing must
/// not keep the process.
const FAREWELL: Duration = Duration::from_secs(1);

/// Runs a session on an upgraded connection until either side ends it.
pub(super) async fn run<S: Stream>(upgrade: OnUpgrade, session: MockSession, stopping: Stopping) {
    let socket = match upgrade.await {
        Ok(upgraded) => websocket::<S>(upgraded).await,
        Err(error) => return tracing::debug!(%error, "the upgrade broke"),
    };
    let socket = match socket {
        Ok(socket) => socket,
        Err(error) => return tracing::debug!(%error, "the upgrade broke"),
    };
    let mut stop = stopping.clone();
    let patience = async {
        stop.reaches(Phase::Stopping).await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        result = pump(socket, session, stopping) => report(&result),
        () = patience => tracing::debug!("session dropped: the client did not say goodbye"),
    }
}

/// Runs one session on a stream whose WebSocket handshake is done, until either side ends it.
///
/// For a stream that is no socket of a [`Server`](super::Server): `tokio::io::duplex`, say, which
/// lets a whole session pass on tokio's paused time in no time at all. The time is tokio's,
/// counted from this call.
pub async fn run_session<S>(stream: S, options: SessionOptions)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config())).await;
    let (_never, stopping) = shutdown::serving();
    let session = MockSession::unobserved(options);
    report(&pump(socket, session, stopping).await);
}

fn report(result: &Result<(), Error>) {
    match result {
        Ok(()) | Err(Error::ConnectionClosed) => tracing::debug!("session over"),
        Err(error) => tracing::debug!(%error, "session broke"),
    }
}

/// The WebSocket on the bare stream: without what HTTP had wrapped around it.
async fn websocket<S: Stream>(upgraded: Upgraded) -> io::Result<WebSocketStream<S>> {
    let parts = upgraded
        .downcast::<TokioIo<S>>()
        .map_err(|_| io::Error::other("the upgraded connection is not the one accepted"))?;
    let stream = parts.io.into_inner();
    let early = parts.read_buf.to_vec();
    Ok(WebSocketStream::from_partially_read(stream, early, Role::Server, Some(config())).await)
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE))
}

async fn pump<S>(
    mut socket: WebSocketStream<S>,
    mut session: MockSession,
    mut stopping: Stopping,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = Instant::now();
    let control = session.control();
    loop {
        if send_due(&mut socket, &mut session).await? {
            return close_politely(&mut socket).await;
        }
        let deadline = session.deadline();
        let deadline = deadline.and_then(|deadline| start.checked_add(deadline));
        tokio::select! {
            frame = socket.next() => {
                let now = start.elapsed();
                match frame {
                    None => {
                        session.take_close(None, "");
                        return Ok(());
                    }
                    Some(Ok(Message::Close(frame))) => {
                        note_close(&mut session, frame.as_ref());
                        return Ok(());
                    }
                    Some(Ok(Message::Text(text))) => session.take_text(&text, now),
                    Some(Ok(Message::Binary(_))) => session.take_binary(now),
                    // The library answers pings itself.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                    Some(Err(Error::Utf8(_))) => {
                        session.take_not_utf8(now);
                        send_due(&mut socket, &mut session).await?;
                        return fail(&mut socket, CloseCode::Invalid, "a text is not UTF-8").await;
                    }
                    Some(Err(error)) => {
                        session.take_close(None, "");
                        return Err(error);
                    }
                }
            }
            () = sleep_until(deadline) => session.pass_time(start.elapsed()),
            () = changed(control.as_ref()) => {}
            () = stopping.reaches(Phase::Stopping) => {
                let reason = "the server is shutting down".into();
                socket.send(Message::Close(Some(CloseFrame { code: CloseCode::Away, reason }))).await?;
                return close_politely(&mut socket).await;
            }
        }
    }
}

fn note_close(session: &mut MockSession, frame: Option<&CloseFrame>) {
    match frame {
        Some(frame) => session.take_close(Some(frame.code.into()), &frame.reason),
        None => session.take_close(None, ""),
    }
}

/// Ends a connection whose client breaks the rules of WebSocket, as RFC 6455 demands (section 8.1).
async fn fail<S>(
    socket: &mut WebSocketStream<S>,
    code: CloseCode,
    reason: &'static str,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reason = reason.into();
    socket
        .send(Message::Close(Some(CloseFrame { code, reason })))
        .await
}

/// Sends all that is due in one flush; says whether the session ended with it.
async fn send_due<S>(
    socket: &mut WebSocketStream<S>,
    session: &mut MockSession,
) -> Result<bool, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Not kept longer, so that idle sessions have none.
    let mut text = String::new();
    let mut ended = false;
    while let Some(sent) = session.poll() {
        let message = match sent {
            Sent::Event(event) => {
                text.clear();
                if let Err(error) = encode(&event, &mut text) {
                    tracing::error!(%error, "an event could not be written");
                    continue;
                }
                Message::text(text.as_str())
            }
            Sent::Text(text) => Message::text(text),
            Sent::Break => return Err(Error::ConnectionClosed),
            Sent::Close { code, reason } => {
                ended = true;
                Message::Close(Some(CloseFrame {
                    code: code.into(),
                    reason: reason.into(),
                }))
            }
        };
        socket.feed(message).await?;
    }
    socket.flush().await?;
    Ok(ended)
}

/// Reads until the client has answered the close.
async fn close_politely<S>(socket: &mut WebSocketStream<S>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(frame) = socket.next().await {
        frame?;
    }
    Ok(())
}

/// Sleeps until the deadline, or for ever without one.
async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Ready when a test wants something of the session.
async fn changed(control: Option<&SessionControl>) {
    match control {
        Some(control) => control.changed().await,
        None => std::future::pending().await,
    }
}
