//! Journals, as data and as files.

use std::fmt::Write;
use std::time::Duration;

use hyper::body::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audio::AudioRecorder;
use crate::expect::{Entry, Journal, WrittenEntry};
use crate::mock::record;

use super::operation::{File, FileType, Json, NoBody};
use super::refusals::Refusal;
use super::targets::{OfKey, OfSession};

/// Sound that goes on for longer than this is not written, since all of it, with its silence, is in
/// memory at once.
const LONGEST_SOUND: Duration = Duration::from_secs(60 * 60);

/// An entry of a journal, with its number.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NumberedEntry {
    /// Entries of a key are counted from 0.
    number: u64,
    #[serde(flatten)]
    entry: WrittenEntry,
}

impl NumberedEntry {
    pub(super) fn of(number: u64, entry: &Entry) -> Self {
        Self {
            number,
            entry: entry.written(),
        }
    }
}

/// A part of a journal.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct JournalView {
    /// What was sent, by all sessions or one, in order.
    entries: Vec<NumberedEntry>,
    /// The number after the last, from which to ask for what comes later.
    next: u64,
    /// How many entries of the key were too old to be kept.
    forgotten: u64,
}

/// Which part of a journal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// The number of the first entry.
    #[serde(default)]
    from: u64,
    /// The most entries.
    #[serde(default)]
    limit: Option<usize>,
}

impl Part {
    /// The entries of it, and the number after the last.
    fn of(&self, journal: &Journal, session: Option<usize>) -> (Vec<(u64, Entry)>, u64) {
        let all = journal.since(self.from);
        let end = all.last().map_or(self.from, |(number, _)| number + 1);
        let most = self.limit.unwrap_or(usize::MAX);
        let is_of = |entry: &Entry| session.is_none_or(|session| entry.session == session);
        let mut entries = all.into_iter().filter(|(_, entry)| is_of(entry));
        let part: Vec<_> = entries.by_ref().take(most).collect();
        let next = entries.next().map_or(end, |(number, _)| number);
        (part, next)
    }

    fn view(&self, journal: &Journal, session: Option<usize>) -> Json<JournalView> {
        let (part, next) = self.of(journal, session);
        let entries = part
            .iter()
            .map(|(number, entry)| NumberedEntry::of(*number, entry));
        Json(JournalView {
            entries: entries.collect(),
            next,
            forgotten: journal.forgotten(),
        })
    }

    fn lines(&self, journal: &Journal, session: Option<usize>) -> Result<File<Lines>, Refusal> {
        let mut lines = String::new();
        for (_, entry) in self.of(journal, session).0 {
            let line = serde_json::to_string(&entry.written());
            let line = line.map_err(|error| Refusal::unwritten(&error))?;
            let _ = writeln!(lines, "{line}");
        }
        Ok(File::new(lines))
    }
}

pub(super) fn of_key(target: OfKey, part: Part, _: NoBody) -> Result<Json<JournalView>, Refusal> {
    Ok(part.view(target.observer.journal(), None))
}

pub(super) fn of_session(
    target: OfSession,
    part: Part,
    _: NoBody,
) -> Result<Json<JournalView>, Refusal> {
    Ok(part.view(target.observer.journal(), Some(target.number)))
}

/// A line of JSON for each entry, as [`Journal::save`] writes them.
pub(super) struct Lines;

impl FileType for Lines {
    const MEDIA: &'static str = "application/jsonl";
}

pub(super) fn lines_of_key(target: OfKey, part: Part, _: NoBody) -> Result<File<Lines>, Refusal> {
    part.lines(target.observer.journal(), None)
}

pub(super) fn lines_of_session(
    target: OfSession,
    part: Part,
    _: NoBody,
) -> Result<File<Lines>, Refusal> {
    part.lines(target.observer.journal(), Some(target.number))
}

/// What was said: the caller on the left, the model on the right.
pub(super) struct Wav;

impl FileType for Wav {
    const MEDIA: &'static str = "audio/wav";
}

pub(super) fn wav(
    target: OfSession,
    _: super::operation::NoQuery,
    _: NoBody,
) -> Result<File<Wav>, Refusal> {
    let wav = recorded(&target)?.stereo_wav();
    let wav = wav.map_err(|error| Refusal::unwritten(&error))?;
    Ok(File::new(Bytes::from(wav)))
}

/// Both sides over time, as a picture.
pub(super) struct Svg;

impl FileType for Svg {
    const MEDIA: &'static str = "image/svg+xml";
}

pub(super) fn picture(
    target: OfSession,
    _: super::operation::NoQuery,
    _: NoBody,
) -> Result<File<Svg>, Refusal> {
    Ok(File::new(recorded(&target)?.picture()))
}

fn recorded(target: &OfSession) -> Result<AudioRecorder, Refusal> {
    let recorder = record(&target.observer.journal().of_session(target.number));
    if recorder.length() > LONGEST_SOUND {
        return Err(Refusal::too_long_to_hear(LONGEST_SOUND.as_secs() / 60));
    }
    Ok(recorder)
}
