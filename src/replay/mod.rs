//! Serves a recorded session again: what the client sends is held against what the recorded one
//! sent, and answered with what the server said then. With the feature `recording`.
//!
//! ```
//! use std::time::Duration;
//!
//! use mock_realtime::recording::Recording;
//! use mock_realtime::replay::{Replay, Replayed};
//!
//! let log = r#"{"dir":"s2c","event":{"type":"session.created","event_id":"event_1"}}
//! {"dir":"c2s","event":{"type":"response.cancel","event_id":"mine"}}
//! {"dir":"s2c","event":{"type":"error","event_id":"event_2","error":{"event_id":"mine"}}}"#;
//! let recording = Recording::parse("session.jsonl", log.as_bytes())?;
//! let replay = Replay::of("session.jsonl", &recording.sessions[0]);
//!
//! let mut session = replay.session();
//! assert!(matches!(session.poll(Duration::ZERO), Some(Replayed::Text(_))));
//! assert_eq!(session.poll(Duration::ZERO), None);
//! session.take_text(r#"{"type":"response.cancel","event_id":"yours"}"#, Duration::ZERO);
//! let Some(Replayed::Text(error)) = session.poll(Duration::ZERO) else { panic!("an error is due") };
//! assert!(error.contains(r#""event_id":"yours""#));
//! # Ok::<(), mock_realtime::recording::RecordingError>(())
//! ```
//!
//! # What has to be the same
//!
//! An event of the server is sent once all has come that the client had sent before it. Events of the
//! client are found again by their type and all that is in them, but for
//!
//! - ids that the client made up: they may be others, and the server's events are told with those;
//!   ids of the server are as recorded;
//! - the pieces that audio is appended in: only how much it is counts, and that to the tenth or to the
//!   largest piece, since a microphone is never the same twice;
//! - sounds and images in items, and how much of an item was heard;
//! - what is redacted in the recording;
//! - the order of events between two that ask for something (`response.create`,
//!   `input_audio_buffer.commit`, `input_audio_buffer.clear`), as far as it does not matter: items that
//!   are no outputs of functions stay in theirs.
//!
//! A difference is told. In a strict replay the first one ends the session; otherwise an event of the
//! same type is taken for the recorded one, and one that has none is left without an answer.

mod compare;
mod difference;
mod script;
mod server;
mod session;
mod speed;

use std::sync::Arc;

use crate::recording::RecordedSession;

use script::Script;

pub use difference::Difference;
pub use server::{ReplayOptions, ReplayServer, ReplaySummary};
pub use session::{ReplaySession, Replayed};
pub use speed::{NotASpeed, Speed};

/// A recorded session, ready to be served any number of times.
#[derive(Clone, Debug)]
pub struct Replay {
    script: Arc<Script>,
    speed: Speed,
    strict: bool,
}

impl Replay {
    /// A replay of a session, lenient and at the recorded speed; `name` is what differences call the
    /// recording.
    pub fn of(name: impl Into<String>, session: &RecordedSession) -> Self {
        Self {
            script: Arc::new(Script::of(name.into(), session)),
            speed: Speed::default(),
            strict: false,
        }
    }

    /// How fast the server's events come.
    #[must_use]
    pub fn speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }

    /// Whether the first difference ends a session.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The session from its beginning. Its time counts from here.
    pub fn session(&self) -> ReplaySession {
        ReplaySession::new(Arc::clone(&self.script), self.speed, self.strict)
    }

    /// How many events of the client it waits for, appended audio aside.
    pub fn asked(&self) -> usize {
        self.script.asked.len()
    }

    /// How many events of the server it has.
    pub fn said(&self) -> usize {
        self.script.said.len()
    }
}
