//! A scenario in a session.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use crate::engine::{Heard, SessionOptions, Transcriber, Transcript, TranscriptionFailure};
use crate::generators::{PlannedItem, ResponseGenerator, ResponsePlan, ResponseRequest, Warnings};
use crate::protocol::realtime::RealtimeSession;

use super::audio::Sounds;
#[cfg(feature = "delegate")]
use super::delegate::{self, DelegateRequest};
use super::explain::{self, Explanation};
use super::model::{Answer, DelegateConfig, HeardConfig, ResponseSelectionCriteria, Scenario};
use super::prefilter::Prefilter;
use super::render::{self, Rendered};
use super::select::{self, Uses};
use super::situation::Situation;

/// What a user is heard to say that no scenario says anything of.
const SPEECH: &str = "(speech)";

/// The code of a response that fails for its template cannot be filled.
const TEMPLATE_FAILED: &str = "scenario_template_failed";

/// The names of the responses a run remembers.
const REMEMBERED: usize = 1_000;

/// A scenario that is ready to be followed in any number of sessions.
#[derive(Debug)]
pub struct CompiledScenario {
    scenario: Scenario,
    prefilter: Prefilter,
    sounds: Sounds,
}

impl CompiledScenario {
    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The name of the response it would choose at its beginning; none for the default.
    pub fn choose(&self, situation: &Situation) -> Option<&str> {
        let index = self.index(situation, &[])?;
        let response = self.scenario.responses.get_index(index);
        response.map(|(name, _)| name.as_str())
    }

    fn index(&self, situation: &Situation, uses: &Uses) -> Option<usize> {
        let candidates = self.prefilter.candidates(situation.user());
        select::choose(&self.scenario, situation, uses, candidates.as_deref())
    }
}

/// A scenario in one session: it generates the responses and transcribes the user.
///
/// Clones are handles to the same run, so a test can keep one and ask it how far the conversation
/// has come.
///
/// ```
/// use mock_realtime::engine::SessionOptions;
/// use mock_realtime::scenario::{Scenario, always};
///
/// let scenario = Scenario::new("parrot").response("all", always().say("Polly!")?);
/// let run = scenario.start();
/// let mut options = SessionOptions::default();
/// run.configure(&mut options);
/// assert!(run.chosen().is_empty());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone)]
pub struct ScenarioRun {
    compiled: Arc<CompiledScenario>,
    progress: Arc<Mutex<Progress>>,
    warnings: Warnings,
}

/// How far a run has come.
#[derive(Debug, Default)]
struct Progress {
    state: Option<String>,
    captures: IndexMap<String, String>,
    /// How often each response was used, in their order.
    uses: Vec<usize>,
    /// What is heard next, before what the scenario lists.
    hear: VecDeque<HeardConfig>,
    /// How much of the scenario's list was heard.
    heard: usize,
    chosen: VecDeque<Option<String>>,
    /// What the last choice was made from. In a box, which a run that has not begun does not need.
    last: Option<Box<(Situation, Vec<usize>)>>,
}

impl fmt::Debug for ScenarioRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScenarioRun")
            .field("scenario", &self.scenario().name)
            .field("progress", &*self.progress())
            .finish()
    }
}

impl ScenarioRun {
    /// A run at its beginning.
    pub fn new(compiled: Arc<CompiledScenario>) -> Self {
        let scenario = &compiled.scenario;
        let progress = Progress {
            state: scenario.states.first().cloned(),
            uses: vec![0; scenario.responses.len()],
            ..Progress::default()
        };
        Self {
            compiled,
            progress: Arc::new(Mutex::new(progress)),
            warnings: Warnings::default(),
        }
    }

    /// Has a session follow it: in what it says and hears, how fast, and with which MCP servers.
    pub fn configure(&self, options: &mut SessionOptions) {
        options.generator = Box::new(self.clone());
        options.transcriber = Box::new(self.clone());
        if let Some(pace) = &self.scenario().pacing {
            options.pacing = pace.pacing();
        }
        for (label, tools) in &self.scenario().mcp_servers {
            let tools = tools.iter().map(render::mcp_tool).collect();
            options.mcp_servers.insert(label.clone(), tools);
        }
    }

    /// The state the conversation is in, if the scenario has states.
    pub fn state(&self) -> Option<String> {
        self.progress().state.clone()
    }

    /// Whether the conversation has come to an end: to one of the end states.
    pub fn is_finished(&self) -> bool {
        let state = &self.progress().state;
        state
            .as_ref()
            .is_some_and(|state| self.scenario().end_states.contains(state))
    }

