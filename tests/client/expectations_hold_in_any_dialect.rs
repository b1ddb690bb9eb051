//! An agent of the beta at a mock server: what a test expects of it and reads in the journal are
//! events of GA, and what was on the wire is kept beside them.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use futures_util::{SinkExt, StreamExt};
use mock_realtime::client::MockSocket;
use mock_realtime::dialect::{Choice, Dialect};
use mock_realtime::protocol::realtime::{
    ConversationItemAdded, Modality, ResponseCreate, ResponseOutputTextDelta, SessionUpdate,
};
use mock_realtime::server::MockServer;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const UPDATE: &str =
    r#"{"type":"session.update","session":{"modalities":["text"],"temperature":0.7}}"#;
const CREATE: &str = r#"{"type":"response.create","response":{"modalities":["text"]}}"#;

/// Reads until an event of this type, which it gives.
async fn until<S>(socket: &mut S, kind: &str) -> Value
where
    S: StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    loop {
        let message = socket.next().await.unwrap().unwrap();
        let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        if event["type"] == kind {
            return event;
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_what_it_is_asked_for() {
    let mock = MockServer::builder()
        .verify()
        .dialect(Choice::Auto)
        .say(["Good morning.", "Good night."])
        .start()
        .await;
    mock.expect::<ResponseCreate>().times(2);
    mock.expect::<SessionUpdate>()
        .with(json!({ "session": { "output_modalities": ["text"] } }))
        .times(1);

    let request = mock.request().with_header("OpenAI-Beta", "realtime=v1");
    let (mut beta, _) = connect_async(request).await.unwrap();
    assert!(until(&mut beta, "session.created").await["session"]["modalities"].is_array());
    beta.send(Message::text(UPDATE)).await.unwrap();
    beta.send(Message::text(CREATE)).await.unwrap();
    until(&mut beta, "response.text.done").await;

    let (mut ga, _) = connect_async(mock.request()).await.unwrap();
    assert!(until(&mut ga, "session.created").await["session"]["output_modalities"].is_array());
    let create = r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#;
    ga.send(Message::text(create)).await.unwrap();
    until(&mut ga, "response.output_text.done").await;

    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn the_journal_has_events_of_ga_and_the_wire() {
    let mut socket = MockSocket::in_dialect(Dialect::Beta, Dialect::Beta.options()).verifying();
    socket.send(Message::text(UPDATE)).await.unwrap();
    socket.send(Message::text(CREATE)).await.unwrap();
    until(&mut socket, "response.done").await;

    let journal = socket.journal();
    let created = journal.sent::<ResponseCreate>();
    let params = created[0].response.value().unwrap();
    assert_eq!(params.output_modalities, Some(vec![Modality::Text]));
    assert!(!journal.received::<ResponseOutputTextDelta>().is_empty());
    assert_eq!(journal.received::<ConversationItemAdded>().len(), 1);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.jsonl");
    journal.save(&file).unwrap();
    let saved = std::fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = saved
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let update = lines.iter().find(|line| line["dir"] == "c2s").unwrap();
    assert_eq!(
        update["event"],
        serde_json::from_str::<Value>(UPDATE).unwrap()
    );
    assert_eq!(update["stands_for"], "session.update");
    let delta = lines
        .iter()
        .find(|line| line["event"]["type"] == "response.text.delta");
    assert_eq!(delta.unwrap()["stands_for"], "response.output_text.delta");
    // One event on the wire for what GA tells in two.
    assert!(!saved.contains("conversation.item.done"));
}
