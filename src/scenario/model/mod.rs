//! What a scenario is made of: the same types in Rust and in files.

mod action;
mod answer;
mod criteria;
mod delegate;
mod short;
mod template;
mod text;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::faults::Faults;

pub use action::{
    ActionConfig, CloseCode, CloseConfig, ErrorConfig, HeardConfig, McpToolConfig, McpToolsConfig,
    RateLimitConfig, RateLimitKind, TranscriptionFailureConfig,
};
pub use answer::{
    Answer, AnswerGenerator, AnswerTemplate, AudioData, EndState, FailureConfig,
    FunctionCallConfig, IncompleteReason, McpApprovalConfig, McpCallConfig, MessageConfig,
    MessageForm, OutputItem, Pace, PhaseConfig, TemplateUse, UsageConfig,
};
pub use criteria::{
    Approval, Keys, ModalityConfig, NotKeys, Predicate, ResponseSelectionCriteria, TextCondition,
    ToolOutputCondition, TurnRange, UnsoundRange,
};
pub use delegate::{
    DelegateConfig, DelegateHeader, DelegateHeaderValue, DelegateTimeout, DelegateUrl,
};
pub use short::{OneOrMany, Short, Shorthand};
pub use template::{Arguments, Template};
pub use text::{EmptyPhrase, JsonPath, Pattern, Phrase};

/// What the mock says, and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// The JSON Schema of this file, for editors.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Other files that belong to it, relative to this one. What they say comes before what this
    /// one says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// How fast responses are sent; at once, without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Short<Pace>>,
    /// What to take from everything the user says, by name: the pattern's first group, or all of
    /// it. A later one replaces an earlier one.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub captures: IndexMap<String, Pattern>,
    /// Intents beside those that are known, each with the words that show it.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub intents: IndexMap<String, OneOrMany<Phrase>>,
    /// The states a conversation can be in; it begins in the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// The states in which it has come to its end.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub end_states: OneOrMany<String>,
    /// Answers that are used in several places, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub templates: IndexMap<String, AnswerTemplate>,
    /// The tools of MCP servers, by the server's label.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub mcp_servers: IndexMap<String, Vec<McpToolConfig>>,
    /// What the user is heard to say, a turn of speech each; `(speech)` after the last.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub hears: OneOrMany<HeardConfig>,
    /// Whether images of the user are ignored: no condition sees them, and an image without words
    /// is no turn.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_images: bool,
    /// What it can respond, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub responses: IndexMap<String, MockResponseConfig>,
    /// What it answers when no response fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Short<Answer>>,
    /// What goes wrong, in the sessions of a server that follows it.
    #[serde(skip_serializing_if = "Faults::is_empty")]
    pub faults: Faults,
}

/// A response: when it is chosen, what is answered, and what comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MockResponseConfig {
    /// When it may be chosen: all of it has to hold. Without any condition it is a catch-all, chosen
    /// when nothing with conditions fits.
    #[serde(skip_serializing_if = "ResponseSelectionCriteria::is_empty")]
    pub when: ResponseSelectionCriteria,
    /// Points it has before any condition gives it more.
    #[serde(skip_serializing_if = "is_default")]
    pub priority: i32,
    /// What is answered. Of several answers, one after the other is used.
    pub answer: OneOrMany<Answer>,
    /// What follows the last of several answers.
    #[serde(skip_serializing_if = "is_default")]
    pub order: AnswerOrder,
    /// The state the conversation is in after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
}

/// What follows the last of several answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOrder {
    /// The last one again.
    #[default]
    InOrder,
    /// The first one again.
    Cycle,
    /// Nothing: the response is not chosen any more.
    Once,
}

impl Default for MockResponseConfig {
    /// A catch-all that says what the mock says when nobody has told it what to say.
    fn default() -> Self {
        Self {
            when: ResponseSelectionCriteria::default(),
            priority: 0,
            answer: OneOrMany::from(Answer::default()),
            order: AnswerOrder::InOrder,
            then: None,
        }
    }
}

impl MockResponseConfig {
    /// The text of its first message, where it has one.
    pub fn text(&self) -> Option<&str> {
        let answer = self.answer.first()?;
        answer
            .messages()
            .next()
            .map(|message| message.text.as_str())
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
