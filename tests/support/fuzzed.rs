//! What the fuzz target does with its bytes; `tests/fuzz_corpus_is_handled.rs` does the same with
//! those that are kept.
//!
//! The first line may say which session it is: `= webrtc`, `= sip` or `= transcription`. Each other
//! line is an input of the session, as in a transcript: `@ 500` lets 500 ms pass, `~ speech`
//! and `~ silence` with a number of milliseconds append sounds, `# 9` is a key of a call, bytes that
//! are no UTF-8 are a binary frame, and anything else is a text frame, with or without `> ` in
//! front.

use std::time::Duration;

use mock_realtime::engine::{
    DtmfKey, Input, Output, Pacing, SessionKind, SessionOptions, Transport,
};
use mock_realtime::protocol::realtime::ServerEvent;
use mock_realtime::protocol::{decode, encode};

use super::Session;
use super::any_plan::any_plan;
use super::sound;

/// The longest sound, in milliseconds: longer ones take time and show nothing more.
const LONGEST_SOUND: u64 = 700;

/// Gives the lines to a session. Panics if what it sends breaks a rule, or if it does not answer
/// any more though it has not ended.
pub(crate) fn play(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    let first = lines.peek().and_then(|line| line.strip_prefix(b"= "));
    let mut played = Played::new(first.unwrap_or_default());
    for line in lines.skip(usize::from(first.is_some())) {
        match std::str::from_utf8(line) {
            Ok(line) => played.line(line),
            Err(_) => played.handle(Input::Binary),
        }
    }
    played.finish();
}

struct Played {
    session: Session,
    now: Duration,
    ended: bool,
    /// Whether the last input was answered with `session.updated`.
    updated: bool,
    kind: SessionKind,
    transport: Transport,
}

impl Played {
    fn new(what: &[u8]) -> Self {
        let transport = match what {
            b"webrtc" => Transport::WebRtc,
            b"sip" => Transport::Sip,
            _ => Transport::WebSocket,
        };
        let kind = match what {
            b"transcription" => SessionKind::Transcription,
            _ => SessionKind::Realtime,
        };
        let session = Session::new(SessionOptions {
            kind,
            transport,
            pacing: Pacing::REALISTIC,
            // Long enough for every timeout, short enough to be reached.
            maximum_duration: Duration::from_secs(120),
            generator: Box::new(any_plan),
            ..SessionOptions::default()
        });
        let mut played = Self {
            session,
            now: Duration::ZERO,
            ended: false,
            updated: false,
            kind,
            transport,
        };
        played.take_all();
        played
    }

    fn line(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("@", ms)) => match ms.parse::<u32>() {
                Ok(ms) => self.wait(self.now + Duration::from_millis(ms.into())),
                Err(_) => self.handle(Input::Text(line)),
            },
            Some(("~", sound)) => self.hear(sound),
            Some(("#", key)) => {
                if let Some(key) = key.chars().next().and_then(DtmfKey::new) {
                    self.handle(Input::Dtmf(key));
                }
            }
            Some((">", frame)) => self.handle(Input::Text(frame)),
            _ => self.handle(Input::Text(line)),
        }
    }

    fn hear(&mut self, sounds: &str) {
        for sound in sounds.split(',') {
            if let Some((kind @ ("speech" | "silence"), ms)) = sound.trim().split_once(' ') {
                let ms = ms.parse().unwrap_or(0).min(LONGEST_SOUND);
                sound::play(&mut self.session, &format!("{kind} {ms}"), self.now);
                self.take_all();
            }
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.session.handle(input, self.now);
        self.take_all();
    }

    /// Lets the time pass from deadline to deadline, as a driver does.
    fn wait(&mut self, until: Duration) {
        while let Some(deadline) = self.session.deadline().filter(|at| *at <= until) {
            assert!(deadline > self.now, "a deadline did not do what was due");
            self.now = deadline;
            self.handle(Input::Time);
        }
        self.now = until;
        self.handle(Input::Time);
    }

    /// Takes what the session sends, and holds it to the rules.
    fn take_all(&mut self) {
        self.updated = false;
        while let Some(output) = self.session.poll() {
            assert!(!self.ended, "sent after the session has ended: {output:?}");
            match output {
                Output::Event(event) => self.take(&event),
                Output::Close { .. } => self.ended = true,
                Output::Audio { .. } | Output::ClearAudio => {
                    assert_ne!(self.transport, Transport::WebSocket, "{output:?}");
                }
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }

    fn take(&mut self, event: &ServerEvent) {
        self.updated |= matches!(event, ServerEvent::SessionUpdated(_));
        let mut text = String::new();
        encode(event, &mut text).unwrap();
        let again = decode::<ServerEvent>(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(again, *event, "read back as another event: {text}");
    }

    fn finish(&mut self) {
        if self.ended {
            assert_eq!(self.session.deadline(), None);
            return;
        }
        self.handle(Input::Text(match self.kind {
            SessionKind::Realtime => r#"{"type":"session.update","session":{"type":"realtime"}}"#,
            SessionKind::Transcription => {
                r#"{"type":"session.update","session":{"type":"transcription"}}"#
            }
        }));
        assert!(self.updated, "the session does not answer any more");
    }
}
