//! The conversation: its items, in order.

use std::ops::{AddAssign, SubAssign};
use std::time::Duration;

use crate::audio::Encoding;
use crate::protocol::realtime::{
    self, AssistantContent, ConversationItem, FunctionCall, ItemStatus, Message, UserContent,
};
use crate::protocol::{Base64Audio, ConversationId, ItemId};

use super::refusal::Refusal;
use super::usage;

/// The most items a conversation keeps, and the most bytes of text, images and audio in them. The
/// oldest leave it without an event, as they leave the model's view on the real server, which has
/// other limits.
const MAX_ITEMS: usize = 10_000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The client's word for "before everything else".
const ROOT: &str = "root";

/// The items of a session, in order.
#[derive(Clone, Debug)]
pub struct Conversation {
    id: ConversationId,
    entries: Vec<Entry>,
    /// Of all items together.
    size: Size,
}

#[derive(Clone, Debug)]
struct Entry {
    id: ItemId,
    item: ConversationItem,
    size: Size,
    /// The audio that was really sent, of an assistant's message, or heard, of a user's.
    audio: Option<ItemAudio>,
    /// What the user was heard to say in it, whether the client is told or not.
    heard: Option<String>,
}

/// How much of an item there is. It is counted when the item comes or changes: every response asks
/// for it, however long the conversation has become.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// Of text, images and audio.
    bytes: usize,
    /// Of text.
    tokens: u64,
}

impl Size {
    fn of(item: &ConversationItem) -> Self {
        Self {
            bytes: bytes_of(item),
            tokens: usage::item_tokens(item),
        }
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.tokens += other.tokens;
    }
}

impl SubAssign for Size {
    fn sub_assign(&mut self, other: Self) {
        self.bytes -= other.bytes;
        self.tokens -= other.tokens;
    }
}

/// How much audio of an item there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemAudio {
    pub(crate) encoding: Encoding,
    pub(crate) bytes: usize,
}

impl ItemAudio {
    fn duration(self) -> Duration {
        self.encoding.duration(self.bytes)
    }
}

