//! How well this machine keeps up with the calls that it makes.

use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// How finely it is told.
const STEP: Duration = Duration::from_micros(100);

/// The last step is a second: all that is later is in it.
const STEPS: usize = 10_000;

/// How late the frames of a call left that were due at a time of their own: the caller's audio, keys,
/// marks that were reached. What answers the bridge is due when the bridge has spoken, and is not
/// counted.
///
/// It is of this machine that it tells, not of the bridge: with more calls than the processor can hold,
/// what the bridge seems to do late may have been looked at late.
///
/// ```
/// use std::time::Duration;
/// use mock_realtime::telephony::Lateness;
///
/// let mut lateness = Lateness::default();
/// lateness.note(Duration::from_millis(1));
/// lateness.note(Duration::from_millis(35));
/// assert_eq!((lateness.frames(), lateness.late_frames()), (2, 1));
/// assert_eq!(lateness.worst(), Duration::from_millis(35));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// How many frames were in each step; as long as it has to be, and no longer than [`STEPS`].
    steps: Vec<u64>,
    late: u64,
    worst: Duration,
}

impl Lateness {
    /// A frame that is later than a frame lasts leaves a gap.
    pub const LIMIT: Duration = Duration::from_millis(20);

    /// Notes a frame that was so late.
    pub fn note(&mut self, late: Duration) {
        self.worst = self.worst.max(late);
        self.late += u64::from(late > Self::LIMIT);
        let step = step_of(late);
        if self.steps.len() <= step {
            self.steps.resize(step + 1, 0);
        }
        self.steps[step] += 1;
    }

    /// Adds what was noted elsewhere.
    pub fn add(&mut self, other: &Self) {
        if self.steps.len() < other.steps.len() {
            self.steps.resize(other.steps.len(), 0);
        }
        for (own, others) in self.steps.iter_mut().zip(&other.steps) {
            *own += others;
        }
        self.late += other.late;
        self.worst = self.worst.max(other.worst);
    }

    /// How many frames there were.
    pub fn frames(&self) -> u64 {
        self.steps.iter().sum()
    }

    /// How many of them were later than [`LIMIT`](Self::LIMIT).
    pub fn late_frames(&self) -> u64 {
        self.late
    }

    /// The most that one was late.
    pub fn worst(&self) -> Duration {
        self.worst
    }

    /// What so many of 100 frames were not later than, to the tenth of a millisecond above; the worst,
    /// where that is more than a second. Zero without frames.
    pub fn percentile(&self, percent: u64) -> Duration {
        let rank = (self.frames() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (step, frames) in (1..).zip(&self.steps[..self.steps.len().min(STEPS - 1)]) {
            seen += frames;
            if seen >= rank {
                return (STEP * step).min(self.worst);
            }
        }
        self.worst
    }
}

/// Which step a time is in.
fn step_of(late: Duration) -> usize {
    let step = late.as_nanos() / STEP.as_nanos();
    usize::try_from(step).unwrap_or(usize::MAX).min(STEPS - 1)
}

impl Serialize for Lateness {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ms = |time: Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
        let mut fields = serializer.serialize_struct("Lateness", 5)?;
        fields.serialize_field("frames", &self.frames())?;
        fields.serialize_field("late_frames", &self.late)?;
        fields.serialize_field("p50_ms", &ms(self.percentile(50)))?;
        fields.serialize_field("p99_ms", &ms(self.percentile(99)))?;
        fields.serialize_field("max_ms", &ms(self.worst))?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn percentiles_are_told_to_a_step() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.percentile(99), Duration::ZERO);
        for _ in 0..98 {
            lateness.note(us(450));
        }
        lateness.note(us(7_930));
        lateness.note(us(20_001));
        assert_eq!(lateness.percentile(50), us(500));
        assert_eq!(lateness.percentile(99), us(8_000));
        assert_eq!(lateness.percentile(100), us(20_001));
        assert_eq!((lateness.frames(), lateness.late_frames()), (100, 1));
    }

    #[test]
    fn what_is_just_in_time_is_not_late() {
        let mut lateness = Lateness::default();
        lateness.note(Lateness::LIMIT);
        assert_eq!((lateness.frames(), lateness.late_frames()), (1, 0));
        assert_eq!(lateness.percentile(50), Lateness::LIMIT);
    }

    #[test]
    fn what_is_very_late_takes_no_more_memory() {
        let mut lateness = Lateness::default();
        lateness.note(Duration::from_secs(3_600));
        assert_eq!(lateness.steps.len(), STEPS);
        assert_eq!(lateness.percentile(50), Duration::from_secs(3_600));
    }

    #[test]
    fn two_are_told_as_one() {
        let (mut one, mut other) = (Lateness::default(), Lateness::default());
        one.note(us(150));
        other.note(us(1_950));
        other.note(us(30_000));
        one.add(&other);
        assert_eq!((one.frames(), one.late_frames()), (3, 1));
        assert_eq!(one.percentile(50), us(2_000));
        assert_eq!(one.worst(), us(30_000));
    }
}
