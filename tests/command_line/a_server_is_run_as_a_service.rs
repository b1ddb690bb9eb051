//! The binary as those have it who run it for others: variables, probes, signals, logs.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn request(url: &str) -> ClientRequestBuilder {
    let address = format!("{url}/realtime?model=gpt-realtime")
        .parse()
        .unwrap();
    ClientRequestBuilder::new(address).with_header("Authorization", "Bearer sk-mine")
}

/// The binary, with nothing in the environment that it reads.
fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-realtime"));
    for (name, _) in std::env::vars_os() {
        let named = name.to_string_lossy();
        if named.starts_with("MOCK_REALTIME_") || named == "RUST_LOG" {
            command.env_remove(&name);
        }
    }
    command.args(arguments);
    command
}

/// A server that runs, and is ended with the test.
struct Service {
    process: Child,
    url: String,
}

impl Service {
    fn start(variables: &[(&str, &str)]) -> Self {
        let mut process = binary(&["serve"])
            .env("MOCK_REALTIME_PORT", "0")
            .env("MOCK_REALTIME_VERIFY", "1")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap();
        Self {
            process,
            url: url.to_owned(),
        }
    }

    async fn connect(&self) -> Client {
        let (mut client, _) = connect_async(request(&self.url)).await.unwrap();
        client.next().await.unwrap().unwrap();
        client
    }

    fn healthcheck(&self) -> Output {
        self.healthcheck_with(&[])
    }

    fn healthcheck_with(&self, variables: &[(&str, &str)]) -> Output {
        let (_, port) = self.url.rsplit_once(':').unwrap();
        let port = port.strip_suffix("/v1").unwrap();
        let mut healthcheck = binary(&["healthcheck", "--port", port]);
        let healthcheck = healthcheck.envs(variables.iter().copied());
        healthcheck.output().unwrap()
    }

    /// The whole answer to a request.
    fn get(&self, path: &str) -> String {
        let (_, port) = self.url.rsplit_once(':').unwrap();
        let port: u16 = port.strip_suffix("/v1").unwrap().parse().unwrap();
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.process.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(killed.success());
    }

