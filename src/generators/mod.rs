//! What a response says.
//!
//! A [`ResponseGenerator`] is asked once a response and answers with a plan; the engine turns the
//! plan into events. Any closure from [`ResponseRequest`] to [`ResponsePlan`] is a generator.

mod scripted;

use std::fmt;

use crate::engine::Conversation;
use crate::protocol::realtime::{RealtimeSession, ResponseParams};

pub use scripted::Scripted;

/// What a generator is told.
#[derive(Clone, Copy, Debug)]
pub struct ResponseRequest<'a> {
    /// The session as it is.
    pub session: &'a RealtimeSession,
    /// The conversation as it is.
    pub conversation: &'a Conversation,
    /// What `response.create` asked for.
    pub params: &'a ResponseParams,
}

/// What a response consists of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePlan {
    /// Its output items, in order.
    pub items: Vec<PlannedItem>,
}

/// An output item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PlannedItem {
    /// A message with this text.
    Message {
        /// What it says.
        text: String,
    },
}

impl ResponsePlan {
    /// A single message.
    pub fn message(text: impl Into<String>) -> Self {
        Self {
            items: vec![PlannedItem::Message { text: text.into() }],
        }
    }
}

/// Decides what a response says.
pub trait ResponseGenerator: Send {
    /// The plan of the response to `request`.
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan;
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
