//! From a file to the sessions in it.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::conformance::{LogEntry, LogError, read_log};
use crate::expect::Direction;
use crate::protocol::EventKind;
use crate::protocol::realtime::ServerEventKind;

use super::redact::Redaction;

/// The sessions in a file, in any of the shapes that [`read_log`] reads.
///
/// ```
/// use mock_realtime::recording::Recording;
///
/// let log = r#"{"t":0,"dir":"s2c","event":{"type":"session.created","session":{"id":"sess_1"}}}
/// {"t":12.5,"dir":"c2s","event":{"type":"response.create"}}
/// {"t":20,"dir":"close","by":"client","event":{"code":1000,"reason":""}}"#;
/// let recording = Recording::parse("session.jsonl", log.as_bytes())?;
/// let session = &recording.sessions[0];
/// assert_eq!(session.entries.len(), 2);
/// assert_eq!(session.close.as_ref().and_then(|close| close.code), Some(1000));
/// # Ok::<(), mock_realtime::recording::RecordingError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recording {
    /// The sessions, at least one, in the order in which they begin.
    pub sessions: Vec<RecordedSession>,
}

/// A session in a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RecordedSession {
    /// The events both ways, in order; at least one.
    pub entries: Vec<LogEntry>,
    /// How it ended, where the file says so.
    pub close: Option<RecordedClose>,
    /// What was redacted, as the file says.
    pub redaction: Redaction,
}

/// The end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedClose {
    /// Which side ended it, where the file says so.
    pub by: Option<Direction>,
    /// The close code; without one the connection broke.
    pub code: Option<u16>,
    /// The close reason.
    pub reason: String,
    /// When, counted as the events are.
    pub at: Option<Duration>,
    /// The line it stands in, from 1.
    pub line: u64,
}

/// Why a recording cannot be used.
#[derive(Debug)]
pub struct RecordingError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub source: LogError,
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file.display(), self.source)
    }
}

impl std::error::Error for RecordingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<RecordingError> for io::Error {
    fn from(error: RecordingError) -> Self {
        Self::other(error)
    }
}

impl Recording {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or has no event in it.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let file = file.as_ref();
        let log = fs::read(file).map_err(|source| RecordingError {
            file: file.to_owned(),
            source: source.into(),
        })?;
        Self::parse(file, &log)
    }

    /// The same of what is read already; `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(file: impl AsRef<Path>, log: &[u8]) -> Result<Self, RecordingError> {
        let mut sessions = Sessions::default();
        read_log(log, |entry| sessions.take(entry)).map_err(|source| RecordingError {
            file: file.as_ref().to_owned(),
            source,
        })?;
        for (number, line) in log.split(|byte| *byte == b'\n').enumerate() {
            sessions.take_line(number as u64 + 1, line);
        }
        Ok(Self {
            sessions: sessions.found,
        })
    }
}

/// The sessions found so far.
#[derive(Debug, Default)]
struct Sessions {
    found: Vec<RecordedSession>,
    /// By what the log calls a session: which of those found is open.
    open: HashMap<String, usize>,
}

impl Sessions {
    fn take(&mut self, entry: LogEntry) {
        let name = entry.session.clone().unwrap_or_default();
        let open = self.open.get(&name).copied();
        let goes_on = open.filter(|open| !begins_another(&self.found[*open], &entry));
        let place = goes_on.unwrap_or_else(|| {
            self.found.push(RecordedSession::default());
            self.open.insert(name, self.found.len() - 1);
            self.found.len() - 1
        });
        self.found[place].entries.push(entry);
    }

    /// What a line of our own shape says beside events.
    fn take_line(&mut self, number: u64, line: &[u8]) {
        if !contains(line, b"\"close\"") && !contains(line, b"\"open\"") {
            return;
        }
        let Ok(line) = serde_json::from_slice::<Value>(line) else {
            return;
        };
        let name = match &line["session"] {
            Value::Null => None,
            Value::String(name) => Some(name.clone()),
            other => Some(other.to_string()),
        };
        if line["dir"] == "close" {
            self.close(number, name.as_deref(), &line);
        } else if line["dir"] == "open" {
            let names = line["redacted"].as_array().into_iter().flatten();
            let redaction = Redaction::of_names(names.filter_map(Value::as_str));
            let after = |session: &&mut RecordedSession| session.first_line() > number;
            if let Some(session) = self.found.iter_mut().find(after) {
                session.redaction = redaction;
            }
        }
    }

    fn close(&mut self, number: u64, name: Option<&str>, line: &Value) {
        let of_this = |session: &&mut RecordedSession| {
            session.first_line() < number && session.name() == name
        };
        let Some(session) = self.found.iter_mut().rev().find(of_this) else {
            return;
        };
        let event = &line["event"];
        let at = line["t"].as_f64();
        session.close = Some(RecordedClose {
            by: match line["by"].as_str() {
                Some("client") => Some(Direction::Client),
                Some("server") => Some(Direction::Server),
                _ => None,
            },
            code: event["code"].as_u64().and_then(|code| code.try_into().ok()),
            reason: event["reason"].as_str().unwrap_or_default().to_owned(),
            at: at.and_then(|at| Duration::try_from_secs_f64(at / 1000.0).ok()),
            line: number,
        });
    }
}

impl RecordedSession {
    fn first_line(&self) -> u64 {
        self.entries.first().map_or(0, |entry| entry.line)
    }

    fn name(&self) -> Option<&str> {
        self.entries.first()?.session.as_deref()
    }
}

/// Whether the server opens a session with this, and it is not the one that is open.
fn begins_another(open: &RecordedSession, entry: &LogEntry) -> bool {
    let created = ServerEventKind::SessionCreated.as_str();
    let is_created = |entry: &LogEntry| entry.event["type"] == created;
    is_created(entry)
        && open.entries.iter().any(|before| {
            is_created(before) && before.event["session"]["id"] != entry.event["session"]["id"]
        })
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(id: &str) -> String {
        format!(r#"{{"type":"session.created","session":{{"id":"{id}"}}}}"#)
    }

    #[test]
    fn sessions_are_told_apart_by_name_or_id() {
        let named = format!(
            "{{\"session\":0,\"dir\":\"s2c\",\"event\":{0}}}\n{{\"session\":1,\"dir\":\"s2c\",\"event\":{0}}}\n\
             {{\"session\":0,\"dir\":\"close\",\"by\":\"server\",\"event\":{{\"code\":null,\"reason\":\"\"}}}}",
            created("sess_1")
        );
        let recording = Recording::parse("x", named.as_bytes()).unwrap();
        assert_eq!(recording.sessions.len(), 2);
        let close = recording.sessions[0].close.as_ref().unwrap();
        assert_eq!((close.by, close.code), (Some(Direction::Server), None));
        assert_eq!(recording.sessions[1].close, None);

        let plain = [created("sess_1"), created("sess_1"), created("sess_2")].join("\n");
        let recording = Recording::parse("x", plain.as_bytes()).unwrap();
        let lengths: Vec<usize> = recording
            .sessions
            .iter()
            .map(|one| one.entries.len())
            .collect();
        assert_eq!(lengths, [2, 1]);
    }

    #[test]
    fn what_has_no_event_is_no_recording() {
        for log in ["", "\n", "{}", "hello"] {
            let error = Recording::parse("there.jsonl", log.as_bytes()).unwrap_err();
            assert!(
                error.to_string().starts_with("there.jsonl has no event"),
                "{error}"
            );
        }
        let error = Recording::parse("x", b"{\"type\":\n").unwrap_err();
        assert!(
            error.to_string().starts_with("x line 1: no JSON"),
            "{error}"
        );
    }
}
