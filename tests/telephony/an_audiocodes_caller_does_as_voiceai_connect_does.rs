//! A call over the AudioCodes Bot API, message by message: who waits for whom, when the caller is
//! heard, and how a call ends.

use crate::telephone::{Telephone, ms};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_realtime::audio::Clip;
use mock_realtime::protocol::audiocodes::{CarrierMessage, MediaFormat};
use mock_realtime::protocol::decode;
use mock_realtime::telephony::audiocodes::{AudioCodesCaller, AudioCodesOptions, StartOrder};
use mock_realtime::telephony::{Action, Caller, Happening, Input, LineFormat, Output, Party};
use serde_json::{Value, json};

type Call = Telephone<AudioCodesCaller>;

fn dialled(options: AudioCodesOptions) -> Call {
    Telephone::dialled(AudioCodesCaller::new(options))
}

/// A call that the bot has accepted, and that it listens to.
fn listening(options: AudioCodesOptions) -> Call {
    let mut call = dialled(options);
    call.receive(&json!({"type": "session.accepted", "mediaFormat": "raw/lpcm16"}));
    call.receive(&json!({"type": "userStream.started"}));
    call
}

fn with_barge_in() -> AudioCodesOptions {
    AudioCodesOptions {
        barge_in: true,
        ..AudioCodesOptions::default()
    }
}

trait Bot {
    fn types(&self) -> Vec<String>;
    fn play(&mut self, id: &str, milliseconds: u64);
    fn say(&mut self, message_type: &str);
}

impl Bot for Call {
    /// The types of the messages sent, each run of chunks as one.
    fn types(&self) -> Vec<String> {
        let sent = self.sent.iter().map(|(_, message)| message);
        let mut types: Vec<String> = sent
            .map(|message| match &message["activities"][0]["name"] {
                Value::String(name) => format!("activity {name}"),
                _ => message["type"].as_str().unwrap().to_owned(),
            })
            .collect();
        types.dedup();
        types
    }

    /// A whole play stream at once, as the vendor's kit sends it.
    fn play(&mut self, id: &str, milliseconds: u64) {
        let samples = Clip::tone(400.0, ms(milliseconds));
        let bytes = mock_realtime::audio::Encoding::Pcm16.encode(
            &samples
                .samples()
                .iter()
                .step_by(3)
                .flat_map(|it| [*it; 2])
                .collect::<Vec<i16>>(),
        );
        self.receive(
            &json!({"type": "playStream.start", "streamId": id, "mediaFormat": "raw/lpcm16"}),
        );
        for piece in bytes.chunks(3_200) {
            self.receive(&json!({"type": "playStream.chunk", "streamId": id, "audioChunk": STANDARD.encode(piece)}));
        }
        self.receive(&json!({"type": "playStream.stop", "streamId": id}));
    }

    fn say(&mut self, message_type: &str) {
        self.receive(&json!({"type": message_type}));
    }
}

#[test]
fn audio_waits_until_the_bot_has_asked_for_it() {
    let mut call = dialled(AudioCodesOptions::default());
    call.until(100);
    assert_eq!(call.types(), ["session.initiate"]);
    assert_eq!(call.sent[0].1["expectAudioMessages"], true);
    assert_eq!(
        call.sent[0].1["supportedMediaFormats"],
        json!(["raw/lpcm16"])
    );
    call.receive(&json!({"type": "session.accepted", "mediaFormat": "raw/lpcm16"}));
    call.until(200);
    assert_eq!(
        call.types(),
        ["session.initiate", "activity start", "userStream.start"]
    );
    let start = &call.sent[1].1["activities"][0];
    assert_eq!(start["timestamp"], "2026-01-01T00:00:00.100Z");
    assert_eq!(
        start["parameters"]["vaigConversationId"],
        *call.caller.conversation()
    );
    call.say("userStream.started");
    call.until(300);
    let chunks = call.of("type", "userStream.chunk");
    let times: Vec<u128> = chunks.iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(times, [220, 240, 260, 280, 300]);
    let bytes = STANDARD
        .decode(chunks[0].1["audioChunk"].as_str().unwrap())
        .unwrap();
    assert_eq!(bytes, [0; 640]);
    for (_, message) in &call.sent {
        decode::<CarrierMessage>(&message.to_string()).unwrap();
    }
}

#[test]
fn the_callers_stream_may_come_first() {
    let mut call = dialled(AudioCodesOptions {
        start_order: StartOrder::StreamFirst,
        ..AudioCodesOptions::default()
    });
    call.receive(&json!({"type": "session.accepted", "mediaFormat": "raw/lpcm16"}));
    assert_eq!(
        call.types(),
        ["session.initiate", "userStream.start", "activity start"]
    );
}

