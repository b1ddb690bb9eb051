//! Responses, from their creation to their end.

use std::collections::HashMap;

use serde_json::Value;

use crate::protocol::realtime::ServerEventKind;

use super::super::rules::{
    CALL_SAME, DELTAS_ARE_WHOLE, ITEM_ORDER, ONE_RESPONSE, OUTPUT_COMPLETE, OUTPUT_INDEX,
    OUTPUT_KNOWN, OUTPUT_OVER, PART_CLOSED, PART_OPEN, PLAYBACK_PAIRS, RESPONSE_DONE_ONCE,
    RESPONSE_KNOWN, RESPONSE_OPENS, RESPONSE_OVER, STATUS_EXPLAINED,
};
use super::items::Items;
use super::{Report, SessionFacts, bytes_per_ms, tally};

/// All responses of the session.
#[derive(Debug, Default)]
pub(super) struct Responses {
    known: HashMap<String, Response>,
    /// The one of the conversation that is on its way.
    active: Option<String>,
    /// The one that is played.
    playing: Option<String>,
    /// Whether the model has spoken.
    has_spoken: bool,
}

#[derive(Debug, Default)]
struct Response {
    done: bool,
    output: Vec<OutputItem>,
    /// Of its audio, which need not be in the session's format.
    bytes_per_ms: Option<u64>,
}

#[derive(Debug, Default)]
struct OutputItem {
    id: String,
    done: bool,
    name: Value,
    call_id: Value,
    /// The parts that are open, and what their deltas have made so far.
    parts: Vec<Part>,
    arguments: String,
}

#[derive(Debug, Default)]
struct Part {
    index: u64,
    done: bool,
    text: String,
    transcript: String,
}

impl OutputItem {
    /// The part an event is about; the last one where it does not say.
    fn part(&mut self, event: &Value) -> Option<&mut Part> {
        match event["content_index"].as_u64() {
            Some(index) => self.parts.iter_mut().find(|part| part.index == index),
            None => self.parts.last_mut(),
        }
    }
}

impl Responses {
    pub(super) fn see(
        &mut self,
        kind: ServerEventKind,
        event: &Value,
        items: &mut Items,
        session: &SessionFacts,
        report: &mut Report,
    ) {
        use ServerEventKind as Kind;
        match kind {
            Kind::ResponseCreated => self.created(event, session, report),
            Kind::ResponseDone => self.done(event, report),
            Kind::OutputAudioBufferStarted => {
                let before = self.playing.replace(text(&event["response_id"]));
                if let Some(before) = before {
                    report.breaks(
                        &PLAYBACK_PAIRS,
                        "",
                        format!("{before} is played"),
                        "nothing is played",
                    );
                }
            }
            Kind::OutputAudioBufferStopped | Kind::OutputAudioBufferCleared => {
                self.played(event, report);
            }
            // The events of calls of MCP servers name no response.
            _ if event["response_id"].is_string() && is_of_a_response(kind) => {
                self.within(kind, event, items, report);
            }
            _ => {}
        }
    }

    /// Whether a response of the conversation is on its way.
    pub(super) fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// Whether any response is on its way, in the conversation or beside it.
    pub(super) fn any_active(&self) -> bool {
        self.known.values().any(|response| !response.done)
    }

    /// Whether the model has spoken.
    pub(super) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// Whether an item is done in the response it belongs to, which is still on its way.
    pub(super) fn has_closed_item(&self, id: &str) -> bool {
        let open = self.known.values().filter(|response| !response.done);
        open.flat_map(|response| &response.output)
            .any(|item| item.id == id && item.done)
    }

    fn created(&mut self, event: &Value, session: &SessionFacts, report: &mut Report) {
        let response = &event["response"];
        let id = text(&response["id"]);
        if response["status"] != "in_progress" {
            report.breaks(
                &RESPONSE_OPENS,
                "response.status",
                &response["status"],
                "in_progress",
            );
        }
        if response["output"]
            .as_array()
            .is_some_and(|output| !output.is_empty())
        {
            report.breaks(
                &RESPONSE_OPENS,
                "response.output",
                &response["output"],
                "no item",
            );
        }
        let format = &response["audio"]["output"]["format"]["type"];
        let created = Response {
            bytes_per_ms: bytes_per_ms(format).or(session.output_bytes_per_ms),
            ..Response::default()
        };
        if self.known.insert(id.clone(), created).is_some() {
            report.breaks(&RESPONSE_OPENS, "response.id", &id, "a new id");
        }
        if response["conversation_id"].is_string() {
            // One that should not be there does not take the place of the one that is.
            if let Some(active) = &self.active {
                report.breaks(
                    &ONE_RESPONSE,
                    "",
                    format!("{active} is on its way"),
                    "none is",
                );
            }
            self.active.get_or_insert(id);
        }
    }

