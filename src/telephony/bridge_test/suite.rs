//! Suites that are built in.

use crate::scenario::{Problems, Scenario, parse};
use crate::telephony::record::Probe;
use crate::telephony::script::CallScript;

/// A call to try a bridge with.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What the caller does.
    pub script: CallScript,
    /// What the model says to it.
    pub model: Scenario,
}

impl Case {
    /// The name of the script.
    pub fn name(&self) -> &str {
        self.script.name.as_deref().unwrap_or("call")
    }
}

/// A suite that is built in. Each has the cases of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// A greeting and an answer: half a minute.
    Quick,
    /// What happens in every other call: interruptions, keys, functions, a caller who hangs up.
    Standard,
    /// What happens seldom: several interruptions, silence, gaps, a model that is lost, a bad line and
    /// one that breaks, messages that are wrong, strangers.
    Extended,
}

macro_rules! cases {
    ($($suite:ident: $($name:literal),*;)*) => {
        /// The file's name with the text of the call and of the model.
        const CASES: &[(Suite, &str, &str, &str)] = &[$($((
            Suite::$suite,
            $name,
            include_str!(concat!("../../../presets/bridge_test/", $name, ".call.yaml")),
            include_str!(concat!("../../../presets/bridge_test/", $name, ".model.yaml")),
        ),)*)*];
    };
}

cases! {
    Quick: "greeting_and_answer";
    Standard: "barge_in", "keys", "tool", "hang_up_in_an_answer";
    Extended: "many_turns", "two_barge_ins", "long_silence", "gap", "model_is_lost", "bad_line",
        "nonsense", "line_breaks";
}

impl Suite {
    /// The calls of the suite in which nobody speaks.
    pub fn probes(self) -> impl Iterator<Item = Probe> {
        let are_in_it = self == Self::Extended;
        Probe::ALL.into_iter().filter(move |_| are_in_it)
    }

    /// The cases of the suite. The error is a mistake in a file of this crate.
    pub fn cases(self) -> Result<Vec<Case>, Problems> {
        let cases = CASES.iter().filter(|(suite, ..)| *suite <= self);
        cases
            .map(|(_, name, call, model)| {
                Ok(Case {
                    script: CallScript::parse(&format!("{name}.call.yaml"), call)?,
                    model: parse(&format!("{name}.model.yaml"), model)?.scenario,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_suites_can_be_read_and_each_has_more() {
        let cases = |suite: Suite| suite.cases().unwrap().len();
        assert!(cases(Suite::Quick) < cases(Suite::Standard));
        assert!(cases(Suite::Standard) < cases(Suite::Extended));
        for (case, (_, name, ..)) in Suite::Extended.cases().unwrap().iter().zip(CASES) {
            assert_eq!(case.name(), name.replace('_', "-"));
        }
    }
}
