//! Calls over sockets, on tokio's time.

use std::fmt;
use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_with_config, connect_async_with_config,
};

use super::call::{Call, CallResult};
use super::caller::{Input, Output};

/// How long the bridge may take to open a connection, to take what is written, and to close.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the bridge may take to answer a close.
const GOODBYE: Duration = Duration::from_secs(1);

/// An address that no bridge can be at.
#[derive(Debug)]
pub struct BadUrl {
    url: String,
    reason: String,
}

impl fmt::Display for BadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no address of a bridge: {}; expected one such as ws://127.0.0.1:8000/media",
            self.url, self.reason
        )
    }
}

impl std::error::Error for BadUrl {}

/// Dials a bridge over the network, at a `ws:` or `wss:` address, and holds the call to its end.
///
/// That the bridge cannot be reached is the end of a call like any other; the error is an address
/// that is none.
pub async fn dial(url: &str, call: Call) -> Result<CallResult, BadUrl> {
    dial_since(Instant::now(), url, call).await
}

/// [`dial`] with the moment that the call's time counts from.
pub(super) async fn dial_since(
    started: Instant,
    url: &str,
    call: Call,
) -> Result<CallResult, BadUrl> {
    let connect = async |request: Request| {
        let connected = connect_async_with_config(request, Some(config()), true).await;
        connected.map(|(socket, _)| socket)
    };
    hold::<MaybeTlsStream<TcpStream>>(started, url, call, connect).await
}

/// Dials a bridge over any streams of bytes: each time a connection is needed, `open` gives one. On
/// tokio's paused time a call over [`tokio::io::duplex`] takes milliseconds.
///
/// The bridge sees a handshake for `url`, with its headers.
pub async fn dial_over<S>(
    url: &str,
    call: Call,
    open: impl AsyncFnMut() -> io::Result<S>,
) -> Result<CallResult, BadUrl>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    dial_over_since(Instant::now(), url, call, open).await
}

/// [`dial_over`] with the moment that the call's time counts from.
pub(super) async fn dial_over_since<S>(
    started: Instant,
    url: &str,
    call: Call,
    mut open: impl AsyncFnMut() -> io::Result<S>,
) -> Result<CallResult, BadUrl>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connect = async |request: Request| {
        let stream = open().await?;
        let connected = client_async_with_config(request, stream, Some(config())).await;
        connected.map(|(socket, _)| socket)
    };
    hold(started, url, call, connect).await
}

/// Bytes read at a time. So many are set to zero before each look for a message.
const READ_BUFFER: usize = 2 * 1024;

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(64 * 1024 * 1024))
        .max_frame_size(Some(64 * 1024 * 1024))
}

async fn hold<S>(
    started: Instant,
    url: &str,
    call: Call,
    connect: impl AsyncFnMut(Request) -> Result<WebSocketStream<S>, Error>,
) -> Result<CallResult, BadUrl>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let bad = |reason: String| BadUrl {
        url: url.to_owned(),
        reason,
    };
    // Looked at before the call begins, and made anew for each connection.
    request(url, &call).map_err(bad)?;
    let mut line = Line {
        url,
        call,
        connect,
        started,
        socket: None,
    };
    line.open().await;
    line.hold().await;
    Ok(line.call.into_result())
}

