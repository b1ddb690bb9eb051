//! What happens to audio on the way: it gets louder or softer, noisy, late, or in part lost.

use std::fmt;
use std::time::Duration;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::Encoding;
use super::sine::sine;

/// Does something to audio on its way to the session or from it.
///
/// It is given the audio piece by piece, in order and without gaps, and goes on where it was. How
/// the audio is cut into pieces makes no difference to those that are here. Any closure from
/// samples and sample rate is a processor.
///
/// ```
/// use mock_realtime::audio::{Gain, Noise, TelephoneBand};
/// use mock_realtime::engine::SessionOptions;
///
/// // A bad line from the caller; what the mock says arrives as it is.
/// let options = SessionOptions {
///     input_processors: vec![
///         Box::new(Gain { db: -6.0 }),
///         Box::new(Noise::new(15.0, 1)),
///         Box::new(TelephoneBand::default()),
///     ],
///     ..SessionOptions::default()
/// };
/// ```
pub trait AudioProcessor: Send {
    /// Changes these samples. They may become more or fewer.
    fn process(&mut self, samples: &mut Vec<i16>, sample_rate: u32);
}

impl<F> AudioProcessor for F
where
    F: FnMut(&mut Vec<i16>, u32) + Send,
{
    fn process(&mut self, samples: &mut Vec<i16>, sample_rate: u32) {
        self(samples, sample_rate);
    }
}

impl fmt::Debug for dyn AudioProcessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AudioProcessor")
    }
}

/// Makes audio louder or softer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// By so many decibels; negative for softer.
    pub db: f64,
}

impl AudioProcessor for Gain {
    fn process(&mut self, samples: &mut Vec<i16>, _: u32) {
        let factor = ratio(self.db);
        for sample in samples {
            *sample = clipped(f64::from(*sample) * factor);
        }
    }
}

/// Adds white noise, so much softer than the sound was in the last fifth of a second it was loud.
/// Before the first sound there is none.
#[derive(Clone, Debug)]
pub struct Noise {
    /// Noise power as a part of the sound's.
    part: f64,
    random: Xoshiro256PlusPlus,
    /// The power of the sound, as far as it is known.
    power: f64,
}

impl Noise {
    /// Noise at this signal-to-noise ratio in decibels.
    pub fn new(snr_db: f64, seed: u64) -> Self {
        Self {
            part: ratio(-2.0 * snr_db),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            power: 0.0,
        }
    }
}

impl AudioProcessor for Noise {
    fn process(&mut self, samples: &mut Vec<i16>, sample_rate: u32) {
        let step = 5.0 / f64::from(sample_rate.max(5));
        for sample in samples {
            let value = f64::from(*sample);
            // A pause, 20 dB below the sound, does not make the line any better.
            if value * value > self.power / 100.0 {
                self.power += (value * value - self.power) * step;
            }
            // Twelve even ones make nearly a normal one, of variance 1.
            let normal: f64 = (0..12).map(|_| uniform(&mut self.random)).sum::<f64>() - 6.0;
            *sample = clipped(value + normal * (self.power * self.part).sqrt());
        }
    }
}

/// Loses packets of 20 ms: there is silence in their place.
#[derive(Clone, Debug)]
pub struct PacketLoss {
    probability: f64,
    random: Xoshiro256PlusPlus,
    /// Samples until the packet ends.
    left: u32,
    lost: bool,
}

impl PacketLoss {
    /// Loses each packet with this probability, from 0 to 1.
    pub fn new(probability: f64, seed: u64) -> Self {
        Self {
            probability,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            left: 0,
            lost: false,
        }
    }
}

impl AudioProcessor for PacketLoss {
    fn process(&mut self, samples: &mut Vec<i16>, sample_rate: u32) {
        for sample in samples {
            if self.left == 0 {
                self.left = (sample_rate / 50).max(1);
                self.lost = uniform(&mut self.random) < self.probability;
            }
            self.left -= 1;
            if self.lost {
                *sample = 0;
            }
        }
    }
}

/// Cuts off what is too loud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipping {
    /// The loudest sample that passes, in decibels of full scale: −12 leaves a quarter.
    pub db: f64,
}

