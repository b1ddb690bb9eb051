//! What a journal has: frames, who sent them, and what went wrong with them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::protocol::realtime::{
    ClientEvent, ServerEvent, TranslationClientEvent, TranslationServerEvent,
};
use crate::protocol::{Event, EventKind, encode};

/// What frames are called that are no events.
pub(crate) mod names {
    pub(crate) const TEXT: &str = "(text)";
    pub(crate) const BINARY: &str = "(binary)";
    pub(crate) const CLOSE: &str = "(close)";
    pub(crate) const FAULT: &str = "(fault)";
}

#[cfg(feature = "scenario")]
pub(super) const NOT_EVENTS: [&str; 4] = [names::TEXT, names::BINARY, names::CLOSE, names::FAULT];

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The client, which is what is tested.
    Client,
    /// The server, which is the mock.
    Server,
}

impl Direction {
    /// What the side is called in files: `client` or `server`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What was sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// An event of the client.
    Client(ClientEvent),
    /// An event of the server.
    Server(ServerEvent),
    /// An event of the client in a translation session, which has events of its own.
    TranslationClient(TranslationClientEvent),
    /// An event of the server in a translation session.
    TranslationServer(TranslationServerEvent),
    /// A text that is no event: one that the session refused, or one that a test asked for.
    Text(Direction, String),
    /// A binary frame of the client, or one that should have been text and was none.
    Binary,
    /// The end of the connection.
    Close {
        /// Who ended it.
        by: Direction,
        /// The close code; without one the connection broke.
        code: Option<u16>,
        /// The reason given.
        reason: String,
    },
    /// Nothing was sent: something went wrong besides, as [`Entry::faults`] says.
    Fault,
}

/// Something that went wrong because a test asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
pub struct Fired {
    /// What kind of fault it is, as files call it: `drop`, `delay`.
    pub kind: &'static str,
    /// What it did, in words.
    pub what: String,
}

impl fmt::Display for Fired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.what)
    }
}

impl Frame {
    /// Who sent it.
    pub fn direction(&self) -> Direction {
        match self {
            Self::Client(_) | Self::TranslationClient(_) | Self::Binary => Direction::Client,
            Self::Server(_) | Self::TranslationServer(_) | Self::Fault => Direction::Server,
            Self::Text(direction, _) => *direction,
            Self::Close { by, .. } => *by,
        }
    }

    /// The type of the event; of what is no event, what it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Client(event) => event.kind().as_str(),
            Self::Server(event) => event.kind().as_str(),
            Self::TranslationClient(event) => event.kind().as_str(),
            Self::TranslationServer(event) => event.kind().as_str(),
            Self::Text(..) => names::TEXT,
            Self::Binary => names::BINARY,
            Self::Close { .. } => names::CLOSE,
            Self::Fault => names::FAULT,
        }
    }

    /// The frame as JSON: the event, or an object that says what it was.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Client(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::Server(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::TranslationClient(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::TranslationServer(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::Text(_, text) => json!({ "text": text }),
            Self::Binary => json!({ "binary": true }),
            Self::Close { code, reason, .. } => json!({ "code": code, "reason": reason }),
            Self::Fault => Value::Null,
        }
    }

    /// About as many bytes as it keeps.
    fn size(&self) -> usize {
        let held = match self {
            // These are too long to be written only to be counted.
            Self::Client(ClientEvent::InputAudioBufferAppend(event)) => event.audio.len(),
            Self::Server(ServerEvent::ResponseOutputAudioDelta(event)) => event.delta.len(),
            Self::Client(event) => written(event),
            Self::Server(event) => written(event),
            Self::TranslationClient(event) => written(event),
            Self::TranslationServer(event) => written(event),
            Self::Text(_, text) => text.len(),
            Self::Binary | Self::Close { .. } | Self::Fault => 0,
        };
        held + size_of::<Entry>()
    }
}

impl From<ClientEvent> for Frame {
    fn from(event: ClientEvent) -> Self {
        Self::Client(event)
    }
}

impl From<ServerEvent> for Frame {
    fn from(event: ServerEvent) -> Self {
        Self::Server(event)
    }
}

impl From<TranslationClientEvent> for Frame {
    fn from(event: TranslationClientEvent) -> Self {
        Self::TranslationClient(event)
    }
}

impl From<TranslationServerEvent> for Frame {
    fn from(event: TranslationServerEvent) -> Self {
        Self::TranslationServer(event)
    }
}

