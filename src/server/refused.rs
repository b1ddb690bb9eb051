//! A connection that is opened to say why there is no session.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::{Ids, Input, Output};
use crate::mock::{Engine, Identity, MakeEvent, SentKind};
use crate::protocol::Event;
use crate::protocol::realtime::{ClientEvent, ServerEvent};

use super::refusals::HandshakeRefusal;

/// An `error` and a close. It hears nothing.
#[derive(Debug)]
pub(super) struct RefusedSession {
    says: VecDeque<Output>,
}

impl RefusedSession {
    /// `seed` and `started_at` are what the session would have had.
    pub(super) fn new(refusal: HandshakeRefusal, seed: u64, started_at: u64) -> Self {
        let id = Ids::new(seed, started_at).event();
        let reason = refusal.reason();
        let error = refusal.refusal.into_event(id);
        Self {
            says: [
                Output::Event(error.into()),
                Output::Close {
                    code: refusal.close,
                    reason,
                },
            ]
            .into(),
        }
    }
}

impl Engine for RefusedSession {
    type Client = ClientEvent;
    type Server = ServerEvent;

    fn handle(&mut self, _: Input<'_>, _: Duration) {}

    fn poll(&mut self) -> Option<Output> {
        self.says.pop_front()
    }

    fn deadline(&self) -> Option<Duration> {
        None
    }

    fn has_more(&self) -> bool {
        !self.says.is_empty()
    }

    fn inject(&mut self, _: MakeEvent) {}

    fn inject_text(&mut self, _: String) {}

    fn close(&mut self, _: u16, _: String) {}

    fn kind(event: &ServerEvent) -> SentKind {
        SentKind::Conversation(event.kind())
    }

    fn identity(&self) -> Identity {
        Identity::default()
    }
}
