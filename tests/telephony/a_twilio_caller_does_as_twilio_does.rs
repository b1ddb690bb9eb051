//! A call over Twilio Media Streams, message by message: what the carrier sends without being asked,
//! how it plays what it is sent, and when marks come back.

use crate::telephone::{Telephone, ms};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::protocol::decode;
use mock_realtime::protocol::twilio::CarrierMessage;
use mock_realtime::telephony::twilio::{TwilioCaller, TwilioOptions};
use mock_realtime::telephony::{Action, Caller, Happening, Input, Output, Party};
use serde_json::{Value, json};

fn dialled() -> Telephone<TwilioCaller> {
    Telephone::dialled(TwilioCaller::new(TwilioOptions::default()))
}

/// μ-law of so many milliseconds, of a tone that can be heard.
fn audio(milliseconds: u64) -> String {
    STANDARD.encode(Clip::tone(400.0, ms(milliseconds)).encoded(Encoding::Mulaw))
}

impl Telephone<TwilioCaller> {
    fn media(&mut self, milliseconds: u64) {
        let stream = self.caller.stream_sid().to_owned();
        self.receive(&json!({"event": "media", "streamSid": stream, "media": {"payload": audio(milliseconds)}}));
    }

    fn mark(&mut self, name: &str) {
        let stream = self.caller.stream_sid().to_owned();
        self.receive(&json!({"event": "mark", "streamSid": stream, "mark": {"name": name}}));
    }

    fn clear(&mut self) {
        let stream = self.caller.stream_sid().to_owned();
        self.receive(&json!({"event": "clear", "streamSid": stream}));
    }

