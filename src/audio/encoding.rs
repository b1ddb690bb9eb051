//! How samples are written as bytes.

use std::cmp::Ordering;
use std::time::Duration;

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

use crate::protocol::realtime::AudioFormat;

/// How samples are written as bytes. All are mono.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// 16-bit signed samples, little-endian, 24,000 a second.
    #[default]
    Pcm16,
    /// G.711 μ-law: a byte a sample, 8,000 a second.
    Mulaw,
    /// G.711 A-law: a byte a sample, 8,000 a second.
    Alaw,
}

impl Encoding {
    /// The encoding of a format.
    pub const fn of(format: &AudioFormat) -> Self {
        match format {
            AudioFormat::Pcm(_) => Self::Pcm16,
            AudioFormat::Pcmu(_) => Self::Mulaw,
            AudioFormat::Pcma(_) => Self::Alaw,
        }
    }

    /// Samples a second.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcm16 => 24_000,
            Self::Mulaw | Self::Alaw => 8_000,
        }
    }

    /// Bytes a sample.
    pub const fn sample_size(self) -> usize {
        match self {
            Self::Pcm16 => 2,
            Self::Mulaw | Self::Alaw => 1,
        }
    }

    /// Bytes a millisecond: 48 or 8.
    pub const fn bytes_per_ms(self) -> usize {
        match self {
            Self::Pcm16 => 48,
            Self::Mulaw | Self::Alaw => 8,
        }
    }

    /// The byte that silence is made of.
    pub const fn silence_byte(self) -> u8 {
        match self {
            Self::Pcm16 => 0,
            Self::Mulaw => 0xff,
            Self::Alaw => 0xd5,
        }
    }

    /// Whole samples in so many bytes.
    pub const fn samples(self, bytes: usize) -> usize {
        bytes / self.sample_size()
    }

    /// How long so many bytes play: that of their whole samples, to the nanosecond below.
    pub const fn duration(self, bytes: usize) -> Duration {
        let samples = self.samples(bytes) as u64;
        let rate = self.sample_rate() as u64;
        let rest = samples % rate * 1_000_000_000 / rate;
        Duration::from_secs(samples / rate).saturating_add(Duration::from_nanos(rest))
    }

    /// The bytes of the whole samples that last `duration`, to the nearest sample.
    pub fn bytes_in(self, duration: Duration) -> usize {
        let rate = u128::from(self.sample_rate());
        let samples = (duration.as_nanos() * rate + 500_000_000) / 1_000_000_000;
        let samples = usize::try_from(samples).unwrap_or(usize::MAX);
        samples.saturating_mul(self.sample_size())
    }

    /// The samples in `bytes`. A half sample at the end is left out.
    pub fn decode(self, bytes: &[u8]) -> Vec<i16> {
        let mut samples = vec![0; self.samples(bytes.len())];
        self.decode_into(bytes, &mut samples);
        samples
    }

    /// Writes the samples in `bytes` to the beginning of `samples`, as many as there are and fit.
    pub fn decode_into(self, bytes: &[u8], samples: &mut [i16]) {
        match self {
            Self::Pcm16 => {
                for (sample, pair) in samples.iter_mut().zip(bytes.chunks_exact(2)) {
                    *sample = i16::from_le_bytes([pair[0], pair[1]]);
                }
            }
            Self::Mulaw => decode_each(bytes, samples, decode_ulaw),
            Self::Alaw => decode_each(bytes, samples, decode_alaw),
        }
    }

    /// The samples as bytes.
    pub fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::Pcm16 => samples
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
            Self::Mulaw => samples.iter().copied().map(encode_ulaw).collect(),
            Self::Alaw => samples.iter().copied().map(encode_alaw).collect(),
        }
    }

    /// Silence that lasts `duration`, to the nearest sample.
    pub fn silence(self, duration: Duration) -> Vec<u8> {
        vec![self.silence_byte(); self.bytes_in(duration)]
    }

    /// The same audio in another encoding. Between the two rates samples are repeated or left
    /// out, without a filter: good enough to go on after a change in the middle of a session.
    pub fn convert(self, bytes: &[u8], to: Self) -> Vec<u8> {
        if self == to {
            return bytes.to_vec();
        }
        let samples = self.decode(bytes);
        match self.sample_rate().cmp(&to.sample_rate()) {
            Ordering::Equal => to.encode(&samples),
            Ordering::Less => {
                let repeated = samples.iter().flat_map(|sample| [*sample; RATIO]);
                to.encode(&repeated.collect::<Vec<i16>>())
            }
            Ordering::Greater => {
                let some = samples.into_iter().skip(RATIO - 1).step_by(RATIO);
                to.encode(&some.collect::<Vec<i16>>())
            }
        }
    }
}

