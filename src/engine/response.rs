//! A response on its way: the plan as steps, each due at a time, each a few events.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::generators::{PlannedItem, ResponsePlan};
use crate::protocol::realtime::{
    AssistantContent, AssistantMessage, ContentPart, ConversationItem, ConversationItemAdded,
    ConversationItemDone, ItemStatus, Message, RateLimitsUpdated, Response,
    ResponseContentPartAdded, ResponseContentPartDone, ResponseCreated, ResponseDone,
    ResponseOutputItemAdded, ResponseOutputItemDone, ResponseOutputTextDelta,
    ResponseOutputTextDone, ResponseStatus, Usage,
};
use crate::protocol::{ItemId, Patch, ResponseId};

use super::pieces::pieces;
use super::session::Session;
use super::usage;

/// Delta and padding together have this many characters, in all recordings.
const PADDED_DELTA: usize = 16;

/// A response that is being sent.
#[derive(Debug)]
pub(super) struct ActiveResponse {
    response: Response,
    id: ResponseId,
    items: Vec<OutputItem>,
    steps: VecDeque<Step>,
    input_tokens: i64,
    output_tokens: i64,
}

/// An output item with what it says.
#[derive(Debug)]
struct OutputItem {
    id: ItemId,
    output_index: i64,
    text: String,
}

/// What happens next, and when.
#[derive(Debug)]
struct Step {
    at: Duration,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The item and its part are added.
    Open(usize),
    /// A piece of the item's text, by bytes.
    Delta(usize, Range<usize>),
    /// The text, the part and the item are done.
    Close(usize),
    /// The response is done.
    Finish,
}

impl ActiveResponse {
    /// The response's id.
    pub(super) fn id(&self) -> &ResponseId {
        &self.id
    }

    pub(super) fn next_step_at(&self) -> Option<Duration> {
        self.steps.front().map(|step| step.at)
    }
}

/// The steps of the items, all due at once: there is no pacing yet.
fn steps(items: &[OutputItem], at: Duration) -> VecDeque<Step> {
    let mut steps = VecDeque::new();
    for (index, item) in items.iter().enumerate() {
        steps.push_back(Step {
            at,
            what: What::Open(index),
        });
        let mut start = 0;
        for piece in pieces(&item.text) {
            let end = start + piece.len();
            steps.push_back(Step {
                at,
                what: What::Delta(index, start..end),
            });
            start = end;
        }
        steps.push_back(Step {
            at,
            what: What::Close(index),
        });
    }
    steps.push_back(Step {
        at,
        what: What::Finish,
    });
    steps
}

impl Session {
    /// Begins a response with this object and plan.
    pub(super) fn begin_response(
        &mut self,
        response: Response,
        id: ResponseId,
        plan: ResponsePlan,
    ) {
        let items = plan
            .items
            .into_iter()
            .zip(0..)
            .map(|(item, output_index)| match item {
                PlannedItem::Message { text } => OutputItem {
                    id: self.outbox.ids.item(),
                    output_index,
                    text,
                },
            });
        let items: Vec<OutputItem> = items.collect();
        let steps = steps(&items, self.now);
        let created = response.clone();
        self.outbox.send(|id| ResponseCreated::new(id, created));
        let input_tokens = usage::input_tokens(&self.settings, &self.conversation);
        self.active = Some(ActiveResponse {
            response,
            id,
            items,
            steps,
            input_tokens,
            output_tokens: 0,
        });
    }

    /// Does the next step if it is due; says whether it did.
    pub(super) fn step_response(&mut self) -> bool {
        let Some(mut active) = self.active.take() else {
            return false;
        };
        if active.next_step_at().is_none_or(|at| at > self.now) {
            self.active = Some(active);
            return false;
        }
        match active.steps.pop_front().map(|step| step.what) {
            Some(What::Open(index)) => self.open_item(&active, &active.items[index]),
            Some(What::Delta(index, range)) => {
                active.output_tokens += 1;
                self.send_delta(&active, &active.items[index], range);
            }
            Some(What::Close(index)) => {
                let item = self.close_item(&active, &active.items[index]);
                active.response.output.get_or_insert_default().push(item);
            }
            Some(What::Finish) | None => {
                self.finish(active);
                return true;
            }
        }
        self.active = Some(active);
        true
    }

