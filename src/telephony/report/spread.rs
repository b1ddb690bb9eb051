//! How times are spread.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::as_ms;

/// How times are spread: of so many, half are no longer than `p50`, 95 of 100 no longer than `p95`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// The median.
    #[serde(rename = "p50_ms", serialize_with = "as_ms")]
    pub p50: Duration,
    /// The 95th percentile.
    #[serde(rename = "p95_ms", serialize_with = "as_ms")]
    pub p95: Duration,
    /// The longest.
    #[serde(rename = "max_ms", serialize_with = "as_ms")]
    pub max: Duration,
}

impl Spread {
    /// The spread of these times; none where there are none.
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        // The nearest rank: a time that was measured, not one between two.
        let rank = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
        Some(Self {
            count: times.len(),
            max: *times.last()?,
            p50: rank(50),
            p95: rank(95),
        })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_millis();
        let (p50, p95, max) = (ms(self.p50), ms(self.p95), ms(self.max));
        write!(
            f,
            "p50 {p50} ms, p95 {p95} ms, max {max} ms of {}",
            self.count
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let spread = Spread::of((1..=100).rev().map(Duration::from_millis)).unwrap();
        let ms = Duration::from_millis;
        assert_eq!(
            (spread.p50, spread.p95, spread.max),
            (ms(50), ms(95), ms(100))
        );
        let one = Spread::of([ms(7)]).unwrap();
        assert_eq!(
            (one.p50, one.p95, one.max, one.count),
            (ms(7), ms(7), ms(7), 1)
        );
        assert_eq!(Spread::of([]), None);
    }
}
