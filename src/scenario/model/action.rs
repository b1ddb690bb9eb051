//! What happens beside a response, and what the user is heard to say.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use crate::protocol::CloseCode;

use super::short::{OneOrMany, Short, Shorthand};
use super::template::Template;

/// Something that happens before or after a response, or instead of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionConfig {
    /// An `error` event.
    Error(ErrorConfig),
    /// The connection is closed.
    Close(CloseConfig),
    /// The limits that are told from now on.
    RateLimits(Vec<RateLimitConfig>),
    /// An MCP server has these tools from now on.
    McpTools(McpToolsConfig),
    /// What the user is heard to say in the next turn of speech, before what `hears` has.
    Hear(Short<HeardConfig>),
}

/// An `error` event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorConfig {
    /// The kind of error: `server_error`, `invalid_request_error`.
    #[serde(rename = "type", default = "server_error")]
    pub kind: String,
    /// The code for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The message for people.
    pub message: Template,
    /// The parameter that is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
}

fn server_error() -> String {
    "server_error".to_owned()
}

/// The close of the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseConfig {
    /// The WebSocket close code.
    #[serde(default)]
    pub code: CloseCode,
    /// The close reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A rate limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitConfig {
    /// What is limited.
    pub name: RateLimitKind,
    /// How many there are in all.
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// Seconds until all of them are there again.
    #[serde(default)]
    pub reset_seconds: f64,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitKind {
    /// Requests a minute.
    Requests,
    /// Tokens a minute.
    Tokens,
}

/// The tools of an MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct McpToolsConfig {
    /// The server's label.
    pub server: String,
    /// Its tools.
    pub tools: Vec<McpToolConfig>,
}

/// A tool of an MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct McpToolConfig {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub input_schema: Map<String, Value>,
}

/// What the user is heard to say. In a file, a text alone is the text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeardConfig {
    /// What is said.
    pub text: String,
    /// Codes of the languages heard, for the model that tells.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub languages: OneOrMany<String>,
    /// How the transcription fails. Then nothing is heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<TranscriptionFailureConfig>,
}

impl Shorthand for HeardConfig {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: text.to_owned(),
            ..Self::default()
        })
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        let bare = self.languages.is_empty() && self.fail.is_none();
        bare.then_some(Cow::Borrowed(self.text.as_str()))
    }
}

/// Why a turn could not be transcribed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TranscriptionFailureConfig {
    /// A code for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A message for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
