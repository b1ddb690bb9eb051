//! A client that takes nothing is closed after a while, holds no more memory until then, and no
//! other session notices.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::wire::{CLOSE, FIN, TEXT, frame, read_frame};
use futures_util::{SinkExt, StreamExt};
use mock_realtime::engine::SessionOptions;
use mock_realtime::expect::{Direction, Frame};
use mock_realtime::generators::Scripted;
use mock_realtime::server::{Limits, MockServer, run_session};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const SECOND: Duration = Duration::from_secs(1);
const PIPE: usize = 64 * 1024;
const RESPOND: &str = r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#;
const NONSENSE: &str = r#"{"type":"nonsense"}"#;

/// A session that has some ten megabytes to say.
fn open() -> (DuplexStream, JoinHandle<()>) {
    let options = SessionOptions {
        generator: Box::new(Scripted::new(["yes ".repeat(50_000)])),
        ..SessionOptions::default()
    };
    let (client, server) = tokio::io::duplex(PIPE);
    (client, tokio::spawn(run_session(server, options)))
}

#[tokio::test(start_paused = true)]
async fn with_a_reason() {
    let (mut client, session) = open();
    client
        .write_all(&frame(FIN | TEXT, RESPOND.as_bytes()))
        .await
        .unwrap();
    tokio::time::sleep(31 * SECOND).await;
    // It is late, but what was sent can still be read, with the close at its end.
    let mut bytes = 0;
    let close = loop {
        let frame = read_frame(&mut client).await.unwrap();
        bytes += frame.payload.len();
        if frame.first == FIN | CLOSE {
            break frame;
        }
    };
    assert_eq!(
        close.closes(),
        (1008, "the client reads too slowly".to_owned())
    );
    // What the pipe holds, and what waited to be written.
    assert!(bytes < PIPE + 48 * 1024, "{bytes}");
    drop(client);
    session.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn and_dropped_if_it_does_not_even_read_that() {
    let (mut client, session) = open();
    let start = Instant::now();
    client
        .write_all(&frame(FIN | TEXT, RESPOND.as_bytes()))
        .await
        .unwrap();
    session.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 40);
}

#[tokio::test(start_paused = true)]
async fn but_not_one_that_reads_slowly() {
    let (mut client, session) = open();
    client
        .write_all(&frame(FIN | TEXT, RESPOND.as_bytes()))
        .await
        .unwrap();
    let start = Instant::now();
    let mut unrested = 0;
    loop {
        let frame = read_frame(&mut client).await.unwrap();
        if frame.event_type() == "response.done" {
            break;
        }
        unrested += frame.payload.len();
        if unrested > PIPE {
            unrested = 0;
            tokio::time::sleep(10 * SECOND).await;
        }
    }
    assert!(start.elapsed() > 1000 * SECOND);
    assert!(!session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_flood_waits_for_its_answers_to_be_read() {
    let (mut client, session) = open();
    let start = Instant::now();
    let flood = frame(FIN | TEXT, NONSENSE.as_bytes()).repeat(1000);
    let mut sent = 0;
    let stopped = loop {
        match client.write(&flood).await {
            Ok(written) => sent += written,
            Err(error) => break error,
        }
    };
    assert_eq!(stopped.kind(), std::io::ErrorKind::BrokenPipe);
    assert_eq!(start.elapsed().as_secs(), 40);
    // Each of its frames has an answer ten times as long: what was taken is little more than the
    // pipe holds.
    assert!(sent < 3 * PIPE, "{sent}");
    session.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_others_go_on() {
    let mock = MockServer::builder()
        .verify()
        .limits(Limits {
            ping_after: Duration::MAX,
            ..Limits::default()
        })
        .start()
        .await;
    let (stuck, _) = connect_async(mock.request()).await.unwrap();
    let (mut other, _) = connect_async(mock.request()).await.unwrap();
    // More than a network keeps on its way.
    let session = mock.session(0).await;
    let megabyte = "x".repeat(1024 * 1024);
    for _ in 0..32 {
        session.push_text(megabyte.as_str());
    }
    other.next().await.unwrap().unwrap();
    for _ in 0..10 {
        other.send(Message::text(NONSENSE)).await.unwrap();
        let answer = other.next().await.unwrap().unwrap();
        assert!(answer.to_text().unwrap().contains("\"error\""));
    }
    mock.journal().until_closed(0).await;
    let entries = mock.journal().of_session(0);
    let Some(Frame::Close { by, code, .. }) = entries.last().map(|entry| &entry.frame) else {
        panic!("{entries:?}");
    };
    assert_eq!((*by, *code), (Direction::Server, Some(1008)));
    other.send(Message::text(NONSENSE)).await.unwrap();
    other.next().await.unwrap().unwrap();
    drop(stuck);
}
