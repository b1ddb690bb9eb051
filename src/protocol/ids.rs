//! Identifiers, one type for each kind of thing, so that they cannot be mixed up.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $max_length:expr) => {
        $(#[$doc])*
        ///
        /// A string that is cheap to clone. Any text is taken as it is when it
        /// is made from a string.
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&*self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let visitor = IdVisitor {
                    max_length: $max_length,
                };
                deserializer.deserialize_str(visitor).map(Self)
            }
        }
    };
}

id! {
    /// Names an event, of a client or of the server.
    EventId, Some(EventId::MAX_LENGTH)
}

impl EventId {
    /// How many characters an id can have that is read from an event.
    pub const MAX_LENGTH: usize = 512;
}

id! {
    /// Names an item of a conversation.
    ItemId, None
}

id! {
    /// Names a response.
    ResponseId, None
}

id! {
    /// Names a conversation.
    ConversationId, None
}

id! {
    /// Names a session.
    SessionId, None
}

id! {
    /// Names a function call, or a call over the phone.
    CallId, None
}

/// Whether the text has more characters than allowed.
fn is_too_long(text: &str, max_length: usize) -> bool {
    // Never fewer bytes than characters, so that counting is seldom needed.
    text.len() > max_length && text.chars().count() > max_length
}

struct IdVisitor {
    /// In characters.
    max_length: Option<usize>,
}

impl Visitor<'_> for IdVisitor {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")?;
        match self.max_length {
            Some(max_length) => write!(f, " of at most {max_length} characters"),
            None => Ok(()),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        if self.max_length.is_some_and(|max| is_too_long(text, max)) {
            return Err(E::invalid_length(text.chars().count(), &self));
        }
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, de::value::Error> {
        T::deserialize(de::value::BorrowedStrDeserializer::new(text))
    }

    #[test]
    fn an_id_behaves_like_its_text() {
        let id = ItemId::from("item_1");
        assert_eq!(id, "item_1");
        assert_eq!(id, *"item_1");
        assert_eq!(id, ItemId::from(String::from("item_1")));
        assert_eq!(format!("{id} {id:?} {id:>8}"), "item_1 \"item_1\"   item_1");
        assert!(id.starts_with("item_"));
        assert!([ItemId::from("item_0"), id.clone()].is_sorted());
        assert_eq!(id.as_ref(), "item_1");
    }

    #[test]
    fn a_map_of_ids_is_looked_up_by_text() {
        let map = HashMap::from([(CallId::from("call_1"), 1)]);
        assert_eq!(map.get("call_1"), Some(&1));
    }

    #[test]
    fn the_default_is_empty() {
        assert!(SessionId::default().is_empty());
    }

    #[test]
    fn ids_round_trip() {
        let id: ResponseId = serde_json::from_str(r#""resp_\u0031""#).unwrap();
        assert_eq!(id, "resp_1");
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""resp_1""#);
        assert!(serde_json::from_str::<ConversationId>("1").is_err());
    }

    #[test]
    fn an_event_id_is_limited_in_characters_not_bytes() {
        let longest = "é".repeat(EventId::MAX_LENGTH);
        assert_eq!(read::<EventId>(&longest).unwrap(), *longest);
        let too_long = longest + "x";
        assert_eq!(
            read::<EventId>(&too_long).unwrap_err().to_string(),
            "invalid length 513, expected a string of at most 512 characters"
        );
        assert!(read::<ItemId>(&too_long).is_ok());
    }
}
