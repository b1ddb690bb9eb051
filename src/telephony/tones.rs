//! Tones by which the calls of a test are told from each other, softly under each of its voices.

use crate::audio::sine::sine;
use crate::audio::{AudioProcessor, Clip};

/// There are so many frequencies in each third of the band; a prime number.
const STEPS: u32 = 13;

/// The lowest frequency. Voices are loudest below.
const LOWEST: u32 = 1_450;

/// From one frequency to the next. They are multiples of 50 Hz, of which 20 ms have whole periods: a
/// tone goes on where packets are left out, or come between.
const STEP: u32 = 50;

/// How loud a tone is beside the voice: −12 dB.
const PART: f64 = 0.25;

/// The three tones of a call. Two calls have no more than one in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tones {
    hertz: [u32; 3],
}

impl Tones {
    /// Those of the call with this number. From 169 on they begin anew.
    pub(crate) fn of_call(number: usize) -> Self {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let (one, two) = (number % STEPS, number / STEPS % STEPS);
        let thirds = [(0, one), (1, two), (2, (one + two) % STEPS)];
        let hertz = thirds.map(|(third, place)| LOWEST + STEP * (third * STEPS + place));
        Self { hertz }
    }

    pub(crate) fn hertz(self) -> [u32; 3] {
        self.hertz
    }

    /// This with the tones under it.
    pub(crate) fn under(self, clip: &Clip) -> Clip {
        let mut samples = clip.samples().to_vec();
        Mixer::new(self).process(&mut samples, clip.sample_rate());
        Clip::of(samples, clip.sample_rate())
    }
}

/// Puts tones under a voice, as loud as it is: where nothing is said, there are none.
#[derive(Clone, Debug)]
pub(crate) struct Mixer {
    tones: Tones,
    /// The voice's, as it was in the last 5 ms.
    power: f64,
    /// What all tones are together, at this rate, for 20 ms: then it begins anew.
    wave: Vec<f64>,
    rate: u32,
    /// Where in it the next sample is.
    place: usize,
}

impl Mixer {
    pub(crate) fn new(tones: Tones) -> Self {
        Self {
            tones,
            power: 0.0,
            wave: Vec::new(),
            rate: 0,
            place: 0,
        }
    }

    fn set_rate(&mut self, rate: u32) {
        let wave = |sample: u32| {
            let seconds = f64::from(sample) / f64::from(rate);
            let tones = self.tones.hertz.iter();
            tones.map(|hertz| sine(f64::from(*hertz) * seconds)).sum()
        };
        self.wave = (0..(rate / STEP).max(1)).map(wave).collect();
        (self.rate, self.place) = (rate, 0);
    }
}

impl AudioProcessor for Mixer {
    fn process(&mut self, samples: &mut Vec<i16>, sample_rate: u32) {
        let rate = sample_rate.max(1);
        if self.rate != rate {
            self.set_rate(rate);
        }
        let step = (200.0 / f64::from(rate)).min(1.0);
        for sample in samples {
            let value = f64::from(*sample);
            self.power += (value * value - self.power) * step;
            // A sine is √2 times as high as it is loud.
            let height = PART * (2.0 * self.power).sqrt();
            #[allow(clippy::cast_possible_truncation, reason = "such casts saturate")]
            let mixed = (value + height * self.wave[self.place]).round() as i16;
            *sample = mixed;
            self.place = (self.place + 1) % self.wave.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_calls_have_at_most_one_tone_in_common() {
        let all: Vec<Tones> = (0..169).map(Tones::of_call).collect();
        for (number, one) in all.iter().enumerate() {
            for other in &all[..number] {
                let common = one.hertz.iter().filter(|hertz| other.hertz.contains(hertz));
                assert!(common.count() <= 1, "{one:?} {other:?}");
            }
        }
        assert_eq!(Tones::of_call(169), all[0]);
        assert!(
            all.iter()
                .flat_map(|tones| tones.hertz)
                .all(|hertz| hertz < 3_400)
        );
    }

    #[test]
    fn tones_are_heard_with_the_voice_and_not_without_it() {
        let tones = Tones::of_call(5);
        let silence = Clip::silence(std::time::Duration::from_secs(1));
        assert_eq!(tones.under(&silence).samples(), silence.samples());
        let voice = Clip::spoken("Is anybody there?", "ash", 1.0);
        let both = tones.under(&voice);
        let difference = both.samples().iter().zip(voice.samples());
        let loudest = difference.map(|(both, voice)| both.abs_diff(*voice)).max();
        assert!(loudest > Some(1_000), "{loudest:?}");
    }
}