impl Conversation {
    pub(crate) fn new(id: ConversationId) -> Self {
        Self {
            id,
            entries: Vec::new(),
            size: Size::default(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &ConversationId {
        &self.id
    }

    /// The object that stands for it in events.
    pub(crate) fn object(&self) -> realtime::Conversation {
        realtime::Conversation {
            id: Some(self.id.clone()),
            object: Some("realtime.conversation".to_owned()),
        }
    }

    /// Its items, oldest first.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &ConversationItem> {
        self.entries.iter().map(|entry| &entry.item)
    }

    /// The item with this id.
    pub fn item(&self, id: &ItemId) -> Option<&ConversationItem> {
        self.index_of(id).map(|index| &self.entries[index].item)
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the assistant has spoken: then its voice cannot be changed any more.
    pub(crate) fn has_assistant_audio(&self) -> bool {
        let spoke = |entry: &Entry| {
            let assistant = matches!(entry.item, ConversationItem::Message(Message::Assistant(_)));
            assistant && entry.audio.is_some_and(|audio| audio.bytes > 0)
        };
        self.entries.iter().any(spoke)
    }

    /// The tokens of all text in it.
    pub(crate) fn text_tokens(&self) -> u64 {
        self.size.tokens
    }

    /// The tokens of all speech in it, at what it cost when it was said or heard.
    pub(crate) fn audio_tokens(&self) -> u64 {
        let tokens = |entry: &Entry| match (&entry.item, entry.audio) {
            (ConversationItem::Message(Message::Assistant(_)), Some(audio)) => {
                usage::spoken_tokens(audio.duration())
            }
            (_, Some(audio)) => usage::heard_tokens(audio.duration()),
            (_, None) => 0,
        };
        self.entries.iter().map(tokens).sum()
    }

    /// Where an item after `previous` would stand: at the end without one.
    pub(crate) fn place_after(&self, previous: Option<&ItemId>) -> Result<usize, Refusal> {
        match previous {
            None => Ok(self.entries.len()),
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
            .and_then(|before| self.entries.get(before))
            .map(|entry| &entry.id)
    }

    pub(crate) fn index_of(&self, id: &ItemId) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.id == *id)
    }

    pub(crate) fn insert(&mut self, index: usize, id: ItemId, item: ConversationItem) {
        let entry = Entry {
            size: Size::of(&item),
            id,
            item,
            audio: None,
            heard: None,
        };
        self.size += entry.size;
        self.entries.insert(index.min(self.entries.len()), entry);
        self.forget_oldest();
    }

    fn forget_oldest(&mut self) {
        let mut left = self.entries.len();
        let mut too_many = 0;
        // The newest stays, whatever its size.
        while left > MAX_ITEMS || (self.size.bytes > MAX_BYTES && left > 1) {
            self.size -= self.entries[too_many].size;
            left -= 1;
            too_many += 1;
        }
        self.entries.drain(..too_many);
    }

    pub(crate) fn replace(&mut self, id: &ItemId, item: ConversationItem) {
        if let Some(index) = self.index_of(id) {
            self.entries[index].item = item;
            self.count_again(index);
        }
    }

    /// Counts an item that has changed.
    fn count_again(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        self.size -= entry.size;
        entry.size = Size::of(&entry.item);
        self.size += entry.size;
    }

    pub(crate) fn set_audio(&mut self, id: &ItemId, audio: ItemAudio) {
        if let Some(index) = self.index_of(id) {
            self.entries[index].audio = Some(audio);
        }
    }

    pub(crate) fn set_heard(&mut self, id: &ItemId, text: &str) {
        if let Some(index) = self.index_of(id) {
            self.entries[index].heard = Some(text.to_owned());
        }
    }

    /// What the user was heard to say in a spoken item, whether the client is told or not.
    pub fn heard(&self, id: &ItemId) -> Option<&str> {
        self.index_of(id)
            .and_then(|index| self.entries[index].heard.as_deref())
    }

    /// Removes an item; says whether it was there.
    pub(crate) fn remove(&mut self, id: &ItemId) -> bool {
        let index = self.index_of(id);
        if let Some(index) = index {
            let entry = self.entries.remove(index);
            self.size -= entry.size;
        }
        index.is_some()
    }

    /// Cuts the audio of an item at `end` and forgets what it said: the user has not heard it all.
    pub(crate) fn truncate(&mut self, id: &ItemId, end: Duration) -> Result<(), Refusal> {
        let index = self
            .index_of(id)
            .ok_or_else(|| Refusal::no_item_to_truncate(id))?;
        let entry = &mut self.entries[index];
        let (ConversationItem::Message(Message::Assistant(message)), Some(audio)) =
            (&mut entry.item, &mut entry.audio)
        else {
            return Err(Refusal::no_audio_to_truncate());
        };
        if end > audio.duration() {
            return Err(Refusal::audio_is_shorter(audio.duration(), end));
        }
        audio.bytes = audio.encoding.bytes_in(end);
        for part in &mut message.content {
            part.transcript = None;
        }
        self.count_again(index);
        Ok(())
    }
}

/// What of an item can be long.
fn bytes_of(item: &ConversationItem) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match item {
        ConversationItem::Message(Message::System(item)) => {
            item.content.iter().map(|part| text(&part.text)).sum()
        }
        ConversationItem::Message(Message::User(item)) => {
            let part = |part: &UserContent| {
                let audio = part.audio.as_ref().map_or(0, Base64Audio::len);
                let transcript = part.transcript.value().map_or(0, String::len);
                text(&part.text) + text(&part.image_url) + audio + transcript
            };
            item.content.iter().map(part).sum()
        }
        ConversationItem::Message(Message::Assistant(item)) => {
            let part = |part: &AssistantContent| {
                let audio = part.audio.as_ref().map_or(0, Base64Audio::len);
                text(&part.text) + text(&part.transcript) + audio
            };
            item.content.iter().map(part).sum()
        }
        ConversationItem::FunctionCall(item) => item.arguments.len(),
        ConversationItem::FunctionCallOutput(item) => item.output.len(),
        ConversationItem::McpCall(item) => {
            item.arguments.len() + item.output.value().map_or(0, String::len)
        }
        ConversationItem::McpApprovalRequest(item) => item.arguments.len(),
        ConversationItem::McpListTools(item) => {
            serde_json::to_string(&item.tools).map_or(0, |tools| tools.len())
        }
        ConversationItem::McpApprovalResponse(item) => item.reason.value().map_or(0, String::len),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(value: serde_json::Value) -> ConversationItem {
        serde_json::from_value(value).unwrap()
    }

    fn said(text: &str) -> ConversationItem {
        item(json!({ "type": "message", "role": "assistant",
            "content": [{ "type": "output_audio", "transcript": text }] }))
    }

    /// What it would be if all items were counted now.
    fn counted(conversation: &Conversation) -> (usize, u64) {
        let sizes = conversation.items().map(Size::of);
        sizes.fold((0, 0), |(bytes, tokens), size| {
            (bytes + size.bytes, tokens + size.tokens)
        })
    }

    #[test]
    fn its_size_is_that_of_its_items_however_they_come_change_and_go() {
        let mut conversation = Conversation::new(ConversationId::from("conv"));
        let (asked, answer) = (ItemId::from("asked"), ItemId::from("answer"));
        let mut sizes = Vec::new();
        let mut check = |conversation: &Conversation| {
            let size = conversation.size;
            assert_eq!((size.bytes, size.tokens), counted(conversation));
            sizes.push(conversation.text_tokens());
        };
        let question = json!({ "type": "message", "role": "user",
            "content": [{ "type": "input_text", "text": "How are you?" }] });
        conversation.insert(0, asked.clone(), item(question));
        check(&conversation);
        conversation.insert(1, answer.clone(), said(""));
        check(&conversation);
        conversation.replace(&answer, said("Very well."));
        check(&conversation);
        let audio = ItemAudio {
            encoding: Encoding::Pcm16,
            bytes: 48_000,
        };
        conversation.set_audio(&answer, audio);
        assert!(
            conversation
                .truncate(&answer, Duration::from_millis(500))
                .is_ok()
        );
        check(&conversation);
        assert!(conversation.remove(&asked));
        check(&conversation);
        assert_eq!(sizes, [4, 4, 7, 4, 0]);
    }
}
