//! A call as turns: what the caller said, and what came of it.

use std::ops::Range;
use std::time::Duration;

use super::CallRecord;

/// A turn of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From when to when the caller spoke.
    pub said: Range<Duration>,
    /// Whether the bridge was speaking when they began, and had more to say.
    pub interrupts: bool,
    /// What they heard next, before they spoke again.
    pub answer: Option<Range<Duration>>,
}

impl Turn {
    /// From the end of the caller's words to the first sound of the answer.
    pub fn latency(&self) -> Option<Duration> {
        let answer = self.answer.as_ref()?;
        Some(answer.start.saturating_sub(self.said.end))
    }
}

/// What the caller speaks into for no longer than this was at its end anyway.
const OVERLAP: Duration = Duration::from_millis(400);

impl CallRecord {
    /// The caller's turns, in order.
    pub fn turns(&self) -> Vec<Turn> {
        let utterances = self.utterances();
        let replies = self.replies();
        let next_of = |number: usize| utterances.get(number + 1).map(|next| next.start);
        let turn = |(number, said): (usize, &Range<Duration>)| {
            let next = next_of(number).unwrap_or(Duration::MAX);
            let answer = replies
                .iter()
                .find(|reply| reply.start >= said.end && reply.start < next);
            Turn {
                said: said.clone(),
                interrupts: self.is_interruption(said, &replies),
                answer: answer.cloned(),
            }
        };
        utterances.iter().enumerate().map(turn).collect()
    }

    /// Whether the bridge speaks at that time, and what it has sent goes on for longer than the
    /// politest of bridges takes to notice.
    fn is_interruption(&self, said: &Range<Duration>, replies: &[Range<Duration>]) -> bool {
        let speaks = replies
            .iter()
            .any(|reply| reply.start < said.start && said.start < reply.end);
        let is_cut = self
            .clears()
            .any(|(at, dropped)| said.contains(&at) && dropped > Duration::ZERO);
        let goes_on = replies
            .iter()
            .any(|reply| reply.start < said.start && reply.end > said.start + OVERLAP);
        speaks && (is_cut || goes_on)
    }
}
