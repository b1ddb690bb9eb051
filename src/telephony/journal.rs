//! Every message of a call, both ways, with its time.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::caller::Output;
use crate::expect::{Drawn, Evidence, Fired, SentEvent, names, timeline};
use crate::protocol::{Event, EventPayload, audiocodes, decode, twilio};

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The carrier: the mock.
    Carrier,
    /// The bridge, which is what is tested.
    Bridge,
}

/// A message of a call: one that the carrier sends, or one that the bridge does.
pub trait CallMessage: Event {
    /// Who sends such messages.
    const BY: Sender;
}

impl CallMessage for twilio::CarrierMessage {
    const BY: Sender = Sender::Carrier;
}

impl CallMessage for twilio::BridgeMessage {
    const BY: Sender = Sender::Bridge;
}

impl CallMessage for audiocodes::CarrierMessage {
    const BY: Sender = Sender::Carrier;
}

impl CallMessage for audiocodes::BotMessage {
    const BY: Sender = Sender::Bridge;
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFrame {
    /// A connection was opened. Always the carrier's.
    Open,
    /// A text.
    Text(String),
    /// A binary frame of so many bytes.
    Binary(usize),
    /// The end of a connection.
    Close {
        /// The close code; without one the connection broke, or gave none.
        code: Option<u16>,
        /// The reason given.
        reason: String,
    },
    /// Nothing was sent: something went wrong besides, as its [entry](CallEntry) says.
    Fault,
}

impl CallFrame {
    /// What is noted of what a caller sends.
    fn sent(output: &Output) -> Option<Self> {
        match output {
            Output::Text(text) => Some(Self::Text(text.clone())),
            Output::Close { code, reason } => Some(Self::Close {
                code: Some(*code),
                reason: reason.clone(),
            }),
            Output::Break => Some(Self::Close {
                code: None,
                reason: String::new(),
            }),
            Output::Open => None,
        }
    }
}

/// A frame in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEntry {
    /// When, counted from the beginning of the call.
    pub at: Duration,
    /// Who sent it.
    pub by: Sender,
    /// What, as it was on the wire.
    pub frame: CallFrame,
    /// Whether it was lost on its way, as the script asks for.
    pub lost: bool,
    /// What went wrong with it, as the script asks for.
    pub faults: Vec<Fired>,
}

/// The frames of a call, in the order in which they came and went.
#[derive(Clone, Debug, Default)]
pub struct CallJournal {
    entries: Vec<CallEntry>,
    room: Room,
    forgotten: usize,
    of_carrier: Traffic,
    of_bridge: Traffic,
}

/// The texts that one side sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many.
    pub messages: usize,
    /// Their length in bytes.
    pub bytes: usize,
}

/// A journal keeps so many bytes: an hour of a call both ways. What comes after is counted.
const MOST: usize = 256 * 1024 * 1024;

/// The bytes that are left to a journal, or to several that share them.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<AtomicUsize>);

impl Room {
    pub(super) fn of(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    pub(super) fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes so many, if they are there.
    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl CallJournal {
    /// A journal that takes what it keeps from there.
    pub(super) fn within(room: Room) -> Self {
        Self {
            room,
            ..Self::default()
        }
    }

    pub(super) fn note(&mut self, at: Duration, by: Sender, frame: CallFrame) {
        self.keep(CallEntry {
            at,
            by,
            frame,
            lost: false,
            faults: Vec::new(),
        });
    }

    /// Notes what a caller sends.
    pub(super) fn note_sent(&mut self, at: Duration, output: &Output) {
        if let Some(frame) = CallFrame::sent(output) {
            self.note(at, Sender::Carrier, frame);
        }
    }

    /// Notes a frame of the carrier with what went wrong with it.
    pub(super) fn note_struck(
        &mut self,
        at: Duration,
        frame: CallFrame,
        lost: bool,
        faults: Vec<Fired>,
    ) {
        self.keep(CallEntry {
            at,
            by: Sender::Carrier,
            frame,
            lost,
            faults,
        });
    }

    fn keep(&mut self, entry: CallEntry) {
        if let CallFrame::Text(text) = &entry.frame {
            let traffic = match entry.by {
                Sender::Carrier => &mut self.of_carrier,
                Sender::Bridge => &mut self.of_bridge,
            };
            if !entry.lost {
                traffic.messages += 1;
                traffic.bytes += text.len();
            }
            if !self.room.take(text.len() + size_of::<CallEntry>()) {
                self.forgotten += 1;
                return;
            }
        }
        self.entries.push(entry);
    }

    /// The texts that one side sent, without what was lost on the line, and with what is not kept.
    pub fn traffic(&self, by: Sender) -> Traffic {
        match by {
            Sender::Carrier => self.of_carrier,
            Sender::Bridge => self.of_bridge,
        }
    }

    /// All frames that are kept.
    pub fn entries(&self) -> &[CallEntry] {
        &self.entries
    }

    /// How many texts were too many to be kept.
    pub fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// The messages of one type, with their times.
    ///
    /// ```
    /// use mock_realtime::protocol::twilio::{BridgeClear, BridgeMessage};
    /// use mock_realtime::telephony::CallJournal;
    ///
    /// let journal = CallJournal::default();
    /// assert!(journal.messages::<BridgeMessage, BridgeClear>().is_empty());
    /// ```
    pub fn messages<E: CallMessage, P: EventPayload<E>>(&self) -> Vec<(Duration, P)> {
        let messages = self.of_kind::<E>();
        messages
            .filter_map(|(at, event)| Some((at, P::from_event(event).ok()?)))
            .collect()
    }

    /// The messages of one side and carrier.
    fn of_kind<E: CallMessage>(&self) -> impl Iterator<Item = (Duration, E)> {
        let frames = self.entries.iter().filter(|entry| entry.by == E::BY);
        frames.filter_map(|entry| match &entry.frame {
            CallFrame::Text(text) => Some((entry.at, decode(text).ok()?)),
            _ => None,
        })
    }

    /// The last frames, both sides, for people to read.
    pub fn timeline(&self) -> String {
        timeline::draw(&self.entries)
    }

    /// Writes it as lines of JSON: `t` is the time in milliseconds, `dir` is `carrier` or `bridge` for
    /// who sent it, `event` the message. What went wrong with it, as the script asks for, is in `faults`,
    /// each with its `kind` and `what` it did; `lost` is there and true where it was lost on its way.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for entry in &self.entries {
            let by = match entry.by {
                Sender::Carrier => "carrier",
                Sender::Bridge => "bridge",
            };
            let mut line = Map::new();
            line.insert("t".to_owned(), json!(entry.at.as_millis()));
            line.insert("dir".to_owned(), json!(by));
            line.insert("event".to_owned(), entry.to_json());
            if entry.lost {
                line.insert("lost".to_owned(), json!(true));
            }
            if !entry.faults.is_empty() {
                line.insert("faults".to_owned(), json!(entry.faults));
            }
            let line = Value::Object(line);
            writeln!(file, "{line}")?;
        }
        file.flush()
    }
}

