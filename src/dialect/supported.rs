//! The types of events that a service says it supports when it gets another one.

use crate::protocol::beta::ClientEventKind as Kind;
use crate::protocol::realtime::TranslationClientEventKind;
use crate::protocol::{DecodeError, DecodeReason, EventKind};

/// What the beta said it supports: without the event that only calls have. The order is *inferred*
/// from the one of GA.
pub(super) fn in_beta() -> Vec<&'static str> {
    [&UPDATES[..], &OTHERS[..]]
        .concat()
        .into_iter()
        .map(Kind::as_str)
        .collect()
}

/// What Azure's GA endpoint says it supports. That one of the beta's events is among them was seen;
/// its place, and that all else is as at OpenAI, are *inferred*.
pub(super) fn on_azure() -> Vec<&'static str> {
    use TranslationClientEventKind as Translation;
    let mut all = in_beta();
    all.insert(UPDATES.len(), Translation::SessionClose.as_str());
    let append = Translation::SessionInputAudioBufferAppend.as_str();
    all.insert(UPDATES.len() + 2, append);
    all
}

const UPDATES: [Kind; 2] = [Kind::SessionUpdate, Kind::TranscriptionSessionUpdate];

const OTHERS: [Kind; 9] = [
    Kind::InputAudioBufferAppend,
    Kind::InputAudioBufferCommit,
    Kind::InputAudioBufferClear,
    Kind::ConversationItemCreate,
    Kind::ConversationItemTruncate,
    Kind::ConversationItemDelete,
    Kind::ConversationItemRetrieve,
    Kind::ResponseCreate,
    Kind::ResponseCancel,
];

/// The error of a type that is not known, with this list instead of its own.
pub(super) fn listing(error: DecodeError, all: Vec<&'static str>) -> DecodeError {
    match error.reason {
        DecodeReason::UnknownType { value, .. } => DecodeError {
            reason: DecodeReason::NotInEnum {
                value,
                supported: all,
            },
            ..error
        },
        _ => error,
    }
}