    /// What patterns have captured so far, by name.
    pub fn captures(&self) -> IndexMap<String, String> {
        self.progress().captures.clone()
    }

    /// The responses that were chosen, in order: their names, and none for the default. Of very
    /// many, the last.
    pub fn chosen(&self) -> Vec<Option<String>> {
        self.progress().chosen.iter().cloned().collect()
    }

    /// Why the last response was chosen.
    pub fn explain_last(&self) -> Option<Explanation> {
        let progress = self.progress();
        let (situation, uses) = progress.last.as_deref()?;
        Some(explain::explain(self.scenario(), situation, uses))
    }

    /// What seems wrong between the scenario and the session: calls of tools that the session has
    /// not declared, and delegates that failed.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.all()
    }

    fn scenario(&self) -> &Scenario {
        &self.compiled.scenario
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // What a panicking test leaves behind is still good to look at.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_transcript(&self) -> HeardConfig {
        let mut progress = self.progress();
        if let Some(heard) = progress.hear.pop_front() {
            return heard;
        }
        let heard = self.scenario().hears.get(progress.heard).cloned();
        progress.heard += 1;
        heard.unwrap_or_else(|| HeardConfig {
            text: SPEECH.to_owned(),
            ..HeardConfig::default()
        })
    }

    /// The plan of an answer. One that cannot be rendered fails.
    fn rendered(
        &self,
        progress: &mut Progress,
        answer: &Answer,
        situation: &Situation,
        session: &RealtimeSession,
    ) -> ResponsePlan {
        match self.render(answer, situation, session) {
            Ok(rendered) => {
                progress.hear.extend(rendered.hear);
                rendered.plan
            }
            Err(error) => {
                self.warnings
                    .add(format!("a template cannot be filled: {error}"));
                ResponsePlan::failed("server_error", TEMPLATE_FAILED)
            }
        }
    }

    fn render(
        &self,
        answer: &Answer,
        situation: &Situation,
        session: &RealtimeSession,
    ) -> Result<Rendered, minijinja::Error> {
        let CompiledScenario {
            scenario, sounds, ..
        } = &*self.compiled;
        render::render(answer, scenario, sounds, situation, session)
    }

    /// The plan that a delegate is to make.
    #[cfg(feature = "delegate")]
    fn delegated(
        &self,
        progress: &mut Progress,
        config: &DelegateConfig,
        situation: &Situation,
        request: &ResponseRequest<'_>,
    ) -> ResponsePlan {
        let rule = progress.chosen.back().and_then(Option::as_deref);
        let name = self.scenario().name.as_deref();
        let asked = DelegateRequest::new(name, rule, situation, request);
        let mut instead = Progress::default();
        let fallback = self.rendered(&mut instead, &config.fallback, situation, request.session);
        let (run, situation) = (self.clone(), situation.clone());
        let (url, session) = (config.url.clone(), request.session.clone());
        delegate::pending(config, &asked, fallback, move |said| {
            let taken = said.and_then(|text| run.take_reply(&text, &situation, &session));
            taken
                .map_err(|reason| {
                    run.progress().hear.extend(instead.hear);
                    run.warnings
                        .add(format!("the delegate {} failed: {reason}", url.as_str()));
                })
                .ok()
        })
    }

    /// The fallback at once: nobody can be asked.
    #[cfg(not(feature = "delegate"))]
    fn delegated(
        &self,
        progress: &mut Progress,
        config: &DelegateConfig,
        situation: &Situation,
        request: &ResponseRequest<'_>,
    ) -> ResponsePlan {
        let url = config.url.as_str();
        self.warnings.add(format!(
            "the delegate {url} is not asked: this is built without the feature `delegate`"
        ));
        self.rendered(progress, &config.fallback, situation, request.session)
    }

    /// The plan in what a delegate said.
    #[cfg(feature = "delegate")]
    fn take_reply(
        &self,
        text: &str,
        situation: &Situation,
        session: &RealtimeSession,
    ) -> Result<ResponsePlan, String> {
        let answer = delegate::read_reply(text, self.scenario())?;
        let rendered = self.render(&answer, situation, session);
        let Rendered { plan, hear } = rendered
            .map_err(|error| format!("a template in its reply cannot be filled: {error}"))?;
        self.progress().hear.extend(hear);
        self.warn_of_undeclared(&plan, situation);
        Ok(plan)
    }

    fn warn_of_undeclared(&self, plan: &ResponsePlan, situation: &Situation) {
        for item in &plan.items {
            if let PlannedItem::FunctionCall(call) = item
                && !situation.functions.contains(&call.name)
            {
                let warning = format!(
                    "the scenario calls `{}`, which the session has not declared; there is {}",
                    call.name,
                    if situation.functions.is_empty() {
                        "no tool".to_owned()
                    } else {
                        situation.functions.join(", ")
                    }
                );
                self.warnings.add(warning);
            }
        }
    }

    /// What there is for this request, with what the run knows.
    fn situation(&self, progress: &mut Progress, request: &ResponseRequest<'_>) -> Situation {
        let mut situation = Situation::of_request(self.scenario(), request);
        for (name, pattern) in &self.scenario().captures {
            if let Some(value) = pattern.value(situation.user()) {
                progress.captures.insert(name.clone(), value.to_owned());
            }
        }
        situation.captures.clone_from(&progress.captures);
        situation.state.clone_from(&progress.state);
        situation
    }
}

