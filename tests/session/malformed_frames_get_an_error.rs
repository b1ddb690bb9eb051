//! Every malformed frame is answered with the catalogue's error, and the session goes on.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::{Session, answer, assert_valid_server_event, drain, types};
use mock_realtime::engine::{Input, SessionOptions};
use mock_realtime::protocol::EventKind;
use mock_realtime::protocol::realtime::ClientEventKind;
use serde_json::{Value, json};
use std::time::Duration;

fn session() -> Session {
    let mut session = Session::new(SessionOptions::default());
    drain(&mut session);
    session
}

/// The only event that answers the frame, which must be an error; then shows that the session
/// lives and was not changed.
fn error(frame: &str) -> Value {
    let mut session = session();
    let settings = session.settings().clone();
    let mut events = answer(&mut session, frame);
    assert_eq!(types(&events), ["error"], "{frame}");
    assert_valid_server_event(&events[0]);
    assert_eq!(session.settings(), &settings);
    assert_eq!(session.conversation().items().count(), 0);
    let next = answer(
        &mut session,
        r#"{"type":"session.update","session":{"type":"realtime"}}"#,
    );
    assert_eq!(types(&next), ["session.updated"]);
    events.remove(0)["error"].take()
}

#[track_caller]
fn refused(frame: &str, code: &str, param: Option<&str>, message: &str) {
    let error = error(frame);
    assert_eq!(error["type"], "invalid_request_error", "{error}");
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(error["param"], json!(param), "{error}");
    assert_eq!(error["message"], message);
}

#[test]
fn what_is_no_json() {
    for frame in [
        "",
        "{",
        "nonsense",
        "{\"type\":\"response.create\"} {}",
        "\u{0}",
    ] {
        let error = error(frame);
        assert_eq!(error["code"], "invalid_json", "{frame:?}: {error}");
        assert_eq!(error["param"], Value::Null);
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .starts_with("Invalid event: failed to parse JSON value. ")
        );
    }
}

#[test]
fn what_is_nested_beyond_measure() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(error(&deep)["code"], "invalid_json");
    let within = format!(r#"{{"type":"session.update","session":{deep}}}"#);
    assert_eq!(error(&within)["code"], "invalid_json");
}

#[test]
fn what_is_no_object() {
    for (frame, found) in [
        ("[]", "an array"),
        ("1", "an integer"),
        ("0.5", "a decimal"),
        ("null", "null"),
        ("\"x\"", "a string"),
        ("true", "a boolean"),
    ] {
        let message = format!("Invalid event: expected an object, but got {found} instead.");
        refused(frame, "invalid_type", None, &message);
    }
}

#[test]
fn a_binary_frame() {
    let mut session = session();
    session.handle(Input::Binary, Duration::ZERO);
    let events = drain(&mut session);
    assert_eq!(types(&events), ["error"]);
    assert_eq!(events[0]["error"]["code"], "invalid_event");
    let message = "Expected a text WebSocket message; binary frames are not supported.";
    assert_eq!(events[0]["error"]["message"], message);
}

#[test]
fn no_type() {
    let message = "Missing required parameter: 'type'.";
    refused("{}", "missing_required_parameter", Some("type"), message);
}

#[test]
fn a_type_that_is_no_string() {
    let message = "Invalid type for 'type': expected a string, but got an integer instead.";
    refused(r#"{"type":1}"#, "invalid_type", Some("type"), message);
}

#[test]
fn an_unknown_type() {
    let message = "Invalid value: 'nope'. Supported values are: 'session.update', 'session.close', \
        'input_audio_buffer.append', 'session.input_audio_buffer.append', 'input_audio_buffer.commit', \
        'input_audio_buffer.clear', 'conversation.item.create', 'conversation.item.truncate', \
        'conversation.item.delete', 'conversation.item.retrieve', 'response.create', and 'response.cancel'.";
    refused(r#"{"type":"nope"}"#, "invalid_value", Some("type"), message);
}

#[test]
fn a_server_event() {
    assert_eq!(
        error(r#"{"type":"session.created"}"#)["code"],
        "invalid_value"
    );
}

#[test]
fn a_missing_field() {
    let frame = r#"{"type":"conversation.item.create"}"#;
    refused(
        frame,
        "missing_required_parameter",
        Some("item"),
        "Missing required parameter: 'item'.",
    );
    let frame = r#"{"type":"session.update","session":{"instructions":"x"}}"#;
    let message = "Missing required parameter: 'session.type'.";
    refused(
        frame,
        "missing_required_parameter",
        Some("session.type"),
        message,
    );
    let frame = r#"{"type":"conversation.item.create","item":{"type":"message","role":"user"}}"#;
    let message = "Missing required parameter: 'item.content'.";
    refused(
        frame,
        "missing_required_parameter",
        Some("item.content"),
        message,
    );
}

#[test]
fn an_unknown_field() {
    let frame = r#"{"type":"session.update","session":{"type":"realtime","bogus_field":1}}"#;
    let message = "Unknown parameter: 'session.bogus_field'.";
    refused(
        frame,
        "unknown_parameter",
        Some("session.bogus_field"),
        message,
    );
    let frame = r#"{"type":"input_audio_buffer.clear","more":{}}"#;
    refused(
        frame,
        "unknown_parameter",
        Some("more"),
        "Unknown parameter: 'more'.",
    );
    let frame = r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"x":1,"type":"server_vad"}}}}}"#;
    let param = "session.audio.input.turn_detection.x";
    refused(
        frame,
        "unknown_parameter",
        Some(param),
        &format!("Unknown parameter: '{param}'."),
    );
}

