//! How a server ends: no new sessions, responses that are done in time, then close 1001.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::engine::Pacing;
use mock_realtime::generators::{Ending, ResponsePlan, Scripted};
use mock_realtime::protocol::decode;
use mock_realtime::protocol::realtime::{ResponseStatus, ServerEvent};
use mock_realtime::server::{Server, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// So slow that a response takes seconds, and none of them passes by itself.
const SLOW: Pacing = Pacing {
    first: Duration::from_secs(1),
    text: Duration::from_secs(1),
    audio: Duration::from_secs(1),
};

struct Running {
    url: String,
    stop: oneshot::Sender<()>,
    over: JoinHandle<()>,
}

/// A server whose sessions give this response, and which waits for it so long.
async fn serve(plan: ResponsePlan, drain: Duration) -> Running {
    let options = ServerOptions {
        configure: std::sync::Arc::new(move |session| {
            session.pacing = SLOW;
            session.generator = Box::new(Scripted::of([plan.clone()]));
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

async fn connect(url: &str) -> Client {
    let (mut client, _) = connect_async(format!("{url}/realtime")).await.unwrap();
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

#[tokio::test(start_paused = true)]
async fn a_response_on_its_way_is_done_before_the_session_is_closed() {
    let plan = ResponsePlan::message("A few words.");
    let running = serve(plan, Duration::from_secs(600)).await;
    let client = responding(&running.url).await;
    running.stop.send(()).unwrap();
    assert_eq!(end(client).await, (Some(ResponseStatus::Completed), 1001));
    running.over.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_response_that_takes_too_long_is_cut() {
    let plan = ResponsePlan::message("A few words, and a hundred more. ".repeat(100));
    let running = serve(plan, Duration::from_secs(3)).await;
    let client = responding(&running.url).await;
    running.stop.send(()).unwrap();
    assert_eq!(end(client).await, (None, 1001));
    running.over.await.unwrap();
}

#[tokio::test]
async fn a_session_in_which_nothing_happens_is_closed_at_once() {
    let never = ResponsePlan {
        ending: Ending::Never,
        ..ResponsePlan::default()
    };
    // Nobody could wait so long.
    let running = serve(never, Duration::from_secs(1_000_000)).await;
    let client = connect(&running.url).await;
    running.stop.send(()).unwrap();
    assert_eq!(end(client).await, (None, 1001));
    running.over.await.unwrap();
}

#[tokio::test]
async fn new_sessions_are_refused_while_responses_are_done() {
    let plan = ResponsePlan::message("A few words, and a hundred more. ".repeat(100));
    let running = serve(plan, Duration::from_secs(1_000_000)).await;
    assert_eq!(status_of(&running.url, "/readyz").await, "200");
    let client = responding(&running.url).await;
    running.stop.send(()).unwrap();
    let refused = loop {
        match connect_async(format!("{}/realtime", running.url)).await {
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
