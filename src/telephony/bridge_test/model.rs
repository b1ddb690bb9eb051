//! The model at the other end.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::audio::AudioProcessor;
use crate::expect::{Entry, Frame, Limits};
use crate::protocol::realtime::ServerEvent;
use crate::scenario::{CompiledScenario, Scenario, ScenarioRun};
use crate::server::MockServer;
use crate::telephony::tones::{Mixer, Tones};

/// So many bytes of what sessions sent and got are kept.
const KEPT: usize = 1 << 30;

/// The mock, with the scenario that its next session follows.
#[derive(Debug)]
pub(super) struct Model {
    server: MockServer,
    scenario: Arc<Mutex<Option<Arc<CompiledScenario>>>>,
    /// What is under all that its next session says.
    tones: Arc<Mutex<Option<Tones>>>,
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
        let tones: Arc<Mutex<Option<Tones>>> = Arc::default();
        let under = Arc::clone(&tones);
        let server = MockServer::builder()
            .seed(seed)
            .journal_limits(Limits {
                frames: usize::MAX,
                bytes: KEPT,
            })
            .configure(move |options| {
                *begins.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                let current = current.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(scenario) = &*current {
                    ScenarioRun::new(Arc::clone(scenario)).configure(options);
                }
                let under = *under.lock().unwrap_or_else(PoisonError::into_inner);
                options.output_processors.extend(
                    under.map(|tones| Box::new(Mixer::new(tones)) as Box<dyn AudioProcessor>),
                );
            })
            .listen(address)
            .await?;
        Ok(Self {
            server,
            scenario,
            tones,
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

    /// Has new sessions speak with these tones.
    pub(super) fn speak_with(&self, tones: Option<Tones>) {
        *self.tones.lock().unwrap_or_else(PoisonError::into_inner) = tones;
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

    /// All frames of these sessions, when they are closed or have been waited for. Those of which the
    /// beginning was too long ago to be kept are not among them.
    pub(super) async fn entries(
        &self,
        sessions: &HashSet<usize>,
        patience: Duration,
    ) -> HashMap<usize, Vec<Entry>> {
        let journal = self.server.journal();
        // What is left open is told by what is missing.
        let deadline = Instant::now() + patience;
        let mut entries = journal.of_closed_sessions(sessions, deadline).await;
        if journal.forgotten() > 0 {
            // The oldest are forgotten first.
            entries.retain(|_, entries| entries.first().is_some_and(is_beginning));
        }
        entries
    }
}

fn is_beginning(entry: &Entry) -> bool {
    matches!(entry.frame, Frame::Server(ServerEvent::SessionCreated(_)))
}