#[test]
fn a_wrong_type() {
    let frame = r#"{"type":"session.update","session":{"type":"realtime","instructions":5}}"#;
    let message =
        "Invalid type for 'session.instructions': expected a string, but got an integer instead.";
    refused(frame, "invalid_type", Some("session.instructions"), message);
    let frame = r#"{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":1.5}"#;
    let message =
        "Invalid type for 'audio_end_ms': expected an integer, but got a decimal instead.";
    refused(frame, "invalid_type", Some("audio_end_ms"), message);
    let frame = r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":null}]}}"#;
    let message =
        "Invalid type for 'item.content[0].text': expected a string, but got null instead.";
    refused(frame, "invalid_type", Some("item.content[0].text"), message);
}

#[test]
fn a_value_outside_an_enum() {
    let frame = r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"noise_reduction":{"type":"loud"}}}}}"#;
    let message = "Invalid value: 'loud'. Supported values are: 'near_field' and 'far_field'.";
    refused(
        frame,
        "invalid_value",
        Some("session.audio.input.noise_reduction.type"),
        message,
    );
    let frame = r#"{"type":"conversation.item.create","item":{"type":"massage"}}"#;
    assert_eq!(error(frame)["param"], "item.type");
}

#[test]
fn a_value_out_of_bounds() {
    let frame = r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcm","rate":8000}}}}}"#;
    let message = "Invalid 'session.audio.input.format.rate': integer below minimum value. \
        Expected a value >= 24000, but got 8000 instead.";
    refused(
        frame,
        "integer_below_min_value",
        Some("session.audio.input.format.rate"),
        message,
    );
    let frame = r#"{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":-11}"#;
    let message = "Invalid 'audio_end_ms': integer below minimum value. Expected a value >= 0, but got -11 instead.";
    refused(
        frame,
        "integer_below_min_value",
        Some("audio_end_ms"),
        message,
    );
    let frame = r#"{"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":2.5}}}}"#;
    let message = "Invalid 'session.audio.output.speed': decimal above maximum value. \
        Expected a value <= 1.5, but got 2.5 instead.";
    refused(
        frame,
        "decimal_above_max_value",
        Some("session.audio.output.speed"),
        message,
    );
}

#[test]
fn audio_that_is_no_base64() {
    // In turn: no base64 at all, spaces, lines, the letters of addresses, padding missing.
    for audio in ["not base64!", "AAEC AAEC", "AAEC\\nAAEC", "_-8A", "AAE"] {
        let frame = format!(r#"{{"type":"input_audio_buffer.append","audio":"{audio}"}}"#);
        let error = error(&frame);
        assert_eq!(error["code"], "invalid_value", "{audio}");
        assert_eq!(error["param"], "audio", "{audio}");
    }
}

#[test]
fn an_event_id_is_given_back_where_it_was_readable() {
    for frame in [
        r#"{"type":"nope","event_id":"mine"}"#,
        r#"{"event_id":"mine"}"#,
        r#"{"event_id":"mine","type":"session.update","session":{}}"#,
        r#"{"type":"conversation.item.create","item":{"type":"message"},"event_id":"mine"}"#,
        r#"{"type":"input_audio_buffer.append","audio":"?","event_id":"mine"}"#,
        r#"{"type":"session.update","event_id":"mine","session":{"type":"realtime","model":"another"}}"#,
    ] {
        assert_eq!(error(frame)["event_id"], "mine", "{frame}");
    }
    assert_eq!(error(r#"{"type":"nope"}"#)["event_id"], Value::Null);
    assert_eq!(
        error(r#"{"type":"nope","event_id":5}"#)["event_id"],
        Value::Null
    );
    let long = format!(r#"{{"type":"nope","event_id":"{}"}}"#, "x".repeat(513));
    assert_eq!(error(&long)["event_id"], Value::Null);
}

#[test]
fn an_event_id_that_is_too_long() {
    let frame = format!(
        r#"{{"type":"response.cancel","event_id":"{}"}}"#,
        "x".repeat(513)
    );
    let error = error(&frame);
    assert_eq!(error["code"], "string_above_max_length");
    assert_eq!(error["param"], "event_id");
}

#[test]
fn a_field_given_twice() {
    let frame = r#"{"type":"response.cancel","response_id":"a","response_id":"b"}"#;
    assert_eq!(error(frame)["code"], "invalid_event");
}

/// No event may get a panic or silence out of the session, however wrong each of its fields is.
#[test]
fn a_wrong_type_in_every_field_of_every_event() {
    let wrong = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!("?"),
        json!([[]]),
        json!({"?": 1}),
        json!(true),
    ];
    for kind in ClientEventKind::ALL {
        for field in kind.shape().fields {
            for value in &wrong {
                let mut instances = crate::support::instance::Instances::new(7);
                let mut event = instances.event(kind.as_str(), kind.shape());
                event[field.name] = value.clone();
                let mut session = session();
                let events = answer(&mut session, &event.to_string());
                // Audio is taken without a word, whatever the event's id.
                let quiet = *kind == ClientEventKind::InputAudioBufferAppend
                    && field.name == "event_id"
                    && value.is_string();
                assert_eq!(events.is_empty(), quiet, "answer to {event}: {events:?}");
                events.iter().for_each(assert_valid_server_event);
            }
        }
    }
}
