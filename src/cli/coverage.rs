//! `mock-realtime coverage`: what of the protocol this version does, and which transcript shows it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use mock_realtime::dialect::beta::kind_of;
use mock_realtime::engine::coverage;
use mock_realtime::protocol::beta;
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
    let protocol = Protocol::Realtime;
    table.rows::<ClientEvent>("client events", '>', protocol, |_| "handled")?;
    table.rows::<ServerEvent>("server events", '<', protocol, coverage::emitted_by)?;
    let protocol = Protocol::Translation;
    table.rows::<TranslationClientEvent>(
        "translation client events",
        '>',
        protocol,
        |_| "handled",
    )?;
    table.rows::<TranslationServerEvent>(
        "translation server events",
        '<',
        protocol,
        coverage::translation_emitted_by,
    )?;
    let protocol = Protocol::Beta;
    table.rows::<beta::ClientEvent>("client events of the beta", '>', protocol, |_| "handled")?;
    table.rows::<beta::ServerEvent>("server events of the beta", '<', protocol, stands_for)?;
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
        protocol: Protocol,
        flow: impl Fn(E::Kind) -> &'static str,
    ) -> io::Result<()> {
        let shown = self.transcripts.map(|all| {
            let of_its_kind = all.iter().filter(|it| it.protocol == protocol);
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
    protocol: Protocol,
}

/// What a session's events are those of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Realtime,
    Translation,
    Beta,
}

impl Protocol {
    /// Servers are read openly, so that only the session itself tells the protocols apart.
    fn of(lines: &[String]) -> Self {
        let opened_by = |opens: fn(&str) -> bool| {
            let mut sent = lines.iter().filter_map(|line| line.strip_prefix('<'));
            sent.any(opens)
        };
        if opened_by(opens_translation) {
            Self::Translation
        } else if opened_by(opens_beta) {
            Self::Beta
        } else {
            Self::Realtime
        }
    }
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

fn opens_translation(event: &str) -> bool {
    matches!(
        decode::<TranslationServerEvent>(event),
        Ok(TranslationServerEvent::SessionCreated(created))
            if created.session.type_ == TranslationSessionType::Translation
    )
}

fn opens_beta(event: &str) -> bool {
    match decode::<beta::ServerEvent>(event) {
        Ok(beta::ServerEvent::SessionCreated(created)) => created.session.modalities.is_some(),
        Ok(beta::ServerEvent::TranscriptionSessionCreated(_)) => true,
        _ => false,
    }
}

/// What an event of the beta is in GA, which says what sends it.
fn stands_for(kind: beta::ServerEventKind) -> &'static str {
    let mut all = ServerEventKind::ALL.iter();
    all.find(|ga| kind_of(**ga) == Some(kind))
        .map_or("a session that only transcribes", |ga| ga.as_str())
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
            protocol: Protocol::of(&lines),
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
