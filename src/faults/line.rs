//! The way of frames from one side to the other.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// What becomes of frames on their way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LineFaults {
    /// The chance that a frame is lost.
    pub(super) loss: f64,
    /// How long a frame is on its way.
    pub(super) delay: Option<RangeInclusive<Duration>>,
}

/// The way of frames from one side to the other.
#[derive(Debug)]
pub(crate) struct Line {
    faults: LineFaults,
    random: Xoshiro256PlusPlus,
    /// When the last frame arrives: none overtakes it.
    last: Duration,
}

impl Line {
    pub(super) fn new(faults: LineFaults, seed: u64) -> Self {
        Self {
            faults,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            last: Duration::ZERO,
        }
    }

    /// When a frame arrives that is sent now; `None` if it is lost.
    pub(crate) fn carry(&mut self, now: Duration) -> Option<Duration> {
        if self.faults.loss > 0.0 && self.draw() < self.faults.loss {
            return None;
        }
        let delay = match self.faults.delay.clone() {
            Some(delay) => {
                let (shortest, longest) = delay.into_inner();
                shortest.saturating_add(longest.saturating_sub(shortest).mul_f64(self.draw()))
            }
            None => Duration::ZERO,
        };
        self.last = self.last.max(now.saturating_add(delay));
        Some(self.last)
    }

    /// When an end of the connection arrives that is sent now: after all before it.
    pub(crate) fn carry_close(&self, now: Duration) -> Duration {
        self.last.max(now)
    }

    /// From 0 to 1, and never 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn draw(&mut self) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        (self.random.next_u64() >> 11) as f64 / STEPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn line(loss: f64, delay: Option<RangeInclusive<Duration>>) -> Line {
        Line::new(LineFaults { loss, delay }, 7)
    }

    #[test]
    fn nothing_happens_by_itself() {
        let mut line = line(0.0, None);
        assert_eq!(line.carry(5 * MS), Some(5 * MS));
    }

    #[test]
    fn frames_do_not_overtake_each_other() {
        let mut line = line(0.0, Some(Duration::ZERO..=100 * MS));
        let arrivals: Vec<_> = (0..100)
            .map(|ms| line.carry(ms * MS).unwrap_or_default())
            .collect();
        assert!(arrivals.is_sorted());
        assert!(arrivals[99] > 99 * MS);
        assert!(line.carry_close(Duration::ZERO) >= arrivals[99]);
    }

    #[test]
    fn about_as_many_are_lost_as_asked_for() {
        let mut line = line(0.25, None);
        let lost = (0..10_000).filter(|_| line.carry(MS).is_none()).count();
        assert!((2_300..2_700).contains(&lost), "{lost}");
    }

    #[test]
    fn the_same_seed_loses_the_same() {
        let run = || {
            let mut line = line(0.5, Some(MS..=9 * MS));
            (0..50).map(|_| line.carry(MS)).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
    }
}
