//! What a new document would change, in words: one line a change, and whom it breaks.
//!
//! *Senders* are those who write a value, *receivers* those who read it: for a client event the
//! senders are clients and the receivers are servers, this mock among them; for a server event it
//! is the other way round. Each change says who sends the value it is about. A change breaks
//! senders when something that was right to send is so no longer, and receivers when they may now
//! meet something that could not come before, or miss something they could count on.
//!
//! | change | senders | receivers |
//! | --- | --- | --- |
//! | event added | | yes |
//! | event removed | yes | if the server sends it: they wait in vain |
//! | type added | | |
//! | type removed | if it is a payload of its own | if it is a payload of its own |
//! | field added | if it is required | if the object was closed to further fields |
//! | field removed | if read strictly: only clients send it, or the object is closed | unless it was optional and only clients send it |
//! | field required | yes | |
//! | field no longer required | | yes |
//! | field may be null | | yes |
//! | field may no longer be null | yes | |
//! | type changed | unless the new one takes all the old one did | unless the old one took all the new one does |
//! | value added to a list of strings | | unless the list is open |
//! | value removed from one | unless the list is open | |
//! | list of strings opened | | yes |
//! | list of strings closed | yes | |
//! | member added to a union | | yes |
//! | member removed from one | yes | |
//! | bound loosened (minimum, maximum, lengths, items) | | yes |
//! | bound tightened | yes | |
//! | pattern or format | if there is a new one | if there was an old one |
//! | default changed | where clients send the field | where the server sends it |
//! | default added or removed | | |
//! | further fields forbidden | yes | |
//! | further fields allowed | | yes |
//! | published name changed | | |
//!
//! An optional field more breaks nobody: the senders who know it have read the new document, and
//! receivers of what the server sends skip what they do not know.
//!
//! What the document has inline is told where it is used: a list of strings that comes with a new
//! field is part of that field's line. Descriptions, the order of things and our choice of files
//! are no changes.

mod compare;
mod direction;
mod matching;
mod names;
mod notation;
mod shape;
mod values;

use std::fmt::Write;

use serde::Serialize;

use crate::model::Protocol;
use crate::rules::Rules;

/// One difference between two versions of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The definition or field in our names: `Response.status`.
    pub path: String,
    /// The same in the document's names, as far as it has one: `RealtimeResponse.status`.
    pub published: Option<String>,
    /// What is different, in words.
    pub what: String,
    /// Who sends the value it is about.
    pub sent_by: SentBy,
    /// Whom it breaks; never empty, and [`Breaks::Nobody`] stands alone.
    pub breaks: Vec<Breaks>,
}

/// Whom a change breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Breaks {
    /// Those who write the value.
    Senders,
    /// Those who read it.
    Receivers,
    /// Neither.
    Nobody,
}

/// Who sends a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SentBy {
    /// Clients, in their events and REST requests.
    Clients,
    /// The server, in its events, REST responses and webhooks.
    Server,
    /// Clients and the server.
    Both,
}

impl Breaks {
    /// All groups, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Senders, Self::Receivers, Self::Nobody];

    fn heading(self) -> &'static str {
        match self {
            Self::Senders => "breaks senders",
            Self::Receivers => "breaks receivers",
            Self::Nobody => "breaks nobody",
        }
    }
}

impl SentBy {
    fn words(self) -> &'static str {
        match self {
            Self::Clients => "sent by clients",
            Self::Server => "sent by the server",
            Self::Both => "sent by clients and the server",
        }
    }
}

/// What `new` changes against `old`; both as published, imported by the same `rules`.
pub fn diff(old: &Protocol, new: &Protocol, rules: &Rules) -> Vec<Change> {
    compare::Comparison::new(old, new, rules).run()
}

/// The changes as text: a heading for each group that has any, a line for each change.
///
/// A change that breaks both sides stands in both groups. No changes are no text.
pub fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    for group in Breaks::ALL {
        let mut lines = changes
            .iter()
            .filter(|change| change.breaks.contains(&group))
            .peekable();
        if lines.peek().is_some() {
            let _ = writeln!(text, "{}:", group.heading());
        }
        for change in lines {
            let _ = writeln!(text, "  {change}");
        }
    }
    text
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({}", self.path, self.what, self.sent_by.words())?;
        match &self.published {
            Some(published) if published != &self.path => write!(f, "; {published})"),
            _ => write!(f, ")"),
        }
    }
}
