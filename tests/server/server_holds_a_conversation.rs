//! The server over a real socket: handshake, conversation, shutdown.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use futures_util::{SinkExt, StreamExt};
use mock_realtime::protocol::realtime::{
    ClientEvent, ConversationItem, ConversationItemCreate, Modality, ResponseCreate,
    ResponseParams, ServerEvent, Session,
};
use mock_realtime::protocol::{Event, decode};
use mock_realtime::server::{Server, ServerOptions};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Running {
    url: String,
    stop: oneshot::Sender<()>,
    over: JoinHandle<()>,
}

async fn start() -> Running {
    let server = Server::bind("127.0.0.1:0", ServerOptions::default())
        .await
        .unwrap();
    let url = server.url();
    let (stop, stopped) = oneshot::channel::<()>();
    let over = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { url, stop, over }
}

fn request(url: &str, rest: &str) -> ClientRequestBuilder {
    let address = format!("{url}{rest}").parse().unwrap();
    ClientRequestBuilder::new(address).with_header("Authorization", "Bearer sk-mine")
}

async fn connect(url: &str, query: &str) -> Client {
    connect_async(request(url, &format!("/realtime{query}")))
        .await
        .unwrap()
        .0
}

async fn send(client: &mut Client, event: impl Into<ClientEvent>) {
    let event: ClientEvent = event.into();
    client
        .send(Message::text(serde_json::to_string(&event).unwrap()))
        .await
        .unwrap();
}

async fn receive(client: &mut Client) -> ServerEvent {
    match client.next().await.unwrap().unwrap() {
        Message::Text(text) => decode(&text).unwrap(),
        other => panic!("expected a text frame, got {other:?}"),
    }
}

fn text_response() -> ResponseCreate {
    let params = ResponseParams {
        output_modalities: Some(vec![Modality::Text]),
        ..ResponseParams::default()
    };
    ResponseCreate {
        response: params.into(),
        ..ResponseCreate::default()
    }
}

#[tokio::test]
async fn a_text_conversation() {
    let running = start().await;
    let mut client = connect(&running.url, "?model=gpt-realtime-mini").await;
    let ServerEvent::SessionCreated(created) = receive(&mut client).await else {
        panic!("no session.created")
    };
    let session = serde_json::to_value(&created.session).unwrap();
    assert_eq!(session["model"], "gpt-realtime-mini");

    send(
        &mut client,
        ConversationItemCreate::new(ConversationItem::user_text("Hello")),
    )
    .await;
    send(&mut client, text_response()).await;
    let mut text = String::new();
    loop {
        match receive(&mut client).await {
            ServerEvent::ResponseOutputTextDelta(delta) => text.push_str(&delta.delta),
            ServerEvent::ResponseDone(_) => break,
            _ => {}
        }
    }
    assert_eq!(text, "You said: Hello");
}

#[tokio::test]
async fn malformed_and_binary_frames_do_not_end_it() {
    let running = start().await;
    let mut client = connect(&running.url, "?model=gpt-realtime").await;
    receive(&mut client).await;
    client.send(Message::text("{")).await.unwrap();
    assert!(matches!(receive(&mut client).await, ServerEvent::Error(_)));
    client.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert!(matches!(receive(&mut client).await, ServerEvent::Error(_)));
    client.send(Message::Ping("hm".into())).await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::Pong("hm".into())
    );
    send(
        &mut client,
        ConversationItemCreate::new(ConversationItem::user_text("Hello")),
    )
    .await;
    assert_eq!(
        receive(&mut client).await.kind().to_string(),
        "conversation.item.added"
    );
}

#[tokio::test]
async fn a_frame_of_twenty_megabytes_is_read() {
    let running = start().await;
    let mut client = connect(&running.url, "?model=gpt-realtime").await;
    receive(&mut client).await;
    let audio = "A".repeat(20 * 1024 * 1024 + 4);
    client
        .send(Message::text(format!(
            r#"{{"type":"input_audio_buffer.append","audio":"{audio}"}}"#
        )))
        .await
        .unwrap();
    assert!(matches!(receive(&mut client).await, ServerEvent::Error(_)));
}

#[tokio::test]
async fn sessions_have_ids_of_their_own() {
    let running = start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut client = connect(&running.url, "?model=gpt-realtime").await;
        ids.push(receive(&mut client).await.event_id().cloned().unwrap());
    }
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

#[tokio::test]
async fn a_browsers_subprotocols_are_answered_with_the_one_that_is_no_key() {
    let running = start().await;
    let address = format!("{}/realtime?model=gpt-realtime", running.url);
    let request = ClientRequestBuilder::new(address.parse().unwrap())
        .with_sub_protocol("realtime")
        .with_sub_protocol("openai-insecure-api-key.sk-mine");
    let (mut client, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "realtime");
    assert!(matches!(
        receive(&mut client).await,
        ServerEvent::SessionCreated(_)
    ));
}

#[tokio::test]
async fn shutdown_closes_sessions_and_ends() {
    let running = start().await;
    let mut client = connect(&running.url, "?model=gpt-realtime").await;
    receive(&mut client).await;
    running.stop.send(()).unwrap();
    let Message::Close(Some(frame)) = client.next().await.unwrap().unwrap() else {
        panic!("no close")
    };
    assert_eq!(u16::from(frame.code), 1001);
    assert!(client.next().await.is_none());
    running.over.await.unwrap();
    assert!(
        connect_async(request(&running.url, "/realtime"))
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_the_close_keeps_nobody() {
    let running = start().await;
    let mut client = connect(&running.url, "?model=gpt-realtime").await;
    receive(&mut client).await;
    running.stop.send(()).unwrap();
    // It is not read from again, so the close is never answered.
    running.over.await.unwrap();
    drop(client);
}

#[tokio::test]
async fn a_text_that_is_not_utf_8_is_refused_and_ends_the_connection() {
    let running = start().await;
    let mut client = connect(&running.url, "?model=gpt-realtime").await;
    receive(&mut client).await;
    let opcode = OpCode::Data(Data::Text);
    let frame = Frame::message(vec![b'{', 0xff, b'}'], opcode, true);
    client.send(Message::Frame(frame)).await.unwrap();
    let ServerEvent::Error(error) = receive(&mut client).await else {
        panic!("it was not refused")
    };
    assert_eq!(
        error.error.code.value().map(String::as_str),
        Some("invalid_event")
    );
    let Message::Close(Some(close)) = client.next().await.unwrap().unwrap() else {
        panic!("it was not closed")
    };
    assert_eq!(u16::from(close.code), 1007);
}

#[tokio::test]
async fn a_client_may_want_transcription_only() {
    let running = start().await;
    let mut client = connect(&running.url, "?intent=transcription").await;
    let ServerEvent::SessionCreated(created) = receive(&mut client).await else {
        panic!("the first event is session.created")
    };
    assert!(matches!(created.session, Session::Transcription(_)));
}
