//! What the user was heard to say, in a recorded session.

use std::collections::HashMap;

use serde_json::Value;

use crate::protocol::EventKind;
use crate::protocol::realtime::ServerEventKind;
use crate::recording::RecordedSession;
use crate::scenario::model::{HeardConfig, OneOrMany, TranscriptionFailureConfig};

/// What is heard where nobody has written it down.
const UNKNOWN: &str = "(speech)";

/// The turns of speech, in order.
pub(super) fn heard(session: &RecordedSession) -> OneOrMany<HeardConfig> {
    let transcripts = transcripts(session);
    let committed = of_kind(session, ServerEventKind::InputAudioBufferCommitted);
    committed
        .map(|event| {
            let item = event["item_id"].as_str().unwrap_or_default();
            let unknown = || HeardConfig {
                text: UNKNOWN.to_owned(),
                ..HeardConfig::default()
            };
            transcripts.get(item).cloned().unwrap_or_else(unknown)
        })
        .collect()
}

/// What each item of speech was heard as.
pub(super) fn transcripts(session: &RecordedSession) -> HashMap<&str, HeardConfig> {
    let mut found = HashMap::new();
    let completed = ServerEventKind::ConversationItemInputAudioTranscriptionCompleted;
    for event in of_kind(session, completed) {
        let text = event["transcript"].as_str().unwrap_or_default();
        let heard = HeardConfig {
            text: text.trim().to_owned(),
            ..HeardConfig::default()
        };
        found.insert(event["item_id"].as_str().unwrap_or_default(), heard);
    }
    let failed = ServerEventKind::ConversationItemInputAudioTranscriptionFailed;
    for event in of_kind(session, failed) {
        let text = |field: &str| event["error"][field].as_str().map(str::to_owned);
        let heard = HeardConfig {
            fail: Some(TranscriptionFailureConfig {
                code: text("code"),
                message: text("message"),
            }),
            ..HeardConfig::default()
        };
        found.insert(event["item_id"].as_str().unwrap_or_default(), heard);
    }
    found
}

fn of_kind(session: &RecordedSession, kind: ServerEventKind) -> impl Iterator<Item = &Value> {
    let events = session.entries.iter().map(|entry| &entry.event);
    events.filter(move |event| event["type"] == kind.as_str())
}
