//! What a proxy records of a session, what it finds wrong in it, and what it keeps to itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::proxied::{Proxied, only_recording};
use futures_util::{SinkExt, StreamExt};
use mock_realtime::conformance::{Report, Schema};
use mock_realtime::dialect::Choice;
use mock_realtime::expect::{Direction, Frame};
use mock_realtime::proxy::{Proxy, ProxyOptions, Upstream};
use mock_realtime::recording::{RecordedSession, Recording, Redaction};
use mock_realtime::server::MockServer;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};

const WORDS: &str = "My number is 4711, Ada.";

/// A key of no known form, in a frame too.
const KEY: &str = "keys-may-look-like-anything";

fn options(folder: &Path, mock: &MockServer) -> ProxyOptions {
    ProxyOptions {
        record: Some(folder.to_owned()),
        check: true,
        ..ProxyOptions::to(Upstream::new(mock.url()).unwrap())
    }
}

/// Talks through a proxy: a turn in speech, and some audio. Gives the types of what it was sent.
async fn talk(url: &str, more: &[Value]) -> Vec<String> {
    let url = format!("{url}/realtime?model=gpt-realtime")
        .parse()
        .unwrap();
    let request =
        ClientRequestBuilder::new(url).with_header("Authorization", format!("Bearer {KEY}"));
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let content = json!([{ "type": "input_text", "text": WORDS }]);
    let says = [
        json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "user", "content": content } }),
        json!({ "type": "input_audio_buffer.append", "audio": "c3BlZWNoIQ==" }),
        json!({ "type": "session.update", "session": { "type": "realtime", "instructions": format!("Use {KEY}") } }),
    ];
    let last = json!({ "type": "response.create" });
    for event in says.iter().chain(more).chain([&last]) {
        socket.send(Message::text(event.to_string())).await.unwrap();
    }
    let mut types = Vec::new();
    while types
        .last()
        .is_none_or(|last| last != "rate_limits.updated")
    {
        let message = socket.next().await.unwrap().unwrap();
        let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        types.push(event["type"].as_str().unwrap().to_owned());
    }
    let close = CloseFrame {
        code: 1000.into(),
        reason: "done".into(),
    };
    socket.close(Some(close)).await.unwrap();
    while let Some(Ok(_)) = socket.next().await {}
    types
}

fn types(session: &RecordedSession, by: Direction) -> Vec<&str> {
    let of_side = session.entries.iter().filter(|entry| entry.by == by);
    of_side
        .map(|entry| entry.event["type"].as_str().unwrap())
        .collect()
}

fn broken_rules(session: &RecordedSession) -> Vec<&'static str> {
    let mut report = Report::new(Schema::Observed);
    for entry in &session.entries {
        report.take(entry);
    }
    report
        .finish()
        .rules()
        .iter()
        .map(|rule| rule.name)
        .collect()
}

#[tokio::test]
async fn both_sides_with_times_and_the_close_and_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockServer::builder()
        .say(["Good morning, Ada!"])
        .start()
        .await;
    let proxied = Proxied::start(options(folder.path(), &mock)).await;
    let heard = talk(&proxied.url, &[]).await;
    let summary = proxied.stop().await;
    assert_eq!((summary.sessions, summary.incomplete), (1, 0));
    assert!(summary.broken.is_empty(), "{summary:?}");

    let (file, session) = only_recording(folder.path());
    assert_eq!(types(&session, Direction::Server), heard);
    let asked = types(&session, Direction::Client);
    assert_eq!(asked.len(), 4);
    assert_eq!(summary.events, (heard.len() + asked.len()) as u64);
    assert!(session.entries.is_sorted_by_key(|entry| entry.at));
    assert!(session.entries.iter().all(|entry| entry.at.is_some()));
    let close = session.close.unwrap();
    assert_eq!(
        (close.by, close.code, close.reason.as_str()),
        (Some(Direction::Client), Some(1000), "done")
    );

    let text = std::fs::read_to_string(file).unwrap();
    assert!(!text.contains(KEY), "{text}");
    let opening: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        opening["request"]["path"],
        "/v1/realtime?model=gpt-realtime"
    );
    assert_eq!(opening["request"]["headers"]["authorization"], "[redacted]");
    // The server got it all the same.
    let update = mock
        .journal()
        .sent::<mock_realtime::protocol::realtime::SessionUpdate>();
    assert!(format!("{update:?}").contains(KEY));
}

#[tokio::test]
async fn what_is_redacted_is_as_valid_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockServer::builder()
        .say(["Good morning, Ada!"])
        .start()
        .await;
    let redact = Redaction {
        audio: true,
        text: true,
    };
    let proxied = Proxied::start(ProxyOptions {
        redact,
        ..options(folder.path(), &mock)
    })
    .await;
    talk(&proxied.url, &[]).await;
    proxied.stop().await;
    let (file, session) = only_recording(folder.path());
    assert_eq!(session.redaction, redact);
    assert_eq!(broken_rules(&session), [""; 0]);
    let text = std::fs::read_to_string(file).unwrap();
    for said in ["Ada", "4711", "morning", "c3BlZWNo"] {
        assert!(!text.contains(said), "{said} in {text}");
    }
    assert!(text.contains("xxxx xxxxxxx, xxx!"), "{text}");
    assert!(text.contains(r#""audio":"AAAAAAAAAA==""#), "{text}");
}

#[tokio::test]
async fn what_breaks_a_rule_is_found_as_it_passes() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockServer::builder().say(["Good morning!"]).start().await;
    let proxied = Proxied::start(options(folder.path(), &mock)).await;
    talk(
        &proxied.url,
        &[json!({ "type": "response.cancel", "reason": "none" })],
    )
    .await;
    let broken = proxied.stop().await.broken;
    assert_eq!(
        Vec::from_iter(broken),
        [("cancel-active", 1), ("frame-field", 1)]
    );
}

