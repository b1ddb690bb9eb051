//! What came of one call.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::{as_ms, as_optional_ms, ms, picture};
use crate::audio::AudioError;
use crate::telephony::checks::{CHECKS, Limits, Verdict};
use crate::telephony::record::{CallRecord, ModelRecord, Probe};
use crate::telephony::{CallResult, Lateness, Sender};

/// The name of the check that a call goes as its script says.
pub(super) const AS_THE_SCRIPT_SAYS: &str = "as-the-script-says";

/// What came of one call.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct CallReport {
    /// What the call was to show: the script's name.
    pub case: String,
    /// Which of the calls of this case, from 1.
    pub number: usize,
    /// How long it was.
    #[serde(rename = "length_ms", serialize_with = "as_ms")]
    pub length: Duration,
    /// Who ended it, and why.
    pub ended: String,
    /// The caller's turns.
    pub turns: Vec<TurnReport>,
    /// What went wrong on the line to the bridge, as the script asks for.
    pub faults: Vec<FaultReport>,
    /// What was asked of it, and found.
    pub checks: Vec<CheckReport>,
    /// What went to and fro.
    pub totals: Totals,
    /// How late this machine was with what the carrier sends at its time.
    pub machine: Lateness,
    /// How many messages were too many to be kept: they are not among those that are saved.
    pub messages_forgotten: usize,
    /// The call itself.
    #[serde(skip)]
    pub record: CallRecord,
    #[serde(skip)]
    result: CallResult,
}

/// A turn of the caller.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TurnReport {
    /// When the caller began to speak.
    #[serde(rename = "at_ms", serialize_with = "as_ms")]
    pub at: Duration,
    /// How long they spoke.
    #[serde(rename = "said_ms", serialize_with = "as_ms")]
    pub said: Duration,
    /// Whether they interrupted.
    pub interrupts: bool,
    /// From the beginning of an interruption to the last sound of the old answer.
    #[serde(rename = "silent_after_ms", serialize_with = "as_optional_ms")]
    pub silent_after: Option<Duration>,
    /// From the end of their words to the first sound of the answer.
    #[serde(rename = "answered_after_ms", serialize_with = "as_optional_ms")]
    pub answered_after: Option<Duration>,
    /// How long the answer was heard.
    #[serde(rename = "heard_ms", serialize_with = "as_optional_ms")]
    pub heard: Option<Duration>,
}

/// What went wrong on the line to the bridge, as the script asks for: all of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FaultReport {
    /// The kind, as scripts call it.
    pub kind: &'static str,
    /// How often it happened.
    pub times: usize,
    /// When first.
    #[serde(rename = "first_at_ms", serialize_with = "as_ms")]
    pub first: Duration,
    /// What it did then, in words.
    pub what: String,
}

/// A check and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckReport {
    /// Its name.
    pub name: &'static str,
    /// What has to be so.
    pub text: &'static str,
    /// The time it was held to.
    pub limit: Option<Duration>,
    /// What came of it.
    pub verdict: Verdict,
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (verdict, at) = match &self.verdict {
            Verdict::Passed { .. } => ("passed", None),
            Verdict::Failed { at, .. } => ("failed", *at),
            Verdict::NotApplicable { .. } => ("not_applicable", None),
        };
        let mut fields = serializer.serialize_struct("CheckReport", 6)?;
        fields.serialize_field("name", self.name)?;
        fields.serialize_field("text", self.text)?;
        fields.serialize_field("limit_ms", &self.limit.map(ms))?;
        fields.serialize_field("verdict", verdict)?;
        fields.serialize_field("evidence", self.verdict.text())?;
        fields.serialize_field("at_ms", &at.map(ms))?;
        fields.end()
    }
}

/// What went to and fro.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// Messages to the bridge.
    pub messages_to_bridge: usize,
    /// Their length in bytes.
    pub bytes_to_bridge: usize,
    /// Messages of the bridge.
    pub messages_of_bridge: usize,
    /// Their length in bytes.
    pub bytes_of_bridge: usize,
}

impl Totals {
    fn of(result: &CallResult) -> Self {
        let to_bridge = result.journal.traffic(Sender::Carrier);
        let of_bridge = result.journal.traffic(Sender::Bridge);
        Self {
            messages_to_bridge: to_bridge.messages,
            bytes_to_bridge: to_bridge.bytes,
            messages_of_bridge: of_bridge.messages,
            bytes_of_bridge: of_bridge.bytes,
        }
    }
}

