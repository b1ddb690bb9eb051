//! Why an event could not be read.

use std::fmt;

use serde_json::Value;

/// Where a value stands within an event.
///
/// Displayed in the notation of the service's error messages, such as
/// `session.tools[0].type`. The whole event has an empty path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct JsonPath(Vec<PathSegment>);

/// One step of a [`JsonPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// Into an object, by key.
    Key(String),
    /// Into an array, by index from 0.
    Index(usize),
}

impl JsonPath {
    /// The steps, from the outermost.
    #[must_use]
    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }

    /// Whether this is the path of the whole event.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a step in front of all others.
    pub(crate) fn prepend(&mut self, segment: PathSegment) {
        self.0.insert(0, segment);
    }
}

impl FromIterator<PathSegment> for JsonPath {
    fn from_iter<I: IntoIterator<Item = PathSegment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

/// The path of a field of the whole event.
impl From<&str> for JsonPath {
    fn from(key: &str) -> Self {
        Self(vec![PathSegment::Key(key.to_owned())])
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Key(key) if position == 0 => f.write_str(key)?,
                PathSegment::Key(key) => write!(f, ".{key}")?,
                PathSegment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// The type of a JSON value, as error messages tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonType {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number that is written as an integer and fits in 64 bits.
    Integer,
    /// Any other number. As what is expected, it includes the integers.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl JsonType {
    /// The type of this value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_f64() => Self::Number,
            Value::Number(_) => Self::Integer,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// The word for the type with its article, such as `an integer`.
    #[must_use]
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a decimal",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }

    /// The words for any of some types, such as `an integer or a string`.
    #[must_use]
    pub fn any_of(types: &[Self]) -> String {
        join_with_or(types.iter().map(|json_type| json_type.with_article()))
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.with_article())
    }
}

/// An event that could not be read, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeError {
    /// The event's own id, if it could be read.
    pub event_id: Option<String>,
    /// Where the fault is.
    pub path: JsonPath,
    /// What the fault is.
    pub reason: DecodeReason,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The text is not JSON.
    NotJson {
        /// What is wrong with it, without the place.
        message: String,
        /// The line, from 1; 0 if it is not known.
        line: usize,
        /// The column, from 1; 0 is the line's beginning.
        column: usize,
    },
    /// The text is JSON, but no object.
    NotAnObject {
        /// What it is.
        found: JsonType,
    },
    /// The event has no `type`.
    MissingType,
    /// There is no event of this `type`.
    UnknownType {
        /// The `type` it has.
        value: String,
        /// The types there are.
        supported: Vec<&'static str>,
    },
    /// The field at the path has to be there.
    MissingField,
    /// The value is of another type.
    WrongType {
        /// The types it can be of.
        expected: Vec<JsonType>,
        /// The type it is of.
        found: JsonType,
    },
    /// There is no such field.
    UnknownField,
    /// The string is none of those allowed.
    NotInEnum {
        /// The string.
        value: String,
        /// Those allowed.
        supported: Vec<&'static str>,
    },
    /// The integer is too low.
    IntegerBelowMinimum {
        /// The lowest allowed.
        minimum: i64,
        /// The integer: from the lowest of `i64` to the highest of `u64`.
        value: i128,
    },
    /// The integer is too high.
    IntegerAboveMaximum {
        /// The highest allowed.
        maximum: i64,
        /// The integer: from the lowest of `i64` to the highest of `u64`.
        value: i128,
    },
    /// The number is too low.
    NumberBelowMinimum {
        /// The lowest allowed.
        minimum: f64,
        /// The number.
        value: f64,
    },
    /// The number is too high.
    NumberAboveMaximum {
        /// The highest allowed.
        maximum: f64,
        /// The number.
        value: f64,
    },
    /// The string is too long.
    TooLong {
        /// The most characters allowed.
        maximum: usize,
        /// The characters it has.
        length: usize,
    },
    /// The string is too short.
    TooShort {
        /// The fewest characters allowed.
        minimum: usize,
        /// The characters it has.
        length: usize,
    },
    /// The string does not match.
    PatternMismatch {
        /// The regular expression it has to match.
        pattern: &'static str,
    },
    /// The array has too many elements.
    TooMany {
        /// The most elements allowed.
        maximum: usize,
        /// The elements it has.
        length: usize,
    },
    /// The array has too few elements.
    TooFew {
        /// The fewest elements allowed.
        minimum: usize,
        /// The elements it has.
        length: usize,
    },
    /// The audio is not standard base64 with padding.
    BadBase64,
    /// The typed decoder refused what the shape lets pass, such as a field that
    /// is there twice.
    Other {
        /// What the typed decoder said.
        message: String,
    },
}

