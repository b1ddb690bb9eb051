//! What a response costs, in tokens.

use crate::protocol::realtime::{
    AssistantContent, CachedTokensDetails, ConversationItem, InputTokenDetails, Message,
    OutputTokenDetails, RateLimit, RateLimitName, RealtimeSession, Usage,
};

use super::conversation::Conversation;
use super::pieces::pieces;

/// The limit that `rate_limits.updated` tells, as a paying account was seen to have.
const TOKENS_A_MINUTE: i64 = 15_000_000;

/// Text tokens the model reads: instructions and the text of all items.
pub(crate) fn input_tokens(session: &RealtimeSession, conversation: &Conversation) -> i64 {
    let instructions = session.instructions.as_deref().map_or(0, tokens);
    instructions + conversation.items().map(item_tokens).sum::<i64>()
}

/// One piece of text is one token.
fn tokens(text: &str) -> i64 {
    i64::try_from(pieces(text).count()).unwrap_or(i64::MAX)
}

fn item_tokens(item: &ConversationItem) -> i64 {
    let text = |text: &Option<String>| text.as_deref().map_or(0, tokens);
    match item {
        ConversationItem::Message(Message::System(message)) => {
            message.content.iter().map(|part| text(&part.text)).sum()
        }
        ConversationItem::Message(Message::User(message)) => {
            message.content.iter().map(|part| text(&part.text)).sum()
        }
        ConversationItem::Message(Message::Assistant(message)) => {
            message.content.iter().map(assistant_tokens).sum()
        }
        ConversationItem::FunctionCall(call) => tokens(&call.name) + tokens(&call.arguments),
        ConversationItem::FunctionCallOutput(output) => tokens(&output.output),
        _ => 0,
    }
}

fn assistant_tokens(part: &AssistantContent) -> i64 {
    [&part.text, &part.transcript]
        .into_iter()
        .flatten()
        .map(|text| tokens(text))
        .sum()
}

/// The usage of a response that read and wrote text only.
pub(crate) fn of_text(input: i64, output: i64) -> Usage {
    Usage {
        total_tokens: Some(input + output),
        input_tokens: Some(input),
        output_tokens: Some(output),
        input_token_details: Some(InputTokenDetails {
            text_tokens: Some(input),
            audio_tokens: Some(0),
            image_tokens: Some(0),
            cached_tokens: Some(0),
            cached_tokens_details: Some(CachedTokensDetails {
                text_tokens: Some(0),
                audio_tokens: Some(0),
                image_tokens: Some(0),
            }),
        }),
        output_token_details: Some(OutputTokenDetails {
            text_tokens: Some(output),
            audio_tokens: Some(0),
        }),
    }
}

/// What is left of the account's minute after `used` tokens. `reset_seconds` is the used part of
/// the minute, as in recorded samples (1,510 of 40,000 tokens: 2.265 s).
#[allow(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^52"
)]
pub(crate) fn rate_limits(used: i64) -> Vec<RateLimit> {
    let thousandths = (used as f64 / TOKENS_A_MINUTE as f64 * 60_000.0).round();
    vec![RateLimit {
        name: Some(RateLimitName::Tokens),
        limit: Some(TOKENS_A_MINUTE),
        remaining: Some(TOKENS_A_MINUTE.saturating_sub(used)),
        reset_seconds: Some(thousandths / 1000.0),
    }]
}
