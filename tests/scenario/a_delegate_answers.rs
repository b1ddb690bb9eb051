//! A scenario can have a program of the user's decide what is answered.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mock_realtime::client::{CollectedResponse, MockRealtimeClient};
use mock_realtime::engine::SessionOptions;
use mock_realtime::generators::{Errand, PendingPlan, ResponsePlan, ResponseRequest};
use mock_realtime::protocol::realtime::{
    ResponseCancel, ResponseCreated, ResponseDone, ResponseStatus,
};
use mock_realtime::scenario::{ScenarioRun, parse};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How a delegate answers a request.
#[derive(Clone)]
enum Reply {
    /// With a status, headers and a body.
    Http(&'static str, String),
    /// Not at all.
    Silence,
    /// It hangs up.
    HangUp,
}

fn says(answer: &Value) -> Reply {
    Reply::Http("200 OK", answer.to_string())
}

/// A program that answers every request in the same way, and keeps what it was asked.
struct Delegate {
    url: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Delegate {
    async fn that(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/decide", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, reply.clone(), Arc::clone(&kept)));
            }
        });
        Self { url, asked }
    }

    fn scenario(&self) -> String {
        scenario(&self.url, 20_000)
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, asked: Arc<Mutex<Vec<(String, Value)>>>) {
    let mut read = Vec::new();
    let (head, body) = loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "a request in half");
        read.extend(&bytes[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap() {
            break (head.to_owned(), body.to_owned());
        }
    };
    let body = serde_json::from_str(&body).unwrap();
    asked.lock().unwrap().push((head, body));
    match reply {
        Reply::Http(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nLocation: /again\r\n\r\n"
            );
            // Whoever has read enough may hang up.
            let _ = stream
                .write_all(&[head.as_bytes(), body.as_bytes()].concat())
                .await;
        }
        Reply::Silence => std::future::pending().await,
        Reply::HangUp => {}
    }
}

fn scenario(url: &str, timeout_ms: u32) -> String {
    format!(
        "name: delegated\n\
         templates: {{ bye: {{ answer: Goodbye! }} }}\n\
         responses:\n  \
           other:\n    \
             answer:\n      \
               delegate:\n        \
                 url: {url}\n        \
                 timeout_ms: {timeout_ms}\n        \
                 headers: {{ X-Key: secret }}\n        \
                 fallback: Just a moment.\n"
    )
}

/// A client of a session that follows a scenario.
fn follow(scenario: &str) -> (MockRealtimeClient, ScenarioRun) {
    let run = parse("delegated.yaml", scenario).unwrap().scenario.start();
    let mut options = SessionOptions::default();
    run.configure(&mut options);
    (MockRealtimeClient::new(options).verifying(), run)
}

async fn respond(scenario: &str, words: &str) -> (CollectedResponse, Vec<String>) {
    let (mut client, run) = follow(scenario);
    client.say(words);
    let response = client.collect_response().await;
    (response, run.warnings())
}

