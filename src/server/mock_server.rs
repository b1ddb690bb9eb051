//! A server for one test.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeBounds;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{DuplexStream, duplex};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error};

use crate::client::MockSocket;
use crate::dialect::{Asked, Choice};
use crate::engine::{
    HookContext, HookResult, Hooks, Pacing, ScriptedTranscriber, SessionKind, SessionOptions,
    TranslationOptions,
};
use crate::expect::{Expect, Expectations, Journal, Limits as JournalLimits};
use crate::faults::Faults;
use crate::generators::{ResponsePlan, Scripted};
#[cfg(feature = "conformance")]
use crate::mock::Verification;
use crate::mock::{Observer, SessionControl, conclude};
use crate::protocol::EventPayload;
use crate::protocol::realtime::{ClientEvent, ClientEventKind};
#[cfg(feature = "scenario")]
use crate::scenario::{Scenario, ScenarioRun};

#[cfg(feature = "admin")]
use super::AdminOptions;
use super::accept::Accepted;
use super::models;
use super::secrets::SessionGrant;
use super::shutdown::{self, Stopper, Stopping};
use super::{Limits, Server, ServerOptions, Shared};

/// A key like any other.
const ANY_KEY: &str = "mock";

/// So many bytes are on their way in process until they are read.
const PIPE: usize = 64 * 1024;

/// A mock on a port of its own, for one test.
///
/// It serves from [`start`](Self::start) until it is dropped. Then all sessions are closed, and what
/// was expected is checked. Any number of them run side by side.
///
/// On tokio's paused time use [`connect`](Self::connect) or [`connector`](Self::connector): over the
/// network tokio's time passes while bytes are on their way, and deadlines come before them.
///
/// ```
/// use futures_util::StreamExt;
/// use mock_realtime::protocol::realtime::ResponseCreate;
/// use mock_realtime::server::MockServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mock = MockServer::start().await;
/// mock.expect::<ResponseCreate>().never();
/// // The agent under test connects to `mock.url()`. In its place:
/// let (mut socket, _) = tokio_tungstenite::connect_async(mock.request()).await.unwrap();
/// let created = socket.next().await.unwrap().unwrap();
/// assert!(created.to_text().unwrap().contains("session.created"));
/// # }
/// ```
#[derive(Debug)]
pub struct MockServer {
    url: String,
    /// A key that is accepted.
    key: String,
    shared: Arc<Shared>,
    expectations: Expectations,
    observer: Observer,
    configurations: Configurations,
    stop: Option<oneshot::Sender<()>>,
    /// What tells those who are connected in process that the server is gone.
    in_process: (Stopper, Stopping),
}

/// How a [`MockServer`] is to be.
#[derive(Debug)]
#[must_use = "a server is there once it is started"]
pub struct MockServerBuilder {
    options: ServerOptions,
    configurations: Configurations,
    observer: Observer,
}

impl Default for MockServerBuilder {
    fn default() -> Self {
        Self {
            options: ServerOptions::default(),
            configurations: Configurations::default(),
            observer: Observer::new(Journal::default()),
        }
    }
}

type Configuration = Arc<dyn Fn(&mut SessionOptions) + Send + Sync>;

/// What is done to the options of each new session, in order.
#[derive(Clone, Default)]
struct Configurations(Arc<Mutex<Vec<Configuration>>>);

impl Configurations {
    fn add(&self, configuration: impl Fn(&mut SessionOptions) + Send + Sync + 'static) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::new(configuration));
    }

    fn apply(&self, options: &mut SessionOptions) {
        let all = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for configuration in all {
            configuration(options);
        }
    }
}

impl fmt::Debug for Configurations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Configurations")
    }
}

impl MockServerBuilder {
    /// The seed of the first session; the sessions after it count up from there.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// The Unix second at which every session starts. With it, the same run gives the same bytes.
    pub fn started_at(mut self, started_at: u64) -> Self {
        self.options.started_at = Some(started_at);
        self
    }

