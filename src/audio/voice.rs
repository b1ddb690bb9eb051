//! The mock's own voice: any text as something like speech.
//!
//! Each character is a sound of the same length: vowels and sonorants are harmonics under formants,
//! the others noise and gaps. So a text lasts as long as it would take to say, and has the level,
//! the spectrum and the syllables by which speech is told from other sounds. No word of it can be
//! understood.
//!
//! A sound begins and ends at the beginning of a period, so sounds can be put one behind the
//! other as they are. There are few of them to a voice. Each is made once, and what is said costs
//! no more than copying.

use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use super::Encoding;
use super::sine::sine;

/// How fast text is said.
const CHARACTERS_A_SECOND: f64 = 15.0;

/// So many repertoires are kept, of at most 0.4 MB each.
const KEPT_REPERTOIRES: usize = 32;

/// How high the voice is, in parts of its pitch: from the end of a sentence to its beginning.
const LEVELS: [f64; 4] = [0.9, 1.0, 1.12, 1.25];

/// A text as sound, made as it is asked for.
#[derive(Debug)]
pub(crate) struct Utterance {
    sounds: Vec<Note>,
    repertoire: Arc<Repertoire>,
}

/// A sound at one of the [`LEVELS`].
#[derive(Clone, Copy, Debug)]
struct Note {
    sound: Sound,
    level: u8,
}

/// What a character sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    /// The number of the vowel in [`VOWELS`].
    Vowel(u8),
    Nasal,
    Liquid,
    /// `s` and its like.
    Hiss,
    /// `f` and its like.
    Breath,
    /// `p` and its like: closed lips, then a burst.
    Stop,
    Pause,
}

/// The first three formants of a, e, i, o and u in hertz, for a formant scale of 1.
const VOWELS: [[f64; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [530.0, 1840.0, 2480.0],
    [300.0, 2290.0, 3010.0],
    [570.0, 840.0, 2410.0],
    [320.0, 870.0, 2240.0],
];
const NASAL: [f64; 3] = [250.0, 1200.0, 2200.0];
const LIQUID: [f64; 3] = [360.0, 1100.0, 2500.0];

/// How wide a formant is, in hertz.
const BANDWIDTH: f64 = 90.0;

/// No harmonic is higher than this: telephones have no more.
const HIGHEST: f64 = 3_500.0;

/// The root mean square of a vowel in its middle; full scale is 32,768.
const VOWEL_LEVEL: f64 = 5_500.0;

impl Sound {
    fn of(character: char) -> Self {
        match character.to_ascii_lowercase() {
            'a' | '1' | '4' | '8' => Self::Vowel(0),
            'e' | '3' | '7' => Self::Vowel(1),
            'i' | 'y' | '5' | '9' => Self::Vowel(2),
            'o' | '0' => Self::Vowel(3),
            'u' | '2' | '6' => Self::Vowel(4),
            'm' | 'n' => Self::Nasal,
            'l' | 'r' | 'w' | 'j' => Self::Liquid,
            's' | 'z' | 'x' | 'c' => Self::Hiss,
            'f' | 'v' | 'h' => Self::Breath,
            'b' | 'd' | 'g' | 'k' | 'p' | 'q' | 't' => Self::Stop,
            // Letters of other scripts are mostly syllables, or taken for such.
            other if other.is_alphanumeric() => Self::Vowel((u32::from(other) % 5) as u8),
            _ => Self::Pause,
        }
    }

    /// Where it is in a repertoire, for each level.
    fn index(self) -> usize {
        match self {
            Self::Vowel(number) => usize::from(number),
            Self::Nasal => 5,
            Self::Liquid => 6,
            Self::Hiss => 7,
            Self::Breath => 8,
            Self::Stop => 9,
            Self::Pause => 10,
        }
    }

    /// So many sounds there are.
    const COUNT: usize = 11;
}

impl Utterance {
    /// The text, said in this voice at this speed. A speed that is no positive number is 1.
    pub(crate) fn new(text: &str, voice: &str, speed: f64, encoding: Encoding) -> Self {
        Self {
            sounds: notes(text),
            repertoire: Repertoire::of(voice, speed, encoding),
        }
    }

    /// How long it is, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.sounds.len() * self.repertoire.sound_size()
    }

    /// The bytes in this range, or as many of them as there are.
    pub(crate) fn bytes(&self, range: Range<usize>) -> Vec<u8> {
        let size = self.repertoire.sound_size();
        let range = range.start..range.end.min(self.len());
        let mut bytes = Vec::with_capacity(range.len());
        while bytes.len() < range.len() {
            let at = range.start + bytes.len();
            let sound = self.repertoire.sound(self.sounds[at / size]);
            let from = at % size;
            let until = size.min(from + range.end - at);
            bytes.extend_from_slice(&sound[from..until]);
        }
        bytes
    }
}

