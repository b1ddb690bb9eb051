//! Azure's addresses, its ways to show a key, and its way to refuse one.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::wire::{Running, read_frame};
use mock_realtime::server::ServerOptions;
use serde_json::Value;

const GA: &str = "/openai/v1/realtime?model=my-deployment";

async fn start() -> Running {
    Running::start(ServerOptions {
        api_keys: vec!["0123456789abcdef".to_owned()],
        ..ServerOptions::default()
    })
    .await
}

#[tokio::test]
async fn with_a_key_in_a_header_or_in_the_address() {
    let server = start().await;
    let in_address = format!("{GA}&api-key=0123456789abcdef");
    for (path, headers) in [
        (GA, "api-key: 0123456789abcdef\r\n"),
        (GA, "Authorization: Bearer 0123456789abcdef\r\n"),
        (&in_address, ""),
    ] {
        let (reply, mut stream) = server.upgrade(path, headers).await;
        assert_eq!(reply.status, 101);
        let first = read_frame(&mut stream).await.unwrap();
        let event: Value = serde_json::from_slice(&first.payload).unwrap();
        assert_eq!(event["type"], "session.created");
        assert_eq!(event["session"]["model"], "my-deployment");
    }
}

#[tokio::test]
async fn a_deployment_may_have_any_name() {
    let server = start().await;
    let path = "/openai/v1/realtime?model=whisper-1";
    let (_, mut stream) = server.upgrade(path, "api-key: 0123456789abcdef\r\n").await;
    let first = read_frame(&mut stream).await.unwrap();
    assert_eq!(first.event_type(), "session.created");
}

#[tokio::test]
async fn without_a_key_that_is_accepted_there_is_no_websocket() {
    let server = start().await;
    for headers in ["", "api-key: nope\r\n", "Authorization: Bearer nope\r\n"] {
        let (reply, _) = server.upgrade(GA, headers).await;
        assert_eq!(reply.status, 401);
        assert_eq!(reply.error()["code"], "401");
    }
    // Its ways are those of its own addresses only.
    let refusal = server.refusal(
        "/v1/realtime?model=gpt-realtime",
        "api-key: 0123456789abcdef\r\n",
    );
    assert_eq!(refusal.await.reason, "invalid_request_error");
}

#[tokio::test]
async fn ephemeral_keys_are_made_there_too() {
    let server = start().await;
    let request = "POST /openai/v1/realtime/client_secrets HTTP/1.1\r\nHost: mock\r\n\
                   api-key: 0123456789abcdef\r\nContent-Length: 2\r\n\r\n{}";
    let made = server.exchange(request.as_bytes()).await;
    let key = made.json()["value"].as_str().unwrap().to_owned();
    let (_, mut stream) = server
        .upgrade(GA, &format!("Authorization: Bearer {key}\r\n"))
        .await;
    let first = read_frame(&mut stream).await.unwrap();
    assert_eq!(first.event_type(), "session.created");
}
