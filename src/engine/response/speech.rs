//! Speech in the deltas it is sent in.

use std::time::Duration;

use bytes::Bytes;

use crate::audio::Encoding;
use crate::generators::PlannedMessage;
use crate::protocol::Base64Audio;

use super::item::Content;

/// What a delta holds; the first one is shorter, so that there is sound soon. Inferred from the
/// number of deltas and tokens of recorded sessions.
const DELTA: Duration = Duration::from_millis(250);
const FIRST_DELTA: Duration = Duration::from_millis(100);

/// How fast text is said.
const CHARACTERS_A_SECOND: f64 = 15.0;

/// The message as speech in this encoding.
pub(super) fn content(message: PlannedMessage, encoding: Encoding, speed: f64) -> Content {
    let audio = message
        .audio
        .unwrap_or_else(|| silence_for(&message.text, encoding, speed));
    Content::Speech {
        transcript: message.text,
        chunks: chunks(&audio, encoding),
        phase: message.phase,
    }
}

/// What is sent for a text without audio.
#[allow(clippy::cast_precision_loss, reason = "no text has 2^52 characters")]
pub(in crate::engine) fn silence_for(text: &str, encoding: Encoding, speed: f64) -> Bytes {
    let seconds = text.chars().count() as f64 / (CHARACTERS_A_SECOND * speed);
    Bytes::from(encoding.silence(Duration::from_secs_f64(seconds)))
}

/// Audio in the pieces it is sent in.
pub(in crate::engine) fn chunks(audio: &Bytes, encoding: Encoding) -> Vec<Base64Audio> {
    let mut rest = audio.clone();
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let length = if chunks.is_empty() {
            FIRST_DELTA
        } else {
            DELTA
        };
        let chunk = rest.split_to(encoding.bytes_in(length).min(rest.len()));
        chunks.push(Base64Audio::from(chunk));
    }
    chunks
}
