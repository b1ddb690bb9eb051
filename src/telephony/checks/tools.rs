//! What comes of the functions that the model calls.

use super::{Limits, NO_MODEL, Verdict, millis, seconds};
use crate::telephony::record::CallRecord;

pub(super) fn answered(call: &CallRecord, limits: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let calls = model.tool_calls();
    let ended = call.ended().unwrap_or_else(|| call.length());
    let mut slowest = None;
    for tool in &calls {
        match tool.answered.map(|at| at.saturating_sub(tool.at)) {
            Some(took) if took <= limits.tool => slowest = slowest.max(Some(took)),
            Some(took) => {
                let evidence = format!("{} was answered after {}", tool.name, seconds(took));
                return Verdict::failed(tool.at, evidence);
            }
            // A function that ends the call has no other answer.
            None if ended < tool.at + limits.tool => {}
            None => return Verdict::failed(tool.at, format!("{} was not answered", tool.name)),
        }
    }
    match slowest {
        Some(slowest) => Verdict::passed(format!("after {} at most", millis(slowest))),
        None => Verdict::not_applicable("the model called none that has an answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check};

    #[test]
    fn a_function_without_an_answer_is_named() {
        let called = || CallBuilder::default().tool_call(1_000, "call_1", "order_status");
        let good = called().tool_output(1_200, "call_1").until(9_000).build();
        assert!(check("tools-are-answered", &good).is_passed());
        assert!(check("tools-are-answered", &called().until(9_000).build()).is_failed());
        let late = called().tool_output(7_000, "call_1").until(9_000).build();
        assert!(check("tools-are-answered", &late).is_failed());
    }
}
