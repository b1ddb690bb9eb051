//! Strings with bounds, as the carriers' events have them, held to them while they are read.

use std::ops::RangeBounds;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

/// Reads a string of so many characters, each of a class.
pub(crate) fn bounded_text<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
    count: impl RangeBounds<u64>,
    is_of_class: impl Fn(char) -> bool,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = text.chars().count() as u64;
    if count.contains(&found) && text.chars().all(is_of_class) {
        Ok(text)
    } else {
        Err(D::Error::invalid_value(Unexpected::Str(&text), &expected))
    }
}
