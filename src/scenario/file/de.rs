//! Reading values out of a located tree, with errors that know their place.

use std::fmt;
use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::node::{Entry, Node, Value};
use super::path::{Path, Segment};
use crate::scenario::nearest::nearest;

/// What is wrong with a value, and where it is.
#[derive(Debug)]
pub(super) struct ReadError {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The field that is missing, if that is what is wrong.
    pub(super) missing: Option<&'static str>,
    /// Whether a map is empty that is one thing of several kinds.
    pub(super) empty: bool,
    pub(super) place: Option<Range<usize>>,
    pub(super) path: Path,
}

impl ReadError {
    fn new(message: String, help: Option<String>) -> Self {
        Self {
            message,
            help,
            missing: None,
            empty: false,
            place: None,
            path: Path::default(),
        }
    }

    /// The same error one step nearer to the root, at a place if it has none yet.
    fn within(mut self, segment: Segment, place: &Range<usize>) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self.path = self.path.after(segment);
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

/// What to do about a word that is none of the known ones.
fn hint(word: &str, known: &'static [&'static str]) -> Option<String> {
    // A name of the schema for editors is no word anyone is likely to have meant.
    let known = || known.iter().copied().filter(|word| !word.starts_with('$'));
    match nearest(word, known()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known().next().is_none() => None,
        None => Some(format!(
            "there are {}",
            known().collect::<Vec<_>>().join(", ")
        )),
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // What is known to help is said after a semicolon.
        let message = message.to_string();
        match message.split_once("; ") {
            Some((what, help)) => Self::new(what.to_owned(), Some(help.to_owned())),
            None => Self::new(message, None),
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(
            format!("there is no key `{field}` here"),
            hint(field, expected),
        )
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(
            format!("`{variant}` is none of the values here"),
            hint(variant, expected),
        )
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            missing: Some(field),
            ..Self::new(format!("the key `{field}` is missing here"), None)
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match unexpected {
            Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
            Unexpected::Map => "a map".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Str(text) => format!("the text `{text}`"),
            Unexpected::Signed(number) => format!("the number {number}"),
            other => other.to_string(),
        };
        Self::new(
            format!("found {found}, expected {}", in_words(expected)),
            None,
        )
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match unexpected {
            Unexpected::Signed(number) => number.to_string(),
            other => other.to_string(),
        };
        Self::new(
            format!("{found} cannot stand here, expected {}", in_words(expected)),
            None,
        )
    }
}

/// The types of Rust as the types of a file.
fn in_words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" => "a whole number, 0 or more".to_owned(),
        "i32" | "i64" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ if expected.starts_with("struct ") || expected == "a map" => "a map".to_owned(),
        _ if expected.starts_with("enum ") => "one of its words, or a map with one key".to_owned(),
        _ => expected,
    }
}

/// A reader of a node.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a Node);

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::String(text) => visitor.visit_str(text),
            Value::List(nodes) => visitor.visit_seq(List {
                nodes: nodes.iter().enumerate(),
            }),
            Value::Map(entries) => visitor.visit_map(Map {
                entries: entries.iter(),
                current: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.0.value {
            Value::String(text) => visitor.visit_enum(Choice::Word(text)),
            Value::Map(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(Choice::Entry(entry)),
                _ => Err(ReadError {
                    empty: entries.is_empty(),
                    ..de::Error::custom(format!(
                        "this is one thing of several kinds, so it has one key, not {}",
                        entries.len()
                    ))
                }),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct List<'a> {
    nodes: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'de> SeqAccess<'de> for List<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.nodes.next() else {
            return Ok(None);
        };
        let value = seed.deserialize(Reader(node));
        value
            .map(Some)
            .map_err(|error| error.within(Segment::Index(index), &node.span))
    }
}

struct Map<'a> {
    entries: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
}

impl Entry {
    /// Where an error in the value is shown: at the value, or at the key of a larger one.
    fn place(&self) -> &Range<usize> {
        match self.node.value {
            Value::Map(_) | Value::List(_) => &self.key_span,
            _ => &self.node.span,
        }
    }

    fn blame(&self, error: ReadError, place: &Range<usize>) -> ReadError {
        error.within(Segment::Key(self.key.clone()), place)
    }
}

impl<'de> MapAccess<'de> for Map<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        self.current = self.entries.next();
        let Some(entry) = self.current else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, ReadError> = entry.key.as_str().into_deserializer();
        let key = seed.deserialize(key);
        key.map(Some)
            .map_err(|error| entry.blame(error, &entry.key_span))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ReadError> {
        let entry = self.current.take();
        let entry =
            entry.ok_or_else(|| <ReadError as de::Error>::custom("a value without a key"))?;
        let value = seed.deserialize(Reader(&entry.node));
        value.map_err(|error| entry.blame(error, entry.place()))
    }
}

/// A variant: a word, or a key with a value.
enum Choice<'a> {
    Word(&'a str),
    Entry(&'a Entry),
}

impl<'de, 'a> EnumAccess<'de> for Choice<'a> {
    type Error = ReadError;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'a>), ReadError> {
        let read = |word: &str| {
            let word: StrDeserializer<'_, ReadError> = word.into_deserializer();
            seed.deserialize(word)
        };
        match self {
            Self::Word(word) => Ok((read(word)?, Content(None))),
            Self::Entry(entry) => {
                let variant = read(&entry.key);
                let variant = variant.map_err(|error| entry.blame(error, &entry.key_span))?;
                Ok((variant, Content(Some(entry))))
            }
        }
    }
}

/// What a variant holds.
struct Content<'a>(Option<&'a Entry>);

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.0 {
            None => Ok(()),
            Some(entry) => {
                let error = <ReadError as de::Error>::custom(format!(
                    "`{}` has nothing in it; write the word alone",
                    entry.key
                ));
                Err(entry.blame(error, &entry.key_span))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        let entry = self.0.ok_or_else(|| {
            <ReadError as de::Error>::custom(
                "this word needs something after it; write it as a key",
            )
        })?;
        let value = seed.deserialize(Reader(&entry.node));
        value.map_err(|error| entry.blame(error, entry.place()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ReadError> {
        Err(de::Error::custom("this word holds one value"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ReadError> {
        Err(de::Error::custom("this word holds one value"))
    }
}
