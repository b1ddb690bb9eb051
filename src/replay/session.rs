//! One session of a replay, without a clock or a socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::protocol::EventKind;
use crate::protocol::realtime::ClientEventKind;

use super::Difference;
use super::compare::{Comparison, Differs, Ids, is_append};
use super::script::{Asked, Needs, Script};
use super::speed::Speed;

/// The close code of a strict replay whose client differs.
const DIFFERS: u16 = 1008;

/// The type of an item that gives what a function gave.
const FUNCTION_CALL_OUTPUT: &str = "function_call_output";

/// What a replay sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replayed {
    /// An event.
    Text(String),
    /// The end.
    Close {
        /// The close code.
        code: u16,
        /// The close reason.
        reason: String,
    },
    /// The end without a close: the recorded connection broke here.
    Break,
}

/// A session of a [`Replay`](super::Replay): events of the client go in with their times, those of the
/// server come out when they are due. All times count from its beginning.
#[derive(Debug)]
pub struct ReplaySession {
    script: Arc<Script>,
    speed: Speed,
    strict: bool,
    ids: Ids,
    /// When each recorded event of the client has come, or was passed over.
    came: Vec<Option<Duration>>,
    /// How many of them have come from the first on.
    come: usize,
    /// When all up to each of these had come.
    all_came: Vec<Duration>,
    audio: Audio,
    /// How many events of the server were sent, and when the last was due.
    said: usize,
    said_at: Duration,
    differences: Vec<Difference>,
    phase: Phase,
}

#[derive(Debug, PartialEq)]
enum Phase {
    Open,
    /// It is to be closed so.
    Closing(u16, String),
    Over,
}

/// The audio appended, as the recording counts it.
#[derive(Debug, Default)]
struct Audio {
    /// Where in the recording's audio the client is, in bytes.
    position: u64,
    /// How much it has really appended since it and the recording were last at one place.
    since: u64,
    /// Where that was.
    synced: u64,
    largest: u64,
    /// When it came to each place that nothing was said at yet.
    reached: VecDeque<(u64, Duration)>,
}

impl Audio {
    fn append(&mut self, bytes: u64, now: Duration) {
        self.largest = self.largest.max(bytes);
        self.since += bytes;
        self.advance(self.synced + self.since, now);
    }

    fn advance(&mut self, position: u64, now: Duration) {
        if position > self.position {
            self.position = position;
            self.reached.push_back((position, now));
        }
    }

    /// Goes on at a place in the recording, wherever it was.
    fn sync(&mut self, position: u64, now: Duration) {
        self.synced = position;
        self.since = 0;
        self.reached.retain(|(reached, _)| *reached < position);
        self.position = position;
        self.reached.push_back((position, now));
    }

    /// When it came to a place, if it did.
    fn reached(&self, position: u64) -> Option<Duration> {
        if position == 0 {
            return Some(Duration::ZERO);
        }
        let place = self.reached.partition_point(|(at, _)| *at < position);
        self.reached.get(place).map(|(_, at)| *at)
    }

    /// Places before this are asked for no more.
    fn forget_before(&mut self, position: u64) {
        while self.reached.front().is_some_and(|(at, _)| *at < position) {
            self.reached.pop_front();
        }
    }
}

impl ReplaySession {
    pub(super) fn new(script: Arc<Script>, speed: Speed, strict: bool) -> Self {
        Self {
            came: vec![None; script.asked.len()],
            script,
            speed,
            strict,
            ids: Ids::default(),
            come: 0,
            all_came: Vec::new(),
            audio: Audio::default(),
            said: 0,
            said_at: Duration::ZERO,
            differences: Vec::new(),
            phase: Phase::Open,
        }
    }

    /// Takes a text frame of the client.
    pub fn take_text(&mut self, text: &str, now: Duration) {
        match serde_json::from_str::<Value>(text) {
            Ok(event) if event["type"].is_string() => self.take(event, now),
            _ => self.take_other("a text that is no event"),
        }
    }

