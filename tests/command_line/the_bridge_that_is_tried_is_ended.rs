//! `bridge-test -- COMMAND`: what the command has started does not outlive the test.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// A test of a bridge that nobody can call, and that a shell starts, as `npm run` does.
fn start(shell: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .args(["bridge-test", "--carrier", "twilio", "--no-model"])
        .args(["--bridge", "ws://127.0.0.1:9/", "--", "sh", "-c", shell])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What is said on standard error until the last process that has it open is gone.
fn rest(errors: &mut impl Read) -> String {
    let mut text = String::new();
    errors.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_outlives_the_command_is_ended() {
    let mut test = start("(sleep 20; echo survived >&2) & exit 3");
    let said = rest(test.stderr.as_mut().unwrap());
    assert!(
        said.contains("the bridge ended with exit status: 3"),
        "{said}"
    );
    assert!(!said.contains("survived"), "{said}");
    assert_eq!(test.wait().unwrap().code(), Some(2));
}

#[test]
fn a_test_that_is_interrupted_ends_all_of_the_bridge() {
    let mut test = start("(sleep 20; echo survived >&2) & echo started >&2; wait");
    let mut errors = BufReader::new(test.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert_eq!(line, "started\n");
    let interrupt = Command::new("kill")
        .args(["-INT", &test.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    let said = rest(&mut errors);
    assert!(said.contains("interrupted"), "{said}");
    assert!(!said.contains("survived"), "{said}");
    assert_eq!(test.wait().unwrap().code(), Some(2));
}

#[test]
fn a_bridge_that_will_not_end_is_killed() {
    let mut test = start("trap '' TERM; (sleep 20; echo survived >&2) & echo started >&2; wait");
    let mut errors = BufReader::new(test.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    let interrupt = Command::new("kill")
        .args(["-TERM", &test.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    assert!(!rest(&mut errors).contains("survived"));
    assert_eq!(test.wait().unwrap().code(), Some(2));
}
