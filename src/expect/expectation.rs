//! What a client is expected to send, and how a failure is told.

use std::any::type_name;
use std::fmt::{self, Write};
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::protocol::realtime::{ClientEvent, ClientEventKind};
use crate::protocol::{Event, EventKind, EventPayload};

use super::journal::{Entry, Frame, Journal};

/// What a client is expected to send.
///
/// Clones share the list.
#[derive(Clone, Default)]
pub struct Expectations {
    list: Arc<Mutex<List>>,
}

#[derive(Default)]
struct List {
    expected: Vec<Expected>,
    in_order: Vec<Vec<ClientEventKind>>,
}

type Condition = Box<dyn Fn(&ClientEvent) -> bool + Send>;

struct Expected {
    kind: ClientEventKind,
    conditions: Vec<Condition>,
    least: usize,
    most: Option<usize>,
    session: Option<usize>,
    within: Option<Duration>,
    place: &'static Location<'static>,
}

impl Expected {
    fn is_for(&self, entry: &Entry) -> bool {
        self.session.is_none_or(|session| session == entry.session)
    }

    fn is_met_by(&self, entry: &Entry) -> bool {
        let Frame::Client(event) = &entry.frame else {
            return false;
        };
        self.is_for(entry)
            && event.kind() == self.kind
            && self.within.is_none_or(|within| entry.at <= within)
            && self.conditions.iter().all(|condition| condition(event))
    }

