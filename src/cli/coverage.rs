//! `mock-realtime coverage`: what of the protocol this version does, and which transcript shows it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use mock_realtime::engine::coverage;
use mock_realtime::protocol::realtime::{
    ClientEvent, ServerEvent, ServerEventKind, TranslationClientEvent, TranslationServerEvent,
    TranslationSessionType,
};
use mock_realtime::protocol::{Event, EventKind, decode};

#[derive(Args)]
pub(crate) struct Coverage {
    /// Name for each event the shortest transcript in this folder that shows it: files *.jsonl with
    /// a `>` before what the client sent and a `<` before what it got.
    #[arg(long, value_name = "FOLDER")]
    transcripts: Option<PathBuf>,
}

/// Prints the tables; gives an error if an event is in no transcript.
pub(crate) fn print(arguments: &Coverage) -> io::Result<()> {
    let transcripts = match &arguments.transcripts {
        Some(folder) => Some(read_folder(folder)?),
        None => None,
    };
    let mut table = Table {
        out: io::stdout().lock(),
        transcripts: transcripts.as_deref(),
        missing: Vec::new(),
    };
    table.rows::<ClientEvent>("client events", '>', false, |_| "handled")?;
    table.rows::<ServerEvent>("server events", '<', false, coverage::emitted_by)?;
    table.rows::<TranslationClientEvent>("translation client events", '>', true, |_| "handled")?;
    table.rows::<TranslationServerEvent>(
        "translation server events",
        '<',
        true,
        coverage::translation_emitted_by,
    )?;
    if table.missing.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "no transcript shows {}",
        table.missing.join(", ")
    )))
}

struct Table<'a, W> {
    out: W,
    transcripts: Option<&'a [Transcript]>,
    missing: Vec<&'static str>,
}

impl<W: Write> Table<'_, W> {
    /// A row an event: its type, the flow it belongs to, and the transcript.
    fn rows<E: Event>(
        &mut self,
        title: &str,
        direction: char,
        translates: bool,
        flow: impl Fn(E::Kind) -> &'static str,
    ) -> io::Result<()> {
        let shown = self.transcripts.map(|all| {
            let of_its_kind = all.iter().filter(|it| it.translates == translates);
            shown::<E>(of_its_kind, direction)
        });
        let all = E::Kind::ALL.len();
        match &shown {
            Some(shown) => writeln!(self.out, "{title}: {}/{all}", shown.len())?,
            None => writeln!(self.out, "{title}: {all}/{all}")?,
        }
        for kind in E::Kind::ALL {
            let event = kind.as_str();
            let flow = flow(*kind);
            match &shown {
                None => writeln!(self.out, "  {event:60} {flow}")?,
                Some(shown) => {
                    let transcript = shown.get(event).copied().unwrap_or("none");
                    writeln!(self.out, "  {event:60} {transcript:36} {flow}")?;
                    if !shown.contains_key(event) {
                        self.missing.push(event);
                    }
                }
            }
        }
        Ok(())
    }
}

/// What was sent in a session, a frame a line.
struct Transcript {
    name: String,
    lines: Vec<String>,
    translates: bool,
}

impl Transcript {
    /// The frames of a direction; of the client's, those that were not refused.
    fn frames(&self, direction: char) -> impl Iterator<Item = &str> {
        let next = self.lines.iter().skip(1).map(Some).chain([None]);
        let accepted =
            self.lines.iter().zip(next).filter(move |(_, next)| {
                direction == '<' || next.is_none_or(|next| !is_error(next))
            });
        accepted.filter_map(move |(line, _)| Some(line.strip_prefix(direction)?.trim_start()))
    }
}

fn is_error(line: &str) -> bool {
    let event = line.strip_prefix('<').map(decode::<ServerEvent>);
    matches!(event, Some(Ok(event)) if event.kind() == ServerEventKind::Error)
}

/// Servers are read openly, so that only the session itself tells the protocols apart.
fn opens_translation(line: &str) -> bool {
    let event = line.strip_prefix('<').map(decode::<TranslationServerEvent>);
    let Some(Ok(TranslationServerEvent::SessionCreated(created))) = event else {
        return false;
    };
    created.session.type_ == TranslationSessionType::Translation
}

/// The transcripts in a folder, shortest first.
fn read_folder(folder: &Path) -> io::Result<Vec<Transcript>> {
    let place = |error: io::Error, path: &Path| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    let mut transcripts = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| place(error, folder))? {
        let path = entry?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| place(error, &path))?;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        transcripts.push(Transcript {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            translates: lines.iter().any(|line| opens_translation(line)),
            lines,
        });
    }
    transcripts.sort_by_cached_key(|it| (it.lines.len(), it.name.clone()));
    Ok(transcripts)
}

/// The events of a protocol that are shown, with the first transcript that does.
fn shown<'a, E: Event>(
    transcripts: impl Iterator<Item = &'a Transcript>,
    direction: char,
) -> BTreeMap<&'static str, &'a str> {
    let mut shown = BTreeMap::new();
    for transcript in transcripts {
        for event in transcript
            .frames(direction)
            .filter_map(|it| decode::<E>(it).ok())
        {
            shown
                .entry(event.kind().as_str())
                .or_insert(transcript.name.as_str());
        }
    }
    shown
}