#[tokio::test]
async fn sessions_of_the_beta_are_held_against_the_beta() {
    let update = json!({ "type": "session.update", "session": { "modalities": ["text"] } });
    let wrong = json!({ "type": "session.update", "session": { "output_modalities": ["text"] } });
    for (events, broken) in [
        (vec![&update], vec![]),
        (vec![&update, &wrong], vec!["frame-field"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mock = MockServer::builder().dialect(Choice::Auto).start().await;
        let proxied = Proxied::start(options(folder.path(), &mock)).await;
        let url = format!("{}/realtime?model=m", proxied.url).parse().unwrap();
        let request = ClientRequestBuilder::new(url)
            .with_header("Authorization", "Bearer mock")
            .with_header("OpenAI-Beta", "realtime=v1");
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        // The first is sent before the server has said which dialect it speaks.
        for event in &events {
            socket.send(Message::text(event.to_string())).await.unwrap();
        }
        let mut answers = 0;
        while answers < events.len() {
            let message = socket.next().await.unwrap().unwrap();
            let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            answers += usize::from(event["type"] == "session.updated" || event["type"] == "error");
        }
        socket.close(None).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
        let summary = proxied.stop().await;
        let found: Vec<_> = summary.broken.into_keys().collect();
        assert_eq!(found, broken);
        // A file of it is checked the same, as its server opens the session before all else.
        let (_, session) = only_recording(folder.path());
        let mut entries = session.entries.clone();
        entries.sort_by_key(|entry| entry.by == Direction::Client);
        let mut report = Report::new(Schema::Observed);
        for entry in &entries {
            report.take(entry);
        }
        let findings = report.finish().findings;
        let found: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(found, broken);
    }
}

#[tokio::test]
async fn what_is_no_event_is_recorded_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockServer::start().await;
    let proxied = Proxied::start(options(folder.path(), &mock)).await;
    let url = format!("{}/realtime?model=m", proxied.url).parse().unwrap();
    let request = ClientRequestBuilder::new(url).with_header("Authorization", "Bearer mock");
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    socket.send(Message::text("{}")).await.unwrap();
    for _ in 0..4 {
        socket.next().await.unwrap().unwrap();
    }
    drop(socket);
    mock.journal().until_closed(0).await;
    let summary = proxied.stop().await;
    assert_eq!(summary.events, 7);
    assert_eq!(summary.broken["frame-event"], 3);
    let (file, session) = only_recording(folder.path());
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(r#""event":{"text":"hello"}"#), "{text}");
    assert!(
        text.contains(r#""event":{"binary":true,"bytes":3}"#),
        "{text}"
    );
    let close = session.close.unwrap();
    assert_eq!((close.by, close.code), (Some(Direction::Client), None));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let options = ProxyOptions {
        record: Some(file.join("below")),
        ..ProxyOptions::to(Upstream::new("ws://127.0.0.1:9/v1").unwrap())
    };
    let error = Proxy::bind("127.0.0.1:0", options).await.unwrap_err();
    assert!(
        error.to_string().contains("nothing can be recorded in"),
        "{error}"
    );
}

#[tokio::test]
async fn a_session_goes_on_where_its_recording_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("recordings");
    let mock = MockServer::builder().say(["Good morning!"]).start().await;
    let proxied = Proxied::start(options(&record, &mock)).await;
    std::fs::remove_dir(&record).unwrap();
    let heard = talk(&proxied.url, &[]).await;
    assert!(heard.contains(&"response.done".to_owned()));
    assert_eq!(proxied.stop().await.incomplete, 1);
}

#[tokio::test]
async fn sessions_that_are_open_when_the_proxy_ends_are_closed_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockServer::start().await;
    let proxied = Proxied::start(options(folder.path(), &mock)).await;
    let url = format!("{}/realtime?model=m", proxied.url).parse().unwrap();
    let request = ClientRequestBuilder::new(url).with_header("Authorization", "Bearer mock");
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    socket.next().await.unwrap().unwrap();
    let stopped = tokio::spawn(proxied.stop());
    let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else {
        panic!("a close is expected");
    };
    assert_eq!(u16::from(frame.code), 1001);
    while let Some(Ok(_)) = socket.next().await {}
    assert_eq!(stopped.await.unwrap().incomplete, 0);
    mock.journal().until_closed(0).await;
    let last = mock.journal().entries().pop().unwrap().frame;
    let Frame::Close { by, code, .. } = last else {
        panic!("{last:?}");
    };
    assert_eq!((by, code), (Direction::Client, Some(1001)));
    let (_, session) = only_recording(folder.path());
    let close = session.close.unwrap();
    assert_eq!((close.by, close.code), (None, Some(1001)));
}

/// What a process that is killed leaves behind.
#[cfg(all(unix, feature = "cli"))]
#[tokio::test]
async fn a_crash_leaves_a_file_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockServer::builder().say(["Good morning!"]).start().await;
    let mut process = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .args([
            "proxy",
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            mock.url(),
            "--record",
        ])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let out = process.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut first).unwrap();
    let url = first.trim().strip_prefix("listening on ").unwrap();
    let request = ClientRequestBuilder::new(format!("{url}/realtime?model=m").parse().unwrap())
        .with_header("Authorization", "Bearer mock");
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    socket.next().await.unwrap().unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    let (file, session) = only_recording(folder.path());
    assert_eq!(types(&session, Direction::Server), ["session.created"]);
    assert_eq!(session.close, None);
    assert_eq!(Recording::read(file).unwrap().sessions.len(), 1);
}
