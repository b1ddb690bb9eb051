//! Whether the bridge bears what goes wrong on the line.

use std::time::Duration;

use super::{Limits, Verdict, millis, seconds};
use crate::expect::Fired;
use crate::telephony::record::{CallRecord, Carrier, ModelRecord};
use crate::telephony::{Happening, Party};

/// Faults by which a message is not what it should be.
const NONSENSE: [&str; 5] = [
    "truncate",
    "malform",
    "break_schema",
    "wrong_id",
    "unknown_event",
];

/// Faults by which a message does not come when it should, or not once.
const DISTURBANCES: [&str; 6] = [
    "delay",
    "bandwidth",
    "stall",
    "drop",
    "duplicate",
    "reorder",
];

pub(super) fn nonsense(call: &CallRecord, limits: &Limits) -> Verdict {
    let Some(suffered) = Suffered::of(call, &NONSENSE) else {
        return Verdict::not_applicable("the bridge was sent nothing that is wrong");
    };
    told(call, limits, &suffered)
}

pub(super) fn disturbances(call: &CallRecord, limits: &Limits) -> Verdict {
    let mut suffered = Suffered::of(call, &DISTURBANCES);
    // What AudioCodes keeps to itself is what is said while the bot speaks.
    if call.carrier == Carrier::Twilio && !call.notes.withheld.is_zero() {
        let gap = format!("a gap of {}", millis(call.notes.withheld));
        let (first, what) = match suffered {
            Some(Suffered { what, .. }) => (Duration::ZERO, format!("{gap}, {what}")),
            None => (Duration::ZERO, gap),
        };
        suffered = Some(Suffered { first, what });
    }
    let Some(suffered) = suffered else {
        return Verdict::not_applicable("nothing on the line was lost, late or doubled");
    };
    told(call, limits, &suffered)
}

/// What went wrong on the line.
struct Suffered {
    /// When it began.
    first: Duration,
    /// What, and how often.
    what: String,
}

impl Suffered {
    fn of(call: &CallRecord, kinds: &[&str]) -> Option<Self> {
        let fired: Vec<(Duration, &Fired)> = call
            .faults()
            .filter(|(_, fired)| kinds.contains(&fired.kind))
            .collect();
        let (first, _) = *fired.first()?;
        let counts = kinds.iter().filter_map(|kind| {
            let count = fired.iter().filter(|(_, fired)| fired.kind == *kind);
            let count = count.count();
            (count > 0).then(|| format!("{kind} ×{count}"))
        });
        let what = counts.collect::<Vec<_>>().join(", ");
        Some(Self { first, what })
    }
}

impl CallRecord {
    /// What went wrong on the line because the script asks for it.
    pub fn faults(&self) -> impl Iterator<Item = (Duration, &Fired)> {
        self.all(|what| match what {
            Happening::Fault(fired) => Some(fired),
            _ => None,
        })
    }
}

/// Whether the bridge held the call, and answered those turns that came after it all.
fn told(call: &CallRecord, limits: &Limits, suffered: &Suffered) -> Verdict {
    let Suffered { first, what } = suffered;
    if call.model.as_ref().is_some_and(ModelRecord::is_lost) {
        return Verdict::not_applicable("the model's session ended first");
    }
    let left = call.notes.ended.as_ref();
    let left = left.filter(|ending| ending.by == Party::Bridge && ending.at >= *first);
    let turns = call.turns();
    let mut answered = 0;
    for (number, turn) in turns.iter().enumerate() {
        if turn.said.end < *first {
            continue;
        }
        if turn.answer.is_some() {
            answered += 1;
            continue;
        }
        if let Some(ending) = left {
            return Verdict::failed(ending.at, ended_by(&ending.reason, what));
        }
        // Who speaks again, or hangs up, before the time is over waits for nothing.
        let next = turns.get(number + 1).map(|next| next.said.start);
        let until = next.or(call.ended()).unwrap_or_else(|| call.length());
        if until >= turn.said.end + limits.answer {
            let evidence = format!(
                "turn {} was not answered, {} after it began with {what}",
                number + 1,
                seconds(turn.said.end.saturating_sub(*first)),
            );
            return Verdict::failed(turn.said.end, evidence);
        }
    }
    match left {
        Some(ending) if answered == 0 => Verdict::failed(ending.at, ended_by(&ending.reason, what)),
        _ if answered == 0 => {
            Verdict::not_applicable(format!("nobody was to be answered after it: {what}"))
        }
        _ => Verdict::passed(format!("{what}; {answered} turns answered since")),
    }
}

fn ended_by(reason: &str, what: &str) -> String {
    format!("the bridge ended the call after {what}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check, good_call};
    use super::*;
    use crate::faults::FaultKind;

    fn with(kind: &'static str, call: CallBuilder) -> CallBuilder {
        let what = "here".to_owned();
        call.happening(1_500, Happening::Fault(Fired { kind, what }))
    }

    fn name_of(kind: &str) -> &'static str {
        if NONSENSE.contains(&kind) {
            "nonsense-is-borne"
        } else {
            "disturbances-are-borne"
        }
    }

    fn kinds() -> impl Iterator<Item = &'static str> {
        NONSENSE.into_iter().chain(DISTURBANCES)
    }

    #[test]
    fn all_kinds_are_kinds_of_faults() {
        assert!(kinds().all(|kind| FaultKind::NAMES.contains(&kind)));
    }

    #[test]
    fn a_bridge_that_answers_the_turn_after_bears_it() {
        for kind in kinds() {
            let call = CallBuilder::default()
                .bot(500, 500)
                .caller(2_000, 500)
                .bot(3_000, 500);
            let verdict = check(name_of(kind), &with(kind, call).until(9_000).build());
            assert!(
                verdict.is_passed() && verdict.text().contains(kind),
                "{kind}: {verdict:?}"
            );
        }
    }

    #[test]
    fn a_bridge_that_hangs_up_or_is_deaf_since_is_named() {
        for kind in kinds() {
            let call = || with(kind, CallBuilder::default().bot(500, 500));
            let gone = call().ended_by(1_600, Party::Bridge).build();
            assert!(check(name_of(kind), &gone).is_failed(), "{kind}");
            let cut = call().caller(2_000, 500).ended_by(2_700, Party::Bridge);
            assert!(check(name_of(kind), &cut.build()).is_failed(), "{kind}");
            let deaf = call().caller(2_000, 500).until(9_000).build();
            assert!(check(name_of(kind), &deaf).is_failed(), "{kind}");
        }
    }

    #[test]
    fn what_nobody_waited_for_tells_nothing() {
        let nobody = with("malform", CallBuilder::default().bot(500, 500));
        let verdict = check("nonsense-is-borne", &nobody.until(3_000).build());
        assert!(
            matches!(verdict, Verdict::NotApplicable { .. }),
            "{verdict:?}"
        );
        let sound = check("nonsense-is-borne", &good_call());
        assert!(matches!(sound, Verdict::NotApplicable { .. }), "{sound:?}");
    }

    #[test]
    fn a_bridge_that_does_not_bear_a_gap_is_named() {
        let mut call = CallBuilder::default()
            .caller(2_000, 500)
            .ended_by(1_500, Party::Bridge)
            .build();
        call.notes.withheld = Duration::from_millis(400);
        assert!(check("disturbances-are-borne", &call).is_failed());
        let mut call = good_call();
        call.notes.withheld = Duration::from_millis(400);
        assert!(check("disturbances-are-borne", &call).is_passed());
    }
}