    fn describe(&self) -> String {
        let mut text = format!("{} {}", self.times(), self.kind);
        match self.conditions.len() {
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
    fn check(&self, entries: &[Entry]) -> Option<String> {
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

    /// Says which event came nearest: of the right type, or none.
    fn tell_nearest(&self, entries: &[Entry], text: &mut String) {
        let nearest = entries.iter().rev().find(
            |entry| matches!(&entry.frame, Frame::Client(event) if event.kind() == self.kind),
        );
        let Some(entry) = nearest else {
            let _ = writeln!(text, "  the client sent no {} at all", self.kind);
            return;
        };
        let mut reasons = Vec::new();
        if !self.is_for(entry) {
            reasons.push(format!("it was sent in session {}", entry.session));
        }
        if self.within.is_some_and(|within| entry.at > within) {
            reasons.push(format!("it came after {:?}", entry.at));
        }
        if let Frame::Client(event) = &entry.frame {
            let failed = self
                .conditions
                .iter()
                .position(|condition| !condition(event));
            reasons.extend(failed.map(|index| format!("condition {} is false", index + 1)));
        }
        if reasons.is_empty() {
            reasons.push("it is counted, and more are needed".to_owned());
        }
        let _ = writeln!(text, "  nearest: {}", entry.frame.to_json());
        let _ = writeln!(text, "  but {}", reasons.join(", and "));
    }
}

/// An expectation that is being written down. It counts from the start, with all the client has
/// sent already.
pub struct Expect<P> {
    list: Arc<Mutex<List>>,
    index: usize,
    payload: PhantomData<P>,
}

impl Expectations {
    /// Expects an event of a type, at least once unless more is said.
    #[track_caller]
    pub fn expect<P: EventPayload<ClientEvent>>(&self) -> Expect<P> {
        let mut list = self.list();
        list.expected.push(Expected {
            kind: P::KIND,
            conditions: Vec::new(),
            least: 1,
            most: None,
            session: None,
            within: None,
            place: Location::caller(),
        });
        Expect {
            list: Arc::clone(&self.list),
            index: list.expected.len() - 1,
            payload: PhantomData,
        }
    }

    /// Expects that a session has the first event of each of these types in this order. Others may
    /// come between.
    pub fn in_order(&self, kinds: impl IntoIterator<Item = ClientEventKind>) {
        self.list().in_order.push(kinds.into_iter().collect());
    }

    /// Checks all expectations against what was sent.
    ///
    /// # Errors
    ///
    /// All that is not as expected, with the timeline.
    pub fn verify(&self, journal: &Journal) -> Result<(), Unmet> {
        let entries = journal.entries();
        let list = self.list();
        let counts = list.expected.iter().filter_map(|it| it.check(&entries));
        let orders = list.in_order.iter();
        let orders = orders.filter_map(|kinds| check_order(kinds, &entries));
        let faults: Vec<String> = counts.chain(orders).collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Unmet {
            faults,
            forgotten: journal.forgotten(),
            timeline: journal.timeline(),
        })
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says where an order breaks, if no session has it.
fn check_order(kinds: &[ClientEventKind], entries: &[Entry]) -> Option<String> {
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

impl<P: EventPayload<ClientEvent>> Expect<P> {
    /// Only events that fulfil this count.
    pub fn where_(&self, condition: impl Fn(&P) -> bool + Send + 'static) -> &Self {
        self.change(|expected| {
            let condition = move |event: &ClientEvent| P::of(event).is_some_and(&condition);
            expected.conditions.push(Box::new(condition));
        })
    }

    /// So many: `times(2)`, `times(1..=3)`, `times(..2)`.
    ///
    /// # Panics
    ///
    /// If no number is in the range, so that the expectation could never be met.
    #[track_caller]
    pub fn times(&self, times: impl Into<Times>) -> &Self {
        let Times { least, most } = times.into();
        assert!(
            most.is_none_or(|most| most >= least),
            "nothing comes at least {least} times and at most {} times",
            most.unwrap_or_default()
        );
        self.change(|expected| (expected.least, expected.most) = (least, most))
    }

    /// So many or more.
    pub fn at_least(&self, times: usize) -> &Self {
        self.change(|expected| (expected.least, expected.most) = (times, None))
    }

    /// So many or fewer.
    pub fn at_most(&self, times: usize) -> &Self {
        self.change(|expected| (expected.least, expected.most) = (0, Some(times)))
    }

    /// None.
    pub fn never(&self) -> &Self {
        self.at_most(0)
    }

    /// Only in this session, from 0.
    pub fn in_session(&self, session: usize) -> &Self {
        self.change(|expected| expected.session = Some(session))
    }

    /// Only so soon after the start of its session.
    pub fn within(&self, time: Duration) -> &Self {
        self.change(|expected| expected.within = Some(time))
    }

    fn change(&self, change: impl FnOnce(&mut Expected)) -> &Self {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(expected) = list.expected.get_mut(self.index) {
            change(expected);
        }
        drop(list);
        self
    }
}

/// How often something is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    least: usize,
    most: Option<usize>,
}

impl From<usize> for Times {
    fn from(times: usize) -> Self {
        Self {
            least: times,
            most: Some(times),
        }
    }
}

macro_rules! times_from_range {
    ($($range:ty),*) => {
        $(
            impl From<$range> for Times {
                fn from(range: $range) -> Self {
                    let least = match range.start_bound() {
                        Bound::Included(least) => *least,
                        Bound::Excluded(below) => below.saturating_add(1),
                        Bound::Unbounded => 0,
                    };
                    let most = match range.end_bound() {
                        Bound::Included(most) => Some(*most),
                        Bound::Excluded(above) => Some(above.saturating_sub(1)),
                        Bound::Unbounded => None,
                    };
                    Self { least, most }
                }
            }
        )*
    };
}

times_from_range!(
    std::ops::Range<usize>,
    std::ops::RangeInclusive<usize>,
    std::ops::RangeFrom<usize>,
    std::ops::RangeTo<usize>,
    std::ops::RangeToInclusive<usize>
);

impl fmt::Debug for Expectations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list();
        let expected = list.expected.iter().map(Expected::describe);
        f.debug_list().entries(expected).finish()
    }
}

impl<P> fmt::Debug for Expect<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expect<{}>", type_name::<P>())
    }
}

/// Expectations that were not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    faults: Vec<String>,
    forgotten: u64,
    timeline: String,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            writeln!(f, "{fault}")?;
        }
        if self.forgotten > 0 {
            writeln!(
                f,
                "({} older frames were not kept, nor counted)",
                self.forgotten
            )?;
        }
        write!(f, "what was sent:\n{}", self.timeline)
    }
}

impl std::error::Error for Unmet {}
