//! Whatever a client sends in whatever order, the session's events keep the protocol's rules, and
//! the session answers the next valid event.
//!
//! `PROPTEST_CASES` says how many sequences are tried.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::any_plan::any_plan;
use crate::support::instance::{Instances, places};
use crate::support::{Session, answer, drain, types};
use mock_realtime::engine::{Input, Pacing, SessionKind, SessionOptions, Transport};
use mock_realtime::protocol::EventKind;
use mock_realtime::protocol::realtime::ClientEventKind;
use proptest::prelude::*;
use serde_json::{Value, json};

fn session(seed: u64) -> Session {
    let pacing = if seed.is_multiple_of(2) {
        Pacing::INSTANT
    } else {
        Pacing::REALISTIC
    };
    let transport = match seed % 5 {
        0 => Transport::WebRtc,
        1 => Transport::Sip,
        _ => Transport::WebSocket,
    };
    let kind = match seed % 7 {
        0 => SessionKind::Transcription,
        _ => SessionKind::Realtime,
    };
    Session::new(SessionOptions {
        kind,
        transport,
        seed,
        pacing,
        generator: Box::new(any_plan),
        ..SessionOptions::default()
    })
}

/// An event a client might send: often one that fits, sometimes any, sometimes a spoilt one.
fn any_frame(instances: &mut Instances, known: &[String]) -> String {
    let id = known
        .get(instances.below(known.len() + 1))
        .cloned()
        .unwrap_or_else(|| "nobody".to_owned());
    match instances.below(12) {
        0 | 1 => json!({ "type": "response.create" }).to_string(),
        2 => json!({ "type": "response.create", "response": { "output_modalities": ["text"] } }).to_string(),
        3 => json!({ "type": "response.create", "response": { "conversation": "none", "input": [], "max_output_tokens": 2 } }).to_string(),
        4 => json!({ "type": "response.cancel" }).to_string(),
        5 => json!({ "type": "conversation.item.delete", "item_id": id }).to_string(),
        6 => json!({ "type": "conversation.item.truncate", "item_id": id, "content_index": 0, "audio_end_ms": 50 }).to_string(),
        7 => json!({ "type": "conversation.item.create", "previous_item_id": id, "item": { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] } }).to_string(),
        8 => json!({ "type": "input_audio_buffer.append", "audio": "AAAA".repeat(instances.below(4000)) }).to_string(),
        9 | 10 => any_event(instances).to_string(),
        _ => spoilt(instances),
    }
}

fn any_event(instances: &mut Instances) -> Value {
    let kind = ClientEventKind::ALL[instances.below(ClientEventKind::ALL.len())];
    instances.event(kind.as_str(), kind.shape())
}

fn spoilt(instances: &mut Instances) -> String {
    let mut event = any_event(instances);
    let places = places(&event);
    let place = places[instances.below(places.len())].clone();
    let spoilers = [
        json!(null),
        json!(-1),
        json!([]),
        json!({ "a": 1 }),
        json!("?"),
    ];
    *event.pointer_mut(&place).unwrap() = spoilers[instances.below(spoilers.len())].clone();
    let text = event.to_string();
    // Now and then it is cut off in the middle.
    let end = if instances.below(8) == 0 {
        text.len() / 2
    } else {
        text.len()
    };
    text.chars().take(end).collect()
}

/// Takes what the session sends; it panics where that breaks a rule.
fn take(session: &mut Session, known: &mut Vec<String>) {
    for event in drain(session) {
        let id = event.pointer("/item/id").and_then(Value::as_str);
        known.extend(id.map(str::to_owned));
    }
}

fn play(seed: u64) {
    let mut instances = Instances::new(seed);
    let mut session = session(seed);
    let mut now = Duration::ZERO;
    let mut known = Vec::new();
    take(&mut session, &mut known);
    for _ in 0..25 {
        let frame = any_frame(&mut instances, &known);
        now += Duration::from_millis(instances.below(120) as u64);
        session.handle(Input::Text(&frame), now);
        take(&mut session, &mut known);
    }
    // Time passes until all that was begun is done. Silence may begin something new, so that there
    // need not be a time at which nothing is under way.
    for _ in 0..100_000 {
        let Some(deadline) = session.deadline().filter(|_| session.is_busy()) else {
            break;
        };
        session.handle(Input::Time, deadline);
        take(&mut session, &mut known);
    }
    assert!(!session.is_busy(), "what was begun is never done");
    let kind = if seed.is_multiple_of(7) {
        "transcription"
    } else {
        "realtime"
    };
    let update = json!({ "type": "session.update", "session": { "type": kind } });
    let next = answer(&mut session, &update.to_string());
    assert!(types(&next).contains(&"session.updated"), "{next:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // Two tests, so that two cores have something to do.
    #[test]
    fn of_events(seed: u64) {
        play(seed);
    }

    #[test]
    fn of_other_events(seed: u64) {
        // Also where both tests are given the same seeds.
        play(!seed);
    }
}