    fn done(&mut self, event: &Value, report: &mut Report) {
        let response = &event["response"];
        let id = text(&response["id"]);
        if self.active.as_ref() == Some(&id) {
            self.active = None;
        }
        let Some(known) = self.known.get_mut(&id) else {
            report.breaks(
                &RESPONSE_KNOWN,
                "response.id",
                &id,
                "a response that was created",
            );
            self.known.insert(
                id,
                Response {
                    done: true,
                    ..Response::default()
                },
            );
            return;
        };
        if std::mem::replace(&mut known.done, true) {
            report.breaks(
                &RESPONSE_DONE_ONCE,
                "response.id",
                &id,
                "a response that is on its way",
            );
            return;
        }
        known.ends_as(response, report);
        known.output.clear();
        tally::adds_up(&response["usage"], report);
    }

    fn played(&mut self, event: &Value, report: &mut Report) {
        let id = text(&event["response_id"]);
        let playing = self.playing.take();
        if playing.as_ref() != Some(&id) {
            let expected = playing.unwrap_or_else(|| "none, as nothing is played".to_owned());
            report.breaks(&PLAYBACK_PAIRS, "response_id", id, expected);
        }
    }

    /// An event that belongs to a response.
    fn within(
        &mut self,
        kind: ServerEventKind,
        event: &Value,
        items: &mut Items,
        report: &mut Report,
    ) {
        let id = text(&event["response_id"]);
        let Some(response) = self.known.get_mut(&id) else {
            report.breaks(
                &RESPONSE_KNOWN,
                "response_id",
                id,
                "a response that was created",
            );
            return;
        };
        if response.done {
            report.breaks(
                &RESPONSE_OVER,
                "response_id",
                id,
                "a response that is not done",
            );
            return;
        }
        let bytes_per_ms = response.bytes_per_ms;
        if kind == ServerEventKind::ResponseOutputItemAdded {
            response.add(event, items, report);
        } else if let Some(item) = response.item(event, report) {
            item.see(kind, event, items, report);
        }
        if kind == ServerEventKind::ResponseOutputAudioDelta {
            self.has_spoken = true;
            let bytes = event["delta"].as_str().map_or(0, decoded_length);
            items.add_sound(&event["item_id"], bytes, bytes_per_ms);
        }
    }
}

/// Whether an event with a `response_id` is a part of the response itself.
fn is_of_a_response(kind: ServerEventKind) -> bool {
    use ServerEventKind as Kind;
    matches!(
        kind,
        Kind::ResponseOutputItemAdded
            | Kind::ResponseOutputItemDone
            | Kind::ResponseContentPartAdded
            | Kind::ResponseContentPartDone
            | Kind::ResponseOutputTextDelta
            | Kind::ResponseOutputTextDone
            | Kind::ResponseOutputAudioDelta
            | Kind::ResponseOutputAudioDone
            | Kind::ResponseOutputAudioTranscriptDelta
            | Kind::ResponseOutputAudioTranscriptDone
            | Kind::ResponseFunctionCallArgumentsDelta
            | Kind::ResponseFunctionCallArgumentsDone
            | Kind::ResponseMcpCallArgumentsDelta
            | Kind::ResponseMcpCallArgumentsDone
    )
}

impl Response {
    fn add(&mut self, event: &Value, items: &mut Items, report: &mut Report) {
        let item = &event["item"];
        let id = text(&item["id"]);
        let next = self.output.len() as u64;
        if event["output_index"]
            .as_u64()
            .is_some_and(|index| index != next)
        {
            report.breaks(&OUTPUT_INDEX, "output_index", &event["output_index"], next);
        }
        if items.contains(&id) {
            let expected = "before the item is added to the conversation";
            report.breaks(&ITEM_ORDER, "", "after it", expected);
        }
        items.note_call(item);
        self.output.push(OutputItem {
            id,
            name: item["name"].clone(),
            call_id: item["call_id"].clone(),
            ..OutputItem::default()
        });
    }

    /// The item an event is about; a violation where there is none.
    fn item(&mut self, event: &Value, report: &mut Report) -> Option<&mut OutputItem> {
        let named = event.get("item_id").unwrap_or(&event["item"]["id"]);
        let named = named.as_str()?;
        let index = event["output_index"].as_u64();
        let place = if let Some(place) = self.output.iter().position(|item| item.id == named) {
            if index.is_some_and(|index| index != place as u64) {
                report.breaks(&OUTPUT_KNOWN, "output_index", &event["output_index"], place);
            }
            place
        } else {
            let expected = "an output item that was added";
            report.breaks(&OUTPUT_KNOWN, "item_id", named, expected);
            // It may be the one at this index, under a wrong name.
            usize::try_from(index?)
                .ok()
                .filter(|place| *place < self.output.len())?
        };
        let item = &mut self.output[place];
        if item.done {
            report.breaks(&OUTPUT_OVER, "item_id", named, "an item that is not done");
            return None;
        }
        Some(item)
    }

