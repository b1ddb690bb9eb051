//! What is answered: output items, how the response ends, and what is told beside them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::action::ActionConfig;
use super::delegate::DelegateConfig;
use super::is_default;
use super::short::{OneOrMany, Short, Shorthand};
use super::template::{Arguments, Template};
use crate::engine::Pacing;
use crate::generators::ResponsePlan;
use crate::scenario::Situation;

/// What the mock says when nobody has told it what to say.
const DEFAULT_TEXT: &str = "This is a mock. Nobody has told it what to say to that.";

/// An answer. Its message comes first, then its calls, then what else it puts out. In a file, a
/// text alone is an answer that says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// A message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Short<MessageConfig>>,
    /// Calls of the client's functions.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub call: OneOrMany<FunctionCallConfig>,
    /// Output items of any kind and number, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<OutputItem>,
    /// A reusable answer to give in place of all that stands here.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateUse>,
    /// A program that decides what is answered in place of all that stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Box<DelegateConfig>>,
    /// How the response ends.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ending: EndState,
    /// What the response is said to cost, in tokens, where that is not to be counted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub usage: UsageConfig,
    /// How fast the response is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Short<Pace>>,
    /// What its metadata has beside what the client gave.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub metadata: IndexMap<String, Template>,
    /// What happens before the response begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<ActionConfig>,
    /// What happens once the response is done, however it ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ActionConfig>,
    /// What Rust answers in place of all that stands here. It cannot be written to a file.
    #[serde(skip)]
    pub generator: Option<AnswerGenerator>,
}

/// A closure that answers.
#[derive(Clone)]
pub struct AnswerGenerator(Arc<Generate>);

/// What a situation is answered with.
type Generate = dyn Fn(&Situation) -> ResponsePlan + Send + Sync;

impl AnswerGenerator {
    /// Answers with what `generate` says.
    pub fn new(generate: impl Fn(&Situation) -> ResponsePlan + Send + Sync + 'static) -> Self {
        Self(Arc::new(generate))
    }

    /// The plan of the answer.
    pub fn generate(&self, situation: &Situation) -> ResponsePlan {
        (self.0)(situation)
    }
}

impl fmt::Debug for AnswerGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerGenerator")
    }
}

impl PartialEq for AnswerGenerator {
    /// The same closure, not one that does the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for Answer {
    /// What the mock says when nobody has told it what to say.
    fn default() -> Self {
        Self::say(Template::literal(DEFAULT_TEXT))
    }
}

impl Answer {
    /// An answer of nothing.
    pub fn empty() -> Self {
        Self {
            say: None,
            call: OneOrMany::default(),
            output: Vec::new(),
            template: None,
            delegate: None,
            ending: EndState::default(),
            usage: UsageConfig::default(),
            pacing: None,
            metadata: IndexMap::new(),
            before: Vec::new(),
            after: Vec::new(),
            generator: None,
        }
    }

    /// An answer that says this.
    pub fn say(text: Template) -> Self {
        Self {
            say: Some(Short(MessageConfig::of(text))),
            ..Self::empty()
        }
    }

    /// Its messages, in order, and after them those of a delegate's fallback.
    pub(crate) fn messages(&self) -> Box<dyn Iterator<Item = &MessageConfig> + '_> {
        let in_output = self.output.iter().filter_map(|item| match item {
            OutputItem::Say(message) => Some(&message.0),
            _ => None,
        });
        let delegate = self.delegate.iter();
        let instead = delegate.flat_map(|delegate| delegate.fallback.messages());
        let own = self.say.iter().map(|message| &message.0).chain(in_output);
        Box::new(own.chain(instead))
    }

    /// Its function calls, in order.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &FunctionCallConfig> {
        let in_output = self.output.iter().filter_map(|item| match item {
            OutputItem::Call(call) => Some(call),
            _ => None,
        });
        self.call.iter().chain(in_output)
    }

    /// The names of all tools it calls and the label of their MCP server, if it is one's.
    pub(crate) fn tools(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mcp = self.output.iter().filter_map(|item| match item {
            OutputItem::McpCall(call) => Some((call.name.as_str(), Some(call.server.as_str()))),
            OutputItem::McpApprovalRequest(call) => {
                Some((call.name.as_str(), Some(call.server.as_str())))
            }
            _ => None,
        });
        let functions = self.calls().map(|call| (call.name.as_str(), None));
        functions.chain(mcp)
    }
}

impl Shorthand for Answer {
    fn from_text(text: &str) -> Result<Self, String> {
        Template::new(text).map(Self::say)
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        let message = self.say.as_ref()?;
        let alone = Self::say(message.text.clone());
        (*self == alone).then(|| Cow::Borrowed(message.text.as_str()))
    }
}

/// An output item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputItem {
    /// A message.
    Say(Short<MessageConfig>),
    /// A call of one of the client's functions.
    Call(FunctionCallConfig),
    /// A call of a tool on an MCP server.
    McpCall(McpCallConfig),
    /// A question whether an MCP tool may be called.
    McpApprovalRequest(McpApprovalConfig),
}

