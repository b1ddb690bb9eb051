//! What stops the generator, for the person who has to mend it.

use std::fmt;

/// Why a schema could not be read or turned into types: where, and what is wrong there.
///
/// `place` names the file (or document) and the definition or JSON path inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    place: String,
    message: String,
}

impl Error {
    /// An error at `place`.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }

    /// The file and the definition or path in it.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong, and what to do where that is known.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same error with `outer` put before its place: `file` before a path inside it.
    #[must_use]
    pub fn within(self, outer: impl fmt::Display) -> Self {
        Self {
            place: format!("{outer}: {}", self.place),
            message: self.message,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Error {}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;
