//! The admin API: what is wrong with a request is said, and who may not ask is not answered.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use mock_realtime::server::{AdminOptions, MockServer};
use serde_json::json;

use crate::support::admin::{OSLO, ask, next, open, put, raw, start};

/// What is asked of a key, and of its first session.
const WAIT: &str = "/scenarios/k/wait";
const VERIFY: &str = "/scenarios/k/verify";
const PUSH: &str = "/scenarios/k/sessions/0/push";

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table is as long as it is")]
async fn what_is_wrong_with_a_request_is_said_with_its_place() {
    let mock = start().await;
    let wrong = ask(
        &mock,
        "PUT",
        "/scenarios/k",
        "responses:\n  all: { anser: Hi }\nrespnses: {}",
    )
    .await;
    assert_eq!((wrong.status, wrong.code().as_str()), (422, "wrong_body"));
    let problems = wrong.json()["error"]["problems"].clone();
    assert_eq!(problems[0]["path"], "responses.all.anser");
    assert_eq!(
        (&problems[0]["line"], &problems[0]["column"]),
        (&json!(2), &json!(10))
    );
    assert_eq!(problems[0]["help"], "did you mean `answer`?");
    assert_eq!(problems[1]["help"], "did you mean `responses`?");

    for (body, path) in [
        ("include: [/etc/passwd]", "include[0]"),
        (
            "default: { say: { text: Hi, audio_file: /etc/passwd } }",
            "default.say.audio_file",
        ),
    ] {
        let wrong = ask(&mock, "PUT", "/scenarios/k", body).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text);
        assert_eq!(
            wrong.json()["error"]["problems"][0]["path"],
            path,
            "{}",
            wrong.text
        );
    }

    put(&mock, "k", OSLO).await;
    let mut session = open(&mock, "k").await;
    next(&mut session, "session.created").await;
    for (path, body, wrong) in [
        (
            PUSH,
            json!({"event": {"type": "response.don"}}),
            "event.type",
        ),
        (
            PUSH,
            json!({"event": {"type": "response.done", "event_id": "e"}}),
            "event.response",
        ),
        (
            PUSH,
            json!({"event": {"type": "session.created", "sesion": {}}}),
            "event.sesion",
        ),
        (PUSH, json!({"frame": ""}), "frame"),
        (
            WAIT,
            json!({"entry": {"type": "response.done"}, "count": 0}),
            "count",
        ),
        (
            WAIT,
            json!({"entry": {"type": "response.done"}, "timeout_ms": 60_001}),
            "timeout_ms",
        ),
        (
            WAIT,
            json!({"entry": {"type": "response.dont"}}),
            "entry.type",
        ),
        (
            VERIFY,
            json!({"expect": [{"type": "response.create", "with": {"x": 1}}]}),
            "expect[0].with",
        ),
        (
            VERIFY,
            json!({"expect": [{"type": "response.create", "times": 1, "at_most": 2}]}),
            "expect[0].times",
        ),
        (VERIFY, json!({"expects": []}), "expects"),
        (
            "/scenarios/k/sessions/0/close",
            json!({"code": 1005}),
            "code",
        ),
        ("/scenarios/k/sessions/0/advance", json!({"ms": -1}), "ms"),
    ] {
        let answer = ask(&mock, "POST", path, &body.to_string()).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        assert_eq!(
            answer.json()["error"]["problems"][0]["path"],
            wrong,
            "{}",
            answer.text
        );
    }
    for (method, path, status, code) in [
        ("GET", "/scenarios?all=yes", 400, "wrong_query"),
        ("PUT", "/scenarios/k?seed=-1", 400, "wrong_query"),
        ("PUT", "/scenarios/k?seed=", 400, "wrong_query"),
        ("GET", "/scenarios/k/journal?limit=", 400, "wrong_query"),
        (
            "GET",
            "/scenarios/k/journal?from=0&limit",
            400,
            "wrong_query",
        ),
        ("GET", "/nothing", 404, "unknown_path"),
        ("GET", "/scenarios/nobody/sessions", 404, "unknown_key"),
        ("GET", "/scenarios/a%20b/sessions", 422, "wrong_key"),
        ("GET", "/scenarios/k/sessions/1", 404, "unknown_session"),
        ("GET", "/scenarios/k/sessions/-1", 404, "unknown_session"),
        ("PATCH", "/scenarios/k", 405, "wrong_method"),
    ] {
        let answer = ask(&mock, method, path, "").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{path}"
        );
    }
    let empty = ask(&mock, "GET", "/scenarios/k/journal?limit=", "").await;
    assert!(
        empty.text.contains("`limit` without a value"),
        "{}",
        empty.text
    );
    let wrong = ask(&mock, "PATCH", "/scenarios/k", "").await;
    assert!(
        wrong.head.contains("allow: put, get, delete, head"),
        "{}",
        wrong.head
    );
    let form = "POST /_mock/scenarios/k/verify HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(raw(&mock, form).await.status, 415);
    let huge = ask(&mock, "PUT", "/scenarios/h", &"x".repeat(9 * 1024 * 1024)).await;
    assert_eq!(huge.status, 413);
}

#[tokio::test]
async fn pages_are_not_let_in_and_a_token_is_asked_for() {
    let mock = start().await;
    for header in [
        "Host: rebound.example",
        "Host: localhost\r\nOrigin: https://evil.example",
    ] {
        let request =
            format!("GET /_mock/scenarios HTTP/1.1\r\n{header}\r\nConnection: close\r\n\r\n");
        let answer = raw(&mock, &request).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "not_local"));
    }
    let token = Some("secret".to_owned());
    let admin = AdminOptions {
        token,
        ..AdminOptions::default()
    };
    let mock = MockServer::builder().admin(admin).start().await;
    assert_eq!(ask(&mock, "GET", "/openapi.json", "").await.status, 401);
    let request = "GET /_mock/openapi.json HTTP/1.1\r\nHost: mock.example\r\nConnection: close\r\n\
                   Authorization: Bearer secret\r\n\r\n";
    let document = raw(&mock, request).await;
    assert_eq!(document.status, 200);
    assert_eq!(document.json()["security"], json!([{"token": []}]));
}
