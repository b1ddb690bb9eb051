//! The server that only writes frames from memory: what a WebSocket costs on tokio and tungstenite,
//! with no protocol behind it.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

use crate::recording::{Recording, Write};

/// As the mock has it: what an idle connection keeps.
const READ_BUFFER: usize = 3 * 1024 + 256;

/// Frames longer than any that is answered are not looked up.
const LONGEST_QUESTION: usize = 1024;

struct Answers {
    greeting: Vec<Burst>,
    to: HashMap<String, Vec<Burst>>,
}

/// Frames that leave in one write.
struct Burst {
    after: Duration,
    frames: Vec<Utf8Bytes>,
}

impl From<Write> for Burst {
    fn from(write: Write) -> Self {
        Self {
            after: Duration::from_millis(write.after_ms),
            frames: write.frames.into_iter().map(Utf8Bytes::from).collect(),
        }
    }
}

fn bursts(writes: Vec<Write>) -> Vec<Burst> {
    writes.into_iter().map(Burst::from).collect()
}

/// Serves until the process is killed.
pub(crate) async fn serve(recording: &Path) -> ExitCode {
    let recording: Recording = serde_json::from_reader(File::open(recording).unwrap()).unwrap();
    let to = recording.answers.into_iter();
    let answers = Arc::new(Answers {
        greeting: bursts(recording.greeting),
        to: to.map(|(ask, writes)| (ask, bursts(writes))).collect(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening on ws://{}/v1", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let answers = Arc::clone(&answers);
        // A connection that breaks is the client's doing.
        tokio::spawn(async move { converse(stream, &answers).await.unwrap_or_default() });
    }
}

async fn converse(stream: TcpStream, answers: &Answers) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let mut socket = accept_async_with_config(stream, Some(config)).await?;
    write(&mut socket, &answers.greeting).await?;
    while let Some(frame) = socket.next().await {
        if let Message::Text(text) = frame?
            && text.len() <= LONGEST_QUESTION
            && let Some(bursts) = answers.to.get(text.as_str())
        {
            write(&mut socket, bursts).await?;
        }
    }
    Ok(())
}

async fn write(socket: &mut WebSocketStream<TcpStream>, bursts: &[Burst]) -> Result<(), Error> {
    let mut at = Instant::now();
    for Burst { after, frames } in bursts {
        if !after.is_zero() {
            at += *after;
            sleep_until(at).await;
        }
        for frame in frames {
            socket.feed(Message::Text(frame.clone())).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}
