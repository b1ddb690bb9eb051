//! A journal as people read it: the client on the left, the mock on the right.

use std::fmt::Write;

use serde_json::Value;

use super::journal::{Direction, Entry, Frame};

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
];

/// The longest detail.
const DETAIL: usize = 60;

/// The last frames, a line each; equal ones that follow each other are one.
pub(super) fn draw(entries: &[Entry]) -> String {
    let mut runs: Vec<(&Entry, usize)> = Vec::new();
    for entry in entries {
        match runs.last_mut() {
            Some((first, count)) if is_same(first, entry) => *count += 1,
            _ => runs.push((entry, 1)),
        }
    }
    let left_out = runs.len().saturating_sub(LINES);
    let mut text = String::new();
    if left_out > 0 {
        let _ = writeln!(text, "   ... {left_out} before");
    }
    for (entry, count) in &runs[left_out..] {
        draw_run(&mut text, entry, *count);
    }
    text
}

fn is_same(one: &Entry, other: &Entry) -> bool {
    one.session == other.session
        && one.lost == other.lost
        && kinds_of_faults(one).eq(kinds_of_faults(other))
        && one.injected == other.injected
        && one.frame.direction() == other.frame.direction()
        && one.frame.name() == other.frame.name()
}

fn kinds_of_faults(entry: &Entry) -> impl Iterator<Item = &str> {
    entry.faults.iter().map(|fired| fired.kind)
}

fn draw_run(text: &mut String, entry: &Entry, count: usize) {
    let arrow = match entry.frame.direction() {
        Direction::Client => "client ──▶      ",
        Direction::Server => "       ◀── mock  ",
    };
    let seconds = entry.at.as_secs_f64();
    let name = entry.frame.name();
    let _ = write!(text, "{seconds:>9.3} s  #{}  {arrow}{name}", entry.session);
    if entry.lost {
        text.push_str("  (lost)");
    }
    for fired in &entry.faults {
        let _ = write!(text, "  ⚡ {fired}");
    }
    if entry.injected {
        text.push_str("  (injected)");
    }
    if count > 1 {
        let _ = write!(text, "  ×{count}");
    } else if let Some(detail) = detail(&entry.frame) {
        let _ = write!(text, "  {detail}");
    }
    text.push('\n');
}

fn detail(frame: &Frame) -> Option<String> {
    let json = frame.to_json();
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
