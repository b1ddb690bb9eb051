//! A journal as people read it: one side on the left, the other on the right.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use super::entry::{Direction, Entry, Fired};

/// So many lines are enough to see what went on.
const LINES: usize = 40;

/// What of an event says most, in the order in which it is looked for.
const TELLING: &[&str] = &[
    "/error/message",
    "/response/status",
    "/transcript",
    "/text",
    "/arguments",
    "/delta",
    "/item/type",
    "/item_id",
    "/audio_start_ms",
    "/audio_end_ms",
    "/reason",
    "/mark/name",
    "/dtmf/digit",
    "/activities/0/name",
    "/streamId",
];

/// The longest detail.
const DETAIL: usize = 60;

/// A frame that can be drawn.
pub(crate) trait Drawn {
    /// When it was sent.
    fn at(&self) -> Duration;
    /// In which session, where there may be several.
    fn session(&self) -> Option<usize>;
    /// Who sent it: the picture of its way, as wide for one side as for the other.
    fn arrow(&self) -> &'static str;
    /// The type of the event; of what is no event, what it is.
    fn name(&self) -> Cow<'_, str>;
    /// Whether it was lost on its way.
    fn is_lost(&self) -> bool;
    /// What else went wrong with it.
    fn faults(&self) -> &[Fired];
    /// Whether a user of the mock asked for it.
    fn is_injected(&self) -> bool;
    /// The event, of which what says most is shown.
    fn detail(&self) -> Value;
}

impl Drawn for Entry {
    fn at(&self) -> Duration {
        self.at
    }

    fn session(&self) -> Option<usize> {
        Some(self.session)
    }

    fn arrow(&self) -> &'static str {
        match self.frame.direction() {
            Direction::Client => "client ──▶      ",
            Direction::Server => "       ◀── mock  ",
        }
    }

    fn name(&self) -> Cow<'_, str> {
        self.frame.name().into()
    }

    fn is_lost(&self) -> bool {
        self.lost
    }

    fn faults(&self) -> &[Fired] {
        &self.faults
    }

    fn is_injected(&self) -> bool {
        self.injected
    }

    fn detail(&self) -> Value {
        self.frame.to_json()
    }
}

/// The last frames, a line each; equal ones that follow each other are one.
pub(crate) fn draw<D: Drawn>(entries: &[D]) -> String {
    let mut runs: Vec<(&D, usize)> = Vec::new();
    for entry in entries {
        match runs.last_mut() {
            Some((first, count)) if is_same(*first, entry) => *count += 1,
            _ => runs.push((entry, 1)),
        }
    }
    let left_out = runs.len().saturating_sub(LINES);
    let mut text = String::new();
    if left_out > 0 {
        let _ = writeln!(text, "   ... {left_out} before");
    }
    for (entry, count) in &runs[left_out..] {
        draw_run(&mut text, *entry, *count);
    }
    text
}

fn is_same<D: Drawn>(one: &D, other: &D) -> bool {
    one.session() == other.session()
        && one.is_lost() == other.is_lost()
        && kinds_of_faults(one).eq(kinds_of_faults(other))
        && one.is_injected() == other.is_injected()
        && one.arrow() == other.arrow()
        && one.name() == other.name()
}

fn kinds_of_faults<D: Drawn>(entry: &D) -> impl Iterator<Item = &str> {
    entry.faults().iter().map(|fired| fired.kind)
}

fn draw_run<D: Drawn>(text: &mut String, entry: &D, count: usize) {
    let (seconds, arrow, name) = (entry.at().as_secs_f64(), entry.arrow(), entry.name());
    let _ = write!(text, "{seconds:>9.3} s  ");
    if let Some(session) = entry.session() {
        let _ = write!(text, "#{session}  ");
    }
    let _ = write!(text, "{arrow}{name}");
    if entry.is_lost() {
        text.push_str("  (lost)");
    }
    for fired in entry.faults() {
        let _ = write!(text, "  ⚡ {fired}");
    }
    if entry.is_injected() {
        text.push_str("  (injected)");
    }
    if count > 1 {
        let _ = write!(text, "  ×{count}");
    } else if let Some(detail) = detail(&entry.detail()) {
        let _ = write!(text, "  {detail}");
    }
    text.push('\n');
}

fn detail(json: &Value) -> Option<String> {
    let value = TELLING.iter().find_map(|path| {
        let value = json.pointer(path)?;
        (!value.is_null()).then(|| value.clone())
    })?;
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    if text.chars().count() <= DETAIL {
        return Some(text);
    }
    Some(text.chars().take(DETAIL - 1).chain(['…']).collect())
}
