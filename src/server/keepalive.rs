//! Whether the client is still there: PINGs, and what is waited for.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Limits;

/// When the next PING is due, or its answer overdue.
///
/// *Inferred* is what becomes of a client that does not answer; see [`Limits::ping_after`].
#[derive(Debug)]
pub(super) struct Keepalive {
    after: Duration,
    within: Duration,
    /// How many were sent. The number is what a PING carries.
    sent: u32,
    answered: bool,
    /// None if it is further away than time goes.
    next: Option<Instant>,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// A PING with this payload.
    Ping(Bytes),
    /// The client has not answered in time.
    Gone,
}

impl Keepalive {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            after: limits.ping_after,
            within: limits.pong_within,
            sent: 0,
            answered: true,
            next: now.checked_add(limits.ping_after),
        }
    }

    /// When to come back.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// What is due by now.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        if self.next.is_none_or(|next| next > now) {
            return Due::Nothing;
        }
        if !self.answered {
            return Due::Gone;
        }
        self.sent = self.sent.wrapping_add(1);
        self.answered = false;
        self.next = now.checked_add(self.within);
        Due::Ping(Bytes::copy_from_slice(&self.payload()))
    }

    /// The client has sent a PONG. One that answers nothing is none.
    pub(super) fn take_pong(&mut self, payload: &[u8], now: Instant) {
        if !self.answered && payload == self.payload() {
            self.answered = true;
            self.next = now.checked_add(self.after);
        }
    }

    /// As long as the observed ones.
    fn payload(&self) -> [u8; 4] {
        self.sent.to_be_bytes()
    }
}
