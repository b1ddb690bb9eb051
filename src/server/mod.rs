//! The server: the engine behind a WebSocket.
//!
//! It accepts what an SDK opens when its base URL points here, and pumps frames between the socket
//! and a [`Session`](crate::engine::Session). No behaviour of the protocol lives here.

mod accept;
#[cfg(feature = "admin")]
mod admin;
mod admission;
mod auth;
#[cfg(feature = "calls")]
pub mod calls;
mod client_secrets;
mod connection;
pub(crate) mod dialect;
mod ending;
#[cfg(feature = "conformance")]
mod exercise;
#[cfg(feature = "recording")]
pub(crate) mod front;
mod handshake;
mod keepalive;
mod limits;
mod metrics;
mod mock_server;
mod models;
mod pieces;
mod probes;
mod realm;
mod refusals;
mod refused;
mod rest;
mod routes;
mod secrets;
pub(crate) mod shutdown;
mod subprotocols;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::dialect::Choice;
use crate::engine::{SessionOptions, TranslationOptions};
use crate::expect::{Journal, Limits as JournalLimits};
use crate::faults::Faults;
use crate::mock::Observer;
#[cfg(feature = "conformance")]
use crate::mock::Verification;

use auth::Gate;
use realm::Realm;
use secrets::Secrets;

use accept::accept_all;
use admission::Admission;
use metrics::Metrics;
use shutdown::Phase;

#[cfg(feature = "admin")]
pub use admin::AdminOptions;
#[cfg(feature = "recording")]
pub(crate) use connection::run_engine;
pub use connection::{run_session, run_session_with_faults};
#[cfg(feature = "conformance")]
pub use exercise::{Exercise, ExerciseOptions};
pub use limits::Limits;
pub use mock_server::{MockConnector, MockServer, MockServerBuilder};
#[cfg(feature = "tls")]
pub use tls::{ThrowAway, Tls, TlsError};

/// Decides how a new session goes.
type Configure = dyn Fn(&mut SessionOptions) + Send + Sync;

/// Decides how a new translation session goes.
type ConfigureTranslation = dyn Fn(&mut TranslationOptions) + Send + Sync;

/// Says what goes wrong in a new connection.
type FaultsOf = dyn Fn() -> Faults + Send + Sync;

/// What a server is started with.
#[derive(Clone)]
pub struct ServerOptions {
    /// The seed of the first session; the sessions after it count up from there.
    pub seed: u64,
    /// The Unix second at which every session starts; the real time without one.
    pub started_at: Option<u64>,
    /// Called for each new session with its options, in which model, seed and start are set: decides
    /// what it says, what it hears, how fast it is and so on.
    pub configure: Arc<Configure>,
    /// What is too much.
    pub limits: Limits,
    /// How long responses that are on their way may take to be done when the server is to end.
    pub drain: Duration,
    /// What the server is known by. With it, it speaks TLS and nothing else. With the feature `tls`.
    #[cfg(feature = "tls")]
    pub tls: Option<Tls>,
    /// The same as `configure` for translation sessions, after it: what the two kinds have in common
    /// is taken over.
    pub configure_translation: Arc<ConfigureTranslation>,
    /// The keys that are accepted, beside the ephemeral keys that the server makes. Without any, every
    /// key is; none at all never is.
    pub api_keys: Vec<String>,
    /// What ephemeral keys are signed with. Servers with the same secret accept each other's. Without
    /// one it follows from the seed, so that a run with the same seed gives the same keys: they are
    /// then no secret from those who can guess the seed.
    pub secret: Option<String>,
    /// The models that are accepted. Without any, every name is that is not known to be a model for
    /// something else.
    pub models: Vec<String>,
    /// Which dialects are spoken.
    pub dialect: Choice,
    /// Asked for each connection without a key what goes wrong in it.
    pub faults: Arc<FaultsOf>,
    /// How much is kept of sessions without a key, if anything is. A [`MockServer`] has a journal in
    /// any case.
    pub journal: Option<JournalLimits>,
    /// How it lets itself be controlled over HTTP, if it does. With the feature `admin`.
    #[cfg(feature = "admin")]
    pub admin: Option<AdminOptions>,
    /// Whether each frame that the server sends of itself is held against the protocol: see
    /// [`Server::verification`]. With the feature `conformance`.
    #[cfg(feature = "conformance")]
    pub verify: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            started_at: None,
            configure: Arc::new(|_| {}),
            limits: Limits::default(),
            drain: Duration::ZERO,
            #[cfg(feature = "tls")]
            tls: None,
            configure_translation: Arc::new(|_| {}),
            api_keys: Vec::new(),
            secret: None,
            models: Vec::new(),
            dialect: Choice::default(),
            faults: Arc::new(Faults::default),
            journal: None,
            #[cfg(feature = "admin")]
            admin: None,
            #[cfg(feature = "conformance")]
            verify: false,
        }
    }
}

impl ServerOptions {
    #[cfg_attr(
        not(feature = "tls"),
        allow(clippy::unused_self, reason = "without TLS no server has it")
    )]
    fn has_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("seed", &self.seed)
            .field("started_at", &self.started_at)
            .field("limits", &self.limits)
            .field("models", &self.models)
            .field("drain", &self.drain)
            .finish_non_exhaustive()
    }
}

