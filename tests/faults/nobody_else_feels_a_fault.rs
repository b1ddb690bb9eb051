//! A fault in one session changes no byte of another on the same server.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::client::MockSocket;
use mock_realtime::faults::{Fault, Faults};
use mock_realtime::server::MockServer;
use tokio_tungstenite::tungstenite::Message;

use super::examples::{examples, options, respond, script};

#[tokio::test(start_paused = true)]
async fn of_any_kind() {
    let without = bytes_beside(None).await;
    assert!(without.iter().any(|text| text.contains("response.done")));
    for fault in examples() {
        let name = fault.kind().name();
        assert_eq!(bytes_beside(Some(fault)).await, without, "{name}");
    }
}

/// What a session is sent beside one in which this goes wrong, while both talk in turns.
async fn bytes_beside(fault: Option<Fault>) -> Vec<String> {
    let script = fault
        .as_ref()
        .map_or_else(|| vec![respond("text")], |fault| script(fault.kind()));
    let faults = fault.map_or_else(Faults::new, Faults::from);
    let mock = MockServer::builder()
        .started_at(1_800_000_000)
        .configure(|of_session| {
            let said = options();
            of_session.generator = said.generator;
            of_session.transcriber = said.transcriber;
        })
        .faults_for(1..=1, faults)
        .start()
        .await;
    let mut sound = mock.connect().unwrap();
    let mut spoilt = mock.connect().ok();
    let mut heard = Vec::new();
    for turn in 0..2 {
        if let Some(spoilt) = &mut spoilt {
            for frame in &script {
                let _ = spoilt.send(Message::text(frame.to_string())).await;
            }
        }
        if turn == 0 {
            sound
                .send(Message::text(respond("audio").to_string()))
                .await
                .unwrap();
        } else {
            sound
                .send(Message::text(respond("text").to_string()))
                .await
                .unwrap();
        }
        if let Some(spoilt) = &mut spoilt {
            listen(spoilt).await;
        }
        heard.extend(listen(&mut sound).await);
    }
    heard
}

async fn listen(socket: &mut MockSocket) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(Some(Ok(message))) =
        tokio::time::timeout(Duration::from_secs(2), socket.next()).await
    {
        heard.push(message.to_string());
    }
    heard
}
