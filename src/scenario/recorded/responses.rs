//! What was answered in a recorded session: to what, with what, and how fast.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::heard::transcripts;
use crate::audio::{Clip, Encoding};
use crate::conformance::LogEntry;
use crate::expect::Direction;
use crate::protocol::EventKind;
use crate::protocol::realtime::{ClientEventKind, ServerEventKind};
use crate::recording::RecordedSession;
use crate::scenario::model::{
    Answer, Arguments, EndState, FailureConfig, FunctionCallConfig, IncompleteReason,
    McpApprovalConfig, McpCallConfig, MessageConfig, MessageForm, OutputItem, Pace, Short,
    Template,
};
use crate::scenario::words::normalise;

/// How many words a name is made of.
const WORDS_OF_NAME: usize = 5;

/// A response.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) cause: Cause,
    pub(super) answer: Answer,
    /// What people want to know of it.
    pub(super) comment: String,
    sound: Option<Clip>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The user said this.
    Words(String),
    /// This tool gave something.
    Tool(String),
    /// Nobody has said anything since the last response.
    Nothing,
}

impl Cause {
    /// A name for the response to it.
    pub(super) fn name(&self) -> String {
        let words = |text: &str| {
            let words = normalise(text);
            let words = words.split_whitespace().take(WORDS_OF_NAME);
            let is_plain = |letter: &char| letter.is_ascii_alphanumeric();
            let plain = words.map(|word| word.chars().filter(is_plain).collect::<String>());
            plain
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join("_")
        };
        match self {
            Self::Words(text) => Some(words(text)).filter(|name| !name.is_empty()),
            Self::Tool(tool) => Some(format!("after_{tool}")),
            Self::Nothing => None,
        }
        .unwrap_or_else(|| "unasked".to_owned())
    }
}

impl Recorded {
    /// Has the answer's message be the recorded sound, in a file of this name.
    pub(super) fn with_sound(&self, answer: &mut Answer, name: &str) -> Option<(String, Clip)> {
        let sound = self.sound.clone()?;
        let in_output = answer.output.iter_mut().filter_map(|item| match item {
            OutputItem::Say(message) => Some(message),
            _ => None,
        });
        let message = answer.say.iter_mut().chain(in_output).next()?;
        message.0.audio_file = Some(name.to_owned());
        Some((name.to_owned(), sound))
    }
}

/// The responses of a session, in order.
pub(super) fn responses(session: &RecordedSession) -> Vec<Recorded> {
    let mut reader = Reader::new(session);
    for entry in &session.entries {
        match entry.by {
            Direction::Client => reader.client(&entry.event),
            Direction::Server => reader.server(entry),
        }
    }
    let open = reader.open.into_iter().map(|open| open.finish(None));
    reader.done.into_iter().chain(open).collect()
}

struct Reader<'a> {
    heard: HashMap<&'a str, String>,
    /// The name of the tool that each call is of.
    tools: HashMap<String, String>,
    /// What waits for an answer.
    cause: Cause,
    encoding: Encoding,
    open: Vec<Open>,
    done: Vec<Recorded>,
}

/// A response that is on its way.
#[derive(Debug)]
struct Open {
    id: String,
    cause: Cause,
    line: u64,
    created: Option<Duration>,
    first: Option<Duration>,
    speaks: bool,
    items: Vec<Value>,
    last: Option<LastDelta>,
    text: Pauses,
    audio: Pauses,
    sound: Vec<u8>,
    encoding: Encoding,
}

/// The last delta of a response.
#[derive(Debug)]
struct LastDelta {
    item: String,
    at: Duration,
    is_audio: bool,
}

/// How long after a delta of a kind the next one came, of whatever kind, in its item: so the engine
/// counts them, too.
#[derive(Debug, Default)]
struct Pauses {
    count: u32,
    total: Duration,
}

impl Pauses {
    /// On average, in milliseconds.
    fn mean(&self) -> Option<u32> {
        milliseconds(self.total.checked_div(self.count)?)
    }
}

impl<'a> Reader<'a> {
    fn new(session: &'a RecordedSession) -> Self {
        let heard = transcripts(session).into_iter();
        Self {
            heard: heard.map(|(item, heard)| (item, heard.text)).collect(),
            tools: HashMap::new(),
            cause: Cause::Nothing,
            encoding: Encoding::default(),
            open: Vec::new(),
            done: Vec::new(),
        }
    }

