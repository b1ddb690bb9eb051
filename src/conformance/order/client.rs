//! What the client has to keep.

use serde_json::Value;

use crate::protocol::realtime::{ClientEventKind, ServerEventKind};

use super::super::rules::{
    APPEND_SIZE, CALL_ANSWERED, CANCEL_ACTIVE, COMMIT_HAS_AUDIO, CREATE_WHEN_FREE, ITEM_EXISTS,
    ITEM_ID_NEW, MODEL_STAYS, OUTPUT_OF_CALL, TRUNCATE_WITHIN, VOICE_STAYS,
};
use super::items::{Call, Items};
use super::responses::{Responses, decoded_length};
use super::{Report, SessionFacts};

/// The most audio in one append, in bytes.
const MOST_APPENDED: u64 = 15 * 1024 * 1024;

/// The least audio that is committed, in milliseconds.
const LEAST_COMMITTED: u64 = 100;

/// What the client has done so far.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// Bytes appended since the last commit or clear.
    appended: u64,
    /// A commit that seems to be too short. The answer shows whether it was: recorders cut audio.
    short_commit: Option<Box<Report>>,
    /// Whether a response is asked for and not yet there.
    asked: bool,
}

impl Client {
    /// Takes what the client sends.
    pub(super) fn see(
        &mut self,
        kind: ClientEventKind,
        event: &Value,
        items: &mut Items,
        responses: &Responses,
        session: &SessionFacts,
        report: &mut Report,
    ) {
        use ClientEventKind as Kind;
        match kind {
            Kind::SessionUpdate => update(&event["session"], responses, session, report),
            Kind::InputAudioBufferAppend => self.append(event, report),
            Kind::InputAudioBufferClear => self.appended = 0,
            Kind::InputAudioBufferCommit => self.commit(session, report),
            Kind::ConversationItemCreate => create_item(event, items, report),
            Kind::ConversationItemRetrieve | Kind::ConversationItemDelete => {
                exists(&event["item_id"], "item_id", items, report);
            }
            Kind::ConversationItemTruncate => truncate(event, items, report),
            Kind::ResponseCreate => self.create(event, items, responses, report),
            Kind::ResponseCancel => {
                if !responses.any_active() && !self.asked {
                    report.breaks(&CANCEL_ACTIVE, "", "no response is on its way", "one is");
                }
            }
            Kind::OutputAudioBufferClear => {}
        }
    }

    /// Takes what the server answers.
    pub(super) fn hear(&mut self, kind: ServerEventKind, event: &Value) -> Option<Box<Report>> {
        use ServerEventKind as Kind;
        match kind {
            Kind::ResponseCreated => self.asked = false,
            Kind::InputAudioBufferCommitted => {
                self.appended = 0;
                self.short_commit = None;
            }
            Kind::Error => {
                self.asked = false;
                if event["error"]["code"] == "input_audio_buffer_commit_empty" {
                    return self.short_commit.take();
                }
            }
            _ => {}
        }
        None
    }

    pub(super) fn finish(&mut self) -> Option<Box<Report>> {
        self.short_commit.take()
    }

    fn append(&mut self, event: &Value, report: &mut Report) {
        let bytes = event["audio"].as_str().map_or(0, decoded_length);
        self.appended += bytes;
        if bytes > MOST_APPENDED {
            report.breaks(
                &APPEND_SIZE,
                "audio",
                format!("{bytes} bytes"),
                format!("at most {MOST_APPENDED}"),
            );
        }
    }

    fn commit(&mut self, session: &SessionFacts, report: &Report) {
        let Some(per_ms) = session.input_bytes_per_ms else {
            return;
        };
        let ms = self.appended / per_ms;
        if ms < LEAST_COMMITTED {
            let mut short = Report {
                event: report.event,
                event_type: report.event_type.clone(),
                found: Vec::new(),
            };
            short.breaks(
                &COMMIT_HAS_AUDIO,
                "",
                format!("{ms} ms"),
                format!("at least {LEAST_COMMITTED} ms"),
            );
            self.short_commit = Some(Box::new(short));
        }
    }

    fn create(
        &mut self,
        event: &Value,
        items: &mut Items,
        responses: &Responses,
        report: &mut Report,
    ) {
        let response = &event["response"];
        if response["conversation"] == "none" {
            return;
        }
        if responses.is_active() {
            report.breaks(&CREATE_WHEN_FREE, "", "a response is on its way", "none is");
            return;
        }
        self.asked = true;
        for call in items.take_unanswered() {
            report.breaks(
                &CALL_ANSWERED,
                "",
                format!("no output of {call}"),
                "one before the next response",
            );
        }
    }
}

fn update(update: &Value, responses: &Responses, session: &SessionFacts, report: &mut Report) {
    if let (Some(model), Some(current)) = (update["model"].as_str(), &session.model)
        && model != current
    {
        report.breaks(&MODEL_STAYS, "session.model", model, current);
    }
    let voice = update["audio"]["output"].get("voice");
    if let (Some(voice), Some(current)) = (voice, &session.voice)
        && voice != current
        && responses.has_spoken()
    {
        report.breaks(&VOICE_STAYS, "session.audio.output.voice", voice, current);
    }
}

fn create_item(event: &Value, items: &mut Items, report: &mut Report) {
    let item = &event["item"];
    if event["previous_item_id"] != "root" {
        exists(
            &event["previous_item_id"],
            "previous_item_id",
            items,
            report,
        );
    }
    if let Some(id) = item["id"].as_str() {
        if items.is_taken(id) {
            report.breaks(&ITEM_ID_NEW, "item.id", id, "an id of its own");
        }
        items.announce(id);
    }
    if item["type"] != "function_call_output" {
        return;
    }
    let call_id = item["call_id"].as_str().unwrap_or_default();
    let expected = "a call that waits for its output";
    match items.answer(call_id) {
        Some(Call::Open | Call::Waiting | Call::Incomplete) => {}
        Some(Call::Answered) => {
            report.breaks(
                &OUTPUT_OF_CALL,
                "item.call_id",
                format!("{call_id}, which has one"),
                expected,
            );
        }
        None => {
            report.breaks(&OUTPUT_OF_CALL, "item.call_id", call_id, expected);
            // It was meant for one of those that wait.
            items.take_unanswered();
        }
    }
}

fn truncate(event: &Value, items: &Items, report: &mut Report) {
    if !exists(&event["item_id"], "item_id", items, report) {
        return;
    }
    let sound = event["item_id"].as_str().and_then(|id| items.sound(id));
    if let (Some(sent), Some(end)) = (sound, event["audio_end_ms"].as_u64())
        && end > sent
    {
        report.breaks(
            &TRUNCATE_WITHIN,
            "audio_end_ms",
            end,
            format!("at most {sent}, as much as was sent"),
        );
    }
}

/// Whether an item that the client names is there, or will be.
fn exists(id: &Value, path: &str, items: &Items, report: &mut Report) -> bool {
    let Some(id) = id.as_str() else { return false };
    let there = items.contains_or_will(id);
    if !there {
        report.breaks(&ITEM_EXISTS, path, id, "an item of the conversation");
    }
    there
}
