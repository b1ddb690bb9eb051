//! What a tester wants to know of a call, as named checks.
//!
//! Each check looks at a [`CallRecord`] and passes, fails with what it saw, or does not apply and says
//! why. What a check is held to is in [`Limits`].

mod borne;
mod caller;
pub(super) mod crosstalk;
mod ending;
mod interruption;
mod latency;
mod limits;
mod measure;
mod playback;
mod probes;
mod resume;
mod sound;
mod tools;
mod wire;

#[cfg(test)]
pub(crate) mod made;

use std::fmt;
use std::time::Duration;

use super::record::{CallRecord, Probe};

pub use limits::{Limits, NoSuchLimit};

/// A question about a call.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name in reports.
    pub name: &'static str,
    /// What has to be so.
    pub text: &'static str,
    /// Where the demand comes from.
    pub source: &'static str,
    limit: fn(&Limits) -> Option<Duration>,
    look: fn(&CallRecord, &Limits) -> Verdict,
}

impl Check {
    /// The check with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CHECKS.iter().find(|check| check.name == name)
    }

    /// The time it is held to, where it is one.
    pub fn limit(&self, limits: &Limits) -> Option<Duration> {
        (self.limit)(limits)
    }

    /// Looks at a call.
    pub fn look(&self, call: &CallRecord, limits: &Limits) -> Verdict {
        (self.look)(call, limits)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is so.
    Passed {
        /// What was seen.
        evidence: String,
    },
    /// It is not so.
    Failed {
        /// What was seen.
        evidence: String,
        /// When in the call, where it is one moment.
        at: Option<Duration>,
    },
    /// The call had nothing by which it could be told.
    NotApplicable {
        /// What was missing.
        why: String,
    },
}

impl Verdict {
    pub(super) fn passed(evidence: impl Into<String>) -> Self {
        Self::Passed {
            evidence: evidence.into(),
        }
    }

    pub(super) fn failed(at: impl Into<Option<Duration>>, evidence: impl Into<String>) -> Self {
        Self::Failed {
            evidence: evidence.into(),
            at: at.into(),
        }
    }

    pub(super) fn not_applicable(why: impl Into<String>) -> Self {
        Self::NotApplicable { why: why.into() }
    }

    /// Whether it failed.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// Whether it passed.
    pub fn is_passed(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }

    /// What was seen, or was missing.
    pub fn text(&self) -> &str {
        match self {
            Self::Passed { evidence } | Self::Failed { evidence, .. } => evidence,
            Self::NotApplicable { why } => why,
        }
    }
}

/// Where most of the demands come from: what a carrier plays is heard, and people are impatient.
const PEOPLE: &str = "what people on a telephone bear";
const TWILIO: &str = "Twilio's documentation of media streams";
const AUDIOCODES: &str = "AudioCodes' documentation and kit of the bot API";
const OPENAI: &str = "OpenAI's guide to interruptions and truncation";
const FIELD: &str = "faults of bridges in the field";

macro_rules! checks {
    ($($name:literal $look:path, $limit:expr, $source:expr, $text:literal;)*) => {
        /// All checks of a call, in the order of reports.
        pub const CHECKS: &[Check] = &[$(Check {
            name: $name,
            text: $text,
            source: $source,
            limit: $limit,
            look: $look,
        },)*];
    };
}

