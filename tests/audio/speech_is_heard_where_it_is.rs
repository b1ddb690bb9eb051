//! Speech and bursts of sound begin and end where they do, in every format; silence and hum are
//! nothing.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::process::Command;
use std::time::Duration;

use crate::support::sound::{append, level, white};
use crate::support::{Session, answer, drain};
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::engine::SessionOptions;
use serde_json::{Value, json};

const ALL: [Encoding; 3] = [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw];

/// What is allowed between the truth and what is heard.
const TOLERANCE_MS: i64 = 64;

const PREFIX_MS: i64 = 300;
const SILENCE_MS: i64 = 500;

fn session(encoding: Encoding) -> Session {
    let format = match encoding {
        Encoding::Pcm16 => json!({ "type": "audio/pcm", "rate": 24_000 }),
        Encoding::Mulaw => json!({ "type": "audio/pcmu" }),
        Encoding::Alaw => json!({ "type": "audio/pcma" }),
    };
    let vad = json!({
        "type": "server_vad", "create_response": false,
        "prefix_padding_ms": PREFIX_MS, "silence_duration_ms": SILENCE_MS,
    });
    let input = json!({ "format": format, "turn_detection": vad });
    let update = json!({
        "type": "session.update",
        "session": { "type": "realtime", "audio": { "input": input } },
    });
    let mut session = Session::new(SessionOptions::default());
    answer(&mut session, &update.to_string());
    session
}

/// When speech is heard to begin and to end, in milliseconds.
fn heard(audio: &Clip, encoding: Encoding) -> Vec<(&'static str, i64)> {
    let mut session = session(encoding);
    append(&mut session, &audio.encoded(encoding), Duration::ZERO);
    let events: Vec<Value> = drain(&mut session);
    events
        .iter()
        .filter_map(|event| match event["type"].as_str()? {
            "input_audio_buffer.speech_started" => {
                Some(("start", event["audio_start_ms"].as_i64()? + PREFIX_MS))
            }
            "input_audio_buffer.speech_stopped" => {
                Some(("end", event["audio_end_ms"].as_i64()? - SILENCE_MS))
            }
            _ => None,
        })
        .collect()
}

/// The sound with a second of silence around it, moved by a little each time.
fn within_silence(sound: &Clip, shift_ms: usize) -> (Clip, i64, i64) {
    let rate = sound.sample_rate() as usize;
    let before = rate + rate * shift_ms / 1_000;
    let mut samples = vec![0; before];
    samples.extend(sound.samples());
    samples.resize(samples.len() + rate * 3 / 2, 0);
    let begin = 1_000 + i64::try_from(shift_ms).unwrap();
    let length = i64::try_from(sound.duration().as_millis()).unwrap();
    (
        Clip::new(samples, sound.sample_rate()).unwrap(),
        begin,
        begin + length,
    )
}

fn assert_heard_where_it_is(name: &str, sound: &Clip) {
    for encoding in ALL {
        for shift_ms in [0, 19] {
            let (audio, begin, end) = within_silence(sound, shift_ms);
            let what = format!("{name} in {encoding:?}, {begin} to {end} ms");
            let [("start", start), ("end", stop)] = heard(&audio, encoding)[..] else {
                panic!("{what}: {:?}", heard(&audio, encoding));
            };
            assert!(
                (start - begin).abs() <= TOLERANCE_MS,
                "{what}: from {start}"
            );
            assert!((stop - end).abs() <= TOLERANCE_MS, "{what}: until {stop}");
        }
    }
}

fn noise(ms: u64, height: f64) -> Clip {
    let count = Encoding::Pcm16.samples(Encoding::Pcm16.bytes_in(Duration::from_millis(ms)));
    Clip::new(white(count, height), 24_000).unwrap()
}

#[test]
fn a_voice() {
    for voice in ["alloy", "ash", "marin"] {
        let text = "Are you all right? I am, and you are too.";
        assert_heard_where_it_is(voice, &Clip::spoken(&text[..40], voice, 1.0));
    }
}

#[test]
fn tone_bursts() {
    for frequency in [300.0, 440.0, 1_000.0, 3_000.0] {
        let tone = Clip::tone(frequency, Duration::from_millis(700));
        assert_heard_where_it_is(&format!("{frequency} Hz"), &tone);
    }
}

#[test]
fn noise_bursts() {
    for (ms, height) in [(200, 6_000.0), (900, 2_000.0)] {
        assert_heard_where_it_is("noise", &noise(ms, height));
    }
}

#[test]
fn silence_and_soft_noise_are_nothing() {
    for encoding in ALL {
        assert_eq!(heard(&Clip::silence(Duration::from_secs(5)), encoding), []);
        assert_eq!(heard(&noise(5_000, 100.0), encoding), []);
    }
}

#[test]
fn steady_hum_is_nothing() {
    for mains in [50.0, 60.0] {
        let harmonics = [(1.0, 4_000.0), (2.0, 1_000.0), (3.0, 400.0)];
        let tones = harmonics.map(|(number, height)| {
            let tone = Clip::tone(mains * number, Duration::from_secs(5));
            // A tone is at half of full scale.
            tone.samples()
                .iter()
                .map(|sample| f64::from(*sample) / 16_384.0 * height)
                .collect::<Vec<_>>()
        });
        #[allow(clippy::cast_possible_truncation, reason = "hum is not that loud")]
        let samples =
            (0..tones[0].len()).map(|n| tones.iter().map(|tone| tone[n]).sum::<f64>() as i16);
        let hum = Clip::new(samples.collect(), 24_000).unwrap();
        assert!(level(hum.samples()) > 2_900.0, "−21 dB");
        for encoding in ALL {
            assert_eq!(heard(&hum, encoding), [], "{mains} Hz in {encoding:?}");
            let (late, ..) = within_silence(&hum, 0);
            assert_eq!(
                heard(&late, encoding),
                [],
                "{mains} Hz after silence in {encoding:?}"
            );
        }
    }
}

/// Real speech, made by `espeak-ng`; `None`, and a line that says so, where it is not installed.
fn espeak(text: &str) -> Option<Clip> {
    let output = Command::new("espeak-ng").args(["--stdout", text]).output();
    let Ok(output) = output else {
        eprintln!("skipped: espeak-ng is not installed");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    Some(Clip::decode(&output.stdout).unwrap())
}

/// What is left of a clip without what cannot be heard at its ends.
fn trimmed(clip: &Clip) -> Clip {
    let rate = clip.sample_rate() as usize;
    let blocks: Vec<bool> = clip
        .samples()
        .chunks(rate / 200)
        .map(|block| level(block) > 330.0)
        .collect();
    let first = blocks.iter().position(|loud| *loud).unwrap() * rate / 200;
    let last = (blocks.iter().rposition(|loud| *loud).unwrap() + 1) * rate / 200;
    let samples = clip.samples()[first..last.min(clip.samples().len())].to_vec();
    Clip::new(samples, clip.sample_rate()).unwrap()
}

#[test]
fn real_speech() {
    for text in [
        "Good morning, how are you?",
        "I would like to book a table.",
        "Yes.",
    ] {
        let Some(speech) = espeak(text) else { return };
        assert_heard_where_it_is(text, &trimmed(&speech));
    }
}