    /// When each mark came back, by its name.
    fn echoes(&self) -> Vec<(u128, String)> {
        let marks = self.of("event", "mark").into_iter();
        marks
            .map(|(at, mark)| {
                (
                    at.as_millis(),
                    mark["mark"]["name"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    }
}

#[test]
fn it_begins_with_connected_and_start_and_never_stops_sending_audio() {
    let mut call = dialled();
    call.until(1_000);
    let events: Vec<&str> = call
        .sent
        .iter()
        .map(|(_, it)| it["event"].as_str().unwrap())
        .collect();
    assert_eq!(events[..3], ["connected", "start", "media"]);
    let start = &call.sent[1];
    assert_eq!(start.0, ms(5));
    assert_eq!(start.1["sequenceNumber"], "1");
    assert_eq!(start.1["start"]["tracks"], json!(["inbound"]));
    assert_eq!(start.1["start"]["customParameters"], json!({}));
    let media = call.of("event", "media");
    assert_eq!(media.len(), 45);
    for ((at, message), number) in media.iter().zip(1_u64..) {
        let after_start = 100 + 20 * (number - 1);
        assert_eq!(*at, ms(5 + after_start));
        assert_eq!(message["sequenceNumber"], (number + 1).to_string());
        assert_eq!(message["media"]["chunk"], number.to_string());
        assert_eq!(message["media"]["timestamp"], after_start.to_string());
        let payload = STANDARD
            .decode(message["media"]["payload"].as_str().unwrap())
            .unwrap();
        assert_eq!(payload, [0xff; 160]);
    }
}

#[test]
fn what_the_caller_says_is_heard_from_the_next_slice_on() {
    let mut call = dialled();
    call.until(200);
    let words = Clip::tone(400.0, ms(50));
    call.act(Action::Say(words.clone()));
    assert!(call.caller.is_speaking());
    call.until(1_000);
    assert!(!call.caller.is_speaking());
    let said = &call.caller.notes().said;
    // The next slice began at 205 ms, and the last one is filled with silence.
    assert_eq!((said.start(), said.end()), (Some(ms(205)), ms(265)));
    let sent: Vec<u8> = call
        .of("event", "media")
        .iter()
        .flat_map(|(_, it)| {
            STANDARD
                .decode(it["media"]["payload"].as_str().unwrap())
                .unwrap()
        })
        .collect();
    let begin = (205 - 105) * 8;
    assert_eq!(sent[begin..begin + 400], words.encoded(Encoding::Mulaw)[..]);
    assert!(sent[begin + 400..].iter().all(|byte| *byte == 0xff));
}

#[test]
fn a_mark_comes_back_when_the_audio_before_it_has_been_heard() {
    let mut call = dialled();
    call.until(200);
    call.mark("nothing before it");
    call.media(400);
    call.mark("first");
    call.media(400);
    call.mark("second");
    call.mark("second");
    call.until(2_000);
    let expected = [
        (200, "nothing before it"),
        (600, "first"),
        (1_000, "second"),
        (1_000, "second"),
    ];
    assert_eq!(
        call.echoes(),
        expected.map(|(at, name)| (at, name.to_owned()))
    );
    let heard = call.caller.heard();
    assert_eq!((heard.start(), heard.end()), (Some(ms(200)), ms(1_000)));
}

#[test]
fn a_clear_drops_what_is_not_heard_and_gives_all_marks_back() {
    let mut call = dialled();
    call.until(200);
    for name in ["first", "second", "third"] {
        call.media(400);
        call.mark(name);
    }
    call.until(850);
    call.clear();
    call.until(2_000);
    let expected = [(600, "first"), (850, "second"), (850, "third")];
    assert_eq!(
        call.echoes(),
        expected.map(|(at, name)| (at, name.to_owned()))
    );
    assert_eq!(call.caller.heard().end(), ms(850));
    let playback = call.caller.playback();
    assert_eq!(
        (playback.queued(), playback.cleared()),
        (ms(1_200), ms(550))
    );
    let happenings = &call.caller.notes().happenings;
    assert!(happenings.contains(&(ms(850), Happening::Cleared { dropped: ms(550) })));
    // What comes after it is played.
    call.media(100);
    assert_eq!(call.caller.heard().end(), ms(2_100));
}

#[test]
fn keys_and_marks_count_in_the_sequence() {
    let mut call = dialled();
    call.until(200);
    call.act(Action::Press("1x#".to_owned()));
    call.mark("now");
    call.until(1_000);
    let keys = call.of("event", "dtmf");
    let pressed: Vec<_> = keys
        .iter()
        .map(|(at, key)| (at.as_millis(), key["dtmf"].clone()))
        .collect();
    let key = |digit: &str| json!({"track": "inbound_track", "digit": digit});
    assert_eq!(pressed, [(200, key("1")), (450, key("#"))]);
    let numbers: Vec<u64> = call
        .sent
        .iter()
        .skip(1)
        .map(|(_, it)| it["sequenceNumber"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(
        numbers.iter().copied().eq(1..=numbers.len() as u64),
        "{numbers:?}"
    );
}

#[test]
fn who_hangs_up_stops_the_stream_and_closes() {
    let mut call = dialled();
    call.until(200);
    call.media(1_000);
    call.until(500);
    call.act(Action::HangUp);
    call.until(5_000);
    let (at, last) = call.sent.last().unwrap();
    assert_eq!((*at, &last["event"]), (ms(500), &json!("stop")));
    assert_eq!(last["stop"]["callSid"], call.caller.call_sid());
    assert_eq!(
        call.told,
        [Output::Close {
            code: 1000,
            reason: String::new()
        }]
    );
    let ended = call.caller.notes().ended.clone().unwrap();
    assert_eq!((ended.by, ended.code), (Party::Caller, None));
    // Nobody hears anything any more.
    assert_eq!(call.caller.heard().end(), ms(500));
}

#[test]
fn a_bridge_that_closes_has_hung_up() {
    let mut call = dialled();
    call.until(200);
    call.input(Input::Closed {
        code: Some(1000),
        reason: "",
    });
    call.until(1_000);
    let ended = call.caller.notes().ended.clone().unwrap();
    assert_eq!((ended.by, ended.code), (Party::Bridge, Some(31921)));
    assert_eq!(call.sent.last().unwrap().1["event"], "media");
}

#[test]
fn a_gap_that_is_asked_for_is_one_of_time() {
    let mut call = dialled();
    call.until(200);
    call.act(Action::Gap(ms(100)));
    call.until(1_000);
    let stamps: Vec<u64> = call
        .of("event", "media")
        .iter()
        .map(|(_, it)| it["media"]["timestamp"].as_str().unwrap().parse().unwrap())
        .collect();
    let steps: Vec<u64> = stamps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let wide: Vec<&u64> = steps.iter().filter(|step| **step != 20).collect();
    assert_eq!(wide, [&120]);
}

#[test]
fn a_driver_that_wakes_late_sends_the_same() {
    let play = |late: bool| {
        let mut call = dialled();
        call.until(105);
        call.act(Action::Say(Clip::tone(300.0, ms(500))));
        call.media(330);
        call.mark("a");
        call.media(70);
        call.mark("b");
        if late {
            call.jump(777);
        } else {
            call.until(777);
        }
        call.clear();
        call.until(900);
        let sent: Vec<Value> = call.sent.into_iter().map(|(_, message)| message).collect();
        sent
    };
    assert_eq!(play(true), play(false));
}

#[test]
fn all_that_is_sent_is_what_the_types_say() {
    let mut options = TwilioOptions {
        seed: 3,
        ..TwilioOptions::default()
    };
    options
        .parameters
        .insert("name".to_owned(), "Jane".to_owned());
    let mut call = Telephone::dialled(TwilioCaller::new(options));
    call.until(300);
    call.act(Action::Press("5".to_owned()));
    call.mark("m");
    call.act(Action::HangUp);
    assert_eq!(
        call.sent[1].1["start"]["customParameters"],
        json!({"name": "Jane"})
    );
    for (_, message) in &call.sent {
        decode::<CarrierMessage>(&message.to_string()).unwrap();
    }
}
