//! What a response is chosen by.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use crate::generators::ResponseRequest;
use crate::protocol::ItemId;
use crate::protocol::realtime::{
    Modality, RealtimeSession, ResponseParams, Tool, ToolChoice, Tracing, Voice, VoiceOrCustom,
};

use super::history::History;
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
            ..Self::default()
        };
        let history = History::of(conversation, scenario.ignore_images);
        situation.remember(&history);
        // A silence says nothing.
        let said = if silence.is_some() {
            String::new()
        } else {
            history.user()
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

    fn remember(&mut self, history: &History<'_>) {
        self.turn = history.turn;
        self.image = history.image;
        self.assistant = Words::of(history.assistant());
        self.tools = history.tools();
        self.approval = history.approval;
        self.approval_request = history.approval_request.cloned();
        self.words_wait = history.words_wait;
    }
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
