//! Call scripts in Rust.

use super::model::{
    BargeInConfig, CallScript, CallStep, ExpectConfig, KeyPresses, SayConfig, Sound, WaitConfig,
};
use crate::scenario::Short;

impl CallScript {
    /// A script without steps.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: CallStep) -> Self {
        self.steps.push(step);
        self
    }

    /// Says these words, in a voice of the mock.
    #[must_use]
    pub fn say(self, text: impl Into<String>) -> Self {
        let sound = Sound::Text(text.into());
        self.step(CallStep::Say(Short(SayConfig { sound })))
    }

    /// Says what is in an audio file.
    #[must_use]
    pub fn say_file(self, file: impl Into<String>) -> Self {
        let sound = Sound::File(file.into());
        self.step(CallStep::Say(Short(SayConfig { sound })))
    }

    /// Says these words once the bridge has been heard for so many milliseconds.
    #[must_use]
    pub fn barge_in(self, after_ms: u32, text: impl Into<String>) -> Self {
        let sound = Sound::Text(text.into());
        self.step(CallStep::BargeIn(BargeInConfig {
            after_ms,
            say: Short(SayConfig { sound }),
            within_ms: None,
        }))
    }

    /// Presses these keys.
    #[must_use]
    pub fn press(self, keys: KeyPresses) -> Self {
        self.step(CallStep::Press(keys))
    }

    /// Waits for what the bridge does.
    #[must_use]
    pub fn wait_for(self, what: impl Into<WaitConfig>) -> Self {
        self.step(CallStep::WaitFor(Short(what.into())))
    }

    /// Stays silent for so many milliseconds.
    #[must_use]
    pub fn silent_ms(self, milliseconds: u32) -> Self {
        self.step(CallStep::SilentMs(milliseconds))
    }

    /// Expects something of the turn so far.
    #[must_use]
    pub fn expect(self, what: ExpectConfig) -> Self {
        self.step(CallStep::Expect(what))
    }

    /// Hangs up.
    #[must_use]
    pub fn hang_up(self) -> Self {
        self.step(CallStep::HangUp)
    }
}
