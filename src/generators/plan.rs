//! What a response consists of, as a generator plans it.

use std::collections::BTreeMap;

use crate::audio::Clip;
use crate::engine::Pacing;
use crate::protocol::realtime::{McpCallError, MessagePhase, Modality};
use crate::protocol::{CallId, ItemId};

use super::{Action, PendingPlan};

/// What a response consists of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsePlan {
    /// Its output items, in order.
    pub items: Vec<PlannedItem>,
    /// How it ends.
    pub ending: Ending,
    /// What it is said to cost, where that is not to be counted.
    pub usage: PlannedUsage,
    /// How fast it is sent; as the session's responses are, without.
    pub pacing: Option<Pacing>,
    /// What its metadata has beside what the client gave. Of equal keys, these count.
    pub metadata: BTreeMap<String, String>,
    /// What happens before it begins.
    pub before: Vec<Action>,
    /// What happens once it is done, however it ends.
    pub after: Vec<Action>,
    /// The plan that is to be followed in place of this one, once somebody outside has made it.
    pub pending: Option<Box<PendingPlan>>,
}

/// Numbers of tokens to tell instead of those counted. The sums are made of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlannedUsage {
    /// Text read.
    pub input_text: Option<u64>,
    /// Speech heard.
    pub input_audio: Option<u64>,
    /// Of the text read, what came from the cache.
    pub cached_text: Option<u64>,
    /// Of the speech heard, what came from the cache.
    pub cached_audio: Option<u64>,
    /// Text written.
    pub output_text: Option<u64>,
    /// Speech spoken.
    pub output_audio: Option<u64>,
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
    /// Whether it is text or speech, whatever the response's modality is.
    pub modality: Option<Modality>,
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
    /// The request whose approval it waited for.
    pub approval_request_id: Option<ItemId>,
}

/// How a response ends when nobody cancels it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ending {
    /// It says all it has to say.
    #[default]
    Completed,
    /// The content filter stops it in its last item.
    ContentFilter,
    /// The limit of tokens is reached in its last item.
    MaxOutputTokens,
    /// It stops in its last item and is never done; it can be cancelled.
    Never,
    /// It does not even begin: all there is are the actions, and a last error among them answers
    /// the client's event.
    NoResponse,
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
            ..Self::default()
        }
    }

    /// A plan that is not there yet.
    pub fn pending(pending: PendingPlan) -> Self {
        Self {
            pending: Some(Box::new(pending)),
            ..Self::default()
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
            ending: Ending::Failed {
                kind: kind.into(),
                code: code.into(),
            },
            ..Self::default()
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
