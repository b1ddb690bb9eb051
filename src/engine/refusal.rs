//! The error catalogue: what the real server answers to what it does not accept.
//!
//! Codes and texts are those of recorded sessions and reports unless marked *inferred*; all
//! inferred texts are in this file.

use std::borrow::Cow;
use std::time::Duration;

use crate::generators::PlannedError;
use crate::protocol::realtime::{
    ClientEvent, ClientEventKind, ErrorDetails, ErrorEvent, TranslationClientEventKind,
};
use crate::protocol::{
    DecodeError, DecodeReason, EventId, EventKind, EventPayload, JsonType, Patch,
};

/// The kind of all errors that a client brings about.
const INVALID_REQUEST: &str = "invalid_request_error";

/// Why an event was refused. The session goes on as if it had not come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    kind: Cow<'static, str>,
    code: Option<Cow<'static, str>>,
    message: String,
    param: Option<String>,
    /// The client's id of the event, where it was readable.
    event_id: Option<EventId>,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind: Cow::Borrowed(INVALID_REQUEST),
            code: Some(Cow::Borrowed(code)),
            message: message.into(),
            param: None,
            event_id: None,
        }
    }

    pub(crate) fn without_code(message: impl Into<String>) -> Self {
        Self {
            kind: Cow::Borrowed(INVALID_REQUEST),
            code: None,
            message: message.into(),
            param: None,
            event_id: None,
        }
    }

    /// What a plan says, word for word.
    pub(crate) fn planned(error: PlannedError) -> Self {
        Self {
            kind: Cow::Owned(error.kind),
            code: error.code.map(Cow::Owned),
            message: error.message,
            param: error.param,
            event_id: None,
        }
    }

    pub(crate) fn at(self, param: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..self
        }
    }

    /// The same refusal of the event with this id.
    pub(crate) fn of(self, event_id: Option<EventId>) -> Self {
        Self {
            event_id: self.event_id.or(event_id),
            ..self
        }
    }

    /// What it says.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What class of error it is.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// What code it has, if any.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The `error` event.
    pub(crate) fn into_event(self, event_id: EventId) -> ErrorEvent {
        ErrorEvent::new(event_id, self.into_details())
    }

    /// What an `error` event says, and the body of an HTTP error.
    pub(crate) fn into_details(self) -> ErrorDetails {
        let mut details = ErrorDetails::new(self.kind, self.message);
        details.code = Patch::from(self.code.map(Cow::into_owned));
        details.param = Patch::from(self.param);
        details.event_id = Patch::from(self.event_id);
        details
    }

    /// The session has lasted as long as it may.
    pub(crate) fn expired(minutes: u64) -> Self {
        Self::new(
            "session_expired",
            format!("Your session hit the maximum duration of {minutes} minutes."),
        )
    }

    /// The close code after the session has lasted as long as it may.
    pub(crate) const EXPIRED: u16 = 1001;

    /// The close code after an error that no session outlives. Inferred: that the service closes was
    /// seen, not with what.
    pub(crate) const TERMINAL: u16 = 4000;

    /// Something went wrong, and not by the client. The end of the text is inferred.
    pub(crate) fn server_error() -> Self {
        Self {
            kind: Cow::Borrowed("server_error"),
            code: None,
            ..Self::without_code(
                "The server had an error while processing your request. Please try again.",
            )
        }
    }

    /// More than the account may ask for. The text is inferred.
    pub(crate) fn rate_limit_exceeded() -> Self {
        Self::new(
            "rate_limit_exceeded",
            "You have reached the rate limit of your account. Please try again later.",
        )
    }

    /// More than the account can pay for. The text is inferred.
    pub(crate) fn insufficient_quota() -> Self {
        Self::new(
            "insufficient_quota",
            "You have used up your quota. Please check your plan and your billing details.",
        )
    }

    /// A frame that is no text.
    pub(crate) fn binary_frame() -> Self {
        Self::new(
            "invalid_event",
            "Expected a text WebSocket message; binary frames are not supported.",
        )
    }

    /// A text frame that is no text. Inferred: the answer was not seen.
    pub(crate) fn not_utf8() -> Self {
        Self::new(
            "invalid_event",
            "Expected a text WebSocket message in UTF-8.",
        )
    }

    /// `session.update` with the other kind of session.
    pub(crate) fn other_session_type(passed: &str, session: &str) -> Self {
        Self::without_code(format!(
            "Passing a {passed} session update to a {session} session is not allowed."
        ))
    }

    /// A transcription session with turn detection on, and a model that has no use for it.
    pub(crate) fn no_turn_detection() -> Self {
        Self::without_code("Turn detection is not supported for this transcription model.")
    }

    /// `response.create` in a session that only transcribes. Inferred: no recording tries it.
    pub(crate) fn no_responses() -> Self {
        Self::without_code("Creating a response in a transcription session is not allowed.")
    }

    /// An event of a call on a WebSocket, where the real server does not know its type.
    pub(crate) fn only_in_calls<P: EventPayload<ClientEvent>>() -> Self {
        not_supported("type", P::KIND.as_str(), &supported_types())
    }

    /// `output_audio_buffer.clear` with nothing to clear. Inferred: the answer was not seen.
    pub(crate) fn nothing_plays() -> Self {
        Self::new(
            "output_audio_buffer_clear_empty",
            "Error clearing output audio buffer: no audio is being played.",
        )
    }

    /// Inferred: that the model is fixed is documented, the answer was not seen.
    pub(crate) fn model_is_fixed() -> Self {
        Self::new("cannot_update_model", "Cannot update a session's model.").at("session.model")
    }

    /// An update that cannot be brought together with the session. Not a text of the real server.
    pub(crate) fn unmergeable(message: &str) -> Self {
        Self::new(
            "invalid_value",
            format!("The session cannot be updated: {message}"),
        )
        .at("session")
    }

    /// `conversation.item.create` with an id that is taken.
    pub(crate) fn duplicate_item(id: &str) -> Self {
        Self::new(
            "item_create_duplicate_item_id",
            format!("Error adding item: an item with id '{id}' already exists."),
        )
    }

    /// `conversation.item.create` with an id of too many characters.
    pub(crate) fn item_id_too_long(maximum: usize, length: usize) -> Self {
        size(
            "item.id",
            "string",
            "long",
            "maximum length",
            maximum,
            length,
        )
    }

    /// Inferred: no recording has an unknown `previous_item_id`.
    pub(crate) fn no_previous_item(id: &str) -> Self {
        Self::new(
            "item_create_invalid_previous_item_id",
            format!("Error adding item: the previous item with id '{id}' does not exist."),
        )
    }

    /// `input_audio_buffer.append` with more than an event may have. *Inferred*: the limit is
    /// documented, the answer was not seen.
    pub(crate) fn append_too_large(length: usize, maximum: usize) -> Self {
        Self::new(
            "invalid_value",
            format!(
                "Invalid 'audio': audio too long. Expected at most {maximum} bytes of audio, \
                 but got {length} bytes instead."
            ),
        )
        .at("audio")
    }

    /// `input_audio_buffer.commit` with no audio, or almost none.
    pub(crate) fn commit_too_short(audio: Duration) -> Self {
        let ms = audio.as_secs_f64() * 1000.0;
        Self::new(
            "input_audio_buffer_commit_empty",
            format!(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of \
                 audio, but buffer only has {ms:.2}ms of audio."
            ),
        )
    }

    /// `conversation.item.delete` of an item that is not there.
    pub(crate) fn no_item_to_delete(id: &str) -> Self {
        Self::new(
            "item_delete_invalid_item_id",
            format!("Error deleting item: the item with id '{id}' does not exist."),
        )
    }

    /// `conversation.item.retrieve` of an item that is not there. Inferred from the one for delete.
    pub(crate) fn no_item_to_retrieve(id: &str) -> Self {
        Self::new(
            "item_retrieve_invalid_item_id",
            format!("Error retrieving item: the item with id '{id}' does not exist."),
        )
    }

    /// `conversation.item.truncate` of an item that is not there.
    pub(crate) fn no_item_to_truncate(id: &str) -> Self {
        Self::new(
            "item_truncate_invalid_item_id",
            format!("Error truncating item: the item with id '{id}' does not exist."),
        )
    }

    /// `conversation.item.truncate` of anything but the assistant's speech.
    pub(crate) fn no_audio_to_truncate() -> Self {
        Self::new(
            "unsupported_content_type",
            "Only model output audio messages can be truncated",
        )
    }

    /// `conversation.item.truncate` beyond the end.
    pub(crate) fn audio_is_shorter(audio: Duration, end: Duration) -> Self {
        let message = format!(
            "Audio content of {}ms is already shorter than {}ms",
            audio.as_millis(),
            end.as_millis()
        );
        Self::new("invalid_value", message)
    }

    /// `conversation.item.create` with the output of a call that nobody made. Inferred.
    pub(crate) fn no_call(call_id: &str) -> Self {
        Self::new(
            "item_create_invalid_call_id",
            format!("Error adding item: no function call with call_id '{call_id}' exists."),
        )
    }

    /// `response.create` with a reference to an item that is not there. Inferred.
    pub(crate) fn no_item_to_refer_to(id: &str) -> Self {
        Self::new(
            "response_create_invalid_item_id",
            format!("Error creating response: the item with id '{id}' does not exist."),
        )
    }

    /// `response.create` beside too many others. Inferred.
    pub(crate) fn too_many_responses(most: usize) -> Self {
        Self::new(
            "too_many_active_responses",
            format!("At most {most} responses may be in progress. Wait until one is finished."),
        )
    }

    /// An item that has to wait for the end of a response, beside too many others. Inferred.
    pub(crate) fn too_many_waiting_items(most: usize) -> Self {
        Self::new(
            "too_many_waiting_items",
            format!("At most {most} outputs may wait for the end of the active response."),
        )
    }

    /// `session.update` with another voice after the assistant has spoken.
    pub(crate) fn voice_is_fixed() -> Self {
        Self::new(
            "cannot_update_voice",
            "Cannot update a conversation's voice if assistant audio is present.",
        )
    }

    /// `response.cancel` with nothing to cancel.
    pub(crate) fn no_response_to_cancel() -> Self {
        Self::new(
            "response_cancel_not_active",
            "Cancellation failed: no active response found",
        )
    }

    /// `response.create` while the conversation has a response.
    pub(crate) fn active_response(id: &str) -> Self {
        Self::new(
            "conversation_already_has_active_response",
            format!(
                "Conversation already has an active response in progress: {id}. \
                 Wait until the response is finished before creating a new one."
            ),
        )
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        let path = error.path.to_string();
        let refusal = from_reason(&path, error.reason);
        refusal.of(error.event_id.map(EventId::from))
    }
}

