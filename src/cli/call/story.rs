//! How a call goes, in sentences.

use std::io::{self, Write};

use mock_realtime::server::calls::{CallEntry, CallEvent, CallRecord, Outcome};

/// Tells a call as it goes, or its record at its end.
pub(super) struct Story<W> {
    out: W,
    json: bool,
    told: usize,
}

impl<W: Write> Story<W> {
    pub(super) fn new(out: W, json: bool) -> Self {
        let told = 0;
        Self { out, json, told }
    }

    /// Says where the app finds the server, if it was started for the call: that line is for scripts.
    pub(super) fn begin(&mut self, url: Option<&str>, webhook: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        if let Some(url) = url {
            writeln!(self.out, "listening on {url}")?;
        }
        writeln!(self.out, "the telephone rings: {webhook} is told")?;
        self.out.flush()
    }

    /// How much of a record was told.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    /// Tells what is new.
    pub(super) fn go_on(&mut self, record: &CallRecord) -> io::Result<()> {
        for entry in record.journal.iter().skip(self.told) {
            self.told += 1;
            if !self.json {
                tell(&mut self.out, entry)?;
            }
        }
        self.out.flush()
    }

    /// Tells how it ended, or all of it.
    pub(super) fn end(&mut self, record: &CallRecord) -> io::Result<()> {
        if self.json {
            let json = serde_json::to_string_pretty(record).map_err(io::Error::other)?;
            return writeln!(self.out, "{json}");
        }
        self.go_on(record)
    }
}

#[allow(clippy::cast_precision_loss, reason = "nobody telephones that long")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

fn tell(out: &mut impl Write, entry: &CallEntry) -> io::Result<()> {
    write!(out, "{:>7.2} s  ", seconds(entry.at_ms))?;
    match &entry.event {
        CallEvent::WebhookSent { attempt } => write!(out, "the webhook is sent, attempt {attempt}"),
        CallEvent::WebhookTaken { status, .. } => write!(out, "the webhook is taken: {status}"),
        CallEvent::WebhookFailed {
            reason,
            retry_in_ms,
            ..
        } => {
            let again = seconds(*retry_in_ms);
            write!(
                out,
                "the webhook is not taken: {reason}; again in {again} s"
            )
        }
        CallEvent::Accepted { session_id } => write!(out, "the app accepts: {session_id}"),
        CallEvent::Refused { operation, message } => {
            write!(out, "the app asks to {operation}, and is told: {message}")
        }
        CallEvent::SidebandOpened { sideband } => write!(out, "sideband socket {sideband} is open"),
        CallEvent::SidebandClosed { sideband } => write!(out, "sideband socket {sideband} is gone"),
        CallEvent::CallerSpoke { text, duration_ms } => {
            let length = seconds(*duration_ms);
            match text {
                Some(text) => write!(out, "the caller says, for {length:.1} s: {text}"),
                None => write!(out, "the caller speaks for {length:.1} s"),
            }
        }
        CallEvent::KeyPressed { key } => write!(out, "the caller presses {key}"),
        CallEvent::PlaybackStarted => write!(out, "the model begins to be heard"),
        CallEvent::PlaybackStopped => write!(out, "the model was heard to its end"),
        CallEvent::PlaybackCleared => write!(out, "the model is interrupted"),
        CallEvent::Ended(outcome) => tell_outcome(out, outcome),
        other => write!(out, "{other:?}"),
    }?;
    writeln!(out)
}

fn tell_outcome(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    match outcome {
        Outcome::CallerHungUp => write!(out, "the caller hangs up"),
        Outcome::AppHungUp => write!(out, "the app hangs up"),
        Outcome::Referred { target_uri } => {
            write!(out, "the app hands the caller on to {target_uri}")
        }
        Outcome::Rejected { status_code } => write!(out, "the app rejects the call: {status_code}"),
        Outcome::NotAnswered => write!(out, "nobody answers, and the caller gives up"),
        Outcome::SessionClosed { code, reason } => match code {
            Some(code) => write!(out, "the session is closed: {code} {reason}"),
            None => write!(out, "the session breaks"),
        },
        Outcome::ServerStopped => write!(out, "the server stops"),
        other => write!(out, "{other:?}"),
    }
}
