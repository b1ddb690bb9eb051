//! What sessions that belong together have in common: what they say, the seed they are made from, and
//! who sees them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::dialect::{Dialect, DialectSession};
use crate::engine::{SessionKind, SessionOptions, TranslationOptions, TranslationSession};
use crate::expect::{self, Journal};
use crate::faults::{self, ConnectionFaults, Faults, RefuseHandshake};
use crate::mock::{Engine, MockSession, Observer, SessionControl};
use crate::protocol::realtime::TranslationAudio;

use hyper::HeaderMap;

use super::refusals::{HandshakeRefusal, HttpRefusal};
use super::refused::RefusedSession;
use super::secrets::{Granted, SessionGrant};
use super::{Configure, ConfigureTranslation, FaultsOf, ServerOptions, Shared, unix_seconds};

/// The header and the parameter of an address that say of which test a request is.
const KEY_HEADER: &str = "x-mock-scenario";
const KEY_PARAMETER: &str = "mock_scenario";

/// The key of those that have none.
pub(super) const DEFAULT: &str = "default";

/// The test that a request says it is of: by its header, its address, or the ephemeral key that it
/// shows.
pub(super) fn test_of(
    headers: &HeaderMap,
    query: &str,
    granted: Option<&Granted>,
) -> Result<Option<String>, HandshakeRefusal> {
    let in_header = headers.get(KEY_HEADER);
    let in_header = in_header.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    let in_address = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == KEY_PARAMETER)
        .map(|(_, key)| key.into_owned());
    let in_key = granted.and_then(|granted| granted.test.clone());
    let said = [
        ("X-Mock-Scenario", in_header),
        ("mock_scenario", in_address),
        ("the one of the ephemeral key", in_key),
    ];
    let mut said = said
        .into_iter()
        .filter_map(|(place, key)| Some((place, key?)));
    let Some(first) = said.next() else {
        return Ok(None);
    };
    match said.find(|(_, other)| *other != first.1) {
        Some(other) => Err(HandshakeRefusal::two_tests(&first, &other)),
        None => Ok(Some(first.1)),
    }
}

impl Shared {
    /// The realm of a test; of all that is of none, without one.
    pub(super) fn realm(&self, test: Option<&str>) -> Result<Arc<Realm>, HandshakeRefusal> {
        self.realm_of(test.unwrap_or(DEFAULT))
    }

    #[cfg(feature = "admin")]
    fn realm_of(&self, key: &str) -> Result<Arc<Realm>, HandshakeRefusal> {
        let admin = self.admin.as_ref();
        match admin.and_then(|admin| admin.keys().find(key)) {
            Some(keyed) => Ok(keyed.realm()),
            None if key == DEFAULT => Ok(Arc::clone(&self.default)),
            None if admin.is_some() => Err(HandshakeRefusal::unknown_test(key)),
            None => Err(HandshakeRefusal::no_tests(key)),
        }
    }

    #[cfg(not(feature = "admin"))]
    fn realm_of(&self, key: &str) -> Result<Arc<Realm>, HandshakeRefusal> {
        if key == DEFAULT {
            return Ok(Arc::clone(&self.default));
        }
        Err(HandshakeRefusal::no_tests(key))
    }
}

/// Sessions that belong together. Those of one realm know nothing of those of another.
pub(super) struct Realm {
    pub(super) seed: u64,
    pub(super) started_at: Option<u64>,
    pub(super) configure: Arc<Configure>,
    pub(super) configure_translation: Arc<ConfigureTranslation>,
    pub(super) observer: Option<Observer>,
    /// What goes wrong, beside what the observer knows of.
    pub(super) faults: Arc<FaultsOf>,
    /// How many sessions there were.
    sessions: AtomicU64,
    /// How many connections there were that nobody observes and something goes wrong in.
    connections: AtomicUsize,
}

impl Realm {
    /// The realm of sessions that are of no other, as the server was started.
    pub(super) fn of_server(options: &ServerOptions, observer: Option<Observer>) -> Self {
        Self {
            configure: Arc::clone(&options.configure),
            configure_translation: Arc::clone(&options.configure_translation),
            observer,
            faults: Arc::clone(&options.faults),
            ..Self::new(options.seed, options.started_at)
        }
    }

