//! The admin API: events are pushed, held and released, time is moved, and sessions are ended.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::admin::{OSLO, ask, close, get, next, open, post, put, start};

const ZERO: &str = "/scenarios/k/sessions/0";

#[tokio::test]
async fn a_test_has_a_hand_on_its_sessions() {
    let mock = start().await;
    put(&mock, "k", OSLO).await;
    let mut session = open(&mock, "k").await;
    next(&mut session, "session.created").await;

    let limits = json!({"event": {"type": "rate_limits.updated", "rate_limits": [
        {"name": "tokens", "limit": 10, "remaining": 1, "reset_seconds": 60.0}]}});
    post(&mock, &format!("{ZERO}/push"), &limits).await;
    let pushed = next(&mut session, "rate_limits.updated").await;
    assert_eq!(pushed["rate_limits"][0]["remaining"], 1);
    assert!(pushed["event_id"].as_str().unwrap().starts_with("event_"));
    assert_ne!(pushed["event_id"], "event_pushed");

    post(&mock, &format!("{ZERO}/push"), &json!({"text": "{ broken"})).await;
    assert_eq!(
        session.next().await.unwrap().unwrap().to_text().unwrap(),
        "{ broken"
    );

    let hold = json!({"type": "response.created", "after": 1});
    post(&mock, &format!("{ZERO}/hold"), &hold).await;
    session
        .send(Message::text(r#"{"type":"response.create"}"#))
        .await
        .unwrap();
    next(&mut session, "response.created").await;
    assert_eq!(get(&mock, ZERO).await["holding"], true);
    post(&mock, &format!("{ZERO}/release"), &Value::Null).await;
    next(&mut session, "response.done").await;

    post(
        &mock,
        &format!("{ZERO}/close"),
        &json!({"code": 4000, "reason": "enough"}),
    )
    .await;
    assert_eq!(close(&mut session).await, (4000, "enough".to_owned()));
    drop(session);
    let closed = json!({"entry": {"type": "(close)"}});
    assert_eq!(post(&mock, "/scenarios/k/wait", &closed).await["met"], true);
    let told = get(&mock, ZERO).await;
    assert_eq!(
        told["closed"],
        json!({"by": "server", "code": 4000, "reason": "enough"})
    );
    assert_eq!(told["kind"], "conversation");

    let mut second = open(&mock, "k").await;
    next(&mut second, "session.created").await;
    post(&mock, "/scenarios/k/sessions/1/break", &Value::Null).await;
    assert!(matches!(second.next().await, None | Some(Err(_))));
    let wav = ask(&mock, "GET", &format!("{ZERO}/audio.wav"), "").await;
    assert!(wav.text.starts_with("RIFF"), "{}", wav.head);
    let svg = ask(&mock, "GET", &format!("{ZERO}/picture.svg"), "").await;
    assert!(
        svg.text.starts_with("<svg") && svg.head.contains("image/svg+xml"),
        "{}",
        svg.head
    );
}

#[tokio::test]
async fn on_a_manual_clock_time_passes_by_advance_alone() {
    let mock = start().await;
    let slow = "pacing: { first_ms: 30000 }\nresponses: { all: { answer: At last. } }";
    let answer = ask(&mock, "PUT", "/scenarios/k?clock=manual", slow).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let mut session = open(&mock, "k").await;
    next(&mut session, "session.created").await;
    session
        .send(Message::text(r#"{"type":"response.create"}"#))
        .await
        .unwrap();
    next(&mut session, "response.created").await;
    let deltas = json!({"entry": {"type": "response.done"}, "timeout_ms": 0});
    post(
        &mock,
        "/scenarios/k/sessions/0/advance",
        &json!({"ms": 29_000}),
    )
    .await;
    assert_eq!(
        post(&mock, "/scenarios/k/wait", &deltas).await["met"],
        false
    );
    post(
        &mock,
        "/scenarios/k/sessions/0/advance",
        &json!({"ms": 600_000}),
    )
    .await;
    next(&mut session, "response.done").await;
    let done = post(&mock, "/scenarios/k/wait", &deltas).await;
    assert!(done["entry"]["t"].as_u64().unwrap() >= 30_000, "{done}");
}
