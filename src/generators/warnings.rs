//! What a generator finds wrong while a session runs.

use std::sync::{Arc, Mutex, PoisonError};

/// So many are kept.
const KEPT: usize = 1_000;

/// What seems wrong, each once, in the order in which it was found. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Adds one, and tells it to the log. One that is there is not added again.
    pub fn add(&self, warning: impl Into<String>) {
        let warning = warning.into();
        tracing::warn!("{warning}");
        // What a panicking test leaves behind is still good to look at.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&warning) && all.len() < KEPT {
            all.push(warning);
        }
    }

    /// Those there are, of very many the first thousand.
    pub fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
