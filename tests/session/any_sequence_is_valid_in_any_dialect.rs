//! Whatever a client of the beta or of Azure sends in whatever order, each frame it gets is valid
//! against the schema of its dialect, and the session answers the next valid event.
//!
//! `PROPTEST_CASES` says how many sequences are tried.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::SpokenSession;
use crate::support::any_plan::any_plan;
use crate::support::instance::{Instances, places};
use mock_realtime::dialect::Dialect;
use mock_realtime::engine::{Input, Pacing, SessionKind, SessionOptions, Transport};
use mock_realtime::protocol::{EventKind, beta, realtime};
use proptest::prelude::*;
use serde_json::{Value, json};

const DIALECTS: [Dialect; 3] = [Dialect::Beta, Dialect::AzurePreview, Dialect::Azure];

struct Played {
    dialect: Dialect,
    session: SpokenSession,
    now: Duration,
    event_ids: BTreeSet<String>,
    items: Vec<String>,
}

impl Played {
    fn new(seed: u64) -> Self {
        let dialect = DIALECTS[usize::try_from(seed % 3).unwrap()];
        let transport = match seed % 5 {
            0 => Transport::WebRtc,
            _ => Transport::WebSocket,
        };
        let kind = match seed % 7 {
            0 => SessionKind::Transcription,
            _ => SessionKind::Realtime,
        };
        let options = SessionOptions {
            kind,
            transport,
            seed,
            pacing: Pacing::REALISTIC,
            generator: Box::new(any_plan),
            ..dialect.options()
        };
        let mut played = Self {
            dialect,
            session: SpokenSession::new(dialect, options),
            now: Duration::ZERO,
            event_ids: BTreeSet::new(),
            items: Vec::new(),
        };
        played.take_all();
        played
    }

    /// What the session sends now, checked.
    fn take_all(&mut self) -> Vec<String> {
        let mut kinds = Vec::new();
        while let Some(event) = self.session.send() {
            if event.get("type").is_none() {
                continue;
            }
            let id = event["event_id"].as_str().unwrap().to_owned();
            assert!(self.event_ids.insert(id), "an event id came twice: {event}");
            let item = event.pointer("/item/id").and_then(Value::as_str);
            self.items.extend(item.map(str::to_owned));
            kinds.push(event["type"].as_str().unwrap().to_owned());
        }
        kinds
    }

    fn any_frame(&self, instances: &mut Instances) -> String {
        let items = self.items.get(instances.below(self.items.len() + 1));
        let item = items.map_or("nobody", String::as_str);
        match instances.below(9) {
            0 | 1 => json!({ "type": "response.create" }).to_string(),
            2 => {
                json!({ "type": "response.create", "response": { "temperature": 1.1 } }).to_string()
            }
            3 => json!({ "type": "response.cancel" }).to_string(),
            4 => json!({ "type": "conversation.item.delete", "item_id": item }).to_string(),
            5 => json!({ "type": "session.update", "session": { "temperature": 0.6 } }).to_string(),
            6 => self.spoilt(instances),
            _ => self.any_event(instances).to_string(),
        }
    }

    fn any_event(&self, instances: &mut Instances) -> Value {
        fn any<K: EventKind>(instances: &mut Instances) -> Value {
            let kind = K::ALL[instances.below(K::ALL.len())];
            instances.event(kind.as_str(), kind.shape())
        }
        if self.dialect.is_beta() {
            any::<beta::ClientEventKind>(instances)
        } else {
            any::<realtime::ClientEventKind>(instances)
        }
    }

    fn spoilt(&self, instances: &mut Instances) -> String {
        let mut event = self.any_event(instances);
        let places = places(&event);
        let place = places[instances.below(places.len())].clone();
        let spoilers = [json!(null), json!(-1), json!([]), json!("?")];
        *event.pointer_mut(&place).unwrap() = spoilers[instances.below(spoilers.len())].clone();
        event.to_string()
    }
}

fn play(seed: u64) {
    let mut instances = Instances::new(seed);
    let mut played = Played::new(seed);
    for _ in 0..25 {
        let frame = played.any_frame(&mut instances);
        played.now += Duration::from_millis(instances.below(120) as u64);
        played.session.handle(Input::Text(&frame), played.now);
        played.take_all();
    }
    let (update, updated) = match (played.dialect.is_beta(), seed.is_multiple_of(7)) {
        (true, true) => (
            "transcription_session.update",
            "transcription_session.updated",
        ),
        _ => ("session.update", "session.updated"),
    };
    let session = match (played.dialect.is_beta(), seed.is_multiple_of(7)) {
        (true, _) => json!({}),
        (false, true) => json!({ "type": "transcription" }),
        (false, false) => json!({ "type": "realtime" }),
    };
    let update = json!({ "type": update, "session": session }).to_string();
    played.session.handle(Input::Text(&update), played.now);
    let kinds = played.take_all();
    assert!(kinds.iter().any(|kind| kind == updated), "{kinds:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_events(seed: u64) {
        play(seed);
    }
}
