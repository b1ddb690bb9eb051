//! Every message of a call, both ways, with its time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::protocol::{Event, EventPayload, decode};

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The carrier: the mock.
    Carrier,
    /// The bridge, which is what is tested.
    Bridge,
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
}

/// A frame in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEntry {
    /// When, counted from the beginning of the call.
    pub at: Duration,
    /// Who sent it.
    pub by: Sender,
    /// What.
    pub frame: CallFrame,
}

/// The frames of a call, in the order in which they came and went.
#[derive(Clone, Debug, Default)]
pub struct CallJournal {
    entries: Vec<CallEntry>,
    bytes: usize,
    forgotten: usize,
}

/// A journal keeps so many bytes of text: 100 minutes of a call both ways. What comes after is
/// counted.
const MOST: usize = 256 * 1024 * 1024;

impl CallJournal {
    pub(super) fn note(&mut self, at: Duration, by: Sender, frame: CallFrame) {
        if let CallFrame::Text(text) = &frame {
            if self.bytes + text.len() > MOST {
                self.forgotten += 1;
                return;
            }
            self.bytes += text.len();
        }
        self.entries.push(CallEntry { at, by, frame });
    }

    /// All frames that are kept.
    pub fn entries(&self) -> &[CallEntry] {
        &self.entries
    }

    /// How many texts were too many to be kept.
    pub fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// The messages of one type, of whoever sends them, with their times.
    ///
    /// ```
    /// use mock_realtime::protocol::twilio::{BridgeClear, BridgeMessage};
    /// use mock_realtime::telephony::CallJournal;
    ///
    /// let journal = CallJournal::default();
    /// assert!(journal.messages::<BridgeMessage, BridgeClear>().is_empty());
    /// ```
    pub fn messages<E: Event, P: EventPayload<E>>(&self) -> Vec<(Duration, P)> {
        let texts = self.entries.iter().filter_map(|entry| match &entry.frame {
            CallFrame::Text(text) => Some((entry.at, text)),
            _ => None,
        });
        texts
            .filter_map(|(at, text)| {
                let event = decode::<E>(text).ok()?;
                Some((at, P::from_event(event).ok()?))
            })
            .collect()
    }

    /// Writes it as lines of JSON: `t` is the time in milliseconds, `dir` is `carrier` or `bridge` for
    /// who sent it, `event` the message.
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
            let event = match &entry.frame {
                CallFrame::Open => json!({ "open": true }),
                CallFrame::Text(text) => {
                    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
                }
                CallFrame::Binary(length) => json!({ "binary": length }),
                CallFrame::Close { code, reason } => json!({ "close": code, "reason": reason }),
            };
            let line = json!({ "t": entry.at.as_millis(), "dir": by, "event": event });
            writeln!(file, "{line}")?;
        }
        file.flush()
    }
}
