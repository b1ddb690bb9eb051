//! What a session finds wrong with its scenario is there to be asked for, in Rust and by HTTP.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use serde_json::{Value, json};

use crate::support::admin::{OSLO, get, open, put, respond, start};
use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::SessionOptions;
use mock_realtime::scenario::{Scenario, always};

const SESSION: &str = "/scenarios/k/sessions/0";

async fn warnings(scenario: &str) -> Value {
    let mock = start().await;
    put(&mock, "k", scenario).await;
    respond(&mut open(&mock, "k").await).await;
    get(&mock, SESSION).await["warnings"].clone()
}

#[tokio::test]
async fn nothing_where_nothing_is_wrong() {
    assert_eq!(warnings(OSLO).await, json!([]));
}

#[cfg(feature = "delegate")]
#[tokio::test]
async fn a_delegate_that_does_not_answer() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let told = warnings(&format!(
        "responses: {{ all: {{ answer: {{ delegate: {{ url: 'http://{address}/', fallback: Sorry. }} }} }} }}"
    ))
    .await;
    let [Value::String(warning)] = &told.as_array().unwrap()[..] else {
        panic!("{told}");
    };
    let expected = format!("the delegate http://{address}/ failed: ");
    assert!(warning.starts_with(&expected), "{warning}");
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_was_not_declared() {
    let call = always().call("weather", json!({})).unwrap();
    let scenario = Scenario::new("weather").response("all", call);
    let mut options = SessionOptions::default();
    scenario.start().configure(&mut options);
    let mut client = MockRealtimeClient::new(options);
    let control = client.control();
    assert!(control.warnings().is_empty());
    client.say("Will it rain?");
    client.collect_response().await;
    let expected =
        "the scenario calls `weather`, which the session has not declared; there is no tool";
    assert_eq!(control.warnings(), [expected]);
}
