//! A proxy between an agent and any realtime server: frames pass unchanged, and are recorded and
//! checked on their way. With the feature `recording`.
//!
//! ```no_run
//! use mock_realtime::proxy::{Proxy, ProxyOptions, Upstream};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = ProxyOptions {
//!     record: Some("recordings".into()),
//!     ..ProxyOptions::to(Upstream::new("https://api.openai.com/v1")?)
//! };
//! let proxy = Proxy::bind("127.0.0.1:0", options).await?;
//! println!("point the SDK at {}", proxy.url());
//! let summary = proxy.run(std::future::pending()).await;
//! println!("{} sessions", summary.sessions);
//! # Ok(())
//! # }
//! ```
//!
//! What the client asks for goes to the server as it is: path, query, headers, subprotocols, keys. So
//! does what the server answers, a refusal too. Only the host is another one, and compression is not
//! asked for, since frames could not be read then. After the handshake bytes are carried from one side
//! to the other; nothing is taken apart and put together again. A side that reads slowly slows the
//! other one down, a close passes with its code, and where one side is gone without a close the other
//! loses its connection, too.

mod frames;
mod requests;
mod tap;
mod tunnel;
mod upstream;
mod watcher;

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::net::ToSocketAddrs;

use crate::conformance::Schema;
use crate::expect::Direction;
use crate::recording::Redaction;
use crate::server::Tls;
use crate::server::front::Front;

use requests::Forwarder;

pub use upstream::{Upstream, UpstreamError};

/// How a proxy is to be.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// The server behind it.
    pub upstream: Upstream,
    /// The folder that each session gets a file in. It is made if it is not there.
    pub record: Option<PathBuf>,
    /// What is redacted in recordings, beside keys, which always are.
    pub redact: Redaction,
    /// Whether sessions are held against the protocol as they pass, those of the beta against its
    /// schema. What is found is told as a warning at once, and counted.
    pub check: bool,
    /// What the proxy is known by. With it, it speaks TLS with its clients.
    pub tls: Option<Tls>,
    /// The most bytes of a message that is recorded and checked. A longer one passes, but nothing is
    /// recorded after it of what its side sends.
    pub message: usize,
}

impl ProxyOptions {
    /// A proxy in front of this server that only passes on.
    pub fn to(upstream: Upstream) -> Self {
        Self {
            upstream,
            record: None,
            redact: Redaction::default(),
            check: false,
            tls: None,
            message: 64 * 1024 * 1024,
        }
    }
}

/// A proxy that listens already and passes on once it is run.
#[derive(Debug)]
pub struct Proxy {
    front: Front,
    path: String,
    shared: Arc<Shared>,
}

/// What all sessions share.
#[derive(Debug)]
struct Shared {
    options: ProxyOptions,
    /// How many sessions there were.
    sessions: AtomicU64,
    summary: Mutex<ProxySummary>,
}

impl Shared {
    fn count(&self, what: impl FnOnce(&mut ProxySummary)) {
        what(&mut self.summary.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a proxy has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxySummary {
    /// The sessions that were opened.
    pub sessions: u64,
    /// The events in them.
    pub events: u64,
    /// The requests that the server could not be reached for.
    pub unreachable: u64,
    /// The sessions of which not all could be recorded or checked.
    pub incomplete: u64,
    /// How often each rule was broken, where sessions are checked.
    pub broken: BTreeMap<&'static str, u64>,
}

impl Proxy {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Where the address cannot be listened on, or nothing can be written to the folder for
    /// recordings.
    pub async fn bind(address: impl ToSocketAddrs, options: ProxyOptions) -> io::Result<Self> {
        if let Some(folder) = &options.record {
            prepare(folder)?;
        }
        if options.check {
            // The schema is made ready now, rather than while the first event waits.
            for schema in [Schema::Observed, Schema::Beta] {
                schema.violations(Direction::Client, &Value::Null);
            }
        }
        let front = Front::bind(address, options.tls.clone()).await?;
        Ok(Self {
            front,
            path: options.upstream.path().to_owned(),
            shared: Arc::new(Shared {
                options,
                sessions: AtomicU64::new(0),
                summary: Mutex::default(),
            }),
        })
    }

    /// The base URL for SDKs: that of the server behind the proxy, with the proxy's host.
    pub fn url(&self) -> String {
        self.front.url(&self.path)
    }

    /// Passes on until `shutdown` is ready, and then closes the sessions that are open with 1001, both
    /// ways. Returns when both sides have answered, or have had a second for it, and all that was
    /// recorded is on file.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> ProxySummary {
        let forwarder = Arc::new(Forwarder::new(Arc::clone(&self.shared)));
        self.front.run(forwarder, shutdown).await;
        let summary = self.shared.summary.lock();
        summary.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Makes a folder if it is not there, and sees whether files can be made in it.
fn prepare(folder: &Path) -> io::Result<()> {
    let try_it = || {
        fs::create_dir_all(folder)?;
        let trial = folder.join(format!(".mock-realtime-{}", std::process::id()));
        fs::File::create(&trial)?;
        fs::remove_file(&trial)
    };
    try_it().map_err(|error| {
        let folder = folder.display();
        let text = format!(
            "nothing can be recorded in {folder}: {error}; name a folder that can be written to"
        );
        io::Error::new(error.kind(), text)
    })
}