checks! {
    "greeting-heard" latency::greeting, |l| Some(l.greeting), PEOPLE,
        "Who is not the first to speak hears something soon after the call began.";
    "answer-heard" latency::answers, |l| Some(l.answer), PEOPLE,
        "Each turn of the caller is answered: from its end to the first sound that is heard.";
    "barge-in-noticed" interruption::noticed, |l| Some(l.clear), TWILIO,
        "A caller who interrupts has the playback stopped.";
    "barge-in-silences" interruption::silences, |l| Some(l.silence), PEOPLE,
        "A caller who interrupts does not hear the old answer much longer.";
    "silent-after-clear" interruption::silent_after_clear, |l| Some(l.stragglers), FIELD,
        "Once the playback was stopped, nothing more of the old answer is sent.";
    "truncation-is-true" interruption::truncation, |l| Some(l.truncation), OPENAI,
        "The model is told of an interrupted answer as much as was heard of it.";
    "marks-follow-answers" playback::marks, |_| None, TWILIO,
        "A bridge that works with marks sets one behind each answer.";
    "marks-come-back" playback::echoes, |_| None, TWILIO,
        "Each mark comes back, once.";
    "all-is-played" playback::all_is_played, |l| Some(l.slice), FIELD,
        "What the model says is played: all of it, and once.";
    "no-gaps" playback::gaps, |l| Some(l.gap), PEOPLE,
        "Within an answer the line does not run dry.";
    "queue-is-short" playback::queue, |l| Some(l.queue), TWILIO,
        "The carrier does not have to keep more audio than a minute.";
    "audio-is-bare" sound::payloads, |_| None, TWILIO,
        "Audio is whole samples, without the header of a file.";
    "format-is-right" sound::format, |_| None, FIELD,
        "What is heard sounds like what the model said: its bytes are taken for what they are.";
    "pitch-is-kept" sound::pitch, |_| None, FIELD,
        "What is heard is as high and as fast as what the model said.";
    "caller-sounds-right" sound::caller, |_| None, FIELD,
        "What the model hears is as high and as fast as what the caller said.";
    "level-is-kept" sound::level, |_| None, PEOPLE,
        "What is heard is not clipped.";
    "no-clicks" sound::clicks, |_| None, FIELD,
        "Silence is silent: 0x80 is full scale in μ-law.";
    "caller-is-heard" caller::is_heard, |_| None, FIELD,
        "What the caller says reaches the model, before, during and after each answer.";
    "silence-is-no-turn" caller::silence, |_| None, PEOPLE,
        "The model hears nobody speak while the caller is silent.";
    "keys-reach-the-model" caller::keys, |l| Some(l.key), TWILIO,
        "Each key that the caller presses reaches the model: once, and in order.";
    "parameters-reach-the-model" caller::parameters, |_| None, TWILIO,
        "What came with the call, such as the caller's number, reaches the model.";
    "tools-are-answered" tools::answered, |l| Some(l.tool), OPENAI,
        "Each function that the model calls gets its output.";
    "hang-up-cleans-up" ending::cleans_up, |l| Some(l.clean_up), FIELD,
        "When the call ends, the model's session is closed, and nothing more is sent to it.";
    "line-loss-cleans-up" ending::line_loss, |l| Some(l.clean_up), FIELD,
        "When the line breaks for good, the model's session is closed, and nothing more is sent to it.";
    "resume-is-answered" resume::answered, |l| Some(l.answer), AUDIOCODES,
        "A call whose line broke is taken up again or refused; taken up, it goes on.";
    "model-loss-is-told" ending::model_loss, |l| Some(l.model_loss), FIELD,
        "When the model's session ends first, the caller hears something, or the call ends.";
    "messages-are-valid" wire::messages, |_| None, TWILIO,
        "All messages are as the carrier takes them, for its stream, and not before its start.";
    "session-is-in-order" wire::session, |_| None, AUDIOCODES,
        "An offered format is accepted, requests are answered, and play streams do not overlap.";
    "play-streams-end" wire::play_streams, |l| Some(l.stream_end), AUDIOCODES,
        "A play stream is closed soon after the last audio of an answer; until then the bot is deaf.";
    "disturbances-are-borne" borne::disturbances, |_| None, FIELD,
        "A gap in the caller's audio, and messages that are lost, late or doubled, do not end the talk.";
    "nonsense-is-borne" borne::nonsense, |_| None, FIELD,
        "A message that is no JSON, unknown or not whole does not end the talk.";
    "validation-is-answered" probes::validation, |_| None, AUDIOCODES,
        "A bot says so when the carrier's configuration screen asks whether there is one.";
    "strangers-are-refused" probes::strangers, |l| Some(l.refusal), FIELD,
        "Who shows no credential or a wrong one is not let in, and no model is called for them.";
}

impl Probe {
    /// The check that tells what came of it.
    pub(super) const fn check(self) -> &'static str {
        match self {
            Self::Validation => "validation-is-answered",
            Self::WrongCredential | Self::NoCredential => "strangers-are-refused",
        }
    }
}

/// Seconds as reports have them.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Milliseconds as reports have them.
pub(super) fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

/// The mock is not the model of this call.
pub(super) const NO_MODEL: &str = "what the model did is not known: it is not the mock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
        assert!(Check::named("no-clicks").is_some());
        for probe in Probe::ALL {
            assert!(Check::named(probe.check()).is_some(), "{probe:?}");
        }
    }

    #[test]
    fn a_good_call_fails_nothing_and_an_empty_one_has_nothing_to_look_at() {
        let limits = Limits::default();
        let good = made::good_call();
        for check in CHECKS {
            let verdict = check.look(&good, &limits);
            assert!(!verdict.is_failed(), "{}: {verdict:?}", check.name);
        }
        let empty = made::empty_call();
        for check in CHECKS {
            let verdict = check.look(&empty, &limits);
            let is_silent = check.name == "greeting-heard";
            assert_eq!(
                verdict.is_failed(),
                is_silent,
                "{}: {verdict:?}",
                check.name
            );
        }
    }
}
