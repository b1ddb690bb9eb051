//! A clip: audio that is played, in whatever format a session has.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::protocol::Base64Audio;

use super::error::{AudioError, AudioFault};
use super::resample::{RATES, resample};
use super::sine::sine;
use super::voice::Utterance;
use super::{Encoding, load, wav};

/// A clip keeps so many sets of deltas: all formats in two sizes. More are made anew.
const KEPT_SETS: usize = 6;

/// Mono audio that can be played in any format.
///
/// Clones are cheap and share everything. The audio is brought into a format when it is first
/// played in it, once for all clones, and so is its base64 text.
///
/// ```
/// use std::time::Duration;
/// use mock_realtime::audio::{Clip, Encoding};
///
/// let clip = Clip::new(vec![0; 44_100], 44_100)?;
/// assert_eq!(clip.duration(), Duration::from_secs(1));
/// assert_eq!(clip.encoded(Encoding::Mulaw).len(), 8_000);
/// # Ok::<(), mock_realtime::audio::UnusableRate>(())
/// ```
#[derive(Clone)]
pub struct Clip(Arc<Inner>);

struct Inner {
    samples: Vec<i16>,
    sample_rate: u32,
    /// The oldest first.
    sets: Mutex<Vec<Set>>,
    /// The samples at the rate that was asked for last.
    #[cfg(feature = "telephony")]
    resampled: Mutex<Option<(u32, Arc<[i16]>)>>,
}

/// The clip as deltas.
#[derive(Clone)]
struct Set {
    encoding: Encoding,
    sizes: DeltaSizes,
    deltas: Arc<[Base64Audio]>,
}

/// How much audio a delta has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaSizes {
    /// The first one: short, so that there is sound soon.
    pub first: Duration,
    /// Each one after it; the last has what is left.
    pub next: Duration,
}

impl Default for DeltaSizes {
    /// 100 ms, then 250 ms: *inferred* from the number of deltas and tokens of recorded sessions.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            next: Duration::from_millis(250),
        }
    }
}

impl DeltaSizes {
    /// Where delta `number` lies in so many bytes of audio; `None` behind the last one.
    pub(crate) fn range(
        self,
        number: usize,
        bytes: usize,
        encoding: Encoding,
    ) -> Option<Range<usize>> {
        let at_least_a_sample = |size| encoding.bytes_in(size).max(encoding.sample_size());
        let (first, next) = (at_least_a_sample(self.first), at_least_a_sample(self.next));
        let begin_of = |number: usize| match number.checked_sub(1) {
            None => 0,
            Some(before) => first.saturating_add(before.saturating_mul(next)).min(bytes),
        };
        let range = begin_of(number)..begin_of(number + 1);
        (!range.is_empty()).then_some(range)
    }

    /// So many deltas that many bytes make.
    pub(crate) fn count(self, bytes: usize, encoding: Encoding) -> usize {
        (0..)
            .map_while(|number| self.range(number, bytes, encoding))
            .count()
    }
}

/// A sample rate below 1,000 or above 384,000 samples a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusableRate(pub u32);

impl fmt::Display for UnusableRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (RATES.start(), RATES.end());
        write!(
            f,
            "the sample rate is {} Hz, but has to be between {least} and {most} Hz",
            self.0
        )
    }
}

impl std::error::Error for UnusableRate {}

impl Clip {
    /// A clip of these samples.
    pub fn new(samples: Vec<i16>, sample_rate: u32) -> Result<Self, UnusableRate> {
        if !RATES.contains(&sample_rate) {
            return Err(UnusableRate(sample_rate));
        }
        Ok(Self::of(samples, sample_rate))
    }

    /// A clip of audio that is encoded already. A half sample at the end is left out.
    pub fn from_bytes(bytes: &[u8], encoding: Encoding) -> Self {
        Self::of(encoding.decode(bytes), encoding.sample_rate())
    }

    /// Silence.
    pub fn silence(duration: Duration) -> Self {
        Self::from_bytes(&Encoding::Pcm16.silence(duration), Encoding::Pcm16)
    }

