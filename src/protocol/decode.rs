//! Reads an event from its text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::check::{Mode, check, check_event};
use super::error::{DecodeError, DecodeReason, JsonPath, JsonType};
use super::ids::EventId;
use super::shape::{ObjectShape, Shaped};

/// The kinds of event that go one way: one for each `type`.
pub trait EventKind: Copy + 'static {
    /// All kinds.
    const ALL: &'static [Self];

    /// The `type` of this kind.
    fn as_str(self) -> &'static str;

    /// The kind with this `type`.
    fn from_type(text: &str) -> Option<Self>;

    /// What an event of this kind looks like, without the `type`.
    fn shape(self) -> &'static ObjectShape;

    /// Whether the typed decoder alone already refuses everything the shape
    /// refuses, so that no second look is needed.
    fn is_self_checking(self) -> bool;
}

/// An event, of whatever kind.
pub trait Event: Serialize + DeserializeOwned {
    /// The kinds it can be of.
    type Kind: EventKind;

    /// The property that says of which kind an event is.
    const TAG: &'static str;

    /// How to take what the published schemas do not know.
    const MODE: Mode;

    /// Its kind.
    fn kind(&self) -> Self::Kind;

    /// The id its sender gave it.
    fn event_id(&self) -> Option<&EventId>;
}

/// What an event of one kind carries: a struct that says so with its name.
pub trait EventPayload<E: Event>: Sized + Into<E> {
    /// The kind of event it is.
    const KIND: E::Kind;

    /// Takes it out of an event, or gives the event back where it is of another kind.
    fn from_event(event: E) -> Result<Self, E>;

    /// Looks into an event of this kind.
    fn of(event: &E) -> Option<&Self>;
}

/// A text that is the `type` of no event that goes this way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEventType(String);

impl UnknownEventType {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for UnknownEventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no event has the type {:?}", self.0)
    }
}

impl std::error::Error for UnknownEventType {}

/// Reads an event from its JSON text.
///
/// An event that is in order is decoded straight from the text. A second look
/// is taken only to say what is wrong, or for what the types cannot say, such as
/// the bounds of a number.
///
/// # Errors
///
/// The first fault that is found.
pub fn decode<E: Event>(text: &str) -> Result<E, DecodeError> {
    match serde_json::from_str::<E>(text) {
        Ok(event) if event.kind().is_self_checking() => Ok(event),
        Ok(event) => examine::<E>(text).map(|_| event),
        Err(error) => Err(explain::<E>(text, &error)),
    }
}

/// Reads what a client sends beside its events, from the JSON of a request's body.
pub(crate) fn decode_body<T: Shaped + DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let value = serde_json::from_slice::<Value>(body).map_err(|error| not_json(&error))?;
    let of_body = |path, reason| DecodeError {
        event_id: None,
        path,
        reason,
    };
    if !value.is_object() {
        let found = JsonType::of(&value);
        let reason = DecodeReason::NotAnObject { found };
        return Err(of_body(JsonPath::default(), reason));
    }
    check(&value, T::SHAPE, Mode::Strict)
        .map_err(|violation| of_body(violation.path, violation.reason))?;
    serde_json::from_value(value).map_err(|error| {
        let message = error.to_string();
        of_body(JsonPath::default(), DecodeReason::Other { message })
    })
}

/// Why the typed decoder refused the text.
fn explain<E: Event>(text: &str, error: &serde_json::Error) -> DecodeError {
    match examine::<E>(text) {
        Err(found) => found,
        Ok(event) => {
            let message = error.to_string();
            let reason = DecodeReason::Other { message };
            fault(&event, JsonPath::default(), reason)
        }
    }
}

/// Checks the text against the shape of its event, and gives it back parsed.
fn examine<E: Event>(text: &str) -> Result<Value, DecodeError> {
    let event = serde_json::from_str::<Value>(text).map_err(|error| not_json(&error))?;
    match examine_parsed::<E>(&event) {
        Ok(()) => Ok(event),
        Err((path, reason)) => Err(fault(&event, path, reason)),
    }
}

fn examine_parsed<E: Event>(event: &Value) -> Result<(), (JsonPath, DecodeReason)> {
    let Value::Object(map) = event else {
        let found = JsonType::of(event);
        return Err((JsonPath::default(), DecodeReason::NotAnObject { found }));
    };
    let kind = kind_of::<E::Kind>(map.get(E::TAG)).map_err(|reason| (E::TAG.into(), reason))?;
    check_event(map, kind.shape(), E::TAG, E::MODE)
        .map_err(|violation| (violation.path, violation.reason))
}

