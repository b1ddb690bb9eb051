//! A field that can be left out, be `null`, or have a value.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of which "left out" and "`null`" mean different things.
///
/// In `session.update`, leaving a field out keeps what is set, while `null`
/// clears it. On a struct's field, write it as below: without `default`, a
/// missing field would be read as [`Patch::Null`], and without
/// `skip_serializing_if`, [`Patch::Absent`] would be written as `null`.
///
/// ```
/// use mock_realtime::protocol::Patch;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Update {
///     #[serde(default, skip_serializing_if = "Patch::is_absent")]
///     speed: Patch<f64>,
/// }
///
/// let update: Update = serde_json::from_str(r#"{"speed":null}"#)?;
/// assert!(update.speed.is_null());
/// assert_eq!(serde_json::to_string(&update)?, r#"{"speed":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// The field is not there.
    #[default]
    Absent,
    /// The field is there and is `null`.
    Null,
    /// The field is there and has this value.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the field is left out.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the field is `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the field has a value.
    pub const fn is_value(&self) -> bool {
        matches!(self, Self::Value(_))
    }

    /// The same state, with the value borrowed.
    pub const fn as_ref(&self) -> Patch<&T> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(value),
        }
    }

    /// The same state, with the value borrowed to be changed.
    pub const fn as_mut(&mut self) -> Patch<&mut T> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(value),
        }
    }

    /// The value, or `None` when the field is left out or `null`.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value, or `None` when the field is left out or `null`.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Changes the value, if there is one, and keeps the state.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(change(value)),
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// `None` becomes [`Patch::Null`], never [`Patch::Absent`]: the field is meant
/// to be there.
impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

/// [`Patch::Absent`] is written as `null` too, since a value cannot leave
/// itself out.
impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Borrowing<'a> {
        #[serde(borrow, default, skip_serializing_if = "Patch::is_absent")]
        text: Patch<&'a str>,
    }

    fn round_trip(json: &str, expected: Patch<&str>) {
        let read: Borrowing<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(read.text, expected);
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn null_is_not_absent() {
        round_trip("{}", Patch::Absent);
        round_trip(r#"{"text":null}"#, Patch::Null);
    }

    #[test]
    fn a_value_round_trips_and_can_borrow() {
        round_trip(r#"{"text":"hello"}"#, Patch::Value("hello"));
    }

    #[test]
    fn absent_is_null_where_it_cannot_be_skipped() {
        assert_eq!(
            serde_json::to_string(&[Patch::Absent, Patch::Null, Patch::Value(1)]).unwrap(),
            "[null,null,1]"
        );
    }

    #[test]
    fn a_wrong_value_is_an_error() {
        assert!(serde_json::from_str::<Patch<u64>>("-1").is_err());
    }

    #[test]
    fn none_becomes_null() {
        assert_eq!(Patch::<i32>::from(None), Patch::Null);
        assert_eq!(Patch::<i32>::from(Some(1)), Patch::Value(1));
        assert_eq!(Patch::from(1), Patch::Value(1));
    }

    #[test]
    fn the_state_survives_borrowing_and_mapping() {
        let mut patch = Patch::Value(2);
        if let Patch::Value(value) = patch.as_mut() {
            *value += 1;
        }
        assert_eq!(patch.as_ref().map(|value| value * 2), Patch::Value(6));
        assert_eq!(patch.into_value(), Some(3));
        assert_eq!(Patch::<i32>::Null.map(|value| value * 2), Patch::Null);
        assert_eq!(Patch::<i32>::default().into_value(), None);
        assert!(patch.is_value() && !patch.is_null() && !patch.is_absent());
    }
}
