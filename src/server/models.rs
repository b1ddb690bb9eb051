//! Which models there are, and what they are for.

use crate::protocol::realtime::{RealtimeModel, TranscriptionModel};

/// The model of a client that names none where it need not.
pub(super) const DEFAULT_MODEL: &str = "gpt-realtime";

/// The models that translate.
const TRANSLATION: &[&str] = &["gpt-realtime-translate"];

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Conversation,
    Transcription,
    Translation,
}

impl Purpose {
    /// What a model is for, where that is known. A name that is not may be one of tomorrow.
    pub(super) fn of(model: &str) -> Option<Self> {
        if RealtimeModel::KNOWN.contains(&model) {
            Some(Self::Conversation)
        } else if TranscriptionModel::KNOWN.contains(&model) {
            Some(Self::Transcription)
        } else if TRANSLATION.contains(&model) {
            Some(Self::Translation)
        } else {
            None
        }
    }
}

/// The model of a conversation for which any will do, if it is one of these where there are any.
pub(super) fn for_conversations(accepted: &[String]) -> &str {
    let converses =
        |model: &&String| Purpose::of(model).is_none_or(|purpose| purpose == Purpose::Conversation);
    let first = accepted.iter().find(converses);
    first.map_or(DEFAULT_MODEL, String::as_str)
}

/// The models that are known.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    let all = [RealtimeModel::KNOWN, TranscriptionModel::KNOWN, TRANSLATION];
    all.into_iter().flatten().copied()
}