/// Whether an object is an event with all that the protocol demands and nothing else, whichever side
/// sends it.
#[cfg(feature = "admin")]
pub(crate) fn check_strictly<E: Event>(
    event: &serde_json::Map<String, Value>,
) -> Result<(), DecodeError> {
    let kind = kind_of::<E::Kind>(event.get(E::TAG));
    let checked = kind
        .map_err(|reason| (E::TAG.into(), reason))
        .and_then(|kind| {
            let checked = check_event(event, kind.shape(), E::TAG, Mode::Strict);
            checked.map_err(|violation| (violation.path, violation.reason))
        });
    checked.map_err(|(path, reason)| DecodeError {
        event_id: None,
        path,
        reason,
    })
}

fn kind_of<K: EventKind>(event_type: Option<&Value>) -> Result<K, DecodeReason> {
    match event_type {
        None => Err(DecodeReason::MissingType),
        Some(Value::String(text)) => K::from_type(text).ok_or_else(|| DecodeReason::UnknownType {
            value: text.clone(),
            supported: K::ALL.iter().map(|kind| kind.as_str()).collect(),
        }),
        Some(other) => Err(DecodeReason::WrongType {
            expected: vec![JsonType::String],
            found: JsonType::of(other),
        }),
    }
}

fn not_json(error: &serde_json::Error) -> DecodeError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    // The place is told on its own.
    let place = format!(" at line {line} column {column}");
    let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
    DecodeError {
        event_id: None,
        path: JsonPath::default(),
        reason: DecodeReason::NotJson {
            message,
            line,
            column,
        },
    }
}

fn fault(event: &Value, path: JsonPath, reason: DecodeReason) -> DecodeError {
    let event_id = event.get("event_id").and_then(Value::as_str);
    DecodeError {
        // One that is too long is no id, and is not to be sent back.
        event_id: event_id
            .filter(|id| id.chars().count() <= EventId::MAX_LENGTH)
            .map(str::to_owned),
        path,
        reason,
    }
}

