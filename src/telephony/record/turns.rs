//! A call as turns: what the caller said, and what came of it.

use std::ops::Range;
use std::time::Duration;

use super::{CallRecord, REPLY_PAUSE};

/// A turn of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From when to when the caller spoke.
    pub said: Range<Duration>,
    /// The answer that they spoke into.
    pub old: Option<Range<Duration>>,
    /// What they heard next, before they spoke again.
    pub answer: Option<Range<Duration>>,
}

impl Turn {
    /// Whether the bridge was speaking when the caller began, and had more to say.
    pub fn interrupts(&self) -> bool {
        self.old.is_some()
    }

    /// From the beginning of an interruption to the last sound of what was interrupted.
    pub fn silence(&self) -> Option<Duration> {
        let old = self.old.as_ref()?;
        Some(old.end.saturating_sub(self.said.start))
    }

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
                old: self.interrupted(said, replies),
                answer: answer.cloned(),
            }
        };
        utterances.iter().enumerate().map(turn).collect()
    }

    /// What the bridge says at that time, if it has more to say than the politest of bridges takes to
    /// notice.
    fn interrupted(
        &self,
        said: &Range<Duration>,
        replies: &[Range<Duration>],
    ) -> Option<Range<Duration>> {
        let is_cut = self
            .clears()
            .any(|(at, dropped)| said.contains(&at) && !dropped.is_zero());
        // It may be cut in a pause between its words.
        let pause = if is_cut { REPLY_PAUSE } else { Duration::ZERO };
        let old = replies
            .iter()
            .find(|reply| reply.start < said.start && said.start < reply.end + pause)?;
        (is_cut || old.end > said.start + OVERLAP).then(|| old.clone())
    }
}
