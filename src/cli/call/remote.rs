//! A call at a server that runs already, by its admin API.

use std::io;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mock_realtime::server::calls::{CallRecord, CallRequest};

/// A call at another server.
pub(super) struct Remote {
    client: Client<HttpConnector, Full<Bytes>>,
    api: String,
    token: Option<String>,
    id: String,
}

/// Where the admin API of a server is whose address, or base URL for SDKs, is given.
fn api(server: &str) -> io::Result<String> {
    let rest = ["http://", "ws://"]
        .iter()
        .find_map(|scheme| server.strip_prefix(scheme));
    let Some(rest) = rest else {
        let text = format!(
            "--server is the address of a server without TLS, such as http://127.0.0.1:8080, not \
             '{server}'"
        );
        return Err(io::Error::other(text));
    };
    let rest = rest.trim_end_matches('/');
    let rest = rest.strip_suffix("/v1").unwrap_or(rest);
    Ok(format!("http://{rest}/_mock"))
}

impl Remote {
    /// Has a call come in there.
    pub(super) async fn ring(
        server: &str,
        token: Option<String>,
        request: &CallRequest,
    ) -> io::Result<Self> {
        let mut remote = Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            api: api(server)?,
            token: token.filter(|token| !token.is_empty()),
            id: String::new(),
        };
        let body = serde_json::to_vec(request).map_err(io::Error::other)?;
        let answer = remote.ask(Method::POST, "/calls", body).await?;
        remote.id = record(&answer)?.id;
        Ok(remote)
    }

    /// The record, once its journal has more entries than this or the call is over.
    pub(super) async fn next(&self, told: usize) -> io::Result<CallRecord> {
        let path = format!("/calls/{}?after={told}&timeout_ms=20000", self.id);
        record(&self.ask(Method::GET, &path, Vec::new()).await?)
    }

    /// What was heard, as a WAV file.
    pub(super) async fn wav(&self) -> io::Result<Bytes> {
        let path = format!("/calls/{}/audio.wav", self.id);
        self.ask(Method::GET, &path, Vec::new()).await
    }

    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> io::Result<Bytes> {
        let address = format!("{}{path}", self.api);
        let mut request = Request::builder().method(method).uri(&address);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Full::from(body)).map_err(io::Error::other)?;
        let answer = self.client.request(request).await;
        let answer = answer
            .map_err(|error| io::Error::other(format!("{address} does not answer: {error}")))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        if head.status.is_success() {
            return Ok(body);
        }
        let told = String::from_utf8_lossy(&body);
        let text = format!("{address} answers {}: {}", head.status, told.trim_end());
        Err(io::Error::other(text))
    }
}

fn record(answer: &[u8]) -> io::Result<CallRecord> {
    serde_json::from_slice(answer)
        .map_err(|error| io::Error::other(format!("the answer is no record of a call: {error}")))
}
