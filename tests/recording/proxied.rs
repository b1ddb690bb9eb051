//! A proxy that runs, and a server behind it that says what the test wants.

use std::path::PathBuf;

use mock_realtime::proxy::{Proxy, ProxyOptions, ProxySummary, Upstream};
use mock_realtime::recording::{RecordedSession, Recording};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::wire::Reply;

/// What a server answers that agrees to a session.
pub(crate) const AGREED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: realtime\r\n\r\n";

/// A proxy that runs.
pub(crate) struct Proxied {
    /// The base URL.
    pub(crate) url: String,
    stop: oneshot::Sender<()>,
    over: JoinHandle<ProxySummary>,
}

impl Proxied {
    pub(crate) async fn start(options: ProxyOptions) -> Self {
        let proxy = Proxy::bind("127.0.0.1:0", options).await.unwrap();
        let url = proxy.url();
        let (stop, stopped) = oneshot::channel::<()>();
        let over = tokio::spawn(proxy.run(async {
            let _ = stopped.await;
        }));
        Self { url, stop, over }
    }

    /// In front of a server with this base URL.
    pub(crate) async fn before(url: &str) -> Self {
        Self::start(ProxyOptions::to(Upstream::new(url).unwrap())).await
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        let address = self.url.strip_prefix("ws://").unwrap();
        address.split('/').next().unwrap()
    }

    /// Asks for a WebSocket; `headers` are those beside the ones that every such request has.
    pub(crate) async fn upgrade(&self, path: &str, headers: &str) -> (Reply, TcpStream) {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: proxy\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        (Reply::read(&mut stream).await, stream)
    }

    /// Sends a request, and reads the whole answer.
    pub(crate) async fn exchange(&self, request: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        Reply::read(&mut stream).await
    }

    /// Ends it; what it has seen.
    pub(crate) async fn stop(self) -> ProxySummary {
        let _ = self.stop.send(());
        self.over.await.unwrap()
    }
}

/// A server that accepts one connection, reads a request, and answers with this.
pub(crate) struct Behind {
    pub(crate) url: String,
    accepted: JoinHandle<(String, TcpStream)>,
}

impl Behind {
    pub(crate) async fn answering(answer: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/v1", listener.local_addr().unwrap());
        let answer = answer.into();
        let accepted = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            (String::from_utf8(head).unwrap(), stream)
        });
        Self { url, accepted }
    }

    /// What it was asked, and the connection.
    pub(crate) async fn accepted(self) -> (String, TcpStream) {
        self.accepted.await.unwrap()
    }
}

/// The only session recorded in a folder.
pub(crate) fn only_recording(folder: &std::path::Path) -> (PathBuf, RecordedSession) {
    let files = std::fs::read_dir(folder).unwrap();
    let files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else {
        panic!("one recording is expected, there are {files:?}");
    };
    let mut recording = Recording::read(file).unwrap();
    assert_eq!(recording.sessions.len(), 1);
    (file.clone(), recording.sessions.remove(0))
}
