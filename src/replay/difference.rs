//! What a client does that the recorded one did not.

use std::fmt;

/// Something that a client does and the recorded one did not, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// An event is like a recorded one, but for a value in it.
    Value {
        /// Its type.
        event_type: String,
        /// The line of the recorded one.
        line: u64,
        /// Where in the event.
        path: String,
        /// What was recorded there; `nothing`, if there was nothing.
        recorded: String,
        /// What is there.
        sent: String,
    },
    /// An event is sent that the recording does not have, or not yet.
    NotRecorded {
        /// Its type, or what it is if it is no event.
        sent: String,
        /// The event that the recording has next, and its line.
        next: Option<(String, u64)>,
    },
    /// The client leaves, and the recorded one did not yet.
    Missing {
        /// The event that the recording has next.
        next: String,
        /// Its line.
        line: u64,
    },
    /// There is more or less audio than in the recording.
    Audio {
        /// Until when: the event before which it was appended, and its line; the end, without.
        before: Option<(String, u64)>,
        /// How many bytes were recorded.
        recorded: u64,
        /// How many were sent.
        sent: u64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                event_type,
                line,
                path,
                recorded,
                sent,
            } => write!(
                f,
                "line {line}: {path} in {event_type} was {recorded}, and is {sent}"
            ),
            Self::NotRecorded {
                sent,
                next: Some((next, line)),
            } => write!(f, "line {line}: {next} was sent here, and now {sent}"),
            Self::NotRecorded { sent, next: None } => {
                write!(f, "the end: nothing more was sent, and now {sent}")
            }
            Self::Missing { next, line } => {
                write!(
                    f,
                    "line {line}: {next} was sent here, and now the client leaves"
                )
            }
            Self::Audio {
                before,
                recorded,
                sent,
            } => {
                match before {
                    Some((before, line)) => write!(f, "line {line}: before {before}, ")?,
                    None => f.write_str("the end: ")?,
                }
                write!(f, "{recorded} bytes of audio were appended, and now {sent}")
            }
        }
    }
}

/// A value, or its beginning.
pub(super) fn shown(value: &serde_json::Value) -> String {
    const MOST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
