//! One thing that is expected, and how it is checked and told.

use std::fmt::{self, Write};
use std::panic::Location;
use std::time::Duration;

use serde_json::Value;

use crate::protocol::realtime::{ClientEvent, ClientEventKind};
use crate::protocol::{Event, EventKind};

use super::journal::{Entry, Frame};
use super::partial::differences;

pub(super) struct Expected {
    pub(super) kind: ClientEventKind,
    pub(super) conditions: Vec<Condition>,
    pub(super) least: usize,
    pub(super) most: Option<usize>,
    pub(super) session: Option<usize>,
    pub(super) within: Option<Duration>,
    pub(super) place: Place,
}

/// Where it was written down.
pub(super) enum Place {
    /// In Rust.
    Code(&'static Location<'static>),
    /// In data: the path to it.
    #[cfg(feature = "scenario")]
    Data(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(location) => location.fmt(f),
            #[cfg(feature = "scenario")]
            Self::Data(path) => f.write_str(path),
        }
    }
}

/// What an event has to be like.
pub(super) enum Condition {
    /// What a closure says.
    Holds(Box<dyn Fn(&ClientEvent) -> bool + Send>),
    /// These fields with these values, and others.
    Has(Value),
}

impl Condition {
    fn is_met_by(&self, event: &ClientEvent, frame: &Frame) -> bool {
        match self {
            Self::Holds(condition) => condition(event),
            Self::Has(expected) => differences(expected, &frame.to_json()).is_empty(),
        }
    }
}

impl Expected {
    /// Expects it at least once.
    pub(super) fn new(kind: ClientEventKind, place: Place) -> Self {
        Self {
            kind,
            conditions: Vec::new(),
            least: 1,
            most: None,
            session: None,
            within: None,
            place,
        }
    }

    fn is_met_by(&self, entry: &Entry) -> bool {
        self.event_of(entry).is_some_and(|event| {
            self.is_for(entry)
                && self.is_in_time(entry)
                && self
                    .conditions
                    .iter()
                    .all(|condition| condition.is_met_by(event, &entry.frame))
        })
    }

    /// The event, if it is of the right type.
    fn event_of<'a>(&self, entry: &'a Entry) -> Option<&'a ClientEvent> {
        match &entry.frame {
            Frame::Client(event) if event.kind() == self.kind => Some(event),
            _ => None,
        }
    }

    fn is_for(&self, entry: &Entry) -> bool {
        self.session.is_none_or(|session| session == entry.session)
    }

    fn is_in_time(&self, entry: &Entry) -> bool {
        self.within.is_none_or(|within| entry.at <= within)
    }

    pub(super) fn describe(&self) -> String {
        let mut text = format!("{} {}", self.times(), self.kind);
        for condition in &self.conditions {
            if let Condition::Has(expected) = condition {
                let _ = write!(text, " with {expected}");
            }
        }
        let closures = |condition: &&Condition| matches!(condition, Condition::Holds(_));
        match self.conditions.iter().filter(closures).count() {
            0 => {}
            1 => text.push_str(" that fulfils the condition"),
            count => {
                let _ = write!(text, " that fulfils the {count} conditions");
            }
        }
        if let Some(within) = self.within {
            let _ = write!(text, " within {within:?}");
        }
        if let Some(session) = self.session {
            let _ = write!(text, " in session {session}");
        }
        text
    }

    fn times(&self) -> String {
        match (self.least, self.most) {
            (0, Some(0)) => "no".to_owned(),
            (least, Some(most)) if least == most => format!("exactly {least}"),
            (0, Some(most)) => format!("at most {most}"),
            (least, Some(most)) => format!("{least} to {most}"),
            (least, None) => format!("at least {least}"),
        }
    }

    /// What is wrong, if something is.
    pub(super) fn check(&self, entries: &[Entry]) -> Option<String> {
        let met = entries.iter().filter(|entry| self.is_met_by(entry)).count();
        if met >= self.least && self.most.is_none_or(|most| met <= most) {
            return None;
        }
        let expected = self.describe();
        let mut text = format!(
            "expected {expected}, got {met}\n  expected at {}\n",
            self.place
        );
        if met < self.least {
            self.tell_nearest(entries, &mut text);
        }
        Some(text)
    }

    /// Says which event of the right type came nearest, and what about it is wrong. Of those with
    /// as little wrong it is the last.
    fn tell_nearest(&self, entries: &[Entry], text: &mut String) {
        let candidates = entries
            .iter()
            .rev()
            .filter_map(|entry| Some((entry, self.faults(entry, self.event_of(entry)?))));
        let missed = candidates.filter(|(_, faults)| !faults.is_empty());
        if let Some((entry, faults)) = missed.min_by_key(|(_, faults)| faults.len()) {
            let _ = writeln!(text, "  nearest: {}", entry.frame.to_json());
            let _ = writeln!(text, "  but {}", faults.join("\n  and "));
        } else if !entries.iter().any(|entry| self.event_of(entry).is_some()) {
            let _ = writeln!(text, "  the client sent no {} at all", self.kind);
        }
    }

    fn faults(&self, entry: &Entry, event: &ClientEvent) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.is_for(entry) {
            faults.push(format!("it was sent in session {}", entry.session));
        }
        if !self.is_in_time(entry) {
            faults.push(format!("it came after {:?}", entry.at));
        }
        for (index, condition) in self.conditions.iter().enumerate() {
            match condition {
                Condition::Holds(condition) if condition(event) => {}
                Condition::Holds(_) => faults.push(format!("condition {} is false", index + 1)),
                Condition::Has(expected) => {
                    let found = entry.frame.to_json();
                    let differences = differences(expected, &found);
                    faults.extend(differences.iter().map(ToString::to_string));
                }
            }
        }
        faults
    }
}

/// Says where an order breaks, if no session has it.
pub(super) fn check_order(kinds: &[ClientEventKind], entries: &[Entry]) -> Option<String> {
    let sessions = entries.iter().map(|entry| entry.session).max();
    let mut best = 0;
    for session in 0..=sessions.unwrap_or_default() {
        let mut wanted = kinds.iter();
        let mut next = wanted.next();
        for entry in entries.iter().filter(|entry| entry.session == session) {
            if let (Frame::Client(event), Some(kind)) = (&entry.frame, next)
                && event.kind() == *kind
            {
                next = wanted.next();
            }
        }
        next?;
        best = best.max(kinds.len() - 1 - wanted.len());
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let missing = names.get(best).copied().unwrap_or_default();
    let place = match best.checked_sub(1).and_then(|before| names.get(before)) {
        Some(before) => format!("there was no {missing} after {before}"),
        None => format!("there was no {missing}"),
    };
    Some(format!(
        "expected in order: {}\n  but {place}\n",
        names.join(", ")
    ))
}
