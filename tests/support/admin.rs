//! What tests of the admin API have in common: requests, and sessions of a key.

use futures_util::{SinkExt, StreamExt};
use mock_realtime::server::{AdminOptions, MockServer};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) const OSLO: &str = "responses: { all: { answer: In Oslo it rains. } }";
pub(crate) const ROME: &str = "responses: { all: { answer: In Rome it shines. } }";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn start() -> MockServer {
    MockServer::builder()
        .admin(AdminOptions::default())
        .start()
        .await
}

/// Sends a request as it stands here, and reads the answer to its end.
pub(crate) async fn raw(mock: &MockServer, request: &str) -> Answer {
    let address = mock
        .admin_url()
        .replace("http://", "")
        .replace("/_mock", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    // What is refused may be refused before it is read.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_lowercase(),
        text: text.to_owned(),
    }
}

pub(crate) async fn ask(mock: &MockServer, method: &str, path: &str, body: &str) -> Answer {
    let media = if body.starts_with(['{', '[']) {
        "json"
    } else {
        "yaml"
    };
    let length = body.len();
    let request = format!(
        "{method} /_mock{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/{media}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    raw(mock, &request).await
}

pub(crate) async fn post(mock: &MockServer, path: &str, body: &Value) -> Value {
    let answer = ask(mock, "POST", path, &body.to_string()).await;
    assert!(
        answer.status < 300,
        "{path}: {} {}",
        answer.status,
        answer.text
    );
    serde_json::from_str(&answer.text).unwrap_or_default()
}

pub(crate) async fn get(mock: &MockServer, path: &str) -> Value {
    let answer = ask(mock, "GET", path, "").await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

pub(crate) async fn put(mock: &MockServer, key: &str, scenario: &str) {
    let answer = ask(mock, "PUT", &format!("/scenarios/{key}"), scenario).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

pub(crate) async fn open(mock: &MockServer, key: &str) -> Socket {
    let request = mock.request().with_header("X-Mock-Scenario", key);
    connect_async(request).await.unwrap().0
}

/// The next event of this type.
pub(crate) async fn next(socket: &mut Socket, wanted: &str) -> Value {
    loop {
        let frame = socket.next().await.unwrap().unwrap();
        let event: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
        if event["type"] == wanted {
            return event;
        }
    }
}

/// How the server closes it: the code and the reason.
pub(crate) async fn close(socket: &mut Socket) -> (u16, String) {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(_) => {}
            Message::Close(Some(close)) => return (close.code.into(), close.reason.to_string()),
            other => panic!("a close, not {other:?}"),
        }
    }
}

pub(crate) async fn respond(socket: &mut Socket) -> String {
    let create = r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#;
    socket.send(Message::text(create)).await.unwrap();
    let done = next(socket, "response.output_text.done").await;
    next(socket, "response.done").await;
    done["text"].as_str().unwrap().to_owned()
}
