//! What was found, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use mock_realtime::exercise::{Mutation, Report, Sessions, Tried, Variant};
use serde_json::json;

use super::{ExerciseArguments, Format};

/// The names of variants, a line each.
pub(super) fn list(variants: &[Variant]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for variant in variants {
        writeln!(out, "{variant}")?;
    }
    Ok(())
}

/// The report in the format that is asked for.
pub(super) fn report(report: &Report, arguments: &ExerciseArguments) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match arguments.report {
        Format::Text => text(&mut out, report, arguments),
        Format::Json => json_of(&mut out, report, arguments),
    }
}

fn text(out: &mut impl Write, report: &Report, arguments: &ExerciseArguments) -> io::Result<()> {
    for tried in report.failed() {
        let tomorrow = if tried.variant.mutation().is_forward_compatible() {
            " (of tomorrow)"
        } else {
            ""
        };
        writeln!(out, "FAILED {}{tomorrow}", tried.variant)?;
        writeln!(out, "       {}", tried.outcome)?;
        writeln!(out, "       {}", reproduction(tried, arguments))?;
    }
    let mut rows: BTreeMap<Mutation, (usize, usize)> = BTreeMap::new();
    for tried in &report.tried {
        let (all, failed) = rows.entry(tried.variant.mutation()).or_default();
        *all += 1;
        *failed += usize::from(!tried.outcome.is_passed());
    }
    writeln!(out, "{:20} {:>6} {:>6}", "", "tried", "failed")?;
    for (mutation, (all, failed)) in rows {
        writeln!(out, "{:20} {all:>6} {failed:>6}", mutation.as_str())?;
    }
    let (all, failed) = (report.tried.len(), report.failed().count());
    write!(out, "{all} variants tried, {failed} failed")?;
    if report.unread > 0 {
        write!(
            out,
            "; {} not tried, as their event fails unchanged or the client is gone",
            report.unread
        )?;
    }
    writeln!(out)
}

fn json_of(out: &mut impl Write, report: &Report, arguments: &ExerciseArguments) -> io::Result<()> {
    let failed: Vec<serde_json::Value> = report
        .failed()
        .map(|tried| {
            let mut failed = json!(tried);
            failed["reproduction"] = json!(reproduction(tried, arguments));
            failed
        })
        .collect();
    let object = json!({
        "sessions": Sessions::from(arguments.sessions).as_str(),
        "seed": arguments.seed,
        "tried": report.tried.len(),
        "not_tried": report.unread,
        "failed": failed,
    });
    writeln!(out, "{object}")
}

/// The command that tries it alone.
fn reproduction(tried: &Tried, arguments: &ExerciseArguments) -> String {
    let name = tried.variant.name().to_owned();
    let mut words: Vec<String> = ["mock-realtime", "exercise", "--only"]
        .map(Into::into)
        .into();
    words.push(name);
    let sessions = tried.variant.sessions();
    if sessions != Sessions::default() {
        words.extend(["--sessions".to_owned(), sessions.to_string()]);
    }
    if arguments.seed != 0 {
        words.extend(["--seed".to_owned(), arguments.seed.to_string()]);
    }
    if arguments.reports {
        words.push("--reports".to_owned());
    }
    words.extend(arguments.url.clone());
    if !arguments.command.is_empty() {
        words.push("--".to_owned());
        words.extend(arguments.command.iter().cloned());
    }
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:@".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
