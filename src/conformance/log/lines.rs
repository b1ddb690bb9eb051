//! Logs with an event in a line.

use std::io::BufRead;
use std::time::Duration;

use serde_json::{Deserializer, Value};

use crate::expect::Direction;

use super::{LogEntry, LogError, entry};

pub(super) fn read(mut log: impl BufRead, take: &mut impl FnMut(LogEntry)) -> Result<(), LogError> {
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        if log.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        number += 1;
        let line = String::from_utf8_lossy(&bytes);
        if let Some(found) = of_line(line.trim(), number)? {
            take(found);
        }
    }
}

/// The event in a line, if there is one.
fn of_line(line: &str, number: u64) -> Result<Option<LogEntry>, LogError> {
    let Some(begin) = line.find('{') else {
        return Ok(None);
    };
    let mut values = Deserializer::from_str(&line[begin..]).into_iter::<Value>();
    let value = match values.next() {
        Some(Ok(value)) => value,
        // A line that is JSON from its beginning is broken; others may have a brace for any reason.
        Some(Err(error)) if begin == 0 => {
            return Err(LogError::Malformed {
                line: number,
                reason: format!("no JSON: {error}"),
            });
        }
        _ => return Ok(None),
    };
    if let Some(dir) = value.get("dir").and_then(Value::as_str) {
        return Ok(enveloped(&value, dir, number));
    }
    let said = marked(&line[..begin]);
    Ok(entry(value, said, number, None))
}

/// An event under `event`. A close is none, and what was lost on its way or asked for by a user of the
/// mock is none of the session's.
fn enveloped(line: &Value, dir: &str, number: u64) -> Option<LogEntry> {
    let by = match dir {
        "c2s" => Direction::Client,
        "s2c" => Direction::Server,
        _ => return None,
    };
    if line["lost"] == true || line["injected"] == true {
        return None;
    }
    let session = match &line["session"] {
        Value::Null => None,
        Value::String(name) => Some(name.clone()),
        other => Some(other.to_string()),
    };
    let milliseconds = line["t"].as_f64();
    let at = milliseconds.and_then(|at| Duration::try_from_secs_f64(at / 1000.0).ok());
    let found = entry(line["event"].clone(), Some(by), number, session)?;
    Some(LogEntry { at, ..found })
}

/// What a line says before its event: `>` was sent by the client, `<` by the server.
fn marked(before: &str) -> Option<Direction> {
    before.split_whitespace().rev().find_map(|word| match word {
        ">" | ">>" | "->" | "-->" => Some(Direction::Client),
        "<" | "<<" | "<-" | "<--" => Some(Direction::Server),
        _ => None,
    })
}
