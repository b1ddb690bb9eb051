//! Known recordings, found again in what is heard.
//!
//! Two looks are taken. The first is at the spectrum: which frequencies stand out, as a few bits
//! for each 32 ms, compared at every place a recording may begin. It is quick and says which
//! recordings it may be. The second is at the wave itself: a recording is found where it
//! correlates with what was heard. Neither minds how loud it is.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use super::{Clip, Encoding};

/// Samples a second that are looked at: those of the lowest frequencies, where a voice is loudest.
const RATE: usize = 4_000;

/// Samples from one look at the spectrum to the next, and of each look.
const HOP: usize = 128;
const LOOK: usize = 256;

/// The spectrum is looked at from 300 to 1,900 Hz, in bands of 62.5 Hz.
const FIRST_BIN: usize = 19;
const BAND_BINS: usize = 4;
const BANDS: usize = 26;
/// A band that stands out against its neighbours is a bit.
const BITS: u32 = 24;
const ALL_BITS: u32 = (1 << BITS) - 1;

/// What is so much softer than the loudest part is not compared: −20 dB.
const SOFT: f32 = 0.01;
/// What is so much softer at the ends does not belong to a recording: −35 dB.
const SILENT: f32 = 0.000_316;

/// So many places are looked at again.
const CANDIDATES: usize = 6;

/// The second look goes this far around a candidate, in samples: 24 ms.
const AROUND: usize = 96;
/// It goes by the loudest stretch of this length: half a second.
const STRETCH: usize = RATE / 2;

/// The correlation from which on it is the same recording: low enough for noise at 20 dB, G.711 and
/// another sample rate, high enough to tell other words apart.
///
/// Measured on 20 sentences of the mock's voices and 20 of espeak-ng, in 54 ways each (three
/// encodings, silence around, ±12 dB, noise at 20 dB), beside 40 other sentences: the least of the
/// 2,160 that were the same was 0.94, the most of the 22,554 that were not 0.49.
const SAME: f32 = 0.7;

/// Recordings that can be found in audio.
///
/// ```
/// use mock_realtime::audio::{Clip, Encoding, Recordings};
///
/// let hello = Clip::spoken("Hello, is anybody there?", "ash", 1.0);
/// let recordings = Recordings::new([&hello]);
///
/// let mut heard = Encoding::Mulaw.silence(std::time::Duration::from_millis(500));
/// heard.extend(hello.encoded(Encoding::Mulaw));
/// let found = recordings.find(&heard, Encoding::Mulaw);
/// assert_eq!(found[0].recording, 0);
/// ```
pub struct Recordings {
    known: Vec<Print>,
    spectrum: Spectrum,
}

/// A recording that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its number, in the order they were given.
    pub recording: usize,
    /// Where its beginning is in what was heard.
    pub start: Duration,
    /// Where its end is.
    pub end: Duration,
}

/// What a recording looks like, without the silence at its ends.
struct Print {
    wave: Vec<f32>,
    /// The bits of each look.
    bits: Vec<u32>,
    /// Which of them to compare: all of loud looks, none of soft ones.
    masks: Vec<u32>,
    /// Where its loudest stretch is.
    loudest: Range<usize>,
    /// What was left out at the beginning, in samples.
    before: usize,
    /// All of it, in samples.
    length: usize,
}

/// The spectrum of a moment.
#[derive(Clone, Copy)]
struct Look {
    bits: u32,
    power: f32,
}

/// A place where a recording may be.
#[derive(Clone, Copy)]
struct Candidate {
    recording: usize,
    /// In looks.
    at: usize,
    /// The higher, the less likely it is chance.
    score: f32,
}

/// A place where a recording is, in samples.
struct Place {
    recording: usize,
    range: Range<usize>,
    likeness: f32,
}

impl fmt::Debug for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recordings({})", self.known.len())
    }
}

