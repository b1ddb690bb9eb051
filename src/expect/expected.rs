//! One thing that is expected, and how it is checked and told.

use std::fmt::{self, Write};
use std::panic::Location;
use std::time::Duration;

use serde_json::Value;

use crate::protocol::{Event, EventKind};

use super::evidence::{SentEvent, is_same};
use super::partial::differences;

pub(super) struct Expected<E: Event> {
    pub(super) kind: E::Kind,
    pub(super) conditions: Vec<Condition<E>>,
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
pub(super) enum Condition<E> {
    /// What a closure says.
    Holds(Box<dyn Fn(&E) -> bool + Send>),
    /// These fields with these values, and others.
    Has(Value),
}

impl<E: Event> Condition<E> {
    fn is_met_by(&self, event: &E) -> bool {
        match self {
            Self::Holds(condition) => condition(event),
            Self::Has(expected) => differences(expected, &to_json(event)).is_empty(),
        }
    }
}

fn to_json<E: Event>(event: &E) -> Value {
    serde_json::to_value(event).unwrap_or_default()
}

impl<E: Event> Expected<E> {
    /// Expects it at least once.
    pub(super) fn new(kind: E::Kind, place: Place) -> Self {
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

    fn is_met_by(&self, sent: &SentEvent<E>) -> bool {
        let mut conditions = self.conditions.iter();
        self.is_of_type(sent)
            && self.is_for(sent)
            && self.is_in_time(sent)
            && conditions.all(|condition| condition.is_met_by(&sent.event))
    }

    fn is_of_type(&self, sent: &SentEvent<E>) -> bool {
        is_same(sent.event.kind(), self.kind)
    }

    fn is_for(&self, sent: &SentEvent<E>) -> bool {
        self.session.is_none_or(|session| session == sent.session)
    }

    fn is_in_time(&self, sent: &SentEvent<E>) -> bool {
        self.within.is_none_or(|within| sent.at <= within)
    }

    pub(super) fn describe(&self) -> String {
        let mut text = format!("{} {}", self.times(), self.kind.as_str());
        for condition in &self.conditions {
            if let Condition::Has(expected) = condition {
                let _ = write!(text, " with {expected}");
            }
        }
        let closures = |condition: &&Condition<E>| matches!(condition, Condition::Holds(_));
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

    /// What is wrong, if something is. `sender` is who sends such events.
    pub(super) fn check(&self, all: &[SentEvent<E>], sender: &str) -> Option<String> {
        let met = all.iter().filter(|sent| self.is_met_by(sent)).count();
        if met >= self.least && self.most.is_none_or(|most| met <= most) {
            return None;
        }
        let expected = self.describe();
        let mut text = format!(
            "expected {expected}, got {met}\n  expected at {}\n",
            self.place
        );
        if met < self.least {
            self.tell_nearest(all, sender, &mut text);
        }
        Some(text)
    }

    /// Says which event of the right type came nearest, and what about it is wrong. Of those with
    /// as little wrong it is the last.
    fn tell_nearest(&self, all: &[SentEvent<E>], sender: &str, text: &mut String) {
        let of_type = || all.iter().rev().filter(|sent| self.is_of_type(sent));
        let candidates = of_type().map(|sent| (sent, self.faults(sent)));
        let missed = candidates.filter(|(_, faults)| !faults.is_empty());
        if let Some((sent, faults)) = missed.min_by_key(|(_, faults)| faults.len()) {
            let _ = writeln!(text, "  nearest: {}", to_json(&sent.event));
            let _ = writeln!(text, "  but {}", faults.join("\n  and "));
        } else if of_type().next().is_none() {
            let _ = writeln!(text, "  {sender} sent no {} at all", self.kind.as_str());
        }
    }

    fn faults(&self, sent: &SentEvent<E>) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.is_for(sent) {
            faults.push(format!("it was sent in session {}", sent.session));
        }
        if !self.is_in_time(sent) {
            faults.push(format!("it came after {:?}", sent.at));
        }
        for (index, condition) in self.conditions.iter().enumerate() {
            match condition {
                Condition::Holds(condition) if condition(&sent.event) => {}
                Condition::Holds(_) => faults.push(format!("condition {} is false", index + 1)),
                Condition::Has(expected) => {
                    let found = to_json(&sent.event);
                    let differences = differences(expected, &found);
                    faults.extend(differences.iter().map(ToString::to_string));
                }
            }
        }
        faults
    }
}

/// Says where an order breaks, if no session has it.
pub(super) fn check_order<E: Event>(kinds: &[E::Kind], all: &[SentEvent<E>]) -> Option<String> {
    let sessions = all.iter().map(|sent| sent.session).max();
    let mut best = 0;
    for session in 0..=sessions.unwrap_or_default() {
        let mut wanted = kinds.iter();
        let mut next = wanted.next();
        for sent in all.iter().filter(|sent| sent.session == session) {
            if next.is_some_and(|kind| is_same(sent.event.kind(), *kind)) {
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