fn request(url: &str, call: &Call) -> Result<Request, String> {
    let mut request = url
        .into_client_request()
        .map_err(|error| error.to_string())?;
    if !matches!(request.uri().scheme_str(), Some("ws" | "wss")) {
        return Err("its scheme is neither ws nor wss".to_owned());
    }
    for (name, value) in call.headers(url) {
        let value = HeaderValue::from_str(&value)
            .map_err(|_| format!("the header {name} cannot be {value:?}"))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// A call and its connection.
struct Line<'a, S, C> {
    url: &'a str,
    call: Call,
    connect: C,
    started: Instant,
    socket: Option<WebSocketStream<S>>,
}

impl<S, C> Line<'_, S, C>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: AsyncFnMut(Request) -> Result<WebSocketStream<S>, Error>,
{
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn open(&mut self) {
        let Ok(request) = request(self.url, &self.call) else {
            return;
        };
        let connected = tokio::time::timeout(PATIENCE, (self.connect)(request)).await;
        let now = self.now();
        match connected {
            Ok(Ok(socket)) => {
                self.socket = Some(socket);
                self.call.handle(Input::Opened, now);
            }
            Ok(Err(error)) => {
                let reason = &error.to_string();
                self.call.handle(refusal(&error, reason), now);
            }
            Err(_) => {
                let why = format!("the bridge was not reached within {PATIENCE:?}");
                self.call.handle(Input::Broken(&why), now);
            }
        }
    }

    async fn hold(&mut self) {
        let sleep = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(sleep);
        loop {
            self.write().await;
            if self.call.is_over() && self.socket.is_none() {
                return;
            }
            let deadline = self.call.deadline();
            // What is due in billions of years is as good as never.
            let wake = deadline.and_then(|deadline| self.started.checked_add(deadline));
            if let Some(wake) = wake {
                sleep.as_mut().reset(wake);
            }
            tokio::select! {
                biased;
                // First, as it costs less to ask; and it comes too seldom to keep messages waiting.
                () = &mut sleep, if wake.is_some() => {
                    let now = self.now();
                    self.call.handle(Input::Time, now);
                }
                message = next(&mut self.socket) => self.read(message),
            }
        }
    }

    /// Does all that the call wants done.
    async fn write(&mut self) {
        let mut fed = false;
        while let Some(output) = self.call.poll(self.now()) {
            match output {
                Output::Text(text) => {
                    if let Some(socket) = &mut self.socket {
                        let feeding = socket.feed(Message::text(text));
                        let written = tokio::time::timeout(PATIENCE, feeding).await;
                        self.settle(written);
                        fed = true;
                    }
                }
                Output::Close { code, reason } => {
                    if let Some(socket) = self.socket.take() {
                        self.close(socket, code, reason).await;
                    }
                }
                Output::Break => self.socket = None,
                Output::Open => self.open().await,
            }
        }
        if let Some(socket) = self.socket.as_mut().filter(|_| fed) {
            let written = tokio::time::timeout(PATIENCE, socket.flush()).await;
            self.settle(written);
        }
    }

    fn settle(&mut self, written: Result<Result<(), Error>, tokio::time::error::Elapsed>) {
        let why = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the bridge did not read for {PATIENCE:?}"),
        };
        self.socket = None;
        let now = self.now();
        self.call.handle(Input::Broken(&why), now);
    }

    /// Closes the connection, and takes what the bridge has sent until it has closed as well.
    async fn close(&mut self, mut socket: WebSocketStream<S>, code: u16, reason: String) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        let until = Instant::now() + GOODBYE;
        let closed = tokio::time::timeout_at(until, socket.close(Some(frame))).await;
        if !matches!(closed, Ok(Ok(()))) {
            return;
        }
        while let Ok(Some(Ok(message))) = tokio::time::timeout_at(until, socket.next()).await {
            let now = self.now();
            match message {
                Message::Text(text) => self.call.handle(Input::Text(&text), now),
                Message::Binary(bytes) => self.call.handle(Input::Binary(bytes.len()), now),
                _ => {}
            }
        }
    }

    fn read(&mut self, message: Option<Result<Message, Error>>) {
        let now = self.now();
        match message {
            Some(Ok(Message::Text(text))) => self.call.handle(Input::Text(&text), now),
            Some(Ok(Message::Binary(bytes))) => self.call.handle(Input::Binary(bytes.len()), now),
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) = match &frame {
                    Some(frame) => (Some(frame.code.into()), frame.reason.as_str()),
                    None => (None, ""),
                };
                // What waits to be written is tungstenite's answer; the rest is the bridge's.
                self.socket = None;
                self.call.handle(Input::Closed { code, reason }, now);
            }
            Some(Ok(_)) => {}
            Some(Err(error @ (Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)))) => {
                self.socket = None;
                self.call.handle(Input::Violated(&error.to_string()), now);
            }
            Some(Err(error)) => {
                self.socket = None;
                self.call.handle(Input::Broken(&error.to_string()), now);
            }
            None => {
                self.socket = None;
                let reason = "";
                self.call.handle(Input::Closed { code: None, reason }, now);
            }
        }
    }
}

/// Why there is no connection.
fn refusal<'a>(error: &Error, reason: &'a str) -> Input<'a> {
    match error {
        Error::Http(answer) => Input::TurnedAway {
            status: answer.status().as_u16(),
            reason,
        },
        _ => Input::Broken(reason),
    }
}

/// The next message; none ever where there is no connection.
async fn next<S>(socket: &mut Option<WebSocketStream<S>>) -> Option<Result<Message, Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}
