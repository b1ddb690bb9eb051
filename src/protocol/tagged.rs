//! Objects that are told apart by a tag, read and written as a stream.
//!
//! What serde derives for tagged enums keeps the whole object before it decodes
//! any of it. Here only what stands before the tag is kept, which is mostly
//! nothing.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::vec;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{self, Error as _, Impossible, SerializeMap, SerializeStruct, Serializer};
use serde_json::Value;

/// The value of a tag.
#[derive(Debug)]
pub(crate) struct Tag<'de>(Cow<'de, str>);

impl Deref for Tag<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// An object without its tag, to be given to the `deserialize` of the type that
/// the tag names: a struct, or a union with another tag.
pub(crate) type Rest<'de, A> = MapAccessDeserializer<Entries<'de, A>>;

/// Reads an object up to its tag. `union` is for error messages.
///
/// # Errors
///
/// If the object has no such tag, if the tag is no string, or if the text turns
/// out not to be JSON.
pub(crate) fn read_tag<'de, A: MapAccess<'de>>(
    mut map: A,
    tag: &'static str,
    union: &'static str,
) -> Result<(Tag<'de>, Rest<'de, A>), A::Error> {
    let mut kept = Vec::new();
    while let Some(key) = map.next_key_seed(Text { what: "a key" })? {
        if key == tag {
            let value = map.next_value_seed(Text { what: union })?;
            let entries = Entries {
                kept: kept.into_iter(),
                value: None,
                map,
            };
            return Ok((Tag(value), MapAccessDeserializer::new(entries)));
        }
        kept.push((key, map.next_value()?));
    }
    Err(A::Error::custom(format_args!(
        "missing field `{tag}` of {union}"
    )))
}

/// Reads a string, borrowed if it can be.
struct Text {
    what: &'static str,
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string that names {}", self.what)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

/// The entries of an object without its tag: those kept from before it, then
/// those after it.
pub(crate) struct Entries<'de, A> {
    kept: vec::IntoIter<(Cow<'de, str>, Value)>,
    /// The value of the kept key that was given last.
    value: Option<Value>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some((key, value)) = self.kept.next() else {
            return self.map.next_key_seed(seed);
        };
        self.value = Some(value);
        match key {
            Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
            Cow::Owned(key) => seed.deserialize(StringDeserializer::new(key)),
        }
        .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value).map_err(A::Error::custom),
            None => self.map.next_value_seed(seed),
        }
    }
}

/// An object with a tag in front, written in one go.
///
/// The content has to be written as a struct or as a map, and can be tagged
/// itself.
pub(crate) struct Tagged<'a, T: ?Sized> {
    /// The tag's key.
    pub(crate) tag: &'static str,
    /// The tag's value.
    pub(crate) value: &'a str,
    /// The fields that follow.
    pub(crate) content: &'a T,
}

impl<T: ser::Serialize + ?Sized> ser::Serialize for Tagged<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.content.serialize(TaggedSerializer {
            tag: self.tag,
            value: self.value,
            inner: serializer,
        })
    }
}

/// Passes structs and maps on with the tag as their first field.
struct TaggedSerializer<'a, S> {
    tag: &'static str,
    value: &'a str,
    inner: S,
}

impl<S: Serializer> TaggedSerializer<'_, S> {
    fn refuse<T>(&self, what: &str) -> Result<T, S::Error> {
        let Self { tag, value, .. } = self;
        Err(S::Error::custom(format_args!(
            "{what} cannot have a `{tag}`, which should be `{value}`"
        )))
    }
}

macro_rules! refuse_values {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(fn $method(self, _: $type) -> Result<S::Ok, S::Error> {
            self.refuse("a single value")
        })*
    };
}