#[tokio::test]
async fn with_the_conversation_before_it() {
    let delegate = Delegate::that(says(&json!({ "say": "Two rolls, {{ user }}" }))).await;
    let (mut client, run) = follow(&delegate.scenario());
    client.say("Two rolls please");
    assert_eq!(
        client.collect_response().await.transcript,
        "Two rolls, Two rolls please"
    );
    client.say("And a cake");
    client.collect_response().await;
    assert_eq!(run.warnings(), Vec::<String>::new());
    assert_eq!(
        run.chosen(),
        [Some("other".to_owned()), Some("other".to_owned())]
    );

    let asked = delegate.asked.lock().unwrap();
    let (head, first) = &asked[0];
    assert!(head.starts_with("POST /decide HTTP/1.1\r\n"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("x-key: secret"), "{head}");
    assert_eq!(first["version"], 1);
    assert_eq!(first["scenario"], "delegated");
    assert_eq!(first["rule"], "other");
    assert_eq!(first["happened"]["user"], "Two rolls please");
    assert_eq!(first["happened"]["turn"], 1);
    assert_eq!(first["conversation"].as_array().unwrap().len(), 1);
    assert_eq!(first["session"]["model"], "gpt-realtime");
    let (_, second) = &asked[1];
    assert_eq!(
        second["happened"]["assistant"],
        "Two rolls, Two rolls please"
    );
    let items = second["conversation"].as_array().unwrap();
    let roles: Vec<&Value> = items.iter().map(|item| &item["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
}

#[tokio::test]
async fn with_a_call_of_a_function() {
    let call = json!({ "call": { "name": "weather", "arguments": { "city": "Oslo" } } });
    let delegate = Delegate::that(says(&call)).await;
    let (mut client, _) = follow(&delegate.scenario());
    let tools =
        json!([{ "type": "function", "name": "weather", "parameters": { "type": "object" } }]);
    let update =
        json!({ "type": "session.update", "session": { "type": "realtime", "tools": tools } });
    client.send_text(&update.to_string());
    client.say("How is the weather in Oslo?");
    let response = client.collect_response().await;
    assert_eq!(response.calls[0].name, "weather");
    assert_eq!(response.calls[0].arguments, r#"{"city":"Oslo"}"#);
    client.answer(&response.calls[0], "rain");
    client.collect_response().await;
    let asked = delegate.asked.lock().unwrap();
    assert_eq!(asked[0].1["tools"], tools);
    let weather = &asked[1].1["happened"]["tools"]["weather"];
    assert_eq!(
        *weather,
        json!({ "arguments": { "city": "Oslo" }, "output": "rain", "is_new": true })
    );
}

#[tokio::test]
async fn with_an_answer_in_any_words_a_scenario_has() {
    for (answer, expected) in [
        (json!("Good morning \u{1f600}!"), "Good morning \u{1f600}!"),
        (json!({ "use": { "template": "bye" } }), "Goodbye!"),
        (json!({ "output": [{ "say": "Well." }] }), "Well."),
    ] {
        let delegate = Delegate::that(says(&answer)).await;
        let (response, warnings) = respond(&delegate.scenario(), "Hello").await;
        assert_eq!(response.transcript, expected);
        assert_eq!(warnings, Vec::<String>::new());
    }
}

#[tokio::test]
async fn or_what_it_does_wrong_is_told_and_the_fallback_answered() {
    let nonsense = |body: &str| Reply::Http("200 OK", body.to_owned());
    let large = format!("\"{}\"", "a".repeat(5_000_000));
    for (reply, reason) in [
        (
            Reply::Http("500 Internal Server Error", "no luck".into()),
            "it answers 500 Internal Server Error: no luck",
        ),
        (
            Reply::Http("404 Not Found", String::new()),
            "it answers 404 Not Found",
        ),
        (
            Reply::Http("307 Temporary Redirect", String::new()),
            "it answers 307 Temporary Redirect, to /again; it is not followed",
        ),
        (nonsense("Good morning!"), "its reply is no JSON"),
        (nonsense(""), "its reply is no JSON"),
        (
            nonsense(r#"{"sya":"Hello"}"#),
            "reply:2:3: there is no key `sya` here; did you mean `say`?",
        ),
        (
            nonsense(r#"{"say":"Hello","ending":"maybe"}"#),
            "reply:3:13: `maybe` is none of the values here",
        ),
        (nonsense("[]"), "its reply is no answer: reply:1:1: "),
        (nonsense("7"), "its reply is no answer: reply:1:1: "),
        (
            nonsense(r#"{"delegate":{"url":"http://127.0.0.1:1/"}}"#),
            "a delegate cannot name another",
        ),
        (
            nonsense(r#"{"ending":"no_response"}"#),
            "`no_response` comes too late",
        ),
        (
            nonsense(r#"{"use":{"template":"hello"}}"#),
            "the scenario has no template `hello`",
        ),
        (
            nonsense(r#"{"say":{"audio_file":"hello.wav"}}"#),
            "`audio_file` is for files of scenarios",
        ),
        (
            nonsense(r#"{"say":"{{ nobody.knows.this }}"}"#),
            "reply:2:10: templates know no `nobody`",
        ),
        (nonsense(&large), "its reply cannot be read"),
        (Reply::HangUp, "it cannot be reached"),
    ] {
        let delegate = Delegate::that(reply).await;
        let (response, warnings) = respond(&delegate.scenario(), "Hello").await;
        assert_eq!(response.transcript, "Just a moment.", "{reason}");
        let expected = format!("the delegate {} failed: ", delegate.url);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with(&expected), "{warnings:?}");
        assert!(
            warnings[0].contains(reason),
            "no {reason:?} in {warnings:?}"
        );
    }
}

#[tokio::test]
async fn or_nobody_is_there() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    let (response, warnings) = respond(&scenario(&url, 20_000), "Hello").await;
    assert_eq!(response.transcript, "Just a moment.");
    assert!(warnings[0].contains("it cannot be reached"), "{warnings:?}");
}

#[tokio::test]
async fn or_it_takes_too_long() {
    let delegate = Delegate::that(Reply::Silence).await;
    let (mut client, run) = follow(&scenario(&delegate.url, 50));
    client.say("Hello");
    assert_eq!(client.collect_response().await.transcript, "Just a moment.");
    // The session's clock and that of the request run out at the same time.
    while run.warnings().is_empty() {
        tokio::task::yield_now().await;
    }
    let warnings = run.warnings();
    assert!(
        warnings[0].contains("it has not answered within 50 ms"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_response_without_a_fallback_fails() {
    let delegate = Delegate::that(Reply::HangUp).await;
    let text = delegate.scenario().replace("fallback: Just a moment.", "");
    let (response, _) = respond(&text, "Hello").await;
    assert_eq!(response.response.status, Some(ResponseStatus::Failed));
    let details = serde_json::to_value(&response.response.status_details).unwrap();
    assert_eq!(details["error"]["code"], "delegate_failed");
}

#[tokio::test]
async fn a_response_that_waits_can_be_cancelled() {
    let delegate = Delegate::that(Reply::Silence).await;
    let (mut client, _) = follow(&delegate.scenario());
    client.say("Hello");
    client.recv_until::<ResponseCreated>().await;
    client.send(ResponseCancel::default());
    let done = client.recv_until::<ResponseDone>().await;
    assert_eq!(done.response.status, Some(ResponseStatus::Cancelled));
}

#[tokio::test]
async fn two_sessions_are_answered_at_once() {
    let delegate = Delegate::that(says(&json!("You said {{ user }}."))).await;
    let text = delegate.scenario();
    let (one, other) = tokio::join!(respond(&text, "one"), respond(&text, "other"));
    assert_eq!(one.0.transcript, "You said one.");
    assert_eq!(other.0.transcript, "You said other.");
    assert_eq!(delegate.asked.lock().unwrap().len(), 2);
}

/// The same for generators in Rust: a plan may be made by anything that can be awaited.
#[tokio::test(start_paused = true)]
async fn a_generator_in_rust_may_take_its_time() {
    let generator = |_: ResponseRequest<'_>| {
        ResponsePlan::pending(PendingPlan {
            errand: Errand::new(async {
                tokio::time::sleep(Duration::from_millis(700)).await;
                Some(ResponsePlan::message("Here I am."))
            }),
            within: Duration::from_secs(1),
            fallback: ResponsePlan::message("Nobody."),
        })
    };
    let mut client = MockRealtimeClient::new(SessionOptions {
        generator: Box::new(generator),
        ..SessionOptions::default()
    })
    .verifying();
    client.say("Hello");
    assert_eq!(client.collect_response().await.transcript, "Here I am.");
    let times = &client.journal().responses()[0];
    assert_eq!(times.done, Some(times.created + Duration::from_millis(700)));
}

#[test]
fn what_is_wrong_with_a_delegate_in_a_scenario_is_said_with_its_place() {
    for (yaml, expected) in [
        (
            "{ url: 'ftp://x/' }",
            "`ftp://x/` is no address of a delegate",
        ),
        (
            "{ url: 'http://x/', timeout_ms: 0 }",
            "0 is no time for a delegate",
        ),
        (
            "{ url: 'http://x/', headers: { 'a b': c } }",
            "`a b` is no name of a header",
        ),
        (
            "{ url: 'http://x/', headers: { Host: c } }",
            "the header `Host` is made with each request",
        ),
        (
            "{ url: 'http://x/', retries: 3 }",
            "there is no key `retries` here",
        ),
        ("{ timeout_ms: 10 }", "url"),
        (
            "{ url: 'http://x/', fallback: { delegate: { url: 'http://y/' } } }",
            "the fallback of a delegate cannot be another",
        ),
        (
            "{ url: 'http://x/', fallback: { ending: no_response } }",
            "comes too late",
        ),
    ] {
        let text = format!("responses:\n  a:\n    answer: {{ delegate: {yaml} }}\n");
        let problems = parse("delegated.yaml", &text).unwrap_err().to_string();
        assert!(problems.contains(expected), "no {expected:?} in {problems}");
        assert!(problems.starts_with("delegated.yaml:3:"), "{problems}");
    }
    let text = "responses:\n  a:\n    answer: { say: Hi, delegate: { url: 'http://x/' } }\n";
    let problems = parse("delegated.yaml", text).unwrap_err().to_string();
    assert!(problems.contains("beside `delegate`"), "{problems}");
}