    /// A realm whose sessions are as the engine has them, and whom nobody sees.
    pub(super) fn new(seed: u64, started_at: Option<u64>) -> Self {
        Self {
            seed,
            started_at,
            configure: Arc::new(|_| {}),
            configure_translation: Arc::new(|_| {}),
            observer: None,
            faults: Arc::new(Faults::default),
            sessions: AtomicU64::new(0),
            connections: AtomicUsize::new(0),
        }
    }

    /// A client connects: what is to go wrong with it.
    pub(super) fn connect(&self) -> ConnectionFaults {
        let faults = (self.faults)();
        match &self.observer {
            Some(observer) => observer.connect(&faults),
            None if faults.is_empty() => ConnectionFaults::default(),
            None => {
                let number = self.connections.fetch_add(1, Ordering::Relaxed);
                ConnectionFaults::of(number, [&faults])
            }
        }
    }

    /// The answer to a handshake that a fault refuses.
    pub(super) fn refused_by_fault(
        &self,
        refusal: &RefuseHandshake,
        faults: &ConnectionFaults,
    ) -> HttpRefusal {
        for fired in faults.take_fired() {
            faults::tell(&fired, "(handshake)");
            if let Some(observer) = &self.observer {
                observer.note_refused(fired);
            }
        }
        HttpRefusal::asked_for(refusal)
    }

    /// Whether more than the client sees a session.
    pub(super) fn is_observed(&self, faults: &ConnectionFaults) -> bool {
        self.observer.is_some() || !faults.is_empty()
    }

    /// The next session, of this kind and with this model and what its key grants.
    pub(super) fn session(
        &self,
        dialect: Dialect,
        kind: SessionKind,
        model: String,
        grant: SessionGrant,
        faults: &ConnectionFaults,
    ) -> MockSession {
        let mut options = self.next_options();
        options.maximum_duration = dialect.maximum_duration();
        options.kind = kind;
        options.model = model;
        options.settings = grant.settings;
        (self.configure)(&mut options);
        if self.is_observed(faults) {
            faults.apply(&mut options);
        }
        let mut session = DialectSession::new(dialect, options);
        if let Some(temperature) = grant.temperature {
            session = session.with_temperature(temperature);
        }
        self.open(session, faults)
    }

    /// The next session, which translates.
    pub(super) fn translation(
        &self,
        model: String,
        settings: Option<TranslationAudio>,
        faults: &ConnectionFaults,
    ) -> MockSession<TranslationSession> {
        let mut options = self.next_options();
        options.model = model;
        (self.configure)(&mut options);
        let mut options = TranslationOptions::from(options);
        options.settings = settings;
        (self.configure_translation)(&mut options);
        if self.is_observed(faults) {
            faults.apply_to_translation(&mut options);
        }
        self.open(TranslationSession::new(options), faults)
    }

    /// The next session, which is none.
    pub(super) fn refused(
        &self,
        refusal: HandshakeRefusal,
        faults: &ConnectionFaults,
    ) -> MockSession<RefusedSession> {
        let options = self.next_options();
        let session = RefusedSession::new(refusal, options.seed, options.started_at);
        self.open(session, faults)
    }

    pub(super) fn next_options(&self) -> SessionOptions {
        let index = self.sessions.fetch_add(1, Ordering::Relaxed);
        SessionOptions {
            seed: self.seed.wrapping_add(index),
            started_at: self.started_at.unwrap_or_else(unix_seconds),
            ..SessionOptions::default()
        }
    }

    pub(super) fn open<E: Engine>(&self, session: E, faults: &ConnectionFaults) -> MockSession<E> {
        match &self.observer {
            Some(observer) => observer.see(session, faults),
            None if faults.is_empty() => MockSession::unobserved(session),
            // Nobody reads what is noted of it: it is told to the log alone.
            None => {
                let (frames, bytes) = (0, 0);
                let journal = Journal::with_limits(expect::Limits { frames, bytes });
                let control = SessionControl::of(faults.clone(), session.warnings());
                MockSession::observed(session, faults.connection(), journal, control)
            }
        }
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm")
            .field("seed", &self.seed)
            .field("started_at", &self.started_at)
            .field("sessions", &self.sessions)
            .finish_non_exhaustive()
    }
}
