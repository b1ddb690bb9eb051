//! `/_mock/calls`: calls that programs in any language have come in.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use mock_realtime::audio::Clip;
use mock_realtime::server::calls::{CallRecord, CallRequest, CallState, Outcome};
use mock_realtime::server::{AdminOptions, MockServer};
use serde_json::{Value, json};

use super::app::{App, SECRET};

async fn mock() -> MockServer {
    MockServer::builder()
        .admin(AdminOptions::default())
        .start()
        .await
}

#[tokio::test(start_paused = true)]
async fn a_call_is_asked_for_followed_and_heard() {
    let mock = mock().await;
    let app = App::of(&mock);
    let request = json!({
        "from": "+493012345",
        "does": [{"say": "Hello?"}, "listen", {"press": "1"}, {"pause_ms": 100}, "hang_up"],
    });
    let asked = app.send("POST", "/_mock/calls", Some(request)).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let record: CallRecord = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(record.state, CallState::Incoming);
    app.accept(&record.id).await;

    let mut known = 0;
    let path = format!("/_mock/calls/{}", record.id);
    let record = loop {
        let next = app
            .send("GET", &format!("{path}?after={known}"), None)
            .await;
        let next: CallRecord = serde_json::from_str(&next.body).unwrap();
        if next.journal.len() == known {
            break next;
        }
        known = next.journal.len();
    };
    assert_eq!(record.outcome, Some(Outcome::CallerHungUp));
    let wav = app.bytes("GET", &format!("{path}/audio.wav"), None).await;
    let heard = Clip::decode(&wav.1).unwrap();
    assert_eq!(
        heard.duration().as_millis() / 40,
        u128::from(record.held_ms) / 40
    );
    let all = app.send("GET", "/_mock/calls", None).await;
    let all: Value = serde_json::from_str(&all.body).unwrap();
    assert_eq!(all["calls"][0]["id"], record.id);
}

#[tokio::test(start_paused = true)]
async fn the_caller_is_made_to_hang_up() {
    let mock = mock().await;
    let app = App::of(&mock);
    let asked = app.send("POST", "/_mock/calls", Some(json!({}))).await;
    let record: CallRecord = serde_json::from_str(&asked.body).unwrap();
    app.accept(&record.id).await;
    let path = format!("/_mock/calls/{}/hang_up", record.id);
    assert_eq!(app.send("POST", &path, None).await.status, 204);
    let call = mock.switchboard().call(&record.id).unwrap();
    assert_eq!(call.ended().await.outcome, Some(Outcome::CallerHungUp));
}

#[tokio::test(start_paused = true)]
async fn a_call_is_of_the_test_that_asks_for_it() {
    let mock = mock().await;
    let app = App::of(&mock);
    let scenario = json!({"name": "desk", "responses": {"all": {"answer": "The desk."}}});
    let made = app
        .send("PUT", "/_mock/scenarios/desk", Some(scenario))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let request = Some(json!({"does": [{"say": "Hello?"}]}));
    let asked = app
        .send("POST", "/_mock/scenarios/desk/calls", request)
        .await;
    let record: CallRecord = serde_json::from_str(&asked.body).unwrap();
    app.accept(&record.id).await;
    let mut sideband = app.follow(&record.id).await.unwrap();
    let events = sideband
        .until("response.output_audio_transcript.done")
        .await;
    assert_eq!(events.last().unwrap()["transcript"], "The desk.");
    let sessions = app
        .send("GET", "/_mock/scenarios/desk/sessions", None)
        .await;
    assert!(
        sessions
            .body
            .contains(record_session(&app, &record).await.as_str())
    );
    assert!(mock.sessions().is_empty());
}

async fn record_session(app: &App<'_>, record: &CallRecord) -> String {
    let path = format!("/_mock/calls/{}", record.id);
    let record = app.send("GET", &path, None).await;
    let record: CallRecord = serde_json::from_str(&record.body).unwrap();
    record.session_id.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_told_where() {
    let mock = mock().await;
    let app = App::of(&mock);
    let long = "word ".repeat(5_000);
    let cases = [
        (
            json!({"webhook": {"url": "here", "secret": SECRET}}),
            "webhook.url",
        ),
        (
            json!({"webhook": {"url": "http://a", "secret": "x"}}),
            "webhook.secret",
        ),
        (json!({"does": [{"press": "x"}]}), "does[0].press"),
        (json!({"does": [{"play": "AAAA"}]}), "does[0].play"),
        (json!({"does": [{"say": long}]}), "does"),
        (json!({"form": "+49"}), "form"),
        (json!({"rings_for_ms": -1}), "rings_for_ms"),
    ];
    for (request, path) in cases {
        let answer = app.send("POST", "/_mock/calls", Some(request)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains(path), "{path}: {}", answer.body);
    }
    let nobody = app.send("GET", "/_mock/calls/rtc_nobody", None).await;
    assert_eq!(nobody.status, 404);
    let no_key = app
        .send("POST", "/_mock/scenarios/nobody/calls", Some(json!({})))
        .await;
    assert_eq!(no_key.status, 404);
}

#[test]
fn a_request_is_written_as_it_is_read() {
    let request = json!({
        "from": "a", "to": "b", "headers": [{"name": "X-A", "value": "1"}],
        "webhook": {"url": "http://a", "secret": SECRET},
        "rings_for_ms": 1, "stays_for_ms": 2,
        "does": [{"say": "x"}, {"play": ""}, {"press": "1"}, {"pause_ms": 1}, "listen",
            {"listen_for_ms": 1}, "hang_up"],
    });
    let read: CallRequest = serde_json::from_value(request.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), request);
}
