//! A plan as steps: what happens next, and when.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::super::pieces::pieces;
use super::item::{Content, OutputItem};
use crate::generators::ResponsePlan;

/// What happens next, and when.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    pub(super) at: Duration,
    pub(super) what: What,
}

/// A step of a response; the numbers are those of its items.
#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// The item is added, with its part.
    Open(usize),
    /// A piece of the item's text, by bytes.
    Text(usize, Range<usize>),
    /// A chunk of the item's audio.
    Audio(usize, usize),
    /// The content and the item are done.
    Close(usize),
    /// The response is done.
    Finish,
    /// Nobody has made a plan in time: this one is followed.
    Follow(Box<ResponsePlan>),
}

/// How fast a response is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// From the creation of the response to its first item.
    pub first: Duration,
    /// From one delta of text, transcript or arguments to the next.
    pub text: Duration,
    /// From one delta of audio to the next.
    pub audio: Duration,
}

impl Pacing {
    /// Everything at once.
    pub const INSTANT: Self = Self {
        first: Duration::ZERO,
        text: Duration::ZERO,
        audio: Duration::ZERO,
    };

    /// About what the real server was seen to do, with the network's time taken out: the first
    /// delta after 0.2 s, text faster than anyone reads it, audio (250 ms a delta) four times as
    /// fast as it is heard. Inferred from a probe's times.
    pub const REALISTIC: Self = Self {
        first: Duration::from_millis(200),
        text: Duration::from_millis(5),
        audio: Duration::from_millis(60),
    };

    /// So many percent of all these times: `Pacing::REALISTIC.scaled(10)` is ten times as fast as
    /// the real server.
    #[must_use]
    pub fn scaled(self, percent: u32) -> Self {
        let scaled = |time: Duration| time.saturating_mul(percent) / 100;
        Self {
            first: scaled(self.first),
            text: scaled(self.text),
            audio: scaled(self.audio),
        }
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self::INSTANT
    }
}

/// The steps of a response that begins at `start`.
///
/// A call after a message opens before the message is closed, as recorded; other items follow one
/// another, which is inferred.
pub(super) fn steps(items: &[OutputItem], pacing: Pacing, start: Duration) -> VecDeque<Step> {
    let mut plan = Plan {
        at: start.saturating_add(pacing.first),
        pacing,
        steps: VecDeque::new(),
    };
    let mut waiting = None;
    for (index, item) in items.iter().enumerate() {
        plan.push(What::Open(index));
        plan.content(index, &item.content);
        if let Some(before) = waiting.take() {
            plan.push(What::Close(before));
        }
        let message = matches!(item.content, Content::Text { .. } | Content::Speech { .. });
        let call_follows = items
            .get(index + 1)
            .is_some_and(|next| matches!(next.content, Content::Call { .. }));
        if message && call_follows {
            waiting = Some(index);
        } else {
            plan.push(What::Close(index));
        }
    }
    plan.push(What::Finish);
    plan.steps
}

/// The same, but the last item is not closed: something stops it in the middle.
pub(super) fn until_cut(items: &[OutputItem], pacing: Pacing, start: Duration) -> VecDeque<Step> {
    let mut steps = steps(items, pacing, start);
    let last = items.len().saturating_sub(1);
    steps.retain(|step| step.what != What::Close(last));
    steps
}

/// The same, but nothing ends it.
pub(super) fn without_end(items: &[OutputItem], pacing: Pacing, start: Duration) -> VecDeque<Step> {
    let mut steps = until_cut(items, pacing, start);
    steps.retain(|step| step.what != What::Finish);
    steps
}

struct Plan {
    at: Duration,
    pacing: Pacing,
    steps: VecDeque<Step>,
}

impl Plan {
    fn push(&mut self, what: What) {
        self.steps.push_back(Step { at: self.at, what });
    }

    fn content(&mut self, index: usize, content: &Content) {
        let chunks = match content {
            Content::Speech { chunks, .. } => chunks.len(),
            _ => 0,
        };
        let text = content.text();
        let pieces_in_all = pieces(text).count();
        let mut start = 0;
        let mut chunk = 0;
        for (number, piece) in pieces(text).enumerate() {
            let end = start + piece.len();
            self.push(What::Text(index, start..end));
            self.at = self.at.saturating_add(self.pacing.text);
            start = end;
            // The transcript runs ahead: it is through when two thirds of the audio are sent.
            let due = (number * chunks * 2).div_ceil(pieces_in_all * 3);
            while chunk < due {
                self.audio(index, chunk);
                chunk += 1;
            }
        }
        for chunk in chunk..chunks {
            self.audio(index, chunk);
        }
    }

    fn audio(&mut self, index: usize, chunk: usize) {
        self.push(What::Audio(index, chunk));
        self.at = self.at.saturating_add(self.pacing.audio);
    }
}
