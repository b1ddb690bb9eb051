//! The binary: what it prints, and how it ends.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]
#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
}

#[test]
fn serve_tells_its_address_in_the_first_line() {
    let mut server = binary()
        .args(["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .trim_end()
        .strip_prefix("listening on ws://")
        .and_then(|rest| rest.strip_suffix("/v1"));
    let connected = std::net::TcpStream::connect(address.unwrap());
    server.kill().unwrap();
    server.wait().unwrap();
    connected.unwrap();
}

#[test]
fn serve_on_a_taken_port_says_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = binary().args(["serve", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.starts_with(&format!("error: cannot listen on 127.0.0.1 port {port}:")),
        "{message}"
    );
    assert!(message.contains("--port 0"), "{message}");
}

#[test]
fn wrong_use_is_exit_code_2() {
    let output = binary().args(["serve", "--prot", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn coverage_names_a_transcript_for_each_event() {
    let transcripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");
    let output = binary()
        .args(["coverage", "--transcripts", transcripts])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    for (title, all) in [
        ("client events", 11),
        ("server events", 46),
        ("translation client events", 3),
        ("translation server events", 7),
    ] {
        let head = text
            .lines()
            .find(|line| line.starts_with(&format!("{title}: ")))
            .unwrap();
        assert_eq!(head, format!("{title}: {all}/{all}"));
    }
    assert_eq!(
        text.lines().filter(|line| line.starts_with("  ")).count(),
        11 + 46 + 3 + 7
    );
}

#[test]
fn coverage_says_which_events_no_transcript_has() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = "> {\"type\":\"response.create\"}\n";
    std::fs::write(folder.path().join("short.jsonl"), transcript).unwrap();
    let output = binary()
        .args(["coverage", "--transcripts"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("client events: 1/11"), "{text}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("session.update"), "{error}");
}
