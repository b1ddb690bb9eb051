//! What a response is chosen by.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use crate::engine::Conversation;
use crate::generators::ResponseRequest;
use crate::protocol::ItemId;
use crate::protocol::realtime::{
    ConversationItem, Message, Modality, RealtimeSession, ResponseParams, Tool, ToolChoice,
    Tracing, UserContentType, UserMessage, Voice, VoiceOrCustom,
};

use super::intents;
use super::model::{Approval, Keys, Scenario};
use super::words::Words;

/// What there is when a response is chosen.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Situation {
    /// How often the user has spoken.
    pub turn: u32,
    /// What the user means, by the names of the intents.
    pub intents: Vec<String>,
    /// The state the scenario is in, if it has states.
    pub state: Option<String>,
    /// What patterns have captured so far.
    pub captures: IndexMap<String, String>,
    /// What the response is to be made of.
    pub modalities: Vec<Modality>,
    /// The functions the client has declared.
    pub functions: Vec<String>,
    /// Whether and which tools may or have to be called, if anything is said of it.
    pub tool_choice: Option<ToolChoice>,
    /// Whether there are tools, functions or others, and they may be called.
    pub tools_usable: bool,
    /// The last call of each tool, by its name.
    pub tools: IndexMap<String, ToolUse>,
    /// What the user has just said to an MCP call.
    pub approval: Option<Approval>,
    /// The keys of a telephone the user has pressed: in the call, or told in a message of nothing
    /// else.
    pub dtmf: Option<Keys>,
    /// The metadata of the response and of the session's trace.
    pub metadata: BTreeMap<String, String>,
    /// The session's model.
    pub model: String,
    /// The voice of the response.
    pub voice: String,
    /// How long nobody has said anything, where that is why there is a response.
    pub silence: Option<Duration>,
    /// Whether there is an image in what the user sent last.
    pub image: bool,
    /// The request that `approval` answers.
    pub(super) approval_request: Option<ItemId>,
    pub(super) user: Words,
    pub(super) assistant: Words,
    pub(super) instructions: Words,
    /// Whether what the user said waits for an answer, and not what a tool gave.
    pub(super) words_wait: bool,
}

/// The last call of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolUse {
    /// Its arguments: JSON, or a text where they are not.
    pub arguments: Value,
    /// What it gave: JSON, or a text where it is not; nothing yet, if it gave nothing.
    pub output: Option<Value>,
    /// Whether the output waits for an answer.
    pub is_new: bool,
}

impl Situation {
    /// What the user said last.
    pub fn user(&self) -> &str {
        &self.user.text
    }

    /// What the assistant said last.
    pub fn assistant(&self) -> &str {
        &self.assistant.text
    }

    /// The instructions of the response or, without, of the session.
    pub fn instructions(&self) -> &str {
        &self.instructions.text
    }

    /// The situation of a user who says this as their n-th turn to a session with no history.
    pub fn of_words(scenario: &Scenario, said: &str, turn: u32) -> Self {
        let mut situation = Self {
            turn,
            state: scenario.states.first().cloned(),
            modalities: vec![Modality::Text],
            words_wait: true,
            ..Self::default()
        };
        situation.hear(scenario, said);
        situation
    }

    /// What a request is about.
    pub(super) fn of_request(scenario: &Scenario, request: &ResponseRequest<'_>) -> Self {
        let ResponseRequest {
            session,
            conversation,
            params,
            silence,
            keys: pressed,
        } = *request;
        let tool_choice = params.tool_choice.clone();
        let tool_choice = tool_choice.or_else(|| session.tool_choice.clone());
        let tools = params.tools.as_ref().or(session.tools.as_ref());
        let tools = tools.map_or(&[][..], Vec::as_slice);
        let modalities = params.output_modalities.as_ref();
        let modalities = modalities.or(session.output_modalities.as_ref());
        let instructions = params.instructions.value();
        let instructions = instructions.or(session.instructions.as_ref());
        let mut situation = Self {
            modalities: modalities.cloned().unwrap_or_default(),
            functions: functions(tools),
            tools_usable: !tools.is_empty() && tool_choice != Some(ToolChoice::None),
            tool_choice,
            metadata: metadata(session, params),
            model: session
                .model
                .as_ref()
                .map_or("", |model| model.as_str())
                .to_owned(),
            voice: voice(session, params),
            silence,
            instructions: Words::of(instructions.cloned().unwrap_or_default()),
            words_wait: true,
            ..Self::default()
        };
        let said = situation.read(conversation, scenario.ignore_images);
        // A silence says nothing.
        let said = if silence.is_some() {
            String::new()
        } else {
            said
        };
        situation.hear(scenario, &said);
        situation.dtmf = Keys::new(pressed).ok().or(situation.dtmf);
        situation
    }

    fn hear(&mut self, scenario: &Scenario, said: &str) {
        self.user = Words::of(said);
        let declared = scenario
            .intents
            .iter()
            .filter(|(_, words)| words.iter().any(|phrase| self.user.has(phrase)));
        let declared = declared.map(|(name, _)| name.clone());
        let known = intents::of(&self.user).filter(|name| !scenario.intents.contains_key(*name));
        self.intents = known.map(str::to_owned).chain(declared).collect();
        self.dtmf = keys(said);
    }

