//! What the server is asked.

use std::time::Duration;

use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::protocol::realtime::{ClientEvent, InputAudioBufferAppend};
use mock_realtime::protocol::{Base64Audio, encode};

/// What the mock answers to it.
pub(crate) const SCENARIO: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/benches/server/scenario.yaml");

/// Milliseconds from one delta of a paced turn to the next, as the scenario has it.
pub(crate) const PACE_MS: u64 = 1;

/// Frames that are sent in one write, and the type of the last event that answers them.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Ask {
    pub(crate) frames: &'static [&'static str],
    pub(crate) answered_by: &'static str,
}

impl Ask {
    /// A turn in writing, of 200 words.
    pub(crate) const TEXT_TURN: Self = Self {
        frames: &[
            r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Tell me a story"}]}}"#,
            r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#,
        ],
        answered_by: "rate_limits.updated",
    };
    /// The same, a delta every millisecond.
    pub(crate) const PACED_TURN: Self = Self {
        frames: &[
            r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Tell it slowly"}]}}"#,
            r#"{"type":"response.create","response":{"output_modalities":["text"],"metadata":{"pace":"slow"}}}"#,
        ],
        answered_by: "rate_limits.updated",
    };
    /// The same, long enough to be interrupted.
    pub(crate) const LONG_TURN: Self = Self {
        frames: &[
            r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Tell it at length"}]}}"#,
            r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#,
        ],
        answered_by: "rate_limits.updated",
    };
    /// A short turn in speech.
    pub(crate) const AUDIO_TURN: Self = Self {
        frames: &[
            r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hello"}]}}"#,
            r#"{"type":"response.create","response":{"output_modalities":["audio"]}}"#,
        ],
        answered_by: "rate_limits.updated",
    };
    /// Answered once all audio before it was taken.
    pub(crate) const CLEAR: Self = Self {
        frames: &[r#"{"type":"input_audio_buffer.clear"}"#],
        answered_by: "input_audio_buffer.cleared",
    };

    /// The frame that is answered.
    pub(crate) fn last_frame(self) -> &'static str {
        self.frames[self.frames.len() - 1]
    }

    /// Whether this is the last frame of the answer.
    pub(crate) fn is_answered_by(self, frame: &str) -> bool {
        type_of(frame) == Some(self.answered_by)
    }
}

/// What the floor can answer, too.
pub(crate) const ALL: &[Ask] = &[Ask::TEXT_TURN, Ask::PACED_TURN, Ask::AUDIO_TURN, Ask::CLEAR];

pub(crate) const CANCEL: &str = r#"{"type":"response.cancel"}"#;

/// The type of an event, which both servers write first.
pub(crate) fn type_of(frame: &str) -> Option<&str> {
    frame.strip_prefix(r#"{"type":""#)?.split('"').next()
}

pub(crate) fn is_delta(frame: &str) -> bool {
    type_of(frame).is_some_and(|kind| kind.rsplit('.').next() == Some("delta"))
}

/// 100 ms in which nobody speaks, though it is not quite silent.
pub(crate) fn quiet_append() -> String {
    let mut state = 1_u32;
    let samples = (0..2_400).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i16::try_from(state >> 25).unwrap_or(0) - 64
    });
    append(samples.flat_map(i16::to_le_bytes).collect())
}

/// A second of speech and one of silence, 100 ms at a time.
pub(crate) fn spoken_turn() -> Vec<String> {
    let second = Duration::from_secs(1);
    let mut audio = Clip::tone(300.0, second).encoded(Encoding::Pcm16).to_vec();
    audio.extend(Encoding::Pcm16.silence(second));
    audio
        .chunks(4_800)
        .map(|piece| append(piece.to_vec()))
        .collect()
}

fn append(audio: Vec<u8>) -> String {
    let event = InputAudioBufferAppend::new(Base64Audio::from(audio));
    let mut text = String::new();
    encode(&ClientEvent::from(event), &mut text).unwrap();
    text
}
