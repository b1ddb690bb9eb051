//! All sessions of a mock, seen from outside.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::engine::SessionOptions;
use crate::expect::Journal;

use super::{MockSession, SessionControl};

/// Sees every session that is opened. Clones see the same.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    journal: Journal,
    controls: Arc<Mutex<Vec<SessionControl>>>,
    opened: watch::Sender<usize>,
}

impl Observer {
    pub(crate) fn new(journal: Journal) -> Self {
        Self {
            journal,
            controls: Arc::default(),
            opened: watch::Sender::new(0),
        }
    }

    /// Opens a session and sees it.
    pub(crate) fn open(&self, options: SessionOptions) -> MockSession {
        let control = SessionControl::default();
        let mut controls = self.controls();
        let number = controls.len();
        controls.push(control.clone());
        drop(controls);
        self.opened.send_replace(number + 1);
        MockSession::observed(options, number, self.journal.clone(), control)
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