impl<S: Serializer> Serializer for TaggedSerializer<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = S::SerializeMap;
    type SerializeStruct = S::SerializeStruct;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<S::SerializeStruct, S::Error> {
        let mut fields = self.inner.serialize_struct(name, len + 1)?;
        fields.serialize_field(self.tag, self.value)?;
        Ok(fields)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<S::SerializeMap, S::Error> {
        let mut entries = self.inner.serialize_map(len.map(|len| len + 1))?;
        entries.serialize_entry(self.tag, self.value)?;
        Ok(entries)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    refuse_values! {
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str),
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.refuse("nothing")
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.refuse("nothing")
    }

    fn serialize_some<T: ser::Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        self.refuse("an option")
    }

    fn serialize_newtype_struct<T: ser::Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.refuse("a newtype")
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.refuse("an enum")
    }

    fn serialize_newtype_variant<T: ser::Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.refuse("an enum")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.refuse("an array")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.refuse("an array")
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.refuse("an array")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.refuse("an enum")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.refuse("an enum")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct User<'a> {
        // A `&str` cannot be read from anything that was kept, so that it
        // proves what streams.
        #[serde(borrow)]
        text: &'a str,
        rate: u64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct System {
        text: String,
    }

    #[derive(Debug, PartialEq)]
    enum Message<'a> {
        User(User<'a>),
        System(System),
    }

    #[derive(Debug, PartialEq)]
    enum Item<'a> {
        Message(Message<'a>),
        Call(System),
    }

    macro_rules! union {
        ($name:ident, $tag:literal, $($value:literal => $variant:ident),*) => {
            impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct UnionVisitor<'a>(std::marker::PhantomData<&'a ()>);
                    impl<'de: 'a, 'a> Visitor<'de> for UnionVisitor<'a> {
                        type Value = $name<'a>;
                        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                            f.write_str(stringify!($name))
                        }
                        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name<'a>, A::Error> {
                            let (tag, rest) = read_tag(map, $tag, stringify!($name))?;
                            match &*tag {
                                $($value => Deserialize::deserialize(rest).map($name::$variant),)*
                                other => Err(A::Error::unknown_variant(other, &[$($value),*])),
                            }
                        }
                    }
                    deserializer.deserialize_map(UnionVisitor(std::marker::PhantomData))
                }
            }

            impl Serialize for $name<'_> {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    match self {
                        $($name::$variant(content) => Tagged {
                            tag: $tag,
                            value: $value,
                            content,
                        }.serialize(serializer),)*
                    }
                }
            }
        };
    }

    union!(Message, "role", "user" => User, "system" => System);
    union!(Item, "type", "message" => Message, "call" => Call);

    fn user(text: &str) -> Item<'_> {
        Item::Message(Message::User(User { text, rate: 1 }))
    }

    fn read(json: &str) -> Result<Item<'_>, serde_json::Error> {
        serde_json::from_str(json)
    }

    fn error(json: &str) -> String {
        read(json).unwrap_err().to_string()
    }

    #[test]
    fn nested_tags_round_trip_and_borrow() {
        let json = r#"{"type":"message","role":"user","text":"hello","rate":1}"#;
        let item = read(json).unwrap();
        assert_eq!(item, user("hello"));
        assert_eq!(serde_json::to_string(&item).unwrap(), json);
    }

    #[test]
    fn tags_may_come_in_any_order() {
        // The text comes after both tags, or else it could not be borrowed.
        for json in [
            r#"{"role":"user","type":"message","text":"hello","rate":1}"#,
            r#"{"role":"user","rate":1,"type":"message","text":"hello"}"#,
            r#"{"rate":1,"type":"message","role":"user","text":"hello"}"#,
            r#"{"rate":1,"role":"user","type":"message","text":"hello"}"#,
            r#"{"t\u0079pe":"mess\u0061ge","rol\u0065":"us\u0065r","text":"hello","rate":1}"#,
        ] {
            assert_eq!(read(json).unwrap(), user("hello"), "{json}");
        }
    }

    #[test]
    fn fields_before_the_tag_are_kept() {
        let expected = |text: &str| System {
            text: text.to_owned(),
        };
        let call = read(r#"{"text":"x","type":"call"}"#).unwrap();
        assert_eq!(call, Item::Call(expected("x")));
        let system = read(r#"{"text":"x","role":"system","type":"message"}"#).unwrap();
        assert_eq!(system, Item::Message(Message::System(expected("x"))));
    }

    #[test]
    fn unknown_fields_are_denied_on_either_side_of_the_tag() {
        for json in [
            r#"{"more":1,"type":"call","text":"x"}"#,
            r#"{"type":"call","text":"x","more":1}"#,
        ] {
            assert!(error(json).starts_with("unknown field `more`"), "{json}");
        }
    }

    #[test]
    fn a_tag_that_is_there_twice_is_an_error() {
        let twice = r#"{"type":"call","type":"call","text":"x"}"#;
        assert!(error(twice).starts_with("unknown field `type`"));
    }

    #[test]
    fn a_missing_tag_is_an_error() {
        assert!(error("{}").starts_with("missing field `type` of Item"));
        let no_role = r#"{"type":"message","text":"x"}"#;
        assert!(error(no_role).starts_with("missing field `role` of Message"));
    }

    #[test]
    fn a_bad_tag_is_an_error() {
        assert!(error(r#"{"type":"nope"}"#).starts_with("unknown variant `nope`"));
        assert!(error(r#"{"type":1}"#).starts_with("invalid type: integer `1`"));
        assert!(error("[]").starts_with("invalid type: sequence"));
    }

    #[test]
    fn broken_json_is_an_error_on_either_side_of_the_tag() {
        for json in [
            r#"{"text":"x"#,
            r#"{"type":"call","text":"x""#,
            r#"{"type":"call","text":"x",}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_map_can_be_tagged() {
        let content = BTreeMap::from([("a", 1)]);
        let tagged = Tagged {
            tag: "type",
            value: "map",
            content: &content,
        };
        assert_eq!(
            serde_json::to_string(&tagged).unwrap(),
            r#"{"type":"map","a":1}"#
        );
    }

    #[test]
    fn only_an_object_can_be_tagged() {
        fn refuse<T: Serialize>(content: &T) {
            let tagged = Tagged {
                tag: "type",
                value: "x",
                content,
            };
            let error = serde_json::to_string(&tagged).unwrap_err().to_string();
            assert!(
                error.ends_with("cannot have a `type`, which should be `x`"),
                "{error}"
            );
        }
        refuse(&1);
        refuse(&"text");
        refuse(&[1]);
        refuse(&());
        refuse(&None::<i32>);
        refuse(&Some(1));
    }
}
