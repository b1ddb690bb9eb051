//! Which of the model's sessions belong to a call.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::model::Model;

/// A bridge calls its model within so long after its call began, or it calls none.
const CALLS_ITS_MODEL: Duration = Duration::from_secs(5);

/// Where it is not known when the model is called, the next call is dialled so long after: a carrier
/// puts through no more, and not all audio is due at the same instant.
const APART: Duration = Duration::from_millis(7);

/// The model's sessions that are opened while no other call is dialled.
pub(super) struct Sessions<'a> {
    model: Option<&'a Model>,
    /// Lets the next call be dialled when it is dropped.
    gate: Option<MutexGuard<'a, ()>>,
    /// Whether there may be several: then no other call is dialled until this one is over.
    has_several: bool,
    started: Instant,
    /// Their numbers, and when they began.
    opened: Vec<(usize, Instant)>,
}

impl<'a> Sessions<'a> {
    /// Those of a call that is dialled now. It is alone where there may be several.
    pub(super) fn new(
        model: Option<&'a Model>,
        gate: MutexGuard<'a, ()>,
        has_several: bool,
    ) -> Self {
        Self {
            model,
            gate: Some(gate),
            has_several,
            started: Instant::now(),
            opened: Vec::new(),
        }
    }

    /// When the call is dialled.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Takes all that are opened until this is done.
    pub(super) async fn during<T>(&mut self, call: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            never = self.gather() => match never {},
            result = call => result,
        }
    }

    async fn gather(&mut self) -> Infallible {
        self.first().await;
        if let Some(model) = self.model.filter(|_| self.has_several) {
            loop {
                let (number, began) = model.next_session().await;
                self.opened.push((number, began));
            }
        }
        pending().await
    }

    /// Waits for the first, as long as it may take.
    pub(super) async fn first(&mut self) {
        if self.gate.is_none() || !self.opened.is_empty() {
            return;
        }
        match self.model {
            Some(model) => {
                let until = self.started + CALLS_ITS_MODEL;
                let first = timeout_at(until, model.next_session()).await;
                self.opened.extend(first);
            }
            None => sleep_until(self.started + APART).await,
        }
        if !self.has_several {
            self.gate = None;
        }
    }

    /// Their numbers, and when they began in the call.
    pub(super) fn opened(self) -> Vec<(usize, Duration)> {
        let sessions = self.opened.into_iter();
        let since = |began: Instant| began.saturating_duration_since(self.started);
        sessions
            .map(|(number, began)| (number, since(began)))
            .collect()
    }
}
