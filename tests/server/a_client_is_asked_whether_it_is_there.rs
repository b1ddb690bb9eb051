//! The server sends a PING twenty seconds after the answer to the last, and closes on who does not
//! answer.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::wire::{FIN, Frame, PING, PONG, answered, frame, read_frame};
use mock_realtime::engine::SessionOptions;
use mock_realtime::server::run_session;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

async fn open() -> (DuplexStream, JoinHandle<()>) {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let session = tokio::spawn(run_session(server, SessionOptions::default()));
    let first = read_frame(&mut client).await.unwrap();
    assert_eq!(first.event_type(), "session.created");
    (client, session)
}

async fn ping(client: &mut DuplexStream) -> Frame {
    let ping = read_frame(client).await.unwrap();
    assert_eq!(ping.first, FIN | PING, "{ping:?}");
    assert_eq!(ping.payload.len(), 4);
    ping
}

async fn pong(client: &mut DuplexStream, payload: &[u8]) {
    client.write_all(&frame(FIN | PONG, payload)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn as_often_as_was_observed() {
    let (mut client, _session) = open().await;
    let start = Instant::now();
    let mut seen = Vec::new();
    for number in 1..=3 {
        let ping = ping(&mut client).await;
        assert!(!seen.contains(&ping.payload), "{number}");
        // Over a line like the one it was observed on.
        tokio::time::sleep(SECOND * 26 / 100).await;
        pong(&mut client, &ping.payload).await;
        seen.push(ping.payload);
        assert_eq!(start.elapsed(), SECOND * 2026 / 100 * number);
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_gone() {
    for answer in [None, Some(b"else".as_slice())] {
        let (mut client, session) = open().await;
        let start = Instant::now();
        ping(&mut client).await;
        if let Some(answer) = answer {
            pong(&mut client, answer).await;
        }
        // It is about the answer, not about whether anything comes.
        let clear = r#"{"type":"input_audio_buffer.clear"}"#;
        assert_eq!(
            answered(&mut client, clear).await,
            "input_audio_buffer.cleared"
        );
        let close = read_frame(&mut client).await.unwrap();
        assert_eq!(close.closes(), (1011, "keepalive ping timeout".to_owned()));
        assert_eq!(start.elapsed(), 40 * SECOND);
        // Nobody answers the close, either.
        session.await.unwrap();
        assert_eq!(start.elapsed(), 50 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pong_that_nobody_asked_for_is_nothing() {
    let (mut client, _session) = open().await;
    let start = Instant::now();
    tokio::time::sleep(15 * SECOND).await;
    for payload in [&[0, 0, 0, 0], b"".as_slice(), b"beat"] {
        pong(&mut client, payload).await;
    }
    ping(&mut client).await;
    assert_eq!(start.elapsed(), 20 * SECOND);
}