fn from_reason(path: &str, reason: DecodeReason) -> Refusal {
    match reason {
        DecodeReason::NotJson { message, line, column } => Refusal::new(
            "invalid_json",
            format!("Invalid event: failed to parse JSON value. {message} (line {line}, column {column})"),
        ),
        // Inferred wording: only text that is no JSON at all was recorded.
        DecodeReason::NotAnObject { found } => Refusal::new(
            "invalid_type",
            format!("Invalid event: expected an object, but got {} instead.", article(found)),
        ),
        DecodeReason::MissingType | DecodeReason::MissingField => Refusal::new(
            "missing_required_parameter",
            format!("Missing required parameter: '{path}'."),
        )
        .at(path),
        DecodeReason::UnknownType { value, .. } => not_supported(path, &value, &supported_types()),
        DecodeReason::NotInEnum { value, supported } => not_supported(path, &value, &supported),
        DecodeReason::UnknownField => {
            Refusal::new("unknown_parameter", format!("Unknown parameter: '{path}'.")).at(path)
        }
        DecodeReason::WrongType { expected, found } => Refusal::new(
            "invalid_type",
            format!(
                "Invalid type for '{path}': expected {}, but got {} instead.",
                expected_types(&expected),
                article(found)
            ),
        )
        .at(path),
        DecodeReason::IntegerBelowMinimum { minimum, value } => bound(path, "integer", "below", ">=", minimum, value),
        DecodeReason::IntegerAboveMaximum { maximum, value } => bound(path, "integer", "above", "<=", maximum, value),
        DecodeReason::NumberBelowMinimum { minimum, value } => bound(path, "decimal", "below", ">=", minimum, value),
        DecodeReason::NumberAboveMaximum { maximum, value } => bound(path, "decimal", "above", "<=", maximum, value),
        DecodeReason::TooLong { maximum, length } => {
            size(path, "string", "long", "maximum length", maximum, length)
        }
        DecodeReason::TooShort { minimum, length } => {
            size(path, "string", "short", "minimum length", minimum, length)
        }
        // Inferred.
        DecodeReason::PatternMismatch { pattern } => Refusal::new(
            "invalid_value",
            format!(
                "Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '{pattern}'."
            ),
        )
        .at(path),
        DecodeReason::TooMany { maximum, length } => {
            size(path, "array", "long", "maximum length", maximum, length)
        }
        DecodeReason::TooFew { minimum, length } => {
            size(path, "array", "short", "minimum length", minimum, length)
        }
        // Inferred.
        DecodeReason::BadBase64 => Refusal::new(
            "invalid_value",
            format!(
                "Invalid '{path}'. Expected base64-encoded audio bytes (mono PCM16 at 24kHz) but got an invalid value."
            ),
        )
        .at(path),
        DecodeReason::Other { message } => Refusal::new("invalid_event", format!("Invalid event: {message}")),
    }
}

