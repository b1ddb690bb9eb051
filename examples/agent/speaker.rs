//! What the caller hears, and how much of it they have heard.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

/// 16-bit samples at 24 kHz.
const BYTES_A_MILLISECOND: u64 = 48;

/// What goes to the telephone.
#[derive(Debug, PartialEq, Eq)]
pub enum Sound {
    /// To be played after what was given before.
    Play(Vec<u8>),
    /// What was not played yet is not to be played.
    Stop,
}

/// The telephone, which plays audio as fast as it is heard, however fast it comes.
pub struct Speaker {
    telephone: mpsc::UnboundedSender<Sound>,
    playing: Option<Playing>,
}

struct Playing {
    item_id: String,
    since: Instant,
    length: Duration,
}

impl Playing {
    fn heard(&self) -> Duration {
        self.since.elapsed().min(self.length)
    }

    fn is_over(&self) -> bool {
        self.heard() == self.length
    }
}

impl Speaker {
    pub fn new(telephone: mpsc::UnboundedSender<Sound>) -> Self {
        Self {
            telephone,
            playing: None,
        }
    }

    /// Plays audio of an item of the conversation.
    pub fn play(&mut self, item_id: &str, audio: Vec<u8>) {
        let length = Duration::from_millis(audio.len() as u64 / BYTES_A_MILLISECOND);
        match &mut self.playing {
            Some(playing) if playing.item_id == item_id => playing.length += length,
            _ => {
                self.playing = Some(Playing {
                    item_id: item_id.to_owned(),
                    since: Instant::now(),
                    length,
                });
            }
        }
        // A caller who has hung up hears nothing.
        let _ = self.telephone.send(Sound::Play(audio));
    }

    /// Is silent at once. What was interrupted, and how much of it was heard.
    pub fn stop(&mut self) -> Option<(String, Duration)> {
        let playing = self.playing.take().filter(|playing| !playing.is_over())?;
        let _ = self.telephone.send(Sound::Stop);
        Some((playing.item_id.clone(), playing.heard()))
    }
}
