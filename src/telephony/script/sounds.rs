//! What is said, as sound; and what is heard, as words.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
    pub(super) fn of(script: &CallScript) -> Result<Self, AudioError> {
        let manager = AudioManager::default();
        let voice = script.voice.as_deref().unwrap_or(VOICE);
        let mut clips = HashMap::new();
        let said = script.steps.iter().filter_map(|step| match step {
            CallStep::Say(say) | CallStep::BargeIn(BargeInConfig { say, .. }) => Some(&say.0),
            _ => None,
        });
        for say in said {
            let clip = match &say.sound {
                Sound::Text(text) => spoken(text, voice),
                Sound::File(file) => manager.load(file)?,
            };
            clips.insert(say.sound.clone(), clip);
        }
        Ok(Self {
            said: clips,
            tones: None,
        })
    }

    pub(super) fn clip(&self, say: &SayConfig) -> Clip {
        let known = self.said.get(&say.sound).cloned();
        let clip = known.unwrap_or_else(|| Clip::silence(Duration::ZERO));
        match self.tones {
            Some(tones) => tones.under(&clip),
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

/// What knows the recordings of a script; none where it has none.
pub(super) fn known(script: &CallScript) -> Result<Option<KnownRecordings>, AudioError> {
    let manager = AudioManager::default();
    let mut known = Vec::new();
    for (file, words) in &script.recordings {
        known.push((manager.load(file)?, words.clone()));
    }
    let known = known.iter().map(|(clip, words)| (clip, words.clone()));
    Ok((!script.recordings.is_empty()).then(|| KnownRecordings::new(known)))
}
