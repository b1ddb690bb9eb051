//! Whether somebody speaks.

use std::fmt;

/// Decides how likely it is that somebody speaks, a short stretch of audio at a time.
///
/// Any closure from samples and sample rate to a probability is a detector without a memory.
pub trait SpeechDetector: Send {
    /// How likely there is speech in this window, from 0 to 1.
    ///
    /// The windows of a session come one after the other, without a gap, and last 32 ms each: 768
    /// samples at a `sample_rate` of 24,000 a second, 256 at 8,000.
    fn probability(&mut self, window: &[i16], sample_rate: u32) -> f64;

    /// Forgets what was heard before: what comes next does not follow on it, or comes at another
    /// rate.
    fn reset(&mut self) {}
}

impl<F> SpeechDetector for F
where
    F: FnMut(&[i16], u32) -> f64 + Send,
{
    fn probability(&mut self, window: &[i16], sample_rate: u32) -> f64 {
        self(window, sample_rate)
    }
}

impl fmt::Debug for dyn SpeechDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpeechDetector")
    }
}

/// Takes for speech what is loud and not always there: predictable on silence, tones and noise.
///
/// The probability goes up with the level (root mean square) in decibels below full scale: 0 at
/// −70 dB and less, 0.5 at −40 dB, 1 at −10 dB and more. So with the usual threshold of 0.5, audio
/// with a root mean square above 327 of 32,768 is speech; 0.1 more of threshold asks for 6 dB more.
///
/// What is below the voice does not count: of the hum of the mains at 50 or 60 Hz more than 30 dB
/// are taken away.
///
/// A sound that never pauses becomes part of the room. The floor it makes goes up by 6 dB a second
/// and down at once; where it is above −50 dB, a probability of 0.5 means 10 dB above the floor. A
/// steady tone at −15 dB is speech for 8 s.
#[derive(Clone, Copy, Debug)]
pub struct EnergyDetector {
    /// The level of what never pauses, in dB of full scale.
    floor: f64,
}

/// The level that is never speech, in dB of full scale.
const QUIET: f64 = -70.0;
/// From there to what surely is speech, in dB.
const RANGE: f64 = 60.0;
/// How far a floor is above what it makes quiet, in dB.
const FLOOR_ABOVE_QUIET: f64 = 20.0;
/// How much the floor goes up in a window of 32 ms, in dB.
const RISE: f64 = 6.0 * 0.032;

impl Default for EnergyDetector {
    fn default() -> Self {
        Self { floor: QUIET }
    }
}

impl SpeechDetector for EnergyDetector {
    fn probability(&mut self, window: &[i16], sample_rate: u32) -> f64 {
        let power = match sample_rate {
            ..16_000 => power::<1>(window),
            _ => power::<3>(window),
        };
        let level = (10.0 * f64::from(power).log10()).max(QUIET);
        self.floor = level.min(self.floor + RISE);
        let quiet = QUIET.max(self.floor - FLOOR_ABOVE_QUIET);
        ((level - quiet) / RANGE).clamp(0.0, 1.0)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// A block is 4 ms at 8,000 samples a second.
const BLOCK: usize = 32;

/// Added up side by side, so that the processor can do it at once.
const LANES: usize = 8;

/// What a straight line and a parabola over a block look like, without their means.
const LINE: [f32; BLOCK] = bases().0;
const PARABOLA: [f32; BLOCK] = bases().1;

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the numbers are small"
)]
const fn bases() -> ([f32; BLOCK], [f32; BLOCK]) {
    let (mut line, mut parabola) = ([0.0; BLOCK], [0.0; BLOCK]);
    let count = BLOCK as f64;
    let mean_square = (count * count - 1.0) / 12.0;
    let mut number = 0;
    while number < BLOCK {
        let place = number as f64 - (count - 1.0) / 2.0;
        line[number] = place as f32;
        parabola[number] = (place * place - mean_square) as f32;
        number += 1;
    }
    (line, parabola)
}

const LINE_POWER: f32 = power_of(&LINE);
const PARABOLA_POWER: f32 = power_of(&PARABOLA);

const fn power_of(basis: &[f32; BLOCK]) -> f32 {
    let mut power = 0.0;
    let mut number = 0;
    while number < BLOCK {
        power += basis[number] * basis[number];
        number += 1;
    }
    power
}

/// The mean square of the samples where full scale is 1, without what is slower than a voice: of
/// each block of 4 ms, the parabola is taken away that fits it best. `GROUP` samples are one of
/// the 8,000 a second that are looked at. Less than a block at the end is left out.
#[allow(clippy::cast_precision_loss, reason = "three samples need 18 bits")]
fn power<const GROUP: usize>(window: &[i16]) -> f32 {
    let blocks = window.chunks_exact(BLOCK * GROUP);
    let count = (blocks.len() * BLOCK).max(1) as f32;
    let scale = 32_768.0 * GROUP as f32;
    let mut sum = 0.0;
    for block in blocks {
        let mut samples = [0.0; BLOCK];
        for (sample, group) in samples.iter_mut().zip(block.chunks_exact(GROUP)) {
            let together: i32 = group.iter().map(|sample| i32::from(*sample)).sum();
            *sample = together as f32;
        }
        sum += varying_power(&samples).max(0.0);
    }
    sum / (count * scale * scale)
}

