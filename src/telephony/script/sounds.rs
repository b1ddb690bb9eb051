//! What is said, as sound; and what is heard, as words.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::model::{BargeInConfig, CallScript, CallStep, SayConfig, Sound};
use crate::audio::{AudioError, AudioManager, Clip, Encoding, Recordings};
use crate::telephony::tones::Tones;

/// Finds out which words are in what was heard of a bridge.
///
/// Any closure from a clip to words is one.
pub trait Recogniser: Send {
    /// The words; none where it cannot tell.
    fn words(&self, heard: &Clip) -> Option<String>;
}

impl<F: Fn(&Clip) -> Option<String> + Send> Recogniser for F {
    fn words(&self, heard: &Clip) -> Option<String> {
        self(heard)
    }
}

impl fmt::Debug for dyn Recogniser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recogniser")
    }
}

/// Knows recordings by their sound, with the words in each.
#[derive(Debug)]
pub struct KnownRecordings {
    words: Vec<String>,
    recordings: Recordings,
}

impl KnownRecordings {
    /// These recordings with these words in them.
    pub fn new<'a>(known: impl IntoIterator<Item = (&'a Clip, String)>) -> Self {
        let (clips, words): (Vec<&Clip>, Vec<String>) = known.into_iter().unzip();
        Self {
            words,
            recordings: Recordings::new(clips),
        }
    }
}

impl Recogniser for KnownRecordings {
    fn words(&self, heard: &Clip) -> Option<String> {
        let found = self
            .recordings
            .find(&heard.encoded(Encoding::Pcm16), Encoding::Pcm16);
        let words = found.iter().filter_map(|it| self.words.get(it.recording));
        let words: Vec<&str> = words.map(String::as_str).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// The voice of a caller of whom nothing is said.
const VOICE: &str = "caller";

/// The sounds of a script, made before the call so that they take no time in it.
#[derive(Debug)]
pub(super) struct Sounds {
    said: HashMap<Sound, Clip>,
    /// What is under all that is said.
    pub(super) tones: Option<Tones>,
}

impl Sounds {
    /// For a line with so many samples a second.
    pub(super) fn of(script: &CallScript, rate: u32) -> Result<Self, AudioError> {
        let voice = script.voice.as_deref().unwrap_or(VOICE);
        let mut clips = HashMap::new();
        let said = script.steps.iter().filter_map(|step| match step {
            CallStep::Say(say) | CallStep::BargeIn(BargeInConfig { say, .. }) => Some(&say.0),
            _ => None,
        });
        for say in said {
            let clip = match &say.sound {
                Sound::Text(text) => spoken(text, voice),
                Sound::File(file) => recorded(file)?,
            };
            clip.shared_at_rate(rate);
            clips.insert(say.sound.clone(), clip);
        }
        Ok(Self {
            said: clips,
            tones: None,
        })
    }

    pub(super) fn clip(&self, say: &SayConfig, rate: u32) -> Clip {
        let known = self.said.get(&say.sound).cloned();
        let clip = known.unwrap_or_else(|| Clip::silence(Duration::ZERO));
        match self.tones {
            // What takes long is shared by all calls.
            Some(tones) => tones.under(&Clip::of(clip.shared_at_rate(rate).to_vec(), rate)),
            None => clip,
        }
    }
}

/// What was said last, by words and voice, the oldest first.
static SPOKEN: Mutex<Vec<(String, String, Clip)>> = Mutex::new(Vec::new());

/// So many are kept: the sentences of a script or two.
const KEPT: usize = 32;

/// A text in a voice: made once, then shared by the calls of the same script, of which there may be
/// hundreds at once.
fn spoken(text: &str, voice: &str) -> Clip {
    let mut spoken = SPOKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = spoken
        .iter()
        .find(|(said, by, _)| said == text && by == voice);
    if let Some((.., clip)) = known {
        return clip.clone();
    }
    let clip = Clip::spoken(text, voice, 1.0);
    if spoken.len() == KEPT {
        spoken.remove(0);
    }
    spoken.push((text.to_owned(), voice.to_owned(), clip.clone()));
    clip
}

/// The audio files of scripts: each is read once, then shared by the calls, and read again when it has
/// changed.
#[derive(Default)]
struct Files {
    manager: AudioManager,
    stamps: HashMap<String, Stamp>,
}

/// When a file was written, and its length: what tells that it has changed.
type Stamp = (SystemTime, u64);

impl Files {
    fn load(&mut self, file: &str) -> Result<Clip, AudioError> {
        let stamp = fs::metadata(file).and_then(|data| Ok((data.modified()?, data.len())));
        match stamp {
            Ok(stamp) if self.stamps.get(file) == Some(&stamp) => {}
            Ok(stamp) => {
                self.manager.remove(file);
                self.stamps.insert(file.to_owned(), stamp);
            }
            // To read it says what is wrong.
            Err(_) => {
                self.manager.remove(file);
                self.stamps.remove(file);
            }
        }
        self.manager.load(file)
    }
}

fn recorded(file: &str) -> Result<Clip, AudioError> {
    static FILES: LazyLock<Mutex<Files>> = LazyLock::new(Mutex::default);
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    files.load(file)
}

/// What knows the recordings of a script; none where it has none.
pub(super) fn known(script: &CallScript) -> Result<Option<KnownRecordings>, AudioError> {
    let mut known = Vec::new();
    for (file, words) in &script.recordings {
        known.push((recorded(file)?, words.clone()));
    }
    let known = known.iter().map(|(clip, words)| (clip, words.clone()));
    Ok((!script.recordings.is_empty()).then(|| KnownRecordings::new(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_and_again_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("said.wav");
        let file = path.to_str().unwrap();
        let mut files = Files::default();
        assert!(files.load(file).is_err());
        let mut lengths = Vec::new();
        for milliseconds in [100, 300] {
            let clip = Clip::tone(440.0, Duration::from_millis(milliseconds));
            clip.save(&path).unwrap();
            let misses = files.manager.statistics().misses;
            for _ in 0..3 {
                lengths.push(files.load(file).unwrap().duration().as_millis());
            }
            assert_eq!(files.manager.statistics().misses, misses + 1);
        }
        assert_eq!(lengths, [100, 100, 100, 300, 300, 300]);
        fs::remove_file(&path).unwrap();
        assert!(files.load(file).is_err());
    }
}
