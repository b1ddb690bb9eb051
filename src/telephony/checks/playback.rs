//! Whether what the bridge sent is what the model said, and can be heard as it was meant.

use std::time::Duration;

use super::{Limits, NO_MODEL, Verdict, millis, seconds};
use crate::telephony::Happening;
use crate::telephony::record::{CallRecord, Carrier, ModelRecord, SpokenItem};

/// A bridge takes so long at most to hand on what it got.
const ON_ITS_WAY: Duration = Duration::from_millis(200);

/// Pauses longer than this are between two answers.
const BETWEEN_ANSWERS: Duration = Duration::from_millis(700);

/// An item of the model with when the next one began.
struct Window {
    item: SpokenItem,
    /// When the first audio behind it was sent by the model.
    until: Duration,
    /// Whether not all of it was to be heard: it was interrupted, or the line broke, or the call ended.
    is_cut: bool,
}

fn windows(call: &CallRecord, model: &ModelRecord) -> Vec<Window> {
    let spoken = model.spoken();
    let begins: Vec<Duration> = spoken.iter().map(|item| item.from).collect();
    let ended = call.ended().unwrap_or(Duration::MAX);
    let windows = spoken.iter().cloned().enumerate().map(|(number, item)| {
        let until = begins.get(number + 1).copied().unwrap_or(Duration::MAX);
        let is_truncated = model.truncations().any(|(_, id, _)| *id == item.item);
        let is_cleared = call.clears().any(|(at, _)| at >= item.from && at < until);
        let on_the_line = item.from..item.to + ON_ITS_WAY;
        let is_cut =
            is_truncated || is_cleared || on_the_line.end > ended || call.is_out(on_the_line);
        Window {
            item,
            until,
            is_cut,
        }
    });
    windows.collect()
}

pub(super) fn marks(call: &CallRecord, _: &Limits) -> Verdict {
    if call.carrier != Carrier::Twilio {
        return Verdict::not_applicable("the carrier knows no marks");
    }
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let set: Vec<Duration> = call
        .times(|what| matches!(what, Happening::MarkSet(_)))
        .collect();
    if set.is_empty() {
        return Verdict::not_applicable("the bridge works without marks");
    }
    let mut followed = 0;
    for window in windows(call, model).iter().filter(|window| !window.is_cut) {
        let until = window.until.saturating_add(ON_ITS_WAY);
        let next = set.partition_point(|at| *at < window.item.from);
        if set.get(next).is_none_or(|at| *at >= until) {
            let evidence = format!("no mark came for {}", window.item.item);
            return Verdict::failed(window.item.to, evidence);
        }
        followed += 1;
    }
    Verdict::passed(format!("{followed} answers, {} marks", set.len()))
}

pub(super) fn echoes(call: &CallRecord, _: &Limits) -> Verdict {
    let names = |pick: fn(&Happening) -> Option<&String>| -> Vec<String> {
        let mut names: Vec<String> = call.all(pick).map(|(_, name)| name.clone()).collect();
        names.sort_unstable();
        names
    };
    let set = names(|what| match what {
        Happening::MarkSet(name) => Some(name),
        _ => None,
    });
    let back = names(|what| match what {
        Happening::MarkBack { name, .. } => Some(name),
        _ => None,
    });
    if set.is_empty() {
        return Verdict::not_applicable("the bridge works without marks");
    }
    let open = set.len().saturating_sub(back.len());
    if back.iter().any(|name| set.binary_search(name).is_err()) || back.len() > set.len() {
        return Verdict::failed(None, "a mark came back that was not set");
    }
    // What was still to be heard when the call ended does not come back.
    let is_over = call.ended().is_some();
    if open > 0 && !is_over {
        return Verdict::failed(None, format!("{open} marks did not come back"));
    }
    Verdict::passed(format!(
        "{} of {} before the call's end",
        back.len(),
        set.len()
    ))
}

pub(super) fn all_is_played(call: &CallRecord, limits: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let windows = windows(call, model);
    if windows.is_empty() {
        return Verdict::not_applicable("the model said nothing");
    }
    let mut heard = Duration::ZERO;
    for window in &windows {
        let came = call.came_in(window.item.from..window.until);
        let said = window.item.length();
        let is_too_much = came > said + limits.slice;
        let is_too_little = !window.is_cut && came + limits.slice < said;
        if is_too_much || is_too_little {
            let (came, said) = (seconds(came), seconds(said));
            let evidence = format!(
                "of {} the model said {said}, and {came} came",
                window.item.item
            );
            return Verdict::failed(window.item.from, evidence);
        }
        heard += came;
    }
    Verdict::passed(format!("{} in {} items", seconds(heard), windows.len()))
}

