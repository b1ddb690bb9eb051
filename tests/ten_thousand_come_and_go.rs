//! Ten thousand clients connect and are gone again, in all ways in which one can be gone, and nothing
//! is left of them.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod support;

use std::sync::Arc;

use mock_realtime::server::ServerOptions;
use support::wire::{CLOSE, FIN, Running, TEXT, closing, frame, read_frame};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

const CLIENTS: usize = 10_000;
const AT_ONCE: usize = 100;

/// Comes, and goes in the way of its number.
async fn come_and_go(server: &Running, number: usize) {
    if number.is_multiple_of(5) {
        // Before it has become a session.
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        stream
            .write_all(b"GET /v1/realtime HTTP/1.1\r\n")
            .await
            .unwrap();
        return;
    }
    let mut stream = server.open().await;
    match number % 5 {
        1 => drop(stream),
        2 => {
            // In the middle of a frame.
            let text = frame(FIN | TEXT, b"{\"type\":\"response.create\"}");
            stream.write_all(&text[..9]).await.unwrap();
        }
        3 => {
            // In the middle of a response.
            read_frame(&mut stream).await.unwrap();
            let text = frame(FIN | TEXT, b"{\"type\":\"response.create\"}");
            stream.write_all(&text).await.unwrap();
            read_frame(&mut stream).await.unwrap();
        }
        _ => {
            read_frame(&mut stream).await.unwrap();
            let close = frame(FIN | CLOSE, &closing(1000, b"bye"));
            stream.write_all(&close).await.unwrap();
            let echo = read_frame(&mut stream).await.unwrap();
            assert_eq!(echo.closes(), (1000, "bye".to_owned()));
            assert_eq!(read_frame(&mut stream).await, None);
        }
    }
}

#[tokio::test]
async fn and_nothing_is_left() {
    let server = Arc::new(Running::start(ServerOptions::default()).await);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        if clients.len() == AT_ONCE {
            clients.join_next().await.unwrap().unwrap();
        }
        let server = Arc::clone(&server);
        clients.spawn(async move { come_and_go(&server, number).await });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    // The last are noticed to be gone as the server comes to it.
    for _ in 0..10_000 {
        if tasks() == before {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(tasks(), before, "tasks are left");
    let server = Arc::into_inner(server).unwrap();
    server.open().await;
    server.stop().await;
}
