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
    /// How many outputs were taken out.
    taken: u64,
    /// The numbers, in that count, of those in the queue that a user of the mock asked for.
    injected: VecDeque<u64>,
    /// Whether the last that was taken out was one of them.
    was_injected: bool,
}

impl<S> Outbox<S> {
    pub(super) const fn new(ids: Ids) -> Self {
        Self {
            ids,
            queue: VecDeque::new(),
            taken: 0,
            injected: VecDeque::new(),
            was_injected: false,
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

    /// Queues something that a user of the mock asked for: the session would not have sent it.
    pub(super) fn inject(&mut self, output: Output<S>) {
        self.injected
            .push_back(self.taken + self.queue.len() as u64);
        self.push(output);
    }

    /// What is to be sent first. Once there is nothing, what it was kept in is given back: most
    /// sessions have nothing to send most of the time.
    pub(super) fn pop(&mut self) -> Option<Output<S>> {
        let first = self.queue.pop_front();
        if first.is_none() {
            self.queue = VecDeque::new();
            return None;
        }
        self.was_injected = self.injected.front() == Some(&self.taken);
        if self.was_injected {
            self.injected.pop_front();
        }
        self.taken += 1;
        first
    }

    /// Whether the last that was taken out was injected.
    pub(super) const fn was_injected(&self) -> bool {
        self.was_injected
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
