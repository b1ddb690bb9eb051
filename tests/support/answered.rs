//! What is held of callers, whatever a bridge answers them: each line of the input is a frame, 7 ms
//! after the one before. The carriers' calls go on, and all they send can be read.

use std::time::Duration;

use mock_realtime::protocol::{audiocodes, decode, twilio};
use mock_realtime::telephony::audiocodes::{AudioCodesCaller, AudioCodesOptions};
use mock_realtime::telephony::twilio::{StreamVerb, TwilioCaller, TwilioOptions};
use mock_realtime::telephony::{Caller, Input, Output};

/// Answers both callers with these lines, and reads them as TwiML.
///
/// # Panics
///
/// If a caller sends what its protocol has not, or does not come to rest.
pub(crate) fn answer(lines: &[u8]) {
    let text = String::from_utf8_lossy(lines);
    let _ = StreamVerb::parse(&text);
    let twilio = TwilioCaller::new(TwilioOptions::default());
    let sid = twilio.stream_sid().to_owned();
    hold(twilio, &text.replace("$SID", &sid), |sent| {
        decode::<twilio::CarrierMessage>(sent).is_ok()
    });
    hold(
        AudioCodesCaller::new(AudioCodesOptions::default()),
        &text,
        |sent| decode::<audiocodes::CarrierMessage>(sent).is_ok(),
    );
}

fn hold(mut caller: impl Caller, text: &str, is_sound: impl Fn(&str) -> bool) {
    let mut now = Duration::ZERO;
    caller.handle(Input::Opened, now);
    for line in text.lines() {
        now += Duration::from_millis(7);
        caller.handle(Input::Text(line), now);
        drain(&mut caller, &is_sound);
    }
    caller.handle(Input::Time, now + Duration::from_secs(1));
    drain(&mut caller, &is_sound);
    assert!(caller.heard().end() < now + Duration::from_secs(3_601));
}

fn drain(caller: &mut impl Caller, is_sound: &impl Fn(&str) -> bool) {
    while let Some(output) = caller.poll() {
        if let Output::Text(text) = output {
            assert!(is_sound(&text), "{text}");
        }
    }
}
