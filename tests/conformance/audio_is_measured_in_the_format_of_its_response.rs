//! A response may speak in another format than its session; how much of it there is goes by its own.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use mock_realtime::conformance::{SessionOrder, Violation};
use mock_realtime::engine::{Input, Output, Pacing, Session, SessionOptions};
use mock_realtime::expect::Direction;
use serde_json::{Value, json};

struct Watched {
    session: Session,
    order: SessionOrder,
}

impl Watched {
    fn new() -> Self {
        let session = Session::new(SessionOptions {
            pacing: Pacing::INSTANT,
            ..SessionOptions::default()
        });
        let mut watched = Self {
            session,
            order: SessionOrder::default(),
        };
        watched.events();
        watched
    }

    /// What the session sends, of which all is in order.
    fn events(&mut self) -> Vec<Value> {
        let outputs = std::iter::from_fn(|| self.session.poll());
        let events: Vec<Value> = outputs
            .map(|output| match output {
                Output::Event(event) => serde_json::to_value(event).unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        for event in &events {
            let found = self.order.see(Direction::Server, event);
            assert!(found.is_empty(), "{event}: {found:?}");
        }
        events
    }

    /// Sends an event that is in order, too.
    fn send(&mut self, event: &Value) -> Vec<Value> {
        let found = self.order.see(Direction::Client, event);
        assert!(found.is_empty(), "{event}: {found:?}");
        let frame = event.to_string();
        self.session.handle(Input::Text(&frame), Duration::ZERO);
        self.events()
    }
}

fn found(violations: &[Violation]) -> Vec<&str> {
    violations.iter().map(|found| found.rule.name).collect()
}

#[test]
fn what_was_sent_of_it_can_be_kept_and_no_more() {
    let mut watched = Watched::new();
    let format = json!({ "type": "audio/pcma" });
    let events = watched.send(&json!({
        "type": "response.create", "response": { "audio": { "output": { "format": format } } },
    }));
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta");
    let (item, mut milliseconds) = (deltas.clone().next().unwrap()["item_id"].clone(), 0);
    for delta in deltas {
        let base64 = delta["delta"].as_str().unwrap();
        let padding = base64
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'=')
            .count();
        milliseconds += (base64.len() / 4 * 3 - padding) / 8;
    }
    let truncate = |audio_end_ms: usize| {
        json!({
            "type": "conversation.item.truncate", "item_id": item, "content_index": 0,
            "audio_end_ms": audio_end_ms,
        })
    };
    let answer = watched.send(&truncate(milliseconds));
    assert_eq!(answer[0]["type"], "conversation.item.truncated");

    let too_long = truncate(milliseconds + 200);
    let violations = watched.order.see(Direction::Client, &too_long);
    assert_eq!(found(&violations), ["truncate-within"]);
}
