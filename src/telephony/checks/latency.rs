//! How long the caller waits.

use std::time::Duration;

use super::{Limits, Verdict, millis, seconds};
use crate::telephony::record::CallRecord;

pub(super) fn greeting(call: &CallRecord, limits: &Limits) -> Verdict {
    let began = call.began().unwrap_or_default();
    let spoke = call.utterances().first().map(|said| said.start);
    let heard = call.replies().first().map(|heard| heard.start);
    if spoke.is_some_and(|spoke| spoke < began + limits.greeting)
        && heard.is_none_or(|heard| spoke.is_some_and(|spoke| spoke < heard))
    {
        return Verdict::not_applicable("the caller was the first to speak");
    }
    match heard {
        Some(heard) => {
            let took = heard.saturating_sub(began);
            let evidence = format!("heard after {}", millis(took));
            if took <= limits.greeting {
                Verdict::passed(evidence)
            } else {
                Verdict::failed(heard, evidence)
            }
        }
        None => Verdict::failed(None, "nothing was heard in the whole call"),
    }
}

pub(super) fn answers(call: &CallRecord, limits: &Limits) -> Verdict {
    let mut slowest = None;
    let turns = call.turns();
    for (number, turn) in turns.iter().enumerate() {
        let next = turns.get(number + 1).map(|next| next.said.start);
        let until = next.or(call.ended()).unwrap_or_else(|| call.length());
        match turn.latency() {
            Some(latency) if latency > limits.answer => {
                let number = number + 1;
                let evidence = format!("turn {number} was answered after {}", seconds(latency));
                return Verdict::failed(turn.said.end, evidence);
            }
            Some(latency) => slowest = slowest.max(Some(latency)),
            // Who speaks again, or hangs up, before the time is over waits for nothing.
            None if until < turn.said.end + limits.answer => {}
            None => {
                let evidence = format!("turn {} was not answered", number + 1);
                return Verdict::failed(turn.said.end, evidence);
            }
        }
    }
    match slowest {
        Some(Duration::ZERO) | None => Verdict::not_applicable("the caller waited for no answer"),
        Some(slowest) => Verdict::passed(format!("the slowest came after {}", millis(slowest))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check, good_call};

    #[test]
    fn who_hears_nothing_is_not_greeted() {
        let call = CallBuilder::default().until(10_000).build();
        assert!(check("greeting-heard", &call).is_failed());
        let late = CallBuilder::default()
            .bot(5_000, 1_000)
            .until(10_000)
            .build();
        assert!(check("greeting-heard", &late).is_failed());
        assert!(check("greeting-heard", &good_call()).is_passed());
        let first = CallBuilder::default()
            .caller(500, 800)
            .bot(2_000, 500)
            .until(9_000)
            .build();
        assert!(matches!(
            check("greeting-heard", &first),
            super::Verdict::NotApplicable { .. }
        ));
    }

    #[test]
    fn a_turn_without_an_answer_is_named() {
        let call = CallBuilder::default()
            .bot(500, 1_000)
            .caller(2_000, 1_000)
            .bot(3_800, 1_000)
            .caller(6_000, 500)
            .until(12_000)
            .build();
        let verdict = check("answer-heard", &call);
        assert!(
            verdict.is_failed() && verdict.text().contains("turn 2"),
            "{verdict:?}"
        );
        assert!(check("answer-heard", &good_call()).is_passed());
        // Who hangs up at once wants none.
        let call = CallBuilder::default()
            .caller(2_000, 1_000)
            .bot(3_800, 1_000)
            .caller(6_000, 500)
            .until(6_600)
            .build();
        assert!(check("answer-heard", &call).is_passed());
    }

    #[test]
    fn a_slow_answer_is_named() {
        let call = CallBuilder::default()
            .caller(1_000, 500)
            .bot(5_000, 1_000)
            .until(9_000)
            .build();
        assert!(check("answer-heard", &call).is_failed());
    }
}
