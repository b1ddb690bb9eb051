//! Calls that were never made, for tests of the checks.

use std::time::Duration;

use serde_json::json;

use super::{Check, Limits, Verdict};
use crate::audio::{Clip, Encoding, Utterance};
use crate::expect::{Direction, Entry, Frame};
use crate::protocol::realtime::{
    ClientEvent, ConversationItem, ConversationItemCreate, ConversationItemTruncate,
    FunctionCallOutput, InputAudioBufferAppend, ResponseFunctionCallArgumentsDone,
    ResponseOutputAudioDelta, ServerEvent,
};
use crate::protocol::{Base64Audio, decode};
use crate::telephony::record::{Arrival, CallRecord, Carrier, Derived, ModelRecord};
use crate::telephony::tones::Tones;
use crate::telephony::{Ending, Happening, Notes, Party, Playback, Track};

const RATE: u32 = 8_000;

/// What happens to the playback.
enum Step {
    Plays(Vec<i16>),
    Clears,
    Marks(String),
}

/// A call, put together in any order. Times are milliseconds.
pub(crate) struct CallBuilder {
    entries: Vec<Entry>,
    steps: Vec<(Duration, Step)>,
    happenings: Vec<(Duration, Happening)>,
    said: Vec<(Duration, Vec<i16>)>,
    items: usize,
    ended: Option<(Duration, Party)>,
    closes: Option<(Duration, Direction)>,
    stays: bool,
    tones: Option<Tones>,
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// Some speech of this length, at the rate of telephones.
fn speech(length: u64, voice: &str) -> Clip {
    let text = "Your order has been shipped, and will be with you soon. ";
    let utterance = Utterance::new(text, voice, 1.0, Encoding::Mulaw);
    let words = utterance.bytes(0..utterance.len());
    let bytes = Encoding::Mulaw.bytes_in(ms(length));
    let speech: Vec<u8> = words.iter().copied().cycle().take(bytes).collect();
    Clip::from_bytes(&speech, Encoding::Mulaw)
}

impl Default for CallBuilder {
    fn default() -> Self {
        let format = json!({"format": {"type": "audio/pcmu"}});
        let updated = json!({
            "type": "session.updated", "event_id": "event_1",
            "session": {
                "type": "realtime", "object": "realtime.session", "id": "sess_1",
                "audio": {"input": format, "output": format},
            },
        });
        let builder = Self {
            entries: Vec::new(),
            steps: Vec::new(),
            happenings: vec![(ms(0), Happening::Opened), (ms(10), Happening::Began)],
            said: Vec::new(),
            items: 0,
            ended: None,
            closes: None,
            stays: false,
            tones: None,
        };
        builder.server_text(20, &updated.to_string())
    }
}

impl CallBuilder {
    /// What is said from now on has these tones under it.
    pub(crate) fn tones(mut self, tones: Tones) -> Self {
        self.tones = Some(tones);
        self
    }

    fn speech(&self, length: u64, voice: &str) -> Clip {
        let speech = speech(length, voice);
        match self.tones {
            Some(tones) => tones.under(&speech),
            None => speech,
        }
    }

    fn frame(mut self, at: u64, frame: impl Into<Frame>) -> Self {
        self.entries.push(Entry {
            at: ms(at),
            session: 0,
            frame: frame.into(),
            wire: None,
            lost: false,
            faults: Vec::new(),
            injected: false,
        });
        self
    }

    fn server_text(self, at: u64, text: &str) -> Self {
        let event: ServerEvent = decode(text).unwrap();
        self.frame(at, event)
    }

    pub(crate) fn happening(mut self, at: u64, what: Happening) -> Self {
        self.happenings.push((ms(at), what));
        self
    }

    /// The model says something, and the bridge hands it on.
    pub(crate) fn bot(self, at: u64, length: u64) -> Self {
        self.bot_as(at, length, |clip| clip.at_rate(RATE))
    }

    /// The model says something, and the bridge makes this of it.
    pub(crate) fn bot_as(self, at: u64, length: u64, made: impl FnOnce(&Clip) -> Vec<i16>) -> Self {
        let clip = self.speech(length, "alloy");
        let mut builder = self.model_says(at, &clip);
        builder.steps.push((ms(at + 2), Step::Plays(made(&clip))));
        builder
    }

