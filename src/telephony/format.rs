//! How audio is written on a line.

use std::time::Duration;

use crate::audio::Encoding;

/// How audio is written on a line: mono samples at a rate, with or without a WAV header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineFormat {
    coding: Coding,
    rate: u32,
    header: bool,
}

/// How a sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Coding {
    /// G.711 μ-law: a byte.
    Mulaw,
    /// 16 bits, signed, little-endian.
    Linear,
}

impl LineFormat {
    /// G.711 μ-law at 8,000 samples a second: all that Twilio has.
    pub const MULAW: Self = Self {
        coding: Coding::Mulaw,
        rate: 8_000,
        header: false,
    };

    /// Samples of 16 bits, so many a second.
    pub const fn linear(rate: u32) -> Self {
        Self {
            coding: Coding::Linear,
            rate,
            header: false,
        }
    }

    /// The same in a WAV file.
    #[must_use]
    pub const fn with_header(self) -> Self {
        Self {
            header: true,
            ..self
        }
    }

    /// Samples a second.
    pub const fn sample_rate(self) -> u32 {
        self.rate
    }

    /// Whether a WAV header stands before the samples.
    pub const fn has_header(self) -> bool {
        self.header
    }

    /// Bytes a sample.
    pub const fn sample_size(self) -> usize {
        match self.coding {
            Coding::Mulaw => 1,
            Coding::Linear => 2,
        }
    }

    /// The whole samples that fit best into `duration`.
    pub(crate) fn samples_in(self, duration: Duration) -> usize {
        samples_in(duration, self.rate)
    }

    /// The samples of bytes without a header. Half a sample at the end is left out.
    pub fn decode(self, bytes: &[u8]) -> Vec<i16> {
        match self.coding {
            Coding::Mulaw => Encoding::Mulaw.decode(bytes),
            Coding::Linear => Encoding::Pcm16.decode(bytes),
        }
    }

    /// The samples as bytes, without a header.
    pub fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self.coding {
            Coding::Mulaw => Encoding::Mulaw.encode(samples),
            Coding::Linear => Encoding::Pcm16.encode(samples),
        }
    }

    /// Whether a byte is a sample by itself, so that a wrong padding byte is a loud sample.
    pub(crate) const fn is_mulaw(self) -> bool {
        matches!(self.coding, Coding::Mulaw)
    }

    /// A WAV header for samples of which nobody knows yet how many there will be.
    pub(crate) fn open_header(self) -> Vec<u8> {
        let (tag, bits) = match self.coding {
            Coding::Mulaw => (7_u16, 8_u16),
            Coding::Linear => (1, 16),
        };
        let bytes_per_sample = bits / 8;
        let mut header = Vec::with_capacity(44);
        header.extend(b"RIFF\xff\xff\xff\xffWAVEfmt ");
        header.extend(16_u32.to_le_bytes());
        header.extend(tag.to_le_bytes());
        header.extend(1_u16.to_le_bytes());
        header.extend(self.rate.to_le_bytes());
        header.extend((self.rate * u32::from(bytes_per_sample)).to_le_bytes());
        header.extend(bytes_per_sample.to_le_bytes());
        header.extend(bits.to_le_bytes());
        header.extend(b"data\xff\xff\xff\xff");
        header
    }
}

/// The whole samples that fit best into `duration` at `rate` a second.
pub(crate) fn samples_in(duration: Duration, rate: u32) -> usize {
    let samples = (duration.as_nanos() * u128::from(rate) + 500_000_000) / 1_000_000_000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// The samples that are over within `duration` at `rate` a second.
pub(crate) fn whole_samples_in(duration: Duration, rate: u32) -> usize {
    let samples = duration.as_nanos() * u128::from(rate) / 1_000_000_000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// How long so many samples last, to the nanosecond above: so that it is never called over before
/// it is.
pub(crate) fn duration_of(samples: usize, rate: u32) -> Duration {
    let (samples, rate) = (samples as u64, u64::from(rate.max(1)));
    let rest = (samples % rate * 1_000_000_000).div_ceil(rate);
    Duration::from_secs(samples / rate) + Duration::from_nanos(rest)
}

/// What follows the header of a WAV file, where the bytes begin with one.
pub(crate) fn without_header(bytes: &[u8]) -> &[u8] {
    if !begins_with_header(bytes) {
        return bytes;
    }
    let mut at = 12;
    while let Some(head) = bytes.get(at..at + 8) {
        let body = at + 8;
        if &head[..4] == b"data" {
            return &bytes[body..];
        }
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        at = body.saturating_add(length).saturating_add(length % 2);
    }
    &[]
}

/// Whether the bytes begin as a WAV file does.
pub(crate) fn begins_with_header(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_times_go_there_and_back() {
        for rate in [8_000, 16_000, 24_000] {
            for samples in [0, 1, 2, 159, 160, 7_999, 24_001] {
                assert_eq!(samples_in(duration_of(samples, rate), rate), samples);
            }
        }
        assert_eq!(duration_of(160, 8_000), Duration::from_millis(20));
    }

    #[test]
    fn a_header_that_is_written_is_found_again() {
        for format in [LineFormat::MULAW, LineFormat::linear(16_000)] {
            let mut file = format.with_header().open_header();
            assert_eq!(file.len(), 44);
            file.extend([1, 2, 3]);
            assert_eq!(without_header(&file), [1, 2, 3]);
        }
        assert_eq!(without_header(b"RIFF"), b"");
        assert_eq!(without_header(&[1, 2]), [1, 2]);
    }
}
