//! A test that fails leaves its journal and its audio where the environment names a directory.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

use mock_realtime::audio::AudioManager;
use mock_realtime::client::MockRealtimeClient;
use mock_realtime::protocol::realtime::InputAudioBufferClear;

#[tokio::test(start_paused = true)]
#[ignore = "fails on purpose; another test runs it"]
async fn an_expectation_is_not_met() {
    let mut client = MockRealtimeClient::saying(["Good morning!"]).verifying();
    client.expect::<InputAudioBufferClear>();
    client.say("Hello");
    client.collect_response().await;
}

#[tokio::test(start_paused = true)]
#[ignore = "fails on purpose; another test runs it"]
async fn something_else_is_wrong() {
    let mut client = MockRealtimeClient::saying(["Good morning!"]).verifying();
    client.say("Hello");
    assert_eq!(client.collect_response().await.transcript, "Good evening!");
}

/// What a test of this file is saved under.
fn folder_of(test: &str) -> String {
    format!("a_failed_test_leaves_its_frames_and_sound-{test}")
}

/// Runs a test of this file in a process of its own; returns what it prints.
fn run(test: &str, artifacts: Option<&Path>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = format!("a_failed_test_leaves_its_frames_and_sound::{test}");
    command.args(["--exact", &test, "--ignored", "--nocapture"]);
    command.env_remove("MOCK_REALTIME_ARTIFACTS");
    command.envs(artifacts.map(|folder| ("MOCK_REALTIME_ARTIFACTS", folder)));
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn frames_and_sound_are_saved_under_the_name_of_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("artifacts");
    for test in ["an_expectation_is_not_met", "something_else_is_wrong"] {
        let printed = run(test, Some(&directory));
        let saved = directory.join(folder_of(test));
        assert!(
            printed.contains(&format!("saved in {}", saved.display())),
            "{printed}"
        );
        let journal = fs::read_to_string(saved.join("journal.jsonl")).unwrap();
        assert!(journal.contains("response.output_audio.delta"), "{journal}");
        let clip = AudioManager::default()
            .load(saved.join("session-0.wav"))
            .unwrap();
        assert!(clip.duration().as_millis() > 500);
        let picture = fs::read_to_string(saved.join("session-0.svg")).unwrap();
        assert!(picture.contains("response.done"), "{picture}");
    }
    run("an_expectation_is_not_met", Some(&directory));
    assert!(
        directory
            .join(folder_of("an_expectation_is_not_met-2"))
            .join("journal.jsonl")
            .exists()
    );
}

#[test]
fn a_directory_that_cannot_be_made_is_told_beside_the_failure() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let printed = run("an_expectation_is_not_met", Some(file.path()));
    assert!(printed.contains("got 0"), "{printed}");
    assert!(
        printed.contains("not saved, though MOCK_REALTIME_ARTIFACTS is set"),
        "{printed}"
    );
}

#[test]
fn nothing_is_saved_where_nobody_asks() {
    let printed = run("an_expectation_is_not_met", None);
    assert!(!printed.contains("saved"), "{printed}");
}
