//! `cargo xtask schema diff`: 0 nothing, 1 something, 2 not done.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[test]
fn what_is_no_json_is_an_error() {
    let output = diff(b"{", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: -: not JSON: "), "{said}");
}

#[test]
fn what_is_no_document_is_an_error() {
    let output = diff(b"{}", &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.starts_with("error: components.schemas: not an OpenAPI document"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let output = xtask(&["schema", "diff", "no/such/file.json"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: no/such/file.json: "), "{said}");
}

#[test]
fn a_document_that_has_lost_all_is_told_in_full() {
    let empty = br#"{ "info": { "version": "0" }, "components": { "schemas": {} } }"#;
    let output = diff(empty, &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.starts_with("openai-realtime:\nbreaks senders:\n  ClientEvent: event `"),
        "{said}"
    );
    assert!(
        String::from_utf8_lossy(&output.stderr).starts_with("note: `schema sync` will stop at ")
    );
}

#[test]
fn the_document_we_follow_is_silent() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/upstream/openapi.json");
    let Ok(document) = std::fs::read(&file) else {
        println!("not compared: there is no {}", file.display());
        return;
    };
    let output = diff(&document, &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()));
    assert_eq!(diff(&document, &["--json"]).stdout, b"[]\n");
}

fn diff(document: &[u8], options: &[&str]) -> Output {
    let mut xtask = xtask(&["schema", "diff", "-"]);
    let piped = xtask
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(document).expect("it reads all");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments);
    command
}
