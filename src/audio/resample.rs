//! From one sample rate to another.

use std::ops::RangeInclusive;

use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler};

/// The sample rates that can be read, in samples a second. What the header of a broken file may
/// say beyond them would only cost memory.
pub(super) const RATES: RangeInclusive<u32> = 1_000..=384_000;

/// Frames a step: long enough for a steep filter, short enough for any clip.
const CHUNK: usize = 1024;

/// Full scale of 16 bits.
const SCALE: f32 = 32_768.0;

/// The samples at another rate; both are in [`RATES`]. The result lasts as long as the samples do,
/// to the sample above.
pub(crate) fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let input = samples.iter().map(|sample| f32::from(*sample) / SCALE);
    let output = filtered(input.collect(), from as usize, to as usize);
    output.into_iter().map(quantised).collect()
}

/// The sample as one of 16 bits. What is louder than full scale is clipped.
#[allow(clippy::cast_possible_truncation, reason = "such casts saturate")]
pub(super) fn quantised(sample: f32) -> i16 {
    (sample * SCALE).round() as i16
}

#[allow(
    clippy::expect_used,
    reason = "refused are rates of zero and buffers of a wrong size, which cannot come here"
)]
fn filtered(samples: Vec<f32>, from: usize, to: usize) -> Vec<f32> {
    let length = samples.len();
    let mut resampler =
        Fft::<f32>::new(from, to, CHUNK, 1, FixedSync::Both).expect("the rates are not zero");
    let input = InterleavedOwned::new_from(samples, 1, length).expect("it is as long as it is");
    let output = resampler.process_all(&input, length, None);
    let mut output = output.expect("rubato made the buffers").take_data();
    output.truncate((length * to).div_ceil(from));
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_kept_to_the_sample() {
        for (from, to) in [
            (44_100, 24_000),
            (48_000, 8_000),
            (8_000, 24_000),
            (11_025, 8_000),
            (96_000, 24_000),
        ] {
            for length in [1, 2, 100, 4_411, 10_000] {
                let resampled = resample(&vec![100; length], from, to);
                let expected = (length * to as usize).div_ceil(from as usize);
                assert_eq!(
                    resampled.len(),
                    expected,
                    "{length} samples, {from} to {to}"
                );
            }
        }
    }

    #[test]
    fn the_same_rate_changes_nothing() {
        assert_eq!(
            resample(&[1, -2, i16::MIN], 8_000, 8_000),
            [1, -2, i16::MIN]
        );
    }

    #[test]
    fn what_is_too_loud_is_clipped() {
        assert_eq!([quantised(1.5), quantised(-1.5)], [i16::MAX, i16::MIN]);
        assert_eq!(quantised(f32::NAN), 0);
    }
}
