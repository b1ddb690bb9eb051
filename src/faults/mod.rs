//! What can be made to go wrong, so that a test sees what a client makes of it.
//!
//! ```
//! use std::time::Duration;
//! use mock_realtime::client::MockRealtimeClient;
//! use mock_realtime::engine::SessionOptions;
//! use mock_realtime::expect::Direction;
//! use mock_realtime::faults::Faults;
//! use mock_realtime::protocol::realtime::ResponseStatus;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let bad_day = Faults::new()
//!     .fail_response(1, "server_error", "internal_error")
//!     .delay(Direction::Server, Duration::ZERO..=Duration::from_millis(300));
//! let mut client = MockRealtimeClient::with_faults(SessionOptions::default(), &bad_day);
//! client.say("Hello");
//! let first = client.collect_response().await;
//! assert_eq!(first.response.status, Some(ResponseStatus::Failed));
//! client.say("Hello");
//! assert_eq!(client.collect_response().await.transcript, "You said: Hello");
//! # }
//! ```
//!
//! A server takes them with [`MockServerBuilder::faults`], or for some of its connections only with
//! [`MockServerBuilder::faults_for`]. What a test does at a moment it chooses (close, break, hold) is
//! with [`SessionControl`].
//!
//! [`MockServerBuilder::faults`]: crate::server::MockServerBuilder::faults
//! [`MockServerBuilder::faults_for`]: crate::server::MockServerBuilder::faults_for
//! [`SessionControl`]: crate::mock::SessionControl

mod failing;
mod line;

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::engine::SessionOptions;
use crate::expect::Direction;
use crate::generators::Scripted;

use failing::{FailingGenerator, Failure};
pub(crate) use line::Line;
use line::LineFaults;

/// What goes wrong in a session. The same seed makes the same go wrong.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "nothing goes wrong until a client or a server has them"]
pub struct Faults {
    seed: u64,
    handshake: Option<HandshakeFault>,
    failures: Vec<Failure>,
    from_client: LineFaults,
    from_server: LineFaults,
}

/// How a session does not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeFault {
    /// The HTTP request is answered with this status.
    Status(u16),
    /// The connection is opened and closed.
    Close { code: u16, reason: String },
}

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What chances and delays are drawn from. Each connection of a server draws its own.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Answers the handshake with an HTTP error. In process, where there is no handshake, the
    /// connection is broken from the start.
    ///
    /// # Panics
    ///
    /// If the status is none of an error: 400 to 599.
    #[track_caller]
    pub fn refuse_handshake(self, status: u16) -> Self {
        assert!(
            (400..=599).contains(&status),
            "a handshake is refused with a status from 400 to 599, not {status}"
        );
        Self {
            handshake: Some(HandshakeFault::Status(status)),
            ..self
        }
    }

    /// Opens the connection, and closes it before anything is sent.
    pub fn close_at_once(self, code: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            handshake: Some(HandshakeFault::Close { code, reason }),
            ..self
        }
    }

    /// Makes a session's response with this number, from 1, fail before it has said anything. `kind`
    /// is the type of the error, such as `server_error`; `code` its code, such as
    /// `rate_limit_exceeded`. What it would have said is said by the response after it.
    ///
    /// # Panics
    ///
    /// If the number is 0.
    #[track_caller]
    pub fn fail_response(
        mut self,
        number: usize,
        kind: impl Into<String>,
        code: impl Into<String>,
    ) -> Self {
        assert!(number > 0, "responses are counted from 1");
        self.failures.push(Failure {
            number,
            kind: kind.into(),
            code: code.into(),
        });
        self
    }

    /// Loses frames that this side sends, each with this chance: 0.0 for none, 1.0 for all. The
    /// journal shows them as lost. No network does this to a WebSocket; what stands between client
    /// and server may.
    ///
    /// # Panics
    ///
    /// If it is no chance.
    #[track_caller]
    pub fn lose(mut self, from: Direction, chance: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&chance),
            "a chance is from 0.0 to 1.0, not {chance}"
        );
        self.from(from).loss = chance;
        self
    }

    /// Has each frame that this side sends be so long on its way. Frames do not overtake each other.
    ///
    /// # Panics
    ///
    /// If the longest time is shorter than the shortest.
    #[track_caller]
    pub fn delay(mut self, from: Direction, time: RangeInclusive<Duration>) -> Self {
        assert!(
            !time.is_empty(),
            "no delay is between {:?} and {:?}",
            time.start(),
            time.end()
        );
        self.from(from).delay = Some(time);
        self
    }

    fn from(&mut self, direction: Direction) -> &mut LineFaults {
        match direction {
            Direction::Client => &mut self.from_client,
            Direction::Server => &mut self.from_server,
        }
    }

    pub(crate) fn handshake(&self) -> Option<&HandshakeFault> {
        self.handshake.as_ref()
    }

    /// The way of the frames of one side in the session with this number.
    pub(crate) fn line(&self, from: Direction, session: usize) -> Line {
        let (faults, side) = match from {
            Direction::Client => (&self.from_client, 0),
            Direction::Server => (&self.from_server, 1),
        };
        let stream = (session as u64).wrapping_mul(2).wrapping_add(side);
        Line::new(faults.clone(), self.seed.wrapping_add(stream))
    }

    /// Has the responses fail that are to.
    pub(crate) fn apply(&self, options: &mut SessionOptions) {
        if !self.failures.is_empty() {
            let generator =
                std::mem::replace(&mut options.generator, Box::new(Scripted::default()));
            options.generator = Box::new(FailingGenerator::new(generator, self.failures.clone()));
        }
    }
}
