//! Sessions: what they are, and a hand on each.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::expect::{Direction, Entry, Frame, ServerType};
use crate::mock::{IdentityKind, Seen};
use crate::protocol::realtime::ServerEvent;
use crate::protocol::{EventId, EventKind, check_strictly, decode};
use crate::scenario::CloseConfig;

use super::operation::{Done, Json, NoBody, NoQuery};
use super::refusals::Refusal;
use super::targets::{OfKey, OfOpenSession, OfSession};

/// The most by which a clock is put forward at once, in milliseconds: a day.
const FURTHEST: u64 = 24 * 60 * 60 * 1_000;

/// What a pushed event is called until it has an id of its own.
const NO_ID: &str = "event_pushed";

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionView {
    /// Its number among those of its key, from 0.
    number: usize,
    /// What kind of session it is.
    kind: SessionKind,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The model it was opened with.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Whether it is open.
    open: bool,
    /// Whether something is held now.
    holding: bool,
    /// How many entries of it are in the journal.
    entries: usize,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<Closed>,
    /// What seems wrong between it and its scenario: tools that are called and not declared, delegates
    /// that failed, templates that cannot be filled.
    warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SessionKind {
    Conversation,
    Transcription,
    Translation,
    /// The client was not let in, and told why.
    Refused,
}

impl From<IdentityKind> for SessionKind {
    fn from(kind: IdentityKind) -> Self {
        match kind {
            IdentityKind::Conversation => Self::Conversation,
            IdentityKind::Transcription => Self::Transcription,
            IdentityKind::Translation => Self::Translation,
            IdentityKind::Refused => Self::Refused,
        }
    }
}

/// How a session ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Closed {
    /// Who ended it.
    by: Side,
    /// The close code; without one the connection broke.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    /// The reason given.
    reason: String,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Side {
    Client,
    Server,
}

impl SessionView {
    fn new(number: usize, seen: &Seen) -> Self {
        let identity = &seen.identity;
        Self {
            number,
            kind: identity.kind.into(),
            id: identity.id.clone(),
            model: identity.model.clone(),
            open: !seen.control.is_over(),
            holding: seen.control.is_holding(),
            entries: 0,
            closed: None,
            warnings: seen.control.warnings(),
        }
    }

    /// Takes an entry of its journal into account.
    fn take(&mut self, entry: &Entry) {
        self.entries += 1;
        if let Frame::Close { by, code, reason } = &entry.frame {
            self.closed = Some(Closed {
                by: match by {
                    Direction::Client => Side::Client,
                    Direction::Server => Side::Server,
                },
                code: *code,
                reason: reason.clone(),
            });
        }
    }
}

/// The sessions of a key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionList {
    /// In the order in which they were opened.
    sessions: Vec<SessionView>,
}

pub(super) fn list(target: OfKey, _: NoQuery, _: NoBody) -> Result<Json<SessionList>, Refusal> {
    let seen = target.observer.seen();
    let first = seen.first().map_or(0, |(number, _)| *number);
    let sessions = seen
        .iter()
        .map(|(number, seen)| SessionView::new(*number, seen));
    let mut sessions: Vec<_> = sessions.collect();
    for entry in target.observer.journal().entries() {
        let index = entry.session.checked_sub(first);
        if let Some(session) = index.and_then(|index| sessions.get_mut(index)) {
            session.take(&entry);
        }
    }
    Ok(Json(SessionList { sessions }))
}

pub(super) fn get(target: OfSession, _: NoQuery, _: NoBody) -> Result<Json<SessionView>, Refusal> {
    let mut session = SessionView::new(target.number, &target.seen);
    for entry in target.observer.journal().of_session(target.number) {
        session.take(&entry);
    }
    Ok(Json(session))
}

/// What is sent to the client, after what was sent before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Push {
    /// A server event, which has to be valid. It gets a fresh `event_id`.
    Event(PushedEvent),
    /// A text frame as it is, however broken.
    Text(String),
}

/// A server event of a conversation or a transcription.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct PushedEvent {
    /// Its type.
    #[serde(rename = "type")]
    kind: ServerType,
    /// Its other fields, as the protocol has them.
    #[serde(flatten)]
    fields: Map<String, Value>,
}

pub(super) fn push(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    Json(push): Json<Push>,
) -> Result<Done, Refusal> {
    let control = &target.seen.control;
    match push {
        Push::Text(text) => control.push_text(text),
        Push::Event(PushedEvent { kind, mut fields }) => {
            if matches!(target.seen.identity.kind, IdentityKind::Translation) {
                let message = "a translation session has events of its own; push them as `text`";
                return Err(Refusal::at("impossible", "event", message.to_owned()));
            }
            fields.insert("type".into(), kind.0.as_str().into());
            fields.insert("event_id".into(), NO_ID.into());
            let event = checked(&fields)?;
            control.push(move |id| with_id(fields, &id).unwrap_or(event));
        }
    }
    Ok(Done)
}

/// The event of these fields, if it is one: with all that the protocol demands, and nothing else.
fn checked(fields: &Map<String, Value>) -> Result<ServerEvent, Refusal> {
    let at = |path: String, message: String| {
        let path = if path.is_empty() {
            "event".to_owned()
        } else {
            format!("event.{path}")
        };
        Refusal::at("invalid_event", path, message)
    };
    check_strictly::<ServerEvent>(fields)
        .and_then(|()| decode(&Value::Object(fields.clone()).to_string()))
        .map_err(|error| at(error.path.to_string(), error.reason.to_string()))
}

fn with_id(mut fields: Map<String, Value>, id: &EventId) -> Option<ServerEvent> {
    fields.insert("event_id".into(), id.to_string().into());
    serde_json::from_value(Value::Object(fields)).ok()
}

/// When to hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hold {
    /// The type of the events that are counted.
    #[serde(rename = "type")]
    kind: ServerType,
    /// Nothing more is sent after so many more of them; 0 for nothing from now on.
    #[serde(default = "one")]
    after: usize,
}

fn one() -> usize {
    1
}

pub(super) fn hold(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    Json(hold): Json<Hold>,
) -> Result<Done, Refusal> {
    target.seen.control.hold_after_kind(hold.kind.0, hold.after);
    Ok(Done)
}

pub(super) fn release(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    _: NoBody,
) -> Result<Done, Refusal> {
    target.seen.control.release();
    Ok(Done)
}

/// How much later it is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    /// In milliseconds.
    #[schemars(range(max = FURTHEST))]
    ms: u64,
}

pub(super) fn advance(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    Json(Advance { ms }): Json<Advance>,
) -> Result<Done, Refusal> {
    if ms > FURTHEST {
        let message = format!("a clock is put forward by {FURTHEST} ms at most");
        return Err(Refusal::at("impossible", "ms", message));
    }
    target.seen.control.advance(Duration::from_millis(ms));
    Ok(Done)
}

pub(super) fn close(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    Json(CloseConfig { code, reason }): Json<CloseConfig>,
) -> Result<Done, Refusal> {
    target.seen.control.close(code.get(), reason);
    Ok(Done)
}

pub(super) fn break_connection(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    _: NoBody,
) -> Result<Done, Refusal> {
    target.seen.control.break_connection();
    Ok(Done)
}
