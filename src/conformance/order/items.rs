//! The items of the conversation, as both sides can know them.

use std::collections::HashMap;

use serde_json::Value;

use crate::protocol::realtime::ServerEventKind;

use super::super::rules::{
    ITEM_DONE_ONCE, ITEM_KNOWN, ITEM_NEW, ITEM_ORDER, PREVIOUS_ITEM, TRUNCATED_WITHIN,
};
use super::Report;
use super::responses::Responses;

/// The items, and the calls among them.
#[derive(Debug, Default)]
pub(super) struct Items {
    known: HashMap<String, Item>,
    /// What the client has created and the server not yet added, and whether it will: after an
    /// error nobody knows.
    announced: HashMap<String, bool>,
    /// Calls of functions, by call id, with what became of them.
    calls: HashMap<String, Call>,
}

/// An item of the conversation.
#[derive(Debug, Default)]
struct Item {
    /// Whether it was created and not yet added.
    only_created: bool,
    done: bool,
    deleted: bool,
    sound: Sound,
}

/// How much audio was sent of an item.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sound {
    ms: u64,
    /// Recorders cut audio out of their files. Then nobody knows how long it was.
    cut: bool,
}

/// A delta that is shorter than this was cut by who recorded it, in milliseconds.
const SHORTEST_DELTA: u64 = 5;

impl Sound {
    /// How long it is, where that is known: the audio of calls is in no event.
    pub(super) fn ms(self) -> Option<u64> {
        (!self.cut && self.ms > 0).then_some(self.ms)
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Its arguments are on their way.
    Open,
    /// It waits for its output.
    Waiting,
    /// It was never whole, so no output is asked for.
    Incomplete,
    /// It has its output.
    Answered,
}

impl Items {
    pub(super) fn see(
        &mut self,
        kind: ServerEventKind,
        event: &Value,
        responses: &Responses,
        report: &mut Report,
    ) {
        use ServerEventKind as Kind;
        match kind {
            Kind::ConversationItemAdded => self.added(event, report),
            Kind::ConversationItemCreated => self.begin(event, true, report),
            Kind::ConversationItemDone => self.done(event, responses, report),
            Kind::ConversationItemRetrieved => {
                self.has(&event["item"]["id"], "item.id", report);
            }
            Kind::ConversationItemTruncated => self.truncated(event, report),
            Kind::Error => self.doubt_announced(),
            Kind::ConversationItemDeleted => {
                if self.has(&event["item_id"], "item_id", report)
                    && let Some(item) = self.get_mut(&event["item_id"])
                {
                    item.deleted = true;
                }
            }
            _ => {}
        }
    }

    fn added(&mut self, event: &Value, report: &mut Report) {
        // As published, it is created first and then added.
        let id = event["item"]["id"].as_str();
        let known = id.and_then(|id| self.known.get_mut(id));
        if known.is_some_and(|item| std::mem::take(&mut item.only_created)) {
            return self.follows(event, report);
        }
        self.begin(event, false, report);
    }

    fn begin(&mut self, event: &Value, only_created: bool, report: &mut Report) {
        self.follows(event, report);
        let item = &event["item"];
        let Some(id) = item["id"].as_str() else {
            return;
        };
        self.announced.remove(id);
        let new = Item {
            only_created,
            ..Item::default()
        };
        let before = self.known.insert(id.to_owned(), new);
        if before.is_some_and(|item| !item.deleted) {
            report.breaks(&ITEM_NEW, "item.id", id, "the id of a new item");
        }
        self.note_call(item);
    }

    /// Whether the item before it is there.
    fn follows(&self, event: &Value, report: &mut Report) {
        if let Some(previous) = event["previous_item_id"].as_str()
            && !self.contains(previous)
        {
            let expected = "an item of the conversation, or null";
            report.breaks(&PREVIOUS_ITEM, "previous_item_id", previous, expected);
        }
    }

