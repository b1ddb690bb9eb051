//! Audio as the protocol carries it.

use std::time::Duration;

use crate::protocol::realtime::AudioFormat;

/// How audio is encoded: always mono.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 16-bit little-endian samples at 24 kHz: 48 bytes a millisecond.
    Pcm16,
    /// G.711 µ-law at 8 kHz: 8 bytes a millisecond.
    Mulaw,
    /// G.711 A-law at 8 kHz: 8 bytes a millisecond.
    Alaw,
}

impl Encoding {
    /// The encoding of a format.
    pub fn of(format: &AudioFormat) -> Self {
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

    /// How long `bytes` of audio last, whole samples only.
    pub fn duration(self, bytes: usize) -> Duration {
        let samples = (bytes / self.sample_size()) as u64;
        let rate = u64::from(self.sample_rate());
        Duration::from_secs(samples / rate)
            + Duration::from_nanos(samples % rate * 1_000_000_000 / rate)
    }

    /// The bytes of whole samples that last `duration`, rounded to the nearest sample.
    pub fn bytes_in(self, duration: Duration) -> usize {
        let rate = u128::from(self.sample_rate());
        let samples = (duration.as_nanos() * rate + 500_000_000) / 1_000_000_000;
        usize::try_from(samples).unwrap_or(usize::MAX / 2) * self.sample_size()
    }

    /// Silence that lasts `duration`.
    pub fn silence(self, duration: Duration) -> Vec<u8> {
        let byte = match self {
            Self::Pcm16 => 0,
            Self::Mulaw => 0xff,
            Self::Alaw => 0xd5,
        };
        vec![byte; self.bytes_in(duration)]
    }
}
