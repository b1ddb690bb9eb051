//! Call scripts in Rust.

use super::model::{
    BargeInConfig, CallScript, CallStep, ExpectConfig, KeyPresses, SayConfig, Sound, WaitConfig,
};
use crate::faults::{CallFaults, Fault};
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

    /// Has this go wrong with what the carrier sends to the bridge, beside what does already.
    ///
    /// ```
    /// use mock_realtime::faults::Fault;
    /// use mock_realtime::protocol::twilio::CarrierMessageKind;
    /// use mock_realtime::telephony::script::{CallScript, WaitFor};
    ///
    /// let script = CallScript::new("a bad line")
    ///     .with_fault(Fault::lose().on(CarrierMessageKind::Media).chance(0.02))
    ///     .wait_for(WaitFor::Reply)
    ///     .faults(Fault::malform().nth(1..=1)) // the next message is no JSON
    ///     .say("Are you still there?")
    ///     .wait_for(WaitFor::Reply);
    /// assert!(script.has_faults());
    /// ```
    ///
    /// # Panics
    ///
    /// If calls have no such fault: see [`CallFaults::with`].
    #[must_use]
    #[track_caller]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.faults = self.faults.with(fault);
        self
    }

    /// Has this go wrong from here on: numbers and times count from this step.
    #[must_use]
    #[track_caller]
    pub fn faults(self, faults: impl Into<CallFaults>) -> Self {
        self.step(CallStep::Faults(faults.into()))
    }

    /// Whether something goes wrong somewhere.
    pub fn has_faults(&self) -> bool {
        let of_steps = |step: &CallStep| matches!(step, CallStep::Faults(_));
        !self.faults.is_empty() || self.steps.iter().any(of_steps)
    }

    /// Hangs up.
    #[must_use]
    pub fn hang_up(self) -> Self {
        self.step(CallStep::HangUp)
    }
}
