//! Whether calls that are held at once mix.

use super::{CallReport, CheckReport};
use crate::telephony::checks::Verdict;
use crate::telephony::checks::crosstalk::{can_be_told, mixed};
use crate::telephony::record::CallRecord;

/// The name of the check.
pub(super) const NAME: &str = "no-crosstalk";

/// Whether each caller heard the model of their own call only, and each model its own caller; and
/// whether each model was told of its own call only.
pub(super) fn check(calls: &[CallReport]) -> CheckReport {
    let talks = calls.iter().filter(|call| call.record.probe.is_none());
    let talks: Vec<&CallReport> = talks.collect();
    let verdict = match told_of_another(&talks).or_else(|| heard_another(&talks)) {
        Some(evidence) => Verdict::failed(None, evidence),
        None if talks.len() < 2 => Verdict::not_applicable("there was one call only"),
        None => {
            let told = talks.iter().filter(|call| can_be_told(&call.record));
            let told = told.count();
            let calls = talks.len();
            Verdict::passed(format!("{calls} calls, {told} of them told by their tones"))
        }
    };
    CheckReport {
        name: NAME,
        text: "Calls that are held at once do not mix: in what is heard, and in what is told.",
        limit: None,
        verdict,
    }
}

/// A model that was told what tells another call from the rest.
fn told_of_another(calls: &[&CallReport]) -> Option<String> {
    let told: Vec<String> = calls.iter().map(|call| call.told()).collect();
    calls.iter().enumerate().find_map(|(number, call)| {
        let own = call.mark_of_its_own()?;
        let mut others = told.iter().enumerate();
        let (other, _) = others.find(|(other, told)| *other != number && told.contains(own))?;
        let (told, of) = (calls[other].file_name(), call.file_name());
        Some(format!("the model of {told} was told of {of}"))
    })
}

/// Somebody who heard another call. Those of a case were held at once, and come together.
fn heard_another(calls: &[&CallReport]) -> Option<String> {
    let mut cases = calls.chunk_by(|one, other| one.case == other.case);
    cases.find_map(|case| {
        let records: Vec<&CallRecord> = case.iter().map(|call| &call.record).collect();
        let found = mixed(&records)?;
        let (heard, of) = (case[found.heard_in].file_name(), case[found.of].file_name());
        Some(format!("{} of {heard} heard {of}", found.by))
    })
}
