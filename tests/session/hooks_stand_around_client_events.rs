//! Hooks see a client's event before and after the session does: they change it, take it over, or
//! let it pass.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::sync::{Arc, Mutex};

use crate::support::{Session, answer, assert_valid_server_event, drain, types};
use mock_realtime::engine::{Hooks, SessionOptions, Verdict};
use mock_realtime::protocol::realtime::{
    ClientEvent, ConversationItem, ConversationItemCreate, InputAudioBufferClear,
    InputAudioBufferCleared, Modality, ResponseCreate, ResponseParams,
};
use mock_realtime::protocol::{Event, EventKind};
use serde_json::Value;

const CLEAR: &str = r#"{"type":"input_audio_buffer.clear","event_id":"mine"}"#;
const HELLO: &str = r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hello"}]}}"#;
const RESPOND: &str = r#"{"type":"response.create"}"#;

fn session(hooks: Hooks) -> Session {
    let mut session = Session::new(SessionOptions {
        hooks,
        ..SessionOptions::default()
    });
    drain(&mut session);
    session
}

fn texts(events: &[Value]) -> Vec<&str> {
    let texts = events.iter().map(|event| event["text"].as_str());
    texts.flatten().collect()
}

#[test]
fn an_event_may_be_changed() {
    let mut hooks = Hooks::default();
    hooks.before(|event: &mut ResponseCreate, _| {
        let params = ResponseParams {
            output_modalities: Some(vec![Modality::Text]),
            ..ResponseParams::default()
        };
        event.response = params.into();
        Ok(Verdict::Pass)
    });
    let events = answer(&mut session(hooks), RESPOND);
    assert!(types(&events).contains(&"response.output_text.delta"));
}

#[test]
fn an_event_may_become_another() {
    let mut hooks = Hooks::default();
    hooks.before_any(|event, _| {
        if event.kind().as_str() == "input_audio_buffer.clear" {
            *event = ConversationItemCreate::new(ConversationItem::user_text("Hello")).into();
        }
        Ok(Verdict::Pass)
    });
    let events = answer(&mut session(hooks), CLEAR);
    assert_eq!(
        types(&events),
        ["conversation.item.added", "conversation.item.done"]
    );
}

#[test]
fn an_event_may_be_taken_over() {
    let mut hooks = Hooks::default();
    hooks.before(|_: &mut InputAudioBufferClear, context| {
        context.send(InputAudioBufferCleared::new);
        context.send(InputAudioBufferCleared::new);
        Ok(Verdict::TakeOver)
    });
    let events = answer(&mut session(hooks), CLEAR);
    assert_eq!(types(&events), ["input_audio_buffer.cleared"; 2]);
    events.iter().for_each(assert_valid_server_event);
    assert_ne!(events[0]["event_id"], events[1]["event_id"]);
}

#[test]
fn hooks_are_called_in_the_order_of_their_registration() {
    let mut hooks = Hooks::default();
    hooks.before_any(|_, context| {
        context.send_text("first");
        Ok(Verdict::Pass)
    });
    hooks.before(|_: &mut InputAudioBufferClear, context| {
        context.send_text("second");
        Ok(Verdict::TakeOver)
    });
    hooks.before_any(|_, context| {
        context.send_text("never");
        Ok(Verdict::Pass)
    });
    hooks.after(|_: &InputAudioBufferClear, context| {
        context.send_text("third");
        Ok(())
    });
    hooks.after_any(|_, context| {
        context.send_text("fourth");
        Ok(())
    });
    let events = answer(&mut session(hooks), CLEAR);
    assert_eq!(texts(&events), ["first", "second", "third", "fourth"]);
}

#[test]
fn a_hook_after_an_event_follows_what_the_event_caused() {
    let mut hooks = Hooks::default();
    hooks.after(|_: &ConversationItemCreate, context| {
        let count = context.conversation().len();
        context.send_text(format!("{count} item"));
        Ok(())
    });
    let events = answer(&mut session(hooks), HELLO);
    assert_eq!(
        types(&events)[..2],
        ["conversation.item.added", "conversation.item.done"]
    );
    assert_eq!(texts(&events), ["1 item"]);
}

#[test]
fn a_failing_hook_is_reported_and_the_event_goes_on() {
    let mut hooks = Hooks::default();
    hooks.before(|_: &mut InputAudioBufferClear, _| Err("the disk is full".into()));
    hooks.after(|_: &InputAudioBufferClear, _| Err("the disk is full".into()));
    let mut session = session(hooks);
    let events = answer(&mut session, CLEAR);
    assert_eq!(
        types(&events),
        ["error", "input_audio_buffer.cleared", "error"]
    );
    events.iter().for_each(assert_valid_server_event);
    let error = &events[0]["error"];
    assert_eq!(error["type"], "server_error");
    assert_eq!(error["code"], "hook_failed");
    assert_eq!(error["event_id"], "mine");
    let message = error["message"].as_str().unwrap();
    assert_eq!(
        message,
        "A hook before input_audio_buffer.clear failed: the disk is full"
    );
    let next = answer(&mut session, HELLO);
    assert_eq!(next.len(), 2);
}

#[test]
fn a_hook_sees_its_kind_of_event_only() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut hooks = Hooks::default();
    let of_any = Arc::clone(&seen);
    hooks.before_any(move |event: &mut ClientEvent, _| {
        of_any.lock().unwrap().push(format!("any {}", event.kind()));
        Ok(Verdict::Pass)
    });
    let of_clear = Arc::clone(&seen);
    hooks.before(move |_: &mut InputAudioBufferClear, _| {
        of_clear.lock().unwrap().push("clear".to_owned());
        Ok(Verdict::Pass)
    });
    let mut session = session(hooks);
    answer(&mut session, HELLO);
    answer(&mut session, "not JSON");
    answer(&mut session, CLEAR);
    let seen = seen.lock().unwrap();
    assert_eq!(
        *seen,
        [
            "any conversation.item.create",
            "any input_audio_buffer.clear",
            "clear"
        ]
    );
}