    /// Reads the conversation; gives what the user said last.
    fn read(&mut self, conversation: &Conversation, ignore_images: bool) -> String {
        let mut said = String::new();
        let mut calls: IndexMap<String, String> = IndexMap::new();
        for item in conversation.items() {
            match item {
                ConversationItem::Message(Message::User(message)) => {
                    let text = text_of(message, conversation);
                    let image = has_image(message);
                    if image && ignore_images && text.is_empty() {
                        continue;
                    }
                    self.turn += 1;
                    self.image = image && !ignore_images;
                    self.words_wait = true;
                    said = text;
                }
                ConversationItem::Message(Message::Assistant(message)) => {
                    let parts = message.content.iter();
                    let texts = parts
                        .filter_map(|part| part.text.as_deref().or(part.transcript.as_deref()));
                    self.assistant = Words::of(texts.collect::<Vec<_>>().join(" "));
                    self.nothing_is_new();
                }
                ConversationItem::FunctionCall(call) => {
                    if let Some(id) = &call.call_id {
                        calls.insert(id.to_string(), call.name.clone());
                    }
                    self.nothing_is_new();
                    self.called(&call.name, &call.arguments);
                }
                ConversationItem::FunctionCallOutput(output) => {
                    if let Some(name) = calls.get(&*output.call_id) {
                        self.words_wait = false;
                        let tool = self.tools.entry(name.clone()).or_default();
                        tool.output = Some(json(&output.output));
                        tool.is_new = true;
                    }
                }
                ConversationItem::McpCall(call) => {
                    self.nothing_is_new();
                    self.called(&call.name, &call.arguments);
                    if let (Some(tool), Some(output)) =
                        (self.tools.get_mut(&call.name), call.output.value())
                    {
                        tool.output = Some(json(output));
                    }
                }
                ConversationItem::McpApprovalRequest(_) => self.nothing_is_new(),
                ConversationItem::McpApprovalResponse(answer) => {
                    self.words_wait = false;
                    self.approval_request = Some(answer.approval_request_id.clone());
                    self.approval = Some(if answer.approve {
                        Approval::Given
                    } else {
                        Approval::Refused
                    });
                }
                ConversationItem::Message(Message::System(_))
                | ConversationItem::McpListTools(_) => {}
            }
        }
        said
    }

    /// The model has put something out: all before it has its answer. What the user said stays
    /// what was said last.
    fn nothing_is_new(&mut self) {
        self.approval = None;
        self.approval_request = None;
        self.words_wait = true;
        for tool in self.tools.values_mut() {
            tool.is_new = false;
        }
    }

    fn called(&mut self, name: &str, arguments: &str) {
        let call = ToolUse {
            arguments: json(arguments),
            ..ToolUse::default()
        };
        self.tools.insert(name.to_owned(), call);
    }
}

/// JSON, or the text where it is not.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn text_of(message: &UserMessage, conversation: &Conversation) -> String {
    let texts = message
        .content
        .iter()
        .filter_map(|part| part.text.as_deref());
    let typed: Vec<&str> = texts.collect();
    if !typed.is_empty() {
        return typed.join(" ");
    }
    let heard = message.id.as_ref().and_then(|id| conversation.heard(id));
    let told = || {
        message
            .content
            .iter()
            .find_map(|part| part.transcript.value().map(String::as_str))
    };
    heard.or_else(told).unwrap_or_default().to_owned()
}

fn has_image(message: &UserMessage) -> bool {
    let is_image = |kind: &UserContentType| *kind == UserContentType::InputImage;
    message
        .content
        .iter()
        .any(|part| part.type_.as_ref().is_some_and(is_image))
}

fn functions(tools: &[Tool]) -> Vec<String> {
    let names = tools.iter().filter_map(|tool| match tool {
        Tool::Function(function) => function.name.clone(),
        Tool::Mcp(_) => None,
    });
    names.collect()
}

fn voice(session: &RealtimeSession, params: &ResponseParams) -> String {
    let asked = params
        .audio
        .as_ref()
        .and_then(|audio| audio.output.as_ref()?.voice.as_ref());
    match asked {
        Some(VoiceOrCustom::Voice(voice)) => voice.as_str().to_owned(),
        Some(VoiceOrCustom::Custom(custom)) => custom.id.clone(),
        None => {
            let output = session
                .audio
                .as_ref()
                .and_then(|audio| audio.output.as_ref());
            let voice = output.and_then(|output| output.voice.as_ref());
            voice.map_or("", Voice::as_str).to_owned()
        }
    }
}

fn metadata(session: &RealtimeSession, params: &ResponseParams) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if let Some(Tracing::Config(trace)) = session.tracing.value() {
        for (key, value) in trace.metadata.iter().flatten() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            all.insert(key.clone(), text);
        }
    }
    all.extend(params.metadata.value().cloned().unwrap_or_default());
    all
}

/// The keys in a message of nothing else. Agents tell the model of keys in a text; the word DTMF
/// before them is let pass.
fn keys(said: &str) -> Option<Keys> {
    let said = said.trim();
    let prefixed = said
        .get(..4)
        .filter(|word| word.eq_ignore_ascii_case("dtmf"));
    let rest = prefixed.map_or(said, |word| &said[word.len()..]);
    let keys = rest.trim_start_matches([':', ' ']);
    Keys::new(keys).ok()
}
