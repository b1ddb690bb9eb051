//! What comes of a call whose line broke, and that the carrier wants to go on with.

use std::time::Duration;

use super::{Limits, Verdict, millis};
use crate::telephony::record::CallRecord;
use crate::telephony::{FindingKind, Party};

pub(super) fn answered(call: &CallRecord, limits: &Limits) -> Verdict {
    if !call.carrier.resumes() {
        return Verdict::not_applicable("at this carrier a call ends with its line");
    }
    let mut evidence = Vec::new();
    for (lost, resumed) in call.outages() {
        let Some(resumed) = resumed else {
            return not_taken_up(call, lost);
        };
        if let Some(asked) = unanswered(call, resumed, limits) {
            let evidence = "the call was taken up again, but the next turn was not answered";
            return Verdict::failed(asked, evidence);
        }
        evidence.push(millis(resumed.saturating_sub(lost)));
    }
    if evidence.is_empty() {
        return Verdict::not_applicable("the line did not break");
    }
    Verdict::passed(format!("taken up again after {}", evidence.join(", ")))
}

/// The bridge may say that it cannot; silence is no answer.
fn not_taken_up(call: &CallRecord, lost: Duration) -> Verdict {
    let refused = call.notes.findings.iter();
    let mut refused =
        refused.filter(|finding| finding.kind == FindingKind::Refused && finding.at >= lost);
    match (refused.next(), &call.notes.ended) {
        (Some(refused), _) => Verdict::passed(format!("refused: {}", refused.detail)),
        (None, Some(ending)) if ending.by == Party::Caller => {
            Verdict::not_applicable("the caller did not wait for it")
        }
        (None, Some(ending)) => {
            let evidence = format!("the call was not taken up again: {}", ending.reason);
            Verdict::failed(lost, evidence)
        }
        (None, None) => Verdict::failed(lost, "the call was not taken up again"),
    }
}

/// When the first turn after this time was over, if it was waited for its answer in vain.
fn unanswered(call: &CallRecord, resumed: Duration, limits: &Limits) -> Option<Duration> {
    let turns = call.turns();
    let mut later = turns.iter().filter(|turn| turn.said.start >= resumed);
    let first = later.next()?;
    let until = later.next().map(|next| next.said.start).or(call.ended());
    let until = until.unwrap_or_else(|| call.length());
    let has_waited = until >= first.said.end + limits.answer;
    (first.answer.is_none() && has_waited).then_some(first.said.end)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::made::{CallBuilder, check};
    use super::*;
    use crate::telephony::record::Carrier;
    use crate::telephony::{Finding, Happening};

    fn broken() -> CallBuilder {
        CallBuilder::default()
            .bot(500, 1_000)
            .happening(2_000, Happening::Lost)
    }

    fn at_audiocodes(builder: CallBuilder) -> CallRecord {
        let mut call = builder.build();
        call.carrier = Carrier::AudioCodes;
        call
    }

    #[test]
    fn a_call_that_does_not_go_on_is_named() {
        let resumed = || broken().happening(2_600, Happening::Resumed);
        let good = resumed().caller(4_000, 1_000).bot(5_500, 1_000);
        let good = at_audiocodes(good.until(9_000));
        assert!(check("resume-is-answered", &good).is_passed());
        let deaf = at_audiocodes(resumed().unheard(4_000, 1_000).until(12_000));
        assert!(check("resume-is-answered", &deaf).is_failed());
        let impatient = at_audiocodes(resumed().unheard(4_000, 1_000).until(6_000));
        assert!(check("resume-is-answered", &impatient).is_passed());
    }

    #[test]
    fn a_refusal_is_an_answer_and_silence_is_none() {
        let silent = at_audiocodes(broken().ended_by(12_500, Party::Carrier));
        assert!(check("resume-is-answered", &silent).is_failed());
        let mut refused = at_audiocodes(broken().ended_by(2_600, Party::Bridge));
        refused.notes.findings.push(Finding {
            at: Duration::from_millis(2_600),
            kind: FindingKind::Refused,
            detail: "not known".to_owned(),
            code: None,
        });
        assert!(check("resume-is-answered", &refused).is_passed());
        assert!(check("session-is-in-order", &refused).is_passed());
        let whole = at_audiocodes(CallBuilder::default().until(9_000));
        assert!(matches!(
            check("resume-is-answered", &whole),
            Verdict::NotApplicable { .. }
        ));
    }
}