    /// A key that clients may come with, beside those that were said before and the ephemeral ones.
    /// Where none is said, any will do.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.options.api_keys.push(key.into());
        self
    }

    /// Models that clients may ask for, beside those that were said before. Where none is said, any
    /// will do that is not known to be for something else.
    pub fn models<T: Into<String>>(mut self, models: impl IntoIterator<Item = T>) -> Self {
        self.options
            .models
            .extend(models.into_iter().map(Into::into));
        self
    }

    /// What ephemeral keys are signed with, for a test with two servers that accept each other's.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.options.secret = Some(secret.into());
        self
    }

    /// What is too much.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Which dialects it speaks: GA alone if nothing is said. Expectations and the journal see GA
    /// events in any.
    pub fn dialect(mut self, dialect: Choice) -> Self {
        self.options.dialect = dialect;
        self
    }

    /// Lets it be controlled over HTTP, too, under [`MockServer::admin_url`]. Sessions without a key are
    /// those of this server, in its journal. With the feature `admin`.
    #[cfg(feature = "admin")]
    pub fn admin(mut self, admin: AdminOptions) -> Self {
        self.options.admin = Some(admin);
        self
    }

    /// How much its journal keeps, if not as much as [`JournalLimits::default`] says: a test with hundreds of
    /// long sessions has more to look at.
    pub fn journal_limits(self, limits: JournalLimits) -> Self {
        self.observer.journal().set_limits(limits);
        self
    }

    /// What each session says, response by response.
    pub fn say<T: Into<String>>(self, texts: impl IntoIterator<Item = T>) -> Self {
        self.respond(texts.into_iter().map(ResponsePlan::message))
    }

    /// What each session's responses consist of, one after the other: speech, calls, failures.
    pub fn respond(self, plans: impl IntoIterator<Item = ResponsePlan>) -> Self {
        let scripted = Scripted::of(plans);
        self.configure(move |options| options.generator = Box::new(scripted.clone()))
    }

    /// What the user is heard to say in each session, turn by turn.
    pub fn hear<T: Into<String>>(self, sentences: impl IntoIterator<Item = T>) -> Self {
        let sentences: Vec<String> = sentences.into_iter().map(Into::into).collect();
        self.configure(move |options| {
            options.transcriber = Box::new(ScriptedTranscriber::new(sentences.clone()));
        })
    }

    /// The scenario that each session follows, from its beginning, with what goes wrong in it. With the
    /// feature `scenario`.
    #[cfg(feature = "scenario")]
    pub fn scenario(self, scenario: Scenario) -> Self {
        self.observer.add_faults(.., scenario.faults.clone());
        let compiled = Arc::new(scenario.compile());
        self.configure(move |options| ScenarioRun::new(Arc::clone(&compiled)).configure(options))
    }

    /// How fast responses are sent; all at once if nothing is said.
    pub fn pacing(self, pacing: Pacing) -> Self {
        self.configure(move |options| options.pacing = pacing)
    }

    /// Anything else about each new session.
    pub fn configure(
        self,
        configuration: impl Fn(&mut SessionOptions) + Send + Sync + 'static,
    ) -> Self {
        self.configurations.add(configuration);
        self
    }

    /// Anything about each new translation session, after what is said of all sessions.
    pub fn configure_translation(
        mut self,
        configuration: impl Fn(&mut TranslationOptions) + Send + Sync + 'static,
    ) -> Self {
        self.options.configure_translation = Arc::new(configuration);
        self
    }

    /// Has each frame that the mock sends of itself held against the protocol: the schema as
    /// observed, and the rules of order. One that breaks a rule is not sent; its session is closed
    /// with the code 1011, and [`MockServer::verify`] or the end of the server panics and says which
    /// rule it was. What a test pushes, what a hook sends and what faults break is exempt; the
    /// journal has it marked. With the feature `conformance`.
    ///
    /// The environment variable `MOCK_REALTIME_VERIFY=1` does the same for every mock in process.
    #[cfg(feature = "conformance")]
    pub fn verify(mut self) -> Self {
        self.options.verify = true;
        self
    }

    /// Puts hooks around the events of each new session.
    pub fn hooks(self, hooks: impl Fn(&mut Hooks) + Send + Sync + 'static) -> Self {
        self.configure(move |options| hooks(&mut options.hooks))
    }

    /// Has each connection go wrong like this.
    pub fn faults(self, faults: impl Into<Faults>) -> Self {
        self.faults_for(.., faults)
    }

    /// Has the connections with these numbers go wrong like this, beside what was said of them before:
    /// `..3` are the first three. Handshakes that are refused are connections, too.
    pub fn faults_for(
        self,
        connections: impl RangeBounds<usize>,
        faults: impl Into<Faults>,
    ) -> Self {
        self.observer.add_faults(connections, faults.into());
        self
    }

    /// Starts the server on a free port of this machine.
    ///
    /// # Panics
    ///
    /// If no port can be listened on.
    pub async fn start(self) -> MockServer {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let started = self.listen(address).await;
        started.unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"))
    }

    /// Starts the server at this address: for what has to know it beforehand.
    ///
    /// # Errors
    ///
    /// Where the address cannot be listened on.
    pub async fn listen(self, address: SocketAddr) -> io::Result<MockServer> {
        let configurations = self.configurations.clone();
        let accepted = self.options.api_keys.first();
        let key = accepted.map_or(ANY_KEY, String::as_str).to_owned();
        let options = ServerOptions {
            #[cfg(feature = "conformance")]
            verify: self.options.verify || Verification::from_env().is_some(),
            configure: Arc::new(move |options| configurations.apply(options)),
            ..self.options
        };
        let observer = self.observer;
        let server = Server::bind_observed(address, options, Some(observer.clone())).await?;
        let url = server.url();
        let shared = server.shared();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server.run(async {
            // A sender that is gone stops it too.
            let _ = stopped.await;
        }));
        Ok(MockServer {
            url,
            key,
            shared,
            expectations: Expectations::default(),
            observer,
            configurations: self.configurations,
            stop: Some(stop),
            in_process: shutdown::serving(),
        })
    }
}

