//! The idle timeout of server VAD.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::sound::play;
use crate::support::{Session, answer, assert_valid_server_event, drain, types};
use mock_realtime::engine::{Input, SessionOptions};
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(6);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A session with a timeout of six seconds that has responded in text at its beginning.
fn session() -> Session {
    let mut session = Session::new(SessionOptions::default());
    let vad = json!({ "type": "server_vad", "idle_timeout_ms": 6000, "create_response": false });
    let frame = json!({
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["text"],
            "audio": { "input": { "turn_detection": vad } },
        },
    });
    answer(&mut session, &frame.to_string());
    answer(&mut session, r#"{"type":"response.create"}"#);
    session
}

fn at(session: &mut Session, now: Duration) -> Vec<Value> {
    session.handle(Input::Time, now);
    let sent = drain(session);
    sent.iter().for_each(assert_valid_server_event);
    sent
}

#[test]
fn the_silence_becomes_an_item_and_is_responded_to() {
    let mut session = session();
    assert_eq!(session.deadline(), Some(TIMEOUT));
    play(&mut session, "silence 9000", seconds(5));
    assert_eq!(drain(&mut session), [] as [Value; 0]);
    let sent = at(&mut session, TIMEOUT);
    let order = [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ];
    assert_eq!(types(&sent)[..5], order);
    // As in OpenAI's example: 6,016 ms.
    assert_eq!(sent[0]["audio_start_ms"], 8992 - 6016);
    assert_eq!(sent[0]["audio_end_ms"], 8992);
    assert_eq!(sent[0]["item_id"], sent[1]["item_id"]);
}

#[test]
fn nothing_is_heard_that_was_not_sent() {
    let mut session = session();
    play(&mut session, "silence 1000", seconds(5));
    let sent = at(&mut session, TIMEOUT);
    assert_eq!(sent[0]["audio_start_ms"], 0);
    assert_eq!(sent[0]["audio_end_ms"], 992);
}

#[test]
fn speech_stops_the_clock() {
    let mut session = session();
    play(&mut session, "speech 320", seconds(5));
    assert_eq!(
        types(&drain(&mut session)),
        ["input_audio_buffer.speech_started"]
    );
    assert_eq!(at(&mut session, seconds(60)), [] as [Value; 0]);
    play(&mut session, "silence 320", seconds(60));
    assert_eq!(drain(&mut session).len(), 4);
    assert_eq!(at(&mut session, seconds(120)), [] as [Value; 0]);
}

#[test]
fn it_runs_again_after_the_next_response() {
    let mut session = session();
    assert!(!at(&mut session, TIMEOUT).is_empty());
    assert_eq!(session.deadline(), Some(2 * TIMEOUT));
    assert!(!at(&mut session, 2 * TIMEOUT).is_empty());
}

#[test]
fn nobody_waits_where_no_timeout_is_set() {
    let mut session = session();
    let vad = json!({ "type": "server_vad", "idle_timeout_ms": null });
    let input = json!({ "turn_detection": vad });
    let update = json!({
        "type": "session.update",
        "session": { "type": "realtime", "audio": { "input": input } },
    });
    answer(&mut session, &update.to_string());
    assert_eq!(session.deadline(), Some(seconds(3600)));
    assert_eq!(at(&mut session, seconds(60)), [] as [Value; 0]);
}

#[test]
fn the_clock_starts_when_a_spoken_response_is_played() {
    let mut session = session();
    let response = json!({
        "type": "response.create",
        "response": { "output_modalities": ["audio"] },
    });
    let sent = answer(&mut session, &response.to_string());
    assert!(types(&sent).contains(&"response.output_audio.delta"));
    assert!(session.deadline().unwrap() > TIMEOUT + seconds(1));
}