    fn ends_as(&self, response: &Value, report: &mut Report) {
        let status = response["status"].as_str().unwrap_or_default();
        let completed = status == "completed";
        if matches!(status, "cancelled" | "failed" | "incomplete")
            && !response["status_details"].is_object()
        {
            let found = &response["status_details"];
            report.breaks(
                &STATUS_EXPLAINED,
                "response.status_details",
                found,
                "why it is not completed",
            );
        }
        let Some(output) = response["output"].as_array() else {
            return;
        };
        let listed: Vec<&str> = output
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        let sent: Vec<&str> = self.output.iter().map(|item| item.id.as_str()).collect();
        // How much of a response that was stopped is listed, is not known.
        let listed_whole = if completed {
            listed == sent
        } else {
            listed.iter().all(|id| sent.contains(id))
        };
        if !listed_whole {
            report.breaks(
                &OUTPUT_COMPLETE,
                "response.output",
                listed.join(", "),
                sent.join(", "),
            );
        }
        if let Some(open) = self.output.iter().find(|item| completed && !item.done) {
            report.breaks(
                &OUTPUT_COMPLETE,
                "",
                format!("{} is not done", open.id),
                "all items are done",
            );
        }
    }
}

impl OutputItem {
    fn see(
        &mut self,
        kind: ServerEventKind,
        event: &Value,
        items: &mut Items,
        report: &mut Report,
    ) {
        use ServerEventKind as Kind;
        match kind {
            Kind::ResponseOutputItemDone => self.close(&event["item"], items, report),
            Kind::ResponseContentPartAdded => {
                if let Some(index) = event["content_index"].as_u64() {
                    self.parts.push(Part {
                        index,
                        ..Part::default()
                    });
                }
            }
            Kind::ResponseFunctionCallArgumentsDelta | Kind::ResponseMcpCallArgumentsDelta => {
                self.arguments
                    .push_str(event["delta"].as_str().unwrap_or_default());
            }
            Kind::ResponseFunctionCallArgumentsDone | Kind::ResponseMcpCallArgumentsDone => {
                whole(&self.arguments, &event["arguments"], "arguments", report);
                self.is_the_call(event, report);
            }
            _ => self.see_part(kind, event, report),
        }
    }

    /// An event of a part.
    fn see_part(&mut self, kind: ServerEventKind, event: &Value, report: &mut Report) {
        use ServerEventKind as Kind;
        let Some(part) = self.part(event).filter(|part| !part.done) else {
            let expected = "a part that is added and not done";
            report.breaks(
                &PART_OPEN,
                "content_index",
                &event["content_index"],
                expected,
            );
            return;
        };
        let delta = event["delta"].as_str().unwrap_or_default();
        match kind {
            Kind::ResponseOutputTextDelta => part.text.push_str(delta),
            Kind::ResponseOutputTextDone => whole(&part.text, &event["text"], "text", report),
            Kind::ResponseOutputAudioTranscriptDelta => part.transcript.push_str(delta),
            Kind::ResponseOutputAudioTranscriptDone => {
                whole(&part.transcript, &event["transcript"], "transcript", report);
            }
            Kind::ResponseContentPartDone => part.done = true,
            _ => {}
        }
    }

    fn close(&mut self, item: &Value, items: &mut Items, report: &mut Report) {
        self.done = true;
        items.note_call(item);
        self.is_the_call(item, report);
        // How an item that was stopped ends, is not known.
        let completed = item["status"] == "completed";
        if let Some(open) = self.parts.iter().find(|part| completed && !part.done) {
            let found = format!("part {} is open", open.index);
            report.breaks(&PART_CLOSED, "", found, "all parts are done");
        }
    }

    fn is_the_call(&self, event: &Value, report: &mut Report) {
        for (key, known) in [("name", &self.name), ("call_id", &self.call_id)] {
            if let (Some(known), Some(found)) = (known.as_str(), event[key].as_str())
                && known != found
            {
                report.breaks(&CALL_SAME, key, found, known);
            }
        }
    }
}

/// Whether the deltas make up the whole.
fn whole(deltas: &str, done: &Value, path: &str, report: &mut Report) {
    if let Some(done) = done.as_str()
        && done != deltas
    {
        report.breaks(
            &DELTAS_ARE_WHOLE,
            path,
            format!("{done:?}"),
            format!("{deltas:?}, as the deltas"),
        );
    }
}

/// The bytes in a base64 text.
pub(super) fn decoded_length(base64: &str) -> u64 {
    let padding = base64
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'=')
        .count();
    (base64.len() / 4 * 3).saturating_sub(padding) as u64
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
