//! The model's side of a call, out of its journal.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use crate::audio::Encoding;
use crate::expect::{Direction, Entry, Frame};
use crate::protocol::realtime::{ClientEvent, ConversationItem, ServerEvent, Session};
use crate::protocol::{CallId, ItemId, ResponseId};

/// What the mock sent and got, on the call's clock: in one session or, where a bridge opened another
/// one in the same call, in all of them.
#[derive(Clone, Debug)]
pub struct ModelRecord {
    /// Every frame in order, with its time counted from the beginning of the call.
    pub entries: Vec<Entry>,
    /// When the first session was opened.
    pub opened: Duration,
    spoken: OnceLock<Vec<SpokenItem>>,
}

/// Audio of the caller, as it came to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardPiece {
    /// When.
    pub at: Duration,
    /// Samples a second.
    pub sample_rate: u32,
    /// The samples.
    pub samples: Vec<i16>,
}

/// Something that the model said.
#[derive(Clone, Debug, PartialEq)]
pub struct SpokenItem {
    /// The item.
    pub item: ItemId,
    /// The response it belongs to.
    pub response: ResponseId,
    /// When its first audio was sent.
    pub from: Duration,
    /// When its last audio was sent.
    pub to: Duration,
    /// How the audio was written.
    pub encoding: Encoding,
    /// All audio that was sent.
    pub audio: Vec<u8>,
    /// The text of it.
    pub transcript: String,
}

impl SpokenItem {
    /// How long it lasts.
    pub fn length(&self) -> Duration {
        self.encoding.duration(self.audio.len())
    }
}

/// A function that the model called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Which call.
    pub id: CallId,
    /// The function.
    pub name: String,
    /// When the model had said with what.
    pub at: Duration,
    /// When its output came.
    pub answered: Option<Duration>,
}

impl ModelRecord {
    /// The record of a session that was opened at this time of the call. The entries' times count
    /// from the session's beginning, as a journal has them.
    pub fn new(mut entries: Vec<Entry>, opened: Duration) -> Self {
        for entry in &mut entries {
            entry.at += opened;
        }
        Self {
            entries,
            opened,
            spoken: OnceLock::new(),
        }
    }