    /// A sine of this frequency in hertz, at half of full scale.
    pub fn tone(frequency: f64, duration: Duration) -> Self {
        let count = Encoding::Pcm16.samples(Encoding::Pcm16.bytes_in(duration));
        let rate = Encoding::Pcm16.sample_rate();
        let step = frequency / f64::from(rate);
        let mut turns = 0.0;
        let samples = (0..count).map(|_| {
            let sample = sine(turns) * 16_384.0;
            turns = (turns + step).fract();
            #[allow(clippy::cast_possible_truncation, reason = "it is half of full scale")]
            let sample = sample.round() as i16;
            sample
        });
        Self::of(samples.collect(), rate)
    }

    /// A text, said by the mock's voice of this name. It lasts a fifteenth of a second a character
    /// at a `speed` of 1, half of that at 2.
    pub fn spoken(text: &str, voice: &str, speed: f64) -> Self {
        let utterance = Utterance::new(text, voice, speed, Encoding::Pcm16);
        Self::from_bytes(&utterance.bytes(0..utterance.len()), Encoding::Pcm16)
    }

    /// The clip that the bytes of a file are: WAV or, with the feature `symphonia`, another format
    /// it decodes. Several channels are mixed down to one.
    pub fn decode(file: &[u8]) -> Result<Self, AudioFault> {
        load::decode(file)
    }

    /// Writes the clip as a WAV file of 16 bits, at its own rate.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), AudioError> {
        let file = file.as_ref();
        wav::write(file, &[self.samples()], self.sample_rate()).map_err(|reason| AudioError {
            file: Some(file.to_owned()),
            reason,
        })
    }

    /// Which clip it is: clones have the same.
    pub(super) fn address(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }

    /// A clip of samples at the rate of this encoding.
    pub(super) fn from_samples(samples: Vec<i16>, encoding: Encoding) -> Self {
        Self::of(samples, encoding.sample_rate())
    }

    /// A clip at a rate that files may have.
    pub(crate) fn of(samples: Vec<i16>, sample_rate: u32) -> Self {
        Self(Arc::new(Inner {
            samples,
            sample_rate,
            sets: Mutex::default(),
            #[cfg(feature = "telephony")]
            resampled: Mutex::default(),
        }))
    }

    /// The samples, at [`Clip::sample_rate`].
    pub fn samples(&self) -> &[i16] {
        &self.0.samples
    }

    /// Samples a second.
    pub fn sample_rate(&self) -> u32 {
        self.0.sample_rate
    }

    /// How long it plays.
    pub fn duration(&self) -> Duration {
        let rate = u64::from(self.0.sample_rate);
        let samples = self.0.samples.len() as u64;
        let rest = samples % rate * 1_000_000_000 / rate;
        Duration::from_secs(samples / rate) + Duration::from_nanos(rest)
    }

    /// The clip in another format, made anew.
    pub fn encoded(&self, encoding: Encoding) -> Bytes {
        Bytes::from(encoding.encode(&self.at_rate(encoding.sample_rate())))
    }

    /// The samples at another rate that files may have.
    pub(crate) fn at_rate(&self, rate: u32) -> Vec<i16> {
        resample(self.samples(), self.sample_rate(), rate)
    }

    /// The same, made once for all that ask for this rate one after the other.
    #[cfg(feature = "telephony")]
    pub(crate) fn shared_at_rate(&self, rate: u32) -> Arc<[i16]> {
        // Held while they are made, so that nobody else makes the same.
        let mut resampled = self
            .0
            .resampled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*resampled {
            Some((known, samples)) if *known == rate => Arc::clone(samples),
            _ => {
                let samples: Arc<[i16]> = self.at_rate(rate).into();
                *resampled = Some((rate, Arc::clone(&samples)));
                samples
            }
        }
    }

    /// The clip as deltas of these sizes with their base64 text: made once, then shared by all
    /// that ask for the same.
    pub fn deltas(&self, encoding: Encoding, sizes: DeltaSizes) -> Arc<[Base64Audio]> {
        // Held while they are made, so that nobody else makes the same.
        let mut sets = self.0.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.iter().find(|set| set.is(encoding, sizes)) {
            return Arc::clone(&set.deltas);
        }
        let audio = self.encoded(encoding);
        let ranges = (0..).map_while(|number| sizes.range(number, audio.len(), encoding));
        let deltas: Arc<[Base64Audio]> = ranges
            .map(|range| Base64Audio::preencoded(audio.slice(range)))
            .collect();
        if sets.len() == KEPT_SETS {
            sets.remove(0);
        }
        sets.push(Set {
            encoding,
            sizes,
            deltas: Arc::clone(&deltas),
        });
        deltas
    }

    /// About how much memory it takes now, in bytes.
    pub fn memory(&self) -> usize {
        let sets = self.0.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let deltas = sets.iter().flat_map(|set| set.deltas.iter());
        // Base64 text is a third longer than the bytes it stands for.
        let encoded: usize = deltas.map(|delta| delta.len() * 7 / 3).sum();
        size_of_val(self.samples()) + encoded
    }

    /// The formats it was played in and is kept in.
    pub fn encodings(&self) -> Vec<Encoding> {
        let sets = self.0.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let all = [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw];
        let known = |encoding: &Encoding| sets.iter().any(|set| set.encoding == *encoding);
        all.into_iter().filter(known).collect()
    }
}

