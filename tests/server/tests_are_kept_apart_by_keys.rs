//! The admin API: each test has a key, and with it a scenario, sessions and a journal of its own.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use futures_util::{SinkExt, StreamExt};
use mock_realtime::server::MockServer;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};

use crate::support::admin::{
    OSLO, ROME, ask, close, get, next, open, post, put, raw, respond, start,
};

#[tokio::test]
async fn sessions_follow_the_scenario_of_their_key_and_no_other_sees_them() {
    let mock = start().await;
    put(&mock, "oslo", OSLO).await;
    put(&mock, "rome", ROME).await;
    let (mut oslo, mut rome) = (open(&mock, "oslo").await, open(&mock, "rome").await);
    assert_eq!(respond(&mut rome).await, "In Rome it shines.");
    assert_eq!(respond(&mut oslo).await, "In Oslo it rains.");

    // The same in the address, for clients that cannot send headers.
    let address = format!("{}&mock_scenario=rome", mock.ws_url());
    let request = ClientRequestBuilder::new(address.parse().unwrap())
        .with_header("Authorization", "Bearer mock");
    let mut in_address = connect_async(request).await.unwrap().0;
    assert_eq!(respond(&mut in_address).await, "In Rome it shines.");

    assert_eq!(get(&mock, "/scenarios/oslo").await["sessions"], 1);
    assert_eq!(get(&mock, "/scenarios/rome").await["sessions"], 2);
    for key in ["oslo", "rome"] {
        let journal = get(&mock, &format!("/scenarios/{key}/journal"))
            .await
            .to_string();
        let other = if key == "oslo" { "Rome" } else { "Oslo" };
        assert!(!journal.contains(other), "{journal}");
    }
    assert!(
        mock.journal().entries().is_empty(),
        "the mock's own test saw them"
    );
    assert!(mock.sessions().is_empty());
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_whoever_else_is_there() {
    let mock = start().await;
    let mut lines = Vec::new();
    for key in ["one", "two"] {
        let path = format!("/scenarios/{key}?seed=7&started_at=1780000000&clock=manual");
        assert_eq!(ask(&mock, "PUT", &path, OSLO).await.status, 201);
        respond(&mut open(&mock, key).await).await;
        let path = format!("/scenarios/{key}/journal.jsonl?limit=20");
        lines.push(ask(&mock, "GET", &path, "").await.text);
    }
    assert!(lines[0].lines().count() > 8, "{}", lines[0]);
    assert_eq!(lines[0], lines[1]);
}

#[tokio::test]
async fn two_tests_with_one_key_are_a_conflict() {
    let mock = start().await;
    put(&mock, "mine", OSLO).await;
    let mut session = open(&mock, "mine").await;
    next(&mut session, "session.created").await;
    let conflict = ask(&mock, "PUT", "/scenarios/mine", ROME).await;
    assert_eq!(
        (conflict.status, conflict.code().as_str()),
        (409, "key_in_use")
    );
    assert!(
        conflict.text.contains("has had 1 sessions"),
        "{}",
        conflict.text
    );
    assert_eq!(respond(&mut session).await, "In Oslo it rains.");

    let replaced = ask(&mock, "PUT", "/scenarios/mine?replace=true", ROME).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text);
    assert_eq!(close(&mut session).await.0, 1001);
    assert_eq!(
        respond(&mut open(&mock, "mine").await).await,
        "In Rome it shines."
    );
}

#[tokio::test]
async fn a_key_that_is_not_there_is_no_session_and_says_what_to_do() {
    let mock = start().await;
    let mut refused = open(&mock, "nobody").await;
    let error = next(&mut refused, "error").await;
    assert_eq!(error["error"]["code"], "unknown_mock_scenario");
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("PUT /_mock/scenarios/nobody")
    );

    let secret = "POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: localhost\r\n\
                  X-Mock-Scenario: nobody\r\nAuthorization: Bearer mock\r\nContent-Length: 2\r\n\
                  Connection: close\r\n\r\n{}";
    let answer = raw(&mock, secret).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "unknown_mock_scenario")
    );

    put(&mock, "mine", OSLO).await;
    let address = mock.request().with_header("X-Mock-Scenario", "mine");
    let two = format!("{}&mock_scenario=other", mock.ws_url());
    let two = ClientRequestBuilder::new(two.parse().unwrap())
        .with_header("Authorization", "Bearer mock")
        .with_header("X-Mock-Scenario", "mine");
    let error = next(&mut connect_async(two).await.unwrap().0, "error").await;
    assert_eq!(error["error"]["code"], "two_mock_scenarios");
    drop(address);

    assert_eq!(
        ask(&mock, "DELETE", "/scenarios/mine", "").await.status,
        204
    );
    assert_eq!(
        ask(&mock, "DELETE", "/scenarios/mine", "").await.status,
        404
    );
    let error = next(&mut open(&mock, "mine").await, "error").await;
    assert_eq!(error["error"]["code"], "unknown_mock_scenario");
}

