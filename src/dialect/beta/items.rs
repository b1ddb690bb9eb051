//! Items of the conversation. Those of the beta say what they are, and name the assistant's content
//! as GA names parts.

use crate::protocol::beta::{self, ConversationItem as BetaItem, Message as BetaMessage};
use crate::protocol::realtime::{
    AssistantContent, AssistantContentType, AssistantMessage, ConversationItem, ItemObject,
    Message, ResponseInputItem,
};

/// What each item calls itself in the beta.
const OBJECT: Option<ItemObject> = Some(ItemObject::RealtimeItem);

/// An item as GA has it.
pub(super) fn to_ga(item: BetaItem) -> ConversationItem {
    match item {
        BetaItem::Message(message) => message_to_ga(message).into(),
        BetaItem::FunctionCall(item) => item.into(),
        BetaItem::FunctionCallOutput(item) => item.into(),
        BetaItem::McpApprovalResponse(item) => item.into(),
        BetaItem::McpListTools(item) => item.into(),
        BetaItem::McpCall(item) => (*item).into(),
        BetaItem::McpApprovalRequest(item) => item.into(),
    }
}

/// What a response is to read, as GA has it.
pub(super) fn input_to_ga(item: beta::ResponseInputItem) -> ResponseInputItem {
    use beta::ResponseInputItem as Input;
    match item {
        Input::Message(message) => message_to_ga(message).into(),
        Input::FunctionCall(item) => item.into(),
        Input::FunctionCallOutput(item) => item.into(),
        Input::McpApprovalResponse(item) => item.into(),
        Input::McpListTools(item) => item.into(),
        Input::McpCall(item) => (*item).into(),
        Input::McpApprovalRequest(item) => item.into(),
        Input::ItemReference(item) => item.into(),
    }
}

fn message_to_ga(message: BetaMessage) -> Message {
    match message {
        BetaMessage::System(message) => message.into(),
        BetaMessage::User(message) => message.into(),
        BetaMessage::Assistant(message) => AssistantMessage {
            id: message.id,
            object: message.object,
            status: message.status,
            content: message.content.into_iter().map(content_to_ga).collect(),
            phase: None,
        }
        .into(),
    }
}

fn content_to_ga(content: beta::AssistantContent) -> AssistantContent {
    use beta::AssistantContentType as Type;
    AssistantContent {
        type_: content.type_.map(|kind| match kind {
            Type::Text => AssistantContentType::OutputText,
            Type::Audio => AssistantContentType::OutputAudio,
            Type::Other(kind) => AssistantContentType::Other(kind),
        }),
        text: content.text,
        audio: content.audio,
        transcript: content.transcript,
    }
}

/// An item as the beta has it.
pub(super) fn to_beta(item: ConversationItem) -> BetaItem {
    match item {
        ConversationItem::Message(message) => message_to_beta(message).into(),
        ConversationItem::FunctionCall(mut item) => {
            item.object = OBJECT;
            item.into()
        }
        ConversationItem::FunctionCallOutput(mut item) => {
            item.object = OBJECT;
            item.into()
        }
        ConversationItem::McpApprovalResponse(item) => item.into(),
        ConversationItem::McpListTools(item) => item.into(),
        ConversationItem::McpCall(item) => (*item).into(),
        ConversationItem::McpApprovalRequest(item) => item.into(),
    }
}

fn message_to_beta(message: Message) -> BetaMessage {
    match message {
        Message::System(mut message) => {
            message.object = OBJECT;
            message.into()
        }
        Message::User(mut message) => {
            message.object = OBJECT;
            message.into()
        }
        Message::Assistant(message) => beta::AssistantMessage {
            id: message.id,
            object: OBJECT,
            status: message.status,
            content: message.content.into_iter().map(content_to_beta).collect(),
        }
        .into(),
    }
}

fn content_to_beta(content: AssistantContent) -> beta::AssistantContent {
    use beta::AssistantContentType as Type;
    beta::AssistantContent {
        type_: content.type_.map(|kind| match kind {
            AssistantContentType::OutputText => Type::Text,
            AssistantContentType::OutputAudio => Type::Audio,
            AssistantContentType::Other(kind) => Type::Other(kind),
        }),
        text: content.text,
        audio: content.audio,
        transcript: content.transcript,
    }
}