impl MockServer {
    /// Starts a server with nothing special about it.
    ///
    /// # Panics
    ///
    /// If no port can be listened on.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Says how it is to be before it starts.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }

    /// The base URL for SDKs, to which they add `/realtime`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The base URL of the admin API, if it has one: `http://…/_mock`. `openapi.json` below it says what
    /// there is.
    #[cfg(feature = "admin")]
    pub fn admin_url(&self) -> String {
        let base = self.url.trim_end_matches("/v1").replacen("ws", "http", 1);
        format!("{base}/_mock")
    }

    /// The whole address of a conversation, with a model that is accepted.
    pub fn ws_url(&self) -> String {
        let model = models::for_conversations(&self.shared.options.models);
        let model: String = form_urlencoded::byte_serialize(model.as_bytes()).collect();
        format!("{}/realtime?model={model}", self.url)
    }

    /// A request for a conversation, as `tokio_tungstenite::connect_async` takes it: with a key that is
    /// accepted, since whoever shows none is refused, as by the service. Headers can be added to it.
    pub fn request(&self) -> ClientRequestBuilder {
        // What is parsed was made from an address of a socket.
        let address = self.ws_url().parse().unwrap_or_default();
        let bearer = format!("Bearer {}", self.key);
        ClientRequestBuilder::new(address).with_header("Authorization", bearer)
    }

    /// What connects to it in process, without the network between: for code that is generic over its
    /// socket. Such connections count as any other. On paused time they are the ones to use: tokio's
    /// time may pass while bytes are in the network.
    pub fn connector(&self) -> MockConnector {
        MockConnector {
            shared: Arc::clone(&self.shared),
            journal: self.journal().clone(),
            stopping: self.in_process.1.clone(),
        }
    }

    /// Connects in process, as [`connector`](Self::connector) does.
    ///
    /// # Errors
    ///
    /// The refusal that a test asked for.
    pub fn connect(&self) -> Result<MockSocket, Error> {
        self.connector().connect()
    }

    /// Where its calls come in. With the feature `calls`.
    #[cfg(feature = "calls")]
    pub fn switchboard(&self) -> super::calls::Switchboard {
        super::calls::Switchboard::new(Arc::clone(&self.shared), Arc::clone(&self.shared.default))
    }

    /// Has a telephone call come in. With the feature `calls`; see [`calls`](super::calls).
    #[cfg(feature = "calls")]
    pub fn call(&self, incoming: super::calls::IncomingCall) -> super::calls::CallHandle {
        self.switchboard().ring(incoming)
    }

    /// How many connections were tried so far, with those whose handshake was refused.
    pub fn connections(&self) -> usize {
        self.observer.connections()
    }

    /// A hand on each session that was opened so far, in order.
    pub fn sessions(&self) -> Vec<SessionControl> {
        self.observer.sessions()
    }

    /// A hand on the session with this number, from 0, once a client has opened it.
    pub async fn session(&self, number: usize) -> SessionControl {
        self.observer.session(number).await
    }

    /// Changes what sessions opened from now on do.
    pub fn configure(&self, configuration: impl Fn(&mut SessionOptions) + Send + Sync + 'static) {
        self.configurations.add(configuration);
    }

