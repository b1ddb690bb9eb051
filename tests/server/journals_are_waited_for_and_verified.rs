//! The admin API: a test waits for what its sessions send, and says what it expected of them.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use mock_realtime::client::MockRealtimeClient;
use mock_realtime::protocol::realtime::ResponseCreate;
use serde_json::json;

use crate::support::admin::{OSLO, get, open, post, put, respond, start};

#[tokio::test]
async fn what_was_sent_and_what_comes_is_waited_for() {
    let mock = start().await;
    put(&mock, "k", OSLO).await;
    let opened = json!({"entry": {"type": "session.created", "session": 0}});
    let (waited, mut session) =
        tokio::join!(post(&mock, "/scenarios/k/wait", &opened), open(&mock, "k"));
    assert_eq!(
        (&waited["met"], &waited["entry"]["dir"]),
        (&json!(true), &json!("s2c"))
    );

    respond(&mut session).await;
    let done =
        json!({"entry": {"type": "response.done", "with": {"response": {"status": "completed"}}}});
    let past = post(&mock, "/scenarios/k/wait", &done).await;
    assert_eq!(past["met"], true);
    let next_one =
        json!({"entry": {"type": "response.done"}, "from": past["next"], "timeout_ms": 60_000});
    let (future, _) = tokio::join!(
        post(&mock, "/scenarios/k/wait", &next_one),
        respond(&mut session)
    );
    assert!(future["entry"]["number"].as_u64() > past["entry"]["number"].as_u64());
    let second = json!({"entry": {"type": "response.create"}, "count": 2});
    assert_eq!(post(&mock, "/scenarios/k/wait", &second).await["entry"], {
        let all = get(&mock, "/scenarios/k/sessions/0/journal").await;
        let all = all["entries"].as_array().unwrap().clone();
        let mut creates = all
            .into_iter()
            .filter(|entry| entry["event"]["type"] == "response.create");
        creates.next_back().unwrap()
    });

    let never = json!({"entry": {"type": "response.cancel"}, "timeout_ms": 0});
    let late = post(&mock, "/scenarios/k/wait", &never).await;
    assert_eq!(late["met"], false);
    let message = late["message"].as_str().unwrap();
    assert!(
        message.contains("waited 0ns for response.cancel"),
        "{message}"
    );
    assert!(
        message.contains("client ──▶      response.create"),
        "{message}"
    );
}

#[tokio::test]
async fn a_failed_expectation_is_told_as_in_rust() {
    let mock = start().await;
    put(&mock, "k", OSLO).await;
    let mut session = open(&mock, "k").await;
    respond(&mut session).await;
    let expected = json!({"expect": [
        {"type": "response.create", "times": 1},
        {"type": "response.create", "with": {"response": {"output_modalities": ["text"]}}},
        {"type": "response.cancel", "times": 0},
    ], "in_order": [["response.create"]]});
    assert_eq!(
        post(&mock, "/scenarios/k/verify", &expected).await,
        json!({"met": true})
    );

    // The same in Rust, of a conversation that is the same.
    let mut client = MockRealtimeClient::saying(["In Oslo it rains."]);
    let fields = json!({"response": {"output_modalities": ["audio"]}});
    client.send(
        serde_json::from_value::<ResponseCreate>(
            json!({"response": {"output_modalities": ["text"]}}),
        )
        .unwrap(),
    );
    let expectations = mock_realtime::expect::Expectations::default();
    expectations
        .expect::<ResponseCreate>()
        .with(fields.clone())
        .times(2);
    let in_rust = expectations
        .verify(client.journal())
        .unwrap_err()
        .to_string();

    let expected = json!({"expect": [{"type": "response.create", "with": fields, "times": 2}]});
    let verdict = post(&mock, "/scenarios/k/verify", &expected).await;
    assert_eq!(verdict["met"], false);
    let message = verdict["message"].as_str().unwrap();
    let told = |text: &str| -> Vec<String> {
        let told = text
            .lines()
            .take_while(|line| !line.starts_with("what was sent"));
        told.filter(|line| !line.contains("expected at"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(told(message), told(&in_rust));
    assert!(message.contains("expected at expect[0]"), "{message}");
    assert!(
        message.contains(r#"response.output_modalities[0]: expected "audio", found "text""#),
        "{message}"
    );
    drop(client);
}

#[tokio::test]
async fn a_wait_ends_when_the_key_is_deleted_or_the_time_is_over() {
    let mock = start().await;
    put(&mock, "k", OSLO).await;
    let wait = json!({"entry": {"type": "response.done"}, "timeout_ms": 20});
    let waited = tokio::time::timeout(
        Duration::from_secs(10),
        post(&mock, "/scenarios/k/wait", &wait),
    );
    assert_eq!(waited.await.unwrap()["met"], false);
}
