//! The admin API: each test has a key, and with it a scenario, sessions and a journal of its own.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::client::MockRealtimeClient;
use mock_realtime::protocol::realtime::ResponseCreate;
use mock_realtime::server::{AdminOptions, MockServer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const OSLO: &str = "responses: { all: { answer: In Oslo it rains. } }";
/// What is asked of a key, and of its first session.
const WAIT: &str = "/scenarios/k/wait";
const VERIFY: &str = "/scenarios/k/verify";
const ZERO: &str = "/scenarios/k/sessions/0";
const PUSH: &str = "/scenarios/k/sessions/0/push";

const ROME: &str = "responses: { all: { answer: In Rome it shines. } }";

struct Answer {
    status: u16,
    head: String,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

async fn start() -> MockServer {
    MockServer::builder()
        .admin(AdminOptions::default())
        .start()
        .await
}

/// Sends a request as it stands here, and reads the answer to its end.
async fn raw(mock: &MockServer, request: &str) -> Answer {
    let address = mock
        .admin_url()
        .replace("http://", "")
        .replace("/_mock", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    // What is refused may be refused before it is read.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_lowercase(),
        text: text.to_owned(),
    }
}

async fn ask(mock: &MockServer, method: &str, path: &str, body: &str) -> Answer {
    let media = if body.starts_with(['{', '[']) {
        "json"
    } else {
        "yaml"
    };
    let length = body.len();
    let request = format!(
        "{method} /_mock{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/{media}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    raw(mock, &request).await
}

async fn post(mock: &MockServer, path: &str, body: &Value) -> Value {
    let answer = ask(mock, "POST", path, &body.to_string()).await;
    assert!(
        answer.status < 300,
        "{path}: {} {}",
        answer.status,
        answer.text
    );
    serde_json::from_str(&answer.text).unwrap_or_default()
}

async fn get(mock: &MockServer, path: &str) -> Value {
    let answer = ask(mock, "GET", path, "").await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

async fn put(mock: &MockServer, key: &str, scenario: &str) {
    let answer = ask(mock, "PUT", &format!("/scenarios/{key}"), scenario).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

async fn open(mock: &MockServer, key: &str) -> Socket {
    let request = mock.request().with_header("X-Mock-Scenario", key);
    connect_async(request).await.unwrap().0
}

/// The next event of this type.
async fn next(socket: &mut Socket, wanted: &str) -> Value {
    loop {
        let frame = socket.next().await.unwrap().unwrap();
        let event: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
        if event["type"] == wanted {
            return event;
        }
    }
}

/// How the server closes it: the code and the reason.
async fn close(socket: &mut Socket) -> (u16, String) {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(_) => {}
            Message::Close(Some(close)) => return (close.code.into(), close.reason.to_string()),
            other => panic!("a close, not {other:?}"),
        }
    }
}

async fn respond(socket: &mut Socket) -> String {
    let create = r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#;
    socket.send(Message::text(create)).await.unwrap();
    let done = next(socket, "response.output_text.done").await;
    next(socket, "response.done").await;
    done["text"].as_str().unwrap().to_owned()
}

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
    let request =
        tokio_tungstenite::tungstenite::ClientRequestBuilder::new(address.parse().unwrap())
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
    let two = tokio_tungstenite::tungstenite::ClientRequestBuilder::new(two.parse().unwrap())
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
    let answer = ask(&mock, "PUT", of_session, &closes.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
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
