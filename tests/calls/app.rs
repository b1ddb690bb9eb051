//! The app that takes calls: what it does over HTTP, and its sideband sockets, in process.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use mock_realtime::server::MockServer;
use mock_realtime::server::calls::Webhook;
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) const SECRET: &str = "whsec_bW9jay1yZWFsdGltZQ==";

/// A webhook that takes each announcement, and tells of it.
pub(crate) fn taking() -> (Webhook, mpsc::UnboundedReceiver<Request<Bytes>>) {
    let (sender, announced) = mpsc::unbounded_channel();
    let webhook = Webhook::handled_by(SECRET, move |request| {
        sender.send(request).unwrap();
        async { StatusCode::OK }
    });
    (webhook.unwrap(), announced)
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    fn of((status, headers): (StatusCode, HeaderMap), bytes: Vec<u8>) -> Self {
        Self {
            status: status.as_u16(),
            headers,
            body: String::from_utf8(bytes).unwrap(),
        }
    }

    /// The error that it is, which has to have OpenAI's form.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert!(body["error"]["message"].is_string(), "{body}");
        assert_eq!(body["error"]["type"], "invalid_request_error");
        body["error"].clone()
    }
}

pub(crate) struct App<'a> {
    pub(crate) mock: &'a MockServer,
    pub(crate) key: String,
}

impl<'a> App<'a> {
    pub(crate) fn of(mock: &'a MockServer) -> Self {
        let key = "sk-of-the-app".to_owned();
        Self { mock, key }
    }

    /// Asks with any method, for JSON or without a body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let (head, bytes) = self.bytes(method, path, body).await;
        Answer::of(head, bytes)
    }

    /// The same, where the answer is no text.
    pub(crate) async fn bytes(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> ((StatusCode, HeaderMap), Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.exchange(request, body.into()).await
    }

    async fn exchange(
        &self,
        request: hyper::http::request::Builder,
        body: Bytes,
    ) -> ((StatusCode, HeaderMap), Vec<u8>) {
        let stream = TokioIo::new(self.mock.connector().stream());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let request = request
            .header("Host", "127.0.0.1")
            .header("Authorization", format!("Bearer {}", self.key))
            .body(Full::new(body))
            .unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        ((parts.status, parts.headers), body.into())
    }

    pub(crate) async fn ask(&self, path: &str, kind: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::post(path).header("Content-Type", kind);
        let (head, bytes) = self.exchange(request, body.into()).await;
        Answer::of(head, bytes)
    }

    /// Has a call do something.
    pub(crate) async fn operate(&self, call: &str, operation: &str, body: Option<Value>) -> Answer {
        let path = format!("/v1/realtime/calls/{call}/{operation}");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.ask(&path, "application/json", body).await
    }

    /// Accepts a call with nothing special about it.
    pub(crate) async fn accept(&self, call: &str) {
        let body = json!({"type": "realtime", "model": "gpt-realtime"});
        let answer = self.operate(call, "accept", Some(body)).await;
        assert_eq!((answer.status, &*answer.body), (200, ""));
    }

    pub(crate) async fn follow(&self, call: &str) -> Result<Sideband, Error> {
        let address = format!("ws://mock/v1/realtime?call_id={call}");
        let request = ClientRequestBuilder::new(address.parse().unwrap())
            .with_header("Authorization", format!("Bearer {}", self.key));
        let (socket, _) = client_async(request, self.mock.connector().stream()).await?;
        Ok(Sideband { socket })
    }
}

pub(crate) struct Sideband {
    pub(crate) socket: WebSocketStream<DuplexStream>,
}

impl Sideband {
    pub(crate) async fn send(&mut self, event: Value) {
        let text = Message::text(event.to_string());
        self.socket.send(text).await.unwrap();
    }

    /// The next event; `Err` is the close.
    pub(crate) async fn next(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Close(close) => return Err(close),
                _ => {}
            }
        }
    }

    /// All events up to the first of this type, and that one.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            let event = event.unwrap_or_else(|end| panic!("no {kind} before {end:?}: {events:#?}"));
            events.push(event);
            if events.last().unwrap()["type"] == kind {
                return events;
            }
        }
    }

    /// All events until the socket is closed, and the close.
    pub(crate) async fn until_the_end(&mut self) -> (Vec<Value>, CloseFrame) {
        let mut events = Vec::new();
        loop {
            match self.next().await {
                Ok(event) => events.push(event),
                Err(close) => return (events, close.unwrap()),
            }
        }
    }
}
