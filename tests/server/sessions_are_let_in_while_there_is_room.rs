//! How many sessions there may be, what one too many is told, and who waits.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use futures_util::StreamExt;
use mock_realtime::server::{Limits, Server, ServerOptions};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server with these limits; says its URL.
async fn serve(limits: Limits) -> String {
    let options = ServerOptions {
        limits,
        ..ServerOptions::default()
    };
    let server = Server::bind("127.0.0.1:0", options).await.unwrap();
    let url = server.url();
    tokio::spawn(server.run(std::future::pending()));
    url
}

fn request(url: &str) -> ClientRequestBuilder {
    let address = format!("{url}/realtime?model=gpt-realtime")
        .parse()
        .unwrap();
    ClientRequestBuilder::new(address).with_header("Authorization", "Bearer sk-mine")
}

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, _) = connect_async(request(url)).await?;
    Ok(client)
}

#[tokio::test]
async fn one_session_too_many_is_refused_until_another_is_over() {
    let limits = Limits {
        sessions: 2,
        ..Limits::default()
    };
    let url = serve(limits).await;
    let mut first = connect(&url).await.unwrap();
    let mut second = connect(&url).await.unwrap();
    let Err(Error::Http(refused)) = connect(&url).await else {
        panic!("a third was let in")
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    let body = refused.body().as_deref().unwrap();
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["error"]["type"], "server_error");

    first.close(None).await.unwrap();
    while first.next().await.is_some() {}
    // Its place is free once the server has seen the end, which may be after the client has.
    let third = loop {
        match connect(&url).await {
            Ok(client) => break client,
            Err(Error::Http(refused)) => assert_eq!(refused.status(), 503),
            Err(error) => panic!("{error}"),
        }
    };
    // The others have noticed nothing.
    assert!(second.next().await.unwrap().unwrap().is_text());
    drop(third);
}

#[tokio::test]
async fn connections_that_say_nothing_are_no_sessions() {
    let limits = Limits {
        sessions: 1,
        ..Limits::default()
    };
    let url = serve(limits).await;
    let address = url.strip_prefix("ws://").unwrap();
    let address = address.strip_suffix("/v1").unwrap();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut client = connect(&url).await.unwrap();
    assert!(client.next().await.unwrap().unwrap().is_text());
}

#[tokio::test]
async fn more_handshakes_than_there_may_be_wait_for_those_before() {
    let limits = Limits {
        handshakes: 1,
        ..Limits::default()
    };
    let url = serve(limits).await;
    let address = url.strip_prefix("ws://").unwrap();
    let address = address.strip_suffix("/v1").unwrap();
    let silent = TcpStream::connect(address).await.unwrap();
    let waiting = tokio::spawn({
        let url = url.clone();
        async move { connect(&url).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(silent);
    let mut client = waiting.await.unwrap().unwrap();
    assert!(client.next().await.unwrap().unwrap().is_text());
}
