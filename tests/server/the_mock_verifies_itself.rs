//! Where it is asked for, what the mock sends of itself is held against the protocol, and what breaks
//! it is loud. What a user asks for is exempt.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::{SinkExt, StreamExt};
use mock_realtime::client::{MockRealtimeClient, MockSocket};
use mock_realtime::dialect::Dialect;
use mock_realtime::engine::SessionOptions;
use mock_realtime::expect::{Direction, Frame};
use mock_realtime::faults::{Fault, Faults};
use mock_realtime::generators::{PlannedUsage, ResponsePlan, Scripted};
use mock_realtime::mock::Verification;
use mock_realtime::protocol::realtime::{ResponseCreate, ResponseDone, SessionCreated};
use mock_realtime::server::{MockServer, Server, ServerOptions};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A response whose usage does not add up: less was read than came from the cache.
fn impossible() -> ResponsePlan {
    ResponsePlan {
        usage: PlannedUsage {
            cached_text: Some(64_000),
            ..PlannedUsage::default()
        },
        ..ResponsePlan::message("Good morning!")
    }
}

fn options() -> SessionOptions {
    SessionOptions {
        generator: Box::new(Scripted::of([impossible()])),
        ..SessionOptions::default()
    }
}

/// What a panic says.
fn said(panic: Box<dyn std::any::Any + Send>) -> String {
    *panic.downcast::<String>().unwrap()
}

#[tokio::test]
async fn a_server_for_a_test_says_rule_path_and_what_went_before() {
    let mock = MockServer::builder()
        .verify()
        .respond([impossible()])
        .start()
        .await;
    let (mut agent, _) = connect_async(mock.request()).await.unwrap();
    agent
        .send(Message::text(r#"{"type":"response.create"}"#))
        .await
        .unwrap();
    let mut frames = Vec::new();
    while let Some(Ok(frame)) = agent.next().await {
        frames.push(frame);
    }
    let Some(Message::Close(Some(close))) = frames.last() else {
        panic!("{frames:?}");
    };
    assert_eq!(u16::from(close.code), 1011);
    assert_eq!(
        close.reason,
        "the mock itself breaks the rule usage-adds-up"
    );
    let is_done = |frame: &Message| frame.to_text().unwrap().contains("response.done");
    assert!(!frames.iter().any(is_done), "{frames:?}");

    let dropped = catch_unwind(AssertUnwindSafe(|| drop(mock)));
    let text = said(dropped.unwrap_err());
    for part in [
        "the mock's own frames break the protocol",
        "usage-adds-up: event ",
        "(response.done), response.usage.input_token_details.cached_tokens: expected ",
        "session 0 at ",
        "◀── mock  response.created",
    ] {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_in_process_says_it_too() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.send(ResponseCreate::default());
    let text = said(catch_unwind(AssertUnwindSafe(|| client.verify())).unwrap_err());
    assert!(text.contains("usage-adds-up"), "{text}");
    assert_eq!(client.closed().unwrap().code, Some(1011));
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(client)));
    assert!(said(dropped.unwrap_err()).contains("usage-adds-up"));
}

#[tokio::test(start_paused = true)]
async fn a_socket_in_process_says_it_too() {
    let mut socket = MockSocket::new(options()).verifying();
    socket
        .send(Message::text(r#"{"type":"response.create"}"#))
        .await
        .unwrap();
    while socket.next().await.is_some() {}
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(socket)));
    assert!(said(dropped.unwrap_err()).contains("usage-adds-up"));
}

#[tokio::test]
async fn a_server_tells_what_it_found_when_it_is_over() {
    let options = ServerOptions {
        verify: true,
        configure: std::sync::Arc::new(|options| {
            options.generator = Box::new(Scripted::of([impossible()]));
        }),
        ..ServerOptions::default()
    };
    let server = Server::bind("127.0.0.1:0", options).await.unwrap();
    let found: Verification = server.verification().unwrap();
    let address = server.address();
    let running = tokio::spawn(server.run(std::future::pending()));
    let url = format!("ws://{address}/v1/realtime?model=gpt-realtime");
    let mut request = url.into_client_request().unwrap();
    request
        .headers_mut()
        .insert("Authorization", "Bearer mock".parse().unwrap());
    let (mut agent, _) = connect_async(request).await.unwrap();
    agent
        .send(Message::text(r#"{"type":"response.create"}"#))
        .await
        .unwrap();
    while let Some(Ok(_)) = agent.next().await {}
    running.abort();
    let broken = found.breaches();
    assert!(found.count() >= 1);
    assert_eq!(broken[0].violation.rule.name, "usage-adds-up");
    assert_eq!(broken[0].frame["type"], "response.done");
}

#[tokio::test(start_paused = true)]
async fn what_a_test_pushes_is_exempt_and_marked() {
    let mut client = MockRealtimeClient::saying(["Good morning!"]).verifying();
    client.recv().await;
    let control = client.control();
    // A second session.created, and one that is nothing at all.
    control.push(|id| {
        let session = SessionOptions::default();
        let mut other = mock_realtime::engine::Session::new(session);
        let mut first = match other.poll() {
            Some(mock_realtime::engine::Output::Event(event)) => event,
            other => panic!("{other:?}"),
        };
        if let mock_realtime::protocol::realtime::ServerEvent::SessionCreated(created) = &mut first
        {
            created.event_id = id;
        }
        first
    });
    control.push_text("{ what is this?");
    client.recv_until::<SessionCreated>().await;
    client.say("Hello");
    client.recv_until::<ResponseDone>().await;
    client.verify();

    let entries = client.journal().entries();
    let injected: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.injected)
        .map(|entry| entry.frame.name())
        .collect();
    assert_eq!(injected, ["session.created", "(text)"]);
    let timeline = client.journal().timeline();
    assert!(
        timeline.contains("session.created  (injected)"),
        "{timeline}"
    );
    assert!(
        entries
            .iter()
            .any(|entry| entry.frame == Frame::Text(Direction::Server, "{ what is this?".into()))
    );
}

#[tokio::test(start_paused = true)]
async fn what_faults_do_to_frames_is_exempt() {
    let faults = Faults::from(Fault::lose().from(Direction::Server).chance(0.5)).seed(1);
    let mut client =
        MockRealtimeClient::with_faults(SessionOptions::default(), &faults).verifying();
    for _ in 0..5 {
        client.say("Hello");
    }
    assert!(client.journal().entries().iter().any(|entry| entry.lost));
    client.verify();
}

#[tokio::test(start_paused = true)]
async fn the_beta_is_held_against_its_own_schema() {
    let mut socket = MockSocket::in_dialect(Dialect::Beta, Dialect::Beta.options()).verifying();
    for event in [
        r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hello"}]}}"#,
        r#"{"type":"response.create"}"#,
    ] {
        socket.send(Message::text(event)).await.unwrap();
    }
    let mut types = Vec::new();
    while let Some(Ok(frame)) = socket.next().await {
        let event: serde_json::Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
        types.push(event["type"].as_str().unwrap().to_owned());
        if event["type"] == "response.done" {
            break;
        }
    }
    assert!(
        types.iter().any(|kind| kind == "response.audio.delta"),
        "{types:?}"
    );
}