#[test]
fn without_barge_in_nobody_is_heard_while_the_bot_speaks() {
    let mut call = listening(AudioCodesOptions::default());
    call.until(100);
    call.play("1", 500);
    assert_eq!(call.types().last().unwrap(), "userStream.stop");
    call.say("userStream.stopped");
    call.act(Action::Say(Clip::tone(300.0, ms(100))));
    call.until(590);
    assert_eq!(call.types().last().unwrap(), "userStream.stop");
    assert_eq!(call.caller.notes().withheld, ms(100));
    // At 600 ms the last sample has been heard.
    call.until(650);
    assert_eq!(call.types().last().unwrap(), "userStream.start");
    assert_eq!(call.sent.last().unwrap().0, ms(600));
    call.say("userStream.started");
    call.until(700);
    assert_eq!(call.types().last().unwrap(), "userStream.chunk");
    let heard = call.caller.heard();
    assert_eq!((heard.start(), heard.end()), (Some(ms(100)), ms(600)));
}

#[test]
fn with_barge_in_the_caller_is_heard_and_speech_stops_the_bot() {
    for sign in ["userStream.speech.started", "userStream.speech.hypothesis"] {
        let mut call = listening(with_barge_in());
        call.until(100);
        call.play("1", 500);
        call.until(300);
        call.receive(&json!({"type": sign, "alternatives": [{"text": "stop"}]}));
        call.until(1_000);
        assert_eq!(call.caller.heard().end(), ms(300), "{sign}");
        assert!(!call.types().contains(&"userStream.stop".to_owned()));
        let cleared = (ms(300), Happening::Cleared { dropped: ms(300) });
        assert!(call.caller.notes().happenings.contains(&cleared));
        // The next one is played.
        call.play("2", 100);
        assert_eq!(call.caller.heard().end(), ms(1_100));
    }
}

#[test]
fn the_rest_of_a_play_stream_that_was_interrupted_is_dropped() {
    let mut call = listening(with_barge_in());
    call.receive(
        &json!({"type": "playStream.start", "streamId": "1", "mediaFormat": "raw/lpcm16"}),
    );
    let chunk = json!({"type": "playStream.chunk", "streamId": "1", "audioChunk": STANDARD.encode([1; 3_200])});
    call.receive(&chunk);
    call.until(50);
    call.say("userStream.speech.started");
    call.receive(&chunk);
    call.until(500);
    assert_eq!(call.caller.heard().end(), ms(50));
}

#[test]
fn the_bot_may_switch_barge_in_on() {
    let mut call = listening(AudioCodesOptions::default());
    call.receive(&json!({"type": "activities", "activities": [
        {"type": "event", "name": "config", "sessionParams": {"bargeIn": true}}]}));
    call.play("1", 500);
    call.until(100);
    assert!(call.caller.has_barge_in());
    assert_eq!(call.types().last().unwrap(), "userStream.chunk");
}

#[test]
fn what_was_understood_is_the_bots_turn() {
    let mut call = listening(AudioCodesOptions::default());
    call.until(100);
    let alternatives = json!([{"text": "a table", "confidence": 0.8}]);
    call.receive(&json!({"type": "userStream.speech.recognition", "alternatives": alternatives}));
    assert_eq!(call.types().last().unwrap(), "userStream.stop");
    call.say("userStream.stopped");
    // The bot says nothing, and the carrier listens again.
    call.until(10_099);
    assert_eq!(call.types().last().unwrap(), "userStream.stop");
    call.until(10_100);
    assert_eq!(call.types().last().unwrap(), "userStream.start");
}

#[test]
fn keys_are_told_together_and_only_if_they_are_to_be() {
    let mut call = listening(AudioCodesOptions::default());
    call.act(Action::Press("12#".to_owned()));
    let key = call.of("type", "activities").pop().unwrap().1;
    assert_eq!(key["activities"][0]["name"], "DTMF");
    assert_eq!(key["activities"][0]["value"], "12#");
    let mut call = listening(AudioCodesOptions {
        send_dtmf: false,
        ..AudioCodesOptions::default()
    });
    call.act(Action::Press("1".to_owned()));
    assert_eq!(call.of("type", "activities").len(), 1);
}

#[test]
fn either_side_may_hang_up() {
    let mut call = listening(AudioCodesOptions::default());
    call.act(Action::HangUp);
    assert_eq!(
        call.sent.last().unwrap().1["reasonCode"],
        "client-disconnected"
    );
    assert_eq!(
        call.caller.notes().ended.as_ref().unwrap().by,
        Party::Caller
    );
    let mut call = listening(AudioCodesOptions::default());
    call.receive(&json!({"type": "activities", "activities": [
        {"type": "event", "name": "hangup", "activityParams": {"hangupReason": "bye"}}]}));
    assert_eq!(
        call.sent.last().unwrap().1["reasonCode"],
        "bot-disconnected"
    );
    assert_eq!(
        call.told,
        [Output::Close {
            code: 1000,
            reason: String::new()
        }]
    );
    assert_eq!(
        call.caller.notes().ended.as_ref().unwrap().by,
        Party::Bridge
    );
}