impl fmt::Display for DecodeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson {
                message,
                line,
                column,
            } => write!(
                f,
                "not valid JSON: {message} at line {line} column {column}"
            ),
            Self::NotAnObject { found } => write!(f, "expected an object, found {found}"),
            Self::MissingType | Self::MissingField => f.write_str("missing, but required"),
            Self::UnknownType { value, supported } | Self::NotInEnum { value, supported } => {
                let quoted = supported.iter().map(|text| format!("\"{text}\""));
                write!(f, "expected {}, found {value:?}", join_with_or(quoted))
            }
            Self::WrongType { expected, found } => {
                write!(f, "expected {}, found {found}", JsonType::any_of(expected))
            }
            Self::UnknownField => f.write_str("not a known field"),
            Self::IntegerBelowMinimum { minimum, value } => not_within(f, "least", minimum, value),
            Self::IntegerAboveMaximum { maximum, value } => not_within(f, "most", maximum, value),
            Self::NumberBelowMinimum { minimum, value } => not_within(f, "least", minimum, value),
            Self::NumberAboveMaximum { maximum, value } => not_within(f, "most", maximum, value),
            Self::TooLong { maximum, length } => {
                write!(f, "expected at most {maximum} characters, found {length}")
            }
            Self::TooShort { minimum, length } => {
                write!(f, "expected at least {minimum} characters, found {length}")
            }
            Self::PatternMismatch { pattern } => {
                write!(f, "expected a string that matches {pattern}")
            }
            Self::TooMany { maximum, length } => {
                write!(f, "expected at most {maximum} elements, found {length}")
            }
            Self::TooFew { minimum, length } => {
                write!(f, "expected at least {minimum} elements, found {length}")
            }
            Self::BadBase64 => f.write_str(super::audio::INVALID_BASE64),
            Self::Other { message } => f.write_str(message),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.event_id {
            Some(event_id) => write!(f, "event {event_id:?}: ")?,
            None => f.write_str("event: ")?,
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.reason.fmt(f)
    }
}

impl std::error::Error for DecodeError {}

fn not_within<B: fmt::Display, V: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    side: &str,
    bound: &B,
    value: &V,
) -> fmt::Result {
    write!(f, "expected at {side} {bound}, found {value}")
}

/// `a`, `a or b`, `a, b or c`.
fn join_with_or<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    let words: Vec<T> = words.collect();
    let mut text = String::new();
    for (position, word) in words.iter().enumerate() {
        if position > 0 {
            let is_last = position + 1 == words.len();
            text.push_str(if is_last { " or " } else { ", " });
        }
        text.push_str(word.as_ref());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(key: &str) -> PathSegment {
        PathSegment::Key(key.to_owned())
    }

    #[test]
    fn a_path_is_displayed_as_the_service_does() {
        let path: JsonPath = [
            key("session"),
            key("tools"),
            PathSegment::Index(0),
            key("type"),
        ]
        .into_iter()
        .collect();
        assert_eq!(path.to_string(), "session.tools[0].type");
        assert_eq!(path.segments().len(), 4);
        assert_eq!(JsonPath::default().to_string(), "");
        assert_eq!(JsonPath::from("type").to_string(), "type");
    }

    #[test]
    fn an_integer_with_a_fraction_or_beyond_64_bits_is_a_decimal() {
        let read = |text| JsonType::of(&serde_json::from_str(text).unwrap());
        assert_eq!(read("3"), JsonType::Integer);
        assert_eq!(read("18446744073709551615"), JsonType::Integer);
        assert_eq!(read("18446744073709551616"), JsonType::Number);
        assert_eq!(read("3.0"), JsonType::Number);
        assert_eq!(read("1e3"), JsonType::Number);
    }

    #[test]
    fn types_have_words() {
        let values = [
            json!(null),
            json!(true),
            json!(1),
            json!(0.5),
            json!(""),
            json!([]),
            json!({}),
        ];
        let types: Vec<JsonType> = values.iter().map(JsonType::of).collect();
        assert_eq!(
            JsonType::any_of(&types),
            "null, a boolean, an integer, a decimal, a string, an array or an object"
        );
        assert_eq!(JsonType::any_of(&[JsonType::Integer]), "an integer");
    }

    #[test]
    fn an_error_says_what_and_where_and_what_was_expected() {
        let show = |event_id: Option<&str>, path, reason| {
            let error = DecodeError {
                event_id: event_id.map(str::to_owned),
                path,
                reason,
            };
            error.to_string()
        };
        assert_eq!(
            show(
                Some("e1"),
                [key("audio"), key("rate")].into_iter().collect(),
                DecodeReason::WrongType {
                    expected: vec![JsonType::Integer, JsonType::Null],
                    found: JsonType::String,
                },
            ),
            r#"event "e1": audio.rate: expected an integer or null, found a string"#
        );
        assert_eq!(
            show(
                None,
                JsonPath::from("type"),
                DecodeReason::UnknownType {
                    value: "x".to_owned(),
                    supported: vec!["a", "b"],
                },
            ),
            r#"event: type: expected "a" or "b", found "x""#
        );
        assert_eq!(
            show(
                None,
                JsonPath::default(),
                DecodeReason::NotAnObject {
                    found: JsonType::Array
                },
            ),
            "event: expected an object, found an array"
        );
        assert_eq!(
            DecodeReason::NumberAboveMaximum {
                maximum: 1.5,
                value: 2.0
            }
            .to_string(),
            "expected at most 1.5, found 2"
        );
    }
}
