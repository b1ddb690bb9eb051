//! What comes of a caller who interrupts.

use std::time::Duration;

use super::{Limits, NO_MODEL, Verdict, millis, seconds};
use crate::protocol::realtime::ServerEvent;
use crate::telephony::record::{CallRecord, ModelRecord, SpokenItem, Turn};

/// Without the model's word for it, what comes this soon after a clear belongs to the old answer.
const SOON: Duration = Duration::from_millis(200);

/// A truncation belongs to an interruption that began at most so long before.
const TOLD_WITHIN: Duration = Duration::from_secs(4);

const NOBODY: &str = "nobody was interrupted";

fn interruptions(call: &CallRecord) -> Vec<Turn> {
    let turns = call.turns().into_iter();
    turns.filter(Turn::interrupts).collect()
}

pub(super) fn noticed(call: &CallRecord, limits: &Limits) -> Verdict {
    let mut slowest = None;
    for Turn { said, .. } in interruptions(call) {
        let clear = call.clears().find(|(at, _)| *at >= said.start);
        let took = clear.map(|(at, _)| at.saturating_sub(said.start));
        match took {
            Some(took) if took <= limits.clear => slowest = slowest.max(Some(took)),
            Some(took) => {
                let evidence = format!("the playback was stopped after {}", millis(took));
                return Verdict::failed(said.start, evidence);
            }
            None => return Verdict::failed(said.start, "the playback was never stopped"),
        }
    }
    slowest.map_or_else(
        || Verdict::not_applicable(NOBODY),
        |slowest| Verdict::passed(format!("stopped after {} at the latest", millis(slowest))),
    )
}

pub(super) fn silences(call: &CallRecord, limits: &Limits) -> Verdict {
    let mut slowest = None;
    for turn in interruptions(call) {
        let took = turn.silence().unwrap_or_default();
        if took > limits.silence {
            let evidence = format!("the old answer was heard for {} more", seconds(took));
            return Verdict::failed(turn.said.start, evidence);
        }
        slowest = slowest.max(Some(took));
    }
    slowest.map_or_else(
        || Verdict::not_applicable(NOBODY),
        |slowest| Verdict::passed(format!("silent after {} at the latest", millis(slowest))),
    )
}

pub(super) fn silent_after_clear(call: &CallRecord, limits: &Limits) -> Verdict {
    let mut clears = 0;
    for (at, _) in call.clears().filter(|(_, dropped)| !dropped.is_zero()) {
        clears += 1;
        let next = call
            .model
            .as_ref()
            .and_then(|model| next_response(model, at));
        let until = match &call.model {
            Some(_) => next.unwrap_or(Duration::MAX),
            None => at + SOON,
        };
        let came = call.came.iter();
        let stragglers = came.filter(|arrival| arrival.at > at && arrival.at < until);
        let length: Duration = stragglers.map(|arrival| arrival.length).sum();
        if length > limits.stragglers {
            let evidence = format!("{} of the old answer came afterwards", millis(length));
            return Verdict::failed(at, evidence);
        }
    }
    if clears == 0 {
        return Verdict::not_applicable("the playback was never stopped");
    }
    Verdict::passed(format!("nothing came after {clears} of them"))
}

fn next_response(model: &ModelRecord, at: Duration) -> Option<Duration> {
    let mut received = model.received();
    received.find_map(|(when, event)| {
        (when > at && matches!(event, ServerEvent::ResponseCreated(_))).then_some(when)
    })
}

pub(super) fn truncation(call: &CallRecord, limits: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let spoken = model.spoken();
    let mut worst = None;
    for (at, item, told) in model.truncations() {
        let Some(item) = spoken.iter().find(|spoken| spoken.item == *item) else {
            return Verdict::failed(at, format!("the model never said {item}"));
        };
        let heard = heard_of(call, item, at);
        let error = heard.abs_diff(told);
        if error > limits.truncation {
            let (told, heard) = (millis(told), millis(heard));
            let evidence = format!("the model was told {told}, but {heard} were heard");
            return Verdict::failed(at, evidence);
        }
        worst = worst.max(Some(error));
    }
    for Turn { said, .. } in interruptions(call) {
        let window = said.start..said.start + TOLD_WITHIN;
        if !model.truncations().any(|(at, _, _)| window.contains(&at)) {
            return Verdict::failed(said.start, "the model was not told what was heard");
        }
    }
    worst.map_or_else(
        || Verdict::not_applicable(NOBODY),
        |worst| Verdict::passed(format!("by {} at most", millis(worst))),
    )
}

/// How much of an item was heard by then. Audio comes in the order in which the model sent it, so an
/// item begins behind all that came before its first audio was sent.
fn heard_of(call: &CallRecord, item: &SpokenItem, at: Duration) -> Duration {
    let before = call
        .came
        .iter()
        .take_while(|arrival| arrival.at < item.from);
    let begin: Duration = before.map(|arrival| arrival.length).sum();
    let dropped: Duration = call
        .clears()
        .take_while(|(when, _)| *when < item.from)
        .map(|(_, dropped)| dropped)
        .sum();
    let position = call.heard_by(at) + dropped;
    position.saturating_sub(begin).min(item.length())
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check};

    /// The bot speaks from 0.5 s for 6 s; the caller speaks into it at 2 s.
    fn interrupted(clear_at: u64) -> CallBuilder {
        CallBuilder::default()
            .bot(500, 6_000)
            .caller(2_000, 1_000)
            .clear(clear_at)
    }

    #[test]
    fn a_late_clear_is_named() {
        let good = interrupted(2_400).bot(4_000, 1_000).until(9_000).build();
        assert!(check("barge-in-noticed", &good).is_passed());
        assert!(check("barge-in-silences", &good).is_passed());
        let late = interrupted(3_900).bot(5_000, 1_000).until(9_000).build();
        assert!(check("barge-in-noticed", &late).is_failed());
        assert!(check("barge-in-silences", &late).is_failed());
        let never = CallBuilder::default()
            .bot(500, 6_000)
            .caller(2_000, 1_000)
            .until(9_000)
            .build();
        assert!(check("barge-in-noticed", &never).is_failed());
    }

    #[test]
    fn audio_after_a_clear_is_named() {
        let good = interrupted(2_400).bot(4_000, 1_000).until(9_000).build();
        assert!(check("silent-after-clear", &good).is_passed());
        let bad = interrupted(2_400).unsaid(2_450, 500).until(9_000).build();
        assert!(check("silent-after-clear", &bad).is_failed());
    }

    #[test]
    fn a_truncation_is_held_against_what_was_heard() {
        let told = |ms| {
            interrupted(2_400)
                .truncate(0, 2_400, ms)
                .until(9_000)
                .build()
        };
        let verdict = check("truncation-is-true", &told(1_900));
        assert!(verdict.is_passed(), "{verdict:?}");
        assert!(check("truncation-is-true", &told(6_000)).is_failed());
        let untold = interrupted(2_400).until(9_000).build();
        assert!(check("truncation-is-true", &untold).is_failed());
    }
}
