//! Events of a client beside recorded ones, and the ids in both.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::protocol::EventKind;
use crate::protocol::realtime::{ClientEventKind, TranslationClientEventKind};

use super::difference::shown;

/// The fields that hold ids.
const IDS: [&str; 7] = [
    "id",
    "item_id",
    "previous_item_id",
    "response_id",
    "call_id",
    "approval_request_id",
    "event_id",
];

/// The fields whose values are of one moment, or too large to be the same by more than chance.
const FREE: [&str; 3] = ["audio", "image_url", "audio_end_ms"];

/// The id that stands for the beginning of a conversation.
const ROOT: &str = "root";

/// The ids that a client has made up, recorded and now.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// What each recorded id is now; none, if the client gives none this time.
    now: HashMap<String, Option<String>>,
}

impl Ids {
    pub(super) fn learn(&mut self, learned: Vec<(String, Option<String>)>) {
        self.now.extend(learned);
    }

    /// An event of the server with the ids of now.
    pub(super) fn translated(&self, event: &Value) -> Value {
        let mut event = event.clone();
        if !self.now.is_empty() {
            self.translate(&mut event, None);
        }
        event
    }

    fn translate(&self, value: &mut Value, field: Option<&str>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.translate(value, Some(name));
                }
            }
            Value::Array(items) => items
                .iter_mut()
                .for_each(|item| self.translate(item, field)),
            Value::String(text) if field.is_some_and(|field| IDS.contains(&field)) => {
                if let Some(now) = self.now.get(text.as_str()) {
                    *value = now.clone().map_or(Value::Null, Value::String);
                }
            }
            // The message of an error may name what it is about.
            Value::String(text) if field == Some("message") => {
                for (recorded, now) in &self.now {
                    if let Some(now) = now.as_deref().filter(|_| recorded.len() > 3) {
                        *text = text.replace(recorded.as_str(), now);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Where an event is not the recorded one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Differs {
    pub(super) path: String,
    pub(super) recorded: String,
    pub(super) sent: String,
}

/// Holds an event beside a recorded one.
pub(super) struct Comparison<'a> {
    ids: &'a Ids,
    client_ids: &'a HashSet<String>,
    learned: Vec<(String, Option<String>)>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(ids: &'a Ids, client_ids: &'a HashSet<String>) -> Self {
        Self {
            ids,
            client_ids,
            learned: Vec::new(),
        }
    }

    /// The first difference, and the ids that are learnt if the event is taken for the recorded one.
    pub(super) fn of(
        mut self,
        recorded: &Value,
        sent: &Value,
    ) -> (Option<Differs>, Vec<(String, Option<String>)>) {
        let own = "event_id";
        if let Some(id) = recorded[own].as_str() {
            let now = sent[own].as_str().map(str::to_owned);
            self.learned.push((id.to_owned(), now));
        }
        let without = |event: &Value| {
            let mut fields = event.as_object().cloned().unwrap_or_default();
            fields.shift_remove(own);
            fields
        };
        let differs = self.objects(&without(recorded), &without(sent), "");
        (differs.err(), self.learned)
    }

    fn objects(
        &mut self,
        recorded: &Map<String, Value>,
        sent: &Map<String, Value>,
        path: &str,
    ) -> Result<(), Differs> {
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let nothing = || "nothing".to_owned();
        let mut first = Ok(());
        // All of it is gone through, so that ids are learnt whatever differs.
        for (name, value) in recorded {
            let same = match sent.get(name) {
                Some(other) => self.values(value, other, name, &below(name)),
                None => Err(Differs {
                    path: below(name),
                    recorded: shown(value),
                    sent: nothing(),
                }),
            };
            first = first.and(same);
        }
        let more = sent.iter().find(|(name, _)| !recorded.contains_key(*name));
        if let Some((name, value)) = more {
            first = first.and(Err(Differs {
                path: below(name),
                recorded: nothing(),
                sent: shown(value),
            }));
        }
        first
    }

    fn values(
        &mut self,
        recorded: &Value,
        sent: &Value,
        field: &str,
        path: &str,
    ) -> Result<(), Differs> {
        let same = match (recorded, sent) {
            (Value::Object(recorded), Value::Object(sent)) => {
                return self.objects(recorded, sent, path);
            }
            (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
                let mut first = Ok(());
                for (index, (item, other)) in items.iter().zip(others).enumerate() {
                    let same = self.values(item, other, field, &format!("{path}[{index}]"));
                    first = first.and(same);
                }
                return first;
            }
            (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_))
                if FREE.contains(&field) =>
            {
                true
            }
            (Value::String(recorded), Value::String(sent)) if IDS.contains(&field) => {
                self.is_id(recorded, sent)
            }
            (Value::Number(recorded), Value::Number(sent)) => recorded.as_f64() == sent.as_f64(),
            _ => recorded == sent,
        };
        if same {
            return Ok(());
        }
        Err(Differs {
            path: path.to_owned(),
            recorded: shown(recorded),
            sent: shown(sent),
        })
    }

    /// Whether an id stands for a recorded one.
    fn is_id(&mut self, recorded: &str, sent: &str) -> bool {
        if recorded == ROOT || !self.client_ids.contains(recorded) {
            return recorded == sent;
        }
        let learned = self.learned.iter().find(|(id, _)| id == recorded);
        let known = learned.map(|(_, now)| now).or(self.ids.now.get(recorded));
        if let Some(now) = known {
            return now.as_deref() == Some(sent);
        }
        let now = Some(sent.to_owned());
        self.learned.push((recorded.to_owned(), now));
        true
    }
}

/// Gives each id in an event.
pub(super) fn each_id(event: &Value, take: &mut impl FnMut(&str)) {
    match event {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(id) if IDS.contains(&name.as_str()) => take(id),
                    value => each_id(value, take),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_id(item, take)),
        _ => {}
    }
}

/// How many bytes of audio an event appends, if it is one that does.
pub(super) fn is_append(event: &Value) -> Option<u64> {
    let event_type = event["type"].as_str()?;
    let conversation = ClientEventKind::InputAudioBufferAppend.as_str();
    let translation = TranslationClientEventKind::SessionInputAudioBufferAppend.as_str();
    if event_type != conversation && event_type != translation {
        return None;
    }
    let base64 = event["audio"].as_str().unwrap_or_default();
    let digits = base64.trim_end_matches('=').len() as u64;
    Some(digits * 3 / 4)
}