    fn client(&mut self, event: &Value) {
        if event["type"] != ClientEventKind::ConversationItemCreate.as_str() {
            return;
        }
        let item = &event["item"];
        if item["role"] == "user" {
            let parts = item["content"].as_array().into_iter().flatten();
            let texts =
                parts.filter_map(|part| part["text"].as_str().or(part["transcript"].as_str()));
            self.cause = Cause::Words(texts.collect::<Vec<_>>().join(" "));
        } else if let Some(tool) = item["call_id"].as_str().and_then(|id| self.tools.get(id)) {
            self.cause = Cause::Tool(tool.clone());
        }
    }

    fn server(&mut self, entry: &LogEntry) {
        let event = &entry.event;
        let event_type = event["type"].as_str().unwrap_or_default();
        let Some(kind) = ServerEventKind::from_type(event_type) else {
            return;
        };
        let response = event["response_id"]
            .as_str()
            .or(event["response"]["id"].as_str());
        let response = response.unwrap_or_default();
        let place = self.open.iter().position(|open| open.id == response);
        match kind {
            ServerEventKind::SessionCreated | ServerEventKind::SessionUpdated => {
                self.encoding = match event["session"]["audio"]["output"]["format"]["type"].as_str()
                {
                    Some("audio/pcmu") => Encoding::Mulaw,
                    Some("audio/pcma") => Encoding::Alaw,
                    _ => Encoding::Pcm16,
                };
            }
            ServerEventKind::InputAudioBufferCommitted => {
                let item = event["item_id"].as_str().unwrap_or_default();
                let heard = self.heard.get(item).cloned();
                self.cause = Cause::Words(heard.unwrap_or_default());
            }
            ServerEventKind::ResponseCreated => self.begin(response, entry),
            ServerEventKind::ResponseDone => {
                if let Some(place) = place {
                    let open = self.open.remove(place);
                    self.done.push(open.finish(Some(&event["response"])));
                }
            }
            kind => {
                if kind == ServerEventKind::ResponseOutputItemAdded {
                    let item = &event["item"];
                    if let (Some(call), Some(tool)) =
                        (item["call_id"].as_str(), item["name"].as_str())
                    {
                        self.tools.insert(call.to_owned(), tool.to_owned());
                    }
                }
                if let Some(place) = place {
                    self.open[place].take(kind, event, entry.at);
                }
            }
        }
    }

    fn begin(&mut self, id: &str, entry: &LogEntry) {
        let modalities = entry.event["response"]["output_modalities"].as_array();
        self.open.push(Open {
            id: id.to_owned(),
            cause: std::mem::replace(&mut self.cause, Cause::Nothing),
            line: entry.line,
            created: entry.at,
            first: None,
            speaks: modalities.is_none_or(|all| all.iter().any(|one| one == "audio")),
            items: Vec::new(),
            last: None,
            text: Pauses::default(),
            audio: Pauses::default(),
            sound: Vec::new(),
            encoding: self.encoding,
        });
    }
}

impl Open {
    fn take(&mut self, kind: ServerEventKind, event: &Value, at: Option<Duration>) {
        match kind {
            ServerEventKind::ResponseOutputItemAdded => self.first = self.first.or(at),
            ServerEventKind::ResponseOutputItemDone => self.items.push(event["item"].clone()),
            ServerEventKind::ResponseOutputAudioDelta => {
                self.beat(event, at, true);
                let bytes = STANDARD.decode(event["delta"].as_str().unwrap_or_default());
                self.sound.extend(bytes.unwrap_or_default());
            }
            ServerEventKind::ResponseOutputTextDelta
            | ServerEventKind::ResponseOutputAudioTranscriptDelta
            | ServerEventKind::ResponseFunctionCallArgumentsDelta => self.beat(event, at, false),
            _ => {}
        }
    }

    /// A delta has come: the pause since the last one was that one's.
    fn beat(&mut self, event: &Value, at: Option<Duration>, is_audio: bool) {
        let Some(at) = at else {
            return;
        };
        let item = event["item_id"].as_str().unwrap_or_default().to_owned();
        let this = LastDelta { item, at, is_audio };
        let last = self.last.replace(this);
        if let Some(last) = last.filter(|last| event["item_id"] == last.item.as_str()) {
            let pauses = if last.is_audio {
                &mut self.audio
            } else {
                &mut self.text
            };
            pauses.count += 1;
            pauses.total += at.saturating_sub(last.at);
        }
    }

