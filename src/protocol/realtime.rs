//! OpenAI's Realtime protocol in its GA dialect: conversation, transcription and translation
//! sessions, and the REST payloads around them.
//!
//! Generated from `schema/openai-realtime` by the build script; `cargo xtask codegen --print` shows
//! the source. Each event is a struct named by its `type` (`response.create` is
//! [`ResponseCreate`]) and a variant of its enum; fields that may be absent *and* null are a
//! [`Patch`].
//!
//! What clients send is read strictly: an unknown field is refused, as the real server does. What
//! servers send is read openly, so that these types can read a server that is newer than they are.

#![allow(
    clippy::pedantic,
    clippy::too_many_arguments,
    reason = "generated: as many fields as the protocol has, and in its words"
)]

include!(concat!(env!("OUT_DIR"), "/openai-realtime/types.rs"));

/// The protocol as one JSON Schema document (draft 2020-12) with all definitions under `$defs`, as
/// OpenAI publishes it: for validators.
pub const PUBLISHED_SCHEMA: &str =
    include_str!(concat!(env!("OUT_DIR"), "/openai-realtime/published.json"));

/// The same with what the real server was seen to do beyond or against its document: what the types
/// here are made of, and what the mock sends.
pub const OBSERVED_SCHEMA: &str =
    include_str!(concat!(env!("OUT_DIR"), "/openai-realtime/observed.json"));

// What tests write most, in fewer words than the schema needs.

impl UserContent {
    /// Text that the user typed.
    pub fn input_text(text: impl Into<String>) -> Self {
        Self {
            type_: Some(UserContentType::InputText),
            text: Some(text.into()),
            ..Self::default()
        }
    }
}

impl AssistantContent {
    /// Text that the assistant wrote.
    pub fn output_text(text: impl Into<String>) -> Self {
        Self {
            type_: Some(AssistantContentType::OutputText),
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Speech of the assistant, by its transcript.
    pub fn output_audio(transcript: impl Into<String>) -> Self {
        Self {
            type_: Some(AssistantContentType::OutputAudio),
            transcript: Some(transcript.into()),
            ..Self::default()
        }
    }
}

impl ContentPart {
    /// A part of speech, by its transcript.
    pub fn audio(transcript: impl Into<String>) -> Self {
        Self {
            type_: Some(ContentPartType::Audio),
            transcript: Some(transcript.into()),
            ..Self::default()
        }
    }

    /// A part of text. Parts say `text` where items say `output_text`.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            type_: Some(ContentPartType::Text),
            text: Some(text.into()),
            ..Self::default()
        }
    }
}

impl ConversationItem {
    /// A message that the user typed.
    ///
    /// ```
    /// use mock_realtime::protocol::realtime::{ClientEvent, ConversationItem, ConversationItemCreate};
    ///
    /// let event = ClientEvent::from(ConversationItemCreate::new(ConversationItem::user_text("Hello")));
    /// assert!(serde_json::to_string(&event)?.starts_with(r#"{"type":"conversation.item.create""#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn user_text(text: impl Into<String>) -> Self {
        Self::from(Message::from(UserMessage::new(vec![
            UserContent::input_text(text),
        ])))
    }
}
