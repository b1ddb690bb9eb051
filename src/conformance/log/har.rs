//! HAR files, as browsers save them, with the messages of their sockets.

use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::expect::Direction;

use super::{LogEntry, LogError, entry};

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default, rename = "_webSocketMessages")]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    /// `send` or `receive`.
    #[serde(rename = "type")]
    way: String,
    data: String,
    /// In seconds, of a clock that browsers choose.
    time: Option<f64>,
}

pub(super) fn read(log: impl Read, take: &mut impl FnMut(LogEntry)) -> Result<(), LogError> {
    let har: Har = serde_json::from_reader(log).map_err(|error| LogError::Malformed {
        line: error.line() as u64,
        reason: format!("no HAR file: {error}"),
    })?;
    let mut number = 0;
    for (socket, request) in har.log.entries.into_iter().enumerate() {
        for message in request.messages {
            number += 1;
            let by = match message.way.as_str() {
                "send" => Direction::Client,
                _ => Direction::Server,
            };
            // Other sockets of the page carry what they like.
            let Ok(event) = serde_json::from_str::<Value>(&message.data) else {
                continue;
            };
            let at = message.time;
            let at = at.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            if let Some(entry) = entry(event, Some(by), number, Some(socket.to_string())) {
                take(LogEntry { at, ..entry });
            }
        }
    }
    Ok(())
}
