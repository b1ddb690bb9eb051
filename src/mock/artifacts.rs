//! What is left of a test that failed: its frames and its sound.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use crate::audio::AudioRecorder;
use crate::expect::{Entry, Frame, Journal};

/// Names the directory for what is left of tests that failed.
const DIRECTORY: &str = "MOCK_REALTIME_ARTIFACTS";

/// Takes what a mock comes to at its end. Where it failed or the test around it fails, what was sent
/// and heard is saved, if the environment names a directory.
///
/// # Panics
///
/// If it failed, unless the test fails already.
#[track_caller]
pub(crate) fn conclude(outcome: Result<(), String>, journal: &Journal) {
    let unmet = outcome.err();
    let failed_already = thread::panicking();
    let directory = env::var_os(DIRECTORY).filter(|_| failed_already || unmet.is_some());
    let mut place = String::new();
    if let Some(directory) = directory {
        place = match save(journal, Path::new(&directory)) {
            Ok(folder) => format!("\nsaved in {}", folder.display()),
            Err(error) => format!("\nnot saved, though {DIRECTORY} is set: {error}"),
        };
    }
    match unmet {
        Some(unmet) if !failed_already => panic!("{unmet}{place}"),
        _ if !place.is_empty() => eprintln!("{}", place.trim_start()),
        _ => {}
    }
}

/// Saves the journal, and the sound of each session, in a folder named by the test.
fn save(journal: &Journal, directory: &Path) -> Result<PathBuf, Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let test = thread::current()
        .name()
        .unwrap_or("test")
        .replace("::", "-");
    let folder = new_folder(directory, &test)?;
    journal.save(folder.join("journal.jsonl"))?;
    let mut recorders: BTreeMap<usize, AudioRecorder> = BTreeMap::new();
    for entry in journal.entries() {
        add(recorders.entry(entry.session).or_default(), &entry);
    }
    for (session, recorder) in recorders {
        recorder.save_stereo(folder.join(format!("session-{session}.wav")))?;
        recorder.save_picture(folder.join(format!("session-{session}.svg")))?;
    }
    Ok(folder)
}

/// The sound of one session.
#[cfg(feature = "admin")]
pub(crate) fn record(entries: &[Entry]) -> AudioRecorder {
    let mut recorder = AudioRecorder::default();
    for entry in entries {
        add(&mut recorder, entry);
    }
    recorder
}

fn add(recorder: &mut AudioRecorder, entry: &Entry) {
    match &entry.frame {
        Frame::Client(event) => recorder.client_sent(event, entry.at),
        Frame::Server(event) => recorder.server_sent(event, entry.at),
        _ => {}
    }
}

/// A folder of this name, or of the first with a number behind it that is not there yet.
fn new_folder(directory: &Path, name: &str) -> io::Result<PathBuf> {
    let mut folder = directory.join(name);
    let mut number = 1;
    loop {
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number += 1;
                folder = directory.join(format!("{name}-{number}"));
            }
            made => return made.map(|()| folder),
        }
    }
}