/// Expectations of what carrier or bridge sent are checked against the journal of their call.
///
/// ```
/// use std::time::Duration;
///
/// use mock_realtime::expect::Expectations;
/// use mock_realtime::protocol::twilio::{BridgeClear, BridgeMark, BridgeMessage, BridgeMessageKind};
/// use mock_realtime::telephony::CallJournal;
/// use serde_json::json;
///
/// let expected = Expectations::<BridgeMessage>::default();
/// expected.expect::<BridgeClear>().times(1);
/// expected
///     .expect::<BridgeMark>()
///     .with(json!({"mark": {"name": "greeting"}}))
///     .within(Duration::from_secs(5));
/// expected.in_order([BridgeMessageKind::Media, BridgeMessageKind::Mark]);
/// // That of a call is in its `CallResult`; in this one nobody said anything.
/// let unmet = expected.verify(&CallJournal::default()).unwrap_err();
/// assert!(unmet.to_string().contains("expected exactly 1 clear, got 0"));
/// ```
impl<E: CallMessage> Evidence<E> for CallJournal {
    fn sender(&self) -> &'static str {
        match E::BY {
            Sender::Carrier => "the carrier",
            Sender::Bridge => "the bridge",
        }
    }

    fn sent_events(&self) -> Vec<SentEvent<E>> {
        let events = self.of_kind::<E>();
        let events = events.map(|(at, event)| SentEvent {
            at,
            session: 0,
            event,
        });
        events.collect()
    }

    fn left_out(&self) -> u64 {
        self.forgotten as u64
    }

    fn drawn(&self) -> String {
        self.timeline()
    }
}

impl CallEntry {
    /// What was on the wire as JSON: the message, or an object or a text that says what it was.
    fn to_json(&self) -> Value {
        match &self.frame {
            CallFrame::Open => json!({ "open": true }),
            CallFrame::Text(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
            }
            CallFrame::Binary(length) => json!({ "binary": length }),
            CallFrame::Close { code, reason } => json!({ "close": code, "reason": reason }),
            CallFrame::Fault => Value::Null,
        }
    }
}

impl Drawn for CallEntry {
    fn at(&self) -> Duration {
        self.at
    }

    fn session(&self) -> Option<usize> {
        None
    }

    fn arrow(&self) -> &'static str {
        match self.by {
            Sender::Carrier => "carrier ──▶        ",
            Sender::Bridge => "        ◀── bridge ",
        }
    }

    fn name(&self) -> Cow<'_, str> {
        let name = match &self.frame {
            CallFrame::Open => "(open)",
            CallFrame::Text(_) => {
                let message = self.to_json();
                let tags = [twilio::BridgeMessage::TAG, audiocodes::BotMessage::TAG];
                let tag = tags.iter().find_map(|tag| message.get(tag)?.as_str());
                return tag.map_or(names::TEXT.into(), |tag| tag.to_owned().into());
            }
            CallFrame::Binary(_) => names::BINARY,
            CallFrame::Close { .. } => names::CLOSE,
            CallFrame::Fault => names::FAULT,
        };
        name.into()
    }

    fn is_lost(&self) -> bool {
        self.lost
    }

    fn faults(&self) -> &[Fired] {
        &self.faults
    }

    fn is_injected(&self) -> bool {
        false
    }

    fn detail(&self) -> Value {
        self.to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        let text = || CallFrame::Text("0123456789".to_owned());
        let room = Room::of(2 * (10 + size_of::<CallEntry>()));
        let [mut one, mut other] = [room.clone(), room].map(CallJournal::within);
        one.note(Duration::ZERO, Sender::Carrier, text());
        other.note(Duration::ZERO, Sender::Bridge, text());
        one.note(Duration::ZERO, Sender::Carrier, text());
        one.note(Duration::ZERO, Sender::Carrier, CallFrame::Binary(3));
        assert_eq!((one.entries().len(), one.forgotten()), (2, 1));
        assert_eq!((other.entries().len(), other.forgotten()), (1, 0));
        let all = Traffic {
            messages: 2,
            bytes: 20,
        };
        assert_eq!(one.traffic(Sender::Carrier), all);
        assert_eq!(one.traffic(Sender::Bridge), Traffic::default());
    }
}
