//! What a client is expected to send, and how a failure is told.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::protocol::realtime::ClientEvent;
use crate::protocol::{DecodeReason, Event, EventKind, EventPayload, decode};

use super::evidence::Evidence;
use super::expected::{Condition, Expected, Place, check_order};

/// What a client is expected to send; or, with other events than those of clients, a carrier or a bridge
/// in a telephone call.
///
/// Clones share the list.
pub struct Expectations<E: Event = ClientEvent> {
    list: Arc<Mutex<List<E>>>,
}

struct List<E: Event> {
    expected: Vec<Expected<E>>,
    in_order: Vec<Vec<E::Kind>>,
}

impl<E: Event> Clone for Expectations<E> {
    fn clone(&self) -> Self {
        Self {
            list: Arc::clone(&self.list),
        }
    }
}

impl<E: Event> Default for Expectations<E> {
    fn default() -> Self {
        let list = List {
            expected: Vec::new(),
            in_order: Vec::new(),
        };
        Self {
            list: Arc::new(Mutex::new(list)),
        }
    }
}

/// An expectation that is being written down. It counts from the start, with all that was sent already.
pub struct Expect<P, E: Event = ClientEvent> {
    list: Arc<Mutex<List<E>>>,
    index: usize,
    payload: PhantomData<P>,
}

impl<E: Event> Expectations<E> {
    /// Expects an event of a type, at least once unless more is said.
    #[track_caller]
    pub fn expect<P: EventPayload<E>>(&self) -> Expect<P, E> {
        let mut list = self.list();
        list.expected
            .push(Expected::new(P::KIND, Place::Code(Location::caller())));
        Expect {
            list: Arc::clone(&self.list),
            index: list.expected.len() - 1,
            payload: PhantomData,
        }
    }

    /// Expects that a session has the first event of each of these types in this order. Others may
    /// come between.
    pub fn in_order(&self, kinds: impl IntoIterator<Item = E::Kind>) {
        self.list().in_order.push(kinds.into_iter().collect());
    }

    /// Adds an expectation that is there already.
    #[cfg(feature = "scenario")]
    pub(super) fn add(&self, expected: Expected<E>) {
        self.list().expected.push(expected);
    }

    /// Checks all expectations against what was sent.
    ///
    /// # Errors
    ///
    /// All that is not as expected, with the timeline.
    pub fn verify(&self, evidence: &impl Evidence<E>) -> Result<(), Unmet> {
        let (sent, sender) = (evidence.sent_events(), evidence.sender());
        let list = self.list();
        let counts = list.expected.iter();
        let counts = counts.filter_map(|it| it.check(&sent, sender));
        let orders = list.in_order.iter();
        let orders = orders.filter_map(|kinds| check_order(kinds, &sent));
        let faults: Vec<String> = counts.chain(orders).collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Unmet {
            faults,
            forgotten: evidence.left_out(),
            timeline: evidence.drawn(),
        })
    }

    fn list(&self) -> MutexGuard<'_, List<E>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Panics if no event of this type can have these fields. What is not there may be left out.
#[track_caller]
fn assert_possible<E: Event>(kind: E::Kind, fields: &Value) {
    let Value::Object(fields) = fields else {
        let kind = kind.as_str();
        panic!("`with` takes the fields of {kind} as an object, json!({{..}}), not {fields}");
    };
    if let Err(reason) = check_possible::<E>(kind, fields) {
        panic!("{reason}");
    }
}

/// Whether an event of this type can have these fields; the error says why not.
pub(super) fn check_possible<E: Event>(
    kind: E::Kind,
    fields: &Map<String, Value>,
) -> Result<(), String> {
    let (kind, mut event) = (kind.as_str(), fields.clone());
    let tag = event.entry(E::TAG).or_insert_with(|| kind.into());
    if tag != kind {
        return Err(format!("the {} of {kind} is never {tag}", E::TAG));
    }
    let decoded = decode::<E>(&Value::Object(event).to_string());
    match decoded {
        Err(error)
            if matches!(
                error.reason,
                DecodeReason::UnknownField
                    | DecodeReason::NotInEnum { .. }
                    | DecodeReason::WrongType { .. }
            ) =>
        {
            Err(format!("no {kind} can have these fields: {error}"))
        }
        _ => Ok(()),
    }
}

impl<P: EventPayload<E>, E: Event> Expect<P, E> {
    /// Only events that fulfil this count.
    pub fn where_(&self, condition: impl Fn(&P) -> bool + Send + 'static) -> &Self {
        self.change(|expected| {
            let condition = move |event: &E| P::of(event).is_some_and(&condition);
            let condition = Condition::Holds(Box::new(condition));
            expected.conditions.push(condition);
        })
    }

    /// Only events that have these fields with these values count, whatever else they have. Lists
    /// have to be as long as they are here. A failure says which field of the nearest event differs.
    ///
    /// ```
    /// use mock_realtime::client::MockRealtimeClient;
    /// use mock_realtime::engine::SessionOptions;
    /// use mock_realtime::protocol::realtime::ConversationItemCreate;
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut client = MockRealtimeClient::new(SessionOptions::default());
    /// client
    ///     .expect::<ConversationItemCreate>()
    ///     .with(json!({"item": {"content": [{"text": "Hello"}]}}));
    /// client.say("Hello");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If no event of this type can be like that: a field is not there in the protocol, or cannot
    /// have this value.
    #[track_caller]
    pub fn with(&self, fields: Value) -> &Self {
        assert_possible::<E>(P::KIND, &fields);
        self.change(|expected| expected.conditions.push(Condition::Has(fields)))
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

    /// Only so soon after the start of its session, or of the call.
    pub fn within(&self, time: Duration) -> &Self {
        self.change(|expected| expected.within = Some(time))
    }

    fn change(&self, change: impl FnOnce(&mut Expected<E>)) -> &Self {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(expected) = list.expected.get_mut(self.index) {
            change(expected);
        }
        drop(list);
        self
    }
}

impl<P: EventPayload<ClientEvent>> Expect<P> {
    /// Only in this session, from 0.
    pub fn in_session(&self, session: usize) -> &Self {
        self.change(|expected| expected.session = Some(session))
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

impl<E: Event> fmt::Debug for Expectations<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list();
        let expected = list.expected.iter().map(Expected::describe);
        f.debug_list().entries(expected).finish()
    }
}

impl<P, E: Event> fmt::Debug for Expect<P, E> {
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
