//! What a translation session is started with.

use std::time::Duration;

use crate::audio::{EnergyDetector, SpeechDetector};
use crate::engine::options::SessionOptions;
use crate::engine::response::Pacing;
use crate::engine::transcription::{ScriptedTranscriber, Transcriber};
use crate::protocol::realtime::TranslationAudio;

use super::{ScriptedTranslator, Translator};

/// What a translation session is started with.
#[derive(Debug)]
pub struct TranslationOptions {
    /// The model the client asked for; echoed as it came.
    pub model: String,
    /// The language to translate into, until the client names one.
    pub language: String,
    /// What the client has said of the session before it began, with the key it came with.
    pub settings: Option<TranslationAudio>,
    /// The seed of all ids.
    pub seed: u64,
    /// When the session starts, in Unix seconds: for `expires_at` and the stamps in ids.
    pub started_at: u64,
    /// How long a session may last.
    pub maximum_duration: Duration,
    /// How fast the translation is sent once something was said.
    pub pacing: Pacing,
    /// What counts as speech.
    pub speech_detector: Box<dyn SpeechDetector>,
    /// What the user is heard to say.
    pub transcriber: Box<dyn Transcriber>,
    /// What is said in the other language.
    pub translator: Box<dyn Translator>,
}

impl Default for TranslationOptions {
    fn default() -> Self {
        Self {
            model: "gpt-realtime-translate".to_owned(),
            language: "en".to_owned(),
            settings: None,
            seed: 0,
            // A round moment, as in the other sessions' options.
            started_at: 1_800_000_000,
            maximum_duration: Duration::from_secs(60 * 60),
            pacing: Pacing::INSTANT,
            speech_detector: Box::new(EnergyDetector::default()),
            transcriber: Box::new(ScriptedTranscriber::default()),
            translator: Box::new(ScriptedTranslator::default()),
        }
    }
}

/// What a translation session has in common with others: the model, what is heard and how, the pace
/// and the times.
impl From<SessionOptions> for TranslationOptions {
    fn from(options: SessionOptions) -> Self {
        Self {
            model: options.model,
            seed: options.seed,
            started_at: options.started_at,
            maximum_duration: options.maximum_duration,
            pacing: options.pacing,
            speech_detector: options.speech_detector,
            transcriber: options.transcriber,
            ..Self::default()
        }
    }
}