/// What a text sounds like: a sound for each character, higher at the beginning of a sentence and
/// lower at its end, or up again if it is a question.
fn notes(text: &str) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::with_capacity(text.len());
    let (mut word, mut word_begin) = (0_usize, 0);
    for character in text.chars() {
        let sound = Sound::of(character);
        let level = [3, 2, 1, 2, 1][word.min(4)];
        notes.push(Note { sound, level });
        match character {
            '.' | '!' | '?' => {
                let last = if character == '?' { 3 } else { 0 };
                notes[word_begin..]
                    .iter_mut()
                    .for_each(|note| note.level = last);
                word = 0;
                word_begin = notes.len();
            }
            _ if sound == Sound::Pause => {
                word += 1;
                word_begin = notes.len();
            }
            _ => {}
        }
    }
    notes
}

/// All that a voice can say at a speed in an encoding.
#[derive(Debug)]
struct Repertoire {
    voice: Voice,
    encoding: Encoding,
    /// Samples of a sound.
    samples: usize,
    /// Made when they are first said.
    sounds: [OnceLock<Vec<u8>>; Sound::COUNT * LEVELS.len()],
}

/// The repertoires in use, the one used last at the end. They are computed from nothing but their
/// keys, so nobody can tell that they are shared.
static REPERTOIRES: LazyLock<Mutex<Vec<Arc<Repertoire>>>> = LazyLock::new(Mutex::default);

impl Repertoire {
    fn of(name: &str, speed: f64, encoding: Encoding) -> Arc<Self> {
        let voice = Voice::named(name);
        let speed = if speed > 0.0 { speed } else { 1.0 };
        let rate = f64::from(encoding.sample_rate());
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between one sample and a second"
        )]
        let samples = (rate / (CHARACTERS_A_SECOND * speed))
            .round()
            .clamp(1.0, rate) as usize;
        let mut all = REPERTOIRES.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|known| {
            known.voice == voice && known.samples == samples && known.encoding == encoding
        });
        let repertoire = match known {
            Some(index) => all.remove(index),
            None => Arc::new(Self {
                voice,
                encoding,
                samples,
                sounds: [const { OnceLock::new() }; Sound::COUNT * LEVELS.len()],
            }),
        };
        if all.len() == KEPT_REPERTOIRES {
            all.remove(0);
        }
        all.push(Arc::clone(&repertoire));
        repertoire
    }

    /// Bytes of a sound.
    fn sound_size(&self) -> usize {
        self.samples * self.encoding.sample_size()
    }

    fn sound(&self, note: Note) -> &[u8] {
        let index = usize::from(note.level) * Sound::COUNT + note.sound.index();
        self.sounds[index].get_or_init(|| {
            let pitch = self.voice.pitch * LEVELS[usize::from(note.level)];
            let samples = self
                .voice
                .make(note.sound, pitch, self.samples, self.encoding);
            self.encoding.encode(&samples)
        })
    }
}

/// What voices differ in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Voice {
    /// The usual pitch in hertz.
    pitch: f64,
    /// Where the formants are: higher in a shorter throat.
    formants: f64,
}

impl Voice {
    /// A voice that has this name, whatever the name is: between 95 and 230 Hz.
    fn named(name: &str) -> Self {
        // FNV-1a.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        let height = f64::from(hash >> 8 & 0xff) / 255.0;
        Self {
            pitch: 95.0 + 135.0 * height,
            formants: 0.92 + 0.22 * height,
        }
    }

