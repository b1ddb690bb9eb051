//! From a typed event to its text.
//!
//! The text is what `serde_json` writes, to the byte. It takes a third of the time, because the
//! names of fields are known to have nothing to escape, and other texts are looked through many
//! bytes at a time. Whatever is rare is left to `serde_json`.

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer,
};
use serde_json::{Error, Result};

use super::decode::Event;

/// Bytes that are looked at together.
const CHUNK: usize = 16;

/// Writes an event as JSON at the end of `text`: the way back from
/// [`decode`](crate::protocol::decode).
///
/// A text that is cleared and used again costs no memory of its own for each event.
///
/// ```
/// use mock_realtime::protocol::encode;
/// use mock_realtime::protocol::realtime::{ClientEvent, ResponseCancel};
///
/// let mut text = String::new();
/// encode(&ClientEvent::from(ResponseCancel::default()), &mut text)?;
/// assert_eq!(text, r#"{"type":"response.cancel"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
///
/// None for the events of this crate. With an error, `text` ends with a part of the event.
pub fn encode<E: Event>(event: &E, text: &mut String) -> Result<()> {
    event.serialize(Encoder(text))
}

/// Writes one value.
struct Encoder<'a>(&'a mut String);

impl<'a> Encoder<'a> {
    fn string(self, text: &str) -> Result<()> {
        if !is_plain(text.as_bytes()) {
            return self.by_serde_json(text);
        }
        self.plain(text);
        Ok(())
    }

    fn plain(self, text: &str) {
        self.0.push('"');
        self.0.push_str(text);
        self.0.push('"');
    }

    fn integer(self, number: impl itoa::Integer) {
        self.0.push_str(itoa::Buffer::new().format(number));
    }

    fn by_serde_json<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.0.push_str(&serde_json::to_string(value)?);
        Ok(())
    }

    fn open(self, bracket: char, close: char) -> Entries<'a> {
        self.0.push(bracket);
        Entries {
            text: self.0,
            empty: true,
            close,
        }
    }
}

/// Whether JSON has nothing to escape in this text.
fn is_plain(text: &[u8]) -> bool {
    // Each chunk is looked at whole, without a branch, so that it can be done at once.
    match text.last_chunk::<CHUNK>() {
        Some(last) => {
            let (chunks, _) = text.as_chunks::<CHUNK>();
            !chunks.iter().chain([last]).any(|chunk| has_special(chunk))
        }
        None => !has_special(text),
    }
}

#[allow(
    clippy::needless_bitwise_bool,
    reason = "a lazy operator is a branch for each byte"
)]
fn has_special(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, byte| {
        found | (*byte < b' ') | (*byte == b'"') | (*byte == b'\\')
    })
}

/// What stands between brackets.
struct Entries<'a> {
    text: &'a mut String,
    empty: bool,
    close: char,
}

impl Entries<'_> {
    fn separate(&mut self) {
        if !self.empty {
            self.text.push(',');
        }
        self.empty = false;
    }

    fn close(self) {
        self.text.push(self.close);
    }
}

impl SerializeStruct for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.separate();
        // The names of fields are the schema's.
        Encoder(self.text).plain(key);
        self.text.push(':');
        value.serialize(Encoder(self.text))
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.separate();
        let start = self.text.len();
        key.serialize(Encoder(self.text))?;
        if self.text[start..].starts_with('"') {
            Ok(())
        } else {
            Err(Error::custom("the key of a map is no text"))
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.text.push(':');
        value.serialize(Encoder(self.text))
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

impl SerializeSeq for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.separate();
        value.serialize(Encoder(self.text))
    }

    fn end(self) -> Result<()> {
        self.close();
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(fn $method(self, number: $type) -> Result<()> {
            self.integer(number);
            Ok(())
        })*
    };
}

macro_rules! by_serde_json {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(fn $method(self, value: $type) -> Result<()> {
            self.by_serde_json(&value)
        })*
    };
}

impl<'a> Serializer for Encoder<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Entries<'a>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Entries<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    integers! {
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
    }

    by_serde_json! {
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_bytes(&[u8]),
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<()> {
        self.string(text)
    }

    fn serialize_unit(self) -> Result<()> {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Entries<'a>> {
        Ok(self.open('[', ']'))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>> {
        Ok(self.open('{', '}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries<'a>> {
        Ok(self.open('{', '}'))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.string(variant)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<()> {
        Err(foreign("a variant with content"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        Err(foreign("a tuple"))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct> {
        Err(foreign("a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Err(foreign("a variant with content"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Err(foreign("a variant with content"))
    }
}

/// No type made from the schema has this.
fn foreign(what: &str) -> Error {
    Error::custom(format_args!("no event has {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(value: &impl Serialize) -> Result<String> {
        let mut text = String::new();
        value.serialize(Encoder(&mut text))?;
        Ok(text)
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_is() {
        for length in 0..=3 * CHUNK {
            assert!(is_plain(&vec![b'~'; length]));
            for place in 0..length {
                for special in [b'"', b'\\', b'\n', 0, 31] {
                    let mut text = vec![b'~'; length];
                    text[place] = special;
                    assert!(!is_plain(&text), "{special} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn any_value_is_written_as_serde_json_writes_it() {
        let value = json!({
            "a \"key\"\u{1}": ["", "é\u{7f}\u{2028}", "a\tb", {}, []],
            "numbers": [0, -1, u64::MAX, i64::MIN, 0.1, 1e300, -0.0, 1.0],
            "others": [null, true, false],
        });
        assert_eq!(written(&value).unwrap(), value.to_string());
    }

    #[test]
    fn what_no_event_has_is_refused() {
        assert!(written(&(1, 2)).is_err());
        assert!(written(&std::collections::BTreeMap::from([(1, 2)])).is_err());
        assert!(written(&Ok::<u8, u8>(1)).is_err());
    }
}
