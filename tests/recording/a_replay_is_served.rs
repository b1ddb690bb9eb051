//! A replay over the network: each client gets the recording from its beginning, and is told how it
//! differs by a close.

use futures_util::{SinkExt, StreamExt};
use mock_realtime::recording::Recording;
use mock_realtime::replay::{Replay, ReplayOptions, ReplayServer, ReplaySummary};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const SESSION: &str = r#"{"t":0,"dir":"s2c","event":{"type":"session.created"}}
{"t":1,"dir":"c2s","event":{"type":"response.create"}}
{"t":2,"dir":"s2c","event":{"type":"response.done"}}
"#;

const CREATE: &str = r#"{"type":"response.create"}"#;

struct Served {
    url: String,
    stop: oneshot::Sender<()>,
    over: JoinHandle<ReplaySummary>,
}

async fn serve(log: &str, once: bool) -> Served {
    let recording = Recording::parse("session.jsonl", log.as_bytes()).unwrap();
    let replay = Replay::of("session.jsonl", &recording.sessions[0]).strict(true);
    let options = ReplayOptions {
        once,
        ..ReplayOptions::default()
    };
    let server = ReplayServer::bind("127.0.0.1:0", replay, options)
        .await
        .unwrap();
    let url = server.url();
    let (stop, stopped) = oneshot::channel::<()>();
    let over = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Served { url, stop, over }
}

impl Served {
    async fn connect(&self) -> Socket {
        // Whatever the address is, and without a key: the recorded client was let in.
        let url = format!("{}/realtime", self.url).parse().unwrap();
        let request = ClientRequestBuilder::new(url).with_sub_protocol("realtime");
        connect_async(request).await.unwrap().0
    }
}

async fn next(socket: &mut Socket) -> String {
    match socket.next().await.unwrap() {
        Ok(Message::Text(text)) => text.to_string(),
        Ok(Message::Close(frame)) => {
            let frame = frame.unwrap();
            format!("{} {}", frame.code, frame.reason)
        }
        Ok(other) => panic!("{other}"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn to_each_client_from_its_beginning() {
    let served = serve(SESSION, false).await;
    let (mut one, mut other) = (served.connect().await, served.connect().await);
    for socket in [&mut one, &mut other] {
        assert_eq!(next(socket).await, r#"{"type":"session.created"}"#);
    }
    for mut socket in [other, one] {
        socket.send(Message::text(CREATE)).await.unwrap();
        assert_eq!(next(&mut socket).await, r#"{"type":"response.done"}"#);
        socket.close(None).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    }
    served.stop.send(()).unwrap();
    let summary = served.over.await.unwrap();
    assert_eq!((summary.sessions, summary.differing), (2, 0));
}

#[tokio::test]
async fn a_difference_ends_the_session_with_what_it_is() {
    let served = serve(SESSION, true).await;
    let mut socket = served.connect().await;
    next(&mut socket).await;
    socket.send(Message::text(CREATE)).await.unwrap();
    next(&mut socket).await;
    socket.send(Message::text(CREATE)).await.unwrap();
    assert_eq!(
        next(&mut socket).await,
        "1008 not as recorded: the end: nothing more was sent, and now response.create"
    );
    while let Some(Ok(_)) = socket.next().await {}
    // It was to be one session: nobody has to stop it.
    let summary = served.over.await.unwrap();
    assert_eq!((summary.sessions, summary.differing), (1, 1));
}

#[tokio::test]
async fn the_recorded_close_is_the_end() {
    for (code, expected) in [
        ("4000", "4000 bye"),
        (
            "null",
            "WebSocket protocol error: Connection reset without closing handshake",
        ),
    ] {
        let close = format!(
            "{{\"t\":3,\"dir\":\"close\",\"by\":\"server\",\"event\":{{\"code\":{code},\"reason\":\"bye\"}}}}"
        );
        let served = serve(&format!("{SESSION}{close}"), true).await;
        let mut socket = served.connect().await;
        next(&mut socket).await;
        socket.send(Message::text(CREATE)).await.unwrap();
        next(&mut socket).await;
        assert_eq!(next(&mut socket).await, expected);
        while let Some(Ok(_)) = socket.next().await {}
        assert_eq!(served.over.await.unwrap().differing, 0);
    }
}

#[tokio::test]
async fn what_is_no_event_differs() {
    for (message, what) in [
        (Message::binary(vec![1, 2]), "a binary frame"),
        (Message::text("hello"), "a text that is no event"),
    ] {
        let served = serve(SESSION, true).await;
        let mut socket = served.connect().await;
        next(&mut socket).await;
        socket.send(message).await.unwrap();
        let close = next(&mut socket).await;
        assert!(
            close.starts_with("1008") && close.ends_with(what),
            "{close}"
        );
    }
}

#[tokio::test]
async fn what_is_no_websocket_is_told_that_it_is_needed() {
    let served = serve(SESSION, false).await;
    let address = served.url.replace("ws://", "").replace("/v1", "");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET /v1/models HTTP/1.1\r\nHost: replay\r\nConnection: close\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, request)
        .await
        .unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(
        answer.contains("which a WebSocket is needed for"),
        "{answer}"
    );
}
