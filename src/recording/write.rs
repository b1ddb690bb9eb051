//! A session's file, line by line.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::expect::Direction;

use super::redact::Redactor;

/// What is written down of a session.
#[derive(Debug)]
pub(crate) enum Transfer<'a> {
    /// A text, which should be an event.
    Text(Direction, &'a str),
    /// A binary frame of so many bytes.
    Binary(Direction, usize),
    /// The end. No side of the session is named where a third one ended it.
    Close {
        by: Option<Direction>,
        code: Option<u16>,
        reason: &'a str,
    },
    /// What could not be written down, for people.
    Note(&'a str),
}

/// The file of a session. Each line goes to the system at once and whole, so that the file can be
/// read whenever the process ends.
#[derive(Debug)]
pub(crate) struct Tape {
    file: File,
    path: PathBuf,
    /// The bytes of all whole lines.
    length: u64,
    lines: u64,
    redactor: Redactor,
}

impl Tape {
    /// Creates a file in a folder, which has to be there, and writes down how the session began.
    ///
    /// `name` is of the session; a file that is there already is never written to.
    pub(crate) fn create(
        folder: &Path,
        name: &str,
        opening: Value,
        redactor: Redactor,
    ) -> io::Result<Self> {
        let path = folder.join(format!("{name}.jsonl"));
        let file = File::create_new(&path)?;
        let mut tape = Self::over(file, path, redactor);
        let mut line = json!({ "t": 0, "dir": "open" });
        if let (Value::Object(line), Value::Object(opening)) = (&mut line, opening) {
            line.extend(opening);
        }
        line["redacted"] = tape.redactor.redaction().names().into();
        if let Err(error) = tape.write(&line) {
            // Nothing is in it that anybody wants.
            let _ = fs::remove_file(&tape.path);
            return Err(error);
        }
        Ok(tape)
    }

    fn over(file: File, path: PathBuf, redactor: Redactor) -> Self {
        Self {
            file,
            path,
            length: 0,
            lines: 0,
            redactor,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many lines it has: the number of the last one.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Writes down what happens. After an error the file ends with the last whole line, and is
    /// written to no more.
    pub(crate) fn note(&mut self, at: Duration, transfer: &Transfer<'_>) -> io::Result<()> {
        let mut line = json!({ "t": milliseconds(at) });
        match *transfer {
            Transfer::Text(by, text) => {
                line["dir"] = dir(by).into();
                line["event"] = match serde_json::from_str::<Value>(text) {
                    Ok(mut event) if event.is_object() => {
                        self.redactor.event(&mut event);
                        event
                    }
                    _ => json!({ "text": self.redactor.text(text) }),
                };
            }
            Transfer::Binary(by, bytes) => {
                line["dir"] = dir(by).into();
                line["event"] = json!({ "binary": true, "bytes": bytes });
            }
            Transfer::Close { by, code, reason } => {
                line["dir"] = "close".into();
                line["by"] = by.map_or("proxy", Direction::as_str).into();
                line["event"] = json!({ "code": code, "reason": self.redactor.text(reason) });
            }
            Transfer::Note(text) => {
                line["dir"] = "note".into();
                line["note"] = text.into();
            }
        }
        self.write(&line)
    }

    fn write(&mut self, line: &Value) -> io::Result<()> {
        let text = format!("{line}\n");
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            // Half a line would make the file unreadable. Where even that fails there is nothing to do.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += text.len() as u64;
        self.lines += 1;
        Ok(())
    }
}

fn dir(by: Direction) -> &'static str {
    match by {
        Direction::Client => "c2s",
        Direction::Server => "s2c",
    }
}

/// To the microsecond.
fn milliseconds(at: Duration) -> f64 {
    (at.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Redaction;

    fn text() -> Transfer<'static> {
        Transfer::Text(Direction::Client, r#"{"type":"response.create"}"#)
    }

    #[test]
    fn each_line_is_there_as_soon_as_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let redactor = Redactor::new(Redaction::default());
        let opening = json!({ "upstream": "ws://mock" });
        let mut tape = Tape::create(folder.path(), "one", opening, redactor.clone()).unwrap();
        tape.note(Duration::from_micros(1_500), &text()).unwrap();
        // Nothing is flushed or dropped: this is what a crash leaves.
        let written = fs::read_to_string(tape.path()).unwrap();
        let lines: Vec<Value> = written
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["dir"], "open");
        assert_eq!(
            lines[1],
            json!({ "t": 1.5, "dir": "c2s", "event": { "type": "response.create" } })
        );
        let again = Tape::create(folder.path(), "one", json!({}), redactor);
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    /// A file that stands for a disk that is full.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_does_not_fit_on_the_disk_is_an_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut tape = Tape::over(full, "/dev/full".into(), Redactor::default());
        let error = tape.note(Duration::ZERO, &text()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(tape.lines(), 0);
    }
}
