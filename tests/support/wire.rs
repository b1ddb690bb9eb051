//! A client made of bytes: requests and frames as they are on the wire.

use std::future::Future;
use std::thread::panicking;
use std::time::Duration;

use mock_realtime::mock::Verification;
use mock_realtime::server::{Server, ServerOptions};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bits of a frame's first byte.
pub(crate) const FIN: u8 = 0x80;
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A server that runs.
pub(crate) struct Running {
    /// Host and port.
    pub(crate) address: String,
    stop: oneshot::Sender<()>,
    over: JoinHandle<()>,
    _verified: Verified,
}

/// Panics at the end of a test in which a frame of the server's own broke a rule.
struct Verified(Verification);

impl Drop for Verified {
    fn drop(&mut self) {
        let broken = self.0.breaches();
        assert!(broken.is_empty() || panicking(), "{broken:#?}");
    }
}

impl Running {
    /// Each frame that the server sends of itself is held against the protocol.
    pub(crate) async fn start(mut options: ServerOptions) -> Self {
        options.verify = true;
        let server = Server::bind("127.0.0.1:0", options).await.unwrap();
        let verified = Verified(server.verification().unwrap());
        let address = server.address().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let over = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop,
            over,
            _verified: verified,
        }
    }

    /// Sends a request, and reads the whole answer.
    pub(crate) async fn exchange(&self, request: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        Reply::read(&mut stream).await
    }

    /// A request without a body.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: mock\r\n{headers}\r\n");
        self.exchange(request.as_bytes()).await
    }

    /// A `POST` of JSON with a key.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer sk-mine\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.exchange(request.as_bytes()).await
    }

    /// Asks for a WebSocket; `headers` are those beside the ones that every such request has.
    pub(crate) async fn upgrade(&self, path: &str, headers: &str) -> (Reply, TcpStream) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: mock\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        (Reply::read(&mut stream).await, stream)
    }

    /// A conversation, before its first frame was read.
    pub(crate) async fn open(&self) -> TcpStream {
        let key = "Authorization: Bearer sk-mine\r\n";
        let (reply, stream) = self.upgrade("/v1/realtime?model=gpt-realtime", key).await;
        assert_eq!(reply.status, 101, "{reply:?}");
        stream
    }

    /// Asks for a WebSocket, and reads what is said on it until it is closed.
    pub(crate) async fn refusal(&self, path: &str, headers: &str) -> Refusal {
        let (reply, mut stream) = self.upgrade(path, headers).await;
        assert_eq!(reply.status, 101, "{path}: {reply:?}");
        let first = read_frame(&mut stream).await.unwrap();
        let event: Value = serde_json::from_slice(&first.payload).unwrap();
        assert_eq!(event["type"], "error", "{path}: {event}");
        let close = read_frame(&mut stream).await.unwrap();
        let (code, reason) = close.closes();
        let error = event["error"].clone();
        Refusal {
            error,
            code,
            reason,
        }
    }

    /// Stops the server, and waits until it is gone.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        in_time(self.over).await.unwrap();
    }
}

/// Why there is no session.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Value,
    pub(crate) code: u16,
    pub(crate) reason: String,
}

/// What a server answers to a request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = in_time(stream.read_u8()).await;
            head.push(byte.expect("the answer breaks off"));
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Self {
            status,
            head,
            body: String::new(),
        };
        let length = reply.header("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        in_time(stream.read_exact(&mut body)).await.unwrap();
        reply.body = String::from_utf8(body).unwrap();
        reply
    }

    /// A header of it, by its name in small letters; also its value is in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(str::trim)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error it says, as message, type, code and param.
    pub(crate) fn error(&self) -> Value {
        self.json()["error"].clone()
    }
}

/// A frame that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// With [`FIN`].
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// Code and reason of a close.
    pub(crate) fn closes(&self) -> (u16, String) {
        assert_eq!(self.first, FIN | CLOSE, "{self:?}");
        let code = u16::from_be_bytes(self.payload[..2].try_into().unwrap());
        let reason = String::from_utf8(self.payload[2..].to_vec()).unwrap();
        (code, reason)
    }

    /// The `type` of the event in it.
    pub(crate) fn event_type(&self) -> String {
        assert_eq!(self.first, FIN | TEXT, "{self:?}");
        let event: Value = serde_json::from_slice(&self.payload).unwrap();
        event["type"].as_str().unwrap().to_owned()
    }
}

/// A frame as a client sends it: masked, in one piece unless `first` has no [`FIN`].
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut bytes = head(first, payload.len());
    bytes[1] |= 0x80;
    bytes.extend(MASK);
    bytes.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// A frame as only a server may send it.
pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len());
    bytes.extend(payload);
    bytes
}

/// The bytes before mask and payload.
pub(crate) fn head(first: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..126), _) => bytes.push(length),
        (_, Ok(length)) => {
            bytes.push(126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes
}

/// The payload of a close.
pub(crate) fn closing(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

/// The next frame of the server; `None` at the end of the connection, however it comes.
pub(crate) async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<Frame> {
    let first = in_time(stream.read_u8()).await.ok()?;
    let length = match stream.read_u8().await.ok()? {
        126 => usize::from(stream.read_u16().await.ok()?),
        127 => usize::try_from(stream.read_u64().await.ok()?).unwrap(),
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    in_time(stream.read_exact(&mut payload)).await.ok()?;
    Some(Frame { first, payload })
}

/// Sends a text, and gives the type of the event that comes back: the session is alive.
pub(crate) async fn answered<S>(stream: &mut S, text: &str) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let text = frame(FIN | TEXT, text.as_bytes());
    stream.write_all(&text).await.unwrap();
    let answer = read_frame(stream).await;
    answer.expect("an answer").event_type()
}

/// Waits, but not for ever.
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.expect("it did not come in time")
}
