//! `/metrics`: what was counted, as Prometheus reads it.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::server::{Server, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};

async fn serve() -> String {
    let server = Server::bind("127.0.0.1:0", ServerOptions::default())
        .await
        .unwrap();
    let address = server.address().to_string();
    tokio::spawn(server.run(std::future::pending()));
    address
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
    let address = serve().await;
    let before = scrape(&address).await;
    assert!(before.values().all(|value| value == "0"), "{before:?}");

    let url = format!("ws://{address}/v1/realtime?model=gpt-realtime");
    let request = ClientRequestBuilder::new(url.parse().unwrap())
        .with_header("Authorization", "Bearer sk-mine");
    let (mut client, _) = connect_async(request).await.unwrap();
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