impl Progress {
    /// Takes the response as used; gives the answer.
    fn take<'a>(&mut self, scenario: &'a Scenario, choice: Option<usize>) -> Option<&'a Answer> {
        if self.chosen.len() == REMEMBERED {
            self.chosen.pop_front();
        }
        let entry = choice.and_then(|index| Some((index, scenario.responses.get_index(index)?)));
        let Some((index, (name, config))) = entry else {
            self.chosen.push_back(None);
            return scenario.default.as_ref().map(|answer| &answer.0);
        };
        self.chosen.push_back(Some(name.clone()));
        let used = self.uses.get_mut(index)?;
        let answer = select::next_answer(config, *used);
        *used += 1;
        if let Some(state) = &config.then {
            self.state = Some(state.clone());
        }
        answer
    }

    /// Keeps what the patterns of the chosen response have captured.
    fn capture(&mut self, when: &ResponseSelectionCriteria, user: &str) {
        let within = [when].into_iter().chain(&when.all).chain(&when.any);
        for criteria in within {
            for pattern in criteria.text.iter().flat_map(|text| text.patterns()) {
                for (name, value) in pattern.captures(user) {
                    self.captures.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }
}

impl ResponseGenerator for ScenarioRun {
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan {
        let compiled = Arc::clone(&self.compiled);
        let scenario = &compiled.scenario;
        let mut progress = self.progress();
        let mut situation = self.situation(&mut progress, &request);
        let choice = compiled.index(&situation, &progress.uses);
        if tracing::enabled!(tracing::Level::DEBUG) {
            let explanation = explain::explain(scenario, &situation, &progress.uses);
            tracing::debug!("{explanation}");
        }
        let uses = progress.uses.clone();
        if let Some((_, config)) = choice.and_then(|index| scenario.responses.get_index(index)) {
            progress.capture(&config.when, situation.user());
            situation.captures.clone_from(&progress.captures);
        }
        let default = Answer::default();
        let answer = progress.take(scenario, choice).unwrap_or(&default);
        let plan = match &render::resolve(answer, scenario).delegate {
            Some(delegate) => self.delegated(&mut progress, delegate, &situation, &request),
            None => self.rendered(&mut progress, answer, &situation, request.session),
        };
        self.warn_of_undeclared(&plan, &situation);
        progress.last = Some(Box::new((situation, uses)));
        plan
    }

    fn warnings(&self) -> Option<Warnings> {
        Some(self.warnings.clone())
    }
}

impl Transcriber for ScenarioRun {
    fn transcribe(&mut self, _: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
        let heard = self.next_transcript();
        match heard.fail {
            Some(failure) => Err(TranscriptionFailure {
                code: failure.code,
                message: failure.message,
            }),
            None => Ok(Transcript {
                text: heard.text,
                languages: heard.languages.0,
                ..Transcript::default()
            }),
        }
    }
}

impl Scenario {
    /// The scenario, ready to be followed. Do it once for all sessions.
    pub fn compile(self) -> CompiledScenario {
        CompiledScenario {
            prefilter: Prefilter::of(&self),
            sounds: Sounds::of(&self),
            scenario: self,
        }
    }

    /// A run of it at its beginning, for one session. Of many sessions, the scenario is best
    /// compiled once, for [`ScenarioRun::new`].
    pub fn start(&self) -> ScenarioRun {
        ScenarioRun::new(Arc::new(self.clone().compile()))
    }

    /// Which response it would choose at its beginning, and why.
    pub fn explain(&self, situation: &Situation) -> Explanation {
        explain::explain(self, situation, &[])
    }

    /// The name of the response it would choose at its beginning; none for the default.
    pub fn choose(&self, situation: &Situation) -> Option<&str> {
        let index = select::choose(self, situation, &[], None)?;
        let response = self.responses.get_index(index);
        response.map(|(name, _)| name.as_str())
    }
}
