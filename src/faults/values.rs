//! Values that cannot be wrong by themselves, so that a file says where one is.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::expect::Direction;
use crate::protocol::EventKind;
use crate::protocol::realtime::{
    ClientEventKind, ServerEventKind, TranslationClientEventKind, TranslationServerEventKind,
};

#[cfg(feature = "scenario")]
macro_rules! schema {
    ($type:ident, $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

#[cfg(feature = "scenario")]
pub(super) use schema;

/// A chance: from 0.0, never, to 1.0, always.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Chance(f64);

impl TryFrom<f64> for Chance {
    type Error = String;

    fn try_from(chance: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&chance) {
            return Ok(Self(chance));
        }
        Err(format!("a chance is from 0.0 to 1.0, not {chance}"))
    }
}

impl From<Chance> for f64 {
    fn from(chance: Chance) -> Self {
        chance.0
    }
}

#[cfg(feature = "scenario")]
schema!(Chance, { "type": "number", "minimum": 0, "maximum": 1 });

/// A number that is counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Count(u64);

impl Count {
    /// One.
    pub const ONE: Self = Self(1);
}

impl TryFrom<u64> for Count {
    type Error = String;

    fn try_from(count: u64) -> Result<Self, String> {
        if count == 0 {
            return Err("this is counted from 1".to_owned());
        }
        Ok(Self(count))
    }
}

impl From<Count> for u64 {
    fn from(count: Count) -> Self {
        count.0
    }
}

#[cfg(feature = "scenario")]
schema!(Count, { "type": "integer", "minimum": 1 });

/// Some numbers. In a file one of them, a list of them, or `{from: 3, to: 5}`; without `to`, all from
/// `from` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// These.
    Only(Vec<u64>),
    /// All between these two, with both.
    Between(Between),
}

/// Numbers from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// The first.
    #[serde(default)]
    pub from: u64,
    /// The last; without it there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

impl Numbers {
    /// Those in a range. One that ends before it begins has none.
    pub fn within(range: impl RangeBounds<u64>) -> Self {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(to) => Some(*to),
            Bound::Excluded(0) => return Self::Only(Vec::new()),
            Bound::Excluded(after) => Some(after - 1),
            Bound::Unbounded => None,
        };
        Self::Between(Between { from, to })
    }

    /// Whether this is one of them.
    pub fn contains(&self, number: u64) -> bool {
        match self {
            Self::Only(numbers) => numbers.contains(&number),
            Self::Between(Between { from, to }) => {
                *from <= number && to.is_none_or(|to| number <= to)
            }
        }
    }
}

impl From<u64> for Numbers {
    fn from(number: u64) -> Self {
        Self::Only(vec![number])
    }
}

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Only(numbers) => match numbers.as_slice() {
                [number] => number.serialize(serializer),
                _ => numbers.serialize(serializer),
            },
            Self::Between(between) => between.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, a list of them, or a map with `from` and `to`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Numbers, E> {
                Ok(number.into())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Numbers, E> {
                let number = u64::try_from(number).map_err(|_| {
                    E::custom(format!("{number} cannot stand here; numbers are 0 or more"))
                })?;
                Ok(number.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = list.next_element()? {
                    numbers.push(number);
                }
                Ok(Numbers::Only(numbers))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Numbers, A::Error> {
                Between::deserialize(MapAccessDeserializer::new(map)).map(Numbers::Between)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(feature = "scenario")]
impl schemars::JsonSchema for Numbers {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Numbers".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let between = generator.subschema_for::<Between>();
        let number = schemars::json_schema!({ "type": "integer", "minimum": 0 });
        schemars::json_schema!({
            "anyOf": [number, { "type": "array", "items": number }, between]
        })
    }
}

/// The type of an event, of either side; with `*` at its end, all that begin so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventType(String);

impl EventType {
    /// Whether an event of this type is meant.
    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.0 == name,
        }
    }

    /// Whether events of this side are meant. A carrier, whose side the mock is in a call, is a server.
    pub(super) fn is_of(&self, side: Direction) -> bool {
        types_of(side).any(|name| self.matches(name))
            || (side == Direction::Server && self.is_of_call())
    }

    /// Whether events of sessions are meant.
    pub(super) fn is_of_session(&self) -> bool {
        let both = types_of(Direction::Client).chain(types_of(Direction::Server));
        { both }.any(|name| self.matches(name))
    }

    /// Whether messages of a carrier are meant.
    #[cfg(feature = "telephony")]
    pub(super) fn is_of_call(&self) -> bool {
        super::call::message_types().any(|name| self.matches(name))
    }

    #[cfg(not(feature = "telephony"))]
    #[allow(clippy::unused_self, reason = "there are no calls")]
    fn is_of_call(&self) -> bool {
        false
    }

    /// One of whose name the caller is sure.
    #[cfg(feature = "telephony")]
    pub(super) fn known(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

/// The types of all events that a side sends, in whatever kind of session.
fn types_of(side: Direction) -> Box<dyn Iterator<Item = &'static str>> {
    match side {
        Direction::Client => {
            Box::new(names::<ClientEventKind>().chain(names::<TranslationClientEventKind>()))
        }
        Direction::Server => {
            Box::new(names::<ServerEventKind>().chain(names::<TranslationServerEventKind>()))
        }
    }
}

/// The types of these kinds of event.
pub(super) fn names<K: EventKind>() -> impl Iterator<Item = &'static str> {
    K::ALL.iter().map(|kind| kind.as_str())
}

