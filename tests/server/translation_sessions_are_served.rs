//! Translation sessions have an address and events of their own.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::assert_valid_server_event;
use crate::support::sound::sounds;
use crate::support::wire::in_time;
use futures_util::{SinkExt, StreamExt};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::ScriptedTranslator;
use mock_realtime::expect::Frame;
use mock_realtime::protocol::realtime::{
    RateLimitsUpdated, TranslationClientEventKind, TranslationServerEventKind,
};
use mock_realtime::protocol::{Base64Audio, Event};
use mock_realtime::server::MockServer;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(mock: &MockServer) -> Socket {
    let address = format!(
        "{}/realtime/translations?model=gpt-realtime-translate",
        mock.url()
    );
    let request = ClientRequestBuilder::new(address.parse().unwrap())
        .with_header("Authorization", "Bearer sk-mine");
    connect_async(request).await.unwrap().0
}

async fn receive(socket: &mut Socket) -> Value {
    let frame = in_time(socket.next()).await.unwrap().unwrap();
    let event = serde_json::from_str(frame.to_text().unwrap()).unwrap();
    assert_valid_server_event(&event);
    event
}

async fn send(socket: &mut Socket, event: Value) {
    socket.send(Message::text(event.to_string())).await.unwrap();
}

#[tokio::test]
async fn from_speech_to_speech_and_a_close() {
    let mock = MockServer::builder()
        .verify()
        .hear(["How are you?"])
        .configure_translation(|options| {
            options.translator = Box::new(ScriptedTranslator::new(["¿Cómo estás?"]));
        })
        .start()
        .await;
    let mut socket = open(&mock).await;
    let created = receive(&mut socket).await;
    assert_eq!(created["type"], "session.created");
    assert_eq!(created["session"]["type"], "translation");
    assert_eq!(created["session"]["model"], "gpt-realtime-translate");

    let settings = json!({ "audio": { "output": { "language": "es" }, "input": { "transcription": { "model": "gpt-realtime-whisper" } } } });
    send(
        &mut socket,
        json!({ "type": "session.update", "session": settings }),
    )
    .await;
    let updated = receive(&mut socket).await;
    assert_eq!(updated["session"]["audio"]["output"]["language"], "es");

    let speech = sounds("silence 320, speech 640, silence 640", Encoding::Pcm16);
    let audio = serde_json::to_value(Base64Audio::from(speech)).unwrap();
    send(
        &mut socket,
        json!({ "type": "session.input_audio_buffer.append", "audio": audio }),
    )
    .await;
    send(&mut socket, json!({ "type": "session.close" })).await;
    let (mut heard, mut said, mut sounded) = (String::new(), String::new(), false);
    loop {
        let event = receive(&mut socket).await;
        match event["type"].as_str().unwrap() {
            "session.input_transcript.delta" => heard += event["delta"].as_str().unwrap(),
            "session.output_transcript.delta" => said += event["delta"].as_str().unwrap(),
            "session.output_audio.delta" => sounded = true,
            "session.closed" => break,
            other => panic!("{other}"),
        }
    }
    assert_eq!(
        (heard.as_str(), said.as_str(), sounded),
        ("How are you?", "¿Cómo estás?", true)
    );
    let Some(Ok(Message::Close(Some(close)))) = in_time(socket.next()).await else {
        panic!("it is not closed");
    };
    assert_eq!(u16::from(close.code), 1000);
}

#[tokio::test]
async fn a_test_sees_its_events_and_pushes_others() {
    let mock = MockServer::builder().verify().start().await;
    let mut socket = open(&mock).await;
    receive(&mut socket).await;
    let session = mock.session(0).await;
    session.push(|id| RateLimitsUpdated::new(id, Vec::new()));
    let pushed = in_time(socket.next()).await.unwrap().unwrap();
    let pushed: Value = serde_json::from_str(pushed.to_text().unwrap()).unwrap();
    assert_eq!(pushed["type"], "rate_limits.updated");
    assert!(pushed["event_id"].as_str().unwrap().starts_with("event_"));

    // An event of conversations is none here.
    send(&mut socket, json!({ "type": "response.create" })).await;
    assert_eq!(receive(&mut socket).await["error"]["code"], "invalid_value");
    send(&mut socket, json!({ "type": "session.close" })).await;
    mock.journal().until_closed(0).await;
    let entries = mock.journal().of_session(0);
    let sent = entries.iter().find_map(|entry| match &entry.frame {
        Frame::TranslationClient(event) => Some(event.kind()),
        _ => None,
    });
    assert_eq!(sent, Some(TranslationClientEventKind::SessionClose));
    let received: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.frame {
            Frame::TranslationServer(event) => Some(event.kind()),
            _ => None,
        })
        .collect();
    assert_eq!(
        received.first(),
        Some(&TranslationServerEventKind::SessionCreated)
    );
    assert_eq!(
        received.last(),
        Some(&TranslationServerEventKind::SessionClosed)
    );
}
