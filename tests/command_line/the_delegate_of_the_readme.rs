//! The delegate in the README, and its scenario, as they stand there.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The port that both texts name. A test takes one that is free.
const PORT: &str = "8900";

/// The block of the README behind a comment with a file's name.
fn block(file: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once(&format!("<!-- {file} -->")).unwrap();
    let (_, rest) = rest.split_once("```").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

type Agent = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Sends an item and asks for a response; gives the response when it is done.
async fn respond(agent: &mut Agent, item: &Value) -> Value {
    let create = json!({ "type": "conversation.item.create", "item": item });
    let respond =
        json!({ "type": "response.create", "response": { "output_modalities": ["text"] } });
    for event in [create, respond] {
        agent.send(Message::text(event.to_string())).await.unwrap();
    }
    loop {
        let frame = agent.next().await.unwrap().unwrap();
        let mut event: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
        assert_ne!(event["type"], "error", "{event}");
        if event["type"] == "response.done" {
            return event["response"]["output"][0].take();
        }
    }
}

fn user(text: &str) -> Value {
    json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] })
}

#[tokio::test]
async fn decides_what_is_answered() {
    // Free now, and hardly taken by anybody else in the next moment.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    for file in ["delegate.py", "delegated.yaml"] {
        let text = block(file);
        assert!(text.contains(PORT), "{file}");
        std::fs::write(folder.path().join(file), text.replace(PORT, &port)).unwrap();
    }
    let delegate = Command::new("python3")
        .arg(folder.path().join("delegate.py"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _delegate = Running(delegate);
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        std::thread::yield_now();
    }
    let mut server = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .args(["serve", "--verify", "--port", "0"])
        .arg(folder.path().join("delegated.yaml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let _server = Running(server);
    let url = line.trim_end().strip_prefix("listening on ").unwrap();
    let address = format!("{url}/realtime?model=gpt-realtime");
    let request = ClientRequestBuilder::new(address.parse().unwrap())
        .with_header("Authorization", "Bearer mock");
    let (mut agent, _) = connect_async(request).await.unwrap();
    let tools =
        json!([{ "type": "function", "name": "weather", "parameters": { "type": "object" } }]);
    let update =
        json!({ "type": "session.update", "session": { "type": "realtime", "tools": tools } });
    agent.send(Message::text(update.to_string())).await.unwrap();

    // The scenario's own answer, without the delegate.
    let said = respond(&mut agent, &user("Hello")).await;
    assert_eq!(said["content"][0]["text"], "Good morning!");
    let call = respond(&mut agent, &user("How is the weather in Oslo")).await;
    assert_eq!(call["name"], "weather");
    assert_eq!(call["arguments"], r#"{"city":"Oslo"}"#);
    let output =
        json!({ "type": "function_call_output", "call_id": call["call_id"], "output": "rainy" });
    let said = respond(&mut agent, &output).await;
    assert_eq!(said["content"][0]["text"], "It is rainy there.");
    let said = respond(&mut agent, &user("Thank you for the trouble")).await;
    assert_eq!(
        said["content"][0]["text"],
        "So far 7 things have been said."
    );
}
