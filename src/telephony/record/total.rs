//! Lengths of time, added up.

use std::time::Duration;

/// Lengths that came at some time or other, in order, so that their sum up to any time is found at once.
#[derive(Clone, Debug)]
pub(super) struct RunningTotal(Vec<(Duration, Duration)>);

impl RunningTotal {
    /// The sum of what came up to this time, and at it.
    pub(super) fn by(&self, at: Duration) -> Duration {
        self.first(self.0.partition_point(|(when, _)| *when <= at))
    }

    /// The sum of what came before this time.
    pub(super) fn before(&self, at: Duration) -> Duration {
        self.first(self.0.partition_point(|(when, _)| *when < at))
    }

    fn first(&self, count: usize) -> Duration {
        let last = self.0[..count].last();
        last.map_or(Duration::ZERO, |(_, total)| *total)
    }
}

impl FromIterator<(Duration, Duration)> for RunningTotal {
    /// The times have to be in order.
    fn from_iter<I: IntoIterator<Item = (Duration, Duration)>>(lengths: I) -> Self {
        let mut total = Duration::ZERO;
        let add = |(at, length)| {
            total += length;
            (at, total)
        };
        Self(lengths.into_iter().map(add).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_at_a_time_counts_from_it_on() {
        let ms = Duration::from_millis;
        let came: RunningTotal = [(ms(10), ms(1)), (ms(20), ms(2)), (ms(20), ms(4))]
            .into_iter()
            .collect();
        let sums = [0, 10, 15, 20, 99].map(|at| (came.before(ms(at)), came.by(ms(at))));
        let expected = [(0, 0), (0, 1), (1, 1), (1, 7), (7, 7)];
        assert_eq!(sums, expected.map(|(before, by)| (ms(before), ms(by))));
    }
}
