//! All that is found in a log, put together.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::expect::Direction;
use crate::protocol::EventKind;
use crate::protocol::beta::ServerEventKind as BetaServerEventKind;

use super::log::LogEntry;
use super::order::SessionOrder;
use super::rules::Rule;
use super::{Schema, Violation};

/// What is wrong in a log: each violation once for each rule, type of event and path, with how often
/// it is there and where first.
///
/// A session that its server opens in the words of the beta is held against [`Schema::Beta`], whatever
/// the report is by.
#[derive(Debug, Default)]
pub struct Report {
    schema: Schema,
    /// What frames are held against that come before the server has opened their session.
    before_opened: Schema,
    sessions: HashMap<String, Open>,
    /// How many sessions there were.
    pub session_count: u64,
    /// How many events.
    pub event_count: u64,
    findings: Vec<Finding>,
    places: HashMap<(&'static str, String, String), usize>,
}

/// A session that goes on.
#[derive(Debug)]
struct Open {
    schema: Schema,
    order: SessionOrder,
    id: Option<String>,
    /// The line of its last event.
    line: u64,
}

/// What is wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that is broken.
    pub rule: &'static str,
    /// The type of the events that break it.
    pub event_type: String,
    /// Where in them.
    pub path: String,
    /// How many do.
    pub count: u64,
    /// The line of the first that does.
    pub line: u64,
    /// What it has there.
    pub found: String,
    /// What should be there.
    pub expected: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.count == 1 { "once" } else { "times" };
        let count = if self.count == 1 {
            String::new()
        } else {
            format!("{} ", self.count)
        };
        let event = if self.event_type.is_empty() {
            "the end"
        } else {
            &self.event_type
        };
        write!(f, "{} in {event}", self.rule)?;
        if !self.path.is_empty() {
            write!(f, " at {}", self.path)?;
        }
        write!(f, ", {count}{times}, first in line {}:", self.line)?;
        write!(f, " expected {}, found {}", self.expected, self.found)
    }
}

impl Report {
    /// A report by this schema.
    pub fn new(schema: Schema) -> Self {
        Self {
            schema,
            before_opened: schema,
            ..Self::default()
        }
    }

    /// The same of clients that ask for the beta, and may speak it before the server has said anything.
    #[cfg(feature = "recording")]
    pub(crate) fn of_beta_clients(self) -> Self {
        Self {
            before_opened: Schema::Beta,
            ..self
        }
    }

    /// Takes the next event of the log, and gives what in it is found for the first time.
    pub fn take(&mut self, entry: &LogEntry) -> &[Finding] {
        let before = self.findings.len();
        self.event_count += 1;
        let key = entry.session.clone().unwrap_or_default();
        let id = entry.event["session"]["id"].as_str();
        let begins = is_another(self.sessions.get(&key), id);
        if begins && let Some(before) = self.sessions.remove(&key) {
            self.close(before);
        }
        if !self.sessions.contains_key(&key) {
            self.session_count += 1;
        }
        let session = self.sessions.entry(key).or_insert_with(|| Open {
            schema: self.before_opened,
            order: SessionOrder::default(),
            id: None,
            line: entry.line,
        });
        session.line = entry.line;
        if entry.by == Direction::Server
            && let Some(is_beta) = opens_in_beta(&entry.event)
        {
            session.schema = if is_beta { Schema::Beta } else { self.schema };
        }
        if id.is_some() {
            session.id = id.map(str::to_owned);
        }
        let mut violations = session.schema.violations(entry.by, &entry.event);
        let disorder = session.order.see(entry.by, &entry.event);
        if session.schema != Schema::Beta {
            violations.extend(disorder);
        }
        for violation in violations {
            self.add(violation, entry.line);
        }
        &self.findings[before..]
    }

    /// The log is at its end: what was found, the first first.
    pub fn finish(mut self) -> Checked {
        for (_, session) in std::mem::take(&mut self.sessions) {
            self.close(session);
        }
        self.findings.sort_by_key(|finding| finding.line);
        Checked {
            session_count: self.session_count,
            event_count: self.event_count,
            findings: self.findings,
        }
    }

    fn close(&mut self, session: Open) {
        if session.schema == Schema::Beta {
            return;
        }
        let line = session.line;
        for violation in session.order.finish() {
            self.add(violation, line);
        }
    }

    fn add(&mut self, violation: Violation, line: u64) {
        // Whatever the index, it is the same mistake.
        let path = without_indexes(&violation.path);
        let key = (
            violation.rule.name,
            violation.event_type.clone(),
            path.clone(),
        );
        let findings = &mut self.findings;
        let place = *self.places.entry(key).or_insert_with(|| {
            findings.push(Finding {
                rule: violation.rule.name,
                event_type: violation.event_type,
                path,
                count: 0,
                line,
                found: violation.found,
                expected: violation.expected,
            });
            findings.len() - 1
        });
        self.findings[place].count += 1;
    }
}

/// Whether a session is opened in the words of the beta, if this event opens one. Sessions of GA say
/// their type; those of the beta have the format of their audio beside all else.
fn opens_in_beta(event: &Value) -> Option<bool> {
    let kind = BetaServerEventKind::from_type(event["type"].as_str()?)?;
    let session = &event["session"];
    match kind {
        BetaServerEventKind::SessionCreated => Some(
            session["type"].is_null()
                && (session.get("modalities").is_some()
                    || session.get("input_audio_format").is_some()),
        ),
        BetaServerEventKind::TranscriptionSessionCreated => Some(true),
        _ => None,
    }
}

/// Whether an event with this session id belongs to another session than the one before.
fn is_another(open: Option<&Open>, id: Option<&str>) -> bool {
    let known = open.and_then(|open| open.id.as_deref());
    matches!((known, id), (Some(known), Some(id)) if known != id)
}

fn without_indexes(path: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in path.chars() {
        inside = match letter {
            '[' => true,
            ']' => false,
            _ => inside,
        };
        if !inside || letter == '[' {
            text.push(letter);
        }
    }
    text
}

/// What a log was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Checked {
    /// How many sessions there were.
    pub session_count: u64,
    /// How many events.
    pub event_count: u64,
    /// What is wrong, the first first.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// The rules that are broken, each once.
    pub fn rules(&self) -> Vec<&'static Rule> {
        let mut rules: Vec<&'static Rule> = Vec::new();
        for finding in &self.findings {
            rules.extend(Rule::named(finding.rule).filter(|rule| !rules.contains(rule)));
        }
        rules
    }
}
