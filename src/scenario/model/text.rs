//! Words, patterns and JSON paths: what conditions look for in texts.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json_path::JsonPath as Query;

use super::short::Shorthand;
use crate::scenario::words;

/// A word or several in a row, as conditions look for them: case, punctuation and blanks between
/// words do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    source: String,
    /// The words in lower case, with one blank around each.
    pub(crate) normalised: String,
    /// The first of the words.
    pub(crate) first: String,
}

impl Phrase {
    /// A phrase; an error where it has no word in it, for it would be found everywhere.
    pub fn new(text: impl Into<String>) -> Result<Self, EmptyPhrase> {
        let source = text.into();
        let normalised = words::normalise(&source);
        let first = normalised.split_whitespace().next().ok_or(EmptyPhrase)?;
        Ok(Self {
            first: first.to_owned(),
            source,
            normalised,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether a text has it.
    pub fn is_in(&self, text: &str) -> bool {
        words::normalise(text).contains(&self.normalised)
    }
}

/// A phrase without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyPhrase;

impl fmt::Display for EmptyPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a keyword without a letter or digit would be found everywhere")
    }
}

impl std::error::Error for EmptyPhrase {}

impl Shorthand for Phrase {
    const ONLY_TEXT: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text).map_err(|error| error.to_string())
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.source))
    }
}

/// A regular expression that is searched for in a text, whatever its case; `(?-i)` makes case
/// matter. Its named groups are captures.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// A pattern; the error says what is wrong with it.
    pub fn new(source: &str) -> Result<Self, regex::Error> {
        RegexBuilder::new(source)
            .case_insensitive(true)
            .build()
            .map(Self)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The named groups that took part in the first match.
    pub(crate) fn captures<'a>(&'a self, text: &'a str) -> Vec<(&'a str, &'a str)> {
        let Some(found) = self.0.captures(text) else {
            return Vec::new();
        };
        let names = self.0.capture_names().flatten();
        names
            .filter_map(|name| Some((name, found.name(name)?.as_str())))
            .collect()
    }

    /// What a pattern for one value finds: its first group that took part, else all of the match.
    pub(crate) fn value<'a>(&self, text: &'a str) -> Option<&'a str> {
        let found = self.0.captures(text)?;
        let group = found.iter().skip(1).flatten().next();
        group.or_else(|| found.get(0)).map(|found| found.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.capture_names().flatten()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl FromStr for Pattern {
    type Err = regex::Error;

    fn from_str(source: &str) -> Result<Self, regex::Error> {
        Self::new(source)
    }
}

impl Shorthand for Pattern {
    const ONLY_TEXT: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text).map_err(|error| {
            // The library draws the place over several lines; the last one says what is wrong.
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            format!("`{text}` is not a regular expression: {reason}")
        })
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.as_str()))
    }
}

/// A JSON path (RFC 9535), such as `$.tables[0].free`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath(Query, String);

impl JsonPath {
    /// The values it leads to.
    pub(crate) fn query<'a>(&self, value: &'a serde_json::Value) -> Vec<&'a serde_json::Value> {
        self.0.query(value).all()
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.1
    }
}

impl Shorthand for JsonPath {
    const ONLY_TEXT: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Query::parse(text)
            .map(|query| Self(query, text.to_owned()))
            .map_err(|error| {
                format!("`{text}` is not a JSON path such as `$.tables[0].free`: {error}")
            })
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.1))
    }
}

/// Reading, writing and the schema of what is a text only.
macro_rules! only_text {
    ($($type:ty, $description:literal, $format:expr;)+) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::from_text(&text).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($type))
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = json_schema!({ "type": "string", "description": $description });
                let format: Option<&str> = $format;
                if let Some(format) = format {
                    schema.insert("format".to_owned(), format.into());
                }
                schema
            }
        }
    )+};
}

pub(super) use only_text;

only_text! {
    Phrase, "A word or several in a row. Case and punctuation do not matter.", None;
    Pattern, "A regular expression, searched for in any case. Its named groups are captures.", Some("regex");
    JsonPath, "A JSON path (RFC 9535), such as $.tables[0].free.", None;
}
