//! The speech of messages: the one place where a scenario meets sound.

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;

use crate::audio::{AudioManager, Clip, Encoding};

use super::model::{Answer, MessageConfig, Scenario};

/// The sounds of a scenario, read once for all its sessions.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    files: HashMap<String, Clip>,
    inline: HashMap<Bytes, Clip>,
}

impl Sounds {
    /// Reads the sounds of all messages. A file that cannot be read is told in the log, and the
    /// mock's own voice speaks in its place; loading a scenario from a file refuses it before.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let of_responses = scenario.responses.values();
        let of_responses = of_responses.flat_map(|response| response.answer.iter());
        let of_templates = scenario.templates.values().map(|it| &it.answer.0);
        let default = scenario.default.iter().map(|answer| &answer.0);
        let answers = of_responses.chain(of_templates).chain(default);
        let manager = AudioManager::default();
        let mut sounds = Self::default();
        for message in answers.flat_map(Answer::messages) {
            sounds.read(message, &manager);
        }
        sounds
    }

    /// The speech that the message brings with it.
    pub(super) fn speech(&self, message: &MessageConfig) -> Option<Clip> {
        match (&message.audio_data, &message.audio_file) {
            // That of a delegate's reply nobody could read before.
            (Some(data), _) => {
                let known = self.inline.get(&data.0).cloned();
                Some(known.unwrap_or_else(|| Clip::from_bytes(&data.0, Encoding::Pcm16)))
            }
            (None, Some(file)) => self.files.get(file).cloned(),
            (None, None) => None,
        }
    }

    fn read(&mut self, message: &MessageConfig, manager: &AudioManager) {
        match (&message.audio_data, &message.audio_file) {
            (Some(data), _) => {
                let clip = Clip::from_bytes(&data.0, Encoding::Pcm16);
                self.inline.insert(data.0.clone(), clip);
            }
            (None, Some(file)) => match manager.load(file) {
                Ok(clip) => {
                    self.files.insert(file.clone(), clip);
                }
                Err(error) => tracing::warn!("{error}; the mock's voice speaks in its place"),
            },
            (None, None) => {}
        }
    }
}

/// Whether a file can be heard; the error says why not.
pub(super) fn check(file: &Path) -> Result<(), String> {
    match AudioManager::default().load(file) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.reason.to_string()),
    }
}