    fn done(&mut self, event: &Value, responses: &Responses, report: &mut Report) {
        let id = &event["item"]["id"];
        if !self.has(id, "item.id", report) {
            return;
        }
        if id.as_str().is_some_and(|id| responses.has_closed_item(id)) {
            let expected = "before the item is done in its response";
            report.breaks(&ITEM_ORDER, "", "after it", expected);
        }
        let Some(item) = self.get_mut(id) else { return };
        if std::mem::replace(&mut item.done, true) {
            report.breaks(
                &ITEM_DONE_ONCE,
                "item.id",
                id,
                "an item that is not done yet",
            );
        }
        self.note_call(&event["item"]);
    }

    fn truncated(&mut self, event: &Value, report: &mut Report) {
        if !self.has(&event["item_id"], "item_id", report) {
            return;
        }
        let sound = event["item_id"].as_str().and_then(|id| self.sound(id));
        if let (Some(sent), Some(end)) = (sound, event["audio_end_ms"].as_u64())
            && end > sent
        {
            let expected = format!("at most {sent}, as much as was sent");
            report.breaks(&TRUNCATED_WITHIN, "audio_end_ms", end, expected);
        }
    }

    /// Whether an item is there that something is said of; a violation otherwise.
    pub(super) fn has(&self, id: &Value, path: &str, report: &mut Report) -> bool {
        let Some(id) = id.as_str() else { return false };
        let there = self.contains(id);
        if !there {
            report.breaks(&ITEM_KNOWN, path, id, "an item of the conversation");
        }
        there
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.known.get(id).is_some_and(|item| !item.deleted)
    }

    /// Whether the client may name it: it is there, or will be.
    pub(super) fn contains_or_will(&self, id: &str) -> bool {
        self.contains(id) || self.announced.contains_key(id)
    }

    /// Whether no other item can have its id.
    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.contains(id) || self.announced.get(id).is_some_and(|sure| *sure)
    }

    /// The client creates it.
    pub(super) fn announce(&mut self, id: &str) {
        self.announced.insert(id.to_owned(), true);
    }

    /// The server has refused something.
    fn doubt_announced(&mut self) {
        self.announced.values_mut().for_each(|sure| *sure = false);
    }

    /// How much audio was sent of it in milliseconds, where that is known.
    pub(super) fn sound(&self, id: &str) -> Option<u64> {
        self.known.get(id)?.sound.ms()
    }

    /// Audio of an item is sent: so many bytes, and so many a millisecond.
    pub(super) fn add_sound(&mut self, id: &Value, bytes: u64, bytes_per_ms: Option<u64>) {
        let Some(item) = self.get_mut(id) else { return };
        match bytes_per_ms {
            Some(per_ms) if bytes >= SHORTEST_DELTA * per_ms => {
                item.sound.ms += bytes.div_ceil(per_ms);
            }
            _ => item.sound.cut = true,
        }
    }

    fn get_mut(&mut self, id: &Value) -> Option<&mut Item> {
        self.known.get_mut(id.as_str()?)
    }

    /// A function is called, if this is the item of a call.
    pub(super) fn note_call(&mut self, item: &Value) {
        if item["type"] != "function_call" {
            return;
        }
        let Some(call_id) = item["call_id"].as_str() else {
            return;
        };
        let state = match item["status"].as_str() {
            Some("in_progress") => Call::Open,
            Some("incomplete") => Call::Incomplete,
            _ => Call::Waiting,
        };
        let call = self.calls.entry(call_id.to_owned()).or_insert(state);
        if *call == Call::Open {
            *call = state;
        }
    }

    /// The client gives a call its output: what the call was before.
    pub(super) fn answer(&mut self, call_id: &str) -> Option<Call> {
        let call = self.calls.get_mut(call_id)?;
        Some(std::mem::replace(call, Call::Answered))
    }

    /// The calls that wait for their output. They are not asked for again.
    pub(super) fn take_unanswered(&mut self) -> Vec<String> {
        let waiting = self
            .calls
            .iter_mut()
            .filter(|(_, call)| **call == Call::Waiting);
        let mut ids: Vec<String> = waiting
            .map(|(id, call)| {
                *call = Call::Incomplete;
                id.clone()
            })
            .collect();
        ids.sort_unstable();
        ids
    }
}