/// A server that listens already and serves once it is run.
///
/// ```no_run
/// use mock_realtime::server::{Server, ServerOptions};
///
/// # async fn example() -> std::io::Result<()> {
/// let server = Server::bind("127.0.0.1:0", ServerOptions::default()).await?;
/// println!("point the SDK at {}", server.url());
/// server.run(std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    options: ServerOptions,
    gate: Gate,
    /// How many ephemeral keys there were.
    secrets: AtomicU32,
    started: Instant,
    /// The sessions that are of no other realm.
    default: Arc<Realm>,
    #[cfg(feature = "admin")]
    admin: Option<admin::Admin>,
    metrics: Arc<Metrics>,
    admission: Admission,
    #[cfg(feature = "calls")]
    calls: calls::Calls,
    /// What clients are walked through in place of a session.
    #[cfg(feature = "conformance")]
    exercise: Option<Exercise>,
    #[cfg(feature = "conformance")]
    verification: Option<Verification>,
}

impl Shared {
    fn new(mut options: ServerOptions, observer: Option<Observer>) -> Self {
        let secrets = match options.secret.take() {
            Some(secret) => Secrets::new(secret.as_bytes()),
            None => Secrets::new(&options.seed.to_be_bytes()),
        };
        #[cfg(feature = "conformance")]
        let verification = options.verify.then(Verification::default);
        let metrics = Metrics::default();
        #[cfg(feature = "conformance")]
        let metrics = metrics.with_verification(verification.clone());
        let metrics = Arc::new(metrics);
        let observer = observer.or_else(|| {
            let limits = options.journal?;
            Some(Observer::new(Journal::with_limits(limits)))
        });
        Self {
            #[cfg(feature = "conformance")]
            verification,
            gate: Gate::new(std::mem::take(&mut options.api_keys), secrets),
            admission: Admission::new(options.limits.sessions, Arc::clone(&metrics)),
            default: Arc::new(Realm::of_server(&options, observer)),
            #[cfg(feature = "admin")]
            admin: options.admin.take().map(admin::Admin::new),
            options,
            secrets: AtomicU32::new(0),
            started: Instant::now(),
            metrics,
            #[cfg(feature = "calls")]
            calls: calls::Calls::default(),
            #[cfg(feature = "conformance")]
            exercise: None,
        }
    }

    /// The time, in Unix seconds. Where sessions start at a time that is given, the server does, too.
    fn now(&self) -> u64 {
        match self.options.started_at {
            Some(started_at) => started_at.saturating_add(self.started.elapsed().as_secs()),
            None => unix_seconds(),
        }
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

impl Server {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Where the address cannot be listened on: it is taken, or not of this machine.
    pub async fn bind(
        address: impl ToSocketAddrs,
        options: ServerOptions,
    ) -> std::io::Result<Self> {
        Self::bind_observed(address, options, None).await
    }

    /// The same with an exercise: whoever opens a session is walked through it. Handshakes, keys and
    /// what is not a WebSocket are as with any server.
    ///
    /// # Errors
    ///
    /// As those of [`bind`](Self::bind).
    #[cfg(feature = "conformance")]
    pub async fn bind_exercise(
        address: impl ToSocketAddrs,
        options: ServerOptions,
        exercise: Exercise,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let mut shared = Shared::new(options, None);
        shared.exercise = Some(exercise);
        Self::listening(listener, shared)
    }

    async fn bind_observed(
        address: impl ToSocketAddrs,
        options: ServerOptions,
        observer: Option<Observer>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Self::listening(listener, Shared::new(options, observer))
    }

    fn listening(listener: TcpListener, shared: Shared) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            shared: Arc::new(shared),
        })
    }

    fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Where its calls come in. With the feature `calls`.
    #[cfg(feature = "calls")]
    pub fn switchboard(&self) -> calls::Switchboard {
        calls::Switchboard::new(self.shared(), Arc::clone(&self.shared.default))
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for SDKs, to which they add `/realtime`. A server that listens everywhere names
    /// this machine.
    pub fn url(&self) -> String {
        let scheme = if self.shared.options.has_tls() {
            "wss"
        } else {
            "ws"
        };
        format!("{scheme}://{}/v1", reachable(self.address))
    }

    /// What is found in the frames that the server sends of itself, where
    /// [`verify`](ServerOptions::verify) asks for it; also once the server has ended.
    #[cfg(feature = "conformance")]
    pub fn verification(&self) -> Option<Verification> {
        self.shared.verification.clone()
    }

    /// Serves until `shutdown` is ready, and ends in order: new sessions are refused with the HTTP
    /// status 503, those in which nothing happens are closed with code 1001, the others once their
    /// responses are done, or [`ServerOptions::drain`] is over. Returns when the last one is gone.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listener, shared, ..
        } = self;
        let (stopper, stopping) = shutdown::serving();
        let handshakes = Arc::new(Semaphore::new(shared.options.limits.handshakes));
        let accepting = || accept_all(&listener, &shared, &stopping, &handshakes);
        tokio::select! {
            () = accepting() => {}
            () = shutdown => {}
        }
        stopper.enter(Phase::Draining);
        tokio::select! {
            // Probes and clients are still told how things are.
            () = accepting() => {}
            () = shared.admission.all_over() => {}
            () = tokio::time::sleep(shared.options.drain) => {}
        }
        drop(listener);
        drop(stopping);
        stopper.enter(Phase::Stopping);
        stopper.all_gone().await;
    }
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
