//! What a client did not bear.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::variant::Variant;

/// What became of all variants.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Those that were tried, in order.
    pub tried: Vec<Tried>,
    /// How many were not, because the event cannot be read even as it is, or nothing was any more.
    pub unread: usize,
}

/// What became of a variant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tried {
    /// The variant.
    pub variant: Variant,
    /// What the client did.
    pub outcome: Outcome,
}

/// What a client did with a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It went on as if nothing were.
    Passed,
    /// It says that it cannot read it.
    NotRead {
        /// The type of the event that it could not read.
        event_type: String,
        /// What it says.
        error: String,
    },
    /// It has read something else than was sent.
    ReadOtherwise {
        /// Where in the event.
        path: String,
        /// What was sent.
        sent: String,
        /// What it has read.
        read: String,
    },
    /// It sent what breaks the protocol.
    WrongAnswer {
        /// What is wrong with it.
        violation: String,
    },
    /// It left.
    Disconnected {
        /// The code it closed with; without one the connection broke.
        code: Option<u16>,
        /// The reason it gave.
        reason: String,
        /// How its program ended, where it did.
        exit: Option<String>,
    },
    /// It no longer answered.
    Silent {
        /// What was waited for.
        missing: String,
    },
    /// It failed at this variant in a session with others, and not in a session of its own.
    OnlyAfter {
        /// The variant before it.
        before: String,
        /// What it did.
        outcome: Box<Outcome>,
    },
}

impl Outcome {
    /// Whether the client bears it.
    pub fn is_passed(&self) -> bool {
        *self == Self::Passed
    }

    /// Whether nothing can follow in the same session.
    pub(crate) const fn ends_the_session(&self) -> bool {
        matches!(self, Self::Disconnected { .. } | Self::Silent { .. })
    }

    /// Whether the client does not even read the event.
    pub(crate) const fn is_not_read(&self) -> bool {
        matches!(self, Self::NotRead { .. }) || self.ends_the_session()
    }

    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotRead { .. } => "not-read",
            Self::ReadOtherwise { .. } => "read-otherwise",
            Self::WrongAnswer { .. } => "wrong-answer",
            Self::Disconnected { .. } => "disconnected",
            Self::Silent { .. } => "silent",
            Self::OnlyAfter { .. } => "only-after",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::NotRead { event_type, error } => write!(f, "cannot read {event_type}: {error}"),
            Self::ReadOtherwise { path, sent, read } => {
                write!(f, "read {read} at {path}, where {sent} was sent")
            }
            Self::WrongAnswer { violation } => write!(f, "answered wrongly: {violation}"),
            Self::Disconnected { code, reason, exit } => {
                match code {
                    Some(code) => write!(f, "closed with {code}")?,
                    None => f.write_str("broke the connection")?,
                }
                if !reason.is_empty() {
                    write!(f, " ({reason})")?;
                }
                match exit {
                    Some(exit) => write!(f, "; its program {exit}"),
                    None => Ok(()),
                }
            }
            Self::Silent { missing } => write!(f, "went silent: {missing}"),
            Self::OnlyAfter { before, outcome } => {
                write!(f, "{outcome}; but not alone, only after {before}")
            }
        }
    }
}

impl Report {
    /// Those that the client does not bear.
    pub fn failed(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|tried| !tried.outcome.is_passed())
    }

    /// Whether it bears all of them.
    pub fn is_passed(&self) -> bool {
        self.unread == 0 && self.failed().next().is_none()
    }
}

impl Serialize for Tried {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { variant, outcome } = self;
        let mut tried = serializer.serialize_struct("Tried", 8)?;
        tried.serialize_field("variant", variant.name())?;
        tried.serialize_field("event_type", variant.event_type())?;
        tried.serialize_field("mutation", variant.mutation().as_str())?;
        tried.serialize_field("place", variant.place())?;
        tried.serialize_field("definition", variant.definition())?;
        let forward = variant.mutation().is_forward_compatible();
        tried.serialize_field("forward_compatible", &forward)?;
        tried.serialize_field("outcome", outcome.as_str())?;
        let text = (!outcome.is_passed()).then(|| outcome.to_string());
        tried.serialize_field("text", &text)?;
        tried.end()
    }
}
