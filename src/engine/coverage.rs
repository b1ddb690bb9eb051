//! What of the protocol this version does: which client events are handled, which server events
//! are emitted, and by what.

use crate::protocol::EventKind;
use crate::protocol::realtime::{
    ClientEventKind, ServerEventKind, TranslationClientEventKind, TranslationServerEventKind,
};

use super::refusal::Refusal;

/// The client events that are refused as not handled yet.
const NOT_HANDLED: &[ClientEventKind] = &[ClientEventKind::OutputAudioBufferClear];

/// Whether a client event does what it should. A new one cannot be forgotten: its handler is
/// missing then, and the crate does not build.
pub fn is_handled(kind: ClientEventKind) -> bool {
    !NOT_HANDLED.contains(&kind)
}

/// The refusal of an event whose turn has not come.
pub(crate) fn not_handled(kind: ClientEventKind) -> Result<(), Refusal> {
    debug_assert!(!is_handled(kind), "{kind} is said to be handled");
    Err(Refusal::not_handled(kind.as_str()))
}

/// The flow that emits a server event, or `None` where nothing does yet.
///
/// Exhaustive on purpose: an event added to the schema does not build until it stands here.
pub fn emitted_by(kind: ServerEventKind) -> Option<&'static str> {
    use ServerEventKind as Kind;
    match kind {
        Kind::SessionCreated => Some("the start of a session"),
        Kind::SessionUpdated => Some(ClientEventKind::SessionUpdate.as_str()),
        Kind::ConversationItemAdded | Kind::ConversationItemDone => {
            Some("an item of the client, an item of a response")
        }
        Kind::ConversationItemDeleted => Some(ClientEventKind::ConversationItemDelete.as_str()),
        Kind::ConversationItemRetrieved => Some(ClientEventKind::ConversationItemRetrieve.as_str()),
        Kind::ConversationItemTruncated => Some(ClientEventKind::ConversationItemTruncate.as_str()),
        Kind::ResponseCreated
        | Kind::ResponseDone
        | Kind::ResponseOutputItemAdded
        | Kind::ResponseOutputItemDone
        | Kind::RateLimitsUpdated => Some("any response"),
        Kind::ResponseContentPartAdded | Kind::ResponseContentPartDone => Some("a message"),
        Kind::ResponseOutputTextDelta | Kind::ResponseOutputTextDone => Some("a message in text"),
        Kind::ResponseOutputAudioDelta
        | Kind::ResponseOutputAudioDone
        | Kind::ResponseOutputAudioTranscriptDelta
        | Kind::ResponseOutputAudioTranscriptDone => Some("a message in speech"),
        Kind::ResponseFunctionCallArgumentsDelta | Kind::ResponseFunctionCallArgumentsDone => {
            Some("a function call")
        }
        Kind::ResponseMcpCallArgumentsDelta
        | Kind::ResponseMcpCallArgumentsDone
        | Kind::ResponseMcpCallInProgress
        | Kind::ResponseMcpCallCompleted => Some("an MCP call"),
        Kind::ResponseMcpCallFailed => Some("an MCP call that fails"),
        Kind::Error => Some("whatever is refused"),
        Kind::ConversationCreated | Kind::ConversationItemCreated => {
            Some("the fidelity option for what is published but not sent any more")
        }
        Kind::McpListToolsInProgress | Kind::McpListToolsCompleted => {
            Some("an MCP server in the session")
        }
        Kind::McpListToolsFailed => Some("an MCP server in the session that is out of reach"),
        Kind::InputAudioBufferSpeechStarted | Kind::InputAudioBufferSpeechStopped => {
            Some("a turn of the user, by turn detection")
        }
        Kind::InputAudioBufferCommitted => Some("a turn of the user, by turn detection or commit"),
        Kind::InputAudioBufferCleared => Some("clearing the input buffer"),
        Kind::InputAudioBufferTimeoutTriggered => Some("an idle timeout"),
        Kind::ConversationItemInputAudioTranscriptionCompleted
        | Kind::ConversationItemInputAudioTranscriptionDelta
        | Kind::ConversationItemInputAudioTranscriptionFailed
        | Kind::ConversationItemInputAudioTranscriptionSegment => {
            Some("a turn of the user, with transcription on")
        }
        Kind::InputAudioBufferDtmfEventReceived
        | Kind::OutputAudioBufferCleared
        | Kind::OutputAudioBufferStarted
        | Kind::OutputAudioBufferStopped => None,
    }
}

/// Whether an event of a translation session is handled: there are none yet.
pub fn is_translation_handled(_: TranslationClientEventKind) -> bool {
    false
}

/// The flow that emits an event of a translation session: there are none yet.
pub fn translation_emitted_by(kind: TranslationServerEventKind) -> Option<&'static str> {
    use TranslationServerEventKind as Kind;
    match kind {
        Kind::Error
        | Kind::SessionCreated
        | Kind::SessionUpdated
        | Kind::SessionClosed
        | Kind::SessionInputTranscriptDelta
        | Kind::SessionOutputTranscriptDelta
        | Kind::SessionOutputAudioDelta => None,
    }
}
