//! Transcription sessions, frame by frame.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::transcript;
use mock_realtime::engine::{ScriptedTranscriber, SessionKind, SessionOptions};

fn options() -> SessionOptions {
    SessionOptions {
        kind: SessionKind::Transcription,
        transcriber: Box::new(ScriptedTranscriber::new(["Hello, my name is Marcelo."])),
        ..SessionOptions::default()
    }
}

#[test]
fn turns_are_written_down_and_not_answered() {
    transcript::check("transcription_session", options());
}

#[test]
fn turns_may_be_found_by_their_meaning() {
    transcript::check("transcription_session_semantic_vad", options());
}

#[test]
fn turns_may_be_left_to_the_client() {
    transcript::check("transcription_session_left_to_the_client", options());
}

#[test]
fn what_a_conversation_has_is_refused() {
    transcript::check("transcription_session_refusals", options());
}
