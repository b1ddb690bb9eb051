//! How a server ends: no new sessions, responses that are done in time, then close 1001.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::engine::Pacing;
use mock_realtime::generators::Scripted;
use mock_realtime::protocol::decode;
use mock_realtime::protocol::realtime::{ResponseStatus, ServerEvent};
use mock_realtime::server::{Server, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A response takes a moment.
const PACED: Pacing = every(Duration::from_millis(1));

/// A response takes longer than any test.
const ENDLESS: Pacing = every(Duration::from_secs(3_600));

const FOR_EVER: Duration = Duration::from_secs(1_000_000);

const fn every(time: Duration) -> Pacing {
    Pacing {
        first: time,
        text: time,
        audio: time,
    }
}

struct Running {
    url: String,
    stop: oneshot::Sender<()>,
    over: JoinHandle<()>,
}

/// A server whose responses are so fast, and which waits for them so long.
async fn serve(pacing: Pacing, drain: Duration) -> Running {
    let options = ServerOptions {
        configure: std::sync::Arc::new(move |session| {
            session.pacing = pacing;
            session.generator = Box::new(Scripted::new(["A few words."]));
        }),
        drain,
        ..ServerOptions::default()
    };
    let server = Server::bind("127.0.0.1:0", options).await.unwrap();
    let url = server.url();
    let (stop, stopped) = oneshot::channel::<()>();
    let over = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { url, stop, over }
}

fn request(url: &str) -> ClientRequestBuilder {
    let address = format!("{url}/realtime?model=gpt-realtime")
        .parse()
        .unwrap();
    ClientRequestBuilder::new(address).with_header("Authorization", "Bearer sk-mine")
}

async fn connect(url: &str) -> Client {
    let (mut client, _) = connect_async(request(url)).await.unwrap();
    client.next().await.unwrap().unwrap();
    client
}

/// A client in the middle of a response.
async fn responding(url: &str) -> Client {
    let mut client = connect(url).await;
    let create = Message::text(r#"{"type":"response.create"}"#);
    client.send(create).await.unwrap();
    client.next().await.unwrap().unwrap();
    client
}

/// How its response ended, if it did, and with which code the session was closed.
async fn end(mut client: Client) -> (Option<ResponseStatus>, u16) {
    let mut status = None;
    loop {
        match client.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                if let ServerEvent::ResponseDone(done) = decode(&text).unwrap() {
                    status = done.response.status;
                }
            }
            Message::Close(Some(frame)) => {
                // The close is answered, which ends the connection.
                assert!(client.next().await.is_none());
                return (status, frame.code.into());
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The status of the answer to a request on a connection of its own.
async fn status_of(url: &str, path: &str) -> String {
    let address = url.strip_prefix("ws://").unwrap();
    let address = address.strip_suffix("/v1").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_response_on_its_way_is_done_before_the_session_is_closed() {
    let running = serve(PACED, FOR_EVER).await;
    let client = responding(&running.url).await;
    running.stop.send(()).unwrap();
    assert_eq!(end(client).await, (Some(ResponseStatus::Completed), 1001));
    running.over.await.unwrap();
}

#[tokio::test]
async fn a_response_that_takes_too_long_is_cut() {
    let running = serve(ENDLESS, Duration::from_millis(10)).await;
    let client = responding(&running.url).await;
    running.stop.send(()).unwrap();
    assert_eq!(end(client).await, (None, 1001));
    running.over.await.unwrap();
}

#[tokio::test]
async fn a_session_in_which_nothing_happens_is_closed_at_once() {
    let running = serve(PACED, FOR_EVER).await;
    let client = connect(&running.url).await;
    running.stop.send(()).unwrap();
    assert_eq!(end(client).await, (None, 1001));
    running.over.await.unwrap();
}

#[tokio::test]
async fn new_sessions_are_refused_while_responses_are_done() {
    let running = serve(ENDLESS, FOR_EVER).await;
    assert_eq!(status_of(&running.url, "/readyz").await, "200");
    let client = responding(&running.url).await;
    running.stop.send(()).unwrap();
    let refused = loop {
        match connect_async(request(&running.url)).await {
            // The request to end has not been heard yet.
            Ok((mut client, _)) => drop(client.close(None).await),
            Err(Error::Http(refused)) => break refused,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(refused.status(), 503);
    let body = String::from_utf8(refused.body().clone().unwrap()).unwrap();
    assert!(body.contains("shutting down"), "{body}");
    assert_eq!(status_of(&running.url, "/readyz").await, "503");
    assert_eq!(status_of(&running.url, "/healthz").await, "200");
    drop(client);
    running.over.await.unwrap();
}
