//! The same options and frames give the same bytes at the real server's pace, be the time paused
//! and the stream a pipe, or both of them real.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::sound::sounds;
use futures_util::{SinkExt, StreamExt};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::{Pacing, ScriptedTranscriber, SessionOptions, TranscriptionPace};
use mock_realtime::generators::{PlannedItem, ResponsePlan, ResponseRequest};
use mock_realtime::protocol::realtime::{ClientEvent, InputAudioBufferAppend, ServerEvent};
use mock_realtime::protocol::{Event, EventKind, decode};
use mock_realtime::server::run_session;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

const TRANSCRIBE: &str = r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{"model":"gpt-4o-mini-transcribe"}}}}}"#;
const ITEM: &str = r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hello?"}]}}"#;
const RESPOND: &str = r#"{"type":"response.create"}"#;
const NONSENSE: &str = r#"{"type":"nonsense"}"#;

fn options() -> SessionOptions {
    let generator = |_: ResponseRequest<'_>| {
        ResponsePlan::of([
            PlannedItem::message("One moment."),
            PlannedItem::call("clock", r#"{"city":"Lisbon"}"#),
        ])
    };
    SessionOptions {
        seed: 3,
        pacing: Pacing::REALISTIC,
        generator: Box::new(generator),
        transcriber: Box::new(ScriptedTranscriber::new(["What time is it there?"])),
        // Among the deltas of the response, rather than after them as it really is.
        transcription_pace: TranscriptionPace {
            first: Duration::from_millis(250),
            next: Duration::from_millis(7),
        },
        ..SessionOptions::default()
    }
}

/// What the client sends once it has seen these events: what it waits for, always the last of
/// what the session has to say.
fn script() -> Vec<(Vec<&'static str>, Vec<String>)> {
    let speech = sounds("silence 320, speech 640, silence 640", Encoding::Pcm16);
    let appends = speech.chunks(4800).map(|chunk| {
        let event = ClientEvent::from(InputAudioBufferAppend::new(chunk));
        serde_json::to_string(&event).unwrap()
    });
    vec![
        (vec!["session.created"], vec![TRANSCRIBE.to_owned()]),
        (
            vec!["session.updated"],
            vec![ITEM.to_owned(), RESPOND.to_owned()],
        ),
        (vec!["rate_limits.updated"], appends.collect()),
        (
            vec![
                "conversation.item.input_audio_transcription.completed",
                "rate_limits.updated",
            ],
            vec![NONSENSE.to_owned()],
        ),
        (vec!["error"], Vec::new()),
    ]
}

/// Plays the script on a client's side of a stream; returns every frame the session sent.
async fn play<S>(stream: S) -> Vec<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut client = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let mut received = Vec::new();
    for (mut awaited, frames) in script() {
        while !awaited.is_empty() {
            let Message::Text(text) = client.next().await.unwrap().unwrap() else {
                panic!("no text frame after {received:#?}")
            };
            let event: ServerEvent = decode(&text).unwrap();
            awaited.retain(|kind| *kind != event.kind().as_str());
            received.push(text.to_string());
        }
        for frame in frames {
            client.send(Message::text(frame)).await.unwrap();
        }
    }
    client.close(None).await.unwrap();
    received
}

async fn over_a_pipe() -> Vec<String> {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let session = tokio::spawn(run_session(server, options()));
    let received = play(client).await;
    session.await.unwrap();
    received
}

async fn over_tcp() -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let session = tokio::spawn(run_session(server, options()));
    let received = play(client).await;
    session.await.unwrap();
    received
}

fn runtime(paused: bool) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(paused)
        .build()
        .unwrap()
}

#[test]
fn of_a_conversation_by_text_and_by_voice() {
    let paused = runtime(true).block_on(over_a_pipe());
    assert_eq!(paused, runtime(true).block_on(over_a_pipe()));
    let real = runtime(false).block_on(over_tcp());
    for (number, (paused, real)) in paused.iter().zip(&real).enumerate() {
        assert_eq!(paused, real, "frame {number}");
    }
    assert_eq!(paused.len(), real.len());
}
