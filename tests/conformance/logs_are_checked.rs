//! `mock-realtime check` reads logs in several shapes, and says what in them breaks a rule.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::path::Path;
use std::process::{Command, Output};

use mock_realtime::client::MockRealtimeClient;
use quick_junit::TestCaseStatus;
use serde_json::{Value, json};

/// What a server sends in a turn of text.
async fn turn() -> Vec<Value> {
    let mut client = MockRealtimeClient::saying(["Good morning!"]).verifying();
    client.say("Hello");
    client.collect_response().await;
    let entries = client.journal().entries().into_iter();
    let mut events: Vec<Value> = entries.map(|entry| entry.frame.to_json()).collect();
    // Limits come after the response.
    events.retain(|event| event["type"] != "rate_limits.updated");
    events
}

fn is_of_server(event: &Value) -> bool {
    let of_client = ["conversation.item.create", "response.create"];
    !of_client.contains(&event["type"].as_str().unwrap())
}

fn check(folder: &Path, name: &str, text: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .arg("check")
        .arg(&file)
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code(), told)
}

/// The same events, in each shape.
fn shapes(events: &[Value]) -> Vec<(&'static str, String)> {
    let lines = |line: &dyn Fn(&Value) -> String| -> String {
        events.iter().map(|event| line(event) + "\n").collect()
    };
    let dir = |event: &Value| if is_of_server(event) { "s2c" } else { "c2s" };
    let har = json!({ "log": { "version": "1.2", "entries": [
        { "request": { "url": "https://example.com" } },
        { "_webSocketMessages": events.iter().map(|event| json!({
            "type": if is_of_server(event) { "receive" } else { "send" },
            "time": 1.5, "opcode": 1, "data": event.to_string() })).collect::<Vec<_>>() },
    ] } });
    vec![
        (
            "envelopes.jsonl",
            lines(&|event| json!({ "dir": dir(event), "event": event }).to_string()),
        ),
        ("plain.jsonl", lines(&Value::to_string)),
        (
            "debug.log",
            lines(&|event| {
                let mark = if is_of_server(event) { "<" } else { ">" };
                format!("2026-11-22 10:00:00 DEBUG [websockets] {mark} TEXT '{event}' [99 bytes]")
            }),
        ),
        ("page.har", serde_json::to_string_pretty(&har).unwrap()),
        (
            "strings.yaml",
            format!(
                "version: 1\nmessages:\n{}",
                lines(&|event| {
                    format!(
                        "- direction: {}\n  data: '{}'",
                        dir(event),
                        event.to_string().replace('\'', "''")
                    )
                })
            ),
        ),
        (
            "mappings.yaml",
            format!("---\nmessages:\n{}", lines(&|event| format!("- {event}"))),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn of_every_shape() {
    let folder = tempfile::tempdir().unwrap();
    let events = turn().await;
    for (name, text) in shapes(&events) {
        let (code, told) = check(folder.path(), name, &text, &[]);
        let all = format!(
            "{} events in 1 session, nothing breaks a rule",
            events.len()
        );
        assert!(told.contains(&all), "{name}: {told}");
        assert_eq!(code, Some(0), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_what_breaks_a_rule_and_how_often() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = turn().await;
    let is_delta = |event: &Value| event["type"] == "response.output_audio_transcript.delta";
    for event in events.iter_mut().filter(|event| is_delta(event)) {
        event["content_index"] = json!("none");
    }
    events.retain(|event| event["type"] != "response.output_item.done");
    let deltas = events.iter().filter(|event| is_delta(event)).count();
    for (name, text) in shapes(&events) {
        let (code, told) = check(folder.path(), name, &text, &[]);
        assert_eq!(code, Some(1), "{name}: {told}");
        let wrong = format!(
            "frame-type in response.output_audio_transcript.delta at content_index, {deltas} times"
        );
        assert!(told.contains(&wrong), "{name}: {told}");
        assert!(
            told.contains("output-complete in response.done, once"),
            "{name}: {told}"
        );
    }
    let text = &shapes(&events)[0].1;
    let (_, told) = check(folder.path(), "log.jsonl", text, &["--format", "github"]);
    assert!(told.starts_with("::error file="), "{told}");
    assert!(told.contains(",title=frame-type::"), "{told}");
    let (_, told) = check(folder.path(), "log.jsonl", text, &["--format", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["checked"]["findings"][0]["count"], deltas);
}

#[tokio::test(start_paused = true)]
async fn for_programs_that_collect_the_results_of_tests() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = turn().await;
    events.retain(|event| event["type"] != "response.output_item.done");
    let text = &shapes(&events)[0].1;
    let (code, told) = check(folder.path(), "log.jsonl", text, &["--format", "junit"]);
    assert_eq!(code, Some(1));
    let report = quick_junit::Report::deserialize_from_str(&told).unwrap();
    let suite = &report.test_suites[0];
    assert!(suite.name.as_str().ends_with("log.jsonl"), "{told}");
    assert_eq!(suite.tests, mock_realtime::conformance::RULES.len());
    let failed: Vec<&str> = suite
        .test_cases
        .iter()
        .filter(|case| matches!(case.status, TestCaseStatus::NonSuccess { .. }))
        .map(|case| case.name.as_str())
        .collect();
    assert_eq!(failed.len(), suite.failures);
    assert!(failed.contains(&"output-complete"), "{failed:?}");

    let (code, told) = check(folder.path(), "empty.jsonl", "", &["--format", "junit"]);
    assert_eq!(code, Some(2));
    assert!(
        told.contains("<error message=\"has no event in it"),
        "{told}"
    );
}

#[test]
fn unless_they_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, reason) in [
        ("empty.jsonl", "", "no event in it"),
        ("prose.txt", "Once upon a time.\n", "no event in it"),
        (
            "cut.jsonl",
            "{\"dir\":\"s2c\",\"event\":{\"type\"\n",
            "line 1: no JSON",
        ),
        ("cut.har", "{\n  \"log\": { \"entries\": [\n", "no HAR file"),
        ("bad.yaml", "messages:\n - [\n", "no YAML"),
    ] {
        let (code, told) = check(folder.path(), name, text, &[]);
        assert_eq!(code, Some(2), "{name}: {told}");
        assert!(told.contains(reason), "{name}: {told}");
    }
}

#[test]
fn and_a_rule_is_explained() {
    let explain = |rule| {
        let output = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
            .args(["check", "--explain", rule])
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (code, told) = explain("one-response");
    assert_eq!(code, Some(0));
    assert!(told.starts_with("one-response (the server)\n"), "{told}");
    assert_eq!(
        explain("all").1.lines().count(),
        3 * mock_realtime::conformance::RULES.len()
    );
    assert_eq!(explain("no-such-rule").0, Some(1));
}

/// What a session writes is what the checks read.
#[tokio::test(start_paused = true)]
async fn a_saved_journal_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = MockRealtimeClient::saying(["Good morning!", "Goodbye!"]).verifying();
    for word in ["Hello", "Bye"] {
        client.say(word);
        client.collect_response().await;
    }
    let file = folder.path().join("journal.jsonl");
    client.journal().save(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let (code, told) = check(folder.path(), "journal.jsonl", &text, &[]);
    assert_eq!(code, Some(0), "{told}");
}
