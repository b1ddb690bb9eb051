//! What of the protocol this version does: which flow emits each server event. That each client
//! event is handled needs no table: the crate does not build without its handler.

use crate::protocol::EventKind;
use crate::protocol::realtime::{
    ClientEventKind, ServerEventKind, TranslationClientEventKind, TranslationServerEventKind,
};

/// The flow that emits a server event.
///
/// Exhaustive on purpose: an event added to the schema does not build until it stands here.
pub fn emitted_by(kind: ServerEventKind) -> &'static str {
    use ServerEventKind as Kind;
    match kind {
        Kind::SessionCreated => "the start of a session",
        Kind::SessionUpdated => ClientEventKind::SessionUpdate.as_str(),
        Kind::ConversationItemAdded | Kind::ConversationItemDone => {
            "an item of the client, an item of a response"
        }
        Kind::ConversationItemDeleted => ClientEventKind::ConversationItemDelete.as_str(),
        Kind::ConversationItemRetrieved => ClientEventKind::ConversationItemRetrieve.as_str(),
        Kind::ConversationItemTruncated => ClientEventKind::ConversationItemTruncate.as_str(),
        Kind::ResponseCreated
        | Kind::ResponseDone
        | Kind::ResponseOutputItemAdded
        | Kind::ResponseOutputItemDone
        | Kind::RateLimitsUpdated => "any response",
        Kind::ResponseContentPartAdded | Kind::ResponseContentPartDone => "a message",
        Kind::ResponseOutputTextDelta | Kind::ResponseOutputTextDone => "a message in text",
        Kind::ResponseOutputAudioDelta
        | Kind::ResponseOutputAudioDone
        | Kind::ResponseOutputAudioTranscriptDelta
        | Kind::ResponseOutputAudioTranscriptDone => "a message in speech",
        Kind::ResponseFunctionCallArgumentsDelta | Kind::ResponseFunctionCallArgumentsDone => {
            "a function call"
        }
        Kind::ResponseMcpCallArgumentsDelta
        | Kind::ResponseMcpCallArgumentsDone
        | Kind::ResponseMcpCallInProgress
        | Kind::ResponseMcpCallCompleted => "an MCP call",
        Kind::ResponseMcpCallFailed => "an MCP call that fails",
        Kind::Error => "whatever is refused",
        Kind::ConversationCreated | Kind::ConversationItemCreated => {
            "the fidelity option for what is published but not sent any more"
        }
        Kind::McpListToolsInProgress | Kind::McpListToolsCompleted => {
            "an MCP server in the session"
        }
        Kind::McpListToolsFailed => "an MCP server in the session that is out of reach",
        Kind::InputAudioBufferSpeechStarted | Kind::InputAudioBufferSpeechStopped => {
            "a turn of the user, by turn detection"
        }
        Kind::InputAudioBufferCommitted => "a turn of the user, by turn detection or commit",
        Kind::InputAudioBufferCleared => "clearing the input buffer",
        Kind::InputAudioBufferTimeoutTriggered => "an idle timeout",
        Kind::ConversationItemInputAudioTranscriptionCompleted
        | Kind::ConversationItemInputAudioTranscriptionDelta
        | Kind::ConversationItemInputAudioTranscriptionFailed
        | Kind::ConversationItemInputAudioTranscriptionSegment => {
            "a turn of the user, with transcription on"
        }
        Kind::InputAudioBufferDtmfEventReceived => "a key pressed in a call",
        Kind::OutputAudioBufferStarted | Kind::OutputAudioBufferStopped => {
            "a message in speech in a call"
        }
        Kind::OutputAudioBufferCleared => {
            "a turn of the user that interrupts a call's playback, clearing it"
        }
    }
}

/// The flow that emits an event of a translation session.
pub fn translation_emitted_by(kind: TranslationServerEventKind) -> &'static str {
    use TranslationClientEventKind as Client;
    use TranslationServerEventKind as Kind;
    match kind {
        Kind::Error => "whatever is refused",
        Kind::SessionCreated => "the start of a session",
        Kind::SessionUpdated => Client::SessionUpdate.as_str(),
        Kind::SessionClosed => Client::SessionClose.as_str(),
        Kind::SessionInputTranscriptDelta => "something said, with transcription on",
        Kind::SessionOutputTranscriptDelta | Kind::SessionOutputAudioDelta => "something said",
    }
}
