//! What a response says.
//!
//! A [`ResponseGenerator`] is asked once a response and answers with a plan; the engine turns the
//! plan into events. Any closure from [`ResponseRequest`] to [`ResponsePlan`] is a generator.

mod scripted;

use std::fmt;

use crate::audio::Clip;
use crate::engine::Conversation;
use crate::protocol::CallId;
use crate::protocol::realtime::{McpCallError, MessagePhase, RealtimeSession, ResponseParams};

pub use scripted::Scripted;

/// What a generator is told.
#[derive(Clone, Copy, Debug)]
pub struct ResponseRequest<'a> {
    /// The session as it is.
    pub session: &'a RealtimeSession,
    /// The conversation the response is to: the session's, or what `input` gave.
    pub conversation: &'a Conversation,
    /// What `response.create` asked for.
    pub params: &'a ResponseParams,
}

/// What a response consists of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePlan {
    /// Its output items, in order.
    pub items: Vec<PlannedItem>,
    /// How it ends.
    pub ending: Ending,
}

/// An output item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PlannedItem {
    /// A message of the assistant: text or speech, as the response's modality is.
    Message(PlannedMessage),
    /// A call of one of the client's functions.
    FunctionCall(PlannedCall),
    /// A call of a tool on an MCP server, made by the model's side.
    McpCall(PlannedMcpCall),
    /// A question whether an MCP tool may be called.
    McpApprovalRequest {
        /// The server's label.
        server_label: String,
        /// The tool.
        name: String,
        /// Its arguments, as JSON text.
        arguments: String,
    },
}

/// A message of the assistant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannedMessage {
    /// What it says: the text, or the transcript of the speech.
    pub text: String,
    /// How it sounds when it is spoken. Without a clip the mock's own voice says the text.
    pub audio: Option<Clip>,
    /// Whether it is a remark on the way or the answer, for models that tell.
    pub phase: Option<MessagePhase>,
}

/// A call of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannedCall {
    /// The function.
    pub name: String,
    /// Its arguments, as JSON text.
    pub arguments: String,
    /// The id of the call; one is made where there is none.
    pub call_id: Option<CallId>,
}

/// A call of a tool on an MCP server.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedMcpCall {
    /// The server's label.
    pub server_label: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as JSON text.
    pub arguments: String,
    /// What it gave, or how it failed.
    pub outcome: Result<String, McpCallError>,
}

/// How a response ends when nobody cancels it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ending {
    /// It says all it has to say.
    #[default]
    Completed,
    /// The content filter stops it after its items.
    ContentFilter,
    /// It fails before it has said anything.
    Failed {
        /// The kind of error: `server_error`, `invalid_request_error`.
        kind: String,
        /// The code: `insufficient_quota`, `rate_limit_exceeded`.
        code: String,
    },
}

impl ResponsePlan {
    /// A plan of these items that is completed.
    pub fn of(items: impl IntoIterator<Item = PlannedItem>) -> Self {
        Self {
            items: items.into_iter().collect(),
            ending: Ending::Completed,
        }
    }

    /// A single message.
    pub fn message(text: impl Into<String>) -> Self {
        Self::of([PlannedItem::message(text)])
    }

    /// A single call of a function.
    pub fn call(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::of([PlannedItem::call(name, arguments)])
    }

    /// No items but a failure.
    pub fn failed(kind: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            items: Vec::new(),
            ending: Ending::Failed {
                kind: kind.into(),
                code: code.into(),
            },
        }
    }
}

impl PlannedItem {
    /// A message.
    pub fn message(text: impl Into<String>) -> Self {
        Self::Message(PlannedMessage {
            text: text.into(),
            ..PlannedMessage::default()
        })
    }

    /// A call of a function.
    pub fn call(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::FunctionCall(PlannedCall {
            name: name.into(),
            arguments: arguments.into(),
            call_id: None,
        })
    }
}

/// Decides what a response says.
pub trait ResponseGenerator: Send {
    /// The plan of the response to `request`.
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan;
}

impl<F> ResponseGenerator for F
where
    F: FnMut(ResponseRequest<'_>) -> ResponsePlan + Send,
{
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan {
        self(request)
    }
}

impl fmt::Debug for dyn ResponseGenerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseGenerator")
    }
}
