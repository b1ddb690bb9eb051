//! Barge-in: what turn detection does to a response.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::sound::hear;
use crate::support::{Session, answer, assert_valid_server_event, types};
use mock_realtime::engine::{Output, SessionOptions};
use mock_realtime::generators::Scripted;
use mock_realtime::protocol::{Event, EventKind};
use serde_json::{Value, json};

/// A session in text, that is in the middle of a response.
fn responding(turn_detection: &Value) -> Session {
    let mut session = Session::new(SessionOptions {
        generator: Box::new(Scripted::new(["One two three four.", "Yes?"])),
        ..SessionOptions::default()
    });
    let frame = json!({
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["text"],
            "audio": { "input": { "turn_detection": turn_detection } },
        },
    });
    answer(&mut session, &frame.to_string());
    let create = mock_realtime::engine::Input::Text(r#"{"type":"response.create"}"#);
    session.handle(create, std::time::Duration::ZERO);
    while let Some(Output::Event(event)) = session.poll() {
        if event.kind().as_str() == "response.output_text.delta" {
            return session;
        }
    }
    panic!("there is no delta")
}

#[test]
fn the_response_is_cancelled_by_speech() {
    let mut session = responding(&json!({ "type": "server_vad" }));
    let sent = hear(&mut session, "silence 320, speech 640");
    sent.iter().for_each(assert_valid_server_event);
    assert_eq!(types(&sent)[0], "input_audio_buffer.speech_started");
    let done = sent.iter().find(|event| event["type"] == "response.done");
    let response = &done.unwrap()["response"];
    assert_eq!(response["status"], "cancelled");
    assert_eq!(response["status_details"]["reason"], "turn_detected");
    assert!(!types(&sent).contains(&"response.output_text.delta"));
    let sent = hear(&mut session, "silence 320");
    assert!(types(&sent).contains(&"response.created"));
}

#[test]
fn semantic_turns_interrupt_too() {
    let mut session = responding(&json!({ "type": "semantic_vad" }));
    let sent = hear(&mut session, "speech 640");
    let done = sent.iter().find(|event| event["type"] == "response.done");
    assert_eq!(done.unwrap()["response"]["status"], "cancelled");
}

#[test]
fn the_response_goes_on_where_interruptions_are_off() {
    let mut session = responding(&json!({ "type": "server_vad", "interrupt_response": false }));
    let sent = hear(&mut session, "speech 640, silence 320");
    let done = sent.iter().find(|event| event["type"] == "response.done");
    assert_eq!(done.unwrap()["response"]["status"], "completed");
    // The turn's own response is refused, because there is one.
    let error = sent.iter().find(|event| event["type"] == "error").unwrap();
    let code = &error["error"]["code"];
    assert_eq!(code, "conversation_already_has_active_response");
}

#[test]
fn silence_interrupts_nobody() {
    let mut session = responding(&json!({ "type": "server_vad" }));
    let sent = hear(&mut session, "silence 3000");
    let done = sent.iter().find(|event| event["type"] == "response.done");
    assert_eq!(done.unwrap()["response"]["status"], "completed");
}

#[test]
fn without_turn_detection_nobody_is_interrupted() {
    let mut session = responding(&Value::Null);
    let sent = hear(&mut session, "speech 3000");
    let done = sent.iter().find(|event| event["type"] == "response.done");
    assert_eq!(done.unwrap()["response"]["status"], "completed");
}
