//! Where expectations look for what was sent.

use std::time::Duration;

use crate::protocol::realtime::ClientEvent;
use crate::protocol::{Event, EventKind};

use super::entry::Frame;
use super::journal::Journal;

/// An event that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct SentEvent<E> {
    /// When, counted from the start of its session, or of its call.
    pub at: Duration,
    /// The number of the session, from 0.
    pub session: usize,
    /// What.
    pub event: E,
}

/// What has kept the events of a kind that were sent: the [`Journal`] of a mock has those of its clients,
/// the `CallJournal` of a telephone call those of the carrier and of the bridge.
pub trait Evidence<E: Event> {
    /// Who sends such events, for people: `the client`.
    fn sender(&self) -> &'static str;

    /// All of them that are kept, in order.
    fn sent_events(&self) -> Vec<SentEvent<E>>;

    /// How many frames were too many to be kept.
    fn left_out(&self) -> u64;

    /// The last frames, of both sides, for people to read.
    fn drawn(&self) -> String;
}

impl Evidence<ClientEvent> for Journal {
    fn sender(&self) -> &'static str {
        "the client"
    }

    fn sent_events(&self) -> Vec<SentEvent<ClientEvent>> {
        let sent = self.entries().into_iter();
        let events = sent.filter_map(|entry| match entry.frame {
            Frame::Client(event) => Some(SentEvent {
                at: entry.at,
                session: entry.session,
                event,
            }),
            _ => None,
        });
        events.collect()
    }

    fn left_out(&self) -> u64 {
        self.forgotten()
    }

    fn drawn(&self) -> String {
        self.timeline()
    }
}

/// Whether two kinds are one.
pub(super) fn is_same<K: EventKind>(one: K, other: K) -> bool {
    one.as_str() == other.as_str()
}
