//! The conversation: its items, in order.

use crate::protocol::realtime::{ConversationItem, FunctionCall, ItemStatus, Message};
use crate::protocol::{ConversationId, ItemId};

use super::refusal::Refusal;

/// The client's word for "before everything else".
const ROOT: &str = "root";

/// The items of a session, in order.
#[derive(Clone, Debug)]
pub struct Conversation {
    id: ConversationId,
    items: Vec<(ItemId, ConversationItem)>,
}

impl Conversation {
    pub(crate) fn new(id: ConversationId) -> Self {
        Self {
            id,
            items: Vec::new(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &ConversationId {
        &self.id
    }

    /// Its items, oldest first.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &ConversationItem> {
        self.items.iter().map(|(_, item)| item)
    }

    /// Where an item after `previous` would stand: at the end without one.
    pub(crate) fn place_after(&self, previous: Option<&ItemId>) -> Result<usize, Refusal> {
        match previous {
            None => Ok(self.items.len()),
            Some(id) if *id == ROOT => Ok(0),
            Some(id) => self
                .index_of(id)
                .map(|index| index + 1)
                .ok_or_else(|| Refusal::no_previous_item(id)),
        }
    }

    /// The id of the item before `index`.
    pub(crate) fn id_before(&self, index: usize) -> Option<&ItemId> {
        index
            .checked_sub(1)
            .and_then(|before| self.items.get(before))
            .map(|(id, _)| id)
    }

    pub(crate) fn index_of(&self, id: &ItemId) -> Option<usize> {
        self.items.iter().rposition(|(known, _)| known == id)
    }

    pub(crate) fn insert(&mut self, index: usize, id: ItemId, item: ConversationItem) {
        self.items.insert(index.min(self.items.len()), (id, item));
    }

    pub(crate) fn replace(&mut self, id: &ItemId, item: ConversationItem) {
        if let Some(index) = self.index_of(id) {
            self.items[index].1 = item;
        }
    }
}

/// The place where an item has its id.
pub(crate) fn id_of(item: &mut ConversationItem) -> &mut ItemId {
    match item {
        ConversationItem::Message(Message::System(item)) => item.id.get_or_insert_default(),
        ConversationItem::Message(Message::User(item)) => item.id.get_or_insert_default(),
        ConversationItem::Message(Message::Assistant(item)) => item.id.get_or_insert_default(),
        ConversationItem::FunctionCall(item) => item.id.get_or_insert_default(),
        ConversationItem::FunctionCallOutput(item) => item.id.get_or_insert_default(),
        ConversationItem::McpListTools(item) => item.id.get_or_insert_default(),
        ConversationItem::McpApprovalResponse(item) => &mut item.id,
        ConversationItem::McpCall(item) => &mut item.id,
        ConversationItem::McpApprovalRequest(item) => &mut item.id,
    }
}

/// The place where an item has its status, if its kind has one on the wire.
pub(crate) fn status_of(item: &mut ConversationItem) -> Option<&mut Option<ItemStatus>> {
    match item {
        ConversationItem::Message(Message::System(item)) => Some(&mut item.status),
        ConversationItem::Message(Message::User(item)) => Some(&mut item.status),
        ConversationItem::Message(Message::Assistant(item)) => Some(&mut item.status),
        ConversationItem::FunctionCall(FunctionCall { status, .. }) => Some(status),
        // Recorded: an output comes back without a status.
        _ => None,
    }
}
