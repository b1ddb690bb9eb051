//! Speech heard by a small neural network.

use std::fmt;

use earshot::Detector;

use super::SpeechDetector;

/// What the network takes at once: 16 ms at 16,000 samples a second.
const FRAME: usize = 256;

/// Takes for speech what a small neural network takes for it: voices, but not tones or noise. Made
/// by the crate `earshot`; behind the feature of that name.
///
/// ```
/// use mock_realtime::audio::EarshotDetector;
/// use mock_realtime::engine::SessionOptions;
///
/// let options = SessionOptions {
///     speech_detector: Box::new(EarshotDetector::default()),
///     ..SessionOptions::default()
/// };
/// ```
#[derive(Default)]
pub struct EarshotDetector {
    network: Box<Detector>,
    /// The last sample before the window.
    before: i16,
}

impl SpeechDetector for EarshotDetector {
    fn probability(&mut self, window: &[i16], sample_rate: u32) -> f64 {
        let samples = match sample_rate {
            ..16_000 => doubled(window, self.before),
            _ => two_thirds(window, self.before),
        };
        self.before = window.last().copied().unwrap_or_default();
        let frames = samples.chunks_exact(FRAME);
        let scores = frames.map(|frame| f64::from(self.network.predict_i16(frame)));
        scores.fold(0.0, f64::max)
    }

    fn reset(&mut self) {
        self.network.reset();
        self.before = 0;
    }
}

impl fmt::Debug for EarshotDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EarshotDetector")
    }
}

/// From 8,000 samples a second to 16,000, in straight lines.
fn doubled(window: &[i16], before: i16) -> Vec<i16> {
    let from = std::iter::once(before).chain(window.iter().copied());
    let pairs = from.zip(window);
    pairs
        .flat_map(|(one, other)| [mean(&[one, *other]), *other])
        .collect()
}

/// From 24,000 samples a second to 16,000: of three samples two, each the mean of what is around.
fn two_thirds(window: &[i16], mut before: i16) -> Vec<i16> {
    let mut samples = Vec::with_capacity(window.len() / 3 * 2);
    for three in window.chunks_exact(3) {
        samples.push(mean(&[before, three[0], three[0], three[1]]));
        samples.push(mean(&[three[1], three[2]]));
        before = three[2];
    }
    samples
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a mean of 16-bit samples is one, and there are at most four"
)]
fn mean(samples: &[i16]) -> i16 {
    let sum: i32 = samples.iter().map(|sample| i32::from(*sample)).sum();
    (sum / samples.len() as i32) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_become_two_frames() {
        assert_eq!(doubled(&[2; 256], 0).len(), 2 * FRAME);
        assert_eq!(doubled(&[10, 20], 0), [5, 10, 15, 20]);
        assert_eq!(two_thirds(&[2; 768], 2), [2; 2 * FRAME]);
    }

    #[test]
    fn silence_is_no_speech() {
        let mut detector = EarshotDetector::default();
        for _ in 0..30 {
            assert!(detector.probability(&[0; 768], 24_000) < 0.5);
        }
        detector.reset();
        assert!(detector.probability(&[0; 256], 8_000) < 0.5);
    }
}
