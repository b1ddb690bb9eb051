//! Whatever a bridge sends, the call goes on as the carrier lets it go on, and what was wrong is named;
//! a strict caller ends the call with the carrier's code.

use crate::telephone::{Telephone, ms};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_realtime::telephony::audiocodes::{AudioCodesCaller, AudioCodesOptions};
use mock_realtime::telephony::twilio::{TwilioCaller, TwilioOptions};
use mock_realtime::telephony::{Caller, FindingKind, Input, Party};
use serde_json::json;

fn twilio(strict: bool) -> Telephone<TwilioCaller> {
    let options = TwilioOptions {
        strict,
        queue_limit: std::time::Duration::from_secs(1_250),
        ..TwilioOptions::default()
    };
    let mut call = Telephone::dialled(TwilioCaller::new(options));
    call.until(200);
    call
}

/// Each mistake as the bridge sends it, with `$` for the stream, and what it is called.
fn mistakes() -> Vec<(String, FindingKind, Option<u16>)> {
    let media = |payload: &str| {
        format!(r#"{{"event":"media","streamSid":"$","media":{{"payload":"{payload}"}}}}"#)
    };
    let invalid = Some(31951);
    let padded = [vec![0xff; 100], vec![0x80; 60]].concat();
    vec![
        ("hello".to_owned(), FindingKind::NotJson, invalid),
        ("{".to_owned(), FindingKind::NotJson, invalid),
        ("[]".to_owned(), FindingKind::WrongShape, invalid),
        (
            r#"{"event":"stop","streamSid":"$"}"#.to_owned(),
            FindingKind::UnknownMessage,
            invalid,
        ),
        (
            r#"{"streamSid":"$"}"#.to_owned(),
            FindingKind::MissingField,
            invalid,
        ),
        (
            r#"{"event":"clear","streamSid":"MZ1"}"#.to_owned(),
            FindingKind::WrongStream,
            invalid,
        ),
        (
            r#"{"event":"clear"}"#.to_owned(),
            FindingKind::MissingField,
            invalid,
        ),
        (
            r#"{"event":"mark","streamSid":"$","mark":{}}"#.to_owned(),
            FindingKind::MissingField,
            invalid,
        ),
        (
            r#"{"event":"mark","streamSid":"$","mark":"m"}"#.to_owned(),
            FindingKind::WrongShape,
            invalid,
        ),
        (
            r#"{"event":"clear","streamSid":"$","more":1}"#.to_owned(),
            FindingKind::UnexpectedField,
            invalid,
        ),
        (media("//8"), FindingKind::BadBase64, invalid),
        (media("not base64!"), FindingKind::BadBase64, invalid),
        (media(""), FindingKind::EmptyAudio, None),
        (
            media(&STANDARD.encode(b"RIFF\x24\0\0\0WAVEfmt ")),
            FindingKind::HeaderInAudio,
            None,
        ),
        (
            media(&STANDARD.encode(padded)),
            FindingKind::LoudPadding,
            None,
        ),
    ]
}

#[test]
fn twilio_drops_it_or_plays_it_and_goes_on() {
    for (text, kind, code) in mistakes() {
        let mut call = twilio(false);
        let text = text.replace('$', call.caller.stream_sid());
        call.input(Input::Text(&text));
        assert_eq!(call.kinds(), [kind], "{text}");
        assert_eq!(call.findings()[0].code, code, "{text}");
        assert_eq!(call.findings()[0].at, ms(200));
        call.until(400);
        assert_eq!(call.of("event", "media").len(), 15, "{text}");
        assert!(call.caller.notes().ended.is_none());
    }
}

#[test]
fn a_strict_caller_hangs_up_with_the_code() {
    for (text, kind, code) in mistakes() {
        let mut call = twilio(true);
        let text = text.replace('$', call.caller.stream_sid());
        call.input(Input::Text(&text));
        assert_eq!(call.kinds(), [kind], "{text}");
        let ended = call.caller.notes().ended.clone().unwrap();
        assert_eq!((ended.by, ended.code), (Party::Carrier, code), "{text}");
        assert!(ended.reason.starts_with(kind.name()), "{}", ended.reason);
        assert_eq!(call.sent.last().unwrap().1["event"], "stop");
    }
}

#[test]
fn a_payload_of_ten_megabytes_is_queued_like_any_other() {
    let mut call = twilio(false);
    let stream = call.caller.stream_sid().to_owned();
    let large = STANDARD.encode(vec![0x55_u8; 10_000_000]);
    let message = json!({"event": "media", "streamSid": stream, "media": {"payload": large}});
    call.receive(&message);
    assert_eq!(call.kinds(), []);
    assert_eq!(call.caller.playback().deepest(), ms(1_250_000));
    // More than the queue holds is refused, and named.
    let more = STANDARD.encode([0x55_u8; 160]);
    call.receive(&json!({"event": "media", "streamSid": stream, "media": {"payload": more}}));
    assert_eq!(call.kinds(), [FindingKind::QueueFull]);
    assert_eq!(call.caller.playback().deepest(), ms(1_250_000));
}

#[test]
fn binary_frames_early_frames_and_late_ones_are_named() {
    let mut call = Telephone::dialled(TwilioCaller::new(TwilioOptions::default()));
    call.receive(&json!({"event": "clear", "streamSid": "MZ"}));
    call.until(200);
    call.input(Input::Binary(12));
    call.input(Input::Violated("a fragmented control frame"));
    // What was on its way by then is no fault.
    call.until(700);
    call.receive(&json!({"event": "clear", "streamSid": "MZ"}));
    call.until(720);
    call.receive(&json!({"event": "clear", "streamSid": "MZ"}));
    let codes: Vec<_> = call
        .findings()
        .iter()
        .map(|it| (it.kind, it.code))
        .collect();
    let expected = [
        (FindingKind::TooEarly, Some(31951)),
        (FindingKind::BinaryFrame, Some(31950)),
        (FindingKind::BrokenProtocol, Some(31924)),
        (FindingKind::AfterEnd, None),
    ];
    assert_eq!(codes, expected);
}

#[test]
fn a_bot_of_audiocodes_is_held_to_its_protocol() {
    let mut call = Telephone::dialled(AudioCodesCaller::new(AudioCodesOptions::default()));
    call.until(10);
    for (message, kind) in [
        (
            json!({"type": "playStream.start", "streamId": "1"}),
            FindingKind::TooEarly,
        ),
        (json!({"type": "session.accepted"}), FindingKind::NoFormat),
        (
            json!({"type": "session.accepted"}),
            FindingKind::UnaskedAnswer,
        ),
        (
            json!({"type": "session.resumed"}),
            FindingKind::UnknownMessage,
        ),
        (
            json!({"type": "userStream.stopped"}),
            FindingKind::UnaskedAnswer,
        ),
        (
            json!({"type": "playStream.chunk", "streamId": "1", "audioChunk": "AAA="}),
            FindingKind::NoPlayStream,
        ),
        (
            json!({"type": "playStream.start", "streamId": "1", "mediaFormat": "raw/mulaw"}),
            FindingKind::FormatNotOffered,
        ),
        (
            json!({"type": "playStream.chunk", "streamId": "1", "audioChunk": "AAA"}),
            FindingKind::BadBase64,
        ),
        (
            json!({"type": "playStream.start", "streamId": "2"}),
            FindingKind::OverlappingPlayStreams,
        ),
        (
            json!({"type": "playStream.chunk", "streamId": "2", "audioChunk": "AAAA"}),
            FindingKind::HalfSample,
        ),
        (
            json!({"type": "playStream.chunk", "streamId": "2", "audioChunk": "UklGRgAA"}),
            FindingKind::HeaderInAudio,
        ),
        (
            json!({"type": "playStream.chunk", "streamId": "2", "audioChunk": ""}),
            FindingKind::EmptyAudio,
        ),
        (
            json!({"type": "playStream.stop", "streamId": "9"}),
            FindingKind::NoPlayStream,
        ),
        (
            json!({"type": "activities", "activities": [{"type": "event", "name": "sendDtmf", "activityParams": {"dtmf": "1"}}]}),
            FindingKind::BadActivity,
        ),
    ] {
        let before = call.findings().len();
        call.receive(&message);
        assert_eq!(call.kinds()[before..], [kind], "{message}");
    }
    let before = call.findings().len();
    call.until(10_000);
    // The play stream is open, and nothing comes; the caller's stream was never started either.
    call.act(mock_realtime::telephony::Action::HangUp);
    let rest = &call.kinds()[before..];
    let left_open = rest
        .iter()
        .filter(|kind| **kind == FindingKind::PlayStreamLeftOpen);
    assert_eq!(left_open.count(), 2, "{rest:?}");
    assert_eq!(call.sent.last().unwrap().1["type"], "session.end");
}
