//! `mock-realtime scenario` and `serve` with a scenario: what they print, and how they end.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use futures_util::{SinkExt, StreamExt};
use mock_realtime::scenario::parse;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};

fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-realtime"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = binary(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn init_gives_a_sound_scenario_and_writes_over_nothing() {
    let (code, text, _) = run(&["scenario", "init"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("# "), "it has no comments");
    parse("starter.yaml", &text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sales.yaml");
    let file = file.to_str().unwrap();
    assert_eq!(
        run(&["scenario", "init", "--preset", "sales", file]).0,
        Some(0)
    );
    assert_eq!(
        fs::read_to_string(file).unwrap(),
        fs::read_to_string("presets/sales.yaml").unwrap()
    );
    assert_eq!(run(&["scenario", "init", file]).0, Some(1));
    assert_eq!(run(&["scenario", "init", "--preset", "sails"]).0, Some(2));
}

#[test]
fn check_shows_each_mistake_in_its_place() {
    let (code, _, mistakes) = run(&["scenario", "check", "tests/scenarios/ten_mistakes.yaml"]);
    assert_eq!(code, Some(1));
    assert!(
        mistakes.starts_with("error: 10 mistakes in the scenario"),
        "{mistakes}"
    );
    assert!(mistakes.contains("ten_mistakes.yaml:2:1]"), "{mistakes}");
    assert!(
        mistakes.contains("help: did you mean `pacing`?"),
        "{mistakes}"
    );
    let (code, sound, _) = run(&["scenario", "check", "presets/simple.yaml"]);
    assert_eq!(
        (code, sound.as_str()),
        (
            Some(0),
            "presets/simple.yaml is sound: 3 responses, 0 states in 1 file\n"
        )
    );
}

#[test]
fn explain_says_what_is_chosen_and_why() {
    let explain = [
        "scenario",
        "explain",
        "presets/smart.yaml",
        "--say",
        "Is it broken?",
    ];
    let (code, text, _) = run(&[&explain[..], &["--turn", "2"]].concat());
    assert_eq!(code, Some(0));
    assert!(
        text.starts_with("turn 2, \"Is it broken?\": complaint\n"),
        "{text}"
    );
    assert!(
        text.contains("lost: 28 points, complaint has more"),
        "{text}"
    );
    let (_, text, _) = run(&explain);
    assert!(
        text.starts_with("turn 1, \"Is it broken?\": question\n"),
        "{text}"
    );
    let (code, _, error) = run(&[
        "scenario",
        "explain",
        "presets/sales.yaml",
        "--say",
        "x",
        "--state",
        "sold",
    ]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("no state `sold`; there are: interest, offer, ordered"),
        "{error}"
    );
}

#[test]
fn schema_is_what_is_committed() {
    let (code, text, _) = run(&["scenario", "schema"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        text,
        fs::read_to_string("presets/scenario.schema.json").unwrap()
    );
}

#[test]
fn schema_of_calls_is_what_is_committed() {
    let (code, text, _) = run(&["scenario", "schema", "--call"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        text,
        fs::read_to_string("presets/call.schema.json").unwrap()
    );
}

#[test]
fn configs_of_the_python_original_are_converted() {
    let configs = json!({
        "greeting": {
            "text": "Hello {{name}}!", "delay_seconds": 0.03, "audio_chunk_delay": 0.2,
            "selection_criteria": {
                "required_keywords": ["hello", "hi"], "excluded_keywords": ["bye"], "max_turn_count": 1,
                "required_modalities": ["text"], "priority": 20, "context_patterns": ["good (day|morning)"],
            },
        },
        "call": {
            "function_call": { "name": "process", "arguments": { "action": "default" } },
            "selection_criteria": { "requires_function_call": true, "required_intents": ["question"] },
        },
        "fallback": { "text": "Hm.", "audio_file": "hm.wav" },
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("configs.json");
    fs::write(&file, configs.to_string()).unwrap();
    let (code, text, _) = run(&["scenario", "convert", file.to_str().unwrap()]);
    assert_eq!(code, Some(0));
    assert_eq!(
        text,
        r#"responses:
  greeting:
    when:
      text:
        any:
          - hello
          - hi
        none: bye
        prefer: good (day|morning)
      turn:
        max: 1
      modality:
        - text
    priority: 20
    answer:
      say: "{% raw %}Hello {{name}}!{% endraw %}"
      pacing:
        text_ms: 30
        audio_ms: 200
  call:
    when:
      intent: question
      tools_usable: true
    answer:
      call:
        name: process
        arguments:
          action: default
  fallback:
    answer:
      say:
        text: Hm.
        audio_file: hm.wav
"#
    );
    fs::write(
        &file,
        r#"{"a": {"text": "x", "selection_criteria": {"min_turn_count": 3, "max_turn_count": 1}}}"#,
    )
    .unwrap();
    let (code, _, error) = run(&["scenario", "convert", file.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("the config `a`: no turn is at least 3 and at most 1"),
        "{error}"
    );
}

/// A server that follows a scenario; it ends with the test.
struct Server {
    process: Child,
    url: String,
    said: BufReader<std::process::ChildStderr>,
}

impl Server {
    fn start(file: &Path, arguments: &[&str]) -> Self {
        let mut process = binary(&["serve", file.to_str().unwrap(), "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        let said = BufReader::new(process.stderr.take().unwrap());
        Self { process, url, said }
    }

    /// Waits for a line on standard error that has this in it.
    fn says(&mut self, expected: &str) {
        let mut line = String::new();
        while !line.contains(expected) {
            line.clear();
            assert!(
                self.said.read_line(&mut line).unwrap() > 0,
                "it ended without {expected:?}"
            );
        }
    }

    /// What a new session is answered.
    async fn answer(&self) -> String {
        let address = format!("{}/realtime?model=gpt-realtime", self.url);
        let request = ClientRequestBuilder::new(address.parse().unwrap())
            .with_header("Authorization", "Bearer sk-mine");
        let (mut socket, _) = connect_async(request).await.unwrap();
        let create =
            json!({ "type": "response.create", "response": { "output_modalities": ["text"] } });
        socket
            .send(Message::text(create.to_string()))
            .await
            .unwrap();
        loop {
            let frame = socket.next().await.unwrap().unwrap();
            let event: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
            if event["type"] == "response.output_text.done" {
                return event["text"].as_str().unwrap().to_owned();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[tokio::test]
async fn a_watched_scenario_is_read_again_and_a_broken_one_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.yaml");
    fs::write(&file, "default: One").unwrap();
    let mut server = Server::start(&file, &["--watch"]);
    assert_eq!(server.answer().await, "One");
    fs::write(&file, "default: The second").unwrap();
    server.says("is read again");
    assert_eq!(server.answer().await, "The second");
    fs::write(&file, "defult: The third").unwrap();
    server.says("did you mean `default`?");
    server.says("keep the scenario there was");
    assert_eq!(server.answer().await, "The second");
    fs::write(&file, "default: The fourth one").unwrap();
    server.says("is read again");
    assert_eq!(server.answer().await, "The fourth one");
}

#[test]
fn serve_refuses_a_broken_scenario() {
    let (code, _, error) = run(&["serve", "tests/scenarios/ten_mistakes.yaml", "--port", "0"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("10 mistakes"), "{error}");
}

#[test]
fn choices_are_explained_in_the_log() {
    let mut server = Server::start(Path::new("presets/simple.yaml"), &["-v"]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(server.answer());
    server.says("lost: text.any does not hold");
}
