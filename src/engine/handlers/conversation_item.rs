//! `conversation.item.*`.

use std::time::Duration;

use crate::engine::conversation::{id_of, status_of};
use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::protocol::realtime::{
    ConversationItem, ConversationItemCreate, ConversationItemDelete, ConversationItemDeleted,
    ConversationItemHandler, ConversationItemRetrieve, ConversationItemRetrieved,
    ConversationItemTruncate, ConversationItemTruncated, ItemStatus,
};

use super::Handled;

/// The most characters of an item's id. Inferred, from what users reported.
const MAX_ITEM_ID: usize = 32;

/// The most outputs that may wait for the end of a response. A response with more calls is not
/// known.
const MAX_HELD_BACK: usize = 1_000;

impl ConversationItemHandler<Handled> for Session {
    fn conversation_item_create(&mut self, event: ConversationItemCreate) -> Handled {
        let index = self
            .conversation
            .place_after(event.previous_item_id.as_ref())?;
        self.check_call(&event.item)?;
        if matches!(event.item, ConversationItem::FunctionCallOutput(_))
            && self.active_response().is_some()
        {
            if self.held_back.len() >= MAX_HELD_BACK {
                return Err(Refusal::too_many_waiting_items(MAX_HELD_BACK));
            }
            // Recorded: an output that comes before its response is done is added after it.
            self.held_back.push(event);
            return Ok(());
        }
        let mut item = event.item;
        let id = id_of(&mut item);
        if id.is_empty() {
            *id = self.outbox.ids.item();
        } else if id.chars().count() > MAX_ITEM_ID {
            return Err(Refusal::item_id_too_long(MAX_ITEM_ID, id.chars().count()));
        } else if self.conversation.index_of(id).is_some() {
            return Err(Refusal::duplicate_item(id));
        }
        let id = id.clone();
        if let Some(status) = status_of(&mut item) {
            *status = Some(ItemStatus::Completed);
        }
        self.add_item(index, id, item);
        Ok(())
    }

    fn conversation_item_delete(&mut self, event: ConversationItemDelete) -> Handled {
        if !self.conversation.remove(&event.item_id) {
            return Err(Refusal::no_item_to_delete(&event.item_id));
        }
        self.forget_committed_audio(&event.item_id);
        self.outbox
            .send(|id| ConversationItemDeleted::new(id, event.item_id));
        Ok(())
    }

    fn conversation_item_retrieve(&mut self, event: ConversationItemRetrieve) -> Handled {
        let item = self.conversation.item(&event.item_id).cloned();
        let mut item = item.ok_or_else(|| Refusal::no_item_to_retrieve(&event.item_id))?;
        self.attach_committed_audio(&event.item_id, &mut item);
        self.outbox
            .send(|id| ConversationItemRetrieved::new(id, item));
        Ok(())
    }

    fn conversation_item_truncate(&mut self, event: ConversationItemTruncate) -> Handled {
        let end = Duration::from_millis(event.audio_end_ms);
        if !self.truncate_while_spoken(&event.item_id, end)? {
            self.conversation.truncate(&event.item_id, end)?;
        }
        self.outbox.send(|id| {
            let end = i64::try_from(event.audio_end_ms).unwrap_or(i64::MAX);
            let index = i64::try_from(event.content_index).unwrap_or(i64::MAX);
            ConversationItemTruncated::new(id, event.item_id, index, end)
        });
        Ok(())
    }
}

impl Session {
    /// Creates the items that had to wait for the end of a response.
    pub(in crate::engine) fn create_held_back(&mut self) {
        for event in std::mem::take(&mut self.held_back) {
            let event_id = event.event_id.clone();
            if let Err(refusal) = self.conversation_item_create(event) {
                self.refuse(refusal.of(event_id));
            }
        }
    }

    /// An output has to be that of a call in the conversation.
    fn check_call(&self, item: &ConversationItem) -> Handled {
        let ConversationItem::FunctionCallOutput(output) = item else {
            return Ok(());
        };
        let known = self.conversation.items().any(|item| match item {
            ConversationItem::FunctionCall(call) => call.call_id.as_ref() == Some(&output.call_id),
            _ => false,
        });
        if known {
            Ok(())
        } else {
            Err(Refusal::no_call(&output.call_id))
        }
    }
}
