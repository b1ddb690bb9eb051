//! All sessions of a mock, seen from outside.

use std::collections::VecDeque;
use std::ops::{Bound, RangeBounds};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::dialect::{Dialect, DialectSession};
use crate::engine::SessionOptions;
use crate::expect::{Fired, Journal, Noted};
use crate::faults::{ConnectionFaults, Faults};

use super::{Engine, Identity, MockSession, SessionControl};

/// The most sessions that are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 100_000;

/// How time passes in sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Clock {
    /// With that of the driver.
    #[default]
    Driver,
    /// By [`SessionControl::advance`] alone.
    #[cfg(feature = "admin")]
    Manual,
}

/// A session that was opened, and the hand on it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    #[cfg_attr(
        not(feature = "admin"),
        allow(dead_code, reason = "only the admin API tells of sessions")
    )]
    pub(crate) identity: Identity,
    pub(crate) control: SessionControl,
}

/// The sessions that are remembered.
#[derive(Debug, Default)]
struct Sessions {
    /// How many before them are forgotten.
    forgotten: usize,
    seen: VecDeque<Seen>,
}

impl Sessions {
    /// Adds one; gives its number.
    fn add(&mut self, seen: Seen) -> usize {
        self.seen.push_back(seen);
        let number = self.forgotten + self.seen.len() - 1;
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
            self.forgotten += 1;
        }
        number
    }

    fn get(&self, number: usize) -> Option<&Seen> {
        self.seen.get(number.checked_sub(self.forgotten)?)
    }
}

/// Sees every session that is opened. Clones see the same.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    journal: Journal,
    clock: Clock,
    sessions: Arc<Mutex<Sessions>>,
    opened: watch::Sender<usize>,
    connections: Arc<AtomicUsize>,
    faults: Arc<Mutex<FaultsOfAll>>,
}

/// What is to go wrong.
#[derive(Debug, Default)]
struct FaultsOfAll {
    of_some: Vec<FaultsOfSome>,
    /// What was put in place last, in all connections since.
    put: Faults,
}

/// The faults of the connections with these numbers.
#[derive(Debug)]
struct FaultsOfSome {
    connections: (Bound<usize>, Bound<usize>),
    faults: Faults,
}

impl Observer {
    pub(crate) fn new(journal: Journal) -> Self {
        Self {
            journal,
            clock: Clock::default(),
            sessions: Arc::default(),
            opened: watch::Sender::new(0),
            connections: Arc::default(),
            faults: Arc::default(),
        }
    }

    /// The same, whose sessions go by this clock.
    #[cfg(feature = "admin")]
    pub(crate) fn on_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Has the connections with these numbers, from 0, go wrong, beside what was said of them before.
    pub(crate) fn add_faults(&self, connections: impl RangeBounds<usize>, faults: Faults) {
        let connections = (
            connections.start_bound().cloned(),
            connections.end_bound().cloned(),
        );
        self.of_all().of_some.push(FaultsOfSome {
            connections,
            faults,
        });
    }

    /// Has all connections from now on go wrong like this, and not as was put before.
    #[cfg(feature = "admin")]
    pub(crate) fn put_faults(&self, faults: Faults) {
        self.of_all().put = faults;
    }

    /// What was put last.
    #[cfg(feature = "admin")]
    pub(crate) fn faults_put(&self) -> Faults {
        self.of_all().put.clone()
    }

    fn of_all(&self) -> MutexGuard<'_, FaultsOfAll> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client connects: what is to go wrong with it, beside this.
    pub(crate) fn connect(&self, faults: &Faults) -> ConnectionFaults {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let all = self.of_all();
        let of_some = all.of_some.iter();
        let sets = of_some
            .filter(|some| some.connections.contains(&number))
            .map(|some| &some.faults);
        ConnectionFaults::of(number, sets.chain([faults, &all.put]))
    }

    /// A client is refused by a fault. It has no session, so that this stands under the number of the
    /// next.
    pub(crate) fn note_refused(&self, fired: Fired) {
        let next = *self.opened.borrow();
        self.journal.note(next, Duration::ZERO, Noted::fault(fired));
    }

    /// Every frame of every session.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// How many connections were tried.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Opens a session and sees it.
    pub(crate) fn open(
        &self,
        dialect: Dialect,
        mut options: SessionOptions,
        faults: &ConnectionFaults,
    ) -> MockSession {
        faults.apply(&mut options);
        self.see(DialectSession::new(dialect, options), faults)
    }

    /// Sees a session, of whatever kind.
    pub(crate) fn see<E: Engine>(&self, session: E, faults: &ConnectionFaults) -> MockSession<E> {
        let control = SessionControl::of(faults.clone(), session.warnings());
        let seen = Seen {
            identity: session.identity(),
            control: control.clone(),
        };
        let number = self.remembered().add(seen);
        self.opened.send_replace(number + 1);
        let journal = self.journal.clone();
        MockSession::observed(session, number, journal, control).on_clock(self.clock)
    }

    /// How many sessions were opened.
    #[cfg(feature = "admin")]
    pub(crate) fn opened(&self) -> usize {
        *self.opened.borrow()
    }

    /// A hand on each session that was opened so far, in order.
    pub(crate) fn sessions(&self) -> Vec<SessionControl> {
        let remembered = self.remembered();
        let controls = remembered.seen.iter().map(|seen| seen.control.clone());
        controls.collect()
    }

    /// Each session that is remembered, with its number.
    #[cfg(feature = "admin")]
    pub(crate) fn seen(&self) -> Vec<(usize, Seen)> {
        let remembered = self.remembered();
        let numbers = remembered.forgotten..;
        numbers.zip(remembered.seen.iter().cloned()).collect()
    }

    /// The session with this number, if it was opened and is remembered.
    pub(crate) fn seen_as(&self, number: usize) -> Option<Seen> {
        self.remembered().get(number).cloned()
    }

    /// Ends all sessions. On a manual clock a close might never arrive.
    #[cfg(feature = "admin")]
    pub(crate) fn end(&self, reason: &str) {
        for control in self.sessions() {
            match self.clock {
                Clock::Driver => {
                    control.close(1001, reason);
                    control.release();
                }
                Clock::Manual => control.break_connection(),
            }
        }
    }

    /// A hand on the session with this number, once it is opened.
    pub(crate) async fn session(&self, number: usize) -> SessionControl {
        let mut opened = self.opened.subscribe();
        loop {
            if let Some(seen) = self.seen_as(number) {
                return seen.control;
            }
            // The sender is here, so that it cannot be gone.
            let _ = opened.changed().await;
        }
    }

    fn remembered(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