impl FromStr for EventType {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::try_from(name.to_owned())
    }
}

impl TryFrom<String> for EventType {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let event = Self(name);
        if event.is_of_session() {
            return Ok(event);
        }
        Err(format!(
            "no event has the type `{}`; `mock-realtime coverage` lists them, and `*` at the end stands for all that begin so",
            event.0
        ))
    }
}

impl From<EventType> for String {
    fn from(event: EventType) -> Self {
        event.0
    }
}

impl From<ClientEventKind> for EventType {
    fn from(kind: ClientEventKind) -> Self {
        Self(kind.as_str().to_owned())
    }
}

impl From<ServerEventKind> for EventType {
    fn from(kind: ServerEventKind) -> Self {
        Self(kind.as_str().to_owned())
    }
}

#[cfg(feature = "scenario")]
schema!(EventType, { "type": "string" });

/// Types of events; in a file, one may stand alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypes<T = EventType>(pub Vec<T>);

impl<T> EventTypes<T> {
    /// Whether none is named, so that all are meant.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for EventTypes<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for EventTypes<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [event] => event.serialize(serializer),
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de, T> Deserialize<'de> for EventTypes<T>
where
    T: Deserialize<'de> + TryFrom<String, Error = String>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T> Visitor<'de> for Reader<T>
        where
            T: Deserialize<'de> + TryFrom<String, Error = String>,
        {
            type Value = EventTypes<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the type of an event, or a list of them")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<EventTypes<T>, E> {
                let event = T::try_from(name.to_owned()).map_err(E::custom)?;
                Ok(EventTypes(vec![event]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<EventTypes<T>, A::Error> {
                let mut events = Vec::new();
                while let Some(event) = list.next_element()? {
                    events.push(event);
                }
                Ok(EventTypes(events))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

#[cfg(feature = "scenario")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for EventTypes<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}s", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let event = generator.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [event, { "type": "array", "items": event }] })
    }
}

/// The status that an HTTP request is refused with: 400 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct RefusalStatus(u16);

impl TryFrom<u16> for RefusalStatus {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        if (400..=599).contains(&status) {
            return Ok(Self(status));
        }
        Err(format!(
            "a handshake is refused with a status from 400 to 599, not {status}"
        ))
    }
}

impl From<RefusalStatus> for u16 {
    fn from(status: RefusalStatus) -> Self {
        status.0
    }
}

#[cfg(feature = "scenario")]
schema!(RefusalStatus, { "type": "integer", "minimum": 400, "maximum": 599 });

/// The headers of an HTTP response, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, String>",
    into = "BTreeMap<String, String>"
)]
pub struct Headers(BTreeMap<String, String>);

/// What the server says itself of its responses.
const OWN: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE];

impl Headers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and value of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let read = |(name, value): (&String, &String)| {
            Some((
                HeaderName::from_str(name).ok()?,
                HeaderValue::from_str(value).ok()?,
            ))
        };
        self.0.iter().filter_map(read)
    }
}

impl TryFrom<BTreeMap<String, String>> for Headers {
    type Error = String;

    fn try_from(headers: BTreeMap<String, String>) -> Result<Self, String> {
        for (name, value) in &headers {
            let Ok(read) = HeaderName::from_str(name) else {
                return Err(format!("`{name}` cannot be the name of a header"));
            };
            if OWN.contains(&read) {
                return Err(format!("the header `{name}` is the server's own to say"));
            }
            if HeaderValue::from_str(value).is_err() {
                return Err(format!(
                    "the header `{name}` cannot have the value {value:?}"
                ));
            }
        }
        Ok(Self(headers))
    }
}

impl From<Headers> for BTreeMap<String, String> {
    fn from(headers: Headers) -> Self {
        headers.0
    }
}

#[cfg(feature = "scenario")]
schema!(Headers, { "type": "object", "additionalProperties": { "type": "string" } });

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    #[test]
    fn numbers_are_written_in_three_ways() {
        for (written, has, has_not) in [
            (json!(3), 3, 4),
            (json!([1, 4]), 4, 3),
            (json!({ "from": 2 }), 1_000, 1),
            (json!({ "from": 2, "to": 4 }), 4, 5),
        ] {
            let numbers: Numbers = from_value(written.clone()).unwrap();
            assert!(numbers.contains(has) && !numbers.contains(has_not));
            assert_eq!(to_value(numbers).unwrap(), written);
        }
        assert!(from_value::<Numbers>(json!(-1)).is_err());
        assert!(!Numbers::within(0..0).contains(0));
        assert!(Numbers::within(..3).contains(2));
    }

    #[test]
    fn only_events_that_there_are_have_a_type() {
        let read = |name: Value| from_value::<EventTypes>(name);
        let deltas = read(json!("response.output_audio*")).unwrap();
        assert!(deltas.0[0].matches("response.output_audio.delta"));
        assert!(!deltas.0[0].matches("response.done"));
        let error = read(json!(["response.done", "response.don"])).unwrap_err();
        assert!(error.to_string().contains("`response.don`"), "{error}");
    }

    #[test]
    fn headers_are_such_as_can_be_sent() {
        let read = |name: &str, value: &str| from_value::<Headers>(json!({ name: value }));
        assert_eq!(read("retry-after", "1").unwrap().iter().count(), 1);
        for (name, value) in [("a b", ""), ("x", "a\nb"), ("Content-Length", "3")] {
            assert!(read(name, value).is_err(), "{name}: {value}");
        }
    }
}
