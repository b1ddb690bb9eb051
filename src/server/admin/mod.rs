//! The admin API, under `/_mock/`: what a test in Rust does with a mock, from any language.
//!
//! [`operations`] is the one list of what there is; requests are answered by it, and the OpenAPI
//! document is written from it.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "all operations are functions of one form: what they are about in, an answer or a refusal out"
)]

mod body;
#[cfg(feature = "calls")]
mod calls;
mod document;
mod entries;
mod faults;
mod guard;
mod keys;
mod operation;
mod operations;
mod refusals;
mod scenarios;
mod sessions;
mod targets;
mod waiting;

use std::fmt;
use std::sync::{Arc, OnceLock};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Request, Response};
use tokio::sync::Semaphore;

use crate::expect::Limits as JournalLimits;

use super::Shared;
use super::accept::Accepted;
use keys::Keys;
use operation::{Call, Operation};
use operations::OPERATIONS;
use refusals::Refusal;

/// What all paths of the API begin with.
const PREFIX: &str = "/_mock";

/// How a server lets itself be controlled.
#[derive(Clone)]
pub struct AdminOptions {
    /// What a client has to show, as `Authorization: Bearer`. Without one only programs on the same
    /// machine are let in, and no web page.
    pub token: Option<String>,
    /// The most keys at once. One more takes the place of one that was not used for ten minutes.
    pub keys: usize,
    /// How much is kept of the sessions of a key.
    pub journal: JournalLimits,
}

impl Default for AdminOptions {
    fn default() -> Self {
        Self {
            token: None,
            keys: 256,
            journal: JournalLimits {
                frames: 100_000,
                bytes: 16 * 1024 * 1024,
            },
        }
    }
}

impl fmt::Debug for AdminOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminOptions")
            .field("has_token", &self.token.is_some())
            .field("keys", &self.keys)
            .field("journal", &self.journal)
            .finish()
    }
}

/// The most requests that wait at once, so that others come through.
const MOST_WAITING: usize = 1_024;

/// What the API remembers.
#[derive(Debug)]
pub(super) struct Admin {
    token: Option<String>,
    keys: Keys,
    waiting: Semaphore,
    document: OnceLock<String>,
}

impl Admin {
    pub(super) fn new(options: AdminOptions) -> Self {
        Self {
            token: options.token,
            keys: Keys::new(options.keys, options.journal),
            waiting: Semaphore::new(MOST_WAITING),
            document: OnceLock::new(),
        }
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The OpenAPI document.
    fn document(&self) -> &str {
        self.document
            .get_or_init(|| document::write(&OPERATIONS, self.token.is_some()).to_string())
    }
}

/// Answers a request that is for the API, if the server has one.
pub(super) async fn answer(
    request: Request<Incoming>,
    to: &Accepted,
) -> Result<Response<Full<Bytes>>, Request<Incoming>> {
    let is_for_admin = request
        .uri()
        .path()
        .strip_prefix(PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match &to.shared.admin {
        Some(admin) if is_for_admin => {
            let answered = respond(request, to, admin).await;
            Ok(answered.unwrap_or_else(Refusal::into_response))
        }
        _ => Err(request),
    }
}

async fn respond(
    request: Request<Incoming>,
    to: &Accepted,
    admin: &Admin,
) -> Result<Response<Full<Bytes>>, Refusal> {
    guard::admit(request.headers(), to.peer.ip(), admin.token.as_deref())?;
    let path = request.uri().path().to_owned();
    let path = path.strip_prefix(PREFIX).unwrap_or_default();
    // Clients that put addresses together often end them so.
    let path = path.strip_suffix('/').unwrap_or(path);
    let method = match request.method() {
        &Method::HEAD => Method::GET,
        method => method.clone(),
    };
    let (operation, parameters) = find(&method, path)?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = body::read(request, operation.media()).await?;
    let call = Call {
        shared: Arc::clone(&to.shared),
        parameters,
        query,
        body,
    };
    operation.run(call).await
}

/// The operation, with the parameters in its path.
fn find(method: &Method, path: &str) -> Result<(&'static Operation, Vec<String>), Refusal> {
    let mut allowed: Vec<&str> = Vec::new();
    for operation in OPERATIONS.iter() {
        let Some(parameters) = operation.parameters_in(path) else {
            continue;
        };
        if operation.method == *method {
            return Ok((operation, parameters));
        }
        allowed.push(operation.method.as_str());
    }
    if allowed.is_empty() {
        return Err(Refusal::unknown_path(path));
    }
    if allowed.contains(&Method::GET.as_str()) {
        allowed.push(Method::HEAD.as_str());
    }
    let allowed = allowed.join(", ");
    let refusal = Refusal::wrong_method(method, path, &allowed);
    let allowed = HeaderValue::from_str(&allowed);
    Err(refusal.with(ALLOW, allowed.unwrap_or(HeaderValue::from_static("GET"))))
}

impl Shared {
    /// The API, for a request that came through it.
    fn admin(&self) -> Result<&Admin, Refusal> {
        self.admin.as_ref().ok_or_else(Refusal::off)
    }
}
