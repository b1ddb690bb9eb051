//! What came of tests of a bridge: for programs, for people, to listen to and to look at.

mod call;
mod crosstalk;
mod picture;
mod spread;
mod table;
mod warnings;

use std::time::Duration;

use serde::Serialize;

use super::Lateness;
use super::checks::{CHECKS, Limits, Verdict};
use super::record::Carrier;

pub use call::{CallReport, CheckReport, FaultReport, Totals, TurnReport};
pub use spread::Spread;

/// The name of the check that the caller waits about as long each time.
const STEADY: &str = "answers-are-steady";

/// The names of all checks that a report has, of one call and of all together.
pub fn check_names() -> impl Iterator<Item = &'static str> {
    let of_calls = CHECKS.iter().map(|check| check.name);
    of_calls.chain([call::AS_THE_SCRIPT_SAYS, STEADY, crosstalk::NAME])
}

/// What came of a test of a bridge.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct BridgeReport {
    /// Whose words the callers spoke.
    pub carrier: Carrier,
    /// Each call, in the order in which they were made.
    pub calls: Vec<CallReport>,
    /// From the end of the caller's words to the first sound of the answer, over all turns.
    pub answers: Option<Spread>,
    /// From the beginning of an interruption to the last sound of the old answer, over all of them.
    pub interruptions: Option<Spread>,
    /// Checks of all calls together.
    pub checks: Vec<CheckReport>,
    /// How late this machine was, over all calls.
    pub machine: Lateness,
    /// What makes less of the report than it seems, for people: a machine that was late, messages that
    /// were not kept.
    pub warnings: Vec<String>,
}

impl BridgeReport {
    /// Puts the calls together.
    pub fn new(carrier: Carrier, calls: Vec<CallReport>, limits: &Limits) -> Self {
        let turns = || calls.iter().flat_map(|call| &call.turns);
        let answers = Spread::of(turns().filter_map(|turn| turn.answered_after));
        let interruptions = Spread::of(turns().filter_map(|turn| turn.silent_after));
        let checks = vec![steady(answers, limits), crosstalk::check(&calls)];
        let machine = warnings::machine(&calls);
        Self {
            carrier,
            warnings: warnings::of(&calls, &machine),
            machine,
            calls,
            answers,
            interruptions,
            checks,
        }
    }

    /// Says that the model's side of so many calls is not known.
    pub(super) fn warn_of_models_forgotten(&mut self, calls: usize) {
        if calls > 0 {
            self.warnings.push(warnings::not_told(calls));
        }
    }

    /// Whether no check failed in any call, and all went as the scripts say.
    pub fn is_success(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Leaves out what these checks found, in each call and over all: they do not apply.
    pub(super) fn skip(&mut self, names: &[&'static str]) {
        let checks = self.calls.iter_mut().flat_map(|call| &mut call.checks);
        for check in checks.chain(&mut self.checks) {
            if names.contains(&check.name) {
                check.verdict = Verdict::NotApplicable {
                    why: "nobody asked for it".to_owned(),
                };
            }
        }
    }

    /// The names of the checks that failed, call by call.
    pub fn failures(&self) -> impl Iterator<Item = &CheckReport> {
        let checks = self.calls.iter().flat_map(|call| &call.checks);
        checks
            .chain(&self.checks)
            .filter(|check| check.verdict.is_failed())
    }
}

/// Whether the caller waits about as long each time.
fn steady(answers: Option<Spread>, limits: &Limits) -> CheckReport {
    let verdict = match answers {
        None => Verdict::NotApplicable {
            why: "nobody waited for an answer".to_owned(),
        },
        Some(spread) if spread.p95 > limits.answer_p95 => Verdict::Failed {
            evidence: spread.to_string(),
            at: None,
        },
        Some(spread) => Verdict::Passed {
            evidence: spread.to_string(),
        },
    };
    CheckReport {
        name: STEADY,
        text: "95 of 100 answers are heard soon, over all calls.",
        limit: Some(limits.answer_p95),
        verdict,
    }
}

/// A time in milliseconds, as reports for programs have it.
#[allow(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's form"
)]
fn as_ms<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(ms(*time))
}

#[allow(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's form"
)]
fn as_optional_ms<S: serde::Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(ms).serialize(serializer)
}

/// To the tenth of a millisecond, which is more than anybody hears.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
