//! Sessions whose every frame is held against the protocol: the tests drive these and no others.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use mock_realtime::conformance::{Schema, SessionOrder};
use mock_realtime::dialect::{Dialect, DialectSession};
use mock_realtime::engine::{
    self, Input, Output, SessionOptions, TranslationOptions, TranslationSession, Transport,
};
use mock_realtime::expect::Direction;
use mock_realtime::protocol::realtime::{TranslationClientEvent, TranslationServerEvent};
use serde::Serialize;
use serde_json::Value;

use super::as_json;

/// An engine's session that panics at its first frame that breaks the schema or a rule of order.
/// What tests inject is exempt.
#[derive(Debug)]
pub(crate) struct Session {
    session: engine::Session,
    rules: Rules,
}

impl Session {
    pub(crate) fn new(options: SessionOptions) -> Self {
        let order = match options.transport {
            Transport::Sip => SessionOrder::beside_a_call(),
            _ => SessionOrder::default(),
        };
        Self {
            session: engine::Session::new(options),
            rules: Rules {
                order,
                ..Rules::default()
            },
        }
    }

    /// Takes an input; see the engine's.
    pub(crate) fn handle(&mut self, input: Input<'_>, now: Duration) {
        self.rules.hear(&input);
        self.session.handle(input, now);
    }

    /// What is sent next, which keeps the rules.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        let output = self.session.poll()?;
        if let Output::Event(event) = &output
            && !self.session.was_injected()
        {
            self.rules.see(&serde_json::to_value(event).unwrap());
        }
        Some(output)
    }

    /// Whether something is under way: a response, or its audio in a call.
    pub(crate) fn is_busy(&self) -> bool {
        self.rules.is_busy()
    }
}

impl Deref for Session {
    type Target = engine::Session;

    fn deref(&self) -> &engine::Session {
        &self.session
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut engine::Session {
        &mut self.session
    }
}

/// What holds of the frames of a session.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    schema: Schema,
    order: SessionOrder,
    /// What has begun and is not over: responses, and those that are played in a call.
    under_way: BTreeSet<(&'static str, String)>,
}

impl Rules {
    /// Those of a dialect. The beta has a schema and no rules of order.
    pub(crate) fn of(schema: Schema) -> Self {
        Self {
            schema,
            ..Self::default()
        }
    }

    /// Takes what the client sends.
    pub(crate) fn hear<C: Serialize>(&mut self, input: &Input<'_, C>) {
        let frame = match input {
            Input::Text(text) => serde_json::from_str(text).unwrap_or_default(),
            Input::Event(event) => serde_json::to_value(event).unwrap(),
            _ => return,
        };
        // What clients do wrong is theirs.
        self.order.see(Direction::Client, &frame);
    }

    /// Takes an event that the mock sends of itself. Panics if it breaks a rule.
    pub(crate) fn see(&mut self, event: &Value) {
        let mut broken = self.schema.violations(Direction::Server, event);
        if self.schema != Schema::Beta {
            broken.extend(self.order.see(Direction::Server, event));
        }
        let broken: Vec<String> = broken
            .iter()
            .filter(|violation| violation.rule.side != Some(Direction::Client))
            .map(ToString::to_string)
            .collect();
        assert!(broken.is_empty(), "{event}\n{}", broken.join("\n"));
        self.note_under_way(event);
    }

    pub(crate) fn is_busy(&self) -> bool {
        !self.under_way.is_empty()
    }

    fn note_under_way(&mut self, event: &Value) {
        let id = |pointer: &str| {
            let id = event.pointer(pointer).and_then(Value::as_str);
            id.unwrap_or_default().to_owned()
        };
        match event["type"].as_str() {
            Some("response.created") => self.under_way.insert(("response", id("/response/id"))),
            Some("response.done") => self.under_way.remove(&("response", id("/response/id"))),
            Some("output_audio_buffer.started") => {
                self.under_way.insert(("playback", id("/response_id")))
            }
            Some("output_audio_buffer.stopped" | "output_audio_buffer.cleared") => {
                self.under_way.remove(&("playback", id("/response_id")))
            }
            _ => false,
        };
    }
}

/// The same of a session whose client speaks a dialect.
#[derive(Debug)]
pub(crate) struct SpokenSession {
    session: DialectSession,
    rules: Rules,
}

impl SpokenSession {
    pub(crate) fn new(dialect: Dialect, options: SessionOptions) -> Self {
        let schema = if dialect.is_beta() {
            Schema::Beta
        } else {
            Schema::Observed
        };
        Self {
            session: DialectSession::new(dialect, options),
            rules: Rules::of(schema),
        }
    }

    pub(crate) fn handle(&mut self, input: Input<'_>, now: Duration) {
        self.rules.hear(&input);
        self.session.handle(input, now);
    }

    /// What is on the wire next, which keeps the rules; what is no event has no `type`.
    pub(crate) fn send(&mut self) -> Option<Value> {
        let event = match self.session.poll()? {
            Output::Event(event) => event,
            other => return Some(as_json(other)),
        };
        let mut text = String::new();
        self.session.write(&event, &mut text).unwrap();
        let event = serde_json::from_str(&text).unwrap();
        self.rules.see(&event);
        Some(event)
    }
}

impl Deref for SpokenSession {
    type Target = DialectSession;

    fn deref(&self) -> &DialectSession {
        &self.session
    }
}

/// The same of a session that translates.
#[derive(Debug)]
pub(crate) struct TranslatingSession {
    session: TranslationSession,
    rules: Rules,
}

impl TranslatingSession {
    pub(crate) fn new(options: TranslationOptions) -> Self {
        Self {
            session: TranslationSession::new(options),
            rules: Rules::default(),
        }
    }

    pub(crate) fn handle(&mut self, input: Input<'_, TranslationClientEvent>, now: Duration) {
        self.rules.hear(&input);
        self.session.handle(input, now);
    }

    pub(crate) fn poll(&mut self) -> Option<Output<TranslationServerEvent>> {
        let output = self.session.poll()?;
        if let Output::Event(event) = &output {
            self.rules.see(&serde_json::to_value(event).unwrap());
        }
        Some(output)
    }
}

impl Deref for TranslatingSession {
    type Target = TranslationSession;

    fn deref(&self) -> &TranslationSession {
        &self.session
    }
}
