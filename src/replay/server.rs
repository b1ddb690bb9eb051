//! A replay on a port.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::ToSocketAddrs;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::Instrument;

use crate::engine::{Input, Output};
use crate::mock::{Engine, Identity, MakeEvent, SentKind};
use crate::protocol::Event;
use crate::protocol::realtime::{ClientEvent, ServerEvent};
use crate::server::front::{Front, Handler};
use crate::server::shutdown::Stopping;
use crate::server::{Tls, run_engine};

use super::{Replay, ReplaySession, Replayed};

/// The subprotocol that is spoken.
const REALTIME: &str = "realtime";

/// What is under the base URL of the service is under that of a replay.
const PATH: &str = "/v1";

/// How a replay is served.
#[derive(Clone, Debug, Default)]
pub struct ReplayOptions {
    /// What the server is known by. With it, it speaks TLS.
    pub tls: Option<Tls>,
    /// Whether it ends after one session.
    pub once: bool,
}

/// A server that listens already and, once it is run, tells the recording to each client from its
/// beginning.
///
/// ```no_run
/// use mock_realtime::recording::Recording;
/// use mock_realtime::replay::{Replay, ReplayOptions, ReplayServer};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let recording = Recording::read("session.jsonl")?;
/// let replay = Replay::of("session.jsonl", &recording.sessions[0]).strict(true);
/// let server = ReplayServer::bind("127.0.0.1:0", replay, ReplayOptions::default()).await?;
/// println!("point the SDK at {}", server.url());
/// let summary = server.run(std::future::pending()).await;
/// assert!(summary.differing == 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReplayServer {
    front: Front,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    replay: Replay,
    sessions: AtomicU64,
    summary: Mutex<ReplaySummary>,
    /// Told of each session that is over.
    over: Notify,
    once: bool,
}

/// What became of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplaySummary {
    /// The sessions that were opened.
    pub sessions: u64,
    /// Those in which something was not as recorded.
    pub differing: u64,
}

impl ReplayServer {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Where the address cannot be listened on.
    pub async fn bind(
        address: impl ToSocketAddrs,
        replay: Replay,
        options: ReplayOptions,
    ) -> io::Result<Self> {
        Ok(Self {
            front: Front::bind(address, options.tls).await?,
            shared: Arc::new(Shared {
                replay,
                sessions: AtomicU64::new(0),
                summary: Mutex::default(),
                over: Notify::new(),
                once: options.once,
            }),
        })
    }

    /// The base URL for SDKs. Whatever path a client asks for, it gets the recording.
    pub fn url(&self) -> String {
        self.front.url(PATH)
    }

    /// Serves until `shutdown` is ready. Differences are told as warnings when they are found.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> ReplaySummary {
        let shared = Arc::clone(&self.shared);
        let end = async {
            tokio::select! {
                () = shutdown => {}
                () = shared.over.notified(), if shared.once => {}
            }
        };
        self.front.run(self.shared, end).await;
        shared.summary().clone()
    }
}

impl Shared {
    fn summary(&self) -> std::sync::MutexGuard<'_, ReplaySummary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hold(self: Arc<Self>, upgrade: OnUpgrade, stopping: Stopping) {
        let stream = match upgrade.await {
            Ok(upgraded) => TokioIo::new(upgraded),
            Err(error) => return tracing::debug!(%error, "the upgrade broke"),
        };
        tracing::info!("session opened");
        let told = Told {
            session: self.replay.session(),
            now: Duration::ZERO,
            breaks: false,
            logged: 0,
            name: self.replay.script.name.clone(),
        };
        let mut told = run_engine(stream, told, stopping).await;
        told.session.take_close();
        told.log();
        tracing::info!("session over");
        let mut summary = self.summary();
        summary.sessions += 1;
        summary.differing += u64::from(!told.session.differences().is_empty());
        drop(summary);
        self.over.notify_one();
    }
}

impl Handler for Shared {
    type Body = Full<Bytes>;

    async fn answer(
        self: &Arc<Self>,
        mut request: Request<Incoming>,
        stopping: &Stopping,
    ) -> Response<Full<Bytes>> {
        let mut response = match create_response_with_body(&request, Full::default) {
            Ok(response) => response,
            Err(error) => return no_session(&error.to_string()),
        };
        if offers_realtime(request.headers()) {
            let name = HeaderValue::from_static(REALTIME);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let session = Arc::clone(self).hold(hyper::upgrade::on(&mut request), stopping.clone());
        tokio::spawn(session.instrument(tracing::info_span!("session", number)));
        response
    }
}

fn offers_realtime(headers: &HeaderMap) -> bool {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == REALTIME)
}

/// What is asked for without a WebSocket was not recorded.
fn no_session(reason: &str) -> Response<Full<Bytes>> {
    let error = json!({ "error": {
        "message": format!("mock-realtime replay: a recording has nothing but a session to tell, which a WebSocket is needed for ({reason})"),
        "type": "invalid_request_error",
        "param": null,
        "code": null,
    } });
    let mut response = Response::new(Full::from(error.to_string()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A session of a replay, as a driver pumps it.
#[derive(Debug)]
struct Told {
    session: ReplaySession,
    now: Duration,
    /// Whether the connection is to break here.
    breaks: bool,
    /// How many of its differences were logged.
    logged: usize,
    name: String,
}

impl Told {
    /// Logs the differences that were not yet.
    fn log(&mut self) {
        for difference in &self.session.differences()[self.logged..] {
            tracing::warn!("not as recorded in {}, {difference}", self.name);
        }
        self.logged = self.session.differences().len();
    }
}

impl Engine for Told {
    type Client = ClientEvent;
    type Server = ServerEvent;

    fn handle(&mut self, input: Input<'_>, now: Duration) {
        self.now = now;
        match input {
            Input::Text(text) => self.session.take_text(text, now),
            Input::Binary => self.session.take_other("a binary frame"),
            Input::NotUtf8 => self.session.take_other("a text that is not UTF-8"),
            _ => {}
        }
        self.log();
    }

    fn poll(&mut self) -> Option<Output> {
        Some(match self.session.poll(self.now)? {
            Replayed::Text(text) => Output::Text(text),
            Replayed::Close { code, reason } => Output::Close { code, reason },
            Replayed::Break => {
                self.breaks = true;
                return None;
            }
        })
    }

    fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }

    fn has_more(&self) -> bool {
        self.session.deadline().is_some()
    }

    fn breaks(&self) -> bool {
        self.breaks
    }

    fn inject(&mut self, _: MakeEvent) {}

    fn inject_text(&mut self, _: String) {}

    fn close(&mut self, _: u16, _: String) {}

    /// Its client's events are taken as the texts they are.
    fn is_translated(&self) -> bool {
        true
    }

    fn kind(event: &ServerEvent) -> SentKind {
        SentKind::Conversation(event.kind())
    }

    fn identity(&self) -> Identity {
        Identity::default()
    }
}
