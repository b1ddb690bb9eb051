//! `mock-realtime exercise`, with programs that are no clients, and what it prints.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

use serde_json::Value;
use tokio_tungstenite::tungstenite;

fn exercise(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .arg("exercise")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn the_names_of_variants_are_listed() {
    let (code, listed, _) = exercise(&["--list", "--only", "response.done/null"]);
    assert_eq!(code, Some(0));
    assert!(
        listed
            .lines()
            .any(|it| it == "response.done/null:response.usage")
    );
    let (_, valid, _) = exercise(&["--list", "--valid-only"]);
    assert!(!valid.contains("unknown"));
}

#[test]
fn a_name_that_no_variant_has_is_told() {
    let (code, _, said) = exercise(&["--only", "response.dome"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("no variant is called so"), "{said}");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let (code, _, said) = exercise(&["--", "/nowhere/client"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("/nowhere/client cannot be started"), "{said}");
}

#[test]
fn a_program_that_ends_at_once_is_told_with_what_it_said() {
    let (code, _, said) = exercise(&["--", "sh", "-c", "echo no such host >&2; exit 3"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("sh ended with exit code 3"), "{said}");
    assert!(said.contains("no such host"), "{said}");
    assert!(said.contains("never connected"), "{said}");
}

#[test]
fn a_program_that_never_connects_is_not_waited_for() {
    let (code, _, said) = exercise(&["--connect", "0", "--", "sh", "-c", "exec cat /dev/zero"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("no client connected within 0 s"), "{said}");
}

/// What was asked for in a request, as JSON. The client answers at once.
fn asked(listener: &TcpListener) -> Value {
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = String::new();
    let mut bytes = [0; 1024];
    while !request.ends_with('}') {
        let read = stream.read(&mut bytes).unwrap();
        request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    stream
        .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /calls?now=1 HTTP/1.1"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_client_that_listens_is_asked_to_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/calls?now=1", listener.local_addr().unwrap());
    let client = thread::spawn(move || {
        let asked = asked(&listener);
        let url = format!("{}/realtime", asked["url"].as_str().unwrap());
        let (mut socket, _) = tungstenite::connect(url).unwrap();
        let mut heard = 0;
        while let Ok(frame) = socket.read() {
            heard += usize::from(frame.is_text());
        }
        (heard, asked)
    });
    let (code, printed, said) = exercise(&["--only", "response.created/null", &url]);
    assert_eq!(code, Some(0), "{printed}{said}");
    assert!(printed.contains("variants tried, 0 failed"), "{printed}");
    let (heard, asked) = client.join().unwrap();
    assert!(heard > 10);
    assert!(asked["base_url"].as_str().unwrap().starts_with("http://"));
}

#[test]
fn a_url_that_nobody_answers_is_told() {
    let (code, _, said) = exercise(&["http://127.0.0.1:1/"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("http://127.0.0.1:1/ cannot be asked to connect"),
        "{said}"
    );
    let (code, _, said) = exercise(&["ws://127.0.0.1:1/"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("it has to begin with http://"), "{said}");
}