impl AudioProcessor for Clipping {
    fn process(&mut self, samples: &mut Vec<i16>, _: u32) {
        let most = clipped(ratio(self.db).min(1.0) * f64::from(i16::MAX));
        for sample in samples {
            *sample = (*sample).clamp(-most, most);
        }
    }
}

/// Silence before the first sound: all that follows is so much later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    left: Duration,
}

impl Delay {
    /// Later by this time, to the sample below.
    pub fn new(time: Duration) -> Self {
        Self { left: time }
    }
}

impl AudioProcessor for Delay {
    fn process(&mut self, samples: &mut Vec<i16>, sample_rate: u32) {
        if samples.is_empty() || self.left.is_zero() {
            return;
        }
        let time = std::mem::take(&mut self.left);
        let count = time.as_nanos() * u128::from(sample_rate) / 1_000_000_000;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        samples.splice(..0, std::iter::repeat_n(0, count));
    }
}

/// Leaves what a telephone does: 300 to 3,400 Hz.
#[derive(Clone, Debug, Default)]
pub struct TelephoneBand {
    sample_rate: u32,
    filters: [Biquad; 2],
}

impl AudioProcessor for TelephoneBand {
    fn process(&mut self, samples: &mut Vec<i16>, sample_rate: u32) {
        if self.sample_rate != sample_rate {
            self.sample_rate = sample_rate;
            let rate = f64::from(sample_rate);
            self.filters = [
                Biquad::high_pass(300.0 / rate),
                Biquad::low_pass(3_400.0 / rate),
            ];
        }
        for sample in samples {
            let [high, low] = &mut self.filters;
            *sample = clipped(low.next(high.next(f64::from(*sample))));
        }
    }
}

/// A filter of the second order, after Bristow-Johnson's cookbook, with the flattest pass band.
#[derive(Clone, Debug, Default)]
struct Biquad {
    forward: [f64; 3],
    back: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    fn high_pass(turns: f64) -> Self {
        let cosine = sine(turns + 0.25);
        Self::of(turns, [1.0 + cosine, -2.0 - 2.0 * cosine, 1.0 + cosine])
    }

    fn low_pass(turns: f64) -> Self {
        let cosine = sine(turns + 0.25);
        Self::of(turns, [1.0 - cosine, 2.0 - 2.0 * cosine, 1.0 - cosine])
    }

    /// With the corner at so many turns a sample, and twice the forward coefficients.
    fn of(turns: f64, twice: [f64; 3]) -> Self {
        let alpha = sine(turns) * std::f64::consts::FRAC_1_SQRT_2;
        let scale = 1.0 + alpha;
        Self {
            forward: twice.map(|value| value / 2.0 / scale),
            back: [-2.0 * sine(turns + 0.25) / scale, (1.0 - alpha) / scale],
            state: [0.0; 2],
        }
    }

    fn next(&mut self, sample: f64) -> f64 {
        let out = self.forward[0] * sample + self.state[0];
        self.state[0] = self.forward[1] * sample - self.back[0] * out + self.state[1];
        self.state[1] = self.forward[2] * sample - self.back[1] * out;
        out
    }
}

/// Processors, one after the other, for audio in an encoding.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    processors: Vec<Box<dyn AudioProcessor>>,
    /// Of a sample that came in part.
    half: Option<u8>,
}

impl Chain {
    pub(crate) fn new(processors: Vec<Box<dyn AudioProcessor>>) -> Self {
        Self {
            processors,
            half: None,
        }
    }

    /// Whether audio passes as it is.
    pub(crate) fn is_empty(&self) -> bool {
        self.processors.is_empty()
    }

    /// What comes next begins with a whole sample.
    pub(crate) fn forget_half(&mut self) {
        self.half = None;
    }

    /// The audio after all of them. A half sample at the end waits for its other half.
    pub(crate) fn process(&mut self, audio: &[u8], encoding: Encoding) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(audio.len() + 1);
        bytes.extend(self.half.take());
        bytes.extend_from_slice(audio);
        if !bytes.len().is_multiple_of(encoding.sample_size()) {
            self.half = bytes.pop();
        }
        let mut samples = encoding.decode(&bytes);
        for processor in &mut self.processors {
            processor.process(&mut samples, encoding.sample_rate());
        }
        encoding.encode(&samples)
    }
}

