//! How a call ends.

use std::time::Duration;

use super::{Limits, NO_MODEL, Verdict, millis, seconds};
use crate::expect::Direction;
use crate::telephony::record::{CallRecord, ModelRecord};

/// What is on its way to the model when the call ends may arrive.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

pub(super) fn cleans_up(call: &CallRecord, limits: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let Some(ended) = call.ended() else {
        return Verdict::not_applicable("the call did not end");
    };
    if call.cut_off().is_some() {
        return Verdict::not_applicable("the line broke");
    }
    cleaned_up(model, ended, limits)
}

pub(super) fn line_loss(call: &CallRecord, limits: &Limits) -> Verdict {
    if call.cut_off().is_none() {
        return Verdict::not_applicable("the line did not break for good");
    }
    match (&call.model, call.ended()) {
        (None, _) => Verdict::not_applicable(NO_MODEL),
        (_, None) => Verdict::not_applicable("the call did not end"),
        (Some(model), Some(ended)) => cleaned_up(model, ended, limits),
    }
}

/// Whether the model is left alone once the call is over.
fn cleaned_up(model: &ModelRecord, ended: Duration, limits: &Limits) -> Verdict {
    let sent = model
        .sent()
        .filter(|(at, _)| *at > ended + ON_ITS_WAY)
        .count();
    if sent > 0 {
        let evidence = format!("{sent} events went to the model after the call");
        return Verdict::failed(ended, evidence);
    }
    match model.closed().map(|(at, _)| at.saturating_sub(ended)) {
        Some(took) if took <= limits.clean_up => {
            Verdict::passed(format!("closed after {}", millis(took)))
        }
        Some(took) => {
            let evidence = format!("the model's session was closed after {}", seconds(took));
            Verdict::failed(ended, evidence)
        }
        None => Verdict::failed(ended, "the model's session was left open"),
    }
}

pub(super) fn model_loss(call: &CallRecord, limits: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let lost = model.closed().filter(|(_, by)| *by == Direction::Server);
    let Some((lost, _)) = lost.filter(|(at, _)| call.ended().is_none_or(|ended| *at <= ended))
    else {
        return Verdict::not_applicable("the model's session did not end first");
    };
    let spoke = call
        .came
        .iter()
        .map(|arrival| arrival.at)
        .find(|at| *at > lost);
    let noticed = [call.ended(), spoke].into_iter().flatten().min();
    match noticed.map(|at| at.saturating_sub(lost)) {
        Some(took) if took <= limits.model_loss => {
            Verdict::passed(format!("after {}", millis(took)))
        }
        Some(took) => Verdict::failed(lost, format!("after {}", seconds(took))),
        None => Verdict::failed(lost, "the caller was left in silence"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check, good_call};
    use crate::expect::Direction;
    use crate::telephony::Happening;

    #[test]
    fn a_session_that_outlives_the_call_is_named() {
        assert!(check("hang-up-cleans-up", &good_call()).is_passed());
        let open = CallBuilder::default().until(5_000).model_stays().build();
        assert!(check("hang-up-cleans-up", &open).is_failed());
        let late = CallBuilder::default()
            .model_closes(9_000, Direction::Client)
            .until(5_000)
            .build();
        assert!(check("hang-up-cleans-up", &late).is_failed());
        let busy = CallBuilder::default()
            .item(6_000, "still there?")
            .until(5_000)
            .build();
        assert!(check("hang-up-cleans-up", &busy).is_failed());
    }

    #[test]
    fn a_session_that_outlives_the_line_is_named() {
        let cut_off = || CallBuilder::default().happening(5_000, Happening::Lost);
        let good = cut_off().until(5_000).build();
        assert!(check("line-loss-cleans-up", &good).is_passed());
        assert!(!check("hang-up-cleans-up", &good).is_passed());
        let open = cut_off().until(5_000).model_stays().build();
        assert!(check("line-loss-cleans-up", &open).is_failed());
        let resumed = cut_off().happening(5_600, Happening::Resumed).until(9_000);
        assert!(check("hang-up-cleans-up", &resumed.build()).is_passed());
    }

    #[test]
    fn a_caller_who_is_left_alone_is_named() {
        let lost = || CallBuilder::default().model_closes(2_000, Direction::Server);
        assert!(check("model-loss-is-told", &lost().until(3_000).build()).is_passed());
        let spoke = lost().unsaid(3_000, 500).until(9_000).build();
        assert!(check("model-loss-is-told", &spoke).is_passed());
        assert!(check("model-loss-is-told", &lost().until(9_000).build()).is_failed());
    }
}