    /// What it came to; without an end, where the recording ends before it.
    fn finish(self, response: Option<&Value>) -> Recorded {
        let output = response.and_then(|response| response["output"].as_array());
        let items = output.unwrap_or(&self.items);
        let mut answer = arranged(items.iter().filter_map(|item| self.item(item)));
        answer.ending = response.map_or(EndState::Never, ending);
        answer.pacing = self.pace().map(Short);
        let status = response.map_or("never done", |response| {
            response["status"].as_str().unwrap_or("done")
        });
        let sound = (!self.sound.is_empty()).then(|| Clip::from_bytes(&self.sound, self.encoding));
        let length = sound.as_ref().map_or_else(String::new, |sound| {
            format!(", {:.1} s of speech", sound.duration().as_secs_f64())
        });
        Recorded {
            comment: format!("line {}: {status}{length}", self.line),
            cause: self.cause,
            answer,
            sound,
        }
    }

    fn pace(&self) -> Option<Pace> {
        let first = self.first?.saturating_sub(self.created?);
        Some(Pace {
            first_ms: milliseconds(first),
            text_ms: self.text.mean(),
            audio_ms: self.audio.mean(),
            ..Pace::default()
        })
    }

    fn item(&self, item: &Value) -> Option<OutputItem> {
        let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
        Some(match item["type"].as_str()? {
            "message" => OutputItem::Say(Short(self.message(item))),
            "function_call" => OutputItem::Call(FunctionCallConfig {
                name: text("name"),
                arguments: arguments(&text("arguments")),
                call_id: None,
            }),
            "mcp_call" => OutputItem::McpCall(McpCallConfig {
                server: text("server_label"),
                name: text("name"),
                arguments: arguments(&text("arguments")),
                output: Template::literal(text("output")),
                error: item["error"]["message"].as_str().map(Template::literal),
            }),
            "mcp_approval_request" => OutputItem::McpApprovalRequest(McpApprovalConfig {
                server: text("server_label"),
                name: text("name"),
                arguments: arguments(&text("arguments")),
            }),
            _ => return None,
        })
    }

    fn message(&self, item: &Value) -> MessageConfig {
        let part = &item["content"][0];
        let text = part["text"].as_str().or(part["transcript"].as_str());
        let is_spoken = part["type"] == "output_audio";
        // A message is as the response is to be, unless it was not.
        let form = (is_spoken != self.speaks && part.is_object()).then_some(if is_spoken {
            MessageForm::Audio
        } else {
            MessageForm::Text
        });
        MessageConfig {
            form,
            ..MessageConfig::of(Template::literal(text.unwrap_or_default()))
        }
    }
}

/// An answer of these items, in the shortest form there is for it.
fn arranged(items: impl Iterator<Item = OutputItem>) -> Answer {
    let items: Vec<OutputItem> = items.collect();
    let mut answer = Answer::empty();
    let is_call = |item: &OutputItem| matches!(item, OutputItem::Call(_));
    let after_message = usize::from(matches!(items.first(), Some(OutputItem::Say(_))));
    if !items[after_message..].iter().all(is_call) {
        answer.output = items;
        return answer;
    }
    for item in items {
        match item {
            OutputItem::Say(message) => answer.say = Some(message),
            OutputItem::Call(call) => answer.call.0.push(call),
            _ => {}
        }
    }
    answer
}

/// How a response ended. What was cancelled was to be whole.
fn ending(response: &Value) -> EndState {
    let details = &response["status_details"];
    match response["status"].as_str() {
        Some("incomplete") => EndState::Incomplete(match details["reason"].as_str() {
            Some("content_filter") => IncompleteReason::ContentFilter,
            _ => IncompleteReason::MaxOutputTokens,
        }),
        Some("failed") => {
            let error = &details["error"];
            let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
            EndState::Failed(FailureConfig {
                kind: text("type"),
                code: text("code"),
            })
        }
        _ => EndState::Completed,
    }
}

/// Arguments as they were: what looks like a gap is none.
fn arguments(text: &str) -> Arguments {
    let has_gaps = Template::literal(text).as_str() != text;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) if !has_gaps => Arguments::Json(object),
        _ => Arguments::Raw(Template::literal(text)),
    }
}

fn milliseconds(duration: Duration) -> Option<u32> {
    u32::try_from(duration.as_millis()).ok()
}
