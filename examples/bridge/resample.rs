//! Between the rates of telephones and of the model, piece by piece.

/// Resamples by straight lines between samples, and goes on where the piece before ended. Good enough
/// for a telephone, whose line lets little through of what such lines do wrong.
#[derive(Debug)]
pub struct Resampler {
    from: u32,
    to: u32,
    /// The last sample of the piece before.
    last: i16,
    /// Where the next sample lies behind it, in parts of `to` of a sample's distance.
    phase: u32,
}

impl Resampler {
    pub fn new(from: u32, to: u32) -> Self {
        Self {
            from,
            to,
            last: 0,
            phase: 0,
        }
    }

    pub fn resample(&mut self, samples: &[i16]) -> Vec<i16> {
        if self.from == self.to {
            return samples.to_vec();
        }
        let mut resampled = Vec::new();
        for sample in samples {
            while self.phase < self.to {
                resampled.push(self.between(*sample));
                self.phase += self.from;
            }
            self.phase -= self.to;
            self.last = *sample;
        }
        resampled
    }

    fn between(&self, next: i16) -> i16 {
        let (last, next) = (i64::from(self.last), i64::from(next));
        let value = last + (next - last) * i64::from(self.phase) / i64::from(self.to);
        // It lies between two of 16 bits.
        i16::try_from(value).unwrap_or_default()
    }
}
