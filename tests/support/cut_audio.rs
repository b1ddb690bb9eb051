//! Sound in place of the audio that a recorder has cut away: somebody speaks when the recorded
//! server heard it.

use std::time::Duration;

use mock_realtime::audio::Encoding;
use serde_json::Value;

use super::sound;

/// What a recorder leaves of an append.
const LEFT: usize = 32;

/// How much an append held where no turn says it.
const USUAL_APPEND_MS: u64 = 100;

/// Turn detection goes by windows of so many milliseconds.
const WINDOW_MS: u64 = 32;

/// The audio of a recorded session, append by append.
pub(crate) struct CutAudio {
    append_ms: u64,
    /// From when to when somebody speaks, in milliseconds of all audio.
    speech: Vec<(u64, u64)>,
    now_ms: u64,
}

impl CutAudio {
    /// The audio of a session with these events of the server, and so many appends.
    pub(crate) fn of(recorded: &[&Value], appends: u64) -> Self {
        let speech = turns(recorded);
        let heard = recorded
            .iter()
            .filter_map(|event| event["audio_end_ms"].as_u64());
        let needed = heard.max().unwrap_or_default().div_ceil(appends.max(1));
        Self {
            append_ms: needed.max(USUAL_APPEND_MS),
            speech,
            now_ms: 0,
        }
    }

    /// The client's event with audio in it, if it is an append that was cut.
    pub(crate) fn restore(&mut self, event: &Value, encoding: Encoding) -> Value {
        let mut event = event.clone();
        let base64 = event["audio"].as_str();
        let cut = base64.is_some_and(|text| text.len() <= LEFT.div_ceil(3) * 4);
        if event["type"] == "input_audio_buffer.append" && cut {
            event["audio"] = Value::String(sound::base64(&self.next(encoding)));
        }
        event
    }

    fn next(&mut self, encoding: Encoding) -> Vec<u8> {
        let until = self.now_ms + self.append_ms;
        let mut audio = Vec::new();
        while self.now_ms < until {
            let speaks = |at: u64| {
                self.speech
                    .iter()
                    .any(|(from, to)| (*from..*to).contains(&at))
            };
            let edges = self.speech.iter().flat_map(|(from, to)| [*from, *to]);
            let end = edges.filter(|edge| *edge > self.now_ms).min();
            let end = end.unwrap_or(until).min(until);
            let length = end - self.now_ms;
            audio.extend(if speaks(self.now_ms) {
                sound::speech(length, encoding)
            } else {
                encoding.silence(Duration::from_millis(length))
            });
            self.now_ms = end;
        }
        audio
    }
}

/// When somebody speaks, from what the server told of it and the settings of that moment.
fn turns(recorded: &[&Value]) -> Vec<(u64, u64)> {
    let (mut prefix, mut silence) = (0, 0);
    let mut begin = None;
    let mut turns = Vec::new();
    for event in recorded {
        let detection = &event["session"]["audio"]["input"]["turn_detection"];
        if detection.is_object() {
            prefix = detection["prefix_padding_ms"].as_u64().unwrap_or(300);
            silence = silence_ms(detection).div_ceil(WINDOW_MS) * WINDOW_MS;
        }
        match event["type"].as_str() {
            Some("input_audio_buffer.speech_started") => {
                let start = event["audio_start_ms"].as_u64().unwrap_or_default();
                begin = Some(if start == 0 { 0 } else { start + prefix });
            }
            Some("input_audio_buffer.speech_stopped") => {
                let end = event["audio_end_ms"].as_u64().unwrap_or_default();
                turns.extend(
                    begin
                        .take()
                        .map(|begin| (begin, end.saturating_sub(silence))),
                );
            }
            _ => {}
        }
    }
    // Who was not heard to stop speaks on.
    turns.extend(begin.map(|begin| (begin, u64::MAX)));
    turns
}

/// How much silence ends a turn.
fn silence_ms(detection: &Value) -> u64 {
    match detection["eagerness"].as_str() {
        Some("low") => 2_000,
        Some("high") => 500,
        Some(_) => 1_000,
        None => detection["silence_duration_ms"].as_u64().unwrap_or(500),
    }
}
