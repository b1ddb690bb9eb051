//! `proxy`, `replay` and `scenario from-recording`: what they say of what they cannot use, and what
//! they end with.

use std::path::Path;
use std::process::Command;

/// Runs a command that ends by itself: its exit code, and what it says.
fn run(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .args(arguments)
        .output()
        .unwrap();
    let said =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

fn assert_ends(arguments: &[&str], code: i32, says: &str) {
    let (ended, said) = run(arguments);
    assert!(
        ended == code && said.contains(says),
        "{arguments:?} ended with {ended}:\n{said}"
    );
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

const UPSTREAM: &str = "ws://127.0.0.1:9/v1";

#[test]
fn a_proxy_says_what_it_cannot_begin_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "file", "");
    assert_ends(&["proxy", "--upstream", UPSTREAM], 2, "--record");
    assert_ends(
        &["proxy", "--upstream", "api.openai.com", "--check"],
        1,
        "it has no scheme",
    );
    let below = format!("{file}/below");
    let record = [
        "proxy",
        "--upstream",
        UPSTREAM,
        "--record",
        &below,
        "--listen",
        "127.0.0.1:0",
    ];
    assert_ends(&record, 1, "nothing can be recorded in");
    let trusting = [
        "proxy",
        "--upstream",
        "wss://x/v1",
        "--check",
        "--upstream-ca",
        &file,
    ];
    assert_ends(&trusting, 1, "there is no certificate in it");
    let redact = [
        "proxy",
        "--upstream",
        UPSTREAM,
        "--check",
        "--redact",
        "audio",
    ];
    assert_ends(&redact, 2, "--record");
}

#[test]
fn a_replay_says_what_is_no_recording() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| written(folder.path(), name, text);
    assert_ends(
        &["replay", "/nowhere.jsonl"],
        1,
        "/nowhere.jsonl cannot be read",
    );
    assert_ends(&["replay", &written("empty", "")], 1, "has no event in it");
    let torn = written(
        "torn",
        "{\"dir\":\"c2s\",\"event\":{\"type\":\"response.create\"}}\n{\"dir\":",
    );
    assert_ends(&["replay", &torn], 1, "torn line 2: no JSON");
    let client = written(
        "client",
        r#"{"dir":"c2s","event":{"type":"response.create"}}"#,
    );
    assert_ends(&["replay", &client], 1, "the server says nothing");
    assert_ends(&["replay", &client, "--session", "2"], 1, "it has 1 to 1");
    assert_ends(&["replay", &client, "--speed", "fast"], 2, "is no speed");
}

#[test]
fn a_scenario_is_printed_with_its_sounds_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = r#"{"t":0,"dir":"s2c","event":{"type":"response.created","response":{"id":"r"}}}
{"t":40,"dir":"s2c","event":{"type":"response.output_item.added","response_id":"r","item":{"id":"i"}}}
{"t":50,"dir":"s2c","event":{"type":"response.output_audio.delta","response_id":"r","delta":"AAAAAAAA"}}
{"t":90,"dir":"s2c","event":{"type":"response.done","response":{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"output_audio","transcript":"Hello"}]}]}}}
"#;
    let file = written(folder.path(), "session.jsonl", log);
    let sounds = folder.path().join("sounds").display().to_string();
    let (code, text) = run(&["scenario", "from-recording", &file, "--audio", &sounds]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("  # line 1: completed, 0.0 s of speech\n"),
        "{text}"
    );
    assert!(text.contains("first_ms: 40"), "{text}");
    let scenario = written(folder.path(), "scenario.yaml", &text);
    assert_ends(&["scenario", "check", &scenario], 0, "is sound: 1 response");
    assert!(folder.path().join("sounds/unasked_1.wav").is_file());
    assert_ends(
        &["scenario", "from-recording", "/nowhere"],
        1,
        "/nowhere cannot be read",
    );
}