/// The sum of the squares after the best parabola is taken away.
#[allow(clippy::cast_precision_loss, reason = "a block is short")]
fn varying_power(samples: &[f32; BLOCK]) -> f32 {
    let (mut mean, mut line) = ([0.0; LANES], [0.0; LANES]);
    let (mut parabola, mut squares) = ([0.0; LANES], [0.0; LANES]);
    for begin in (0..BLOCK).step_by(LANES) {
        for lane in 0..LANES {
            let sample = samples[begin + lane];
            mean[lane] += sample;
            line[lane] += sample * LINE[begin + lane];
            parabola[lane] += sample * PARABOLA[begin + lane];
            squares[lane] += sample * sample;
        }
    }
    let [mean, line, parabola, squares] =
        [mean, line, parabola, squares].map(|lanes| lanes.iter().sum::<f32>());
    squares
        - mean * mean / BLOCK as f32
        - line * line / LINE_POWER
        - parabola * parabola / PARABOLA_POWER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::sine::sine;

    /// Windows of a sine of this height, one after the other.
    fn windows(frequency: f64, height: f64, rate: u32) -> impl Iterator<Item = Vec<i16>> {
        let length = rate / 1_000 * 32;
        (0..).map(move |window| {
            let sample = |number| {
                let turns = f64::from(window * length + number) / f64::from(rate) * frequency;
                #[allow(clippy::cast_possible_truncation, reason = "no test is that loud")]
                let sample = (height * sine(turns)).round() as i16;
                sample
            };
            (0..length).map(sample).collect()
        })
    }

    fn probability(frequency: f64, height: f64, rate: u32) -> f64 {
        let window = windows(frequency, height, rate).next().unwrap();
        EnergyDetector::default().probability(&window, rate)
    }

    #[test]
    fn silence_is_no_speech() {
        let mut detector = EnergyDetector::default();
        assert!(detector.probability(&[0; 768], 24_000).abs() < f64::EPSILON);
        assert!(detector.probability(&[], 24_000).abs() < f64::EPSILON);
        assert!(
            detector.probability(&[9_000; 768], 24_000) < 0.01,
            "constant"
        );
    }

    #[test]
    fn the_probability_goes_by_the_level() {
        // A sine of a root mean square of −70, −40, −25, −10 and −3 dB of full scale.
        for (height, expected) in [
            (10.0, 0.01),
            (463.0, 0.5),
            (2_606.0, 0.75),
            (14_650.0, 1.0),
            (32_767.0, 1.0),
        ] {
            for rate in [8_000, 24_000] {
                let found = probability(800.0, height, rate);
                assert!(
                    (found - expected).abs() < 0.02,
                    "{height} at {rate}: {found}"
                );
            }
        }
    }

    #[test]
    fn hum_counts_for_little_and_a_voice_for_all() {
        for rate in [8_000, 24_000] {
            let loud = |frequency| probability(frequency, 4_634.0, rate) * RANGE + QUIET;
            assert!(
                loud(50.0) < -50.0 && loud(60.0) < -50.0,
                "{} {}",
                loud(50.0),
                loud(60.0)
            );
            assert!(loud(100.0) < -40.0, "{}", loud(100.0));
            assert!((loud(400.0) - -20.0).abs() < 1.5, "{}", loud(400.0));
            assert!((loud(1_000.0) - -20.0).abs() < 1.0, "{}", loud(1_000.0));
        }
    }

    #[test]
    fn what_never_pauses_becomes_part_of_the_room() {
        let mut detector = EnergyDetector::default();
        let heard: Vec<bool> = windows(800.0, 1_465.0, 8_000)
            .take(400)
            .map(|window| detector.probability(&window, 8_000) > 0.5)
            .collect();
        // At −30 dB, until the floor is at −40 dB: after 5 s.
        let over = heard.iter().position(|speech| !speech).unwrap();
        assert!((150..162).contains(&over), "{over}");
        assert!(heard[over..].iter().all(|speech| !speech));
        // A voice is louder still, and after a pause all is as it was.
        let voice = windows(500.0, 14_000.0, 8_000).next().unwrap();
        assert!(detector.probability(&voice, 8_000) > 0.5);
        detector.probability(&[0; 256], 8_000);
        let tone = windows(800.0, 1_465.0, 8_000).next().unwrap();
        assert!(detector.probability(&tone, 8_000) > 0.5);
    }
}
