//! Sounds made on the spot.

use std::f64::consts::TAU;
use std::time::Duration;

use mock_realtime::audio::Encoding;
use mock_realtime::engine::Input;
use mock_realtime::protocol::realtime::{ClientEvent, InputAudioBufferAppend};
use serde_json::Value;

use super::{Session, drain};

/// Something like a voice, at the level of one: 300 Hz with harmonics.
pub(crate) fn speech(ms: u64, encoding: Encoding) -> Vec<u8> {
    wave(ms, encoding, 6_000.0)
}

/// The same, as loud as asked for.
#[allow(clippy::cast_possible_truncation, reason = "no test is that loud")]
pub(crate) fn wave(ms: u64, encoding: Encoding, height: f64) -> Vec<u8> {
    let rate = f64::from(encoding.sample_rate());
    let count = encoding.samples(encoding.bytes_in(Duration::from_millis(ms)));
    let samples: Vec<i16> = (0..u32::try_from(count).unwrap())
        .map(|number| {
            let phase = f64::from(number) / rate * 300.0 * TAU;
            let harmonics = phase.sin() + 0.5 * (2.0 * phase).sin() + 0.25 * (3.0 * phase).sin();
            (height * harmonics).round() as i16
        })
        .collect();
    encoding.encode(&samples)
}

/// As it stands in an event.
pub(crate) fn base64(audio: &[u8]) -> String {
    let append = serde_json::to_value(InputAudioBufferAppend::new(audio.to_vec())).unwrap();
    append["audio"].as_str().unwrap().to_owned()
}

pub(crate) fn silence(ms: u64, encoding: Encoding) -> Vec<u8> {
    encoding.silence(Duration::from_millis(ms))
}

/// A stretch of sounds from a text such as `silence 640, speech 320`, in milliseconds.
pub(crate) fn sounds(text: &str, encoding: Encoding) -> Vec<u8> {
    let sound = |part: &str| match part.trim().split_once(' ') {
        Some(("silence", ms)) => silence(ms.parse().unwrap(), encoding),
        Some(("speech", ms)) => speech(ms.parse().unwrap(), encoding),
        _ => panic!("{part:?} is neither `silence` nor `speech` for so many milliseconds"),
    };
    text.split(',').flat_map(sound).collect()
}

/// Appends it all at once.
pub(crate) fn append(session: &mut Session, audio: &[u8], now: Duration) {
    let event = ClientEvent::from(InputAudioBufferAppend::new(audio));
    let frame = serde_json::to_string(&event).unwrap();
    session.handle(Input::Text(&frame), now);
}

/// Appends sounds in the session's input format.
pub(crate) fn play(session: &mut Session, text: &str, now: Duration) {
    let audio = sounds(text, session.input_encoding());
    append(session, &audio, now);
}

/// Lets the session hear sounds at its beginning; returns what it sends.
pub(crate) fn hear(session: &mut Session, text: &str) -> Vec<Value> {
    play(session, text, Duration::ZERO);
    drain(session)
}

/// White noise that is the same each time, as loud as asked for at its peaks.
pub(crate) fn noise(ms: u64, encoding: Encoding, height: f64) -> Vec<u8> {
    let count = encoding.samples(encoding.bytes_in(Duration::from_millis(ms)));
    encoding.encode(&white(count, height))
}

/// So many samples of white noise.
#[allow(clippy::cast_possible_truncation, reason = "no test is that loud")]
pub(crate) fn white(count: usize, height: f64) -> Vec<i16> {
    let mut state = 0x9e37_79b9_u32;
    let sample = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        ((f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0) * height).round() as i16
    };
    (0..count).map(sample).collect()
}

/// The root mean square of the samples.
#[allow(clippy::cast_precision_loss, reason = "no test is that long")]
pub(crate) fn level(samples: &[i16]) -> f64 {
    let power: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (power / samples.len() as f64).sqrt()
}
