//! Those who call.

use std::time::Duration;

use mock_realtime::telephony::script::{CallScript, WaitFor};
use mock_realtime::telephony::twilio::TwilioOptions;
use mock_realtime::telephony::{Call, CallResult, dial};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// From one call to the next. A multiple of it is only seldom one of 20 ms, so that not all calls have a
/// frame to send at the same instant, and 500 of them last as long as a turn, so that not all are answered
/// at once: as it is with people who call by themselves.
const APART: Duration = Duration::from_millis(23);

/// A question and its answer take no longer.
const TURN: Duration = Duration::from_secs(12);

/// What is done.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// How many calls are held at once.
    pub(crate) calls: u32,
    /// How long each of them is.
    pub(crate) length: Duration,
}

impl Plan {
    /// From the first dialling to the last one.
    pub(crate) fn dialling(self) -> Duration {
        APART * self.calls
    }

    /// The caller is greeted, asks as often as there is time for, and says no more.
    fn script(self) -> CallScript {
        let questions = self.length.as_secs() / TURN.as_secs();
        let mut script = CallScript::new("measured").wait_for(WaitFor::Reply);
        for _ in 0..questions {
            script = script
                .say("I would like to know where my order is.")
                .wait_for(WaitFor::Reply);
        }
        let length = u32::try_from(self.length.as_millis()).unwrap();
        CallScript {
            longest_ms: Some(length),
            ..script.silent_ms(length)
        }
    }
}

/// Holds all calls of a plan to their ends.
pub(crate) async fn hold_all(plan: Plan, url: String) -> Vec<CallResult> {
    let script = plan.script();
    let mut calls = JoinSet::new();
    for number in 0..plan.calls {
        let options = TwilioOptions {
            seed: number.into(),
            ..TwilioOptions::default()
        };
        let call = Call::twilio(options, &script).unwrap();
        let url = url.clone();
        calls.spawn(async move {
            sleep(APART * number).await;
            dial(&url, call).await.unwrap()
        });
    }
    calls.join_all().await
}
