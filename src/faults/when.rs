//! When a fault happens.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::expect::Direction;

use super::values::{Chance, Count, EventTypes, Numbers};

/// When a fault happens: all that is said has to hold. Where nothing is said, each time it can.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// In which connections, counted from 0 as clients connect. One that is refused counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<Numbers>,
    /// Who sends the frame; the server, if no event is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Direction>,
    /// The types of the events, as GA calls them whatever the client speaks. `response.*` is all that
    /// begin so.
    #[serde(skip_serializing_if = "EventTypes::is_empty")]
    pub event: EventTypes,
    /// Which of the frames, responses or turns that everything above holds of, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<Numbers>,
    /// Every so many of them: 3 is the third, the sixth and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Count>,
    /// How often at most in a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Count>,
    /// With this chance, each time everything else holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<Chance>,
    /// Not before the session is so old, in milliseconds of its clock.
    #[serde(skip_serializing_if = "is_zero")]
    pub after_ms: u64,
    /// Not before so many bytes were sent by this side, those of the frame included.
    #[serde(skip_serializing_if = "is_zero")]
    pub after_bytes: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Something that may be hit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion<'a> {
    pub(super) from: Direction,
    /// The type of the event, if it is one.
    pub(super) event: Option<&'a str>,
    /// How old the session is.
    pub(super) age: Duration,
    /// How many bytes this side has sent, with these.
    pub(super) bytes: u64,
}

impl When {
    /// How old the session has to be.
    pub(super) fn after(&self) -> Duration {
        Duration::from_millis(self.after_ms)
    }

    /// Whether it names something to wait for besides the time.
    pub(super) fn names_a_frame(&self) -> bool {
        self.from.is_some()
            || !self.event.is_empty()
            || self.nth.is_some()
            || self.every.is_some()
            || self.after_bytes > 0
    }

    pub(super) fn is_in(&self, connection: u64) -> bool {
        self.connections
            .as_ref()
            .is_none_or(|connections| connections.contains(connection))
    }

    /// Whether frames of this side can be meant.
    pub(super) fn is_of(&self, side: Direction) -> bool {
        match self.from {
            Some(from) => from == side,
            None if self.event.is_empty() => side == Direction::Server,
            None => self.event.0.iter().any(|event| event.is_of(side)),
        }
    }

    /// Whether what does not depend on how often it happened holds.
    pub(super) fn holds_of(&self, occasion: Occasion<'_>) -> bool {
        let is_meant = |name: &str| self.event.0.iter().any(|event| event.matches(name));
        self.is_of(occasion.from)
            && (self.event.is_empty() || occasion.event.is_some_and(is_meant))
            && occasion.age >= self.after()
            && occasion.bytes >= self.after_bytes
    }

    /// Whether the occasion with this number, from 1, is one of those that are meant.
    pub(super) fn counts(&self, number: u64) -> bool {
        self.nth.as_ref().is_none_or(|nth| nth.contains(number))
            && self
                .every
                .is_none_or(|every| number.is_multiple_of(every.into()))
    }

    /// Whether it may happen once more.
    pub(super) fn is_left(&self, fired: u64) -> bool {
        self.times.is_none_or(|times| fired < u64::from(times))
    }
}