/// Reads an optional field that may be absent but not `null`, which serde would take for absent.
pub(crate) fn not_null<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Reads an object, for which serde would take a list of its values, too.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Fields<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Fields(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::super::audio::Base64Audio;
    use super::super::shape::{FieldShape, MemberShape, Shape, UnionShape};
    use super::super::tagged::{Tagged, read_tag};
    use super::*;
    use serde::Serializer;
    use serde::de::Error as _;

    // A flat event, of which the types say all there is to say, and one with a
    // union and with bounds. Both in a strict and an open variety.

    static EVENT_ID: FieldShape = FieldShape {
        name: "event_id",
        required: false,
        shape: &Shape::String {
            min_length: None,
            max_length: Some(EventId::MAX_LENGTH),
            pattern: None,
        },
    };
    static APPEND: ObjectShape = ObjectShape {
        name: "Append",
        fields: &[
            EVENT_ID,
            FieldShape {
                name: "audio",
                required: true,
                shape: &Shape::Audio,
            },
        ],
    };
    static CREATE: ObjectShape = ObjectShape {
        name: "Create",
        fields: &[
            EVENT_ID,
            FieldShape {
                name: "item",
                required: true,
                shape: &Shape::Union(&UnionShape {
                    name: "Item",
                    tag: Some("type"),
                    members: &[
                        MemberShape::Tagged {
                            value: "text",
                            shape: &Shape::Object(&TEXT),
                        },
                        MemberShape::Tagged {
                            value: "timing",
                            shape: &Shape::Object(&TIMING),
                        },
                    ],
                }),
            },
            FieldShape {
                name: "limits",
                required: false,
                shape: &Shape::Object(&TIMING),
            },
        ],
    };
    static TEXT: ObjectShape = ObjectShape {
        name: "Text",
        fields: &[FieldShape {
            name: "text",
            required: true,
            shape: &Shape::String {
                min_length: None,
                max_length: None,
                pattern: None,
            },
        }],
    };
    static TIMING: ObjectShape = ObjectShape {
        name: "Timing",
        fields: &[FieldShape {
            name: "ms",
            required: true,
            shape: &Shape::Integer {
                minimum: Some(0),
                maximum: Some(1000),
            },
        }],
    };

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum TinyKind {
        Append,
        Create,
    }

    impl EventKind for TinyKind {
        const ALL: &'static [Self] = &[Self::Append, Self::Create];

        fn as_str(self) -> &'static str {
            match self {
                Self::Append => "append",
                Self::Create => "create",
            }
        }

        fn from_type(text: &str) -> Option<Self> {
            Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
        }

        fn shape(self) -> &'static ObjectShape {
            match self {
                Self::Append => &APPEND,
                Self::Create => &CREATE,
            }
        }

        fn is_self_checking(self) -> bool {
            self == Self::Append
        }
    }

    /// `Option` alone would take `null` for a field that is left out.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Append {
        #[serde(
            default,
            deserialize_with = "not_null",
            skip_serializing_if = "Option::is_none"
        )]
        event_id: Option<EventId>,
        audio: Base64Audio,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Create {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_id: Option<EventId>,
        item: Item,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limits: Option<Timing>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Text {
        text: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Timing {
        ms: i64,
    }

    #[derive(Debug, PartialEq)]
    enum Item {
        Text(Text),
        Timing(Timing),
    }

    #[derive(Debug, PartialEq)]
    enum Tiny {
        Append(Append),
        Create(Create),
    }

    macro_rules! union {
        ($name:ident, $($value:literal => $variant:ident),*) => {
            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct UnionVisitor;
                    impl<'de> Visitor<'de> for UnionVisitor {
                        type Value = $name;
                        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                            f.write_str(stringify!($name))
                        }
                        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                            let (tag, rest) = read_tag(map, "type", stringify!($name))?;
                            match &*tag {
                                $($value => Deserialize::deserialize(rest).map($name::$variant),)*
                                other => Err(A::Error::unknown_variant(other, &[$($value),*])),
                            }
                        }
                    }
                    deserializer.deserialize_map(UnionVisitor)
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    match self {
                        $($name::$variant(content) => Tagged {
                            tag: "type",
                            value: $value,
                            content,
                        }.serialize(serializer),)*
                    }
                }
            }
        };
    }

    union!(Item, "text" => Text, "timing" => Timing);
    union!(Tiny, "append" => Append, "create" => Create);

    impl Event for Tiny {
        type Kind = TinyKind;
        const TAG: &'static str = "type";
        const MODE: Mode = Mode::Strict;

        fn kind(&self) -> TinyKind {
            match self {
                Self::Append(_) => TinyKind::Append,
                Self::Create(_) => TinyKind::Create,
            }
        }

        fn event_id(&self) -> Option<&EventId> {
            match self {
                Self::Append(append) => append.event_id.as_ref(),
                Self::Create(create) => create.event_id.as_ref(),
            }
        }
    }

    /// The same event, taken in open mode.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Lenient(Tiny);

    impl Event for Lenient {
        type Kind = TinyKind;
        const TAG: &'static str = "type";
        const MODE: Mode = Mode::Open;

        fn kind(&self) -> TinyKind {
            self.0.kind()
        }

        fn event_id(&self) -> Option<&EventId> {
            self.0.event_id()
        }
    }

    fn refusal(text: &str) -> (String, DecodeReason) {
        let error = decode::<Tiny>(text).unwrap_err();
        (error.path.to_string(), error.reason)
    }

    fn wrong(expected: JsonType, found: JsonType) -> DecodeReason {
        let expected = vec![expected];
        DecodeReason::WrongType { expected, found }
    }

    #[track_caller]
    fn refuse(text: &str, path: &str, reason: DecodeReason) {
        assert_eq!(refusal(text), (path.to_owned(), reason), "{text}");
    }

    #[test]
    fn events_round_trip() {
        for text in [
            r#"{"type":"append","audio":"AAEC"}"#,
            r#"{"type":"append","event_id":"e1","audio":"AAEC"}"#,
            r#"{"type":"create","item":{"type":"text","text":"hello"}}"#,
            r#"{"type":"create","item":{"type":"timing","ms":5},"limits":{"ms":0}}"#,
        ] {
            let event: Tiny = decode(text).unwrap();
            assert_eq!(serde_json::to_string(&event).unwrap(), text);
        }
    }

    #[test]
    fn the_type_may_come_last() {
        let event: Tiny = decode(r#"{"event_id":"e1","audio":"AAEC","type":"append"}"#).unwrap();
        assert_eq!(event.kind(), TinyKind::Append);
    }

    #[test]
    fn text_that_is_not_json_is_pointed_into() {
        for (text, at) in [
            ("", (1, 0)),
            ("{", (1, 1)),
            (r#"{"type":"append","audio":"AAEC"} x"#, (1, 34)),
            ("{\n  nope", (2, 3)),
        ] {
            let (path, reason) = refusal(text);
            let DecodeReason::NotJson {
                message,
                line,
                column,
            } = reason
            else {
                panic!("{text}: {reason:?}");
            };
            assert_eq!((path.as_str(), line, column), ("", at.0, at.1), "{text}");
            assert!(!message.contains("line"), "{message}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let deep = "[".repeat(100_000);
        assert!(matches!(refusal(&deep).1, DecodeReason::NotJson { .. }));
        let inside = format!(r#"{{"type":"append","more":{deep}"#);
        assert!(matches!(refusal(&inside).1, DecodeReason::NotJson { .. }));
    }

    #[test]
    fn an_event_is_an_object() {
        let found = JsonType::Array;
        refuse("[]", "", DecodeReason::NotAnObject { found });
        let found = JsonType::Null;
        refuse("null", "", DecodeReason::NotAnObject { found });
    }

    #[test]
    fn an_event_has_a_known_type() {
        refuse("{}", "type", DecodeReason::MissingType);
        let reason = wrong(JsonType::String, JsonType::Integer);
        refuse(r#"{"type":1}"#, "type", reason);
        refuse(
            r#"{"type":"nope"}"#,
            "type",
            DecodeReason::UnknownType {
                value: "nope".to_owned(),
                supported: vec!["append", "create"],
            },
        );
    }

    #[test]
    fn what_the_types_refuse_is_explained() {
        for (text, path, reason) in [
            (r#"{"type":"append"}"#, "audio", DecodeReason::MissingField),
            (
                r#"{"type":"append","audio":1}"#,
                "audio",
                wrong(JsonType::String, JsonType::Integer),
            ),
            (
                r#"{"type":"append","audio":"AA"}"#,
                "audio",
                DecodeReason::BadBase64,
            ),
            (
                r#"{"type":"append","audio":"AAEC","more":1}"#,
                "more",
                DecodeReason::UnknownField,
            ),
            (
                r#"{"type":"append","audio":"AAEC","event_id":null}"#,
                "event_id",
                wrong(JsonType::String, JsonType::Null),
            ),
            (
                r#"{"type":"create","item":{"type":"timing","ms":1.5}}"#,
                "item.ms",
                wrong(JsonType::Integer, JsonType::Number),
            ),
            (
                r#"{"type":"create","item":{"type":"nope"}}"#,
                "item.type",
                DecodeReason::NotInEnum {
                    value: "nope".to_owned(),
                    supported: vec!["text", "timing"],
                },
            ),
        ] {
            assert!(serde_json::from_str::<Tiny>(text).is_err(), "{text}");
            refuse(text, path, reason);
        }
    }

    #[test]
    fn what_the_types_let_pass_is_checked() {
        for (text, path, reason) in [
            (
                r#"{"type":"create","item":{"type":"timing","ms":1001}}"#,
                "item.ms",
                DecodeReason::IntegerAboveMaximum {
                    maximum: 1000,
                    value: 1001,
                },
            ),
            (
                r#"{"type":"create","item":{"type":"text","text":"","more":1}}"#,
                "item.more",
                DecodeReason::UnknownField,
            ),
            (
                r#"{"type":"create","item":{"type":"text","text":""},"limits":null}"#,
                "limits",
                wrong(JsonType::Object, JsonType::Null),
            ),
            // Derived structs can be read from arrays.
            (
                r#"{"type":"create","item":{"type":"text","text":""},"limits":[1]}"#,
                "limits",
                wrong(JsonType::Object, JsonType::Array),
            ),
        ] {
            assert!(serde_json::from_str::<Tiny>(text).is_ok(), "{text}");
            refuse(text, path, reason);
        }
    }

    #[test]
    fn open_mode_lets_unknown_fields_pass() {
        let text = r#"{"type":"create","item":{"type":"text","text":"","more":1}}"#;
        assert!(decode::<Lenient>(text).is_ok());
        let text = r#"{"type":"create","item":{"type":"timing","ms":1001}}"#;
        assert!(decode::<Lenient>(text).is_err());
    }

    #[test]
    fn a_field_that_is_there_twice_is_not_lost() {
        let (path, reason) = refusal(r#"{"type":"append","audio":"AAEC","audio":"AAEC"}"#);
        assert_eq!(path, "");
        let DecodeReason::Other { message } = reason else {
            panic!("{reason:?}");
        };
        assert!(message.starts_with("duplicate field `audio`"), "{message}");
    }

    #[test]
    fn the_event_id_is_told_if_it_is_one() {
        let event_id = |id: &str| {
            let text = format!(r#"{{"type":"nope","event_id":{id}}}"#);
            decode::<Tiny>(&text).unwrap_err().event_id
        };
        assert_eq!(event_id(r#""e1""#).as_deref(), Some("e1"));
        assert_eq!(event_id("1"), None);
        let longest = "é".repeat(EventId::MAX_LENGTH);
        assert_eq!(event_id(&format!("{longest:?}")), Some(longest.clone()));
        assert_eq!(event_id(&format!(r#""{longest}x""#)), None);
    }

    #[test]
    fn a_long_event_id_is_refused() {
        let id = "x".repeat(513);
        refuse(
            &format!(r#"{{"type":"append","audio":"","event_id":"{id}"}}"#),
            "event_id",
            DecodeReason::TooLong {
                maximum: 512,
                length: 513,
            },
        );
    }
}
