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

/// Takes for speech what is loud: predictable on silence, tones and noise.
///
/// The probability goes up with the level (root mean square, without its constant part) in
/// decibels below full scale: 0 at −70 dB and less, 0.5 at −40 dB, 1 at −10 dB and more. So with
/// the usual threshold of 0.5, audio with a root mean square above 327 of 32,768 is speech; 0.1
/// more of threshold asks for 6 dB more.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnergyDetector;

/// The level that is never speech, in dB of full scale.
const QUIET: f64 = -70.0;
/// The level that surely is.
const LOUD: f64 = -10.0;

impl SpeechDetector for EnergyDetector {
    fn probability(&mut self, window: &[i16], _: u32) -> f64 {
        let power = power(window);
        if power <= 0.0 {
            return 0.0;
        }
        let level = 10.0 * power.log10();
        ((level - QUIET) / (LOUD - QUIET)).clamp(0.0, 1.0)
    }
}

/// The mean square of the samples without their mean, where full scale is 1.
#[allow(
    clippy::cast_precision_loss,
    reason = "sums over a window are far below 2^52"
)]
fn power(window: &[i16]) -> f64 {
    let (mut sum, mut squares) = (0_i64, 0_i64);
    for sample in window {
        let sample = i64::from(*sample);
        sum += sample;
        squares += sample * sample;
    }
    let count = window.len().max(1) as f64;
    let mean = sum as f64 / count;
    (squares as f64 / count - mean * mean) / (32_768.0 * 32_768.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square_wave(height: i16) -> Vec<i16> {
        let period = [height, height, -height, -height];
        period.into_iter().cycle().take(768).collect()
    }

    fn probability(window: &[i16]) -> f64 {
        EnergyDetector.probability(window, 24_000)
    }

    #[test]
    fn silence_is_no_speech() {
        assert!(probability(&[0; 768]).abs() < f64::EPSILON);
        assert!(probability(&[]).abs() < f64::EPSILON);
    }

    #[test]
    fn a_constant_is_no_speech() {
        assert!(probability(&[9_000; 768]) < 0.01);
    }

    #[test]
    fn the_probability_goes_by_the_level() {
        // −70, −40, −10 and 0 dB of full scale.
        for (height, expected) in [(10, 0.0), (328, 0.5), (10_362, 1.0), (32_767, 1.0)] {
            let found = probability(&square_wave(height));
            assert!((found - expected).abs() < 0.01, "{height}: {found}");
        }
    }

    #[test]
    fn the_sample_rate_makes_no_difference() {
        let wave = square_wave(1_000);
        let slow = EnergyDetector.probability(&wave[..256], 8_000);
        assert!((slow - probability(&wave)).abs() < 1e-9);
    }
}
