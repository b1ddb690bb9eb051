//! The media formats as they sound.

use crate::protocol::audiocodes::MediaFormat;
use crate::telephony::LineFormat;

impl LineFormat {
    /// What a media format stands for; none for one that is not known.
    pub fn of_media(format: &MediaFormat) -> Option<Self> {
        Some(match format {
            MediaFormat::RawMulaw => Self::MULAW,
            MediaFormat::WavMulaw => Self::MULAW.with_header(),
            MediaFormat::RawLpcm16 => Self::linear(16_000),
            MediaFormat::WavLpcm16 => Self::linear(16_000).with_header(),
            MediaFormat::RawLpcm168 => Self::linear(8_000),
            MediaFormat::WavLpcm168 => Self::linear(8_000).with_header(),
            MediaFormat::RawLpcm1624 => Self::linear(24_000),
            MediaFormat::WavLpcm1624 => Self::linear(24_000).with_header(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Shape;
    use crate::protocol::Shaped;

    #[test]
    fn every_known_format_can_be_heard() {
        let Shape::Enum { values, .. } = MediaFormat::SHAPE else {
            panic!("the formats are a list");
        };
        assert_eq!(values.len(), 8);
        for value in *values {
            let format = LineFormat::of_media(&MediaFormat::from(*value)).unwrap();
            assert_eq!(format.has_header(), value.starts_with("wav/"), "{value}");
        }
    }
}
