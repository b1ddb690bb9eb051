//! The session engine: what a realtime session answers, without clock, socket, task or file.
//!
//! A driver gives a [`Session`] what the client sent and the time ([`Session::handle`]), takes what
//! is to be sent until there is nothing more ([`Session::poll`]), and comes back at
//! [`Session::deadline`] or with the next frame. Nothing the client sends makes it fail: what is
//! wrong is answered with an `error` event and leaves the session as it was.
//!
//! ```
//! use std::time::Duration;
//! use mock_realtime::engine::{Input, Output, Session, SessionOptions};
//!
//! let mut session = Session::new(SessionOptions::default());
//! session.handle(Input::Text(r#"{"type":"nonsense"}"#), Duration::ZERO);
//! let sent: Vec<Output> = std::iter::from_fn(|| session.poll()).collect();
//! assert_eq!(sent.len(), 2); // `session.created` and `error`
//! ```

mod conversation;
pub mod coverage;
mod handlers;
mod hooks;
mod ids;
mod input_audio;
mod io;
mod mcp;
mod options;
mod outbox;
mod pieces;
mod playback;
mod refusal;
mod response;
mod session;
mod settings;
mod transcription;
mod translation;
mod turn_detection;
mod turns;
mod usage;

pub use conversation::Conversation;
pub use hooks::{HookContext, HookResult, Hooks, Verdict};
pub(crate) use ids::Ids;
pub use io::{DtmfKey, Input, Output, Ticket};
pub use options::{Fidelity, SessionKind, SessionOptions, Transport};
pub(crate) use refusal::Refusal;
pub use response::Pacing;
pub use session::Session;
pub(crate) use settings::initial as initial_settings;
pub use transcription::{
    Heard, KnownRecordings, RecordingTranscriber, ScriptedTranscriber, Transcriber, Transcript,
    TranscriptSegment, TranscriptionFailure, TranscriptionPace,
};
pub use translation::{
    ScriptedTranslator, Translation, TranslationOptions, TranslationSession, Translator,
};
pub use turn_detection::{EndOfTurn, Pause};