    /// The model says something, and nothing comes of it.
    pub(crate) fn unplayed(self, at: u64, length: u64) -> Self {
        let clip = self.speech(length, "alloy");
        self.model_says(at, &clip)
    }

    /// The bridge plays something that the model has not said.
    pub(crate) fn unsaid(mut self, at: u64, length: u64) -> Self {
        let samples = speech(length, "alloy").at_rate(RATE);
        self.steps.push((ms(at), Step::Plays(samples)));
        self
    }

    fn model_says(mut self, at: u64, clip: &Clip) -> Self {
        let number = self.items;
        self.items += 1;
        let response = format!("resp_{number}");
        let created = json!({
            "type": "response.created", "event_id": "event_2",
            "response": {"object": "realtime.response", "id": response, "status": "in_progress"},
        });
        let delta = ResponseOutputAudioDelta::new(
            "event_3",
            response.as_str(),
            format!("item_{number}"),
            0_i64,
            0_i64,
            Base64Audio::from(clip.encoded(Encoding::Mulaw)),
        );
        self.server_text(at.saturating_sub(1), &created.to_string())
            .frame(at, ServerEvent::from(delta))
    }

    /// The caller says something, and the bridge hands it on.
    pub(crate) fn caller(self, at: u64, length: u64) -> Self {
        self.caller_as(at, length, |clip| clip.at_rate(RATE))
    }

    /// The caller says something, and the bridge makes this of it.
    pub(crate) fn caller_as(
        self,
        at: u64,
        length: u64,
        made: impl FnOnce(&Clip) -> Vec<i16>,
    ) -> Self {
        let samples = made(&self.speech(length, "ash"));
        let mut builder = self.unheard(at, length).speech_started(at + 300);
        for (piece, samples) in (0..).zip(samples.chunks(160)) {
            let audio = Base64Audio::from(Encoding::Mulaw.encode(samples));
            let append = InputAudioBufferAppend::new(audio);
            let when = at + 20 + (piece * 20).min(length);
            builder = builder.frame(when, ClientEvent::from(append));
        }
        builder
    }

    /// The caller says something that the bridge keeps to itself.
    pub(crate) fn unheard(mut self, at: u64, length: u64) -> Self {
        let samples = self.speech(length, "ash").at_rate(RATE);
        self.said.push((ms(at), samples));
        self
    }

    pub(crate) fn speech_started(self, at: u64) -> Self {
        let started = json!({
            "type": "input_audio_buffer.speech_started", "event_id": "event_4",
            "audio_start_ms": at, "item_id": "item_of_the_caller",
        });
        self.server_text(at, &started.to_string())
    }

    pub(crate) fn clear(mut self, at: u64) -> Self {
        self.steps.push((ms(at), Step::Clears));
        self
    }

    pub(crate) fn mark(mut self, at: u64, name: &str) -> Self {
        self.steps.push((ms(at), Step::Marks(name.to_owned())));
        self
    }

    /// The model is told how much was heard of the item with this number.
    pub(crate) fn truncate(self, item: usize, at: u64, heard: u64) -> Self {
        let truncate = ConversationItemTruncate::new(format!("item_{item}"), 0_u64, heard);
        self.frame(at, ClientEvent::from(truncate))
    }

    pub(crate) fn key(self, at: u64, keys: &str) -> Self {
        self.happening(at, Happening::Pressed(keys.to_owned()))
    }

    /// The bridge tells the model something.
    pub(crate) fn item(self, at: u64, text: &str) -> Self {
        let create = ConversationItemCreate::new(ConversationItem::user_text(text));
        self.frame(at, ClientEvent::from(create))
    }

    pub(crate) fn tool_call(self, at: u64, id: &str, name: &str) -> Self {
        let done = ResponseFunctionCallArgumentsDone::new(
            "event_5", "resp_9", "item_9", 0_i64, id, name, "{}",
        );
        self.frame(at, ServerEvent::from(done))
    }

