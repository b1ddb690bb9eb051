//! An expectation that is not met says what was expected, what came instead, and what was sent.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::SessionOptions;
use mock_realtime::expect::{Expectations, Journal};
use mock_realtime::protocol::realtime::{
    ClientEventKind, InputAudioBufferClear, ResponseCancel, ResponseCreate, SessionUpdate,
};
use serde_json::json;

fn client() -> MockRealtimeClient {
    MockRealtimeClient::new(SessionOptions::default()).verifying()
}

/// What the client's expectations have to say. They are checked when it is dropped.
fn panic_of(client: MockRealtimeClient) -> String {
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(client))).unwrap_err();
    panicked.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_met_is_silent() {
    let mut client = client();
    client.expect::<ResponseCreate>().times(1);
    client.expect::<InputAudioBufferClear>().at_least(2);
    client.expect::<ResponseCancel>().never();
    client.expect::<SessionUpdate>().at_most(1);
    client.expect::<InputAudioBufferClear>().times(1..=3);
    client.send(InputAudioBufferClear::default());
    client.send(InputAudioBufferClear::default());
    client.send(ResponseCreate::default());
    client.verify();
}

#[tokio::test(start_paused = true)]
async fn what_never_came() {
    let mut client = client();
    client.expect::<ResponseCreate>();
    client.send(InputAudioBufferClear::default());
    let text = panic_of(client);
    assert!(
        text.starts_with("expected at least 1 response.create, got 0\n"),
        "{text}"
    );
    assert!(text.contains(file!()), "{text}");
    assert!(
        text.contains("the client sent no response.create at all"),
        "{text}"
    );
    assert!(
        text.contains("client ──▶      input_audio_buffer.clear"),
        "{text}"
    );
    assert!(
        text.contains("◀── mock  input_audio_buffer.cleared"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_came_otherwise() {
    let mut client = client();
    client
        .expect::<InputAudioBufferClear>()
        .where_(|event| event.event_id.as_deref() == Some("mine"));
    client.send_text(r#"{"type":"input_audio_buffer.clear","event_id":"yours"}"#);
    let text = panic_of(client);
    assert!(text.contains("that fulfils the condition, got 0"), "{text}");
    assert!(
        text.contains(r#"nearest: {"type":"input_audio_buffer.clear","event_id":"yours"}"#),
        "{text}"
    );
    assert!(text.contains("but condition 1 is false"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_field_that_differs() {
    let mut client = client();
    client.expect::<SessionUpdate>().with(json!({
        "session": {"instructions": "Be brief.", "output_modalities": ["text"]},
    }));
    for session in [
        r#"{"type":"realtime","instructions":"Be long.","output_modalities":["audio"]}"#,
        r#"{"type":"realtime","instructions":"Be brief.","output_modalities":["audio"]}"#,
        r#"{"type":"realtime"}"#,
    ] {
        client.send_text(&format!(
            r#"{{"type":"session.update","session":{session}}}"#
        ));
    }
    let text = panic_of(client);
    assert!(
        text.contains(
            r#"expected at least 1 session.update with {"session":{"instructions":"Be brief.""#
        ),
        "{text}"
    );
    assert!(
        text.contains(r#"but session.output_modalities[0]: expected "text", found "audio""#),
        "{text}"
    );
    assert!(!text.contains("Be long."), "the nearest is told: {text}");
}

#[tokio::test(start_paused = true)]
async fn the_field_that_is_not_there() {
    let mut client = client();
    client
        .expect::<InputAudioBufferClear>()
        .with(json!({"event_id": "mine"}));
    client.send(InputAudioBufferClear::default());
    let text = panic_of(client);
    assert!(
        text.contains(r#"but event_id: expected "mine", found nothing"#),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn fields_that_are_as_expected_count() {
    let mut client = client();
    client.expect::<ResponseCreate>().times(1).with(json!({
        "response": {"max_output_tokens": 7, "metadata": {"topic": "tea"}},
    }));
    client.send_text(r#"{"type":"response.create","response":{"max_output_tokens":7,"metadata":{"topic":"tea","more":"x"}}}"#);
    client.send(ResponseCreate::default());
    client.verify();
}

#[test]
#[should_panic(expected = "no session.update can have these fields")]
fn a_field_that_is_not_in_the_protocol_is_an_error() {
    Expectations::default()
        .expect::<SessionUpdate>()
        .with(json!({"session": {"type": "realtime", "instrucktions": "Be brief."}}));
}

#[test]
#[should_panic(expected = "the type of response.create is never \"session.update\"")]
fn another_type_is_an_error() {
    Expectations::default()
        .expect::<ResponseCreate>()
        .with(json!({"type": "session.update"}));
}

#[test]
#[should_panic(expected = "`with` takes the fields of response.create as an object")]
fn what_is_no_object_is_an_error() {
    Expectations::default()
        .expect::<ResponseCreate>()
        .with(json!("tea"));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "until the client has sent 2 response.create; so far:")]
async fn waiting_for_what_the_client_does_not_send_is_an_error() {
    let mut client = client();
    client.send(ResponseCreate::default());
    client.journal().until_sent::<ResponseCreate>(1).await;
    client.journal().until_sent::<ResponseCreate>(2).await;
}

#[tokio::test(start_paused = true)]
async fn what_came_too_often() {
    let mut client = client();
    client.expect::<InputAudioBufferClear>().never();
    client.expect::<InputAudioBufferClear>().times(..2);
    client.send(InputAudioBufferClear::default());
    client.send(InputAudioBufferClear::default());
    let text = panic_of(client);
    assert!(
        text.contains("expected no input_audio_buffer.clear, got 2"),
        "{text}"
    );
    assert!(
        text.contains("expected at most 1 input_audio_buffer.clear, got 2"),
        "{text}"
    );
    assert!(
        text.contains("input_audio_buffer.clear  ×2") || text.contains("cleared"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_came_too_late() {
    let mut client = client();
    client
        .expect::<ResponseCreate>()
        .within(Duration::from_secs(1));
    client.wait(Duration::from_secs(2)).await;
    client.send(ResponseCreate::default());
    let text = panic_of(client);
    assert!(
        text.contains("expected at least 1 response.create within 1s, got 0"),
        "{text}"
    );
    assert!(text.contains("but it came after 2s"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_came_in_another_order() {
    use ClientEventKind as Kind;
    let mut client = client();
    client.send(InputAudioBufferClear::default());
    client.send(ResponseCreate::default());
    let expectations = Expectations::default();
    expectations.in_order([Kind::InputAudioBufferClear, Kind::ResponseCreate]);
    expectations.verify(client.journal()).unwrap();
    expectations.in_order([Kind::ResponseCreate, Kind::InputAudioBufferClear]);
    let text = expectations
        .verify(client.journal())
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("there was no input_audio_buffer.clear after response.create"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_test_that_fails_already_does_not_fail_twice() {
    let failed = std::thread::spawn(|| {
        let client = client();
        client.expect::<ResponseCreate>();
        panic!("the first failure");
    });
    let panicked = failed.join().unwrap_err();
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"the first failure"));
}

#[test]
#[should_panic(expected = "nothing comes at least 3 times and at most 2 times")]
fn what_can_never_be_met_is_an_error() {
    #[allow(clippy::reversed_empty_ranges, reason = "that is the mistake")]
    Expectations::default()
        .expect::<ResponseCreate>()
        .times(3..=2);
}

#[tokio::test(start_paused = true)]
async fn a_journal_is_saved_as_lines_of_json() {
    let mut client = client();
    client.send(InputAudioBufferClear::default());
    client.close(1000, "done");
    let file = tempfile::NamedTempFile::new().unwrap();
    client.journal().save(file.path()).unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let dirs: Vec<&str> = lines
        .iter()
        .map(|line| line["dir"].as_str().unwrap())
        .collect();
    assert_eq!(dirs, ["c2s", "s2c", "s2c", "close"]);
    assert_eq!(lines[0]["event"]["type"], "input_audio_buffer.clear");
    assert_eq!(lines[3]["event"]["code"], 1000);
}

#[test]
fn an_empty_journal_has_an_empty_timeline() {
    assert_eq!(Journal::default().timeline(), "");
}
