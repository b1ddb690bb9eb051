//! The user's turns and what becomes of them, frame by frame.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::transcript;
use mock_realtime::engine::{
    Heard, Pacing, ScriptedTranscriber, SessionOptions, Transcriber, Transcript, TranscriptSegment,
    TranscriptionFailure, TranscriptionPace,
};
use mock_realtime::generators::Scripted;

fn options() -> SessionOptions {
    SessionOptions {
        generator: Box::new(Scripted::new(["Hello, Marcelo!", "Are you there?"])),
        transcriber: Box::new(ScriptedTranscriber::new(["Hello, my name is Marcelo."])),
        ..SessionOptions::default()
    }
}

fn heard_by(transcriber: impl Transcriber + 'static) -> SessionOptions {
    SessionOptions {
        transcriber: Box::new(transcriber),
        ..options()
    }
}

fn slowly() -> SessionOptions {
    SessionOptions {
        pacing: Pacing {
            first: Duration::from_millis(100),
            text: Duration::from_millis(20),
            audio: Duration::from_millis(20),
        },
        ..options()
    }
}

macro_rules! transcripts {
    ($($name:ident: $options:expr;)*) => {
        $(
            #[test]
            fn $name() {
                transcript::check(stringify!($name), $options);
            }
        )*
    };
}

transcripts! {
    server_vad_turn: options();
    server_vad_two_turns: options();
    server_vad_turn_in_mulaw: options();
    server_vad_turn_in_alaw: options();
    server_vad_without_response: options();
    server_vad_barge_in: slowly();
    server_vad_without_interruption: slowly();
    semantic_vad_turn: options();
    manual_turn: options();
    manual_commit_during_speech: options();
    commit_too_short: options();
    input_cleared: options();
    idle_timeout: options();
    transcription_whisper: options();
    transcription_tokens: options();
    transcription_realtime_whisper: options();
    transcription_languages: options();
    transcription_diarize: heard_by(two_speakers);
    transcription_failed: heard_by(not_at_all);
    transcription_logprobs: options();
    transcription_beside_a_response: options();
    transcription_at_the_real_pace: SessionOptions {
        transcription_pace: TranscriptionPace::REALISTIC,
        ..options()
    };
}

#[allow(clippy::unnecessary_wraps, reason = "it is a transcriber")]
fn two_speakers(_: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
    let segment = |speaker: &str, text: &str, start, end| TranscriptSegment {
        speaker: speaker.to_owned(),
        text: text.to_owned(),
        start: Duration::from_millis(start),
        end: Duration::from_millis(end),
    };
    let segments = vec![
        segment("spk_1", "Are you Marcelo?", 300, 1200),
        segment("spk_2", " I am.", 1400, 2100),
    ];
    Ok(Transcript {
        segments,
        ..Transcript::from("Are you Marcelo? I am.")
    })
}

fn not_at_all(_: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
    Err(TranscriptionFailure {
        code: Some("audio_unintelligible".to_owned()),
        message: None,
    })
}
