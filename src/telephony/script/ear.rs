//! What the person on the telephone hears.

use std::time::Duration;

use crate::telephony::track::Track;

/// How finely one listens.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// Listens to the bridge, 20 ms at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Ear {
    /// Everything before has been listened to.
    pub(super) at: Duration,
    /// When what is heard without a pause began.
    run: Option<Duration>,
    /// When the last sound ended.
    last: Option<Duration>,
}

/// A shorter pause is one within a word.
const PAUSE: Duration = Duration::from_millis(100);

impl Ear {
    /// Listens to the next 20 ms; whether there was a sound.
    pub(super) fn listen(&mut self, heard: &Track) -> bool {
        let begin = self.at;
        self.at += TICK;
        let sound = heard.is_audible(begin..self.at);
        if sound {
            self.run.get_or_insert(begin);
            self.last = Some(self.at);
        } else if self.silent_for() >= PAUSE {
            self.run = None;
        }
        sound
    }

    /// For how long the bridge has been speaking.
    pub(super) fn speaking_for(&self) -> Option<Duration> {
        Some(self.at.saturating_sub(self.run?))
    }

    /// For how long it has been silent.
    pub(super) fn silent_for(&self) -> Duration {
        self.at.saturating_sub(self.last.unwrap_or_default())
    }
}
