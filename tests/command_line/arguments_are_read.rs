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
fn serve_with_tls_names_the_certificate_to_trust_in_the_second_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let mut server = binary()
        .args(["serve", "--port", "0", "--tls", "--tls-ca"])
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let [address, authority] = [(); 2].map(|()| lines.next().unwrap().unwrap());
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(
        address.starts_with("listening on wss://127.0.0.1:"),
        "{address}"
    );
    assert_eq!(
        authority,
        format!("certificate to trust: {}", file.display())
    );
    let written = std::fs::read_to_string(file).unwrap();
    assert!(
        written.starts_with("-----BEGIN CERTIFICATE-----"),
        "{written}"
    );
}

#[test]
fn serve_with_a_certificate_that_is_none_says_which_file_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.pem");
    std::fs::write(&file, "nothing").unwrap();
    let output = binary()
        .args(["serve", "--port", "0", "--tls-cert"])
        .arg(&file)
        .arg("--tls-key")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    let start = format!("error: {} has no certificate in it:", file.display());
    assert!(message.starts_with(&start), "{message}");
}

#[test]
fn a_certificate_without_its_key_is_wrong_use() {
    let output = binary()
        .args(["serve", "--tls-cert", "server.pem"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("--tls-key"), "{message}");
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
fn bridge_test_takes_a_format_of_its_report_beside_that_of_the_log() {
    let output = binary()
        .args(["bridge-test", "--carrier", "twilio", "--no-model"])
        .args(["--bridge", "a telephone", "--call", "no-such.call.yaml"])
        .args(["--format", "junit", "--log-format", "json"])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("no-such.call.yaml"), "{error}");
}

#[test]
fn bridge_test_says_which_limits_and_checks_there_are() {
    let error = |option: &[&str]| {
        let output = binary()
            .args(["bridge-test", "--carrier", "twilio", "--no-model"])
            .args(["--bridge", "ws://127.0.0.1:1"])
            .args(option)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{option:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (option, expected) in [
        (["--limit", "truncation"], "expected NAME=MS"),
        (["--limit", "truncation=soon"], "no number of milliseconds"),
        (["--limit", "trunc=500"], "there are greeting, answer"),
        (["--skip", "marks"], "marks-come-back"),
    ] {
        let error = error(&option);
        assert!(error.contains(expected), "{option:?}: {error}");
    }
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
        ("client events of the beta", 12),
        ("server events of the beta", 44),
    ] {
        let head = text
            .lines()
            .find(|line| line.starts_with(&format!("{title}: ")))
            .unwrap();
        assert_eq!(head, format!("{title}: {all}/{all}"));
    }
    assert_eq!(
        text.lines().filter(|line| line.starts_with("  ")).count(),
        11 + 46 + 3 + 7 + 12 + 44
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
