//! What the generated lists of strings have in common.

/// A list that keeps a value it does not know in `Other`.
macro_rules! open_strings {
    ($name:ident { $($variant:ident = $value:literal),* $(,)? }) => {
        impl $name {
            /// The values this version of the schema knows.
            pub const KNOWN: &'static [&'static str] = &[$($value),*];

            /// The value as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($value => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::protocol::strings::Text(|text: &str| Ok(Self::from(text))))
            }
        }

        $crate::protocol::strings::written_strings!($name);
    };
}

/// A list that refuses a value it does not know.
macro_rules! closed_strings {
    ($name:ident { $($variant:ident = $value:literal),* $(,)? }) => {
        impl $name {
            /// All values.
            pub const KNOWN: &'static [&'static str] = &[$($value),*];

            /// The value as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::protocol::strings::Text(|text: &str| match text {
                    $($value => Ok(Self::$variant),)*
                    _ => Err(Self::KNOWN),
                }))
            }
        }

        $crate::protocol::strings::written_strings!($name);
    };
}

/// How both kinds are written.
macro_rules! written_strings {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use {closed_strings, open_strings, written_strings};

/// Reads a string and gives it to the function, which answers with the values it knows otherwise.
pub(crate) struct Text<F>(pub(crate) F);

impl<T, F> serde::de::Visitor<'_> for Text<F>
where
    F: FnOnce(&str) -> Result<T, &'static [&'static str]>,
{
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(|known| E::unknown_variant(text, known))
    }
}