    fn make(self, sound: Sound, pitch: f64, samples: usize, encoding: Encoding) -> Vec<i16> {
        let length = Length {
            samples,
            rate: f64::from(encoding.sample_rate()),
        };
        let noise = |level, sharp| noise(length, VOWEL_LEVEL * level, sharp);
        let voiced = |formants, level| self.voiced(formants, pitch, length, VOWEL_LEVEL * level);
        match sound {
            Sound::Vowel(number) => voiced(VOWELS[usize::from(number)], 1.0),
            Sound::Nasal => voiced(NASAL, 0.4),
            Sound::Liquid => voiced(LIQUID, 0.55),
            Sound::Hiss => shaped(noise(0.22, true), |part| 4.0 * part * (1.0 - part)),
            Sound::Breath => shaped(noise(0.13, false), |part| 4.0 * part * (1.0 - part)),
            // Closed for two fifths, then a burst that dies away.
            Sound::Stop => shaped(noise(0.5, false), |part| {
                let since = (part - 0.4) / 0.6;
                if since < 0.0 {
                    0.0
                } else {
                    (1.0 - since) * (1.0 - since) * (since * 20.0).min(1.0)
                }
            }),
            Sound::Pause => vec![0; samples],
        }
    }

    /// A whole number of periods of harmonics under formants, swelling and fading a little.
    fn voiced(self, formants: [f64; 3], pitch: f64, length: Length, level: f64) -> Vec<i16> {
        let periods = (pitch * length.seconds()).round().max(1.0);
        let pitch = periods / length.seconds();
        let weights: Vec<f64> = harmonics(pitch)
            .map(|frequency| self.loudness(frequency, formants) * pitch / frequency)
            .collect();
        let power: f64 = weights.iter().map(|weight| weight * weight / 2.0).sum();
        let scale = level / power.sqrt().max(f64::MIN_POSITIVE);
        let cycle = cycle(&weights);
        let wave = (0..length.samples).map(|number| {
            let part = fraction(number, length.samples);
            let place = (part * periods).fract() * CYCLE_STEPS;
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is a place in the cycle"
            )]
            let step = place as usize;
            let between = cycle[step] + (cycle[step + 1] - cycle[step]) * place.fract();
            between * scale
        });
        shaped(wave.collect(), |part| 0.5 + 2.0 * part * (1.0 - part))
    }

    /// How loud a frequency is under these formants.
    fn loudness(self, frequency: f64, formants: [f64; 3]) -> f64 {
        let one = |formant: f64, height: f64| {
            let distance = (frequency - formant * self.formants) / BANDWIDTH;
            height / (1.0 + distance * distance)
        };
        let [first, second, third] = formants;
        0.02 + one(first, 1.0) + one(second, 0.7) + one(third, 0.4)
    }
}

#[derive(Clone, Copy)]
struct Length {
    samples: usize,
    rate: f64,
}

impl Length {
    fn seconds(self) -> f64 {
        to_f64(self.samples) / self.rate
    }
}

/// The multiples of a pitch that are not too high.
fn harmonics(pitch: f64) -> impl Iterator<Item = f64> {
    (1..=1_000)
        .map(move |number| f64::from(number) * pitch)
        .take_while(|frequency| *frequency <= HIGHEST)
}

/// A period is computed at so many places; between them it is a straight line.
const CYCLE_STEPS: f64 = 512.0;

/// One period of harmonics of these weights, with its first value again at the end.
fn cycle(weights: &[f64]) -> Vec<f64> {
    (0..=512)
        .map(|step| {
            let turns = f64::from(step) / CYCLE_STEPS;
            let waves = weights.iter().zip(1..);
            waves
                .map(|(weight, number)| weight * sine(turns * f64::from(number)))
                .sum()
        })
        .collect()
}

/// White noise, or with more of the high frequencies, at about this level. It is always the same.
fn noise(length: Length, level: f64, sharp: bool) -> Vec<f64> {
    let mut state = 0x2545_f491_u32;
    let mut before = 0.0;
    let next = |_| {
        // Xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        // From −1 to 1, of a root mean square of 1/√3.
        let white = f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0;
        let sharpened = (white - before) * std::f64::consts::FRAC_1_SQRT_2;
        before = white;
        level * 1.732 * if sharp { sharpened } else { white }
    };
    (0..length.samples).map(next).collect()
}

