//! The types of the crate `async-openai`, written by others from the published document, read what
//! the mock sends, and hold a conversation with it.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::sound;
use async_openai::types::realtime::translation::RealtimeTranslationServerEvent;
use async_openai::types::realtime::{
    RealtimeClientEvent, RealtimeClientEventInputAudioBufferAppend, RealtimeServerEvent,
};
use futures_util::{SinkExt, StreamExt};
use mock_realtime::audio::Encoding;
use mock_realtime::server::MockServer;
use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// What it cannot read (of which event, what its error says), and why the mock sends it so.
const UNREAD: &[(&str, &str, &str)] = &[
    (
        "conversation.created",
        "unknown variant",
        "published, but no longer sent by the real server; the mock sends it when asked to",
    ),
    (
        "conversation.item.created",
        "unknown variant",
        "published, but no longer sent by the real server; the mock sends it when asked to",
    ),
    (
        "conversation.item.added",
        "invalid type: null",
        "the real server says `transcript: null` of audio that is not transcribed yet",
    ),
    ("conversation.item.done", "invalid type: null", "the same"),
    (
        "conversation.item.added",
        "missing field `approved`",
        "the published name of the field is `approve`",
    ),
    (
        "conversation.item.done",
        "missing field `approved`",
        "the same",
    ),
    (
        "conversation.item.added",
        "missing field `status`",
        "the published document has `status` of a function's output as optional",
    ),
    (
        "conversation.item.done",
        "missing field `status`",
        "the same",
    ),
    (
        "conversation.item.retrieved",
        "missing field `transcript`",
        "speech that was truncated has no transcript any more",
    ),
    (
        "session.updated",
        "missing field `description`",
        "a function may have no description, and is shown as the client gave it",
    ),
];

fn transcripts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_golden_event_is_read_but_for_a_list_with_reasons() {
    let mut events = 0;
    let mut met = BTreeSet::new();
    // It has no types for the beta, and what faults break is not for reading.
    let not_its = ["beta_", "azure_preview", "fault_"];
    for (name, text) in transcripts() {
        if not_its.iter().any(|start| name.starts_with(start)) {
            continue;
        }
        for line in text.lines().filter_map(|line| line.strip_prefix("< ")) {
            let event: Value = serde_json::from_str(line).unwrap();
            let Some(kind) = event["type"].as_str() else {
                continue; // audio beside the events, and the end of a session
            };
            events += 1;
            let read = if name.starts_with("translation") {
                serde_json::from_str::<RealtimeTranslationServerEvent>(line).map(|_| ())
            } else {
                serde_json::from_str::<RealtimeServerEvent>(line).map(|_| ())
            };
            if let Err(error) = read {
                let error = error.to_string();
                let known = UNREAD
                    .iter()
                    .position(|(of, says, _)| *of == kind && error.contains(says));
                met.insert(known.unwrap_or_else(|| panic!("{name}: {kind}: {error}\n{line}")));
            }
        }
    }
    assert!(events > 1_000, "{events}");
    let not_met: Vec<_> = (0..UNREAD.len())
        .filter(|index| !met.contains(index))
        .map(|index| UNREAD[index])
        .collect();
    assert!(not_met.is_empty(), "it reads these now: {not_met:?}");
}

#[tokio::test]
async fn a_client_made_of_its_types_holds_a_voice_turn() {
    let mock = MockServer::builder()
        .verify()
        .say(["Good morning!"])
        .hear(["Hello."])
        .start()
        .await;
    let (mut socket, _) = connect_async(mock.request()).await.unwrap();
    let audio = sound::sounds("silence 320, speech 640, silence 800", Encoding::Pcm16);
    for piece in audio.chunks(4_800) {
        let append = RealtimeClientEvent::InputAudioBufferAppend(
            RealtimeClientEventInputAudioBufferAppend {
                event_id: None,
                audio: sound::base64(piece),
            },
        );
        let text = serde_json::to_string(&append).unwrap();
        socket.send(Message::text(text)).await.unwrap();
    }
    let mut said = String::new();
    let mut turn = Vec::new();
    while let Some(frame) = socket.next().await {
        let frame = frame.unwrap();
        match serde_json::from_str(frame.to_text().unwrap()) {
            Ok(RealtimeServerEvent::InputAudioBufferSpeechStarted(_)) => turn.push("started"),
            Ok(RealtimeServerEvent::InputAudioBufferSpeechStopped(_)) => turn.push("stopped"),
            Ok(RealtimeServerEvent::InputAudioBufferCommitted(_)) => turn.push("committed"),
            Ok(RealtimeServerEvent::ResponseOutputAudioTranscriptDelta(delta)) => {
                said.push_str(&delta.delta);
            }
            Ok(RealtimeServerEvent::ResponseDone(_)) => break,
            _ => {}
        }
    }
    assert_eq!(turn, ["started", "stopped", "committed"]);
    assert_eq!(said, "Good morning!");
}
