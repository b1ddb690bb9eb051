//! Sound on the time line of a call.

use std::ops::Range;
use std::time::Duration;

use super::format::{duration_of, samples_in, whole_samples_in};
use crate::audio::Clip;

/// The root mean square above which somebody can be heard: −50 dB of full scale.
const AUDIBLE: f64 = 104.0;

/// Sound on the time line of a call: what was said, or heard, and when.
///
/// Times count from the beginning of the call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// In order of time; none overlaps another.
    stretches: Vec<Stretch>,
}

/// Sound without a gap in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    start: Duration,
    rate: u32,
    samples: Vec<i16>,
}

impl Stretch {
    /// When it begins.
    pub fn start(&self) -> Duration {
        self.start
    }

    /// When it ends.
    pub fn end(&self) -> Duration {
        self.start + duration_of(self.samples.len(), self.rate)
    }

    /// Samples a second.
    pub fn sample_rate(&self) -> u32 {
        self.rate
    }

    /// What it sounds like.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// The samples that lie within these times.
    fn within(&self, times: &Range<Duration>) -> Range<usize> {
        let index = |time: Duration| {
            samples_in(time.saturating_sub(self.start), self.rate).min(self.samples.len())
        };
        index(times.start)..index(times.end)
    }
}

impl Track {
    /// Sound that begins at a time which is not before the end of what is there.
    pub(crate) fn push(&mut self, start: Duration, samples: &[i16], rate: u32) {
        if samples.is_empty() {
            return;
        }
        match self.stretches.last_mut() {
            Some(last) if last.rate == rate && last.end() >= start => {
                last.samples.extend_from_slice(samples);
            }
            _ => self.stretches.push(Stretch {
                start,
                rate,
                samples: samples.to_vec(),
            }),
        }
    }

    /// Takes away all from this time on; how much that was.
    pub(crate) fn cut(&mut self, at: Duration) -> Duration {
        let mut dropped = Duration::ZERO;
        while let Some(last) = self.stretches.last_mut() {
            if last.end() <= at {
                break;
            }
            // A sample that has begun to be heard is not whole, and is gone.
            let kept = whole_samples_in(at.saturating_sub(last.start), last.rate);
            dropped += duration_of(last.samples.len() - kept, last.rate);
            last.samples.truncate(kept);
            if kept > 0 {
                break;
            }
            self.stretches.pop();
        }
        dropped
    }

    /// The stretches of sound, in order.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Whether nothing was ever there.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// When the first sound begins.
    pub fn start(&self) -> Option<Duration> {
        self.stretches.first().map(Stretch::start)
    }

    /// When the last sound ends; zero where there is none.
    pub fn end(&self) -> Duration {
        self.stretches.last().map_or(Duration::ZERO, Stretch::end)
    }

    /// How long all sound lasts together, without the gaps.
    pub fn duration(&self) -> Duration {
        let each = self.stretches.iter();
        each.map(|stretch| duration_of(stretch.samples.len(), stretch.rate))
            .sum()
    }

    /// Whether anything in these times is loud enough to be heard: above −50 dB of full scale.
    pub fn is_audible(&self, times: Range<Duration>) -> bool {
        self.overlapping(&times).any(|stretch| {
            let samples = &stretch.samples[stretch.within(&times)];
            let power: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
            #[allow(clippy::cast_precision_loss, reason = "no call has so many samples")]
            let count = samples.len().max(1) as f64;
            power > AUDIBLE * AUDIBLE * count
        })
    }

    /// These times as samples at a rate, with zeros where nothing is.
    pub fn render(&self, times: Range<Duration>, rate: u32) -> Vec<i16> {
        let length = samples_in(times.end.saturating_sub(times.start), rate);
        let mut rendered = vec![0; length];
        for stretch in self.overlapping(&times) {
            let part = Clip::of(
                stretch.samples[stretch.within(&times)].to_vec(),
                stretch.rate,
            );
            let begin = samples_in(stretch.start.saturating_sub(times.start), rate).min(length);
            for (sample, own) in rendered[begin..].iter_mut().zip(part.at_rate(rate)) {
                *sample = own;
            }
        }
        rendered
    }

    /// These times as a clip of 8,000 samples a second.
    pub fn clip(&self, times: Range<Duration>) -> Clip {
        const RATE: u32 = 8_000;
        Clip::of(self.render(times, RATE), RATE)
    }

    fn overlapping(&self, times: &Range<Duration>) -> impl Iterator<Item = &Stretch> {
        let (start, end) = (times.start, times.end);
        let first = self
            .stretches
            .partition_point(|stretch| stretch.end() <= start);
        self.stretches[first..]
            .iter()
            .take_while(move |stretch| stretch.start < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_follows_without_a_gap_is_one_stretch() {
        let mut track = Track::default();
        track.push(ms(100), &[1; 160], 8_000);
        track.push(ms(120), &[2; 160], 8_000);
        track.push(ms(200), &[3; 160], 8_000);
        track.push(ms(220), &[3; 160], 16_000);
        assert_eq!(track.stretches().len(), 3);
        assert_eq!((track.start(), track.end()), (Some(ms(100)), ms(230)));
        assert_eq!(track.duration(), ms(70));
    }

    #[test]
    fn what_is_cut_is_gone_to_the_sample() {
        let mut track = Track::default();
        track.push(ms(0), &[1; 800], 8_000);
        track.push(ms(200), &[1; 800], 8_000);
        assert_eq!(track.cut(ms(50)), ms(150));
        assert_eq!(track.end(), ms(50));
        assert_eq!(track.cut(ms(50)), ms(0));
    }

    #[test]
    fn a_track_is_rendered_with_its_gaps() {
        let mut track = Track::default();
        track.push(ms(1), &[5; 8], 8_000);
        track.push(ms(3), &[6; 8], 8_000);
        let rendered = track.render(ms(0)..ms(4), 8_000);
        let expected = [[0; 8], [5; 8], [0; 8], [6; 8]].concat();
        assert_eq!(rendered, expected);
        assert_eq!(track.render(ms(3)..ms(5), 8_000)[..8], [6; 8]);
    }

    #[test]
    fn only_what_is_loud_is_heard() {
        let mut track = Track::default();
        track.push(ms(0), &[60; 160], 8_000);
        track.push(ms(20), &[-600; 160], 8_000);
        assert!(!track.is_audible(ms(0)..ms(20)));
        assert!(track.is_audible(ms(20)..ms(40)));
        assert!(!track.is_audible(ms(40)..ms(60)));
    }
}
