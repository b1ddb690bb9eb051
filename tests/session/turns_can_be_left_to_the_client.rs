//! Turns without turn detection: append, commit, clear.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::sound::{append, hear, speech};
use crate::support::{Session, answer, assert_valid_server_event, types};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::{Heard, SessionOptions, Transcript};
use serde_json::{Value, json};

const COMMIT: &str = r#"{"type":"input_audio_buffer.commit"}"#;
const CLEAR: &str = r#"{"type":"input_audio_buffer.clear"}"#;
const COMMITTED: [&str; 3] = [
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
];

type Turns = Arc<Mutex<Vec<Vec<u8>>>>;

/// A session without turn detection, and the audio of its turns.
fn session() -> (Session, Turns) {
    let turns = Turns::default();
    let heard = Arc::clone(&turns);
    let mut session = Session::new(SessionOptions {
        transcriber: Box::new(move |turn: Heard<'_>| {
            heard.lock().unwrap().push(turn.audio.to_vec());
            Ok(Transcript::from("Hello."))
        }),
        ..SessionOptions::default()
    });
    update(&mut session, &json!({ "turn_detection": null }));
    (session, turns)
}

fn update(session: &mut Session, input: &Value) {
    let frame = json!({
        "type": "session.update",
        "session": { "type": "realtime", "audio": { "input": input } },
    });
    answer(session, &frame.to_string());
}

/// The message of the only event, which is an error.
fn refused(sent: &[Value]) -> &str {
    let [event] = sent else { panic!("{sent:?}") };
    assert_valid_server_event(event);
    assert_eq!(
        event["error"]["code"], "input_audio_buffer_commit_empty",
        "{event}"
    );
    event["error"]["message"].as_str().unwrap()
}

#[test]
fn a_commit_makes_an_item_and_no_response() {
    let (mut session, turns) = session();
    assert_eq!(hear(&mut session, "speech 640"), [] as [Value; 0]);
    let sent = answer(&mut session, COMMIT);
    sent.iter().for_each(assert_valid_server_event);
    assert_eq!(types(&sent), COMMITTED);
    assert_eq!(*turns.lock().unwrap(), [speech(640, Encoding::Pcm16)]);
}

#[test]
fn items_follow_one_another() {
    let (mut session, _) = session();
    hear(&mut session, "speech 640");
    let first = answer(&mut session, COMMIT);
    hear(&mut session, "speech 640");
    let second = answer(&mut session, COMMIT);
    assert_eq!(first[0]["previous_item_id"], Value::Null);
    assert!(
        second
            .iter()
            .all(|event| event["previous_item_id"] == first[0]["item_id"])
    );
}

#[test]
fn less_than_100_ms_cannot_be_committed() {
    let (mut session, _) = session();
    let sent = answer(&mut session, COMMIT);
    assert!(refused(&sent).ends_with("buffer only has 0.00ms of audio."));
    append(&mut session, &[0; 99 * 48 + 40], Duration::ZERO);
    let sent = answer(&mut session, COMMIT);
    assert!(refused(&sent).ends_with("buffer only has 99.83ms of audio."));
    append(&mut session, &[0; 8], Duration::ZERO);
    assert_eq!(types(&answer(&mut session, COMMIT)), COMMITTED);
}

#[test]
fn a_half_sample_waits_for_its_other_half() {
    let (mut session, turns) = session();
    let audio = speech(200, Encoding::Pcm16);
    let (first, second) = audio.split_at(100 * 48 + 1);
    append(&mut session, first, Duration::ZERO);
    assert_eq!(types(&answer(&mut session, COMMIT)), COMMITTED);
    append(&mut session, second, Duration::ZERO);
    assert_eq!(types(&answer(&mut session, COMMIT)), COMMITTED);
    let turns = turns.lock().unwrap();
    assert_eq!(turns.concat(), audio);
    assert_eq!(turns[0].len(), 100 * 48);
}