#[tokio::test]
async fn without_the_api_a_key_is_refused() {
    let mock = MockServer::start().await;
    let error = next(&mut open(&mock, "mine").await, "error").await;
    assert_eq!(error["error"]["code"], "mock_admin_is_off");
    assert_eq!(
        raw(&mock, "GET /_mock/scenarios HTTP/1.0\r\n\r\n")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_reset_begins_again() {
    let mock = start().await;
    assert_eq!(
        ask(&mock, "PUT", "/scenarios/k?started_at=1780000000", OSLO)
            .await
            .status,
        201
    );
    let first = next(&mut open(&mock, "k").await, "session.created").await;
    post(&mock, "/scenarios/k/reset", &Value::Null).await;
    assert_eq!(get(&mock, "/scenarios/k").await["sessions"], 0);
    assert_eq!(
        get(&mock, "/scenarios/k/journal").await["entries"],
        json!([])
    );
    let again = next(&mut open(&mock, "k").await, "session.created").await;
    assert_eq!(first["session"]["id"], again["session"]["id"]);
}

#[tokio::test]
async fn faults_are_put_to_a_key_or_a_session_and_nobody_else_feels_them() {
    let mock = start().await;
    put(&mock, "k", OSLO).await;
    put(&mock, "other", OSLO).await;
    let closes = json!({"rules": [{"kind": {"disconnect": {"code": 4001, "reason": "a bad day"}}, "when": {"event": "response.created"}}]});
    let faults = "/scenarios/k/faults";
    let answer = ask(&mock, "PUT", faults, &closes.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(get(&mock, faults).await["rules"], closes["rules"]);
    let create = || Message::text(r#"{"type":"response.create"}"#);

    let mut session = open(&mock, "k").await;
    session.send(create()).await.unwrap();
    assert_eq!(close(&mut session).await, (4001, "a bad day".to_owned()));
    let journal = get(&mock, "/scenarios/k/journal").await;
    let is_noted = |entry: &Value| entry["faults"][0]["kind"] == "disconnect";
    assert!(journal["entries"].as_array().unwrap().iter().any(is_noted));
    let mut spared = open(&mock, "other").await;
    assert_eq!(respond(&mut spared).await, "In Oslo it rains.");

    assert_eq!(ask(&mock, "DELETE", faults, "").await.status, 204);
    let mut session = open(&mock, "k").await;
    assert_eq!(respond(&mut session).await, "In Oslo it rains.");
    let of_session = "/scenarios/k/sessions/1/faults";
    assert_eq!(get(&mock, of_session).await["rules"], json!([]));
    let answer = ask(&mock, "PUT", of_session, &closes.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(get(&mock, of_session).await["rules"], closes["rules"]);
    assert_eq!(ask(&mock, "DELETE", of_session, "").await.status, 204);
    assert_eq!(get(&mock, of_session).await["rules"], json!([]));
    // What has happened as often as it was to is in force no more.
    let once = json!({"seed": 7, "rules": [
        {"kind": {"duplicate": {"times": 1}}, "when": {"event": "response.created", "times": 1}},
        {"kind": {"duplicate": {"times": 1}}, "when": {"event": "response.done", "times": 2}},
    ]});
    assert_eq!(
        ask(&mock, "PUT", of_session, &once.to_string())
            .await
            .status,
        200
    );
    assert_eq!(respond(&mut session).await, "In Oslo it rains.");
    let left = get(&mock, of_session).await;
    assert_eq!(
        (&left["seed"], &left["rules"]),
        (&json!(7), &json!([once["rules"][1]]))
    );
    assert_eq!(
        ask(&mock, "PUT", of_session, &closes.to_string())
            .await
            .status,
        200
    );
    session.send(create()).await.unwrap();
    assert_eq!(close(&mut session).await.0, 4001);

    let unfit = json!({"rules": [{"kind": {"slow_accept": {}}, "when": {"nth": 2}}]});
    let answer = ask(&mock, "PUT", faults, &unfit.to_string()).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    for nothing in ["", "[1, []]"] {
        let length = nothing.len();
        let request = format!(
            "PUT /_mock{faults} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{nothing}"
        );
        let answer = raw(&mock, &request).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "wrong_body"));
    }
}

#[tokio::test]
async fn sessions_without_a_key_are_those_of_the_mock_in_rust() {
    let mock = start().await;
    let (mut session, _) = connect_async(mock.request()).await.unwrap();
    next(&mut session, "session.created").await;
    let sessions = get(&mock, "/scenarios/default/sessions").await;
    assert_eq!(sessions["sessions"][0]["open"], true);
    post(
        &mock,
        "/scenarios/default/sessions/0/push",
        &json!({"text": "hello"}),
    )
    .await;
    assert_eq!(
        session.next().await.unwrap().unwrap().to_text().unwrap(),
        "hello"
    );

    put(&mock, "default", OSLO).await;
    let (mut session, _) = connect_async(mock.request()).await.unwrap();
    assert_eq!(respond(&mut session).await, "In Oslo it rains.");
    assert_eq!(
        mock.sessions().len(),
        1,
        "the key has taken the place of the mock's own"
    );
}

#[tokio::test]
async fn an_ephemeral_key_opens_sessions_of_the_test_it_was_made_in() {
    let mock = start().await;
    put(&mock, "oslo", OSLO).await;
    put(&mock, "rome", ROME).await;
    let make = "POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: localhost\r\n\
                X-Mock-Scenario: oslo\r\nAuthorization: Bearer mock\r\nContent-Length: 2\r\n\
                Connection: close\r\n\r\n{}";
    let secret = raw(&mock, make).await.json();
    let key = secret["value"].as_str().unwrap();
    // As a browser opens it, which sets no header.
    let of_browser = |address: &str| {
        ClientRequestBuilder::new(address.parse().unwrap())
            .with_sub_protocol("realtime")
            .with_sub_protocol(format!("openai-insecure-api-key.{key}"))
    };
    let mut session = connect_async(of_browser(&mock.ws_url())).await.unwrap().0;
    assert_eq!(respond(&mut session).await, "In Oslo it rains.");
    assert_eq!(get(&mock, "/scenarios/oslo").await["sessions"], 1);

    let elsewhere = format!("{}&mock_scenario=rome", mock.ws_url());
    let mut refused = connect_async(of_browser(&elsewhere)).await.unwrap().0;
    let error = next(&mut refused, "error").await;
    assert_eq!(error["error"]["code"], "two_mock_scenarios");
}