    pub(crate) fn tool_output(self, at: u64, id: &str) -> Self {
        let output = ConversationItem::from(FunctionCallOutput::new(id, "{}"));
        self.frame(at, ClientEvent::from(ConversationItemCreate::new(output)))
    }

    /// The caller hangs up then.
    pub(crate) fn until(self, at: u64) -> Self {
        self.ended_by(at, Party::Caller)
    }

    pub(crate) fn ended_by(mut self, at: u64, by: Party) -> Self {
        self.ended = Some((ms(at), by));
        self
    }

    /// The model's session is never closed.
    pub(crate) fn model_stays(mut self) -> Self {
        self.stays = true;
        self
    }

    pub(crate) fn model_closes(mut self, at: u64, by: Direction) -> Self {
        self.closes = Some((ms(at), by));
        self
    }

    pub(crate) fn build(mut self) -> CallRecord {
        let mut playback: Playback<String> = Playback::new(Duration::MAX);
        let mut came = Vec::new();
        self.steps.sort_by_key(|(at, _)| *at);
        for (at, step) in self.steps {
            match step {
                Step::Plays(samples) => {
                    let nanos = samples.len() as u64 * 1_000_000_000 / u64::from(RATE);
                    let length = Duration::from_nanos(nanos);
                    came.push(Arrival { at, length });
                    let _ = playback.queue(&samples, RATE, at);
                }
                Step::Clears => {
                    let (dropped, _) = playback.clear(at);
                    self.happenings.push((at, Happening::Cleared { dropped }));
                }
                Step::Marks(name) => {
                    let heard = playback.free_at(at);
                    self.happenings.push((at, Happening::MarkSet(name.clone())));
                    let back = Happening::MarkBack { name, heard: true };
                    self.happenings.push((heard, back));
                }
            }
        }
        let ended = self.ended.map(|(at, by)| Ending {
            at,
            by,
            reason: "hung up".to_owned(),
            code: None,
        });
        let usual = self.ended.map(|(at, _)| (at + ms(50), Direction::Client));
        if let Some((at, by)) = self.closes.or(usual).filter(|_| !self.stays) {
            let frame = Frame::Close {
                by,
                code: Some(1000),
                reason: String::new(),
            };
            self.entries.push(Entry {
                at,
                session: 0,
                frame,
                wire: None,
                lost: false,
                faults: Vec::new(),
                injected: false,
            });
        }
        self.happenings.sort_by_key(|(at, _)| *at);
        self.entries.sort_by_key(|entry| entry.at);
        self.said.sort_by_key(|(at, _)| *at);
        let mut said = Track::default();
        for (at, samples) in self.said {
            said.push(at, &samples, RATE);
        }
        CallRecord {
            carrier: Carrier::Twilio,
            probe: None,
            notes: Notes {
                said,
                happenings: self.happenings,
                ended,
                ..Notes::default()
            },
            heard: playback.track().clone(),
            came,
            parameters: Vec::new(),
            model: Some(ModelRecord::new(self.entries, Duration::ZERO)),
            tones: self.tones,
            derived: Derived::default(),
        }
    }
}

/// A call with nothing wrong in it: a greeting, two turns, an interruption.
pub(crate) fn good_call() -> CallRecord {
    CallBuilder::default()
        .bot(500, 1_500)
        .mark(510, "greeting")
        .caller(3_000, 1_200)
        .bot(5_000, 5_000)
        .caller(7_000, 1_000)
        .clear(7_400)
        .truncate(1, 7_410, 2_400)
        .bot(9_000, 1_000)
        .mark(9_010, "answer")
        .until(11_000)
        .build()
}

/// A call in which nothing happens.
pub(crate) fn empty_call() -> CallRecord {
    CallRecord {
        carrier: Carrier::Twilio,
        probe: None,
        notes: Notes::default(),
        heard: Track::default(),
        came: Vec::new(),
        parameters: Vec::new(),
        model: None,
        tones: None,
        derived: Derived::default(),
    }
}

/// What a check says of a call.
pub(crate) fn check(name: &str, call: &CallRecord) -> Verdict {
    Check::named(name).unwrap().look(call, &Limits::default())
}
