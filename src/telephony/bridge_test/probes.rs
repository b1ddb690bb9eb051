//! Calls in which nobody speaks: the carrier's own question, and strangers.

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::sessions::Sessions;
use super::{BridgeTest, BridgeTestError};
use crate::audio::AudioError;
use crate::telephony::audiocodes::AudioCodesCaller;
use crate::telephony::record::{CallRecord, Carrier, Probe};
use crate::telephony::report::CallReport;
use crate::telephony::script::CallScript;
use crate::telephony::{BadUrl, Call, CallResult};

/// What a stranger takes for the secret.
const GUESSED: &str = "a-stranger-who-guesses";

/// How long a stranger who is let in stays, in milliseconds; and who waits for a bot that says nothing.
const STAYS: u32 = 3_000;
const WAITS: u32 = 60_000;

impl BridgeTest {
    /// The probes that can be made of this carrier.
    pub(super) fn probes(&self) -> impl Iterator<Item = Probe> {
        let settings = &self.settings;
        let has_credential = match settings.carrier {
            Carrier::Twilio => settings.twilio.auth_token.is_some(),
            Carrier::AudioCodes => settings.audiocodes.bearer_token.is_some(),
        };
        let can_be_made = move |probe: &Probe| match probe {
            Probe::Validation => settings.carrier == Carrier::AudioCodes,
            Probe::WrongCredential | Probe::NoCredential => has_credential,
        };
        settings.probes.iter().copied().filter(can_be_made)
    }

    /// Makes such a call.
    pub(super) async fn try_out(
        &self,
        probe: Probe,
        of_all: usize,
        dial: impl AsyncFn(Instant, Call) -> Result<CallResult, BadUrl>,
    ) -> Result<CallReport, BridgeTestError> {
        let call = self.probing(probe, of_all)?;
        let gate = Mutex::new(());
        let mut sessions = Sessions::new(self.model.as_ref(), gate.lock().await, true);
        let started = sessions.started();
        let result = sessions.during(dial(started, call)).await?;
        let sessions = sessions.opened();
        let mut models = self.models([sessions.as_slice()].into_iter()).await;
        let record = CallRecord {
            probe: Some(probe),
            ..CallRecord::of(self.settings.carrier, &result, Vec::new(), models.remove(0))
        };
        let limits = &self.settings.limits;
        Ok(CallReport::new(probe.name(), 1, record, result, limits))
    }

    fn probing(&self, probe: Probe, of_all: usize) -> Result<Call, AudioError> {
        let stays = if probe == Probe::Validation {
            WAITS
        } else {
            STAYS
        };
        let script = CallScript::new(probe.name()).silent_ms(stays).hang_up();
        let guessed = (probe == Probe::WrongCredential).then(|| GUESSED.to_owned());
        match (self.settings.carrier, probe) {
            (_, Probe::Validation) => {
                let caller = AudioCodesCaller::validation(self.audiocodes(of_all));
                Call::new(caller, &script)
            }
            (Carrier::Twilio, _) => {
                let mut options = self.twilio(of_all);
                options.auth_token = guessed;
                Call::twilio(options, &script)
            }
            (Carrier::AudioCodes, _) => {
                let mut options = self.audiocodes(of_all);
                options.bearer_token = guessed;
                Call::audiocodes(options, &script)
            }
        }
    }
}
