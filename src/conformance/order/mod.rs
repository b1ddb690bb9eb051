//! A session's events in their order, held against the [rules](super::RULES).

mod client;
mod input;
mod items;
mod responses;
mod tally;

use std::collections::HashSet;
use std::fmt::Display;

use serde_json::Value;

use crate::expect::Direction;
use crate::protocol::EventKind;
use crate::protocol::realtime::{ClientEventKind, ServerEventKind};

use super::Violation;
use super::rules::{
    ERROR_NAMES_EVENT, EVENT_ID_UNIQUE, Rule, SESSION_FIRST, SESSION_ONCE, UPDATE_ASKED,
};
use client::Client;
use input::Input;
use items::Items;
use responses::Responses;

/// Follows one session and says what breaks a rule of order.
///
/// It takes JSON rather than typed events: a session that is checked may hold anything. Events whose
/// type it does not know, and what is no event, break no rule of order.
///
/// ```
/// use mock_realtime::conformance::SessionOrder;
/// use mock_realtime::expect::Direction;
/// use serde_json::json;
///
/// let mut order = SessionOrder::default();
/// let found = order.see(Direction::Server, &json!({ "type": "response.done", "response": { "id": "resp_1" } }));
/// let rules: Vec<&str> = found.iter().map(|violation| violation.rule.name).collect();
/// assert_eq!(rules, ["session-first", "response-known"]);
/// ```
#[derive(Debug, Default)]
pub struct SessionOrder {
    seen: u64,
    begun: bool,
    created: bool,
    updates_asked: u64,
    server_ids: HashSet<Box<str>>,
    client_ids: HashSet<Box<str>>,
    session: SessionFacts,
    items: Items,
    responses: Responses,
    input: Input,
    client: Client,
}

/// What the server last said of the session.
#[derive(Debug, Default)]
struct SessionFacts {
    model: Option<String>,
    voice: Option<Value>,
    output_bytes_per_ms: Option<u64>,
    input_bytes_per_ms: Option<u64>,
}

impl SessionFacts {
    fn take(&mut self, session: &Value) {
        self.model = session["model"].as_str().map(str::to_owned);
        let output = &session["audio"]["output"];
        self.voice = output.get("voice").cloned();
        self.output_bytes_per_ms = bytes_per_ms(&output["format"]["type"]);
        self.input_bytes_per_ms = bytes_per_ms(&session["audio"]["input"]["format"]["type"]);
    }
}

fn bytes_per_ms(format: &Value) -> Option<u64> {
    match format.as_str()? {
        "audio/pcm" => Some(48),
        "audio/pcmu" | "audio/pcma" => Some(8),
        _ => None,
    }
}

/// What is found in one event.
#[derive(Debug)]
struct Report {
    event: u64,
    event_type: String,
    found: Vec<Violation>,
}

impl Report {
    fn breaks(
        &mut self,
        rule: &'static Rule,
        path: &str,
        found: impl Display,
        expected: impl Display,
    ) {
        self.found.push(Violation {
            rule,
            event: self.event,
            event_type: self.event_type.clone(),
            path: path.to_owned(),
            found: found.to_string(),
            expected: expected.to_string(),
        });
    }
}

impl SessionOrder {
    /// Follows the session of a call from a socket beside it, which is not told that the session was
    /// created.
    pub fn beside_a_call() -> Self {
        Self {
            begun: true,
            created: true,
            ..Self::default()
        }
    }

    /// Takes the next event, and says which rules it breaks.
    pub fn see(&mut self, by: Direction, event: &Value) -> Vec<Violation> {
        let event_type = event["type"].as_str().unwrap_or_default();
        let mut report = Report {
            event: self.seen,
            event_type: event_type.to_owned(),
            found: Vec::new(),
        };
        self.seen += 1;
        match by {
            Direction::Server => self.see_server(event, event_type, &mut report),
            Direction::Client => self.see_client(event, event_type, &mut report),
        }
        report.found
    }

    fn see_server(&mut self, event: &Value, event_type: &str, report: &mut Report) {
        use ServerEventKind as Kind;
        if let Some(id) = event["event_id"].as_str()
            && !self.server_ids.insert(id.into())
        {
            report.breaks(&EVENT_ID_UNIQUE, "event_id", id, "an id of its own");
        }
        let kind = Kind::from_type(event_type);
        self.begins(kind, event_type, report);
        let Some(kind) = kind else { return };
        match kind {
            Kind::SessionCreated => self.session.take(&event["session"]),
            Kind::SessionUpdated => self.updated(event, report),
            Kind::Error => self.error(event, report),
            _ => {}
        }
        self.responses
            .see(kind, event, &mut self.items, &self.session, report);
        self.items.see(kind, event, &self.responses, report);
        self.input.see(kind, event, &self.items, report);
        report.found.extend(
            self.client
                .hear(kind, event)
                .map(|short| short.found)
                .into_iter()
                .flatten(),
        );
    }

    fn begins(&mut self, kind: Option<ServerEventKind>, event_type: &str, report: &mut Report) {
        use ServerEventKind as Kind;
        // A session that is refused has an error alone.
        let may_begin = matches!(
            kind,
            Some(Kind::SessionCreated | Kind::SessionUpdated | Kind::Error)
        );
        let comes_late = self.begun && !self.created && kind == Some(Kind::SessionCreated);
        if comes_late || !self.begun && !may_begin {
            let expected = Kind::SessionCreated.as_str();
            report.breaks(&SESSION_FIRST, "type", event_type, expected);
        }
        self.begun = true;
        if kind == Some(Kind::SessionCreated) && std::mem::replace(&mut self.created, true) {
            report.breaks(&SESSION_ONCE, "type", "another one", "one in all");
        }
    }

    fn updated(&mut self, event: &Value, report: &mut Report) {
        match self.updates_asked.checked_sub(1) {
            Some(left) => self.updates_asked = left,
            None => report.breaks(
                &UPDATE_ASKED,
                "",
                "one that was not asked for",
                ClientEventKind::SessionUpdate.as_str(),
            ),
        }
        if event.pointer("/session/audio/input/turn_detection") == Some(&Value::Null) {
            self.input.stop_listening();
        }
        self.session.take(&event["session"]);
    }

    fn error(&self, event: &Value, report: &mut Report) {
        if let Some(id) = event["error"]["event_id"].as_str()
            && !self.client_ids.contains(id)
        {
            let expected = "the event_id of an event of the client, or null";
            report.breaks(&ERROR_NAMES_EVENT, "error.event_id", id, expected);
        }
    }

    fn see_client(&mut self, event: &Value, event_type: &str, report: &mut Report) {
        if let Some(id) = event["event_id"].as_str() {
            self.client_ids.insert(id.into());
        }
        let Some(kind) = ClientEventKind::from_type(event_type) else {
            return;
        };
        if kind == ClientEventKind::SessionUpdate {
            self.updates_asked += 1;
        }
        self.client.see(
            kind,
            event,
            &mut self.items,
            &self.responses,
            &self.session,
            report,
        );
    }

    /// What is missing, now that the session is over.
    pub fn finish(mut self) -> Vec<Violation> {
        self.client
            .finish()
            .map(|short| short.found)
            .unwrap_or_default()
    }

    /// How many events it has seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}