/// Samples at the higher rate in the time of one at the lower.
const RATIO: usize = 3;

fn decode_each(bytes: &[u8], samples: &mut [i16], decode: impl Fn(u8) -> i16) {
    for (sample, byte) in samples.iter_mut().zip(bytes) {
        *sample = decode(*byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Encoding; 3] = [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw];

    /// ITU-T G.711, tables 1 and 2: the decoder's values at the ends of the segments, in their
    /// places in 16 bits (14 bits of μ-law, 13 of A-law, shifted to the left).
    #[test]
    fn g711_decodes_to_the_values_of_the_standard() {
        let mulaw = [
            (0x80_u8, 8031),
            (0x8f, 4191),
            (0x9f, 2079),
            (0xaf, 1023),
            (0xbf, 495),
            (0xcf, 231),
            (0xdf, 99),
            (0xef, 33),
            (0xfe, 2),
            (0xff, 0),
        ];
        for (code, value) in mulaw {
            let both = Encoding::Mulaw.decode(&[code, code & 0x7f]);
            assert_eq!(both, [value * 4, value * -4], "{code:#x}");
        }
        // Every second bit is inverted on the line.
        let alaw = [
            (0xff_u8, 4032),
            (0xf0, 2112),
            (0xe0, 1056),
            (0xd0, 528),
            (0xc0, 264),
            (0xb0, 132),
            (0xa0, 66),
            (0x8f, 31),
            (0x80, 1),
        ];
        for (code, value) in alaw {
            let code = code ^ 0x55;
            let both = Encoding::Alaw.decode(&[code, code & 0x7f]);
            assert_eq!(both, [value * 8, value * -8], "{code:#x}");
        }
    }

    #[test]
    fn g711_gives_back_every_code() {
        for encoding in [Encoding::Mulaw, Encoding::Alaw] {
            let codes: Vec<u8> = (0..=255).collect();
            let mut again = encoding.encode(&encoding.decode(&codes));
            if encoding == Encoding::Mulaw {
                // There are two zeros.
                assert_eq!((again[0x7f], again[0xff]), (0xff, 0xff));
                again[0x7f] = 0x7f;
            }
            assert_eq!(again, codes, "{encoding:?}");
        }
    }

    #[test]
    fn pcm_is_little_endian_and_a_half_sample_is_left_out() {
        assert_eq!(Encoding::Pcm16.decode(&[1, 0, 0xff, 0xff, 7]), [1, -1]);
        assert_eq!(Encoding::Pcm16.encode(&[1, -2]), [1, 0, 0xfe, 0xff]);
    }

    #[test]
    fn durations_are_those_of_whole_samples() {
        assert_eq!(Encoding::Pcm16.duration(48_001), Duration::from_secs(1));
        assert_eq!(Encoding::Pcm16.duration(3), Duration::from_nanos(41_666));
        assert_eq!(Encoding::Pcm16.bytes_in(Duration::from_nanos(41_666)), 2);
        assert_eq!(Encoding::Mulaw.duration(1), Duration::from_micros(125));
        for encoding in ALL {
            let bytes = 1500 * encoding.bytes_per_ms();
            assert_eq!(encoding.duration(bytes), Duration::from_millis(1500));
            assert_eq!(encoding.bytes_in(Duration::from_millis(1500)), bytes);
        }
    }

    #[test]
    fn silence_is_silent() {
        for encoding in ALL {
            let silence = encoding.silence(Duration::from_millis(20));
            assert_eq!(silence.len(), 20 * encoding.bytes_per_ms());
            let loudest = encoding.decode(&silence).into_iter().max();
            assert!(loudest.is_some_and(|sample| sample <= 8), "{encoding:?}");
        }
    }

    #[test]
    fn a_conversion_keeps_the_time() {
        let ramp: Vec<i16> = (0..720).map(|n| n * 40).collect();
        for from in ALL {
            let bytes = from.encode(&ramp[..from.bytes_per_ms() * 10 / from.sample_size()]);
            for to in ALL {
                let converted = from.convert(&bytes, to);
                assert_eq!(to.duration(converted.len()), Duration::from_millis(10));
            }
        }
    }
}
