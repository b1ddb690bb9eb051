//! The mock in the place of a WebSocket behaves as one: pings, closes, errors after the end.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use mock_realtime::client::MockSocket;
use mock_realtime::engine::{Pacing, SessionOptions};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

fn socket() -> MockSocket {
    MockSocket::new(SessionOptions {
        pacing: Pacing::REALISTIC,
        ..SessionOptions::default()
    })
    .verifying()
}

/// As an application is generic over its socket.
async fn answer<S>(socket: &mut S, frame: &str) -> Vec<String>
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    socket.send(Message::text(frame)).await.unwrap();
    let mut types = Vec::new();
    loop {
        let message = socket.next().await.unwrap().unwrap();
        let event: serde_json::Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        types.push(event["type"].as_str().unwrap().to_owned());
        if event["type"] == "response.done" {
            return types;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_comes_at_its_pace() {
    let before = tokio::time::Instant::now();
    let types = answer(&mut socket(), r#"{"type":"response.create"}"#).await;
    assert_eq!(types[..2], ["session.created", "response.created"]);
    assert!(before.elapsed() > Duration::from_millis(200));
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered() {
    let mut socket = socket();
    socket.send(Message::Ping("hello".into())).await.unwrap();
    let pong = socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("hello".into()));
}

#[tokio::test(start_paused = true)]
async fn a_close_is_echoed_and_ends_the_stream() {
    let mut socket = socket();
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: "bye".into(),
    };
    let close = Message::Close(Some(frame));
    socket.send(close.clone()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), close);
    assert!(socket.next().await.is_none());
    let late = socket.send(Message::text("{}")).await;
    assert!(matches!(late, Err(Error::Protocol(_))), "{late:?}");
    let again = socket.send(Message::Close(None)).await;
    assert!(matches!(again, Err(Error::ConnectionClosed)), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn the_mock_closes_with_a_code() {
    let mut socket = socket();
    socket.next().await.unwrap().unwrap();
    socket.control().close(1011, "overloaded");
    let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else {
        panic!("no close");
    };
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (1011, "overloaded")
    );
    assert!(socket.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_connection_breaks_without_a_close() {
    let mut socket = socket();
    socket.next().await.unwrap().unwrap();
    let control = socket.control();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        control.break_connection();
    });
    assert!(socket.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_binary_frame_is_refused() {
    let mut socket = socket();
    socket.next().await.unwrap().unwrap();
    socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    let error = socket.next().await.unwrap().unwrap();
    assert!(
        error
            .to_text()
            .unwrap()
            .contains("binary frames are not supported")
    );
}
