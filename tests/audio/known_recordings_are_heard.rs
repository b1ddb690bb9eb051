//! Recordings that the test has told about are heard as what they say, however they arrive.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::sound::{append, level, silence, white};
use crate::support::{Session, answer, drain};
use mock_realtime::audio::{Clip, Encoding, Recordings};
use mock_realtime::engine::{
    KnownRecordings, ScriptedTranscriber, SessionOptions, Transcript, TranscriptSegment,
    TranscriptionFailure,
};
use serde_json::{Value, json};

const KNOWN: [&str; 20] = [
    "Hello, is anybody there?",
    "I would like to book a table for two.",
    "What is the weather like in Paris today?",
    "Please transfer me to a person.",
    "My order has not arrived yet.",
    "The number is four, seven, one, nine.",
    "Can you say that again?",
    "No, that is not what I meant.",
    "Yes, please.",
    "Thank you very much, goodbye.",
    "I am calling about my invoice from last month.",
    "How much does it cost?",
    "Could you cancel my subscription?",
    "The light in the kitchen does not work.",
    "I live in the third house on the left.",
    "When does the next train leave?",
    "There is a mistake in my name.",
    "Wait a moment, I have to look it up.",
    "Is there anything cheaper?",
    "Tell me a story about a fox.",
];

const UNKNOWN: [&str; 20] = [
    "Good evening, who is speaking?",
    "We need a room for three nights.",
    "Will it rain in London tomorrow?",
    "I do not want to talk to a machine.",
    "Where is my parcel?",
    "It begins with eight and ends with two.",
    "I did not hear you.",
    "That is exactly right.",
    "Never mind.",
    "See you next week.",
    "The bill was much too high.",
    "Do you have it in blue?",
    "Change my address, please.",
    "Somebody has to repair the door.",
    "Turn right behind the church.",
    "Which platform does it go from?",
    "My birthday is in September.",
    "Let me get a pencil.",
    "Do you have something smaller?",
    "Sing me a song.",
];

const VOICES: [&str; 5] = ["alloy", "ash", "cedar", "marin", "verse"];

fn clips(texts: &[&str]) -> Vec<Clip> {
    let voices = VOICES.iter().cycle();
    let spoken = texts.iter().zip(voices);
    spoken
        .map(|(text, voice)| Clip::spoken(text, voice, 1.0))
        .collect()
}

/// What a recording goes through on its way.
struct Way {
    before_ms: u64,
    after_ms: u64,
    gain_db: f64,
    noise: bool,
    encoding: Encoding,
}

#[allow(clippy::cast_possible_truncation, reason = "such casts saturate")]
fn arrive(clip: &Clip, way: &Way) -> Vec<u8> {
    let encoding = way.encoding;
    let samples = encoding.decode(&clip.encoded(encoding));
    let mut heard = encoding.decode(&silence(way.before_ms, encoding));
    heard.extend(&samples);
    heard.extend(encoding.decode(&silence(way.after_ms, encoding)));
    // Uniform noise is 1/√3 of its peak; 20 dB are a tenth.
    let height = if way.noise {
        level(&samples) / 10.0 * 3_f64.sqrt()
    } else {
        0.0
    };
    let noise = white(heard.len(), height);
    let gain = 10_f64.powf(way.gain_db / 20.0);
    let heard: Vec<i16> = heard
        .iter()
        .zip(noise)
        .map(|(sample, noise)| ((f64::from(*sample) + f64::from(noise)) * gain).round() as i16)
        .collect();
    encoding.encode(&heard)
}

fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for encoding in [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw] {
        for (before_ms, after_ms) in [(0, 0), (1_000, 13), (217, 1_000)] {
            for gain_db in [-12.0, 0.0, 12.0] {
                for noise in [false, true] {
                    ways.push(Way {
                        before_ms,
                        after_ms,
                        gain_db,
                        noise,
                        encoding,
                    });
                }
            }
        }
    }
    ways
}

fn each_way_is_heard(known: &[Clip], unknown: &[Clip]) {
    let recordings = Recordings::new(known);
    for (number, clip) in known.iter().enumerate() {
        for way in ways().iter().skip(number).step_by(19) {
            let found = recordings.find(&arrive(clip, way), way.encoding);
            let what = format!(
                "{number} in {:?}, {} ms before, {} dB, noise: {}",
                way.encoding, way.before_ms, way.gain_db, way.noise
            );
            assert_eq!(found.len(), 1, "{what}: {found:?}");
            assert_eq!(found[0].recording, number, "{what}");
            let early =
                i128::from(way.before_ms) * 1_000 - found[0].start.as_micros().cast_signed();
            assert!(early.abs() < 5_000, "{what}: {:?}", found[0]);
        }
    }
    for (number, clip) in unknown.iter().enumerate() {
        for way in ways().iter().skip(number).step_by(38) {
            let found = recordings.find(&arrive(clip, way), way.encoding);
            assert!(found.is_empty(), "unknown {number}: {found:?}");
        }
    }
}