    /// Calls `hook` after each event of a type, in the sessions opened from now on, when what it
    /// caused at once is queued. [`MockServerBuilder::hooks`] has more, such as taking an event over.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mock_realtime::protocol::realtime::InputAudioBufferAppend;
    /// use mock_realtime::server::MockServer;
    ///
    /// let mock = MockServer::start().await;
    /// mock.on::<InputAudioBufferAppend>(|event, context| {
    ///     if event.audio.is_empty() {
    ///         context.send_text("{ what does the agent do with this?");
    ///     }
    ///     Ok(())
    /// });
    /// # }
    /// ```
    pub fn on<P: EventPayload<ClientEvent>>(
        &self,
        hook: impl Fn(&P, &mut HookContext<'_>) -> HookResult + Send + Sync + 'static,
    ) {
        let hook = Arc::new(hook);
        self.configure(move |options| {
            let hook = Arc::clone(&hook);
            options
                .hooks
                .after(move |event: &P, context| hook(event, context));
        });
    }

    /// Every frame of every session, both ways.
    pub fn journal(&self) -> &Journal {
        self.observer.journal()
    }

    /// Expects an event of the clients, at least once unless more is said. Checked by
    /// [`verify`](Self::verify), and when the server is dropped.
    #[track_caller]
    pub fn expect<P: EventPayload<ClientEvent>>(&self) -> Expect<P> {
        self.expectations.expect()
    }

    /// Expects that a session has events of these types in this order, others between them or not.
    pub fn expect_in_order(&self, kinds: impl IntoIterator<Item = ClientEventKind>) {
        self.expectations.in_order(kinds);
    }

    /// Checks what was expected, and what the mock has sent if that is
    /// [verified](MockServerBuilder::verify).
    ///
    /// # Panics
    ///
    /// If it was not met, with what was sent.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(failure) = self.outcome() {
            panic!("{failure}");
        }
    }

    fn outcome(&self) -> Result<(), String> {
        #[cfg(feature = "conformance")]
        if let Some(verification) = &self.shared.verification {
            verification.verdict(self.journal())?;
        }
        let met = self.expectations.verify(self.journal());
        met.map_err(|unmet| unmet.to_string())
    }
}

/// Connects to a [`MockServer`] in process, as often as a client does. Clones connect to the same.
#[derive(Clone, Debug)]
pub struct MockConnector {
    shared: Arc<Shared>,
    journal: Journal,
    stopping: Stopping,
}

impl MockConnector {
    /// A stream to the server as one of TCP is, without the network: for whatever speaks HTTP or
    /// WebSocket over a stream, such as `tokio_tungstenite::client_async`. On paused time no time passes
    /// while bytes are on it.
    ///
    /// # Panics
    ///
    /// Outside a runtime of tokio.
    pub fn stream(&self) -> DuplexStream {
        let (client, server) = duplex(PIPE);
        let accepted = Accepted {
            shared: Arc::clone(&self.shared),
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            stopping: self.stopping.clone(),
        };
        tokio::spawn(accepted.serve_http(server));
        client
    }

    /// Opens a conversation, as `tokio_tungstenite::connect_async` does over the network.
    ///
    /// # Errors
    ///
    /// The refusal that a test asked for, with its HTTP status.
    pub fn connect(&self) -> Result<MockSocket, Error> {
        let realm = &self.shared.default;
        let faults = realm.connect();
        if let Some(refusal) = faults.begin_in_process() {
            let response = realm.refused_by_fault(&refusal, &faults).into_response();
            let response = response.map(|body| Some(body.into_bytes()));
            return Err(Error::Http(Box::new(response)));
        }
        let dialect = self.shared.options.dialect.of(Asked::default());
        let dialect = dialect.unwrap_or_default();
        let kind = SessionKind::Realtime;
        let model = models::for_conversations(&self.shared.options.models).to_owned();
        let grant = SessionGrant::default();
        let session = self
            .shared
            .default
            .session(dialect, kind, model, grant, &faults);
        #[cfg(feature = "conformance")]
        let session = session.verified(self.shared.verification.as_ref());
        Ok(MockSocket::over(session, self.journal.clone()))
    }
}

impl Drop for MockServer {
    /// Closes all sessions, and checks what was expected unless the test fails already. Of a test
    /// that fails the frames and the sound are saved where `MOCK_REALTIME_ARTIFACTS` names a directory.
    fn drop(&mut self) {
        drop(self.stop.take());
        conclude(self.outcome(), self.journal());
    }
}
