//! A bridge tried from both of its ends: callers on one side, the mock model on the other.
//!
//! ```no_run
//! use mock_realtime::telephony::bridge_test::{BridgeTest, Suite};
//! use mock_realtime::telephony::record::Carrier;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let test = BridgeTest::builder(Carrier::Twilio).suite(Suite::Quick)?.start().await?;
//! // The bridge is started with this as the address of its model:
//! let model = test.model_url().unwrap_or_default();
//! println!("OPENAI_BASE_URL={model}");
//! let report = test.run("ws://127.0.0.1:8090/twilio").await?;
//! assert!(report.is_success(), "{report}");
//! # Ok(())
//! # }
//! ```

mod model;
mod probes;
mod sessions;
mod suite;

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::model::Model;
use self::sessions::Sessions;
use super::audiocodes::AudioCodesOptions;
use super::checks::Limits;
use super::driver::{dial_over_since, dial_since};
use super::journal::Room;
use super::record::{CallRecord, Carrier, ModelRecord, Probe};
use super::report::{BridgeReport, CallReport, check_names};
use super::script::CallScript;
use super::tones::Tones;
use super::twilio::TwilioOptions;
use super::{BadUrl, Call, CallResult};
use crate::audio::AudioError;
use crate::scenario::{Problems, Scenario};
use crate::server::MockServer;

pub use suite::{Case, Suite};

/// So many bytes of all calls' messages are kept together.
const KEPT: usize = 1 << 30;

/// What came with each call, of its own: its number among the calls of the test.
const CALLER: &str = "caller";

/// A test of a bridge, before it is started.
#[derive(Debug)]
#[must_use = "a test is there once it is started"]
pub struct BridgeTestBuilder {
    carrier: Carrier,
    cases: Vec<Case>,
    probes: Vec<Probe>,
    calls: usize,
    seed: u64,
    limits: Limits,
    skipped: Vec<&'static str>,
    has_model: bool,
    address: SocketAddr,
    twilio: TwilioOptions,
    audiocodes: AudioCodesOptions,
}

impl BridgeTestBuilder {
    /// Adds the cases of a suite that is built in. The error is a fault of this crate.
    pub fn suite(mut self, suite: Suite) -> Result<Self, Problems> {
        self.cases.extend(suite.cases()?);
        self.probes.extend(suite.probes());
        Ok(self)
    }

    /// Makes one more call, in which nobody speaks. It is made where it can be: validation is of
    /// AudioCodes, and strangers are told by the credential that the carrier's options have.
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probes.push(probe);
        self
    }

    /// Adds a case: what the caller does, and what the model says to it.
    pub fn case(mut self, script: CallScript, model: Scenario) -> Self {
        self.cases.push(Case { script, model });
        self
    }

    /// Makes so many calls of each case at once; one if nothing is said. Where there are several, each
    /// has tones of its own under its voices, softly, by which it is told from the others.
    pub fn calls(mut self, calls: usize) -> Self {
        self.calls = calls.max(1);
        self
    }

    /// What ids and the model's choices come from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What the calls are held to.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Leaves out a check, by its name: what it asks is not this bridge's business.
    ///
    /// # Errors
    ///
    /// Where there is no such check.
    pub fn skip(mut self, check: &str) -> Result<Self, NoSuchCheck> {
        let name = check_names().find(|name| *name == check);
        let name = name.ok_or_else(|| NoSuchCheck(check.to_owned()))?;
        self.skipped.push(name);
        Ok(self)
    }

    /// The bridge talks to a model that is not the mock: only the caller's side is known.
    pub fn without_model(mut self) -> Self {
        self.has_model = false;
        self
    }

    /// Where the model listens; a free port of this machine if nothing is said.
    pub fn model_address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// How Twilio is to be. The seed is that of the test.
    pub fn twilio_options(mut self, options: TwilioOptions) -> Self {
        self.twilio = options;
        self
    }

    /// How AudioCodes is to be. The seed and the caller's number are those of the test.
    pub fn audiocodes_options(mut self, options: AudioCodesOptions) -> Self {
        self.audiocodes = options;
        self
    }

    /// Starts the model.
    ///
    /// # Errors
    ///
    /// Where the address cannot be listened on.
    pub async fn start(self) -> io::Result<BridgeTest> {
        let model = if self.has_model {
            Some(Model::start(self.address, self.seed).await?)
        } else {
            None
        };
        Ok(BridgeTest {
            settings: self,
            model,
        })
    }
}

/// A test of a bridge. Its model runs, where it has one, until this is dropped.
#[derive(Debug)]
pub struct BridgeTest {
    settings: BridgeTestBuilder,
    model: Option<Model>,
}

/// There is no check with this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchCheck(String);

impl std::fmt::Display for NoSuchCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = check_names().collect();
        let names = names.join(", ");
        write!(f, "there is no check `{}`; there are {names}", self.0)
    }
}

