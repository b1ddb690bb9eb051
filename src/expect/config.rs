//! Expectations and conditions as data, for tests in other languages.
//!
//! They become what a test in Rust writes down, so that both are checked and told in the same way.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::protocol::EventKind;
use crate::protocol::realtime::{
    ClientEvent, ClientEventKind, ServerEventKind, TranslationClientEventKind,
    TranslationServerEventKind,
};

use super::entry::{Entry, NOT_EVENTS};
use super::expectation::{Expectations, check_possible};
use super::expected::{Condition, Expected, Place};
use super::partial::differences;

/// What clients are expected to send.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectationsConfig {
    /// Events that are expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<ExpectationConfig>,
    /// Orders: some session has the first event of each of these types one after the other, others
    /// between them or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_order: Vec<Vec<ClientType>>,
}

/// An event that clients are expected to send: at least once, unless more is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectationConfig {
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: ClientType,
    /// Fields that it has with these values, whatever else it has. Lists have to be as long as here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Map<String, Value>>,
    /// Exactly so often; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<usize>,
    /// So often or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<usize>,
    /// So often or less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<usize>,
    /// Only in the session with this number, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<usize>,
    /// Only so many milliseconds after the start of its session, or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u64>,
}

/// Why an expectation can never be met, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// The path to what is wrong.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl ExpectationsConfig {
    /// The same as a test in Rust writes it down.
    ///
    /// # Errors
    ///
    /// The first expectation that no client could meet.
    pub fn to_expectations(&self) -> Result<Expectations, Impossible> {
        let expectations = Expectations::default();
        for (index, config) in self.expect.iter().enumerate() {
            expectations.add(config.to_expected(&format!("expect[{index}]"))?);
        }
        for kinds in &self.in_order {
            expectations.in_order(kinds.iter().map(|kind| kind.0));
        }
        Ok(expectations)
    }
}

impl ExpectationConfig {
    fn to_expected(&self, path: &str) -> Result<Expected<ClientEvent>, Impossible> {
        let impossible = |field: &str, message| Impossible {
            path: format!("{path}.{field}"),
            message,
        };
        let kind = self.kind.0;
        let mut expected = Expected::new(kind, Place::Data(path.to_owned()));
        if let Some(fields) = &self.with {
            check_possible::<ClientEvent>(kind, fields)
                .map_err(|reason| impossible("with", reason))?;
            let condition = Condition::Has(Value::Object(fields.clone()));
            expected.conditions.push(condition);
        }
        (expected.least, expected.most) = match (self.times, self.at_least, self.at_most) {
            (Some(times), None, None) => (times, Some(times)),
            (None, None, None) => (1, None),
            (None, least, most) => (least.unwrap_or_default(), most),
            (Some(_), ..) => {
                let message = "`times` stands alone, without `at_least` and `at_most`";
                return Err(impossible("times", message.to_owned()));
            }
        };
        if let Some(most) = expected.most.filter(|most| *most < expected.least) {
            let least = expected.least;
            let message = format!("nothing comes at least {least} times and at most {most} times");
            return Err(impossible("at_most", message));
        }
        expected.session = self.session;
        expected.within = self.within_ms.map(Duration::from_millis);
        Ok(expected)
    }
}

/// What an entry of a journal is to be like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryPattern {
    /// What was sent.
    #[serde(rename = "type")]
    pub kind: EntryType,
    /// Fields that it has with these values, whatever else it has. Lists have to be as long as here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Map<String, Value>>,
    /// In the session with this number, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<usize>,
}

impl EntryPattern {
    /// Whether an entry is like that.
    pub fn matches(&self, entry: &Entry) -> bool {
        self.session.is_none_or(|session| session == entry.session)
            && entry.frame.name() == self.kind.0
            && self.with.as_ref().is_none_or(|fields| {
                let expected = Value::Object(fields.clone());
                differences(&expected, &entry.frame.to_json()).is_empty()
            })
    }

    /// In words.
    pub fn describe(&self) -> String {
        let mut text = self.kind.0.to_owned();
        if let Some(fields) = &self.with {
            let _ = write!(text, " with {}", Value::Object(fields.clone()));
        }
        if let Some(session) = self.session {
            let _ = write!(text, " in session {session}");
        }
        text
    }
}

/// The type of an event that clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientType(pub ClientEventKind);

/// The type of an event that the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerType(pub ServerEventKind);

/// What an entry of a journal can be: the type of an event that either side sends, or what a
/// timeline calls what is none: `(close)`, `(text)`, `(binary)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryType(&'static str);

static CLIENT_TYPES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| names::<ClientEventKind>().collect());

static SERVER_TYPES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| names::<ServerEventKind>().collect());

static ENTRY_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut all: Vec<&str> = names::<ClientEventKind>()
        .chain(names::<ServerEventKind>())
        .chain(names::<TranslationClientEventKind>())
        .chain(names::<TranslationServerEventKind>())
        .chain(NOT_EVENTS)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
});

fn names<K: EventKind>() -> impl Iterator<Item = &'static str> {
    K::ALL.iter().map(|kind| kind.as_str())
}

macro_rules! event_type {
    ($name:ident of $kind:ty, $known:ident, $about:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = String::deserialize(deserializer)?;
                <$kind>::from_type(&name)
                    .map(Self)
                    .ok_or_else(|| de::Error::unknown_variant(&name, &$known))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": *$known, "description": $about })
            }
        }
    };
}

event_type!(ClientType of ClientEventKind, CLIENT_TYPES, "The type of an event that clients send.");
event_type!(ServerType of ServerEventKind, SERVER_TYPES, "The type of an event that the server sends.");

impl<'de> Deserialize<'de> for EntryType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = ENTRY_TYPES.iter().find(|known| **known == name);
        known
            .map(|known| Self(known))
            .ok_or_else(|| de::Error::unknown_variant(&name, &ENTRY_TYPES))
    }
}

impl Serialize for EntryType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl JsonSchema for EntryType {
    fn schema_name() -> Cow<'static, str> {
        "EntryType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "enum": *ENTRY_TYPES,
            "description": "The type of an event that either side sends, or what else there is: (close), (text), (binary)."
        })
    }
}