/// A message of the assistant. In a file, a text alone is its text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageConfig {
    /// What it says: the text, or the transcript of the speech.
    #[serde(default)]
    pub text: Template,
    /// A sound file with the speech, relative to the file this stands in. Without one, the mock's own
    /// voice says the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_file: Option<String>,
    /// The speech itself. It is used rather than a file, which is then not opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_data: Option<AudioData>,
    /// Whether it is written or spoken, whatever the response's modality is.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub form: Option<MessageForm>,
    /// Whether it is a remark on the way or the answer, for models that tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseConfig>,
}

impl MessageConfig {
    /// A message of this text.
    pub fn of(text: Template) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

impl Shorthand for MessageConfig {
    fn from_text(text: &str) -> Result<Self, String> {
        Template::new(text).map(Self::of)
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        (*self == Self::of(self.text.clone())).then(|| Cow::Borrowed(self.text.as_str()))
    }
}

/// Speech: mono 16-bit little-endian samples, 24,000 a second; base64 in files.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioData(pub Bytes);

impl Serialize for AudioData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for AudioData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text);
        let bytes =
            bytes.map_err(|error| de::Error::custom(format!("this is not base64: {error}")))?;
        Ok(Self(bytes.into()))
    }
}

impl JsonSchema for AudioData {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("AudioData")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "contentEncoding": "base64",
            "description": "Mono 16-bit little-endian samples, 24,000 a second, in base64."
        })
    }
}

/// Whether a message is written or spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageForm {
    /// Written.
    Text,
    /// Spoken, with a transcript.
    Audio,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseConfig {
    /// A remark on the way.
    Commentary,
    /// The answer.
    FinalAnswer,
}

/// A call of one of the client's functions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionCallConfig {
    /// The function.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Arguments,
    /// The id of the call; one is made where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
}

impl Shorthand for FunctionCallConfig {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self {
            name: text.to_owned(),
            ..Self::default()
        })
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        let bare = self.call_id.is_none() && self.arguments == Arguments::default();
        bare.then_some(Cow::Borrowed(self.name.as_str()))
    }
}

/// A call of a tool on an MCP server, made by the model's side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct McpCallConfig {
    /// The server's label.
    pub server: String,
    /// The tool.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Arguments,
    /// What it gives, unless it fails.
    #[serde(default)]
    pub output: Template,
    /// How it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Template>,
}

/// A question whether an MCP tool may be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct McpApprovalConfig {
    /// The server's label.
    pub server: String,
    /// The tool.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Arguments,
}

/// How a response ends when nobody cancels it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// It says all it has to say.
    #[default]
    Completed,
    /// Something stops it in its last item.
    Incomplete(IncompleteReason),
    /// It fails before it has said anything.
    Failed(FailureConfig),
    /// It stops in its last item and is never done.
    Never,
    /// It does not even begin: all there is are the actions, and a last error among them answers
    /// the client's event.
    NoResponse,
}

/// What stops a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncompleteReason {
    /// The content filter.
    ContentFilter,
    /// The limit of tokens.
    MaxOutputTokens,
}

/// The error a response fails with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureConfig {
    /// The kind of error: `server_error`, `invalid_request_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code: `insufficient_quota`, `rate_limit_exceeded`.
    pub code: String,
}

/// Tokens to tell instead of those counted. The sums are made of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UsageConfig {
    /// Text read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_text: Option<u32>,
    /// Speech heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<u32>,
    /// Of the text read, what came from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_text: Option<u32>,
    /// Of the speech heard, what came from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_audio: Option<u32>,
    /// Text written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_text: Option<u32>,
    /// Speech spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<u32>,
}

/// How fast a response is sent. In a file, `instant` or `realistic` alone says all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// How long it takes, in percent of what the real server takes. The numbers below count more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_percent: Option<u32>,
    /// Milliseconds from the beginning to the first item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_ms: Option<u32>,
    /// Milliseconds from one delta of text, transcript or arguments to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_ms: Option<u32>,
    /// Milliseconds from one delta of audio to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_ms: Option<u32>,
}

impl Pace {
    const REALISTIC: Self = Self {
        scale_percent: Some(100),
        first_ms: None,
        text_ms: None,
        audio_ms: None,
    };

    /// As the engine takes it.
    pub fn pacing(self) -> Pacing {
        let profile = Pacing::REALISTIC.scaled(self.scale_percent.unwrap_or(0));
        let or =
            |ms: Option<u32>, profile| ms.map_or(profile, |ms| Duration::from_millis(ms.into()));
        Pacing {
            first: or(self.first_ms, profile.first),
            text: or(self.text_ms, profile.text),
            audio: or(self.audio_ms, profile.audio),
        }
    }
}

impl Shorthand for Pace {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "instant" => Ok(Self::default()),
            "realistic" => Ok(Self::REALISTIC),
            _ => Err(format!(
                "`{text}` is no pace; there are `instant`, `realistic`, and a map of numbers"
            )),
        }
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        match *self {
            Self::REALISTIC => Some(Cow::Borrowed("realistic")),
            pace if pace == Self::default() => Some(Cow::Borrowed("instant")),
            _ => None,
        }
    }
}

/// An answer that is used in several places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerTemplate {
    /// Its parameters, each with what it is where it is not given; null if it has to be given.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, Option<Template>>,
    /// The answer. Its templates know the parameters as `parameters`.
    pub answer: Short<Answer>,
}

/// The use of a reusable answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateUse {
    /// Its name.
    pub template: String,
    /// Its parameters.
    #[serde(default, rename = "with", skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, Template>,
}
