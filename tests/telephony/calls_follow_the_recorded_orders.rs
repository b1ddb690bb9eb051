//! A whole call of each carrier, message by message, as it is written down in `tests/calls/`: `>` is
//! the carrier's, `<` the bridge's, with the time in milliseconds and audio as its length in bytes.
//! `UPDATE_TRANSCRIPTS=1` writes what is sent now.

use std::fmt::Write;
use std::time::Duration;

use crate::telephone::{Telephone, ms};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_realtime::audio::Clip;
use mock_realtime::telephony::audiocodes::{AudioCodesCaller, AudioCodesOptions};
use mock_realtime::telephony::twilio::{TwilioCaller, TwilioOptions};
use mock_realtime::telephony::{Action, Caller};
use serde_json::{Value, json};

/// A call that is written down as it goes.
struct Transcript<C> {
    call: Telephone<C>,
    taken: usize,
    text: String,
}

impl<C: Caller> Transcript<C> {
    fn of(caller: C) -> Self {
        Self {
            call: Telephone::dialled(caller),
            taken: 0,
            text: String::new(),
        }
    }

    fn until(&mut self, time: u64) {
        self.call.until(time);
        self.take();
    }

    fn bridge(&mut self, message: &Value) {
        line(&mut self.text, self.call.now, '<', message);
        self.call.receive(message);
        self.take();
    }

    fn act(&mut self, action: Action) {
        self.call.act(action);
        self.take();
    }

    fn take(&mut self) {
        for (at, message) in &self.call.sent[self.taken..] {
            line(&mut self.text, *at, '>', message);
        }
        self.taken = self.call.sent.len();
    }

    fn is(&self, name: &str) {
        let file = format!("{}/tests/calls/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            std::fs::write(&file, &self.text).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap();
        assert_eq!(self.text, expected, "{file}");
    }
}

fn line(text: &mut String, at: Duration, by: char, message: &Value) {
    let mut message = message.clone();
    for pointer in ["/media/payload", "/audioChunk"] {
        if let Some(audio) = message.pointer_mut(pointer) {
            let bytes = STANDARD.decode(audio.as_str().unwrap()).unwrap();
            let silent = bytes.iter().all(|byte| *byte == 0xff || *byte == 0);
            let what = if silent { "silence" } else { "sound" };
            *audio = format!("({} bytes of {what})", bytes.len()).into();
        }
    }
    writeln!(text, "{:>6} {by} {message}", at.as_millis()).unwrap();
}

#[test]
fn a_call_over_twilio() {
    let mut options = TwilioOptions::default();
    options
        .parameters
        .insert("FirstName".to_owned(), "Jane".to_owned());
    let caller = TwilioCaller::new(options);
    let sid = caller.stream_sid().to_owned();
    let mut call = Transcript::of(caller);
    let media = |length: usize| json!({"event": "media", "streamSid": sid, "media": {"payload": STANDARD.encode(vec![0x55; length])}});
    let mark = |name: &str| json!({"event": "mark", "streamSid": sid, "mark": {"name": name}});
    call.until(110);
    call.bridge(&mark("ready"));
    call.bridge(&media(480));
    call.bridge(&mark("greeting"));
    call.until(180);
    call.act(Action::Say(Clip::tone(300.0, ms(30))));
    call.act(Action::Press("1".to_owned()));
    call.until(230);
    call.bridge(&media(800));
    call.bridge(&mark("answer 1"));
    call.bridge(&media(800));
    call.bridge(&mark("answer 2"));
    call.until(350);
    call.bridge(&json!({"event": "clear", "streamSid": sid}));
    call.until(370);
    call.act(Action::HangUp);
    call.is("twilio");
}

#[test]
fn a_call_over_audiocodes() {
    let mut call = Transcript::of(AudioCodesCaller::new(AudioCodesOptions::default()));
    let chunk = |id: &str, length: usize| json!({"type": "playStream.chunk", "streamId": id, "audioChunk": STANDARD.encode(vec![0x11; length])});
    let start =
        |id: &str| json!({"type": "playStream.start", "streamId": id, "mediaFormat": "raw/lpcm16"});
    let stop = |id: &str| json!({"type": "playStream.stop", "streamId": id});
    call.until(5);
    call.bridge(&json!({"type": "session.accepted", "mediaFormat": "raw/lpcm16"}));
    call.bridge(&json!({"type": "userStream.started"}));
    call.until(30);
    call.bridge(&start("1"));
    call.bridge(&json!({"type": "userStream.stopped"}));
    call.bridge(&chunk("1", 1_600));
    call.bridge(&stop("1"));
    call.until(90);
    call.bridge(&json!({"type": "userStream.started"}));
    call.act(Action::Say(Clip::tone(300.0, ms(30))));
    call.until(150);
    call.bridge(&json!({"type": "activities", "activities": [{"type": "event", "name": "config", "sessionParams": {"bargeIn": true}}]}));
    call.bridge(&start("2"));
    call.bridge(&chunk("2", 6_400));
    call.until(200);
    call.bridge(
        &json!({"type": "userStream.speech.hypothesis", "alternatives": [{"text": "wait"}]}),
    );
    call.bridge(&stop("2"));
    call.act(Action::Press("12#".to_owned()));
    call.until(230);
    call.bridge(&json!({"type": "activities", "activities": [{"type": "event", "name": "hangup", "activityParams": {"hangupReason": "bye"}}]}));
    call.is("audiocodes");
}
