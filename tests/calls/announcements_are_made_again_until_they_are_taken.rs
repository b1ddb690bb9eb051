//! Webhooks that are not taken: tried again, told in the journal.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::StatusCode;
use mock_realtime::server::MockServer;
use mock_realtime::server::calls::{CallEvent, CallRecord, IncomingCall, Outcome, Webhook};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::app::{App, SECRET};

/// What became of the attempts, and when.
fn attempts(record: &CallRecord) -> Vec<(u64, String)> {
    let told = record.journal.iter().filter_map(|entry| {
        let text = match &entry.event {
            CallEvent::WebhookSent { .. } => "sent".to_owned(),
            CallEvent::WebhookTaken { status, .. } => format!("taken {status}"),
            CallEvent::WebhookFailed { reason, .. } => reason.clone(),
            _ => return None,
        };
        Some((entry.at_ms, text))
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_until_it_is_taken() {
    let mock = MockServer::start().await;
    let ids = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    let tries = AtomicUsize::new(0);
    let webhook = Webhook::handled_by(SECRET, move |request| {
        let number = tries.fetch_add(1, Ordering::Relaxed);
        seen.lock()
            .unwrap()
            .push(request.headers()["webhook-id"].clone());
        async move {
            match number {
                0 => StatusCode::INTERNAL_SERVER_ERROR,
                1 => StatusCode::NOT_FOUND,
                2 => {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                    StatusCode::OK
                }
                3 => StatusCode::PERMANENT_REDIRECT,
                _ => StatusCode::NO_CONTENT,
            }
        }
    });
    let call = mock.call(IncomingCall::from("+49").webhook(webhook.unwrap()));
    let record = call.ended().await;
    let expected = [
        (0, "sent"),
        (
            0,
            "answered 500 Internal Server Error; expected a status from 200 to 299",
        ),
        (1_000, "sent"),
        (
            1_000,
            "answered 404 Not Found; expected a status from 200 to 299",
        ),
        (3_000, "sent"),
        (
            8_000,
            "no answer within 5 s; answer first, and do the work after",
        ),
        (12_000, "sent"),
        (
            12_000,
            "answered 308 Permanent Redirect; expected a status from 200 to 299",
        ),
        (20_000, "sent"),
        (20_000, "taken 204"),
    ];
    let expected = expected.map(|(at, text)| (at, text.to_owned()));
    assert_eq!(attempts(&record), expected);
    assert_eq!(record.outcome, Some(Outcome::NotAnswered));
    let ids = ids.lock().unwrap();
    assert!(
        ids.iter().all(|id| *id == ids[0]),
        "one delivery has one id: {ids:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_a_call_that_rings_no_more() {
    let mock = MockServer::start().await;
    let webhook = Webhook::handled_by(SECRET, |_| async { StatusCode::BAD_GATEWAY });
    let call = mock.call(IncomingCall::from("+49").webhook(webhook.unwrap()));
    call.until(|record| attempts(record).len() == 4).await;
    App::of(&mock).accept(call.id()).await;
    call.hang_up();
    assert_eq!(attempts(&call.ended().await).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_app_may_accept_before_it_answers_the_announcement() {
    let mock = Arc::new(MockServer::start().await);
    let accepting = Arc::clone(&mock);
    let webhook = Webhook::handled_by(SECRET, move |request| {
        let mock = Arc::clone(&accepting);
        async move {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            App::of(&mock)
                .accept(body["data"]["call_id"].as_str().unwrap())
                .await;
            StatusCode::OK
        }
    });
    let call = IncomingCall::from("+49")
        .webhook(webhook.unwrap())
        .hangs_up();
    let record = mock.call(call).ended().await;
    assert_eq!(record.outcome, Some(Outcome::CallerHungUp));
    assert_eq!(attempts(&record)[1].1, "taken 200");
}

/// An app on the network that answers like this, whatever it is asked.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    format!("http://{address}/webhook")
}

/// What the journal says of the first attempt.
async fn first_attempt(url: &str) -> String {
    let mock = MockServer::start().await;
    let webhook = Webhook::new(url, SECRET).unwrap();
    let call = mock.call(IncomingCall::from("+49").webhook(webhook));
    let record = call.until(|record| attempts(record).len() > 1).await;
    attempts(&record)[1].1.clone()
}

#[tokio::test]
async fn what_becomes_of_it_on_the_network_is_told() {
    let nothing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}/", nothing.local_addr().unwrap());
    drop(nothing);
    let nonsense = answering(b"220 mail.example.com ESMTP ready\r\n").await;
    let moved = answering(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    );
    let ok = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    for (url, expected) in [
        (closed, "refused"),
        (nonsense, "invalid HTTP version parsed"),
        (
            moved.await,
            "302 Found to http://127.0.0.1:1/; redirects are not followed",
        ),
        (ok, "taken 200"),
    ] {
        let told = first_attempt(&url).await;
        assert!(told.contains(expected), "{url}: {told}");
    }
}
