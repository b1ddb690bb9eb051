//! Well-formed events that the session cannot follow are refused whole.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::{Session, answer, drain, types};
use mock_realtime::engine::SessionOptions;
use mock_realtime::generators::Scripted;
use serde_json::Value;

fn session() -> Session {
    let generator = Box::new(Scripted::new(["One two three."]));
    let mut session = Session::new(SessionOptions {
        generator,
        ..SessionOptions::default()
    });
    drain(&mut session);
    session
}

#[track_caller]
fn refused(session: &mut Session, frame: &str) -> Value {
    let events = answer(session, frame);
    assert_eq!(types(&events), ["error"], "{frame}");
    events[0]["error"].clone()
}

const MESSAGE: &str = r#"{"type":"conversation.item.create","item":{"id":"one","type":"message","role":"user","content":[]}}"#;

#[test]
fn an_item_id_that_is_taken() {
    let mut session = session();
    answer(&mut session, MESSAGE);
    let error = refused(&mut session, MESSAGE);
    assert_eq!(error["code"], "item_create_duplicate_item_id");
    assert_eq!(
        error["message"],
        "Error adding item: an item with id 'one' already exists."
    );
    assert_eq!(session.conversation().items().count(), 1);
}

#[test]
fn an_unknown_previous_item() {
    let frame = r#"{"type":"conversation.item.create","previous_item_id":"nobody","item":{"type":"message","role":"user","content":[]}}"#;
    let mut session = session();
    assert_eq!(
        refused(&mut session, frame)["code"],
        "item_create_invalid_previous_item_id"
    );
    assert_eq!(session.conversation().items().count(), 0);
}

#[test]
fn another_model() {
    let frame = r#"{"type":"session.update","session":{"type":"realtime","model":"gpt-realtime-mini","instructions":"x"}}"#;
    let mut session = session();
    let before = session.settings().clone();
    assert_eq!(refused(&mut session, frame)["param"], "session.model");
    assert_eq!(session.settings(), &before);
}

#[test]
fn the_same_model_is_no_change() {
    let frame = r#"{"type":"session.update","session":{"type":"realtime","model":"gpt-realtime"}}"#;
    assert_eq!(types(&answer(&mut session(), frame)), ["session.updated"]);
}

#[test]
fn the_other_kind_of_session() {
    let frame = r#"{"type":"session.update","session":{"type":"transcription"}}"#;
    let message = "Passing a transcription session update to a realtime session is not allowed.";
    assert_eq!(refused(&mut session(), frame)["message"], message);
}

#[test]
fn a_response_while_one_is_on_its_way() {
    let mut session = session();
    let frame = r#"{"type":"response.create","event_id":"second","response":{"output_modalities":["text"]}}"#;
    session.handle(
        mock_realtime::engine::Input::Text(frame),
        std::time::Duration::ZERO,
    );
    // Both are there before anything is polled.
    session.handle(
        mock_realtime::engine::Input::Text(frame),
        std::time::Duration::ZERO,
    );
    let events = drain(&mut session);
    let error = events
        .iter()
        .find(|event| event["type"] == "error")
        .unwrap();
    assert_eq!(
        error["error"]["code"],
        "conversation_already_has_active_response"
    );
    assert_eq!(error["error"]["event_id"], "second");
    let created = events
        .iter()
        .find(|event| event["type"] == "response.created")
        .unwrap();
    let id = created["response"]["id"].as_str().unwrap();
    assert!(error["error"]["message"].as_str().unwrap().contains(id));
    assert_eq!(
        types(&events)
            .iter()
            .filter(|kind| **kind == "response.done")
            .count(),
        1
    );
}

#[test]
fn clearing_the_output_buffer_is_for_calls() {
    let clear = r#"{"type":"output_audio_buffer.clear","event_id":"mine"}"#;
    let events = answer(&mut session(), clear);
    let error = events.last().unwrap();
    assert_eq!(error["error"]["code"], "invalid_value");
    assert_eq!(error["error"]["param"], "type");
    assert_eq!(error["error"]["event_id"], "mine");
}

#[test]
fn a_conversation_is_not_updated_as_a_transcription_session() {
    let update = r#"{"type":"session.update","session":{"type":"transcription"}}"#;
    let events = answer(&mut session(), update);
    let message = events.last().unwrap()["error"]["message"].as_str().unwrap();
    assert_eq!(
        message,
        "Passing a transcription session update to a realtime session is not allowed."
    );
}

#[test]
fn an_items_id_has_at_most_32_characters() {
    let create = |id: &str| {
        let item = r#"{"id":"ID","type":"message","role":"user","content":[]}"#;
        let event = format!(r#"{{"type":"conversation.item.create","item":{item}}}"#);
        event.replace("ID", id)
    };
    let mut session = session();
    let accepted = answer(&mut session, &create(&"ä".repeat(32)));
    assert_eq!(types(&accepted).last(), Some(&"conversation.item.done"));
    let refused = answer(&mut session, &create(&"a".repeat(33)));
    assert_eq!(refused[0]["error"]["code"], "string_above_max_length");
    assert_eq!(refused[0]["error"]["param"], "item.id");
}
