//! What a plan has happen beside its response.

use std::ops::ControlFlow;

use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::generators::{Action, ResponsePlan};

impl Session {
    /// Does one action after the other; breaks off where one ends the session.
    pub(super) fn perform(&mut self, actions: Vec<Action>) -> ControlFlow<()> {
        for action in actions {
            match action {
                Action::Error(error) => self.refuse(Refusal::planned(error)),
                Action::Close { code, reason } => {
                    self.close(code, reason);
                    return ControlFlow::Break(());
                }
                Action::RateLimits(limits) => self.rate_limits = Some(limits),
                Action::McpTools {
                    server_label,
                    tools,
                } => self.change_mcp_tools(server_label, tools),
            }
        }
        ControlFlow::Continue(())
    }

    /// Does the actions of a plan without a response. An error at their end is the answer to the
    /// client's event.
    pub(super) fn perform_instead(&mut self, plan: ResponsePlan) -> Result<(), Refusal> {
        let mut actions = plan.before;
        actions.extend(plan.after);
        let answer = match actions.pop() {
            Some(Action::Error(error)) => Some(Refusal::planned(error)),
            other => {
                actions.extend(other);
                None
            }
        };
        match (self.perform(actions), answer) {
            (ControlFlow::Continue(()), Some(refusal)) => Err(refusal),
            _ => Ok(()),
        }
    }
}
