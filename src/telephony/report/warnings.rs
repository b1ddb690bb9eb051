//! What makes less of a report than it seems.

use super::CallReport;
use crate::telephony::Lateness;

/// How late this machine was, over all calls.
pub(super) fn machine(calls: &[CallReport]) -> Lateness {
    let mut machine = Lateness::default();
    for call in calls {
        machine.add(&call.machine);
    }
    machine
}

/// All that there is to be said.
pub(super) fn of(calls: &[CallReport], machine: &Lateness) -> Vec<String> {
    let forgotten: usize = calls.iter().map(|call| call.messages_forgotten).sum();
    let warnings = [late(machine), not_kept(forgotten)];
    warnings.into_iter().flatten().collect()
}

fn late(machine: &Lateness) -> Option<String> {
    let (late, frames) = (machine.late_frames(), machine.frames());
    let limit = Lateness::LIMIT.as_millis();
    let worst = machine.worst().as_millis();
    (late > 0).then(|| {
        format!(
            "this machine sent {late} of {frames} frames more than {limit} ms late, {worst} ms at \
             worst: what the bridge is blamed for may be its doing. Make fewer calls at once, or \
             leave it more of the processor"
        )
    })
}

fn not_kept(messages: usize) -> Option<String> {
    (messages > 0).then(|| {
        format!(
            "{messages} messages were too many to be kept and are not among those that are saved; \
             the checks have seen them"
        )
    })
}

/// The model's side of so many calls was too much to be kept.
pub(super) fn not_told(calls: usize) -> String {
    format!(
        "what the model sent and got was too much to be kept for {calls} calls, which are looked at \
         from the caller's side only. Make fewer or shorter calls at once"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_machine_that_keeps_up_is_not_told_of() {
        let mut machine = Lateness::default();
        machine.note(Duration::from_millis(20));
        assert_eq!(of(&[], &machine), Vec::<String>::new());
        machine.note(Duration::from_millis(34));
        let warnings = of(&[], &machine);
        assert_eq!(warnings.len(), 1);
        let told = "sent 1 of 2 frames more than 20 ms late, 34 ms at worst";
        assert!(warnings[0].contains(told), "{warnings:?}");
    }

    #[test]
    fn what_is_not_kept_is_told() {
        assert_eq!(not_kept(0), None);
        assert!(not_kept(7).is_some_and(|text| text.starts_with("7 messages")));
    }
}
