//! The messages of Twilio Media Streams and of the AudioCodes Bot API, as captures of real calls have
//! them, are read into types and written back as they were; what is wrong is told with its place.

use mock_realtime::protocol::{Event, audiocodes, decode, encode, twilio};
use serde_json::Value;

const TWILIO_CARRIER: &[&str] = &[
    r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#,
    r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC00000000000000000000000000000000","streamSid":"MZ00000000000000000000000000000000","callSid":"CA00000000000000000000000000000000","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"FirstName":"Jane"}},"streamSid":"MZ00000000000000000000000000000000"}"#,
    r#"{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"100","payload":"//8="},"streamSid":"MZ0"}"#,
    r#"{"event":"mark","sequenceNumber":"6","streamSid":"MZ0","mark":{"name":"i1:400:g1:m1"}}"#,
    r##"{"event":"dtmf","streamSid":"MZ0","sequenceNumber":"9","dtmf":{"track":"inbound_track","digit":"#"}}"##,
    r#"{"event":"stop","sequenceNumber":"10","streamSid":"MZ0","stop":{"accountSid":"AC0","callSid":"CA0"}}"#,
];

const TWILIO_BRIDGE: &[&str] = &[
    r#"{"event":"media","streamSid":"MZ0","media":{"payload":"//8="}}"#,
    r#"{"event":"mark","streamSid":"MZ0","mark":{"name":""}}"#,
    r#"{"event":"clear","streamSid":"MZ0"}"#,
];

const AUDIOCODES_CARRIER: &[&str] = &[
    r#"{"type":"session.initiate","conversationId":"c","botName":"my_bot","caller":"+15555550100","expectAudioMessages":true,"supportedMediaFormats":["raw/lpcm16","raw/lpcm16_24","raw/mulaw"]}"#,
    r#"{"type":"session.resume","conversationId":"c"}"#,
    r#"{"type":"userStream.start","conversationId":"c"}"#,
    r#"{"type":"userStream.chunk","conversationId":"c","audioChunk":"AAA="}"#,
    r#"{"type":"userStream.stop","conversationId":"c","participant":"caller"}"#,
    r#"{"type":"activities","conversationId":"c","activities":[{"type":"event","name":"DTMF","value":"12#","id":"a2","timestamp":"2026-11-22T06:00:01.000Z","language":"en-US"}]}"#,
    r#"{"type":"activities","conversationId":"c","activities":[{"type":"event","name":"noUserInput","value":2}]}"#,
    r#"{"type":"session.end","conversationId":"c","reasonCode":"client-disconnected","reason":"Client Side"}"#,
    r#"{"type":"connection.validate"}"#,
];

const AUDIOCODES_BOT: &[&str] = &[
    r#"{"type":"session.accepted","mediaFormat":"raw/lpcm16"}"#,
    r#"{"type":"session.accepted"}"#,
    r#"{"type":"session.error","conversationId":"c","reason":"conversation not found"}"#,
    r#"{"type":"userStream.started"}"#,
    r#"{"type":"playStream.start","streamId":"play-0","mediaFormat":"raw/lpcm16"}"#,
    r#"{"type":"playStream.chunk","streamId":"play-0","audioChunk":"AQEB"}"#,
    r#"{"type":"playStream.stop","streamId":"play-0"}"#,
    r#"{"type":"userStream.speech.hypothesis","alternatives":[{"text":"hello"}]}"#,
    r#"{"type":"userStream.speech.recognition","alternatives":[{"text":"hello there","confidence":0.83},{"text":"hello","confidence":"0.5"}]}"#,
    r#"{"type":"activities","activities":[{"type":"event","name":"hangup","activityParams":{"hangupReason":"bye"}},{"type":"message","text":"Bye."}]}"#,
    r#"{"type":"activities","activities":[{"type":"event","name":"custom","value":{"any":[1,null]}}]}"#,
    r#"{"type":"connection.validated","success":true}"#,
];

#[track_caller]
fn round_trip<E: Event>(texts: &[&str]) {
    for text in texts {
        let message: E = decode(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut again = String::new();
        encode(&message, &mut again).unwrap();
        assert_eq!(again, *text);
    }
}

#[test]
fn messages_of_real_calls_are_read_and_written_as_they_were() {
    round_trip::<twilio::CarrierMessage>(TWILIO_CARRIER);
    round_trip::<twilio::BridgeMessage>(TWILIO_BRIDGE);
    round_trip::<audiocodes::CarrierMessage>(AUDIOCODES_CARRIER);
    round_trip::<audiocodes::BotMessage>(AUDIOCODES_BOT);
}

#[test]
fn what_is_written_is_valid_against_the_schema() {
    for (schema, name, texts) in [
        (twilio::SCHEMA, "CarrierMessage", TWILIO_CARRIER),
        (twilio::SCHEMA, "BridgeMessage", TWILIO_BRIDGE),
        (audiocodes::SCHEMA, "CarrierMessage", AUDIOCODES_CARRIER),
        (audiocodes::SCHEMA, "BotMessage", AUDIOCODES_BOT),
    ] {
        let mut schema: Value = serde_json::from_str(schema).unwrap();
        schema["$ref"] = format!("#/$defs/{name}").into();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for text in texts {
            let message = serde_json::from_str(text).unwrap();
            if let Err(error) = validator.validate(&message) {
                panic!("{text}: {error}");
            }
        }
    }
}

#[test]
fn a_bridge_of_twilio_is_read_strictly_and_told_where_the_fault_is() {
    for (text, fault) in [
        (r#"{"streamSid":"MZ0"}"#, "event: missing, but required"),
        (
            r#"{"event":"stop","streamSid":"MZ0"}"#,
            r#"event: expected "media", "mark" or "clear", found "stop""#,
        ),
        (
            r#"{"event":"media","media":{"payload":"//8="}}"#,
            "streamSid: missing, but required",
        ),
        (
            r#"{"event":"media","streamSid":"MZ0","media":{"payload":"//8=","track":"outbound"}}"#,
            "media.track: not a known field",
        ),
        (
            r#"{"event":"media","streamSid":"MZ0","media":{"payload":"//8"}}"#,
            "media.payload: the audio is not standard base64 with padding",
        ),
        (
            r#"{"event":"mark","streamSid":"MZ0","mark":{}}"#,
            "mark.name: missing, but required",
        ),
        (
            r#"{"event":"clear","streamSid":1}"#,
            "streamSid: expected a string, found an integer",
        ),
    ] {
        let error = decode::<twilio::BridgeMessage>(text).unwrap_err();
        assert_eq!(format!("{}: {}", error.path, error.reason), fault, "{text}");
    }
}

#[test]
fn carriers_and_bots_may_send_more_than_is_known() {
    let text = r#"{"event":"connected","protocol":"Call","version":"2.0.0","more":{}}"#;
    assert!(decode::<twilio::CarrierMessage>(text).is_ok());
    let text = r#"{"type":"playStream.start","streamId":"1","mediaFormat":"raw/opus","more":1}"#;
    assert!(decode::<audiocodes::BotMessage>(text).is_ok());
    let text = r#"{"type":"playStream.chunk","streamId":"1"}"#;
    let error = decode::<audiocodes::BotMessage>(text).unwrap_err();
    assert_eq!(error.path.to_string(), "audioChunk");
}
