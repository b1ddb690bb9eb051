//! `/metrics`: what was counted, as Prometheus reads it.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::dialect::Choice;
use mock_realtime::server::{Server, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

async fn serve(dialect: Choice) -> String {
    let options = ServerOptions {
        dialect,
        ..ServerOptions::default()
    };
    let server = Server::bind("127.0.0.1:0", options).await.unwrap();
    let address = server.address().to_string();
    tokio::spawn(server.run(std::future::pending()));
    address
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(address: &str, path: &str) -> Socket {
    let url = format!("ws://{address}{path}");
    let request = ClientRequestBuilder::new(url.parse().unwrap())
        .with_header("Authorization", "Bearer sk-mine");
    connect_async(request).await.unwrap().0
}

async fn send(client: &mut Socket, events: &[&str]) {
    for event in events {
        client.send(Message::text(*event)).await.unwrap();
    }
}

/// The types of what the client is sent, up to this one.
async fn received_until(client: &mut Socket, last: &str) -> Vec<String> {
    let mut types = Vec::new();
    while types.last().is_none_or(|kind| kind != last) {
        let message = client.next().await.unwrap().unwrap();
        let event: serde_json::Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        types.push(event["type"].as_str().unwrap().to_owned());
    }
    types
}

/// How many events of each type were counted, without those of which there were none.
async fn counted(address: &str, direction: &str) -> BTreeMap<String, usize> {
    let prefix = format!(r#"mock_realtime_events_total{{direction="{direction}",type=""#);
    let samples = scrape(address).await;
    let counts = samples.iter().filter_map(|(name, count)| {
        let kind = name.strip_prefix(&prefix)?.strip_suffix("\"}")?;
        Some((kind.to_owned(), count.parse().unwrap()))
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

fn counts<'a>(types: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for kind in types {
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    counts
}

/// The samples by their names with labels. Each line that is none has to be a comment.
async fn scrape(address: &str) -> BTreeMap<String, String> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let samples = body.lines().filter(|line| !line.starts_with("# "));
    let samples = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("mock_realtime_"), "{line}");
        (name.to_owned(), value.to_owned())
    });
    samples.collect()
}

#[tokio::test]
async fn a_text_turn_is_counted() {
    let address = serve(Choice::Ga).await;
    let before = scrape(&address).await;
    assert!(before.values().all(|value| value == "0"), "{before:?}");

    let mut client = open(&address, "/v1/realtime?model=gpt-realtime").await;
    let mut sent = 0;
    for text in [r#"{"type":"response.create"}"#, "{"] {
        sent += text.len();
        client.send(Message::text(text)).await.unwrap();
    }
    let mut received = Vec::new();
    let mut bytes = 0;
    while !received.contains(&"error".to_owned()) {
        if let Message::Text(text) = client.next().await.unwrap().unwrap() {
            bytes += text.len();
            let event: serde_json::Value = serde_json::from_str(&text).unwrap();
            received.push(event["type"].as_str().unwrap().to_owned());
        }
    }
    let after = scrape(&address).await;
    let count = |name: &str| after[&format!("mock_realtime_{name}")].as_str();
    assert_eq!(count("sessions"), "1");
    assert_eq!(count("sessions_opened_total"), "1");
    let create = r#"events_total{direction="received",type="response.create"}"#;
    assert_eq!(count(create), "1");
    assert_eq!(
        count(r#"events_total{direction="received",type="other"}"#),
        "1"
    );
    for kind in &received {
        let number = received.iter().filter(|other| *other == kind).count();
        let name = format!(r#"events_total{{direction="sent",type="{kind}"}}"#);
        assert_eq!(count(&name), number.to_string(), "{name}");
    }
    assert_eq!(
        count(r#"event_bytes_total{direction="received"}"#),
        sent.to_string()
    );
    assert_eq!(
        count(r#"event_bytes_total{direction="sent"}"#),
        bytes.to_string()
    );
    assert_eq!(count("send_queue_events"), "0");
    assert_eq!(count("response_duration_seconds_count"), "1");
    assert_eq!(count(r#"response_duration_seconds_bucket{le="+Inf"}"#), "1");

    drop(client);
    while scrape(&address).await["mock_realtime_sessions"] != "0" {}
    let after = scrape(&address).await;
    assert_eq!(after["mock_realtime_sessions_opened_total"], "1");
}

#[tokio::test]
async fn a_translation_is_counted_by_its_own_types() {
    let address = serve(Choice::Ga).await;
    let path = "/v1/realtime/translations?model=gpt-realtime-translate";
    let mut client = open(&address, path).await;
    let silence = "AAAA".repeat(6400);
    let append = format!(r#"{{"type":"session.input_audio_buffer.append","audio":"{silence}"}}"#);
    let close = r#"{"type":"session.close"}"#;
    send(&mut client, &[&append, &append, "{", close]).await;
    let received = received_until(&mut client, "session.closed").await;
    assert_eq!(
        counted(&address, "received").await,
        counts([
            "session.input_audio_buffer.append",
            "session.input_audio_buffer.append",
            "other",
            "session.close",
        ])
    );
    let received = received.iter().map(String::as_str);
    assert_eq!(counted(&address, "sent").await, counts(received));
}

#[tokio::test]
async fn the_beta_is_counted_by_the_types_of_ga() {
    let address = serve(Choice::Beta).await;
    let mut client = open(&address, "/v1/realtime?model=gpt-realtime").await;
    let update = r#"{"type":"session.update","session":{"modalities":["text"]}}"#;
    let create = r#"{"type":"response.create"}"#;
    send(&mut client, &[update, create, "{"]).await;
    let received = received_until(&mut client, "error").await;
    let kind = "response.text.done".to_owned();
    assert!(received.contains(&kind), "{received:?}");
    assert_eq!(
        counted(&address, "received").await,
        counts(["session.update", "response.create", "other"])
    );
    let in_ga = received.iter().map(|kind| match kind.as_str() {
        "response.text.delta" => "response.output_text.delta",
        "response.text.done" => "response.output_text.done",
        "conversation.item.created" => "conversation.item.added",
        same => same,
    });
    assert_eq!(counted(&address, "sent").await, counts(in_ga));
    let samples = scrape(&address).await;
    assert_eq!(
        samples["mock_realtime_response_duration_seconds_count"],
        "1"
    );
    let bytes = update.len() + create.len() + 1;
    let received = r#"mock_realtime_event_bytes_total{direction="received"}"#;
    assert_eq!(samples[received], bytes.to_string());
}
