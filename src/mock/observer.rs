//! All sessions of a mock, seen from outside.

use std::ops::{Bound, RangeBounds};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::dialect::{Dialect, DialectSession};
use crate::engine::SessionOptions;
use crate::expect::Journal;
use crate::faults::Faults;

use super::{Engine, MockSession, SessionControl};

/// Sees every session that is opened. Clones see the same.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    journal: Journal,
    controls: Arc<Mutex<Vec<SessionControl>>>,
    opened: watch::Sender<usize>,
    connections: Arc<AtomicUsize>,
    faults: Arc<Mutex<Vec<FaultsOfSome>>>,
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
            controls: Arc::default(),
            opened: watch::Sender::new(0),
            connections: Arc::default(),
            faults: Arc::default(),
        }
    }

    /// Has the connections with these numbers, from 0, go wrong. The last that is said of a
    /// connection counts.
    pub(crate) fn add_faults(&self, connections: impl RangeBounds<usize>, faults: Faults) {
        let connections = (
            connections.start_bound().cloned(),
            connections.end_bound().cloned(),
        );
        let mut all = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(FaultsOfSome {
            connections,
            faults,
        });
    }

    /// A client connects: what is to go wrong with it.
    pub(crate) fn connect(&self) -> Faults {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let all = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest = all.iter().rev();
        latest
            .find(|some| some.connections.contains(&number))
            .map(|some| some.faults.clone())
            .unwrap_or_default()
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
        faults: &Faults,
    ) -> MockSession {
        faults.apply(&mut options);
        self.see(DialectSession::new(dialect, options), faults)
    }

    /// Sees a session, of whatever kind.
    pub(crate) fn see<E: Engine>(&self, session: E, faults: &Faults) -> MockSession<E> {
        let control = SessionControl::default();
        let mut controls = self.controls();
        let number = controls.len();
        controls.push(control.clone());
        drop(controls);
        self.opened.send_replace(number + 1);
        MockSession::observed(session, number, self.journal.clone(), control, faults)
    }

    /// A hand on each session that was opened so far, in order.
    pub(crate) fn sessions(&self) -> Vec<SessionControl> {
        self.controls().clone()
    }

    /// A hand on the session with this number, once it is opened.
    pub(crate) async fn session(&self, number: usize) -> SessionControl {
        let mut opened = self.opened.subscribe();
        loop {
            if let Some(control) = self.controls().get(number) {
                return control.clone();
            }
            // The sender is here, so that it cannot be gone.
            let _ = opened.changed().await;
        }
    }

    fn controls(&self) -> MutexGuard<'_, Vec<SessionControl>> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
