//! What a response says.
//!
//! A [`ResponseGenerator`] is asked once a response and answers with a plan; the engine turns the
//! plan into events. Any closure from [`ResponseRequest`] to [`ResponsePlan`] is a generator.

mod action;
mod errand;
mod plan;
mod scripted;
mod warnings;

use std::fmt;
use std::time::Duration;

use crate::engine::Conversation;
use crate::protocol::realtime::{RealtimeSession, ResponseParams};

pub use action::{Action, PlannedError};
pub use errand::{Errand, PendingPlan};
pub use plan::{
    Ending, PlannedCall, PlannedItem, PlannedMcpCall, PlannedMessage, PlannedUsage, ResponsePlan,
};
pub use scripted::Scripted;
pub use warnings::Warnings;

/// What a generator is told.
#[derive(Clone, Copy, Debug)]
pub struct ResponseRequest<'a> {
    /// The session as it is.
    pub session: &'a RealtimeSession,
    /// The conversation the response is to: the session's, or what `input` gave.
    pub conversation: &'a Conversation,
    /// What `response.create` asked for.
    pub params: &'a ResponseParams,
    /// How long nobody has said anything, where that is why there is a response.
    pub silence: Option<Duration>,
    /// The keys of a telephone that were pressed since the last response.
    pub keys: &'a str,
}

/// Decides what a response says.
pub trait ResponseGenerator: Send {
    /// The plan of the response to `request`.
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan;

    /// Where it writes what it finds wrong, so that tests can ask for it:
    /// [`SessionControl::warnings`](crate::mock::SessionControl::warnings).
    fn warnings(&self) -> Option<Warnings> {
        None
    }
}

impl<F> ResponseGenerator for F
where
    F: FnMut(ResponseRequest<'_>) -> ResponsePlan + Send,
{
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan {
        self(request)
    }
}

impl fmt::Debug for dyn ResponseGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseGenerator")
    }
}
