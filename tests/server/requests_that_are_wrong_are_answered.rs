//! HTTP that is not as it should be gets the status that says so, and an error in OpenAI's form.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::wire::{Reply, Running};
use mock_realtime::server::{Limits, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KEY: &str = "Authorization: Bearer sk-mine\r\n";
const CONNECTION: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
const NONCE: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async fn start() -> Running {
    Running::start(ServerOptions::default()).await
}

fn assert_is(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    let error = reply.error();
    assert_eq!(error["type"], "invalid_request_error", "{reply:?}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(words), "{message:?} has no {words:?}");
    assert_eq!(error.as_object().unwrap().len(), 4, "{reply:?}");
}

#[tokio::test]
async fn paths_where_nothing_is() {
    let server = start().await;
    for path in [
        "/",
        "/v1",
        "/v1/nowhere",
        "/v2/realtime",
        "/v1/realtime/",
        "/openai",
        "/realtime",
    ] {
        let reply = server.ask("GET", path, KEY).await;
        assert_is(&reply, 404, &format!("Invalid URL (GET {path})"));
    }
}

#[tokio::test]
async fn methods_that_a_path_does_not_have() {
    let server = start().await;
    let cases = [
        ("POST", "/v1/realtime", "get"),
        ("PUT", "/v1/realtime/translations", "get"),
        ("DELETE", "/v1/models/gpt-realtime", "get"),
        ("GET", "/v1/realtime/client_secrets", "post"),
        ("PATCH", "/v1/realtime/translations/client_secrets", "post"),
        ("BREW", "/v1/models", "get"),
    ];
    for (method, path, allowed) in cases {
        let reply = server.ask(method, path, KEY).await;
        assert_is(&reply, 405, &format!("Not allowed to {method} on {path}"));
        assert_eq!(reply.error()["code"], "method_not_supported");
        assert_eq!(reply.header("allow"), Some(allowed));
    }
}

#[tokio::test]
async fn upgrades_that_are_none() {
    let server = start().await;
    let path = "/v1/realtime?model=gpt-realtime";
    let cases = [
        (String::new(), 426, Some(("upgrade", "websocket"))),
        (
            format!("{CONNECTION}{NONCE}"),
            426,
            Some(("sec-websocket-version", "13")),
        ),
        (
            format!("{CONNECTION}{NONCE}Sec-WebSocket-Version: 8\r\n"),
            426,
            Some(("sec-websocket-version", "13")),
        ),
        (format!("{CONNECTION}{VERSION}"), 400, None),
        (
            format!("{CONNECTION}{VERSION}Sec-WebSocket-Key: short\r\n"),
            400,
            None,
        ),
        (
            format!("{CONNECTION}{VERSION}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ!!\r\n"),
            400,
            None,
        ),
        (
            format!("{VERSION}{NONCE}Connection: Upgrade\r\nUpgrade: h2c\r\n"),
            426,
            Some(("upgrade", "websocket")),
        ),
        (
            format!("{VERSION}{NONCE}Upgrade: websocket\r\n"),
            426,
            Some(("upgrade", "websocket")),
        ),
    ];
    for (headers, status, header) in cases {
        let reply = server.ask("GET", path, &format!("{KEY}{headers}")).await;
        assert_is(&reply, status, "Expected a WebSocket upgrade");
        if let Some((name, value)) = header {
            assert_eq!(reply.header(name), Some(value), "{headers}");
        }
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_and_an_upgrade_that_is_not_used() {
    let server = start().await;
    for part in [
        "",
        "G",
        "GET /v1/realtime?model=gpt",
        "GET / HTTP/1.1\r\nHost: mock\r\nConnec",
    ] {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
    }
    // Gone as soon as it is a WebSocket, and in the middle of a frame.
    drop(server.open().await);
    let mut stream = server.open().await;
    stream.write_all(&[0x81]).await.unwrap();
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_http_at_all() {
    let server = start().await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream
        .write_all(b"\x16\x03\x01 hello?\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn bodies_that_are_too_long_or_no_json() {
    let server = Running::start(ServerOptions {
        limits: Limits {
            body: 1000,
            ..Limits::default()
        },
        ..ServerOptions::default()
    })
    .await;
    let path = "/v1/realtime/client_secrets";
    let long = format!("{{\"session\":\"{}\"}}", "x".repeat(1000));
    assert_is(&server.post(path, &long).await, 413, "more than 1000 bytes");
    // It need not say how long it is.
    let chunked = format!(
        "POST {path} HTTP/1.1\r\nHost: mock\r\n{KEY}Transfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        "x".repeat(1001)
    );
    let reply = server.exchange(chunked.as_bytes()).await;
    assert_is(&reply, 413, "more than 1000 bytes");
    for (body, words) in [
        ("", "EOF while parsing"),
        ("{", "EOF while parsing"),
        ("[]", "expected an object, but got an array"),
        ("\u{feff}{}", "expected value (line 1, column 1)"),
    ] {
        assert_is(&server.post(path, body).await, 400, words);
    }
    assert_eq!(server.post(path, "{}").await.status, 200);
}

#[tokio::test]
async fn keys_as_they_were_made_in_the_beta() {
    let server = start().await;
    for path in [
        "/v1/realtime/sessions",
        "/v1/realtime/transcription_sessions",
    ] {
        let reply = server
            .post(path, r#"{"model":"gpt-4o-realtime-preview"}"#)
            .await;
        assert_is(&reply, 400, "The Realtime Beta API is no longer supported.");
        assert_eq!(reply.error()["code"], "beta_api_shape_disabled");
    }
}

#[tokio::test]
async fn keys_that_are_missing_or_wrong() {
    let server = Running::start(ServerOptions {
        api_keys: vec!["sk-proj-0123456789".to_owned()],
        ..ServerOptions::default()
    })
    .await;
    let reply = server.ask("GET", "/v1/models", "").await;
    assert_is(
        &reply,
        401,
        "Missing bearer or basic authentication in header",
    );
    let reply = server.ask("GET", "/v1/models", KEY).await;
    assert_is(&reply, 401, "Incorrect API key provided: sk-mine.");
    assert_eq!(reply.error()["code"], "invalid_api_key");
    let reply = server.post("/v1/realtime/client_secrets", "{}").await;
    assert_is(&reply, 401, "Incorrect API key provided: sk-mine.");
}
