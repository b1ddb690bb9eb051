//! How much two sounds are the same, by what they are made of.

use realfft::RealFftPlanner;

/// All is measured at the rate of telephones.
pub(super) const RATE: u32 = 8_000;

/// 64 ms: harmonics of a voice are told apart.
const WINDOW: usize = 512;

/// What telephones carry, in bins of 15.6 Hz: from 156 to 3,400 Hz.
const LOWEST: usize = 10;
const HIGHEST: usize = 217;

/// Bins on both sides that a bin is compared with, so that not the slope of a spectrum counts but its
/// peaks.
const AROUND: usize = 12;

/// Quieter windows than this, as a root mean square, are no part of a sound.
const QUIET: f32 = 100.0;

/// By how much a sound may be too high or too low: what comes of rates that are confused.
const RATIOS: [f64; 9] = [
    1.0,
    1.0 / 3.0,
    0.5,
    2.0 / 3.0,
    0.75,
    4.0 / 3.0,
    1.5,
    2.0,
    3.0,
];

/// How one sound differs from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likeness {
    /// How much it is the same where it is neither higher nor lower, from −1 to 1.
    pub(super) same: f64,
    /// By how much it is higher.
    pub(super) pitch: f64,
    /// How much it is the same then.
    pub(super) at_pitch: f64,
}

/// Compares what was heard with what was said, both at [`RATE`]. Nothing where one of them has no
/// sound that is long enough.
pub(super) fn likeness(heard: &[i16], said: &[i16]) -> Option<Likeness> {
    let (heard, said) = (peaks(heard)?, peaks(said)?);
    let at = |ratio| correlation(&heard, &said, ratio);
    let same = at(1.0);
    let best = RATIOS.iter().map(|ratio| (at(*ratio), *ratio));
    let best = best.max_by(|one, other| one.0.total_cmp(&other.0));
    let (at_pitch, pitch) = best.unwrap_or((same, 1.0));
    Some(Likeness {
        same,
        pitch,
        at_pitch,
    })
}

/// The mean spectrum, in decibels above what is around.
fn peaks(samples: &[i16]) -> Option<Vec<f64>> {
    let mut planner = RealFftPlanner::<f32>::new();
    let transform = planner.plan_fft_forward(WINDOW);
    let mut input = transform.make_input_vec();
    let mut output = transform.make_output_vec();
    let mut power = vec![0.0_f64; output.len()];
    let mut windows = 0_usize;
    let shape: Vec<f32> = hann(WINDOW).collect();
    for window in samples.windows(WINDOW).step_by(WINDOW / 2) {
        let square: f32 = window.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
        #[allow(clippy::cast_precision_loss, reason = "a window is short")]
        if square < QUIET * QUIET * WINDOW as f32 {
            continue;
        }
        for ((value, sample), shape) in input.iter_mut().zip(window).zip(&shape) {
            *value = f32::from(*sample) * shape;
        }
        // The lengths are those that the transform made.
        if transform.process(&mut input, &mut output).is_err() {
            return None;
        }
        windows += 1;
        for (sum, bin) in power.iter_mut().zip(&output) {
            *sum += f64::from(bin.norm_sqr()) / f64::from(square);
        }
    }
    if windows == 0 {
        return None;
    }
    let level: Vec<f64> = power
        .iter()
        .map(|power| 10.0 * (power + 1e-6).log10())
        .collect();
    let around = |bin: usize| {
        let around = &level[bin.saturating_sub(AROUND)..(bin + AROUND + 1).min(level.len())];
        #[allow(clippy::cast_precision_loss, reason = "they are few")]
        let mean = around.iter().sum::<f64>() / around.len() as f64;
        level[bin] - mean
    };
    Some((0..level.len()).map(around).collect())
}

/// The shape of a window of this length.
#[allow(clippy::cast_precision_loss, reason = "a window is short")]
pub(super) fn hann(length: usize) -> impl Iterator<Item = f32> {
    (0..length).map(move |n| {
        let turn = n as f32 / length as f32 * std::f32::consts::TAU;
        0.5 - 0.5 * turn.cos()
    })
}

/// Pearson's, of a spectrum with another that is stretched.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bins are few and positive"
)]
fn correlation(heard: &[f64], said: &[f64], ratio: f64) -> f64 {
    let pairs = (LOWEST..HIGHEST).filter_map(|bin| {
        let place = bin as f64 / ratio;
        let (low, part) = (place.floor() as usize, place.fract());
        if low < LOWEST || low + 1 >= HIGHEST {
            return None;
        }
        Some((heard[bin], said[low] * (1.0 - part) + said[low + 1] * part))
    });
    let pairs: Vec<(f64, f64)> = pairs.collect();
    let count = pairs.len().max(1) as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| pairs.iter().map(pick).sum::<f64>() / count;
    let (one, other) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let mut product = 0.0;
    let mut squares = (0.0, 0.0);
    for (a, b) in &pairs {
        product += (a - one) * (b - other);
        squares.0 += (a - one).powi(2);
        squares.1 += (b - other).powi(2);
    }
    let norm = (squares.0 * squares.1).sqrt();
    if norm > 0.0 { product / norm } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audio::{Clip, Encoding};

    fn voice(text: &str) -> Clip {
        Clip::spoken(text, "alloy", 1.0)
    }

    fn at(rate: u32, clip: &Clip) -> Vec<i16> {
        clip.at_rate(rate)
    }

    #[test]
    fn a_voice_is_like_itself_on_the_telephone() {
        let clip = voice("Your order has been shipped, and will be with you on Tuesday.");
        let line = Encoding::Mulaw.decode(&clip.encoded(Encoding::Mulaw));
        let likeness = likeness(&line, &at(RATE, &clip)).expect("there is sound");
        assert!(likeness.same > 0.9, "{likeness:?}");
        assert!((likeness.pitch - 1.0).abs() < 0.01, "{likeness:?}");
    }

    #[test]
    fn confused_rates_are_found() {
        let clip = voice("Your order has been shipped, and will be with you on Tuesday.");
        let said = at(RATE, &clip);
        for (rate, pitch) in [(24_000, 1.0 / 3.0), (16_000, 0.5)] {
            // Samples of a higher rate, played as if they were of the telephone's.
            let likeness = likeness(&at(rate, &clip), &said).expect("there is sound");
            assert!((likeness.pitch - pitch).abs() < 0.01, "{likeness:?}");
            assert!(likeness.at_pitch > likeness.same + 0.1, "{likeness:?}");
        }
    }

    #[test]
    fn linear_samples_taken_for_mulaw_are_noise() {
        let clip = voice("Your order has been shipped, and will be with you on Tuesday.");
        let noise = Encoding::Mulaw.decode(&clip.encoded(Encoding::Pcm16));
        let likeness = likeness(&noise, &at(RATE, &clip)).expect("there is sound");
        assert!(
            likeness.same < 0.5 && likeness.at_pitch < 0.5,
            "{likeness:?}"
        );
    }

    #[test]
    fn silence_is_like_nothing() {
        let silence = Clip::silence(Duration::from_secs(1));
        assert_eq!(
            likeness(&at(RATE, &silence), &at(RATE, &voice("Hello."))),
            None
        );
    }
}
