//! Values that may be written in fewer words: a text for what is more, one for a list of one.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What may be written as a text.
pub trait Shorthand: Sized {
    /// Whether there is no longer form.
    const ONLY_TEXT: bool = false;

    /// What the text stands for; the error says what is wrong with it.
    fn from_text(text: &str) -> Result<Self, String>;

    /// The text that stands for this, if one does.
    fn as_text(&self) -> Option<Cow<'_, str>>;
}

impl Shorthand for String {
    const ONLY_TEXT: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

/// A value that may be written as a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Short<T>(pub T);

impl<T> From<T> for Short<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Short<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A list, which may be written as its only entry.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> OneOrMany<T> {
    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for OneOrMany<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<T> From<T> for OneOrMany<T> {
    fn from(value: T) -> Self {
        Self(vec![value])
    }
}

impl<T> FromIterator<T> for OneOrMany<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for OneOrMany<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Shorthand + Serialize> Serialize for Short<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_text() {
            Some(text) => serializer.serialize_str(&text),
            None => self.0.serialize(serializer),
        }
    }
}

impl<T: Shorthand + Serialize> Serialize for OneOrMany<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let [one] = self.0.as_slice() {
            return ByReference(one).serialize(serializer);
        }
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for one in &self.0 {
            list.serialize_element(&ByReference(one))?;
        }
        list.end()
    }
}

/// [`Short`] of what is owned elsewhere.
struct ByReference<'a, T>(&'a T);

impl<T: Shorthand + Serialize> Serialize for ByReference<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_text() {
            Some(text) => serializer.serialize_str(&text),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de, T: Shorthand + Deserialize<'de>> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        One(PhantomData).deserialize(deserializer).map(Self)
    }
}

impl<'de, T: Shorthand + Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Many(PhantomData)).map(Self)
    }
}

struct One<T>(PhantomData<T>);

impl<'de, T: Shorthand + Deserialize<'de>> DeserializeSeed<'de> for One<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Shorthand + Deserialize<'de>> Visitor<'de> for One<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if T::ONLY_TEXT {
            "a text"
        } else {
            "a text or a map"
        })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

struct Many<T>(PhantomData<T>);

impl<'de, T: Shorthand + Deserialize<'de>> Visitor<'de> for Many<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        One::<T>(PhantomData).expecting(f)?;
        f.write_str(", or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(vec![One(PhantomData).visit_str(text)?])
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        Ok(vec![One(PhantomData).visit_map(map)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element_seed(One(PhantomData))? {
            all.push(one);
        }
        Ok(all)
    }
}

impl<T: Shorthand + JsonSchema> JsonSchema for Short<T> {
    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("Short{}", T::schema_name()))
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let whole = generator.subschema_for::<T>();
        if T::ONLY_TEXT {
            return whole;
        }
        json_schema!({ "anyOf": [{ "type": "string" }, whole] })
    }
}

impl<T: Shorthand + JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("OneOrMany{}", T::schema_name()))
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Short<T>>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}