#[test]
fn what_is_cleared_is_gone() {
    let (mut session, turns) = session();
    append(
        &mut session,
        &speech(200, Encoding::Pcm16)[1..],
        Duration::ZERO,
    );
    assert_eq!(
        types(&answer(&mut session, CLEAR)),
        ["input_audio_buffer.cleared"]
    );
    assert!(refused(&answer(&mut session, COMMIT)).contains("0.00ms"));
    append(&mut session, &speech(200, Encoding::Pcm16), Duration::ZERO);
    answer(&mut session, COMMIT);
    assert_eq!(*turns.lock().unwrap(), [speech(200, Encoding::Pcm16)]);
}

#[test]
fn clearing_forgets_the_turn_under_way() {
    let mut session = Session::new(SessionOptions::default());
    crate::support::drain(&mut session);
    let sent = hear(&mut session, "speech 640");
    assert_eq!(types(&sent), ["input_audio_buffer.speech_started"]);
    answer(&mut session, CLEAR);
    assert_eq!(hear(&mut session, "silence 640"), [] as [Value; 0]);
    let again = hear(&mut session, "speech 640");
    assert_eq!(types(&again), ["input_audio_buffer.speech_started"]);
    assert_eq!(again[0]["audio_start_ms"], 1280 - 300);
    assert_ne!(again[0]["item_id"], sent[0]["item_id"]);
}

#[test]
fn a_commit_is_taken_with_turn_detection_too() {
    let mut session = Session::new(SessionOptions::default());
    crate::support::drain(&mut session);
    let started = hear(&mut session, "silence 640, speech 640");
    let sent = answer(&mut session, COMMIT);
    assert_eq!(types(&sent), COMMITTED);
    assert_eq!(sent[0]["item_id"], started[0]["item_id"]);
    // The user still speaks: another turn begins.
    let again = hear(&mut session, "speech 640");
    assert_eq!(types(&again), ["input_audio_buffer.speech_started"]);
}

#[test]
fn a_turn_is_in_one_format() {
    let (mut session, turns) = session();
    append(&mut session, &[0; 100 * 48], Duration::ZERO);
    update(&mut session, &json!({ "format": { "type": "audio/pcmu" } }));
    append(&mut session, &[0xff; 100 * 8], Duration::ZERO);
    answer(&mut session, COMMIT);
    assert_eq!(*turns.lock().unwrap(), [[0xff; 200 * 8]]);
}

#[test]
fn an_item_is_retrieved_with_its_audio() {
    let (mut session, _) = session();
    hear(&mut session, "speech 640");
    let sent = answer(&mut session, COMMIT);
    let frame = json!({ "type": "conversation.item.retrieve", "item_id": sent[0]["item_id"] });
    let sent = answer(&mut session, &frame.to_string());
    sent.iter().for_each(assert_valid_server_event);
    let audio = sent[0]["item"]["content"][0]["audio"].as_str().unwrap();
    assert_eq!(audio.len(), (640 * 48_usize).div_ceil(3) * 4);
}

#[test]
fn more_than_15_mib_at_once_are_refused() {
    let (mut session, _) = session();
    append(&mut session, &vec![0; 15 * 1024 * 1024 + 1], Duration::ZERO);
    let sent = crate::support::drain(&mut session);
    assert_eq!(sent[0]["error"]["code"], "invalid_value");
    assert_eq!(sent[0]["error"]["param"], "audio");
    assert!(refused(&answer(&mut session, COMMIT)).contains("0.00ms"));
    append(&mut session, &vec![0; 15 * 1024 * 1024], Duration::ZERO);
    assert_eq!(types(&answer(&mut session, COMMIT)), COMMITTED);
}

#[test]
fn a_buffer_without_a_commit_keeps_its_last_ten_minutes() {
    let (mut session, turns) = session();
    let transcription = json!({ "model": "whisper-1" });
    update(
        &mut session,
        &json!({ "format": { "type": "audio/pcmu" }, "transcription": transcription }),
    );
    for minute in 0..15 {
        append(&mut session, &vec![minute; 60_000 * 8], Duration::ZERO);
    }
    let sent = answer(&mut session, COMMIT);
    // It is as long as it was.
    assert_eq!(sent.last().unwrap()["usage"]["seconds"], 900.0);
    let turns = turns.lock().unwrap();
    assert_eq!(turns[0].len(), 600_000 * 8);
    assert_eq!((turns[0].first(), turns[0].last()), (Some(&5), Some(&14)));
}