impl Recordings {
    /// Learns these recordings; they are found by their numbers, from 0. One without any sound is
    /// never found.
    pub fn new<'a>(clips: impl IntoIterator<Item = &'a Clip>) -> Self {
        let spectrum = Spectrum::new();
        let known = clips.into_iter().map(|clip| {
            let bytes = clip.encoded(Encoding::Pcm16);
            Print::of(&slow(&bytes, Encoding::Pcm16), &spectrum)
        });
        Self {
            known: known.collect(),
            spectrum,
        }
    }

    /// The recordings in this audio, in the order they are heard in. None overlaps another.
    pub fn find(&self, audio: &[u8], encoding: Encoding) -> Vec<Found> {
        let wave = slow(audio, encoding);
        let looks = self.spectrum.looks(&wave);
        let heard = Heard::new(&wave);
        let mut places: Vec<Place> = self
            .candidates(&looks)
            .into_iter()
            .filter_map(|candidate| self.confirm(candidate, &heard))
            .collect();
        // A longer one says more than a shorter one in it.
        let weight = |place: &Place| place.likeness * to_f32(place.range.len());
        places.sort_by(|one, other| weight(other).total_cmp(&weight(one)));
        let mut kept: Vec<Place> = Vec::new();
        for place in places {
            if kept
                .iter()
                .all(|other| !overlap(&place.range, &other.range))
            {
                kept.push(place);
            }
        }
        kept.sort_by_key(|place| place.range.start);
        kept.iter().map(|place| self.found(place)).collect()
    }

    /// The most likely places.
    fn candidates(&self, looks: &[Look]) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = Vec::new();
        let bits: Vec<u32> = looks.iter().map(|look| look.bits).collect();
        for (recording, known) in self.known.iter().enumerate() {
            let Print {
                bits: known_bits,
                masks,
                ..
            } = known;
            // Of what is cut off a little at the end, enough is left.
            let last = (bits.len() + 2).checked_sub(known_bits.len());
            let Some(last) = last.filter(|_| !known_bits.is_empty()) else {
                continue;
            };
            let compared: u32 = masks.iter().map(|mask| mask.count_ones()).sum();
            let score = |at: usize| {
                let pairs = bits[at.min(bits.len())..].iter().zip(known_bits).zip(masks);
                let differ: u32 = pairs
                    .map(|((one, other), mask)| ((one ^ other) & mask).count_ones())
                    .sum();
                let missing = (at + known_bits.len()).saturating_sub(bits.len());
                let differ =
                    to_f32((differ + BITS / 2 * u32::try_from(missing).unwrap_or(0)) as usize);
                let compared = to_f32(compared as usize);
                (0.5 - differ / compared) * compared.sqrt()
            };
            let best = (0..=last).map(|at| (at, score(at)));
            let best = best.max_by(|one, other| one.1.total_cmp(&other.1));
            let Some((at, score)) = best else { continue };
            candidates.push(Candidate {
                recording,
                at,
                score,
            });
        }
        candidates.sort_by(|one, other| other.score.total_cmp(&one.score));
        candidates.truncate(CANDIDATES);
        candidates
    }

    /// Where the recording is exactly, if it is there.
    fn confirm(&self, candidate: Candidate, heard: &Heard<'_>) -> Option<Place> {
        let known = &self.known[candidate.recording];
        let stretch = &known.wave[known.loudest.clone()];
        let power = dot(stretch, stretch);
        let likeness_of_stretch =
            |at: usize| heard.likeness(stretch, power, at + known.loudest.start);
        let middle = candidate.at * HOP;
        let around = middle.saturating_sub(AROUND)..=middle + AROUND;
        let at = around
            .map(|at| (at, likeness_of_stretch(at)))
            .max_by(|one, other| one.1.total_cmp(&other.1))?
            .0;
        // What is cut off at the end is not compared.
        let wave = &known.wave[..known
            .wave
            .len()
            .min(heard.wave.len().saturating_sub(at + 1))];
        let power = dot(wave, wave);
        let likeness = |at: usize| heard.likeness(wave, power, at);
        // Between two samples it may be better than at either.
        let likeness = peak(
            likeness(at.saturating_sub(1)),
            likeness(at),
            likeness(at + 1),
        );
        (likeness >= SAME).then(|| Place {
            recording: candidate.recording,
            range: at..at + known.wave.len(),
            likeness,
        })
    }

    fn found(&self, place: &Place) -> Found {
        let known = &self.known[place.recording];
        let start = place.range.start.saturating_sub(known.before);
        Found {
            recording: place.recording,
            start: time(start),
            end: time(start + known.length),
        }
    }
}

impl Print {
    fn of(wave: &[f32], spectrum: &Spectrum) -> Self {
        let looks = spectrum.looks(wave);
        let peak = looks.iter().map(|look| look.power).fold(0.0, f32::max);
        let loud = |look: &Look| look.power > peak * SILENT;
        let first = looks.iter().position(loud).unwrap_or_default();
        let last = looks.iter().rposition(loud).map_or(first, |last| last + 1);
        let begin = (first * HOP).min(wave.len());
        let wave_end = if last == looks.len() {
            wave.len()
        } else {
            last * HOP + HOP
        };
        let core = wave[begin..wave_end.clamp(begin, wave.len())].to_vec();
        let looks = spectrum.looks(&core);
        let mask = |look: &Look| {
            if look.power > peak * SOFT {
                ALL_BITS
            } else {
                0
            }
        };
        let loudest = loudest(&core);
        Self {
            bits: looks.iter().map(|look| look.bits).collect(),
            masks: looks.iter().map(mask).collect(),
            loudest,
            before: begin,
            length: wave.len(),
            wave: core,
        }
    }
}

/// Looks at spectra.
struct Spectrum {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
}

impl Spectrum {
    fn new() -> Self {
        let window = (0..LOOK).map(|number| {
            let part = to_f32(number) / to_f32(LOOK);
            0.5 - 0.5 * (part * std::f32::consts::TAU).cos()
        });
        Self {
            transform: RealFftPlanner::new().plan_fft_forward(LOOK),
            window: window.collect(),
        }
    }