impl Set {
    fn is(&self, encoding: Encoding, sizes: DeltaSizes) -> bool {
        self.encoding == encoding && self.sizes == sizes
    }
}

/// Clips are equal if they have the same samples at the same rate.
impl PartialEq for Clip {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.sample_rate() == other.sample_rate() && self.samples() == other.samples())
    }
}

impl Eq for Clip {}

/// Shows the length only: nobody reads samples in a log.
impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Clip({:?} at {} Hz)",
            self.duration(),
            self.sample_rate()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_are_made_once() {
        let clip = Clip::from_bytes(&[7; 4_000], Encoding::Mulaw);
        let other = clip.clone();
        let deltas = clip.deltas(Encoding::Alaw, DeltaSizes::default());
        assert!(Arc::ptr_eq(
            &deltas,
            &other.deltas(Encoding::Alaw, DeltaSizes::default())
        ));
        assert_eq!(other.encodings(), [Encoding::Alaw]);
    }

    #[test]
    fn deltas_have_the_sizes_asked_for_and_all_of_the_audio() {
        let audio: Vec<u8> = (0..=255).cycle().take(5_000).collect();
        let clip = Clip::from_bytes(&audio, Encoding::Pcm16);
        let deltas = clip.deltas(
            Encoding::Pcm16,
            DeltaSizes {
                first: Duration::from_millis(10),
                next: Duration::from_millis(50),
            },
        );
        let lengths: Vec<usize> = deltas.iter().map(Base64Audio::len).collect();
        assert_eq!(lengths, [480, 2_400, 2_120]);
        let all: Vec<u8> = deltas.iter().flat_map(AsRef::as_ref).copied().collect();
        assert_eq!(all, audio);
    }

    #[test]
    fn no_delta_is_empty_whatever_the_sizes() {
        let sizes = DeltaSizes {
            first: Duration::ZERO,
            next: Duration::ZERO,
        };
        assert_eq!(sizes.count(6, Encoding::Pcm16), 3);
        assert_eq!(sizes.range(2, 6, Encoding::Pcm16), Some(4..6));
        assert_eq!(DeltaSizes::default().count(0, Encoding::Pcm16), 0);
    }

    #[test]
    fn a_clip_keeps_few_sets_of_deltas() {
        let clip = Clip::from_bytes(&[7; 100], Encoding::Mulaw);
        for ms in 1..20 {
            let next = Duration::from_millis(ms);
            clip.deltas(Encoding::Mulaw, DeltaSizes { first: next, next });
        }
        assert_eq!(clip.memory(), 200 + KEPT_SETS * (100 * 7 / 3));
    }

    #[test]
    fn rates_beyond_reason_are_refused() {
        assert_eq!(Clip::new(vec![0], 0), Err(UnusableRate(0)));
        assert!(Clip::new(vec![0], 4_000_000_000).is_err());
        assert!(Clip::new(vec![0], 8_000).is_ok());
    }
}
