//! Whether, and how, a bridge answers those who do not want to talk.

use std::time::Duration;

use super::{Limits, Verdict, millis};
use crate::telephony::Happening;
use crate::telephony::record::{CallRecord, Probe};

/// The close code for who may not come in.
const POLICY_VIOLATION: u16 = 1008;

pub(super) fn validation(call: &CallRecord, _: &Limits) -> Verdict {
    if call.probe != Some(Probe::Validation) {
        return Verdict::not_applicable("the carrier did not ask whether there is a bot");
    }
    let opened = opened(call).unwrap_or_default();
    let validated = call.times(|what| *what == Happening::Validated).next();
    match (validated, &call.notes.ended) {
        (Some(at), _) => {
            let took = millis(at.saturating_sub(opened));
            Verdict::passed(format!("after {took}"))
        }
        (None, Some(ending)) => Verdict::failed(ending.at, ending.reason.clone()),
        (None, None) => Verdict::failed(None, "no answer came"),
    }
}

pub(super) fn strangers(call: &CallRecord, limits: &Limits) -> Verdict {
    let shown = match call.probe {
        Some(Probe::WrongCredential) => "a wrong credential",
        Some(Probe::NoCredential) => "no credential",
        Some(Probe::Validation) | None => {
            return Verdict::not_applicable("no stranger called, or no credential is configured");
        }
    };
    if let Some(model) = &call.model {
        let evidence = format!("the model was called for a call with {shown}");
        return Verdict::failed(model.opened, evidence);
    }
    if let Some((at, status)) = turned_away(call) {
        return match status {
            401 | 403 => Verdict::passed(format!("refused with HTTP {status}")),
            _ => {
                let evidence = format!("a call with {shown} was answered with HTTP {status}");
                Verdict::failed(at, evidence)
            }
        };
    }
    let ending = call.notes.ended.as_ref();
    let ended = ending.map_or("it did not end", |ending| &ending.reason);
    let Some(opened) = opened(call) else {
        return Verdict::failed(None, format!("the bridge was not reached: {ended}"));
    };
    let closed = call.all(|what| match what {
        Happening::Closed(code) => Some(*code),
        _ => None,
    });
    // At Twilio it is the carrier alone that begins a call.
    let is_taken = !call.came.is_empty() || call.carrier.asks() && call.began().is_some();
    match closed.last() {
        Some((at, Some(POLICY_VIOLATION))) if !is_taken && at <= opened + limits.refusal => {
            let took = millis(at.saturating_sub(opened));
            Verdict::passed(format!("closed with {POLICY_VIOLATION} after {took}"))
        }
        _ => {
            let evidence = format!(
                "a call with {shown} was not refused by HTTP 401 or 403, or at once by close \
                 {POLICY_VIOLATION}: {ended}"
            );
            Verdict::failed(opened, evidence)
        }
    }
}

fn opened(call: &CallRecord) -> Option<Duration> {
    call.times(|what| *what == Happening::Opened).next()
}

/// The HTTP status that the bridge answered with instead of a WebSocket.
fn turned_away(call: &CallRecord) -> Option<(Duration, u16)> {
    let mut statuses = call.all(|what| match what {
        Happening::TurnedAway(status) => Some(*status),
        _ => None,
    });
    statuses.next()
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check, empty_call, good_call};
    use super::*;
    use crate::telephony::Party;
    use crate::telephony::record::Carrier;

    fn stranger(builder: CallBuilder) -> CallRecord {
        CallRecord {
            probe: Some(Probe::WrongCredential),
            model: None,
            ..builder.build()
        }
    }

    fn says(call: &CallRecord) -> Verdict {
        check("strangers-are-refused", call)
    }

    #[test]
    fn a_stranger_who_is_let_in_is_named() {
        let taken = stranger(CallBuilder::default().until(3_000));
        assert!(says(&taken).is_failed());
        let modelled = CallRecord {
            probe: Some(Probe::NoCredential),
            ..good_call()
        };
        assert!(says(&modelled).text().contains("the model was called"));
        assert!(!says(&good_call()).is_passed());
    }

    #[test]
    fn a_refusal_says_that_it_is_one() {
        for (status, is_one) in [(401, true), (403, true), (404, false), (500, false)] {
            let mut call = empty_call();
            call.probe = Some(Probe::NoCredential);
            let turned_away = (Duration::from_millis(3), Happening::TurnedAway(status));
            call.notes.happenings.push(turned_away);
            assert_eq!(says(&call).is_passed(), is_one, "{status}");
        }
        let closed = |at, code| {
            let builder = CallBuilder::default().happening(at, Happening::Closed(code));
            stranger(builder.ended_by(at, Party::Bridge))
        };
        assert!(says(&closed(40, Some(1008))).is_passed());
        assert!(says(&closed(2_900, Some(1008))).is_failed());
        assert!(says(&closed(40, Some(1000))).is_failed());
        assert!(says(&closed(40, None)).is_failed());
        // It has begun for AudioCodes once the bot has accepted it.
        let mut accepted = closed(40, Some(1008));
        accepted.carrier = Carrier::AudioCodes;
        assert!(says(&accepted).is_failed());
    }

    #[test]
    fn a_bot_that_does_not_say_that_it_is_there_is_named() {
        let asked = |builder: CallBuilder| CallRecord {
            carrier: Carrier::AudioCodes,
            probe: Some(Probe::Validation),
            ..builder.until(20).build()
        };
        let says = |call: &CallRecord| check("validation-is-answered", call);
        let answered = CallBuilder::default().happening(20, Happening::Validated);
        assert!(says(&asked(answered)).is_passed());
        assert!(says(&asked(CallBuilder::default())).is_failed());
        assert!(!says(&good_call()).is_passed());
    }
}