    /// Takes what is no text, and nothing that the protocol has.
    pub fn take_other(&mut self, what: &str) {
        self.not_recorded(what.to_owned());
    }

    /// The client is gone.
    pub fn take_close(&mut self) {
        if self.phase == Phase::Over {
            return;
        }
        if let Some(next) = self.next_asked() {
            let difference = Difference::Missing {
                next: next.event_type.clone(),
                line: next.line,
            };
            self.differ(difference);
        } else {
            self.compare_audio(self.script.audio, None);
        }
        self.phase = Phase::Over;
    }

    /// The next thing to send, if it is due.
    pub fn poll(&mut self, now: Duration) -> Option<Replayed> {
        match &mut self.phase {
            Phase::Over => return None,
            Phase::Closing(code, reason) => {
                let (code, reason) = (*code, std::mem::take(reason));
                self.phase = Phase::Over;
                return Some(Replayed::Close { code, reason });
            }
            Phase::Open => {}
        }
        let due = self.due().filter(|due| *due <= now)?;
        self.said_at = due;
        if let Some(said) = self.script.said.get(self.said) {
            self.said += 1;
            self.audio.forget_before(said.needs.audio);
            return Some(Replayed::Text(self.ids.translated(&said.event).to_string()));
        }
        let (close, _) = self.script.close.as_ref()?;
        self.phase = Phase::Over;
        Some(match close.code {
            // 1005 stands for a close without a code.
            Some(code) if code != 1005 => Replayed::Close {
                code,
                reason: close.reason.clone(),
            },
            Some(_) => Replayed::Close {
                code: 1000,
                reason: String::new(),
            },
            None => Replayed::Break,
        })
    }