    fn open_item(&mut self, active: &ActiveResponse, item: &OutputItem) {
        let opened = message(item, ItemStatus::InProgress, Vec::new());
        let index = self.conversation.place_after(None).unwrap_or_default();
        let previous = self.conversation.id_before(index).cloned();
        self.conversation
            .insert(index, item.id.clone(), opened.clone());
        self.outbox.send(|id| {
            ResponseOutputItemAdded::new(id, active.id.clone(), item.output_index, opened.clone())
        });
        self.outbox.send(|id| {
            let mut added = ConversationItemAdded::new(id, opened);
            added.previous_item_id = Patch::from(previous);
            added
        });
        self.outbox.send(|id| {
            let part = ContentPart::text("");
            ResponseContentPartAdded::new(
                id,
                active.id.clone(),
                item.id.clone(),
                item.output_index,
                0,
                part,
            )
        });
    }

    fn send_delta(&mut self, active: &ActiveResponse, item: &OutputItem, range: Range<usize>) {
        let delta = &item.text[range];
        let padding = PADDED_DELTA.saturating_sub(delta.chars().count());
        let obfuscation = self.outbox.ids.noise(padding);
        self.outbox.send(|id| ResponseOutputTextDelta {
            event_id: id,
            response_id: active.id.clone(),
            item_id: item.id.clone(),
            output_index: item.output_index,
            content_index: 0,
            delta: delta.to_owned(),
            obfuscation: Some(obfuscation),
        });
    }

    fn close_item(&mut self, active: &ActiveResponse, item: &OutputItem) -> ConversationItem {
        let content = AssistantContent::output_text(item.text.clone());
        let done = message(item, ItemStatus::Completed, vec![content]);
        self.conversation.replace(&item.id, done.clone());
        let previous = self.previous_of_done(&item.id);
        let at = (&active.id, &item.id, item.output_index);
        self.outbox.send(|id| {
            ResponseOutputTextDone::new(id, at.0.clone(), at.1.clone(), at.2, 0, item.text.clone())
        });
        self.outbox.send(|id| {
            ResponseContentPartDone::new(
                id,
                at.0.clone(),
                at.1.clone(),
                at.2,
                0,
                ContentPart::text(&item.text),
            )
        });
        self.outbox.send(|id| {
            let mut event = ConversationItemDone::new(id, done.clone());
            event.previous_item_id = Patch::from(previous);
            event
        });
        self.outbox
            .send(|id| ResponseOutputItemDone::new(id, at.0.clone(), at.2, done.clone()));
        done
    }

    /// What `conversation.item.done` says of the item before a generated one. In all recordings it
    /// is `null` where that item is the first of the conversation.
    fn previous_of_done(&self, id: &ItemId) -> Option<ItemId> {
        let index = self.conversation.index_of(id)?;
        if self.previous_item_id_quirk && index == 1 {
            return None;
        }
        self.conversation.id_before(index).cloned()
    }

    fn finish(&mut self, active: ActiveResponse) {
        let usage: Usage = usage::of_text(active.input_tokens, active.output_tokens);
        let used = active.input_tokens + active.output_tokens;
        let mut response = active.response;
        response.status = Some(ResponseStatus::Completed);
        response.usage = Patch::Value(usage);
        self.outbox.send(|id| ResponseDone::new(id, response));
        self.outbox
            .send(|id| RateLimitsUpdated::new(id, usage::rate_limits(used)));
    }
}

fn message(
    item: &OutputItem,
    status: ItemStatus,
    content: Vec<AssistantContent>,
) -> ConversationItem {
    let mut message = AssistantMessage::new(content);
    message.id = Some(item.id.clone());
    message.status = Some(status);
    ConversationItem::from(Message::from(message))
}
