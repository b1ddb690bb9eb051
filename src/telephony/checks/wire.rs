//! Whether what the bridge sends is what the carrier takes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Limits, NO_MODEL, Verdict, millis};
use crate::telephony::record::{CallRecord, Carrier};
use crate::telephony::{Finding, FindingKind, Happening};

/// Who sends audio has sent some within so long.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Those that other checks look at.
const OF_AUDIO: [FindingKind; 5] = [
    FindingKind::HeaderInAudio,
    FindingKind::HalfSample,
    FindingKind::BadBase64,
    FindingKind::EmptyAudio,
    FindingKind::LoudPadding,
];
const OF_SESSION: [FindingKind; 9] = [
    FindingKind::NoAnswer,
    FindingKind::UnaskedAnswer,
    FindingKind::Refused,
    FindingKind::NoFormat,
    FindingKind::FormatNotOffered,
    FindingKind::OverlappingPlayStreams,
    FindingKind::RepeatedPlayStream,
    FindingKind::NoPlayStream,
    FindingKind::PlayStreamLeftOpen,
];

pub(super) fn messages(call: &CallRecord, _: &Limits) -> Verdict {
    if call.notes.happenings.is_empty() {
        return Verdict::not_applicable("there was no call");
    }
    let is_ours = |kind: FindingKind| !OF_AUDIO.contains(&kind) && !OF_SESSION.contains(&kind);
    of_findings(call, is_ours)
}

pub(super) fn session(call: &CallRecord, _: &Limits) -> Verdict {
    if call.carrier != Carrier::AudioCodes {
        return Verdict::not_applicable("the carrier has no such session");
    }
    of_findings(call, |kind| OF_SESSION.contains(&kind))
}

/// Whether it is no more than that the call ended in the middle of an answer.
fn is_cut_short(call: &CallRecord, finding: &Finding) -> bool {
    let still_came = |ended: Duration| {
        let last = call.came.last();
        last.is_some_and(|last| last.at + AT_ONCE >= ended)
    };
    finding.kind == FindingKind::PlayStreamLeftOpen
        && call
            .hung_up()
            .is_some_and(|ended| finding.at >= ended && still_came(ended))
}

/// Whether it says no more than that a call whose line broke cannot go on.
fn is_no_resume(call: &CallRecord, finding: &Finding) -> bool {
    finding.kind == FindingKind::Refused && call.cut_off().is_some_and(|at| finding.at >= at)
}

/// How often the bridge did what is wrong, by kind.
fn of_findings(call: &CallRecord, is_ours: impl Fn(FindingKind) -> bool) -> Verdict {
    let findings = call.notes.findings.iter();
    let findings: Vec<&Finding> = findings
        .filter(|finding| is_ours(finding.kind))
        .filter(|finding| !is_cut_short(call, finding) && !is_no_resume(call, finding))
        .collect();
    let Some(first) = findings.first() else {
        return Verdict::passed("nothing is wrong");
    };
    let mut counts: BTreeMap<FindingKind, usize> = BTreeMap::new();
    for finding in &findings {
        *counts.entry(finding.kind).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(kind, count)| format!("{kind} ×{count}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    Verdict::failed(first.at, format!("{counts}; first {first}"))
}

pub(super) fn play_streams(call: &CallRecord, limits: &Limits) -> Verdict {
    if call.carrier != Carrier::AudioCodes {
        return Verdict::not_applicable("the carrier has no play streams");
    }
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let stops: Vec<Duration> = call
        .times(|what| matches!(what, Happening::PlayStopped(_)))
        .collect();
    let spoken = model.spoken();
    let ended = call.ended().unwrap_or_else(|| call.length());
    let mut slowest = None;
    for item in spoken {
        let until = item.to + limits.stream_end;
        // A line that breaks takes its stream with it.
        if call.is_out(item.to..until) {
            continue;
        }
        let stop = stops.iter().find(|at| **at >= item.from);
        match stop.map(|at| at.saturating_sub(item.to)) {
            Some(took) if took <= limits.stream_end => slowest = slowest.max(Some(took)),
            None if ended < until => {}
            took => {
                let took = took.map_or("never".to_owned(), |took| {
                    format!("{} after its last audio", millis(took))
                });
                let evidence = format!("the stream of {} was closed {took}", item.item);
                return Verdict::failed(item.to, evidence);
            }
        }
    }
    match slowest {
        Some(slowest) => Verdict::passed(format!("after {} at most", millis(slowest))),
        None => Verdict::not_applicable("the model said nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check, good_call};
    use super::*;

    fn with(kind: FindingKind, carrier: Carrier) -> CallRecord {
        let mut call = good_call();
        call.carrier = carrier;
        call.notes.findings.push(Finding {
            at: Duration::from_secs(1),
            kind,
            detail: "here".to_owned(),
            code: None,
        });
        call
    }

    #[test]
    fn wrong_messages_are_counted() {
        let wrong = with(FindingKind::NotJson, Carrier::Twilio);
        let verdict = check("messages-are-valid", &wrong);
        assert!(
            verdict.is_failed() && verdict.text().contains("not-json ×1"),
            "{verdict:?}"
        );
        assert!(check("messages-are-valid", &good_call()).is_passed());
        let audio = with(FindingKind::LoudPadding, Carrier::Twilio);
        assert!(check("messages-are-valid", &audio).is_passed());
    }

    #[test]
    fn streams_that_overlap_are_named() {
        let wrong = with(FindingKind::OverlappingPlayStreams, Carrier::AudioCodes);
        assert!(check("session-is-in-order", &wrong).is_failed());
        let left_open = with(FindingKind::PlayStreamLeftOpen, Carrier::AudioCodes);
        assert!(check("session-is-in-order", &left_open).is_failed());
        let right = with(FindingKind::NotJson, Carrier::AudioCodes);
        assert!(check("session-is-in-order", &right).is_passed());
    }

    #[test]
    fn a_stream_that_stays_open_is_named() {
        let call = |stop| {
            let call = CallBuilder::default().bot(1_000, 500);
            let call = match stop {
                Some(at) => call.happening(at, Happening::PlayStopped("1".to_owned())),
                None => call,
            };
            let mut call = call.until(9_000).build();
            call.carrier = Carrier::AudioCodes;
            call
        };
        assert!(check("play-streams-end", &call(Some(1_100))).is_passed());
        assert!(check("play-streams-end", &call(Some(4_000))).is_failed());
        assert!(check("play-streams-end", &call(None)).is_failed());
    }
}
