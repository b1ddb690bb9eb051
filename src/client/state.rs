//! A session at one moment.

use std::time::Duration;

use crate::engine::Session;
use crate::protocol::ConversationId;
use crate::protocol::realtime::{ConversationItem, Session as SessionObject};

/// A session at one moment, for a test to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct MockSessionState {
    /// The session object as the client was last told.
    pub settings: SessionObject,
    /// The conversation's id.
    pub conversation_id: ConversationId,
    /// The items of the conversation, oldest first.
    pub items: Vec<ConversationItem>,
    /// Whether a response of the conversation is on its way.
    pub is_responding: bool,
    /// How much audio was appended and neither committed nor cleared.
    pub buffered_audio: Duration,
}

impl MockSessionState {
    pub(super) fn of(session: &Session) -> Self {
        let conversation = session.conversation();
        Self {
            settings: session.settings().clone(),
            conversation_id: conversation.id().clone(),
            items: conversation.items().cloned().collect(),
            is_responding: session.is_responding(),
            buffered_audio: session.buffered_audio(),
        }
    }
}