pub(super) fn gaps(call: &CallRecord, limits: &Limits) -> Verdict {
    let stretches = call.heard.stretches();
    if stretches.is_empty() {
        return Verdict::not_applicable("nothing was heard");
    }
    let begins: Vec<Duration> = call
        .model
        .iter()
        .flat_map(ModelRecord::spoken)
        .map(|item| item.from)
        .collect();
    let gaps = stretches.windows(2).filter_map(|pair| {
        let (from, to) = (pair[0].end(), pair[1].start());
        let length = to.saturating_sub(from);
        let next = begins.partition_point(|begin| *begin + ON_ITS_WAY < from);
        let is_meant = begins.get(next).is_some_and(|begin| *begin <= to);
        let is_between = length >= BETWEEN_ANSWERS;
        let is_an_outage = || call.is_out(from.saturating_sub(ON_ITS_WAY)..to);
        let is_wrong = length > limits.gap && !is_meant && !is_between && !is_an_outage();
        is_wrong.then_some((from, length))
    });
    let gaps: Vec<(Duration, Duration)> = gaps.collect();
    match gaps.first() {
        None => Verdict::passed("none"),
        Some((at, _)) => {
            let total = gaps.iter().map(|(_, length)| *length).sum();
            let evidence = format!("{} gaps, {} together", gaps.len(), millis(total));
            Verdict::failed(*at, evidence)
        }
    }
}

pub(super) fn queue(call: &CallRecord, limits: &Limits) -> Verdict {
    let deepest = call
        .came
        .iter()
        .map(|arrival| (call.queued_at(arrival.at), arrival.at));
    let Some((deepest, at)) = deepest.max() else {
        return Verdict::not_applicable("no audio came");
    };
    let evidence = format!("{} at most", seconds(deepest));
    if deepest > limits.queue {
        Verdict::failed(at, evidence)
    } else {
        Verdict::passed(evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check};
    use super::Verdict;

    #[test]
    fn an_answer_without_a_mark_is_named() {
        let both = CallBuilder::default()
            .bot(500, 1_000)
            .mark(600, "first")
            .bot(4_000, 1_000)
            .mark(4_100, "second")
            .until(8_000)
            .build();
        assert!(check("marks-follow-answers", &both).is_passed());
        assert!(check("marks-come-back", &both).is_passed());
        let one = CallBuilder::default()
            .bot(500, 1_000)
            .mark(600, "first")
            .bot(4_000, 1_000)
            .until(8_000)
            .build();
        assert!(check("marks-follow-answers", &one).is_failed());
        let none = CallBuilder::default().bot(500, 1_000).until(8_000).build();
        assert!(matches!(
            check("marks-follow-answers", &none),
            Verdict::NotApplicable { .. }
        ));
    }

    #[test]
    fn what_is_played_twice_or_not_at_all_is_named() {
        let twice = CallBuilder::default()
            .bot(500, 1_000)
            .unsaid(600, 1_000)
            .until(6_000)
            .build();
        assert!(check("all-is-played", &twice).is_failed());
        let never = CallBuilder::default()
            .unplayed(500, 1_000)
            .until(6_000)
            .build();
        assert!(check("all-is-played", &never).is_failed());
        let once = CallBuilder::default().bot(500, 1_000).until(6_000).build();
        assert!(check("all-is-played", &once).is_passed());
    }

    #[test]
    fn a_line_that_runs_dry_is_named() {
        let gap = CallBuilder::default()
            .bot(500, 1_000)
            .unsaid(1_800, 1_000)
            .until(6_000)
            .build();
        let verdict = check("no-gaps", &gap);
        assert!(
            verdict.is_failed() && verdict.text().contains("298 ms"),
            "{verdict:?}"
        );
        let two = CallBuilder::default()
            .bot(500, 1_000)
            .bot(1_800, 1_000)
            .until(6_000)
            .build();
        assert!(check("no-gaps", &two).is_passed());
    }

    #[test]
    fn a_queue_of_minutes_is_named() {
        let long = CallBuilder::default()
            .bot(500, 61_000)
            .until(63_000)
            .build();
        assert!(check("queue-is-short", &long).is_failed());
        let short = CallBuilder::default().bot(500, 6_000).until(63_000).build();
        assert!(check("queue-is-short", &short).is_passed());
    }
}