/// How long an event is as text.
fn written<E: Event>(event: &E) -> usize {
    let mut text = String::new();
    encode(event, &mut text).map_or(0, |()| text.len())
}

/// A frame to be noted, with the text it was on the wire where that was not the frame's own, and with
/// what went wrong.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) frame: Frame,
    pub(crate) wire: Option<String>,
    pub(crate) lost: bool,
    pub(crate) faults: Vec<Fired>,
    /// Whether a user of the mock asked for it.
    pub(crate) injected: bool,
}

impl Noted {
    pub(crate) fn of(frame: Frame) -> Self {
        Self {
            injected: matches!(frame, Frame::Text(Direction::Server, _)),
            frame,
            wire: None,
            lost: false,
            faults: Vec::new(),
        }
    }

    pub(crate) fn translated(frame: Frame, wire: &str) -> Self {
        Self {
            wire: Some(wire.to_owned()),
            ..Self::of(frame)
        }
    }

    /// What went wrong where nothing was sent.
    pub(crate) fn fault(fired: Fired) -> Self {
        Self {
            faults: vec![fired],
            ..Self::of(Frame::Fault)
        }
    }
}

/// A frame in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, counted from the start of the session.
    pub at: Duration,
    /// Which session of the mock, from 0.
    pub session: usize,
    /// What.
    pub frame: Frame,
    /// The text that was on the wire, where the client speaks another dialect than GA, or a fault has
    /// changed it: the frame is what it stands for.
    pub wire: Option<String>,
    /// Whether it was lost on its way, as a test asked for.
    pub lost: bool,
    /// What else went wrong with it, as a test asked for.
    pub faults: Vec<Fired>,
    /// Whether the mock sent it because a user of it asked for it, by a push or in a hook: whatever it
    /// is, the mock's own session would not have sent it.
    pub injected: bool,
}

impl Entry {
    /// About as many bytes as it keeps.
    pub(super) fn size(&self) -> usize {
        let fault = |fired: &Fired| size_of::<Fired>() + fired.what.len();
        let faults: usize = self.faults.iter().map(fault).sum();
        self.frame.size() + self.wire.as_ref().map_or(0, String::len) + faults
    }

    /// The entry as it is written down.
    pub fn written(&self) -> WrittenEntry {
        WrittenEntry {
            t: u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX),
            session: self.session,
            dir: match (&self.frame, self.frame.direction()) {
                (Frame::Close { .. }, _) => WrittenDirection::Close,
                (Frame::Fault, _) => WrittenDirection::Fault,
                (_, Direction::Client) => WrittenDirection::Client,
                (_, Direction::Server) => WrittenDirection::Server,
            },
            event: self.to_json(),
            by: match &self.frame {
                Frame::Close { by, .. } => Some(by.as_str()),
                _ => None,
            },
            stands_for: self.wire.as_ref().map(|_| self.frame.name()),
            lost: self.lost,
            faults: self.faults.clone(),
            injected: self.injected,
        }
    }

    /// What was on the wire as JSON: the event, or an object that says what it was.
    pub fn to_json(&self) -> Value {
        match &self.wire {
            Some(text) => serde_json::from_str(text).unwrap_or_else(|_| json!({ "text": text })),
            None => self.frame.to_json(),
        }
    }
}

/// An entry of a journal as it is written down, a line of JSON each.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
pub struct WrittenEntry {
    /// When, in milliseconds from the start of the session.
    pub t: u64,
    /// The number of the session, from 0.
    pub session: usize,
    /// Which way it went.
    pub dir: WrittenDirection,
    /// The event as it was on the wire; of what is no event, an object that says what it was.
    pub event: Value,
    /// Who ended the connection, where this is its end: `client` or `server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'static str>,
    /// The type of the GA event that expectations see, where the client speaks another dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<&'static str>,
    /// Whether it was lost on its way, as a test asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "scenario", schemars(default))]
    pub lost: bool,
    /// What else went wrong with it, as a test asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "scenario", schemars(default))]
    pub faults: Vec<Fired>,
    /// Whether the mock sent it because a user of it asked for it, by a push or in a hook.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "scenario", schemars(default))]
    pub injected: bool,
}

/// Which way an entry of a journal went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
pub enum WrittenDirection {
    /// From the client to the server.
    #[serde(rename = "c2s")]
    Client,
    /// From the server to the client.
    #[serde(rename = "s2c")]
    Server,
    /// The end of the connection.
    #[serde(rename = "close")]
    Close,
    /// None: something went wrong where nothing was sent.
    #[serde(rename = "fault")]
    Fault,
}
