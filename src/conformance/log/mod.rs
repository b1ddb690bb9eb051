//! Sessions as others have written them down.

mod cassette;
mod har;
mod lines;

use std::fmt;
use std::io::{self, BufRead, Read};
use std::time::Duration;

use serde_json::Value;

use crate::expect::Direction;
use crate::protocol::EventKind;
use crate::protocol::realtime::{
    ClientEventKind, ServerEventKind, TranslationClientEventKind, TranslationServerEventKind,
};

/// An event in a log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogEntry {
    /// Who sent it.
    pub by: Direction,
    /// The event.
    pub event: Value,
    /// The line it stands in, from 1; of a file that is read as a whole, the number of the event.
    pub line: u64,
    /// The session it belongs to, where the log tells several apart.
    pub session: Option<String>,
    /// When, counted from whatever the log counts from, where it says so.
    pub at: Option<Duration>,
}

/// Why a log cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogError {
    /// The file cannot be read.
    Io(io::Error),
    /// A line or the file is not what it seemed to be.
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// There is no event in it.
    NoEvents,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Malformed { line, reason } => write!(f, "line {line}: {reason}"),
            Self::NoEvents => f.write_str(
                "has no event in it; known are lines of JSON, HAR files, YAML cassettes, and logs with \
                 JSON in their lines",
            ),
        }
    }
}

impl std::error::Error for LogError {}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// How much of a file is looked at to tell what it is.
const LOOK: usize = 64 * 1024;

/// Reads a log, whatever its shape, and gives each event to `take`, in order.
///
/// Known are, by their content: lines of JSON, each an event or an object with the event under
/// `event`, who sent it under `dir` (`c2s` or `s2c`) and perhaps when under `t` (in milliseconds), as
/// [`Journal::save`] writes them; HAR files
/// of browsers, with the messages of their sockets; YAML cassettes; and logs of any kind with an event's
/// JSON somewhere in their lines, behind `>` or `<` where its type does not say who sent it.
///
/// Lines are read one at a time, so that their number does not matter. HAR and YAML are read whole.
///
/// [`Journal::save`]: crate::expect::Journal::save
///
/// ```
/// use mock_realtime::conformance::read_log;
/// use mock_realtime::expect::Direction;
///
/// let log = r#"12:00:01 DEBUG > TEXT '{"type":"response.create"}' [26 bytes]"#;
/// let mut events = Vec::new();
/// read_log(log.as_bytes(), |entry| events.push(entry))?;
/// assert_eq!(events[0].by, Direction::Client);
/// # Ok::<(), mock_realtime::conformance::LogError>(())
/// ```
pub fn read_log(mut log: impl BufRead, mut take: impl FnMut(LogEntry)) -> Result<(), LogError> {
    let mut head = Vec::new();
    log.by_ref().take(LOOK as u64).read_to_end(&mut head)?;
    let shape = Shape::of(&head);
    let log = io::Cursor::new(head).chain(log);
    let mut events = 0_u64;
    let mut count = |entry: LogEntry| {
        events += 1;
        take(entry);
    };
    match shape {
        Shape::Lines => lines::read(log, &mut count)?,
        Shape::Har => har::read(log, &mut count)?,
        Shape::Cassette => cassette::read(log, &mut count)?,
    }
    if events == 0 {
        return Err(LogError::NoEvents);
    }
    Ok(())
}

/// What a file is.
enum Shape {
    Lines,
    Har,
    Cassette,
}

impl Shape {
    fn of(head: &[u8]) -> Self {
        let head = String::from_utf8_lossy(head);
        let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let first = text.lines().next().unwrap_or_default();
        let is_line_of_json = serde_json::from_str::<Value>(first)
            .is_ok_and(|line| line.get("log").is_none() && line.is_object());
        if text.starts_with('{') && !is_line_of_json && text.contains("\"log\"") {
            return Self::Har;
        }
        // A mapping or a sequence of mappings, with nothing before the key.
        let key = first
            .trim_start_matches("- ")
            .split(':')
            .next()
            .unwrap_or_default();
        let is_key = !key.is_empty()
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if first == "---"
            || first.starts_with("%YAML")
            || (is_key && first.contains(':') && !first.contains('{'))
        {
            return Self::Cassette;
        }
        Self::Lines
    }
}

/// Who sends events of a type, where that is known. No type goes both ways.
fn sender(event_type: &str) -> Option<Direction> {
    if ServerEventKind::from_type(event_type).is_some()
        || TranslationServerEventKind::from_type(event_type).is_some()
    {
        return Some(Direction::Server);
    }
    let client = ClientEventKind::from_type(event_type).is_some()
        || TranslationClientEventKind::from_type(event_type).is_some();
    client.then_some(Direction::Client)
}

/// An event whose sender the log may have named. One that nobody knows is the server's, unless the
/// log says otherwise.
fn entry(
    event: Value,
    said: Option<Direction>,
    line: u64,
    session: Option<String>,
) -> Option<LogEntry> {
    let event_type = event.get("type")?.as_str()?;
    let by = said
        .or_else(|| sender(event_type))
        .unwrap_or(Direction::Server);
    Some(LogEntry {
        by,
        event,
        line,
        session,
        at: None,
    })
}
