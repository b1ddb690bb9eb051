//! What an app may do with a call, and what it may not; how a call ends.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use mock_realtime::server::MockServer;
use mock_realtime::server::calls::{CallEvent, CallHandle, CallState, IncomingCall, Outcome};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use super::app::App;

fn rings(mock: &MockServer) -> CallHandle {
    mock.call(IncomingCall::from("+493012345"))
}

async fn follows(app: &App<'_>, call: &str) -> u16 {
    match app.follow(call).await {
        Ok(_) => 101,
        Err(Error::Http(response)) => {
            assert!(response.body().as_ref().is_none_or(Vec::is_empty));
            response.status().as_u16()
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_rejected_with_a_status() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    for (body, status_code) in [
        (None, 603),
        (Some(json!({})), 603),
        (Some(json!({"status_code": 486})), 486),
    ] {
        let call = rings(&mock);
        assert_eq!(app.operate(call.id(), "reject", body).await.status, 200);
        let record = call.ended().await;
        assert_eq!(record.outcome, Some(Outcome::Rejected { status_code }));
        assert!(!record.outcome.unwrap().was_answered());
        assert_eq!(record.session_id, None);
        assert_eq!(follows(&app, call.id()).await, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn the_app_hangs_up_or_hands_the_caller_on() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    let target = json!({"target_uri": "tel:+14155550123"});
    let referred = Outcome::Referred {
        target_uri: "tel:+14155550123".to_owned(),
    };
    for (operation, body, outcome) in [
        ("hangup", None, Outcome::AppHungUp),
        ("refer", Some(target), referred),
    ] {
        let call = rings(&mock);
        app.accept(call.id()).await;
        let mut sideband = app.follow(call.id()).await.unwrap();
        assert_eq!(app.operate(call.id(), operation, body).await.status, 200);
        let (_, close) = sideband.until_the_end().await;
        assert_eq!(u16::from(close.code), 1000);
        assert_eq!(call.ended().await.outcome, Some(outcome));
        let again = app.operate(call.id(), "hangup", None).await;
        assert_eq!(again.status, 404);
        assert_eq!(again.error()["param"], "call_id");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_still_to_be_said_at_the_end_is_not_heard() {
    let mock = MockServer::builder()
        .say(["Let me tell you everything. ".repeat(20)])
        .start()
        .await;
    let app = App::of(&mock);
    let call = rings(&mock);
    app.accept(call.id()).await;
    let mut sideband = app.follow(call.id()).await.unwrap();
    sideband.send(json!({"type": "response.create"})).await;
    sideband.until("response.done").await;
    tokio::time::advance(Duration::from_secs(2)).await;
    app.operate(call.id(), "hangup", None).await;
    let record = call.ended().await;
    let heard = call.audio().model().duration();
    assert!(heard >= Duration::from_secs(1), "{heard:?}");
    assert!(
        heard <= Duration::from_millis(record.held_ms + 1),
        "{heard:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_call_cannot_do_now_is_refused_and_noted() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    let call = rings(&mock);
    let target = Some(json!({"target_uri": "sip:desk@example.com"}));
    assert_eq!(follows(&app, call.id()).await, 404);
    for operation in ["hangup", "refer"] {
        let answer = app
            .operate(
                call.id(),
                operation,
                target.clone().filter(|_| operation == "refer"),
            )
            .await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.error()["code"], "call_not_accepted");
    }
    app.accept(call.id()).await;
    let again = app
        .operate(call.id(), "accept", Some(json!({"type": "realtime"})))
        .await;
    assert_eq!(
        (again.status, &again.error()["code"]),
        (400, &json!("call_already_accepted"))
    );
    let reject = app.operate(call.id(), "reject", None).await;
    assert_eq!(reject.status, 400);
    let refused = |event: &CallEvent| matches!(event, CallEvent::Refused { .. });
    let record = call.record();
    assert_eq!(record.state, CallState::Active);
    assert_eq!(
        record
            .journal
            .iter()
            .filter(|entry| refused(&entry.event))
            .count(),
        4
    );
    assert_eq!(
        app.operate("rtc_nobody", "accept", Some(json!({"type": "realtime"})))
            .await
            .status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_wrong_are_told_where() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    let call = rings(&mock);
    let cases: [(&str, Value, &str); 9] = [
        ("accept", json!({"model": "gpt-realtime"}), "type"),
        ("accept", json!({"type": "transcription"}), "type"),
        (
            "accept",
            json!({"type": "realtime", "voice": "ash"}),
            "voice",
        ),
        (
            "accept",
            json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/mp3"}}}}),
            "audio.input.format.type",
        ),
        ("reject", json!({"status_code": "busy"}), "status_code"),
        ("reject", json!({"status_code": 200}), "status_code"),
        ("refer", json!({}), "target_uri"),
        ("refer", json!({"target_uri": "+14155550123"}), "target_uri"),
        (
            "refer",
            json!({"target_uri": "tel:+1", "when": "now"}),
            "when",
        ),
    ];
    for (operation, body, param) in cases {
        let answer = app.operate(call.id(), operation, Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{operation} {body}");
        assert_eq!(answer.error()["param"], param, "{operation} {body}");
    }
    let whisper = json!({"type": "realtime", "model": "whisper-1"});
    assert_eq!(
        app.operate(call.id(), "accept", Some(whisper)).await.status,
        400
    );
    let empty = app.operate(call.id(), "accept", None).await;
    assert_eq!(empty.status, 400);
    let nobody = App {
        mock: &mock,
        key: String::new(),
    };
    assert_eq!(nobody.operate(call.id(), "reject", None).await.status, 401);
    assert_eq!(call.record().state, CallState::Incoming);
}

#[tokio::test(start_paused = true)]
async fn a_caller_does_not_wait_for_ever() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    let unanswered = mock.call(IncomingCall::from("a").rings_for(Duration::from_secs(7)));
    let record = unanswered.ended().await;
    assert_eq!(record.outcome, Some(Outcome::NotAnswered));
    assert_eq!(record.journal.last().unwrap().at_ms, 7_000);
    let late = app
        .operate(unanswered.id(), "accept", Some(json!({"type": "realtime"})))
        .await;
    assert_eq!(late.status, 404);

    let silent = mock.call(IncomingCall::from("b").stays_for(Duration::from_secs(3)));
    app.accept(silent.id()).await;
    let record = silent.ended().await;
    assert_eq!(record.outcome, Some(Outcome::CallerHungUp));
    assert_eq!(record.held_ms, 3_000);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_by_itself_ends_the_call() {
    let mock = MockServer::builder()
        .configure(|options| options.maximum_duration = Duration::from_secs(60))
        .start()
        .await;
    let app = App::of(&mock);
    let call = rings(&mock);
    app.accept(call.id()).await;
    let mut sideband = app.follow(call.id()).await.unwrap();
    let (events, close) = sideband.until_the_end().await;
    assert_eq!(events.last().unwrap()["error"]["code"], "session_expired");
    assert_eq!(u16::from(close.code), 1001);
    let outcome = call.ended().await.outcome;
    assert!(
        matches!(
            outcome,
            Some(Outcome::SessionClosed {
                code: Some(1001),
                ..
            })
        ),
        "{outcome:?}"
    );

    let call = rings(&mock);
    app.accept(call.id()).await;
    let mut sideband = app.follow(call.id()).await.unwrap();
    mock.session(1).await.close(4321, "as the test says");
    assert_eq!(u16::from(sideband.until_the_end().await.1.code), 4321);
    call.ended().await;
}

#[tokio::test(start_paused = true)]
async fn calls_end_with_the_server() {
    let mock = MockServer::start().await;
    let call = rings(&mock);
    App::of(&mock).accept(call.id()).await;
    drop(mock);
    assert_eq!(call.ended().await.outcome, Some(Outcome::ServerStopped));
}