    /// The spectrum at each hop.
    fn looks(&self, wave: &[f32]) -> Vec<Look> {
        let mut input = self.transform.make_input_vec();
        let mut output = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let windows = wave.windows(LOOK).step_by(HOP);
        let look = |samples: &[f32]| {
            for ((to, sample), weight) in input.iter_mut().zip(samples).zip(&self.window) {
                *to = sample * weight;
            }
            // It fails for buffers of a wrong length only, and these are its own.
            let transformed =
                self.transform
                    .process_with_scratch(&mut input, &mut output, &mut scratch);
            transformed.map_or(
                Look {
                    bits: 0,
                    power: 0.0,
                },
                |()| Look::of(&output),
            )
        };
        windows.map(look).collect()
    }
}

impl Look {
    fn of(spectrum: &[Complex32]) -> Self {
        let mut bands = [0.0; BANDS];
        let sources = spectrum[FIRST_BIN..].chunks(BAND_BINS);
        for (band, source) in bands.iter_mut().zip(sources) {
            *band = source.iter().map(Complex32::norm_sqr).sum::<f32>();
        }
        let power = bands.iter().sum();
        let heights = bands.map(f32::sqrt);
        let bits = heights.windows(3).fold(0, |bits, three| {
            let stands_out = 2.0 * three[1] > three[0] + three[2];
            bits << 1 | u32::from(stands_out)
        });
        Self { bits, power }
    }
}

/// The audio at [`RATE`]. Frequencies above 1,900 Hz are filtered away, mostly.
fn slow(audio: &[u8], encoding: Encoding) -> Vec<f32> {
    let samples = encoding.decode(audio);
    let group = encoding.sample_rate() as usize / (2 * RATE);
    let groups = samples.chunks_exact(group);
    let sum = |group: &[i16]| group.iter().copied().map(f32::from).sum::<f32>();
    let twice: Vec<f32> = groups.map(|samples| sum(samples) / to_f32(group)).collect();
    let filter = low_pass();
    twice
        .windows(TAPS)
        .step_by(2)
        .map(|window| dot(window, &filter))
        .collect()
}

/// The filter's length. What is less than that is too short to be anything.
const TAPS: usize = 32;

/// A windowed sinc at 1,800 of 8,000 samples a second.
fn low_pass() -> [f32; TAPS] {
    let mut taps = [0.0; TAPS];
    for (number, tap) in taps.iter_mut().enumerate() {
        let place = to_f32(number) - to_f32(TAPS - 1) / 2.0;
        let angle = std::f32::consts::TAU * 1_800.0 / 8_000.0 * place;
        let window = (std::f32::consts::PI * (to_f32(number) + 0.5) / to_f32(TAPS)).sin();
        *tap = angle.sin() / (std::f32::consts::PI * place) * window;
    }
    taps
}

/// The part of a wave of at most [`STRETCH`] that has most of its power.
fn loudest(wave: &[f32]) -> Range<usize> {
    let length = STRETCH.min(wave.len());
    let starts = (0..=wave.len() - length).step_by(HOP);
    let power = |start: &usize| {
        let stretch = &wave[*start..*start + length];
        dot(stretch, stretch)
    };
    let start = starts.max_by(|one, other| power(one).total_cmp(&power(other)));
    let start = start.unwrap_or_default();
    start..start + length
}

/// What is heard, ready to be compared with.
struct Heard<'a> {
    wave: &'a [f32],
    /// The power of all samples before each, and of all of them.
    powers: Vec<f64>,
}

impl<'a> Heard<'a> {
    fn new(wave: &'a [f32]) -> Self {
        let mut powers = Vec::with_capacity(wave.len() + 1);
        let mut power = 0.0;
        powers.push(power);
        for sample in wave {
            power += f64::from(*sample) * f64::from(*sample);
            powers.push(power);
        }
        Self { wave, powers }
    }

    /// How like a wave of this power what is heard from there on is, however loud: 1 if it is the
    /// same, 0 if there is not so much.
    fn likeness(&self, wave: &[f32], power: f32, at: usize) -> f32 {
        let Some(heard) = self.wave.get(at..at + wave.len()) else {
            return 0.0;
        };
        #[allow(clippy::cast_possible_truncation, reason = "seven digits are enough")]
        let heard_power = (self.powers[at + wave.len()] - self.powers[at]) as f32;
        let powers = power * heard_power;
        if powers > 0.0 {
            dot(wave, heard) / powers.sqrt()
        } else {
            0.0
        }
    }
}

/// The top of the parabola through three values a step apart, if the middle one is the highest.
fn peak(before: f32, at: f32, after: f32) -> f32 {
    let bend = before - 2.0 * at + after;
    if bend >= 0.0 || at < before || at < after {
        return at;
    }
    (at - (before - after).powi(2) / (8.0 * bend)).min(1.0)
}

/// The sum of the products, in lanes that the processor can add up at once.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0; LANES];
    let (ones, others) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest = ones.remainder().iter().zip(others.remainder());
    let rest: f32 = rest.map(|(one, other)| one * other).sum();
    for (one, other) in ones.zip(others) {
        for lane in 0..LANES {
            sums[lane] += one[lane] * other[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn time(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / RATE as u64)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "what is counted here is far below 2^23"
)]
fn to_f32(number: usize) -> f32 {
    number as f32
}