impl std::error::Error for NoSuchCheck {}

/// Why a test could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BridgeTestError {
    /// The bridge can be at no such address.
    BadUrl(BadUrl),
    /// A sound of a script cannot be read.
    Audio(AudioError),
}

impl std::fmt::Display for BridgeTestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadUrl(error) => error.fmt(f),
            Self::Audio(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BridgeTestError {}

impl From<BadUrl> for BridgeTestError {
    fn from(error: BadUrl) -> Self {
        Self::BadUrl(error)
    }
}

impl From<AudioError> for BridgeTestError {
    fn from(error: AudioError) -> Self {
        Self::Audio(error)
    }
}

/// A call that is yet to begin.
#[derive(Debug)]
struct Ready {
    /// Which of its case, from 0.
    number: usize,
    caller: String,
    /// What is under its voices.
    tones: Option<Tones>,
    call: Call,
}

/// A call that is over.
#[derive(Debug)]
struct Held {
    /// Which of its case, from 0.
    number: usize,
    caller: String,
    /// What was under its voices.
    tones: Option<Tones>,
    result: CallResult,
    /// The numbers of its sessions, and when they were opened, counted from the call's beginning.
    sessions: Vec<(usize, Duration)>,
}

impl BridgeTest {
    /// A test with callers of this carrier.
    pub fn builder(carrier: Carrier) -> BridgeTestBuilder {
        BridgeTestBuilder {
            carrier,
            cases: Vec::new(),
            probes: Vec::new(),
            calls: 1,
            seed: 0,
            limits: Limits::default(),
            skipped: Vec::new(),
            has_model: true,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            twilio: TwilioOptions::default(),
            audiocodes: AudioCodesOptions::default(),
        }
    }

    /// The base URL of the model, as SDKs take it.
    pub fn model_url(&self) -> Option<&str> {
        self.model().map(MockServer::url)
    }

    /// The model.
    pub fn model(&self) -> Option<&MockServer> {
        self.model.as_ref().map(Model::server)
    }

    /// Calls the bridge at this address of scheme `ws` or `wss`: case after case, all calls of a case
    /// at once.
    ///
    /// # Errors
    ///
    /// Where the bridge can be at no such address, or a sound of a script cannot be read. That no call
    /// gets through is in the report.
    pub async fn run(&self, url: &str) -> Result<BridgeReport, BridgeTestError> {
        // Tasks of their own, so that many calls have all of the machine.
        let dial = async |started, call| {
            let url = url.to_owned();
            let mut task = JoinSet::new();
            task.spawn(async move { dial_since(started, &url, call).await });
            task.join_all().await.remove(0)
        };
        self.run_with(dial).await
    }

    /// Calls a bridge in the same process: each time a connection is needed, `open` gives one. On
    /// tokio's paused time this waits for nothing.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_over<S>(
        &self,
        open: impl Fn() -> io::Result<S>,
    ) -> Result<BridgeReport, BridgeTestError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let url = "ws://bridge.invalid/";
        self.run_with(async |started, call| {
            dial_over_since(started, url, call, async || open()).await
        })
        .await
    }

    async fn run_with(
        &self,
        dial: impl AsyncFn(Instant, Call) -> Result<CallResult, BadUrl>,
    ) -> Result<BridgeReport, BridgeTestError> {
        let cases = &self.settings.cases;
        let mut reports = Vec::new();
        let mut room = KEPT;
        let mut models_forgotten = 0;
        for (case, cases_left) in cases.iter().zip((1..=cases.len()).rev()) {
            // What earlier cases have not needed is there for the later ones.
            let share = Room::of(room / cases_left);
            room -= share.left();
            let held = self.hold_all(case, reports.len(), &share, &dial).await?;
            room += share.left();
            let sessions = held.iter().map(|held| held.sessions.as_slice());
            let models = self.models(sessions).await;
            for (held, model) in held.into_iter().zip(models) {
                models_forgotten += usize::from(!held.sessions.is_empty() && model.is_none());
                reports.push(self.report(case, held, model));
            }
        }
        for probe in self.probes() {
            let report = Box::pin(self.try_out(probe, reports.len(), &dial));
            reports.push(report.await?);
        }
        let Self { settings, .. } = self;
        let mut report = BridgeReport::new(settings.carrier, reports, &settings.limits);
        report.skip(&settings.skipped);
        report.warn_of_models_forgotten(models_forgotten);
        Ok(report)
    }

    /// Holds all calls of a case at once. They are looked at when all are over: that takes time which
    /// calls that go on do not have.
    async fn hold_all(
        &self,
        case: &Case,
        first: usize,
        room: &Room,
        dial: &impl AsyncFn(Instant, Call) -> Result<CallResult, BadUrl>,
    ) -> Result<Vec<Held>, BridgeTestError> {
        if let Some(model) = &self.model {
            model.follow(&case.model);
        }
        let gate = Mutex::new(());
        // A bridge may open another session in a call that it takes up again.
        let has_several = self.settings.carrier.resumes() && case.script.breaks();
        // All are ready before the first one begins: that takes time as well.
        let ready = (0..self.settings.calls).map(|number| self.ready(case, first, number));
        let ready: Vec<Ready> = ready.collect::<Result<_, _>>()?;
        let calls = ready.into_iter().map(async |ready| {
            let alone = gate.lock().await;
            if let Some(model) = &self.model {
                model.speak_with(ready.tones);
            }
            let call = ready.call.within(room.clone());
            let (result, sessions) = self.hold(call, alone, has_several, dial).await?;
            Ok(Held {
                number: ready.number,
                caller: ready.caller,
                tones: ready.tones,
                result,
                sessions,
            })
        });
        try_join_all(calls).await
    }

    /// A call of a case, whose first is the `first` of all.
    fn ready(&self, case: &Case, first: usize, number: usize) -> Result<Ready, AudioError> {
        let caller = format!("+1555{:07}", first + number);
        let mut call = self.call(case, first + number, &caller)?;
        // Alone it cannot be taken for another.
        let tones = (self.settings.calls > 1).then(|| Tones::of_call(number));
        if let Some(tones) = tones {
            call.set_tones(tones);
        }
        Ok(Ready {
            number,
            caller,
            tones,
            call,
        })
    }

    /// Holds one call; gives the numbers of its sessions and when they were opened. The next one is
    /// dialled when this one has a session of the model, so that it is known which belongs to which; or
    /// when this one is over, where it may have several.
    async fn hold(
        &self,
        call: Call,
        alone: MutexGuard<'_, ()>,
        has_several: bool,
        dial: &impl AsyncFn(Instant, Call) -> Result<CallResult, BadUrl>,
    ) -> Result<(CallResult, Vec<(usize, Duration)>), BadUrl> {
        let mut sessions = Sessions::new(self.model.as_ref(), alone, has_several);
        let started = sessions.started();
        let result = sessions.during(dial(started, call)).await?;
        sessions.first().await;
        Ok((result, sessions.opened()))
    }

    /// The model's side of each call, where it is known.
    async fn models<'a>(
        &self,
        calls: impl Iterator<Item = &'a [(usize, Duration)]> + Clone,
    ) -> Vec<Option<ModelRecord>> {
        let numbers: HashSet<usize> = calls.clone().flatten().map(|(number, _)| *number).collect();
        let patience = self.settings.limits.clean_up + Duration::from_secs(1);
        let mut entries = match &self.model {
            Some(model) => model.entries(&numbers, patience).await,
            None => HashMap::new(),
        };
        let mut of_session = |(number, opened): &(usize, Duration)| {
            Some(ModelRecord::new(entries.remove(number)?, *opened))
        };
        let of_call = |sessions: &[(usize, Duration)]| {
            let sessions: Option<Vec<_>> = sessions.iter().map(&mut of_session).collect();
            sessions?.into_iter().reduce(ModelRecord::and)
        };
        calls.map(of_call).collect()
    }

    fn report(&self, case: &Case, held: Held, model: Option<ModelRecord>) -> CallReport {
        let mut parameters: Vec<(String, String)> =
            case.script.parameters.clone().into_iter().collect();
        parameters.push((CALLER.to_owned(), held.caller));
        let Self { settings, .. } = self;
        let record = CallRecord {
            tones: held.tones,
            ..CallRecord::of(settings.carrier, &held.result, parameters, model)
        };
        let number = held.number + 1;
        CallReport::new(case.name(), number, record, held.result, &settings.limits)
    }

    fn call(&self, case: &Case, of_all: usize, caller: &str) -> Result<Call, AudioError> {
        match self.settings.carrier {
            Carrier::Twilio => {
                let mut options = self.twilio(of_all);
                options
                    .parameters
                    .insert(CALLER.to_owned(), caller.to_owned());
                Call::twilio(options, &case.script)
            }
            Carrier::AudioCodes => {
                let mut options = self.audiocodes(of_all);
                caller.clone_into(&mut options.caller);
                Call::audiocodes(options, &case.script)
            }
        }
    }

    /// Twilio as it is in the call with this number.
    fn twilio(&self, of_all: usize) -> TwilioOptions {
        TwilioOptions {
            seed: self.seed(of_all),
            ..self.settings.twilio.clone()
        }
    }

    /// AudioCodes as it is in the call with this number.
    fn audiocodes(&self, of_all: usize) -> AudioCodesOptions {
        AudioCodesOptions {
            seed: self.seed(of_all),
            ..self.settings.audiocodes.clone()
        }
    }

    fn seed(&self, of_all: usize) -> u64 {
        self.settings.seed.wrapping_add(of_all as u64)
    }
}
