//! What holds of every stream of server events, whatever the client does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Watches a session's events and panics at the first that breaks a rule.
#[derive(Default)]
pub(crate) struct Watch {
    event_ids: BTreeSet<String>,
    items: BTreeSet<String>,
    responses: BTreeMap<String, Response>,
    /// The response whose audio is played in a call.
    playing: Option<String>,
}

#[derive(Default)]
struct Response {
    done: bool,
    /// Output index to item, and how far it has come.
    items: BTreeMap<u64, Item>,
}

#[derive(Default)]
struct Item {
    id: String,
    part_open: bool,
    part_done: bool,
    done: bool,
    text: String,
}

impl Watch {
    pub(crate) fn see(&mut self, event: &Value) {
        if event.get("close").is_some() {
            return;
        }
        // The one event without an id.
        if event["type"] == "input_audio_buffer.dtmf_event_received" {
            return;
        }
        let id = text(event, "event_id");
        assert!(self.event_ids.insert(id), "an event id came twice: {event}");
        match event["type"].as_str().unwrap() {
            "conversation.item.added" => self.item_added(event),
            "conversation.item.done" | "conversation.item.retrieved" => {
                self.know_item(&event["item"]["id"], event);
            }
            "conversation.item.truncated" => self.know_item(&event["item_id"], event),
            "conversation.item.deleted" => {
                let known = self.items.remove(event["item_id"].as_str().unwrap());
                assert!(known, "deleted, but never added: {event}");
            }
            "output_audio_buffer.started" => {
                let before = self.playing.replace(text(event, "response_id"));
                assert_eq!(before, None, "two responses play at once: {event}");
            }
            "output_audio_buffer.stopped" | "output_audio_buffer.cleared" => {
                let playing = self.playing.take();
                assert_eq!(playing, Some(text(event, "response_id")), "{event}");
            }
            "response.created" => self.created(event),
            "response.done" => self.done(event),
            kind if kind.starts_with("response.") => self.within(event),
            _ => {}
        }
    }

    /// Whether something is left open.
    pub(crate) fn is_waiting(&self) -> bool {
        self.playing.is_some() || self.responses.values().any(|response| !response.done)
    }

    /// Panics if something is left open.
    pub(crate) fn finish(&self) {
        assert_eq!(self.playing, None, "it plays for ever");
        for (id, response) in &self.responses {
            assert!(response.done, "{id} was never done");
        }
    }

    fn item_added(&mut self, event: &Value) {
        if let Some(previous) = event["previous_item_id"].as_str() {
            assert!(
                self.items.contains(previous),
                "no such previous item: {event}"
            );
        }
        let new = self.items.insert(text(&event["item"], "id"));
        assert!(new, "an item was added twice: {event}");
    }

    fn know_item(&self, id: &Value, event: &Value) {
        assert!(
            self.items.contains(id.as_str().unwrap()),
            "no such item: {event}"
        );
    }

    fn created(&mut self, event: &Value) {
        let response = &event["response"];
        assert_eq!(response["status"], "in_progress");
        assert_eq!(response["output"], Value::Array(Vec::new()));
        let in_conversation = response["conversation_id"].is_string();
        if in_conversation {
            let active = self.responses.values().filter(|known| !known.done).count();
            // Those beside the conversation are not told apart here; one of each may run.
            assert!(active < 50, "too many responses at once");
        }
        let new = self
            .responses
            .insert(text(response, "id"), Response::default())
            .is_none();
        assert!(new, "a response was created twice: {event}");
    }

    fn within(&mut self, event: &Value) {
        let kind = event["type"].as_str().unwrap();
        // The events of an MCP call name no response.
        let Some(id) = event["response_id"].as_str() else {
            return;
        };
        let response = self
            .responses
            .get_mut(id)
            .unwrap_or_else(|| panic!("no such response: {event}"));
        assert!(!response.done, "after the response was done: {event}");
        let index = event["output_index"].as_u64().unwrap();
        if kind == "response.output_item.added" {
            assert_eq!(
                index,
                response.items.len() as u64,
                "the output index does not count up: {event}"
            );
            response.items.insert(
                index,
                Item {
                    id: text(&event["item"], "id"),
                    ..Item::default()
                },
            );
            return;
        }
        let item = response
            .items
            .get_mut(&index)
            .unwrap_or_else(|| panic!("no such output item: {event}"));
        assert!(!item.done, "after the item was done: {event}");
        match kind {
            "response.output_item.done" => {
                assert_eq!(event["item"]["id"], item.id.as_str());
                assert_eq!(
                    item.part_open, item.part_done,
                    "the part was not closed: {event}"
                );
                item.done = true;
                return;
            }
            "response.content_part.added" => {
                assert!(!item.part_open, "a part was opened twice: {event}");
                item.part_open = true;
            }
            "response.content_part.done" => {
                assert!(
                    item.part_open && !item.part_done,
                    "a part was closed that is not open: {event}"
                );
                item.part_done = true;
            }
            "response.output_text.delta"
            | "response.output_audio_transcript.delta"
            | "response.function_call_arguments.delta"
            | "response.mcp_call_arguments.delta" => {
                item.text.push_str(event["delta"].as_str().unwrap());
            }
            "response.output_text.done" => assert_eq!(event["text"], item.text.as_str()),
            "response.output_audio_transcript.done" => {
                assert_eq!(event["transcript"], item.text.as_str());
            }
            "response.function_call_arguments.done" | "response.mcp_call_arguments.done" => {
                assert_eq!(event["arguments"], item.text.as_str());
            }
            _ => {}
        }
        assert_eq!(
            event["item_id"],
            item.id.as_str(),
            "another item's index: {event}"
        );
    }

    fn done(&mut self, event: &Value) {
        let response = &event["response"];
        let id = text(response, "id");
        let known = self
            .responses
            .get_mut(&id)
            .unwrap_or_else(|| panic!("no such response: {event}"));
        assert!(!known.done, "a response was done twice: {event}");
        known.done = true;
        assert!(
            known.items.values().all(|item| item.done),
            "an item was left open: {event}"
        );
        let output: Vec<&str> = response["output"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        let mut items: Vec<&str> = known.items.values().map(|item| item.id.as_str()).collect();
        items.sort_unstable();
        let mut sorted = output.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, items, "the output is not what was sent: {event}");
        adds_up(&response["usage"]);
    }
}

fn adds_up(usage: &Value) {
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap();
    let (input, output) = (count("/input_tokens"), count("/output_tokens"));
    assert_eq!(count("/total_tokens"), input + output, "{usage}");
    let details = ["text", "audio", "image"]
        .map(|kind| count(&format!("/input_token_details/{kind}_tokens")));
    assert_eq!(details.iter().sum::<u64>(), input, "{usage}");
    let cached = count("/input_token_details/cached_tokens");
    assert!(cached <= input && cached.is_multiple_of(64), "{usage}");
    let said = ["text", "audio"].map(|kind| count(&format!("/output_token_details/{kind}_tokens")));
    assert_eq!(said.iter().sum::<u64>(), output, "{usage}");
}

fn text(value: &Value, key: &str) -> String {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {value}"))
        .to_owned()
}
