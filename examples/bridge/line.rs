//! The carrier's line: a socket that may break, and be followed by another one for the same call.

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::Socket;

/// How long a call whose line broke waits for the next one.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(10);

/// How long a side may take to close. It is gone then all the same.
pub const FAREWELL: Duration = Duration::from_secs(1);

/// The calls that go on when their carrier comes back, by its names for them.
pub struct Lines<C> {
    calls: Mutex<HashMap<String, UnboundedSender<C>>>,
}

impl<C> Default for Lines<C> {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
        }
    }
}

impl<C> fmt::Debug for Lines<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

impl<C> Lines<C> {
    fn calls(&self) -> MutexGuard<'_, HashMap<String, UnboundedSender<C>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a new socket to the call that it is for, or back if there is no such call.
    fn hand_over(&self, conversation: &str, socket: C) -> Result<(), C> {
        match self.calls().get(conversation) {
            Some(call) => call.send(socket).map_err(|unsent| unsent.0),
            None => Err(socket),
        }
    }
}

/// What comes over a line.
#[derive(Debug)]
pub enum FromLine {
    Frame(Utf8Bytes),
    /// The socket is gone without a word. The carrier may come back.
    Broken,
    /// The carrier is back.
    TakenUp,
    /// Nothing comes any more.
    Closed,
}

/// The line of one call.
pub struct Line<'a, C> {
    lines: &'a Lines<C>,
    socket: Option<C>,
    /// What the carrier calls the call, and where its next socket comes from.
    next: Option<(String, UnboundedReceiver<C>)>,
    /// Without a socket: how long to wait for the next.
    until: Instant,
}

impl<'a, C: Socket> Line<'a, C> {
    pub fn new(socket: C, lines: &'a Lines<C>) -> Self {
        Self {
            lines,
            socket: Some(socket),
            next: None,
            until: Instant::now(),
        }
    }

    /// From now on the carrier can come back to this call.
    pub fn can_be_taken_up(&mut self, conversation: &str) {
        let (sender, sockets) = unbounded_channel();
        self.lines.calls().insert(conversation.to_owned(), sender);
        self.next = Some((conversation.to_owned(), sockets));
    }

    /// Gives the socket to the call that the carrier has come back to. Whether there is one.
    pub fn hand_over(&mut self, conversation: &str) -> bool {
        let handed = self
            .socket
            .take()
            .map_or(Ok(()), |socket| self.lines.hand_over(conversation, socket));
        self.socket = handed.err();
        self.socket.is_none()
    }

    /// The next thing that comes over it.
    pub async fn next(&mut self) -> FromLine {
        loop {
            tokio::select! {
                Some(socket) = next_socket(&mut self.next) => {
                    self.socket = Some(socket);
                    return FromLine::TakenUp;
                }
                frame = next_frame(&mut self.socket) => match frame {
                    Some(Ok(Message::Text(text))) => return FromLine::Frame(text),
                    Some(Ok(Message::Close(_))) | None => return FromLine::Closed,
                    Some(Ok(_)) => {}
                    Some(Err(_)) => return self.broke(),
                },
                () = sleep_until(self.until), if self.socket.is_none() => return FromLine::Closed,
            }
        }
    }

    /// Sends frames, while there is a socket. The error says what has become of the line.
    pub async fn send(&mut self, mut next: impl FnMut() -> Option<String>) -> Result<(), FromLine> {
        let Some(socket) = &mut self.socket else {
            return Ok(());
        };
        let mut sent = Ok(());
        while let (Ok(()), Some(frame)) = (&sent, next()) {
            sent = socket.feed(Message::text(frame)).await;
        }
        if sent.is_err() || socket.flush().await.is_err() {
            return Err(self.broke());
        }
        Ok(())
    }

    pub async fn close(mut self) {
        if let Some(mut socket) = self.socket.take() {
            let _ = timeout(FAREWELL, socket.close()).await;
        }
    }
}

impl<C> Line<'_, C> {
    fn broke(&mut self) -> FromLine {
        self.socket = None;
        if self.next.is_none() {
            return FromLine::Closed;
        }
        self.until = Instant::now() + TAKEN_UP_WITHIN;
        FromLine::Broken
    }
}

impl<C> Drop for Line<'_, C> {
    fn drop(&mut self) {
        if let Some((conversation, _)) = &self.next {
            self.lines.calls().remove(conversation);
        }
    }
}

async fn next_socket<C>(next: &mut Option<(String, UnboundedReceiver<C>)>) -> Option<C> {
    match next {
        Some((_, sockets)) => sockets.recv().await,
        None => pending().await,
    }
}

async fn next_frame<C>(socket: &mut Option<C>) -> Option<Result<Message, Error>>
where
    C: Stream<Item = Result<Message, Error>> + Unpin,
{
    match socket {
        Some(socket) => socket.next().await,
        None => pending().await,
    }
}