    /// How it ended, and what it logged.
    fn end(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        let mut stderr = self.process.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        (self.process.wait().unwrap(), log)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_environment_configures_it() {
    let ready = Service::start(&[]).healthcheck();
    assert_eq!(ready.status.code(), Some(0));
    let full = Service::start(&[("MOCK_REALTIME_MAX_SESSIONS", "0")]).healthcheck();
    assert_eq!(full.status.code(), Some(1));
    let told = String::from_utf8(full.stderr).unwrap();
    assert!(told.contains("503 Service Unavailable"), "{told}");
    assert!(told.contains("as many sessions as it may have"), "{told}");
}

#[test]
fn the_same_variables_do_for_a_healthcheck_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let tls = ("MOCK_REALTIME_TLS", "true");
    let variables = [tls, ("MOCK_REALTIME_TLS_CA", authority.to_str().unwrap())];
    let service = Service::start(&variables);
    let checked = service.healthcheck_with(&variables);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");

    let other = folder.path().join("other.pem");
    let _other = Service::start(&[tls, ("MOCK_REALTIME_TLS_CA", other.to_str().unwrap())]);
    for (trusted, told) in [
        (other.as_path(), "does not answer: invalid peer certificate"),
        (folder.path(), "cannot be trusted"),
    ] {
        let trusted = ("MOCK_REALTIME_TLS_CA", trusted.to_str().unwrap());
        let checked = service.healthcheck_with(&[tls, trusted]);
        assert_eq!(checked.status.code(), Some(1));
        let text = String::from_utf8(checked.stderr).unwrap();
        assert!(text.contains(told), "{text}");
    }
    let checked = service.healthcheck_with(&[tls]);
    let text = String::from_utf8(checked.stderr).unwrap();
    assert!(text.contains("--tls-ca names the file"), "{text}");
    assert!(!service.healthcheck().status.success());
}

#[test]
fn a_variable_that_makes_no_sense_is_wrong_use() {
    let output = binary(&["serve"])
        .env("MOCK_REALTIME_PORT", "tcp://10.0.0.1:8080")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("--port"), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_not_healthy() {
    let output = binary(&["healthcheck", "--port", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("127.0.0.1:1 does not answer"), "{told}");
}

#[tokio::test]
async fn a_request_to_end_closes_sessions_and_ends_it() {
    let service = Service::start(&[]);
    let mut client = service.connect().await;
    service.terminate();
    let Some(Ok(Message::Close(Some(frame)))) = client.next().await else {
        panic!("it was not closed")
    };
    assert_eq!(u16::from(frame.code), 1001);
    assert!(client.next().await.is_none());
    let (status, log) = service.end();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test]
async fn a_second_request_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("endless.yaml");
    let endless =
        "name: endless\npacing: { first_ms: 3600000 }\nresponses:\n  a: { answer: Well. }\n";
    std::fs::write(&scenario, endless).unwrap();
    let service = Service::start(&[
        ("MOCK_REALTIME_SCENARIO", scenario.to_str().unwrap()),
        ("MOCK_REALTIME_DRAIN", "3600"),
    ]);
    let mut client = service.connect().await;
    let create = Message::text(r#"{"type":"response.create"}"#);
    client.send(create).await.unwrap();
    client.next().await.unwrap().unwrap();
    service.terminate();
    // The first has been heard once it is not ready any more.
    while service.healthcheck().status.success() {}
    service.terminate();
    let (status, log) = service.end();
    assert_eq!(status.code(), Some(1));
    assert_eq!(log, "error: ended at once, with sessions open\n");
}

#[tokio::test]
async fn a_session_is_logged_with_its_id_model_and_address() {
    let service = Service::start(&[
        ("MOCK_REALTIME_LOG", "info"),
        ("MOCK_REALTIME_LOG_FORMAT", "json"),
    ]);
    let mut client = service.connect().await;
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    service.terminate();
    let (_, log) = service.end();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let opened = lines
        .iter()
        .find(|line| line["message"] == "session opened");
    let connection = &opened.unwrap()["spans"][0];
    let peer = connection["peer"].as_str().unwrap();
    assert!(peer.starts_with("127.0.0.1:"), "{connection}");
    let span = &opened.unwrap()["span"];
    assert_eq!(span["name"], "session");
    assert_eq!(span["model"], "gpt-realtime");
    assert!(span["id"].as_str().unwrap().starts_with("sess_"), "{span}");
    let over = lines.iter().find(|line| line["message"] == "session over");
    assert_eq!(over.unwrap()["span"], *span);
}

#[tokio::test]
async fn nothing_is_logged_of_what_goes_well_unless_asked_for() {
    let service = Service::start(&[]);
    drop(service.connect().await);
    service.terminate();
    let (_, log) = service.end();
    assert_eq!(log, "");
}

#[tokio::test]
async fn a_frame_that_breaks_the_protocol_is_told_and_ends_in_failure() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("impossible.yaml");
    // More is said to come from the cache than was read.
    let impossible = "name: impossible\nresponses:\n  a: { answer: { say: Well., usage: { cached_text: 64000 } } }\n";
    std::fs::write(&scenario, impossible).unwrap();
    let service = Service::start(&[("MOCK_REALTIME_SCENARIO", scenario.to_str().unwrap())]);
    let mut client = service.connect().await;
    let create = Message::text(r#"{"type":"response.create"}"#);
    client.send(create).await.unwrap();
    let mut last = None;
    while let Some(Ok(frame)) = client.next().await {
        last = Some(frame);
    }
    let Some(Message::Close(Some(close))) = last else {
        panic!("{last:?}")
    };
    assert_eq!(u16::from(close.code), 1011);
    let counted = service.get("/metrics");
    assert!(
        counted.contains("\nmock_realtime_rules_broken_total 1\n"),
        "{counted}"
    );
    service.terminate();
    let (status, log) = service.end();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("ERROR"), "{log}");
    assert!(log.contains("usage-adds-up"), "{log}");
    assert!(log.contains("broke the protocol, once"), "{log}");
}
