//! What is made of a session on its way: a recording, and what is wrong with it.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::conformance::{LogEntry, Report, Schema};
use crate::expect::Direction;
use crate::recording::{Tape, Transfer};

use super::Shared;
use super::frames::GOING_AWAY;
use super::tap::Tap;

/// What a session is checked by.
fn report(asks_for_beta: bool) -> Report {
    let report = Report::new(Schema::Observed);
    if asks_for_beta {
        report.of_beta_clients()
    } else {
        report
    }
}

/// Watches one session.
pub(super) struct Watcher {
    shared: Arc<Shared>,
    start: Instant,
    /// What each side sends, as long as it can be read.
    from_client: Option<Tap>,
    from_server: Option<Tap>,
    tape: Option<Tape>,
    report: Option<Report>,
    events: u64,
    /// Whether something could not be recorded or checked.
    is_incomplete: bool,
    is_closed: bool,
}

impl Watcher {
    /// The recording is there if there is to be one, and could be begun. A client that asks for the
    /// beta may speak it at once.
    pub(super) fn new(shared: Arc<Shared>, tape: Option<Tape>, asks_for_beta: bool) -> Self {
        let options = &shared.options;
        let is_watched = options.check || tape.is_some();
        let tap = |by| is_watched.then(|| Tap::new(by, options.message));
        Self {
            from_client: tap(Direction::Client),
            from_server: tap(Direction::Server),
            report: options.check.then(|| report(asks_for_beta)),
            is_incomplete: options.record.is_some() && tape.is_none(),
            tape,
            events: 0,
            is_closed: false,
            start: Instant::now(),
            shared,
        }
    }

    /// Takes bytes that one side has sent, before the other gets them: so the order on file is one in
    /// which each side may have acted on what comes before.
    pub(super) fn take(&mut self, by: Direction, bytes: &[u8]) {
        let tap = match by {
            Direction::Client => &mut self.from_client,
            Direction::Server => &mut self.from_server,
        };
        let Some(mut tap_of_side) = tap.take() else {
            return;
        };
        match tap_of_side.take(bytes, |message| self.message(by, &message)) {
            Ok(()) => *self.tap_mut(by) = Some(tap_of_side),
            Err(error) => {
                self.is_incomplete = true;
                let side = by.as_str();
                tracing::error!(%error, side, "what this side sends can be read no more: it passes, unrecorded and unchecked");
                let note = format!("what the {side} sends from here on is missing: {error}");
                self.record(&Transfer::Note(&note));
            }
        }
    }

    fn tap_mut(&mut self, by: Direction) -> &mut Option<Tap> {
        match by {
            Direction::Client => &mut self.from_client,
            Direction::Server => &mut self.from_server,
        }
    }

    fn message(&mut self, by: Direction, message: &Message) {
        match message {
            Message::Text(text) => {
                self.record(&Transfer::Text(by, text));
                self.check(by, || serde_json::from_str(text).unwrap_or_default());
            }
            Message::Binary(bytes) => {
                self.record(&Transfer::Binary(by, bytes.len()));
                self.check(by, || Value::Null);
            }
            Message::Close(frame) => {
                // The answer to a close says nothing new.
                if !std::mem::replace(&mut self.is_closed, true) {
                    self.record(&Transfer::Close {
                        by: Some(by),
                        code: Some(frame.as_ref().map_or(1005, |frame| frame.code.into())),
                        reason: frame.as_ref().map_or("", |frame| &frame.reason),
                    });
                }
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }

    fn check(&mut self, by: Direction, event: impl FnOnce() -> Value) {
        self.events += 1;
        let Some(report) = &mut self.report else {
            return;
        };
        let entry = LogEntry {
            by,
            event: event(),
            line: self.tape.as_ref().map_or(self.events, Tape::lines),
            session: None,
            at: None,
        };
        for finding in report.take(&entry) {
            tracing::warn!("{finding}");
        }
    }

    fn record(&mut self, transfer: &Transfer<'_>) {
        let Some(tape) = &mut self.tape else {
            return;
        };
        if let Err(error) = tape.note(self.start.elapsed(), transfer) {
            tracing::error!(file = %tape.path().display(), %error, "recording ends here, but the session goes on");
            self.is_incomplete = true;
            self.tape = None;
        }
    }

    /// The connection is over, by the side that was gone first; by none of them if the proxy ends it.
    pub(super) fn finish(mut self, by: Option<Direction>) {
        if !self.is_closed {
            let (code, reason) = match by {
                Some(_) => (None, ""),
                None => (Some(CloseCode::Away.into()), GOING_AWAY),
            };
            self.record(&Transfer::Close { by, code, reason });
        }
        let checked = self.report.take().map(Report::finish);
        let file = self.tape.as_ref().map(Tape::path);
        let file = file.map(Path::display).map(tracing::field::display);
        let events = self.events;
        match &checked {
            Some(checked) if !checked.findings.is_empty() => {
                let found = checked.findings.len();
                tracing::warn!(file, events, found, "session over: it is not the protocol");
            }
            _ => tracing::info!(file, events, "session over"),
        }
        self.shared.count(|summary| {
            summary.events += events;
            summary.incomplete += u64::from(self.is_incomplete);
            for finding in checked.iter().flat_map(|checked| &checked.findings) {
                *summary.broken.entry(finding.rule).or_default() += finding.count;
            }
        });
    }
}
