//! What a change of the schema does to a build: one error for each thing a person has to do.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

/// A copy of the schema that a test may change.
struct Schema(TempDir);

impl Schema {
    fn copy() -> Self {
        let copy = TempDir::new().unwrap();
        for protocol in ["openai-realtime", "openai-realtime-beta"] {
            let from = Path::new(PROJECT).join("schema").join(protocol);
            let to = copy.path().join(protocol);
            fs::create_dir(&to).unwrap();
            for file in fs::read_dir(from).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        Self(copy)
    }

    fn edit(&self, file: &str, edit: impl FnOnce(&mut Value)) {
        let path = self.0.path().join("openai-realtime").join(file);
        let mut document = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        edit(&mut document);
        fs::write(path, document.to_string()).unwrap();
    }

    fn add_event(&self, file: &str, union: &str, name: &str, event_type: &str) {
        self.edit(file, |document| {
            document["$defs"][name] = json!({
                "description": "An event that is not there yet.",
                "type": "object",
                "properties": { "type": { "const": event_type } },
                "required": ["type"]
            });
            let member = json!({ "x-variant": name, "x-tag-value": event_type, "$ref": format!("#/$defs/{name}") });
            document["$defs"][union]["oneOf"].as_array_mut().unwrap().push(member);
        });
    }

    /// Checks the library against this schema, in a target folder that later runs find again.
    fn check(&self) -> Output {
        Command::new(env!("CARGO"))
            .args([
                "check",
                "--lib",
                "--no-default-features",
                "--locked",
                "--message-format=json",
            ])
            .current_dir(PROJECT)
            .env("MOCK_REALTIME_SCHEMA", self.0.path())
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("promises"),
            )
            .output()
            .unwrap()
    }
}

/// The errors of the compiler, but for its count of them.
fn errors(output: &Output) -> Vec<String> {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| {
            message["reason"] == "compiler-message" && message["message"]["level"] == "error"
        })
        .map(|message| {
            message["message"]["rendered"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .filter(|text| !text.starts_with("error: aborting"))
        .collect()
}

// One test, so that the runs do not wait for each other's lock with the others' time on the clock.
#[test]
fn a_change_of_the_schema_is_one_error_that_says_what_to_do() {
    let schema = Schema::copy();
    let output = schema.check();
    assert!(
        output.status.success(),
        "unchanged: {}",
        String::from_utf8_lossy(&output.stderr)
    );

    let schema = Schema::copy();
    schema.add_event(
        "client_events.json",
        "ClientEvent",
        "ResponsePause",
        "response.pause",
    );
    let found = errors(&schema.check());
    assert_eq!(found.len(), 1, "{}", found.join("\n"));
    assert!(
        found[0].contains("missing: `response_pause`"),
        "{}",
        found[0]
    );
    assert!(found[0].contains("handlers/response.rs"), "{}", found[0]);

    let schema = Schema::copy();
    schema.add_event(
        "server_events.json",
        "ServerEvent",
        "SessionPaused",
        "session.paused",
    );
    // What sends it, and what the beta has in its place: whether, and in which words.
    let found = errors(&schema.check());
    for (file, missing) in [
        ("coverage.rs", "ServerEventKind::SessionPaused` not covered"),
        (
            "dialect/beta/server.rs",
            "ServerEventKind::SessionPaused` not covered",
        ),
        (
            "dialect/beta/server.rs",
            "ServerEvent::SessionPaused(_)` not covered",
        ),
    ] {
        let is_told = |error: &String| error.contains(file) && error.contains(missing);
        assert!(found.iter().any(is_told), "{file}: {}", found.join("\n"));
    }
    assert_eq!(found.len(), 3, "{}", found.join("\n"));

    let schema = Schema::copy();
    schema.edit("audio.json", |document| {
        document["$defs"]["PcmFormat"]["properties"]["rate"]["multipleOf"] = json!(2);
    });
    let output = schema.check();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        message.contains("audio.json: PcmFormat.rate: keyword `multipleOf` is not known"),
        "{message}"
    );
}
