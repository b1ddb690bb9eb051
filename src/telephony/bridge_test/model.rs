//! The model at the other end.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, timeout};

use crate::expect::Entry;
use crate::scenario::{CompiledScenario, Scenario, ScenarioRun};
use crate::server::MockServer;

/// The mock, with the scenario that its next session follows.
#[derive(Debug)]
pub(super) struct Model {
    server: MockServer,
    scenario: Arc<Mutex<Option<Arc<CompiledScenario>>>>,
    /// When the last session began.
    began: Arc<Mutex<Instant>>,
    /// How many sessions belong to calls already.
    taken: AsyncMutex<usize>,
}

impl Model {
    pub(super) async fn start(address: SocketAddr, seed: u64) -> io::Result<Self> {
        let scenario: Arc<Mutex<Option<Arc<CompiledScenario>>>> = Arc::default();
        let current = Arc::clone(&scenario);
        let began = Arc::new(Mutex::new(Instant::now()));
        let begins = Arc::clone(&began);
        let server = MockServer::builder()
            .seed(seed)
            .configure(move |options| {
                *begins.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                let current = current.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(scenario) = &*current {
                    ScenarioRun::new(Arc::clone(scenario)).configure(options);
                }
            })
            .listen(address)
            .await?;
        Ok(Self {
            server,
            scenario,
            began,
            taken: AsyncMutex::default(),
        })
    }

    pub(super) fn server(&self) -> &MockServer {
        &self.server
    }

    /// Has new sessions follow this.
    pub(super) fn follow(&self, scenario: &Scenario) {
        let compiled = Arc::new(scenario.clone().compile());
        *self.scenario.lock().unwrap_or_else(PoisonError::into_inner) = Some(compiled);
    }

    /// The number of the next session, once it is opened, and when it began: whoever waits for it may
    /// be told late, on a busy machine.
    pub(super) async fn next_session(&self) -> (usize, Instant) {
        let mut taken = self.taken.lock().await;
        let number = *taken;
        self.server.session(number).await;
        *taken += 1;
        let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
        (number, began)
    }

    /// All frames of a session, when it is closed or has been waited for.
    pub(super) async fn entries(&self, session: usize, patience: Duration) -> Vec<Entry> {
        let journal = self.server.journal();
        // What is left open is told by what is missing.
        let _ = timeout(patience, journal.until_closed(session)).await;
        journal.of_session(session)
    }
}