impl CallReport {
    /// Looks at a call.
    pub fn new(
        case: impl Into<String>,
        number: usize,
        record: CallRecord,
        result: CallResult,
        limits: &Limits,
    ) -> Self {
        let script = record.probe.is_none();
        let script = script.then(|| as_the_script_says(&record, &result));
        let mut checks: Vec<CheckReport> = script.into_iter().collect();
        let probed = record.probe.map(Probe::check);
        let asked = CHECKS.iter();
        let asked = asked.filter(|check| probed.is_none_or(|probed| probed == check.name));
        checks.extend(asked.map(|check| CheckReport {
            name: check.name,
            text: check.text,
            limit: check.limit(limits),
            verdict: check.look(&record, limits),
        }));
        let ended = record.notes.ended.as_ref();
        Self {
            case: case.into(),
            number,
            length: record.length(),
            ended: ended.map_or_else(String::new, |end| format!("{}: {}", end.by, end.reason)),
            turns: turns(&record),
            faults: faults(&record),
            checks,
            totals: Totals::of(&result),
            machine: result.lateness.clone(),
            messages_forgotten: result.journal.forgotten(),
            record,
            result,
        }
    }

    /// Whether no check failed.
    pub fn is_success(&self) -> bool {
        !self.checks.iter().any(|check| check.verdict.is_failed())
    }

    /// What came of the check with this name.
    pub fn verdict(&self, name: &str) -> Option<&Verdict> {
        let check = self.checks.iter().find(|check| check.name == name);
        check.map(|check| &check.verdict)
    }

    /// The name of its files: the case and the number.
    pub fn file_name(&self) -> String {
        format!("{}-{}", self.case, self.number)
    }

    /// Writes the call as a WAV file: the caller on the left, the bridge on the right.
    pub fn save_sound(&self, file: impl AsRef<Path>) -> Result<(), AudioError> {
        self.result.save_stereo(file)
    }

    /// Writes all messages between carrier and bridge as lines of JSON.
    pub fn save_messages(&self, file: impl AsRef<Path>) -> std::io::Result<()> {
        self.result.journal.save(file)
    }

    /// The call as an SVG picture: both waves over time, what happened, and the checks that failed
    /// where they did.
    pub fn picture(&self) -> String {
        picture::draw(self)
    }

    /// What tells it from other calls: the last thing that came with it.
    pub(super) fn mark_of_its_own(&self) -> Option<&str> {
        let last = self.record.parameters.last();
        last.map(|(_, value)| value.as_str())
    }

    /// All that its model was told.
    pub(super) fn told(&self) -> String {
        let told = self.record.model.iter().flat_map(ModelRecord::told);
        told.map(|(_, text)| text).collect()
    }
}

fn as_the_script_says(record: &CallRecord, result: &CallResult) -> CheckReport {
    let failures = result.turns.iter().flat_map(|turn| &turn.failures);
    // Where there is no line, nobody can go on with a script.
    let cut_off = record.cut_off().unwrap_or(Duration::MAX);
    let failures: Vec<_> = failures.filter(|failure| failure.at < cut_off).collect();
    let model = record.model.as_ref();
    let verdict = match failures.first() {
        // Nobody can go on with a script then.
        Some(_) if model.is_some_and(ModelRecord::is_lost) => Verdict::NotApplicable {
            why: "the model's session ended first".to_owned(),
        },
        Some(first) => Verdict::Failed {
            evidence: failures
                .iter()
                .map(|failure| format!("step {}: {}", failure.step + 1, failure.message))
                .collect::<Vec<_>>()
                .join("; "),
            at: Some(first.at),
        },
        None => Verdict::Passed {
            evidence: format!("{} turns", result.turns.len().saturating_sub(1)),
        },
    };
    CheckReport {
        name: AS_THE_SCRIPT_SAYS,
        text: "The call goes as its script says.",
        limit: None,
        verdict,
    }
}

fn turns(record: &CallRecord) -> Vec<TurnReport> {
    let turns = record.turns().into_iter().map(|turn| TurnReport {
        at: turn.said.start,
        said: turn.said.end.saturating_sub(turn.said.start),
        interrupts: turn.interrupts(),
        silent_after: turn.silence(),
        answered_after: turn.latency(),
        heard: turn
            .answer
            .map(|answer| answer.end.saturating_sub(answer.start)),
    });
    turns.collect()
}

fn faults(record: &CallRecord) -> Vec<FaultReport> {
    let mut faults: Vec<FaultReport> = Vec::new();
    for (at, fired) in record.faults() {
        match faults.iter_mut().find(|fault| fault.kind == fired.kind) {
            Some(fault) => fault.times += 1,
            None => faults.push(FaultReport {
                kind: fired.kind,
                times: 1,
                first: at,
                what: fired.what.clone(),
            }),
        }
    }
    faults
}
