//! Requests of clients, passed on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, SEC_WEBSOCKET_EXTENSIONS, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tracing::Instrument;

use crate::recording::{Redactor, Tape};
use crate::server::dialect::request_asks_for_beta;
use crate::server::front::Handler;
use crate::server::shutdown::Stopping;

use super::watcher::Watcher;
use super::{Shared, UpstreamError, tunnel};

/// Headers that are of one connection and not of a request.
const OF_CONNECTION: [HeaderName; 6] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
];

/// The name that the header for keeping connections has nowhere else.
const KEEP_ALIVE: &str = "keep-alive";

type Answer = Response<Either<Incoming, Full<Bytes>>>;

/// Passes requests on to the server.
#[derive(Debug)]
pub(super) struct Forwarder {
    shared: Arc<Shared>,
}

/// What is known of a session before it begins.
struct Watching {
    opening: Value,
    redactor: Redactor,
    asks_for_beta: bool,
}

impl Handler for Forwarder {
    type Body = Either<Incoming, Full<Bytes>>;

    async fn answer(
        self: &Arc<Self>,
        mut request: Request<Incoming>,
        stopping: &Stopping,
    ) -> Answer {
        let client = wants_upgrade(request.headers()).then(|| hyper::upgrade::on(&mut request));
        let mut redactor = Redactor::new(self.shared.options.redact);
        let opening = client
            .as_ref()
            .map(|_| self.opening(&request, &mut redactor));
        let asks_for_beta = request_asks_for_beta(request.uri().path(), request.headers());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answered = self
            .shared
            .options
            .upstream
            .send(self.addressed(request))
            .await;
        let mut response = match answered {
            Ok(response) => response,
            Err(error) => return self.unreachable(&error),
        };
        let status = response.status();
        match (client, opening, status) {
            (Some(client), Some(opening), StatusCode::SWITCHING_PROTOCOLS) => {
                let server = hyper::upgrade::on(&mut response);
                let watching = Watching {
                    opening,
                    redactor,
                    asks_for_beta,
                };
                self.begin(client, server, watching, stopping.clone());
            }
            (Some(_), ..) => tracing::warn!(%status, %path, "the server refuses a session"),
            _ => tracing::info!(%status, %method, %path, "passed on"),
        }
        response.map(Either::Left)
    }
}

impl Forwarder {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The request as the server is to get it.
    fn addressed(&self, request: Request<Incoming>) -> Request<Incoming> {
        let (mut parts, body) = request.into_parts();
        parts.version = Version::HTTP_11;
        let headers = &mut parts.headers;
        // Compressed frames could not be read.
        headers.remove(SEC_WEBSOCKET_EXTENSIONS);
        headers.remove(EXPECT);
        if !wants_upgrade(headers) {
            for name in &OF_CONNECTION {
                headers.remove(name);
            }
            headers.remove(KEEP_ALIVE);
        }
        if let Ok(host) = HeaderValue::from_str(&self.shared.options.upstream.authority()) {
            headers.insert(HOST, host);
        }
        Request::from_parts(parts, body)
    }

    /// What is recorded of a request for a session.
    fn opening(&self, request: &Request<Incoming>, redactor: &mut Redactor) -> Value {
        let uri = request.uri();
        json!({
            "at": unix_milliseconds(),
            "upstream": self.shared.options.upstream.url(),
            "request": {
                "path": redactor.address(uri.path(), uri.query()),
                "headers": redactor.headers(request.headers()),
            },
        })
    }

    /// Carries a session that the server has agreed to, in a task of its own.
    fn begin(&self, client: OnUpgrade, server: OnUpgrade, watching: Watching, stopping: Stopping) {
        let number = self.shared.sessions.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!("session", number);
        let shared = Arc::clone(&self.shared);
        shared.count(|summary| summary.sessions += 1);
        let session = async move {
            let (client, server) = match tokio::try_join!(client, server) {
                Ok(upgraded) => upgraded,
                Err(error) => return tracing::warn!(%error, "a session ended before it began"),
            };
            let tape = shared.tape(number, watching.opening, watching.redactor);
            let watcher = Watcher::new(Arc::clone(&shared), tape, watching.asks_for_beta);
            tunnel::run(
                TokioIo::new(client),
                TokioIo::new(server),
                watcher,
                stopping,
            )
            .await;
        };
        tokio::spawn(session.instrument(span));
    }

    /// Says that the server is not there, in OpenAI's form of an error.
    fn unreachable(&self, error: &UpstreamError) -> Answer {
        tracing::error!("{error}");
        self.shared.count(|summary| summary.unreachable += 1);
        let error = json!({ "error": {
            "message": format!("mock-realtime proxy: {error}"),
            "type": "server_error",
            "param": null,
            "code": null,
        } });
        let mut response = Response::new(Either::Right(Full::from(error.to_string())));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

impl Shared {
    /// Begins the recording of a session, if there is to be one.
    fn tape(&self, number: u64, opening: Value, redactor: Redactor) -> Option<Tape> {
        let folder = self.options.record.as_ref()?;
        let name = format!("session-{}-{:04}", unix_milliseconds(), number + 1);
        match Tape::create(folder, &name, opening, redactor) {
            Ok(tape) => {
                tracing::info!(file = %tape.path().display(), "session opened");
                Some(tape)
            }
            Err(error) => {
                let folder = folder.display();
                tracing::error!(%folder, %error, "a session cannot be recorded, but goes on");
                None
            }
        }
    }
}

/// Whether a request asks for a WebSocket.
fn wants_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get(UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn unix_milliseconds() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| {
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    })
}
