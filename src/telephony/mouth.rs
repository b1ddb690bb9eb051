//! What the caller is saying.

use std::collections::VecDeque;

use crate::audio::Clip;

/// What the caller is about to say, at the rate of the line.
#[derive(Clone, Debug)]
pub(super) struct Mouth {
    samples: VecDeque<i16>,
    rate: u32,
}

impl Mouth {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            samples: VecDeque::new(),
            rate,
        }
    }

    pub(super) fn say(&mut self, clip: &Clip) {
        self.samples.extend(clip.shared_at_rate(self.rate).iter());
    }

    pub(super) fn sample_rate(&self) -> u32 {
        self.rate
    }

    /// The next samples; silence follows the last ones. None where nothing is said.
    pub(super) fn take(&mut self, count: usize) -> Option<Vec<i16>> {
        if self.samples.is_empty() {
            return None;
        }
        let mut slice: Vec<i16> = self
            .samples
            .drain(..count.min(self.samples.len()))
            .collect();
        slice.resize(count, 0);
        Some(slice)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The line has another rate from now on.
    pub(super) fn set_rate(&mut self, rate: u32) {
        if rate != self.rate {
            let rest: Vec<i16> = self.samples.drain(..).collect();
            self.samples = Clip::of(rest, self.rate).at_rate(rate).into();
            self.rate = rate;
        }
    }
}