#[test]
fn a_refused_call_is_over() {
    let mut call = dialled(AudioCodesOptions::default());
    call.receive(&json!({"type": "session.error", "reason": "no such bot"}));
    let ended = call.caller.notes().ended.clone().unwrap();
    assert_eq!(
        (ended.by, ended.reason.as_str()),
        (Party::Bridge, "no such bot")
    );
    let mut call = dialled(AudioCodesOptions::default());
    call.until(10_000);
    assert_eq!(call.sent.last().unwrap().1["reasonCode"], "error");
    assert_eq!(
        call.caller.notes().ended.as_ref().unwrap().by,
        Party::Carrier
    );
}

#[test]
fn a_lost_connection_is_opened_anew_and_the_call_goes_on() {
    let mut call = listening(AudioCodesOptions::default());
    call.until(100);
    call.input(Input::Closed {
        code: None,
        reason: "",
    });
    call.until(700);
    assert_eq!(call.told, [Output::Open]);
    call.input(Input::Opened);
    let (at, resume) = call.sent.last().unwrap();
    assert_eq!((*at, &resume["type"]), (ms(700), &json!("session.resume")));
    assert_eq!(resume["conversationId"], *call.caller.conversation());
    call.say("session.accepted");
    assert_eq!(call.types().last().unwrap(), "userStream.start");
    call.say("userStream.started");
    call.until(800);
    assert_eq!(call.types().last().unwrap(), "userStream.chunk");
    assert_eq!(call.kinds(), []);
}

#[test]
fn a_bot_that_stays_away_has_ended_the_call() {
    let mut call = listening(AudioCodesOptions::default());
    call.input(Input::Broken("reset"));
    call.until(600);
    call.input(Input::Broken("refused"));
    let ended = call.caller.notes().ended.clone().unwrap();
    assert_eq!(
        (ended.by, ended.reason.as_str()),
        (Party::Bridge, "refused")
    );
}

#[test]
fn a_bot_is_asked_whether_it_is_there() {
    for success in [true, false] {
        let mut probe =
            Telephone::dialled(AudioCodesCaller::validation(AudioCodesOptions::default()));
        assert_eq!(probe.sent[0].1, json!({"type": "connection.validate"}));
        probe.receive(&json!({"type": "connection.validated", "success": success}));
        let by = probe.caller.notes().ended.as_ref().unwrap().by;
        assert_eq!(by == Party::Caller, success);
        assert_eq!(probe.findings().is_empty(), success);
    }
}

#[test]
fn every_format_is_spoken_and_heard() {
    let formats = MediaFormat::KNOWN
        .iter()
        .map(|name| MediaFormat::from(*name));
    for format in formats {
        let mut call = dialled(AudioCodesOptions {
            media_formats: vec![format.clone()],
            barge_in: true,
            ..AudioCodesOptions::default()
        });
        let name = format.as_str();
        call.receive(&json!({"type": "session.accepted", "mediaFormat": name}));
        call.say("userStream.started");
        call.act(Action::Say(Clip::tone(400.0, ms(200))));
        call.until(1_000);
        let chunks = call.of("type", "userStream.chunk");
        let sent: Vec<u8> = chunks
            .iter()
            .take(10)
            .flat_map(|(_, it)| STANDARD.decode(it["audioChunk"].as_str().unwrap()).unwrap())
            .collect();
        let line = LineFormat::of_media(&format).unwrap();
        assert_eq!(
            sent.starts_with(b"RIFF"),
            name.starts_with("wav/"),
            "{name}"
        );
        // What the caller said comes back as what the bot says.
        call.receive(&json!({"type": "playStream.start", "streamId": "1", "mediaFormat": name}));
        call.receive(&json!({"type": "playStream.chunk", "streamId": "1", "audioChunk": STANDARD.encode(&sent)}));
        let heard = call.caller.heard();
        assert_eq!(
            (heard.start(), heard.end()),
            (Some(ms(1_000)), ms(1_200)),
            "{name}"
        );
        let said = call
            .caller
            .notes()
            .said
            .render(ms(0)..ms(200), line.sample_rate());
        let expected = line.decode(&line.encode(&said));
        assert_eq!(
            heard.render(ms(1_000)..ms(1_200), line.sample_rate()),
            expected,
            "{name}"
        );
        assert_eq!(call.kinds(), [], "{name}");
    }
}
