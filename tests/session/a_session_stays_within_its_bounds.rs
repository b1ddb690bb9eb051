//! Whatever a client sends, a session keeps a bounded amount of it.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::{Session, answer, drain, types};
use mock_realtime::engine::{Input, Pacing, SessionOptions};
use mock_realtime::expect::{Frame, Journal, Limits};
use mock_realtime::protocol::realtime::{
    ClientEvent, ConversationItem, ConversationItemCreate, ConversationItemRetrieve, Message,
    UserContent, UserContentType, UserMessage,
};
use serde_json::Value;

fn session() -> Session {
    let mut session = Session::new(SessionOptions {
        pacing: Pacing::REALISTIC,
        ..SessionOptions::default()
    });
    drain(&mut session);
    session
}

fn add(session: &mut Session, id: &str, content: UserContent) {
    let mut message = UserMessage::new(vec![content]);
    message.id = Some(id.into());
    let create = ConversationItemCreate::new(ConversationItem::from(Message::from(message)));
    session.handle(Input::Event(ClientEvent::from(create)), Duration::ZERO);
    while session.poll().is_some() {}
}

fn retrieve(session: &mut Session, id: &str) -> Vec<Value> {
    let retrieve = ConversationItemRetrieve::new(id);
    session.handle(Input::Event(ClientEvent::from(retrieve)), Duration::ZERO);
    drain(session)
}

#[test]
fn the_oldest_of_many_items_are_forgotten() {
    let mut session = session();
    for number in 0..10_001 {
        add(
            &mut session,
            &number.to_string(),
            UserContent::input_text("Hi"),
        );
    }
    assert_eq!(session.conversation().len(), 10_000);
    assert_eq!(types(&retrieve(&mut session, "0")), ["error"]);
    assert_eq!(
        types(&retrieve(&mut session, "1")),
        ["conversation.item.retrieved"]
    );
}

#[test]
fn the_oldest_of_large_items_are_forgotten() {
    let mut session = session();
    let image = "x".repeat(30 * 1024 * 1024);
    for id in ["first", "second", "third"] {
        let content = UserContent {
            type_: Some(UserContentType::InputImage),
            image_url: Some(image.clone()),
            ..UserContent::default()
        };
        add(&mut session, id, content);
    }
    assert_eq!(session.conversation().len(), 2);
    assert_eq!(types(&retrieve(&mut session, "first")), ["error"]);
}

#[test]
fn a_journal_forgets_the_oldest_of_large_frames() {
    let limits = Limits {
        frames: 10,
        bytes: 100_000,
    };
    let journal = Journal::with_limits(limits);
    for _ in 0..2 {
        let item = ConversationItem::user_text("x".repeat(60_000));
        let event = ClientEvent::from(ConversationItemCreate::new(item));
        journal.record(0, Duration::ZERO, Frame::Client(event));
    }
    assert_eq!((journal.entries().len(), journal.forgotten()), (1, 1));
}

#[test]
fn a_response_may_take_for_ever() {
    let mut session = Session::new(SessionOptions {
        pacing: Pacing {
            first: Duration::MAX,
            text: Duration::MAX,
            audio: Duration::MAX,
        },
        ..SessionOptions::default()
    });
    drain(&mut session);
    let begun = answer(&mut session, r#"{"type":"response.create"}"#);
    assert_eq!(types(&begun), ["response.created"]);
    let cancelled = answer(&mut session, r#"{"type":"response.cancel"}"#);
    assert_eq!(cancelled[0]["response"]["status"], "cancelled");
}

#[test]
fn there_are_only_so_many_responses_at_a_time() {
    let mut session = session();
    let beside = r#"{"type":"response.create","response":{"conversation":"none"}}"#;
    for _ in 0..32 {
        assert_eq!(types(&answer(&mut session, beside)), ["response.created"]);
    }
    let refused = answer(&mut session, beside);
    assert_eq!(refused[0]["error"]["code"], "too_many_active_responses");
}