    /// The same call with another session in it, which was opened later.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        self.entries.sort_by_key(|entry| entry.at);
        self.spoken = OnceLock::new();
        self
    }

    /// What the bridge sent.
    pub fn sent(&self) -> impl Iterator<Item = (Duration, &ClientEvent)> {
        self.entries.iter().filter_map(|entry| match &entry.frame {
            Frame::Client(event) => Some((entry.at, event)),
            _ => None,
        })
    }

    /// What the model sent.
    pub fn received(&self) -> impl Iterator<Item = (Duration, &ServerEvent)> {
        self.entries.iter().filter_map(|entry| match &entry.frame {
            Frame::Server(event) => Some((entry.at, event)),
            _ => None,
        })
    }

    /// When the last session was closed, and by whom. None while one is open.
    pub fn closed(&self) -> Option<(Duration, Direction)> {
        let mut ends: BTreeMap<usize, Option<(Duration, Direction)>> = BTreeMap::new();
        for entry in &self.entries {
            let end = ends.entry(entry.session).or_default();
            if let Frame::Close { by, .. } = entry.frame {
                // The other side's own word for it may follow.
                end.get_or_insert((entry.at, by));
            }
        }
        let ends: Option<Vec<_>> = ends.into_values().collect();
        ends?.into_iter().max_by_key(|(at, _)| *at)
    }

    /// Whether the model ended the session.
    pub fn is_lost(&self) -> bool {
        self.closed().is_some_and(|(_, by)| by == Direction::Server)
    }

    /// What the model said, item by item.
    pub fn spoken(&self) -> &[SpokenItem] {
        self.spoken.get_or_init(|| self.gather_spoken())
    }

    fn gather_spoken(&self) -> Vec<SpokenItem> {
        let mut items: Vec<SpokenItem> = Vec::new();
        let mut encoding = Encoding::default();
        for (at, event) in self.received() {
            if let Some(session) = settings(event) {
                encoding = formats(session).1;
            }
            match event {
                ServerEvent::ResponseOutputAudioDelta(delta) => {
                    let bytes = delta.delta.bytes();
                    match items.iter_mut().find(|item| item.item == delta.item_id) {
                        Some(item) => {
                            item.to = at;
                            item.audio.extend_from_slice(bytes);
                        }
                        None => items.push(SpokenItem {
                            item: delta.item_id.clone(),
                            response: delta.response_id.clone(),
                            from: at,
                            to: at,
                            encoding,
                            audio: bytes.to_vec(),
                            transcript: String::new(),
                        }),
                    }
                }
                ServerEvent::ResponseOutputAudioTranscriptDelta(delta) => {
                    let item = items.iter_mut().find(|item| item.item == delta.item_id);
                    if let Some(item) = item {
                        item.transcript.push_str(&delta.delta);
                    }
                }
                _ => {}
            }
        }
        items
    }

    /// What the bridge said was heard of items, when it said so.
    pub fn truncations(&self) -> impl Iterator<Item = (Duration, &ItemId, Duration)> {
        self.sent().filter_map(|(at, event)| match event {
            ClientEvent::ConversationItemTruncate(event) => {
                let heard = Duration::from_millis(event.audio_end_ms);
                Some((at, &event.item_id, heard))
            }
            _ => None,
        })
    }

    /// The functions that were called.
    pub fn tool_calls(&self) -> Vec<ToolCall> {
        let calls = self.received().filter_map(|(at, event)| match event {
            ServerEvent::ResponseFunctionCallArgumentsDone(call) => Some(ToolCall {
                id: call.call_id.clone(),
                name: call.name.clone(),
                at,
                answered: self.answered(&call.call_id),
            }),
            _ => None,
        });
        calls.collect()
    }

    fn answered(&self, call: &CallId) -> Option<Duration> {
        self.sent().find_map(|(at, event)| match event {
            ClientEvent::ConversationItemCreate(created) => match &created.item {
                ConversationItem::FunctionCallOutput(output) if output.call_id == *call => Some(at),
                _ => None,
            },
            _ => None,
        })
    }

    /// The caller's audio as it came, in pieces.
    pub fn heard(&self) -> Vec<HeardPiece> {
        let mut encoding = Encoding::default();
        let mut pieces = Vec::new();
        for entry in &self.entries {
            match &entry.frame {
                Frame::Server(event) => {
                    if let Some(session) = settings(event) {
                        encoding = formats(session).0;
                    }
                }
                Frame::Client(ClientEvent::InputAudioBufferAppend(append)) => {
                    pieces.push(HeardPiece {
                        at: entry.at,
                        sample_rate: encoding.sample_rate(),
                        samples: encoding.decode(append.audio.bytes()),
                    });
                }
                _ => {}
            }
        }
        pieces
    }

    /// The texts that the bridge gave the model, and when: settings, items and outputs as JSON.
    pub fn told(&self) -> Vec<(Duration, String)> {
        let told = self
            .sent()
            .filter(|(_, event)| !matches!(event, ClientEvent::InputAudioBufferAppend(_)));
        told.map(|(at, event)| (at, serde_json::to_string(event).unwrap_or_default()))
            .collect()
    }
}

/// The session's settings, where an event has them.
fn settings(event: &ServerEvent) -> Option<&Session> {
    match event {
        ServerEvent::SessionCreated(event) => Some(&event.session),
        ServerEvent::SessionUpdated(event) => Some(&event.session),
        _ => None,
    }
}

/// Those in and out.
fn formats(session: &Session) -> (Encoding, Encoding) {
    let Session::Realtime(session) = session else {
        return Default::default();
    };
    let audio = session.audio.as_ref();
    let input = audio.and_then(|audio| audio.input.as_ref()?.format.as_ref());
    let output = audio.and_then(|audio| audio.output.as_ref()?.format.as_ref());
    (
        input.map(Encoding::of).unwrap_or_default(),
        output.map(Encoding::of).unwrap_or_default(),
    )
}
