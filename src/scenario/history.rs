//! What a conversation has come to.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value;

use crate::engine::Conversation;
use crate::protocol::ItemId;
use crate::protocol::realtime::{
    AssistantMessage, ConversationItem, Message, UserContentType, UserMessage,
};

use super::model::Approval;
use super::situation::ToolUse;

/// What was last in a conversation.
///
/// All items are gone through at every response, so it is only noted where things are: texts are put
/// together and JSON is parsed of what is left at the end.
#[derive(Debug)]
pub(super) struct History<'a> {
    conversation: &'a Conversation,
    /// How often the user has spoken.
    pub(super) turn: u32,
    /// Whether there is an image in what the user sent last.
    pub(super) image: bool,
    /// What the user has just said to an MCP call, and the request that it answers.
    pub(super) approval: Option<Approval>,
    pub(super) approval_request: Option<&'a ItemId>,
    /// Whether what the user said waits for an answer, and not what a tool gave.
    pub(super) words_wait: bool,
    user: Option<&'a UserMessage>,
    assistant: Option<&'a AssistantMessage>,
    /// The last call of each tool, by its name.
    calls: IndexMap<&'a str, Call<'a>>,
}

/// The call of a tool.
#[derive(Debug)]
struct Call<'a> {
    arguments: &'a str,
    output: Option<&'a str>,
    is_new: bool,
}

impl<'a> History<'a> {
    /// Goes through a conversation. Where images are ignored, so are messages of nothing else.
    pub(super) fn of(conversation: &'a Conversation, ignore_images: bool) -> Self {
        let mut history = Self {
            conversation,
            turn: 0,
            image: false,
            approval: None,
            approval_request: None,
            words_wait: true,
            user: None,
            assistant: None,
            calls: IndexMap::new(),
        };
        let mut names = HashMap::new();
        for item in conversation.items() {
            match item {
                ConversationItem::Message(Message::User(message)) => {
                    history.hear(message, ignore_images);
                }
                ConversationItem::Message(Message::Assistant(message)) => {
                    history.assistant = Some(message);
                    history.nothing_is_new();
                }
                ConversationItem::FunctionCall(call) => {
                    if let Some(id) = &call.call_id {
                        names.insert(id, call.name.as_str());
                    }
                    history.nothing_is_new();
                    history.call(&call.name, &call.arguments, None);
                }
                ConversationItem::FunctionCallOutput(output) => {
                    if let Some(name) = names.get(&output.call_id) {
                        history.give(name, &output.output);
                    }
                }
                ConversationItem::McpCall(call) => {
                    history.nothing_is_new();
                    let output = call.output.value().map(String::as_str);
                    history.call(&call.name, &call.arguments, output);
                }
                ConversationItem::McpApprovalRequest(_) => history.nothing_is_new(),
                ConversationItem::McpApprovalResponse(answer) => {
                    history.words_wait = false;
                    history.approval_request = Some(&answer.approval_request_id);
                    history.approval = Some(if answer.approve {
                        Approval::Given
                    } else {
                        Approval::Refused
                    });
                }
                ConversationItem::Message(Message::System(_))
                | ConversationItem::McpListTools(_) => {}
            }
        }
        history
    }

    /// What the user said last.
    pub(super) fn user(&self) -> String {
        self.user
            .map(|message| text_of(message, self.conversation))
            .unwrap_or_default()
    }

    /// What the assistant said last.
    pub(super) fn assistant(&self) -> String {
        let parts = self.assistant.iter().flat_map(|message| &message.content);
        let texts = parts.filter_map(|part| part.text.as_deref().or(part.transcript.as_deref()));
        texts.collect::<Vec<_>>().join(" ")
    }

    /// The last call of each tool, by its name.
    pub(super) fn tools(&self) -> IndexMap<String, ToolUse> {
        let calls = self.calls.iter().map(|(name, call)| {
            let tool = ToolUse {
                arguments: json(call.arguments),
                output: call.output.map(json),
                is_new: call.is_new,
            };
            ((*name).to_owned(), tool)
        });
        calls.collect()
    }

    fn hear(&mut self, message: &'a UserMessage, ignore_images: bool) {
        let image = has_image(message);
        if image && ignore_images && text_of(message, self.conversation).is_empty() {
            return;
        }
        self.turn += 1;
        self.image = image && !ignore_images;
        self.words_wait = true;
        self.user = Some(message);
    }

    /// The model has put something out: all before it has its answer. What the user said stays
    /// what was said last.
    fn nothing_is_new(&mut self) {
        self.approval = None;
        self.approval_request = None;
        self.words_wait = true;
        for call in self.calls.values_mut() {
            call.is_new = false;
        }
    }

    fn call(&mut self, name: &'a str, arguments: &'a str, output: Option<&'a str>) {
        let call = Call {
            arguments,
            output,
            is_new: false,
        };
        self.calls.insert(name, call);
    }

    /// A tool that was called gives something.
    fn give(&mut self, name: &str, output: &'a str) {
        self.words_wait = false;
        if let Some(call) = self.calls.get_mut(name) {
            call.output = Some(output);
            call.is_new = true;
        }
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
