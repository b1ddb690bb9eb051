//! A server of its own for each test: started in a line, watched, held, and checked at the end.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt};
use mock_realtime::engine::Verdict;
use mock_realtime::protocol::decode;
use mock_realtime::protocol::realtime::{
    ClientEventKind, InputAudioBufferClear, RateLimitsUpdated, ResponseCreate,
    ResponseOutputAudioDelta, ServerEvent, SessionUpdate,
};
use mock_realtime::server::MockServer;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const RESPOND: &str = r#"{"type":"response.create"}"#;
const CLEAR: &str = r#"{"type":"input_audio_buffer.clear"}"#;

async fn connect(mock: &MockServer) -> Socket {
    connect_async(mock.request()).await.unwrap().0
}

async fn receive<S>(socket: &mut S) -> ServerEvent
where
    S: Stream<Item = Result<Message, Error>> + Unpin,
{
    match socket.next().await.unwrap().unwrap() {
        Message::Text(text) => decode(&text).unwrap(),
        other => panic!("expected a text frame, got {other:?}"),
    }
}

async fn until_done<S>(socket: &mut S) -> String
where
    S: Stream<Item = Result<Message, Error>> + Unpin,
{
    let mut transcript = String::new();
    loop {
        match receive(socket).await {
            ServerEvent::ResponseOutputAudioTranscriptDelta(delta) => {
                transcript.push_str(&delta.delta);
            }
            ServerEvent::ResponseDone(_) => return transcript,
            _ => {}
        }
    }
}

#[tokio::test]
async fn it_says_what_it_is_told() {
    let mock = MockServer::builder()
        .verify()
        .say(["Good morning!"])
        .start()
        .await;
    mock.expect::<ResponseCreate>().times(1);
    let mut socket = connect(&mock).await;
    socket.send(Message::text(RESPOND)).await.unwrap();
    assert_eq!(until_done(&mut socket).await, "Good morning!");
}

#[tokio::test]
async fn each_session_has_its_own_number_and_words() {
    let mock = MockServer::builder().verify().say(["First."]).start().await;
    for number in 0..2 {
        let mut socket = connect(&mock).await;
        socket.send(Message::text(RESPOND)).await.unwrap();
        assert_eq!(until_done(&mut socket).await, "First.");
        assert_eq!(mock.sessions().len(), number + 1);
    }
    mock.expect::<ResponseCreate>().in_session(1).times(1);
    assert_eq!(mock.journal().sent::<ResponseCreate>().len(), 2);
    assert!(mock.journal().of_session(1).len() > 10);
}

#[tokio::test(start_paused = true)]
async fn the_test_has_a_hand_on_a_session() {
    let mock = MockServer::builder().verify().start().await;
    let mut socket = mock.connect().unwrap();
    let session = mock.session(0).await;
    receive(&mut socket).await;
    session.push(|id| RateLimitsUpdated::new(id, Vec::new()));
    assert!(matches!(
        receive(&mut socket).await,
        ServerEvent::RateLimitsUpdated(_)
    ));

    session.hold_after::<ResponseOutputAudioDelta>(1);
    socket.send(Message::text(RESPOND)).await.unwrap();
    while !matches!(
        receive(&mut socket).await,
        ServerEvent::ResponseOutputAudioDelta(_)
    ) {}
    let nothing = tokio::time::timeout(Duration::from_secs(5), socket.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    session.release();
    until_done(&mut socket).await;

    session.close(1011, "overloaded");
    let closed = loop {
        if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
            break frame.unwrap();
        }
    };
    assert_eq!(u16::from(closed.code), 1011);
}

#[tokio::test]
async fn a_connection_breaks_when_the_test_says_so() {
    let mock = MockServer::builder().verify().start().await;
    let mut socket = connect(&mock).await;
    receive(&mut socket).await;
    mock.session(0).await.break_connection();
    assert!(socket.next().await.unwrap().is_err());
}

#[tokio::test]
async fn hooks_stand_around_the_events_of_every_session() {
    let mock = MockServer::builder()
        .verify()
        .hooks(|hooks| {
            hooks.before(|_: &mut InputAudioBufferClear, context| {
                context.send(|id| RateLimitsUpdated::new(id, Vec::new()));
                Ok(Verdict::TakeOver)
            });
        })
        .start()
        .await;
    for _ in 0..2 {
        let mut socket = connect(&mock).await;
        socket.send(Message::text(CLEAR)).await.unwrap();
        receive(&mut socket).await;
        assert!(matches!(
            receive(&mut socket).await,
            ServerEvent::RateLimitsUpdated(_)
        ));
    }
}

#[tokio::test]
async fn a_hook_is_for_the_sessions_after_it() {
    let mock = MockServer::builder().verify().start().await;
    let mut before = connect(&mock).await;
    receive(&mut before).await;
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    mock.on::<InputAudioBufferClear>(move |_, context| {
        count.fetch_add(1, Ordering::Relaxed);
        context.send(|id| RateLimitsUpdated::new(id, Vec::new()));
        Ok(())
    });
    let mut after = connect(&mock).await;
    receive(&mut after).await;
    for socket in [&mut before, &mut after] {
        socket.send(Message::text(CLEAR)).await.unwrap();
        let cleared = receive(socket).await;
        assert!(matches!(cleared, ServerEvent::InputAudioBufferCleared(_)));
    }
    let added = receive(&mut after).await;
    assert!(matches!(added, ServerEvent::RateLimitsUpdated(_)));
    assert_eq!(heard.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_was_not_sent_fails_the_test_when_the_server_is_dropped() {
    let mock = MockServer::builder().verify().start().await;
    mock.expect::<SessionUpdate>().times(1);
    mock.expect_in_order([
        ClientEventKind::SessionUpdate,
        ClientEventKind::ResponseCreate,
    ]);
    let mut socket = connect(&mock).await;
    socket.send(Message::text(RESPOND)).await.unwrap();
    until_done(&mut socket).await;
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(mock))).unwrap_err();
    let text = panicked.downcast_ref::<String>().unwrap();
    assert!(
        text.contains("expected exactly 1 session.update, got 0"),
        "{text}"
    );
    assert!(text.contains("there was no session.update"), "{text}");
    assert!(text.contains("client ──▶      response.create"), "{text}");
}

#[tokio::test]
async fn dropping_it_closes_its_sessions() {
    let mock = MockServer::builder().verify().start().await;
    let mut socket = connect(&mock).await;
    receive(&mut socket).await;
    drop(mock);
    let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else {
        panic!("no close");
    };
    assert_eq!(u16::from(frame.code), 1001);
}

#[tokio::test]
async fn the_same_seed_and_start_give_the_same_bytes() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mock = MockServer::builder()
            .verify()
            .seed(7)
            .started_at(1_800_000_000)
            .start()
            .await;
        let mut socket = connect(&mock).await;
        socket.send(Message::text(RESPOND)).await.unwrap();
        let mut frames = Vec::new();
        loop {
            let frame = socket.next().await.unwrap().unwrap();
            let last = frame.to_text().unwrap().contains("\"rate_limits.updated\"");
            frames.push(frame);
            if last {
                break;
            }
        }
        runs.push(frames);
    }
    assert_eq!(runs[0], runs[1]);
}
