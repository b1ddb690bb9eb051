//! What a response costs, in tokens.

use std::time::Duration;

use crate::generators::PlannedUsage;
use crate::protocol::realtime::{
    CachedTokensDetails, ConversationItem, InputTokenDetails, Message, OutputTokenDetails,
    RateLimit, RateLimitName, RealtimeSession, Usage,
};

use super::conversation::Conversation;
use super::pieces::pieces;

/// The limit that `rate_limits.updated` tells, as a paying account was seen to have.
const TOKENS_A_MINUTE: u64 = 15_000_000;

/// A token of speech that the model says, and one of speech that it hears.
const SPOKEN_TOKEN: Duration = Duration::from_millis(50);
const HEARD_TOKEN: Duration = Duration::from_millis(100);

/// Tokens by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) text: u64,
    pub(crate) audio: u64,
}

impl Tokens {
    pub(crate) fn total(self) -> u64 {
        self.text.saturating_add(self.audio)
    }
}

/// The tokens of speech that was said.
pub(crate) fn spoken_tokens(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(SPOKEN_TOKEN.as_micros())).unwrap_or(u64::MAX)
}

/// The tokens of speech that was heard: whole ones, as recorded (27 for 2.80 s, 16 for 1.63 s).
pub(crate) fn heard_tokens(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros() / HEARD_TOKEN.as_micros()).unwrap_or(u64::MAX)
}

/// What the model reads: the instructions and all items. Speech the assistant said comes back at
/// what it cost when it was said.
pub(crate) fn input_tokens(session: &RealtimeSession, conversation: &Conversation) -> Tokens {
    let instructions = session.instructions.as_deref().map_or(0, tokens);
    Tokens {
        text: instructions + conversation.text_tokens(),
        audio: conversation.audio_tokens(),
    }
}

/// One piece of text is one token.
fn tokens(text: &str) -> u64 {
    pieces(text).count() as u64
}

/// The tokens of the text of an item.
pub(crate) fn item_tokens(item: &ConversationItem) -> u64 {
    let text = |text: &Option<String>| text.as_deref().map_or(0, tokens);
    match item {
        ConversationItem::Message(Message::System(message)) => {
            message.content.iter().map(|part| text(&part.text)).sum()
        }
        ConversationItem::Message(Message::User(message)) => {
            message.content.iter().map(|part| text(&part.text)).sum()
        }
        ConversationItem::Message(Message::Assistant(message)) => message
            .content
            .iter()
            .map(|part| text(&part.text) + text(&part.transcript))
            .sum(),
        ConversationItem::FunctionCall(call) => tokens(&call.name) + tokens(&call.arguments),
        ConversationItem::FunctionCallOutput(output) => tokens(&output.output),
        _ => 0,
    }
}

/// What a response costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) input: Tokens,
    /// Of the input, what came from the cache.
    pub(crate) cached: Tokens,
    pub(crate) output: Tokens,
}

impl Cost {
    pub(crate) fn total(self) -> u64 {
        self.input.total().saturating_add(self.output.total())
    }

    /// The same with what a plan says of it.
    pub(crate) fn told_as(self, planned: PlannedUsage) -> Self {
        let tokens = |counted: Tokens, text: Option<u64>, audio: Option<u64>| Tokens {
            text: text.unwrap_or(counted.text),
            audio: audio.unwrap_or(counted.audio),
        };
        Self {
            input: tokens(self.input, planned.input_text, planned.input_audio),
            cached: tokens(self.cached, planned.cached_text, planned.cached_audio),
            output: tokens(self.output, planned.output_text, planned.output_audio),
        }
    }
}

/// The usage object.
pub(crate) fn of(cost: Cost) -> Usage {
    let Cost {
        input,
        cached,
        output,
    } = cost;
    let count = |tokens: u64| Some(i64::try_from(tokens).unwrap_or(i64::MAX));
    Usage {
        total_tokens: count(cost.total()),
        input_tokens: count(input.total()),
        output_tokens: count(output.total()),
        input_token_details: Some(InputTokenDetails {
            text_tokens: count(input.text),
            audio_tokens: count(input.audio),
            image_tokens: Some(0),
            cached_tokens: count(cached.total()),
            cached_tokens_details: Some(CachedTokensDetails {
                text_tokens: count(cached.text),
                audio_tokens: count(cached.audio),
                image_tokens: Some(0),
            }),
        }),
        output_token_details: Some(OutputTokenDetails {
            text_tokens: count(output.text),
            audio_tokens: count(output.audio),
        }),
    }
}

/// What of the input was read before: whole blocks of 64 tokens, as in all recordings.
pub(crate) fn cached(input: Tokens, before: Tokens) -> Tokens {
    let blocks = |now: u64, before: u64| now.min(before) / 64 * 64;
    Tokens {
        text: blocks(input.text, before.text),
        audio: blocks(input.audio, before.audio),
    }
}

/// What is left of the account's minute after `used` tokens. `reset_seconds` is the used part of
/// the minute, as in recorded samples (1,510 of 40,000 tokens: 2.265 s).
#[allow(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^52"
)]
pub(crate) fn rate_limits(used: u64) -> Vec<RateLimit> {
    let thousandths = (used as f64 / TOKENS_A_MINUTE as f64 * 60_000.0).round();
    let count = |tokens: u64| Some(i64::try_from(tokens).unwrap_or(i64::MAX));
    vec![RateLimit {
        name: Some(RateLimitName::Tokens),
        limit: count(TOKENS_A_MINUTE),
        remaining: count(TOKENS_A_MINUTE.saturating_sub(used)),
        reset_seconds: Some(thousandths / 1000.0),
    }]
}