/// The types the real server says it supports, in its order: those of conversation and translation
/// sessions together, and without the one for WebRTC.
fn supported_types() -> [&'static str; 12] {
    use {ClientEventKind as Client, TranslationClientEventKind as Translation};
    [
        Client::SessionUpdate.as_str(),
        Translation::SessionClose.as_str(),
        Client::InputAudioBufferAppend.as_str(),
        Translation::SessionInputAudioBufferAppend.as_str(),
        Client::InputAudioBufferCommit.as_str(),
        Client::InputAudioBufferClear.as_str(),
        Client::ConversationItemCreate.as_str(),
        Client::ConversationItemTruncate.as_str(),
        Client::ConversationItemDelete.as_str(),
        Client::ConversationItemRetrieve.as_str(),
        Client::ResponseCreate.as_str(),
        Client::ResponseCancel.as_str(),
    ]
}

fn not_supported(path: &str, value: &str, supported: &[&str]) -> Refusal {
    let supported = list(supported);
    Refusal::new(
        "invalid_value",
        format!("Invalid value: '{value}'. Supported values are: {supported}."),
    )
    .at(path)
}

/// Inferred but for "integer below".
fn bound(
    path: &str,
    kind: &str,
    side: &str,
    sign: &str,
    limit: impl std::fmt::Display,
    value: impl std::fmt::Display,
) -> Refusal {
    let code = match (kind, side) {
        ("integer", "below") => "integer_below_min_value",
        ("integer", _) => "integer_above_max_value",
        (_, "below") => "decimal_below_min_value",
        _ => "decimal_above_max_value",
    };
    let limit_name = if side == "below" {
        "minimum"
    } else {
        "maximum"
    };
    Refusal::new(
        code,
        format!(
            "Invalid '{path}': {kind} {side} {limit_name} value. Expected a value {sign} {limit}, but got {value} instead."
        ),
    )
    .at(path)
}

/// Inferred.
fn size(
    path: &str,
    kind: &str,
    side: &str,
    limit_name: &str,
    limit: usize,
    length: usize,
) -> Refusal {
    let code = match (kind, side) {
        ("string", "long") => "string_above_max_length",
        ("string", _) => "string_below_min_length",
        (_, "long") => "array_above_max_length",
        _ => "array_below_min_length",
    };
    Refusal::new(
        code,
        format!(
            "Invalid '{path}': {kind} too {side}. Expected {} with {limit_name} {limit}, but got {} with length {length} instead.",
            with_article(kind),
            with_article(kind),
        ),
    )
    .at(path)
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with('a') { "an" } else { "a" };
    format!("{article} {kind}")
}

/// `'a', 'b', and 'c'`, as the server lists them.
fn list(values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [one, two] => format!("{one} and {two}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}

fn article(found: JsonType) -> &'static str {
    found.with_article()
}

fn expected_types(expected: &[JsonType]) -> String {
    let names: Vec<&str> = expected.iter().map(|kind| kind.with_article()).collect();
    match names.as_slice() {
        [most @ .., last] if !most.is_empty() => format!("one of {} or {last}", most.join(", ")),
        names => names.join(""),
    }
}
