//! What is expected of a call is written down and told as it is for a session.

use std::time::Duration;

use mock_realtime::audio::Clip;
use mock_realtime::expect::Expectations;
use mock_realtime::faults::Fault;
use mock_realtime::protocol::audiocodes::{
    BotActivities, BotMessage, CarrierActivities, CarrierMessage as ToBot,
};
use mock_realtime::protocol::twilio::{
    BridgeClear, BridgeMark, BridgeMedia, BridgeMessage, BridgeMessageKind, CarrierDtmf,
    CarrierMark, CarrierMessage, CarrierMessageKind,
};
use mock_realtime::telephony::audiocodes::AudioCodesOptions;
use mock_realtime::telephony::script::{CallScript, WaitFor};
use mock_realtime::telephony::twilio::TwilioOptions;
use mock_realtime::telephony::{Call, CallResult, Input};
use serde_json::json;

use crate::bridge::{Agent, tone};

/// A call in which the caller interrupts the greeting once.
async fn interrupted() -> CallResult {
    let script = CallScript::new("interrupted")
        .barge_in(600, "Stop, please!")
        .with_fault(Fault::duplicate().on(CarrierMessageKind::Media).nth(2..=2))
        .wait_for(WaitFor::Reply);
    let call = Call::twilio(TwilioOptions::default(), &script).unwrap();
    Agent::new(tone(4_000), Clip::spoken("Yes?", "marin", 1.0))
        .take(call)
        .await
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_as_expected() {
    let result = interrupted().await;
    assert!(result.is_success(), "{:?}", result.turns);
    let of_bridge = Expectations::<BridgeMessage>::default();
    of_bridge.expect::<BridgeClear>().times(1);
    of_bridge
        .expect::<BridgeMark>()
        .with(json!({"mark": {"name": "said"}}))
        .times(2);
    of_bridge
        .expect::<BridgeMedia>()
        .where_(|media| !media.media.payload.is_empty())
        .within(Duration::from_millis(500));
    of_bridge.in_order([
        BridgeMessageKind::Media,
        BridgeMessageKind::Mark,
        BridgeMessageKind::Clear,
        BridgeMessageKind::Media,
    ]);
    of_bridge
        .verify(&result.journal)
        .unwrap_or_else(|unmet| panic!("{unmet}"));

    // What the mock sent is there, too: the mark that the clear brought back, and that of the answer.
    let of_carrier = Expectations::<CarrierMessage>::default();
    of_carrier
        .expect::<CarrierMark>()
        .with(json!({"mark": {"name": "said"}}))
        .times(1..=2);
    of_carrier.expect::<CarrierDtmf>().never();
    of_carrier.in_order([CarrierMessageKind::Connected, CarrierMessageKind::Start]);
    of_carrier
        .verify(&result.journal)
        .unwrap_or_else(|unmet| panic!("{unmet}"));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_is_told_with_what_came_nearest() {
    let result = interrupted().await;
    let expected = Expectations::<BridgeMessage>::default();
    expected.expect::<BridgeClear>().times(2);
    expected
        .expect::<BridgeMark>()
        .with(json!({"mark": {"name": "greeting"}}));
    expected
        .expect::<BridgeClear>()
        .within(Duration::from_millis(10));
    expected.in_order([BridgeMessageKind::Clear, BridgeMessageKind::Clear]);
    let told = expected.verify(&result.journal).unwrap_err().to_string();
    for part in [
        "expected exactly 2 clear, got 1",
        "expectations_hold_of_calls.rs",
        r#"expected at least 1 mark with {"mark":{"name":"greeting"}}, got 0"#,
        r#"but mark.name: expected "greeting", found "said""#,
        "expected at least 1 clear within 10ms, got 0",
        "but it came after",
        "expected in order: clear, clear\n  but there was no clear after clear",
        "carrier ──▶        connected",
        "carrier ──▶        media  ⚡ duplicate: 2 times",
        "        ◀── bridge clear",
        "        ◀── bridge mark  said",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let nothing = Expectations::<CarrierMessage>::default();
    nothing.expect::<CarrierDtmf>();
    let told = nothing.verify(&result.journal).unwrap_err().to_string();
    assert!(told.contains("the carrier sent no dtmf at all"), "{told}");
}

#[test]
fn messages_of_one_name_are_told_apart_by_who_sent_them() {
    let script = CallScript::new("short").silent_ms(100);
    let mut call = Call::audiocodes(AudioCodesOptions::default(), &script).unwrap();
    let now = Duration::ZERO;
    call.handle(Input::Opened, now);
    while call.poll(now).is_some() {}
    for answer in [
        json!({"type": "session.accepted", "mediaFormat": "raw/lpcm16"}),
        json!({"type": "activities", "activities": [{"type": "event", "name": "hangup"}]}),
    ] {
        call.handle(Input::Text(&answer.to_string()), now);
        while call.poll(now).is_some() {}
    }
    let journal = call.into_result().journal;
    let of_carrier = journal.messages::<ToBot, CarrierActivities>();
    let of_bot = journal.messages::<BotMessage, BotActivities>();
    assert_eq!((of_carrier.len(), of_bot.len()), (1, 1));
    let expected = Expectations::<BotMessage>::default();
    expected
        .expect::<BotActivities>()
        .with(json!({"activities": [{"name": "hangup"}]}))
        .times(1);
    expected.verify(&journal).unwrap();
}

#[test]
#[should_panic(expected = "no mark can have these fields")]
fn what_no_message_can_have_is_refused_at_once() {
    Expectations::<BridgeMessage>::default()
        .expect::<BridgeMark>()
        .with(json!({"mark": {"nmae": "greeting"}}));
}
