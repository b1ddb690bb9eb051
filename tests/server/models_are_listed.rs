//! Clients that ask which models there are get an answer.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::wire::Running;
use mock_realtime::server::ServerOptions;
use serde_json::Value;

const KEY: &str = "Authorization: Bearer sk-mine\r\n";

#[tokio::test]
async fn those_that_are_known_or_those_that_are_accepted() {
    let server = Running::start(ServerOptions::default()).await;
    let list = server.ask("GET", "/v1/models", KEY).await.json();
    assert_eq!(list["object"], "list");
    let names: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    for name in [
        "gpt-realtime",
        "gpt-realtime-2.1",
        "whisper-1",
        "gpt-realtime-translate",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }

    let server = Running::start(ServerOptions {
        models: vec!["my-own".to_owned()],
        ..ServerOptions::default()
    })
    .await;
    let list = server.ask("GET", "/v1/models", KEY).await.json();
    let [only] = &list["data"].as_array().unwrap()[..] else {
        panic!("{list}");
    };
    assert_eq!(only["id"], "my-own");
    let one: Value = server.ask("GET", "/v1/models/my-own", KEY).await.json();
    assert_eq!(one, *only);
    assert_eq!(one["object"], "model");
}

#[tokio::test]
async fn one_that_is_not_there_is_not_found() {
    let server = Running::start(ServerOptions::default()).await;
    let reply = server.ask("GET", "/v1/models/gpt-nope", KEY).await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.error()["code"], "model_not_found");
    assert_eq!(
        reply.error()["message"],
        "The model 'gpt-nope' does not exist"
    );
}