    /// When to poll again if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Open => self.due(),
            Phase::Closing(..) => Some(Duration::ZERO),
            Phase::Over => None,
        }
    }

    /// What differs so far, in order.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// When the next thing is to be sent, if all has come that has to come before.
    fn due(&self) -> Option<Duration> {
        let needs = match self.script.said.get(self.said) {
            Some(said) => said.needs,
            None => self.script.close.as_ref()?.1,
        };
        let asked = self.released(needs)?;
        let after_asked = asked.saturating_add(self.speed.of(needs.after_asked));
        let after_said = self.said_at.saturating_add(self.speed.of(needs.after_said));
        Some(after_asked.max(after_said))
    }

    /// When the last of what something needs came.
    fn released(&self, needs: Needs) -> Option<Duration> {
        let asked = match needs.asked.checked_sub(1) {
            Some(last) => *self.all_came.get(last)?,
            None => Duration::ZERO,
        };
        let heard = self.audio.reached(needs.audio)?;
        Some(asked.max(heard))
    }

    fn take(&mut self, mut event: Value, now: Duration) {
        if self.phase != Phase::Open {
            return;
        }
        if let Some(bytes) = is_append(&event) {
            return self.audio.append(bytes, now);
        }
        self.script.redactor.event(&mut event);
        let script = Arc::clone(&self.script);
        let Some(found) = self.find(&event) else {
            let event_type = event["type"].as_str().unwrap_or_default();
            return self.not_recorded(event_type.to_owned());
        };
        let asked = &script.asked[found.place];
        if let Some(Differs {
            path,
            recorded,
            sent,
        }) = found.differs
        {
            self.differ(Difference::Value {
                event_type: asked.event_type.clone(),
                line: asked.line,
                path,
                recorded,
                sent,
            });
        }
        self.ids.learn(found.learned);
        if asked.ends_audio() {
            let before = Some((asked.event_type.clone(), asked.line));
            self.compare_audio(asked.audio_before, before);
            self.audio.sync(asked.audio_before, now);
        } else {
            self.audio.advance(asked.audio_before, now);
        }
        self.mark(found.place, now);
    }

    /// The recorded event that this one stands for.
    fn find(&self, event: &Value) -> Option<Found> {
        let mut first: Option<Found> = None;
        for place in self.candidates(event["type"].as_str().unwrap_or_default()) {
            let comparison = Comparison::new(&self.ids, &self.script.client_ids);
            let (differs, learned) = comparison.of(&self.script.asked[place].event, event);
            let found = Found {
                place,
                differs,
                learned,
            };
            if found.differs.is_none() {
                return Some(found);
            }
            first.get_or_insert(found);
        }
        first
    }

    /// The places of the recorded events that one of this type may be: those up to the next that
    /// depends on all before it.
    fn candidates(&self, event_type: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open: Vec<&Asked> = Vec::new();
        for (place, asked) in self.script.asked.iter().enumerate().skip(self.come) {
            if self.came[place].is_some() {
                continue;
            }
            if asked.event_type == event_type && (!self.strict || may_pass(asked, &open)) {
                found.push(place);
            }
            if asked.is_barrier() {
                break;
            }
            open.push(asked);
        }
        found
    }

    /// A recorded event has come. Leniently, what had to come before an event that depends on it is
    /// waited for no more.
    fn mark(&mut self, place: usize, now: Duration) {
        self.came[place] = Some(now);
        if self.script.asked[place].is_barrier() {
            for before in self.come..place {
                if self.came[before].is_none() {
                    let asked = &self.script.asked[before];
                    let difference = Difference::NotRecorded {
                        sent: self.script.asked[place].event_type.clone(),
                        next: Some((asked.event_type.clone(), asked.line)),
                    };
                    self.came[before] = Some(now);
                    self.differ(difference);
                }
            }
        }
        while let Some(Some(came)) = self.came.get(self.come) {
            let before = self.all_came.last().copied().unwrap_or_default();
            self.all_came.push(before.max(*came));
            self.come += 1;
        }
    }

    fn next_asked(&self) -> Option<&Asked> {
        self.script.asked.get(self.come)
    }

    fn not_recorded(&mut self, sent: String) {
        if self.phase != Phase::Open {
            return;
        }
        let next = self.next_asked();
        let next = next.map(|asked| (asked.event_type.clone(), asked.line));
        self.differ(Difference::NotRecorded { sent, next });
    }

    /// Holds the audio since the last place that both were at against the recorded.
    fn compare_audio(&mut self, until: u64, before: Option<(String, u64)>) {
        let recorded = until.saturating_sub(self.audio.synced);
        let sent = self.audio.since;
        let largest = self.audio.largest.max(self.script.largest_append);
        if recorded.abs_diff(sent) > largest.max(recorded / 10) {
            self.differ(Difference::Audio {
                before,
                recorded,
                sent,
            });
        }
    }

    fn differ(&mut self, difference: Difference) {
        if self.strict && self.phase == Phase::Open {
            let reason = format!("not as recorded: {difference}");
            self.phase = Phase::Closing(DIFFERS, reason);
        }
        self.differences.push(difference);
    }
}

/// A recorded event that one of the client stands for.
#[derive(Debug)]
struct Found {
    place: usize,
    differs: Option<Differs>,
    learned: Vec<(String, Option<String>)>,
}

/// Whether an event may come before others that the recording has first. Items are put in a row, so
/// that only outputs of functions, which go with their calls, may.
fn may_pass(asked: &Asked, open: &[&Asked]) -> bool {
    let create = ClientEventKind::ConversationItemCreate.as_str();
    let update = ClientEventKind::SessionUpdate.as_str();
    let is_output = |asked: &Asked| asked.event["item"]["type"] == FUNCTION_CALL_OUTPUT;
    let mut alike = open
        .iter()
        .filter(|other| other.event_type == asked.event_type);
    if open.is_empty() {
        true
    } else if asked.is_barrier() {
        false
    } else if asked.event_type == update {
        // The later update counts.
        alike.next().is_none()
    } else if asked.event_type == create {
        alike.all(|other| is_output(asked) && is_output(other))
    } else {
        true
    }
}
