//! `mock-realtime check`: whether what was logged is the protocol.

mod junit;
mod progress;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use mock_realtime::conformance::{Checked, LogError, RULES, Report, Rule, Schema, read_log};
use mock_realtime::expect::Direction;
use serde_json::json;

/// The exit code where a file could not be read.
const UNREADABLE: u8 = 2;

#[derive(Args)]
#[command(after_help = "\
Logs are lines of JSON (an event each, or an object with `dir` and `event`, as a journal is saved), HAR
files of browsers, YAML cassettes, and logs of any kind with an event's JSON in their lines.

Exit codes: 0 nothing breaks a rule, 1 something does, 2 a file cannot be read.")]
pub(crate) struct Check {
    /// The logs.
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    files: Vec<PathBuf>,
    /// Hold the frames against the schema as OpenAI publishes it; without it, as its service was seen
    /// to keep it.
    #[arg(long)]
    published: bool,
    /// How to print what is found.
    #[arg(long = "format", value_enum, default_value_t = Format::Text)]
    report: Format,
    /// Say what a rule is and how it is known, rather than check: `all` for all of them.
    #[arg(long, value_name = "RULE", conflicts_with = "files")]
    explain: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// An object a file.
    Json,
    /// Annotations in a workflow of GitHub.
    Github,
    /// A suite a file and a case a rule, as JUnit writes them.
    Junit,
}

/// Checks each file; the exit code is that of the worst.
pub(crate) fn run(arguments: &Check) -> io::Result<ExitCode> {
    if let Some(name) = &arguments.explain {
        return explain(name).map(|()| ExitCode::SUCCESS);
    }
    let schema = if arguments.published {
        Schema::Published
    } else {
        Schema::Observed
    };
    let mut worst = 0;
    let mut results = Vec::new();
    for file in &arguments.files {
        let result = check(file, schema);
        match &result {
            Ok(checked) => {
                print(&mut io::stdout().lock(), file, checked, arguments.report)?;
                worst = worst.max(u8::from(!checked.findings.is_empty()));
            }
            Err(error) => {
                eprintln!("error: {} {error}", file.display());
                worst = UNREADABLE;
            }
        }
        results.push((file.as_path(), result));
    }
    if let Format::Junit = arguments.report {
        junit::write(&mut io::stdout().lock(), &results)?;
    }
    Ok(ExitCode::from(worst))
}

fn check(file: &Path, schema: Schema) -> Result<Checked, LogError> {
    let mut report = Report::new(schema);
    read_log(progress::open(file)?, |entry| {
        report.take(&entry);
    })?;
    Ok(report.finish())
}

/// Prints what is printed file by file.
fn print(out: &mut impl Write, file: &Path, checked: &Checked, format: Format) -> io::Result<()> {
    let name = file.display();
    match format {
        Format::Text => {
            let found = match checked.findings.len() {
                0 => "nothing breaks a rule".to_owned(),
                1 => "one thing breaks a rule".to_owned(),
                several => format!("{several} things break a rule"),
            };
            let events = count(checked.event_count, "event");
            let sessions = count(checked.session_count, "session");
            writeln!(out, "{name}: {events} in {sessions}, {found}")?;
            for finding in &checked.findings {
                writeln!(out, "  {finding}")?;
            }
        }
        Format::Json => {
            let line = json!({ "file": file, "checked": checked });
            writeln!(out, "{line}")?;
        }
        Format::Github => {
            for finding in &checked.findings {
                let (line, rule) = (finding.line, finding.rule);
                writeln!(
                    out,
                    "::error file={name},line={line},title={rule}::{finding}"
                )?;
            }
        }
        Format::Junit => {}
    }
    Ok(())
}

/// So many of something, in words.
fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn explain(name: &str) -> io::Result<()> {
    let rules: Vec<&Rule> = match name {
        "all" => RULES.to_vec(),
        name => Rule::named(name).into_iter().collect(),
    };
    if rules.is_empty() {
        return Err(io::Error::other(format!(
            "there is no rule {name}; --explain all prints all of them"
        )));
    }
    let mut out = io::stdout().lock();
    for rule in rules {
        let side = match rule.side {
            Some(Direction::Server) => "the server",
            Some(Direction::Client) => "the client",
            None => "both",
        };
        writeln!(
            out,
            "{} ({side})\n  {}\n  {}.",
            rule.name, rule.text, rule.source
        )?;
    }
    Ok(())
}
