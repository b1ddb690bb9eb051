//! What waits to be sent.

use std::collections::VecDeque;

use crate::protocol::EventId;
use crate::protocol::realtime::ServerEvent;

use super::ids::Ids;
use super::io::Output;

/// What waits to be sent, and the ids it gets.
#[derive(Debug)]
pub(super) struct Outbox<S = ServerEvent> {
    pub(super) ids: Ids,
    queue: VecDeque<Output<S>>,
}

impl<S> Outbox<S> {
    pub(super) const fn new(ids: Ids) -> Self {
        Self {
            ids,
            queue: VecDeque::new(),
        }
    }

    /// Queues the event that `make` makes with a fresh id.
    pub(super) fn send<P: Into<S>>(&mut self, make: impl FnOnce(EventId) -> P) {
        let event = make(self.ids.event());
        self.push_event(event);
    }

    /// Queues an event that has its id, or needs none.
    pub(super) fn push_event(&mut self, event: impl Into<S>) {
        self.push(Output::Event(event.into()));
    }

    pub(super) fn push(&mut self, output: Output<S>) {
        self.queue.push_back(output);
    }

    /// What is to be sent first. Once there is nothing, what it was kept in is given back: most
    /// sessions have nothing to send most of the time.
    pub(super) fn pop(&mut self) -> Option<Output<S>> {
        let first = self.queue.pop_front();
        if first.is_none() {
            self.queue = VecDeque::new();
        }
        first
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