/// The wave under an envelope, which goes by the part of the sound that is over.
fn shaped(wave: Vec<f64>, envelope: impl Fn(f64) -> f64) -> Vec<i16> {
    let count = wave.len();
    let samples = wave.into_iter().enumerate().map(|(number, value)| {
        #[allow(clippy::cast_possible_truncation, reason = "such casts saturate")]
        let sample = (value * envelope(fraction(number, count))).round() as i16;
        sample
    });
    samples.collect()
}

fn fraction(number: usize, of: usize) -> f64 {
    to_f64(number) / to_f64(of.max(1))
}

#[allow(clippy::cast_precision_loss, reason = "a sound has few samples")]
fn to_f64(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, voice: &str, speed: f64, encoding: Encoding) -> Vec<u8> {
        let utterance = Utterance::new(text, voice, speed, encoding);
        utterance.bytes(0..usize::MAX)
    }

    #[test]
    fn a_text_lasts_as_long_as_it_takes_to_say() {
        for encoding in [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw] {
            for (speed, ms) in [
                (1.0, 2_000.0),
                (1.5, 1_333.0),
                (0.25, 8_000.0),
                (f64::NAN, 2_000.0),
            ] {
                let bytes = all("Thirty characters are in this.", "alloy", speed, encoding);
                let found = encoding.duration(bytes.len()).as_secs_f64() * 1_000.0;
                assert!(
                    (found / ms - 1.0).abs() < 0.002,
                    "{encoding:?} {speed}: {found}"
                );
            }
        }
        assert!(all("", "alloy", 1.0, Encoding::Pcm16).is_empty());
    }

    #[test]
    fn parts_make_up_the_whole() {
        let whole = all("Good morning, Ms. Åström!", "marin", 1.1, Encoding::Pcm16);
        let utterance = Utterance::new("Good morning, Ms. Åström!", "marin", 1.1, Encoding::Pcm16);
        let mut parts = Vec::new();
        while parts.len() < utterance.len() {
            parts.extend(utterance.bytes(parts.len()..parts.len() + 1_234));
        }
        assert_eq!(parts, whole);
    }

    #[test]
    fn text_and_voice_decide_how_it_sounds() {
        let say = |text, voice| all(text, voice, 1.0, Encoding::Mulaw);
        assert_eq!(say("Hello there", "alloy"), say("Hello there", "alloy"));
        assert_ne!(say("Hello there", "alloy"), say("Hello where", "alloy"));
        assert_ne!(say("Hello there", "alloy"), say("Hello there", "cedar"));
        assert_ne!(say("Hello there.", "alloy"), say("Hello there?", "alloy"));
    }

    #[test]
    fn it_is_as_loud_as_a_voice_and_never_clipped() {
        for voice in ["alloy", "ash", "cedar", "marin", "verse"] {
            let text = "Whatever you would like to know, ask me about it.";
            let samples = Encoding::Pcm16.decode(&all(text, voice, 1.0, Encoding::Pcm16));
            let peak = samples
                .iter()
                .map(|sample| sample.unsigned_abs())
                .max()
                .unwrap();
            let power: f64 = samples
                .iter()
                .map(|sample| f64::from(*sample).powi(2))
                .sum();
            let level = (power / to_f64(samples.len())).sqrt();
            assert!((12_000..32_000).contains(&peak), "{voice}: {peak}");
            assert!((1_500.0..6_000.0).contains(&level), "{voice}: {level}");
        }
    }

    #[test]
    fn sounds_follow_each_other_without_a_jump() {
        let samples = Encoding::Pcm16.decode(&all("aeiou mnl aaa", "alloy", 1.0, Encoding::Pcm16));
        let jump = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
        let largest = samples.windows(2).map(jump).max().unwrap();
        let at_borders = (1_600..samples.len()).step_by(1_600);
        for border in at_borders {
            assert!(
                jump(&samples[border - 1..=border]) <= largest / 2,
                "{border}"
            );
        }
    }

    #[test]
    fn few_repertoires_are_kept() {
        for number in 0..100 {
            Repertoire::of(&number.to_string(), 1.0, Encoding::Mulaw);
        }
        assert!(REPERTOIRES.lock().unwrap().len() <= KEPT_REPERTOIRES);
    }
}