#[test]
fn twenty_recordings_and_none_of_twenty_unknown_ones() {
    each_way_is_heard(&clips(&KNOWN), &clips(&UNKNOWN));
}

#[test]
fn at_other_sample_rates() {
    let known = clips(&KNOWN[..5]);
    let recordings = Recordings::new(&known);
    for (number, clip) in known.iter().enumerate() {
        // Through the law, 8,000 samples a second, and up again.
        let phone = Clip::from_bytes(&clip.encoded(Encoding::Mulaw), Encoding::Mulaw);
        let found = recordings.find(&phone.encoded(Encoding::Pcm16), Encoding::Pcm16);
        assert_eq!(found.len(), 1, "{number}");
        assert_eq!(found[0].recording, number);
    }
}

#[test]
fn silence_noise_and_nothing_are_not_taken_for_a_recording() {
    let quiet = Clip::silence(Duration::from_secs(1));
    let empty = Clip::new(Vec::new(), 8_000).unwrap();
    let mut all = clips(&KNOWN);
    all.extend([quiet, empty]);
    let recordings = Recordings::new(&all);
    let noise = Encoding::Pcm16.encode(&white(100_000, 9_000.0));
    let tone = Clip::tone(300.0, Duration::from_secs(3)).encoded(Encoding::Pcm16);
    for heard in [
        &noise[..],
        &tone,
        &silence(3_000, Encoding::Pcm16),
        &[],
        &[1, 2, 3],
    ] {
        assert_eq!(recordings.find(heard, Encoding::Pcm16), []);
    }
}

const TURNS: &str = r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null,"transcription":{"model":"gpt-4o-transcribe-diarize"}}}}}"#;
const COMMIT: &str = r#"{"type":"input_audio_buffer.commit"}"#;

/// What the session tells of a turn: each delta or segment, and how it ends.
fn told(session: &mut Session, audio: &[u8]) -> Vec<Value> {
    append(session, audio, Duration::ZERO);
    drain(session);
    let mut events = answer(session, COMMIT);
    events.retain(|event| {
        let kind = event["type"].as_str().unwrap();
        kind.starts_with("conversation.item.input_audio_transcription")
    });
    events
}

#[test]
fn a_session_tells_what_they_say_and_asks_another_about_the_rest() {
    let [hello, yes] = [KNOWN[0], KNOWN[8]].map(|text| Clip::spoken(text, "ash", 1.0));
    let segment = TranscriptSegment {
        speaker: "caller".to_owned(),
        text: KNOWN[0].to_owned(),
        start: Duration::ZERO,
        end: hello.duration(),
    };
    let known = KnownRecordings::new([
        (
            hello.clone(),
            Transcript {
                segments: vec![segment],
                ..KNOWN[0].into()
            },
        ),
        (yes.clone(), KNOWN[8].into()),
    ]);
    let mut session = Session::new(SessionOptions {
        transcriber: Box::new(known.or_else(ScriptedTranscriber::new(["Something else."]))),
        ..SessionOptions::default()
    });
    drain(&mut session);
    answer(&mut session, TURNS);
    let pcm = Encoding::Pcm16;
    let both = [
        silence(500, pcm),
        hello.encoded(pcm).into(),
        yes.encoded(pcm).into(),
    ]
    .concat();
    let events = told(&mut session, &both);
    let last = events.last().unwrap();
    assert_eq!(
        last["transcript"],
        json!(format!("{} {}", KNOWN[0], KNOWN[8]))
    );
    let segment = events
        .iter()
        .find(|event| event["speaker"] == "caller")
        .unwrap();
    let start = segment["start"].as_f64().unwrap();
    assert!((start - 0.5).abs() < 0.005, "{segment}");
    let other = Clip::spoken(UNKNOWN[0], "ash", 1.0);
    let events = told(&mut session, &other.encoded(pcm));
    assert_eq!(events.last().unwrap()["transcript"], "Something else.");
}

#[test]
fn what_is_unknown_may_be_a_failure() {
    let known = KnownRecordings::new([(Clip::spoken(KNOWN[0], "ash", 1.0), KNOWN[0])]);
    let mut session =
        Session::new(SessionOptions {
            transcriber: Box::new(known.or_else(|_: mock_realtime::engine::Heard<'_>| {
                Err(TranscriptionFailure::default())
            })),
            ..SessionOptions::default()
        });
    drain(&mut session);
    answer(&mut session, TURNS);
    let other = Clip::spoken(UNKNOWN[1], "ash", 1.0).encoded(Encoding::Pcm16);
    let events = told(&mut session, &other);
    assert_eq!(
        events.last().unwrap()["type"],
        "conversation.item.input_audio_transcription.failed"
    );
}
