//! What breaks a rule.

use std::fmt;

use super::rules::Rule;

/// A rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The rule.
    pub rule: &'static Rule,
    /// The number of the event in its session, from 0, both sides counted; of what is missing at the
    /// end, the number of all events.
    pub event: u64,
    /// The event's `type`; empty at the end of the session.
    pub event_type: String,
    /// Where in the event, as in `response.output[0].id`; empty for all of it.
    pub path: String,
    /// What is there.
    pub found: String,
    /// What should be.
    pub expected: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule.name)?;
        if self.event_type.is_empty() {
            f.write_str("at the end")?;
        } else {
            write!(f, "event {} ({})", self.event, self.event_type)?;
        }
        if !self.path.is_empty() {
            write!(f, ", {}", self.path)?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}