/// From 0 to 1, without 1.
#[allow(clippy::cast_precision_loss, reason = "there are 53 bits")]
fn uniform(random: &mut Xoshiro256PlusPlus) -> f64 {
    (random.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
}

/// Decibels as a factor of the amplitude.
fn ratio(db: f64) -> f64 {
    10_f64.powf(db / 20.0)
}

#[allow(clippy::cast_possible_truncation, reason = "such casts saturate")]
fn clipped(value: f64) -> i16 {
    value.round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Clip;

    fn level(samples: &[i16]) -> f64 {
        let power: f64 = samples
            .iter()
            .map(|sample| f64::from(*sample).powi(2))
            .sum();
        10.0 * (power / f64::from(u32::try_from(samples.len()).unwrap())).log10()
    }

    fn tone(frequency: f64) -> Vec<i16> {
        Clip::tone(frequency, Duration::from_secs(1))
            .samples()
            .to_vec()
    }

    fn after(mut processor: impl AudioProcessor, mut samples: Vec<i16>) -> Vec<i16> {
        processor.process(&mut samples, 24_000);
        samples
    }

    #[test]
    fn gain_and_clipping_change_the_level() {
        let before = tone(500.0);
        let change = level(&after(Gain { db: -6.0 }, before.clone())) - level(&before);
        assert!((change + 6.0).abs() < 0.01, "{change}");
        let loud = after(Gain { db: 40.0 }, before.clone());
        assert_eq!(loud.iter().max(), Some(&i16::MAX));
        let cut = after(Clipping { db: -12.0 }, before);
        assert_eq!(cut.iter().max(), Some(&8_231));
    }

    #[test]
    fn noise_is_as_loud_as_the_ratio_says() {
        let before = tone(500.0);
        let noisy = after(Noise::new(20.0, 7), before.clone());
        let rest: Vec<i16> = noisy
            .iter()
            .zip(&before)
            .map(|(one, other)| one - other)
            .collect();
        let snr = level(&before) - level(&rest[6_000..]);
        assert!((snr - 20.0).abs() < 0.5, "{snr}");
        assert_eq!(after(Noise::new(20.0, 7), vec![0; 100]), [0; 100]);
    }

    #[test]
    fn packets_are_lost_whole_and_as_often_as_asked() {
        let samples = after(PacketLoss::new(0.3, 1), vec![1; 480 * 1_000]);
        let lost = samples
            .chunks(480)
            .filter(|packet| packet.iter().all(|sample| *sample == 0));
        let lost = lost.count();
        assert!((250..350).contains(&lost), "{lost}");
        assert_eq!(
            samples.iter().filter(|sample| **sample == 0).count(),
            lost * 480
        );
    }

    #[test]
    fn a_delay_puts_silence_first() {
        let samples = after(Delay::new(Duration::from_millis(10)), vec![5; 10]);
        assert_eq!(samples.len(), 250);
        assert_eq!((samples[239], samples[240]), (0, 5));
    }

    #[test]
    fn a_telephone_has_a_narrow_band() {
        let loss = |frequency: f64| {
            let before = tone(frequency);
            let band = after(TelephoneBand::default(), before.clone());
            level(&before) - level(&band[2_400..])
        };
        assert!(
            loss(50.0) > 25.0 && loss(9_000.0) > 15.0,
            "{} {}",
            loss(50.0),
            loss(9_000.0)
        );
        assert!(loss(1_000.0).abs() < 0.5, "{}", loss(1_000.0));
    }

    #[test]
    fn pieces_make_no_difference() {
        let chain = || {
            Chain::new(vec![
                Box::new(Delay::new(Duration::from_millis(3))),
                Box::new(Gain { db: 3.0 }),
                Box::new(Noise::new(10.0, 3)),
                Box::new(PacketLoss::new(0.2, 4)),
                Box::new(TelephoneBand::default()),
                Box::new(Clipping { db: -3.0 }),
            ])
        };
        let audio = Encoding::Pcm16.encode(&tone(700.0)[..5_000]);
        let whole = chain().process(&audio, Encoding::Pcm16);
        let mut pieces = chain();
        let parts = audio
            .chunks(333)
            .flat_map(|part| pieces.process(part, Encoding::Pcm16));
        assert_eq!(parts.collect::<Vec<u8>>(), whole);
    }
}
