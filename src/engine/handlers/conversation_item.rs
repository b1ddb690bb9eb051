//! `conversation.item.*`.

use crate::engine::conversation::{id_of, status_of};
use crate::engine::coverage;
use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::protocol::realtime::{
    ConversationItemAdded, ConversationItemCreate, ConversationItemDelete, ConversationItemDone,
    ConversationItemHandler, ConversationItemRetrieve, ConversationItemTruncate, ItemStatus,
};
use crate::protocol::{EventPayload, Patch};

use super::Handled;

impl ConversationItemHandler<Handled> for Session {
    fn conversation_item_create(&mut self, event: ConversationItemCreate) -> Handled {
        let index = self
            .conversation
            .place_after(event.previous_item_id.as_ref())?;
        let mut item = event.item;
        let id = id_of(&mut item);
        if id.is_empty() {
            *id = self.outbox.ids.item();
        } else if self.conversation.index_of(id).is_some() {
            return Err(Refusal::duplicate_item(id));
        }
        let id = id.clone();
        if let Some(status) = status_of(&mut item) {
            *status = Some(ItemStatus::Completed);
        }
        let previous = Patch::from(self.conversation.id_before(index).cloned());
        self.conversation.insert(index, id, item.clone());
        self.outbox.send(|id| {
            let mut added = ConversationItemAdded::new(id, item.clone());
            added.previous_item_id = previous.clone();
            added
        });
        self.outbox.send(|id| {
            let mut done = ConversationItemDone::new(id, item);
            done.previous_item_id = previous;
            done
        });
        Ok(())
    }

    fn conversation_item_delete(&mut self, _: ConversationItemDelete) -> Handled {
        coverage::not_handled(ConversationItemDelete::KIND)
    }

    fn conversation_item_retrieve(&mut self, _: ConversationItemRetrieve) -> Handled {
        coverage::not_handled(ConversationItemRetrieve::KIND)
    }

    fn conversation_item_truncate(&mut self, _: ConversationItemTruncate) -> Handled {
        coverage::not_handled(ConversationItemTruncate::KIND)
    }
}
