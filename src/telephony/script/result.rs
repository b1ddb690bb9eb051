//! What came of a script.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// A turn: what the caller did, and what was heard of the bridge until the caller did something again.
/// The first one is the bridge's greeting. Times count from the beginning of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// When it began.
    pub began: Duration,
    /// When it ended: with the next turn, or the call.
    pub ended: Duration,
    /// The number of the script's step that it began with, from 0. None for the greeting.
    pub step: Option<usize>,
    /// What the caller was told to say, as words.
    pub words: Option<String>,
    /// When the caller spoke.
    pub said: Option<Range<Duration>>,
    /// The keys the caller pressed.
    pub pressed: Option<String>,
    /// Whether the caller interrupted the bridge.
    pub barged_in: bool,
    /// When the last sound of what was interrupted ended.
    pub cut: Option<Duration>,
    /// From the first sound of the bridge's answer to its last.
    pub answer: Option<Range<Duration>>,
    /// What was not as the script says.
    pub failures: Vec<Failure>,
}

impl Turn {
    /// From the end of what the caller said, or the beginning of the turn where nothing was said, to
    /// the first sound of the answer. Zero where the bridge answered before the caller had ended.
    pub fn latency(&self) -> Option<Duration> {
        let answer = self.answer.as_ref()?;
        let asked = self.said.as_ref().map_or(self.began, |said| said.end);
        Some(answer.start.saturating_sub(asked))
    }

    /// From the caller's first word to the last sound of what was interrupted.
    pub fn cut_off(&self) -> Option<Duration> {
        let said = self.said.as_ref()?;
        Some(self.cut?.saturating_sub(said.start))
    }

    /// Whether the bridge answered, and nothing failed.
    pub fn is_complete(&self) -> bool {
        self.answer.is_some() && self.failures.is_empty()
    }
}

/// Something that was not as the script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number of the step, from 0.
    pub step: usize,
    /// When.
    pub at: Duration,
    /// What was expected, and what was.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, at) = (self.step + 1, self.at.as_secs_f64());
        write!(f, "step {step}, {at:.3} s: {}", self.message)
    }
}
