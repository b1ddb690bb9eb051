//! A socket that follows a call: it gets the events of the call's session, and sends its own.
//!
//! Any number of them follow a call, each from the moment at which it was opened; the call does not
//! end with them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::OnUpgrade;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::super::accept::Stream;
use super::super::admission::Place;
use super::super::connection::{FAREWELL, in_time, websocket};
use super::super::ending::End;
use super::super::keepalive::{Due, Keepalive};
use super::super::metrics::Meter;
use super::super::shutdown::{Phase, Stopping};
use super::super::{Limits, Shared};
use super::call::{Attached, Call, ToSideband};
use super::line::Command;
use crate::protocol::EventKind;
use crate::protocol::realtime::ClientEventKind;

/// A call that a socket is about to follow: what is sent meanwhile waits for it.
#[derive(Debug)]
pub(in crate::server) struct Following {
    call: Arc<Call>,
    attached: Attached,
}

/// Follows the call with this id from now on; `None` if there is none that is held.
pub(in crate::server) fn attach(call_id: &str, shared: &Shared) -> Option<Following> {
    let call = shared.calls.get(call_id)?;
    let attached = call.attach()?;
    Some(Following { call, attached })
}

impl Drop for Following {
    fn drop(&mut self) {
        self.call.detach(self.attached.number);
    }
}

impl Following {
    /// Runs the socket on an upgraded connection until either side ends it.
    pub(in crate::server) async fn run<S: Stream>(
        self,
        upgrade: OnUpgrade,
        shared: Arc<Shared>,
        stopping: Stopping,
        place: Place,
    ) {
        let limits = &shared.options.limits;
        let socket = match websocket::<S>(upgrade, limits).await {
            Ok(socket) => socket,
            Err(error) => return tracing::debug!(%error, "the upgrade broke"),
        };
        let mut stop = stopping;
        let patience = async {
            stop.reaches(Phase::Stopping).await;
            tokio::time::sleep(FAREWELL).await;
        };
        let mut sideband = Sideband::new(socket, self, limits, place.meter());
        tokio::select! {
            () = sideband.pump() => tracing::debug!("sideband over"),
            () = patience => tracing::debug!("sideband dropped: the client did not say goodbye"),
        }
    }
}

struct Sideband<S> {
    socket: WebSocketStream<S>,
    following: Following,
    start: Instant,
    keepalive: Keepalive,
    /// How long a write may take.
    write: Duration,
    meter: Meter,
}

impl<S: Stream> Sideband<S> {
    fn new(
        socket: WebSocketStream<S>,
        following: Following,
        limits: &Limits,
        meter: Meter,
    ) -> Self {
        let start = Instant::now();
        Self {
            socket,
            following,
            start,
            keepalive: Keepalive::new(limits, start),
            write: limits.write,
            meter,
        }
    }

    async fn pump(&mut self) {
        let end = self.until_the_end().await;
        end.carry_out(&mut self.socket).await;
    }

    async fn until_the_end(&mut self) -> End {
        loop {
            let done = tokio::select! {
                frame = self.socket.next() => self.take(frame).await,
                frame = self.following.attached.frames.recv() => self.send_all(frame).await,
                () = sleep_until(self.keepalive.next()) => self.keep_alive().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Takes what the client has sent.
    async fn take(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), End> {
        match frame {
            Some(Ok(Message::Text(text))) => {
                self.meter.received(kind(&text), text.len());
                self.pass_on(Command::Text(text)).await;
            }
            Some(Ok(Message::Binary(_))) => self.pass_on(Command::Binary).await,
            Some(Ok(Message::Pong(payload))) => self.keepalive.take_pong(&payload, Instant::now()),
            // The library answers pings itself.
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_))) => return Err(End::Answer),
            Some(Err(error)) => {
                tracing::debug!(%error, "a frame could not be read");
                if matches!(error, Error::Utf8(_)) {
                    self.pass_on(Command::NotUtf8).await;
                }
                return Err(End::after(&error));
            }
            None => return Err(End::Break),
        }
        Ok(())
    }

    /// A session that is over takes nothing more; its close is on its way.
    async fn pass_on(&mut self, command: Command) {
        let _ = self.following.attached.commands.send(command).await;
    }

    /// Sends all that is there in one flush.
    async fn send_all(&mut self, first: Option<ToSideband>) -> Result<(), End> {
        let mut next = first.ok_or(mpsc::error::TryRecvError::Disconnected);
        loop {
            match next {
                Ok(frame) => self.feed(frame).await?,
                Err(mpsc::error::TryRecvError::Empty) => break,
                // It was given up because too much waited for it.
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    return Err(End::close(1008, "the client reads too slowly"));
                }
            }
            next = self.following.attached.frames.try_recv();
        }
        in_time(self.write, self.socket.flush()).await?;
        self.meter.flushed();
        Ok(())
    }

    async fn feed(&mut self, frame: ToSideband) -> Result<(), End> {
        match frame {
            ToSideband::Frame(kind, text) => {
                self.meter.sent(kind, text.len(), self.start.elapsed());
                in_time(self.write, self.socket.feed(Message::Text(text))).await
            }
            ToSideband::Close { code, reason } => Err(End::close(code, &reason)),
            ToSideband::Break => Err(End::Break),
        }
    }

    async fn keep_alive(&mut self) -> Result<(), End> {
        match self.keepalive.due(Instant::now()) {
            Due::Nothing => Ok(()),
            Due::Ping(payload) => {
                in_time(self.write, self.socket.send(Message::Ping(payload))).await
            }
            Due::Gone => Err(End::close(1011, "keepalive ping timeout")),
        }
    }
}

/// The type of an event, for what counts them.
fn kind(text: &Utf8Bytes) -> Option<&'static str> {
    #[derive(serde::Deserialize)]
    struct Tagged<'a> {
        #[serde(borrow, rename = "type")]
        kind: std::borrow::Cow<'a, str>,
    }
    let tagged: Tagged<'_> = serde_json::from_str(text).ok()?;
    Some(ClientEventKind::from_type(&tagged.kind)?.as_str())
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
