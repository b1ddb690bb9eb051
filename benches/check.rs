//! How long `mock-realtime check` takes for a log of 100 MB, and how much memory: `cargo bench --bench
//! check`. Elsewhere than on Linux the memory is not known. As a test, the log is a short one.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mock_realtime::engine::{Input, Output, Session, SessionOptions};
use mock_realtime::protocol::encode;

const WHOLE: u64 = 100 * 1000 * 1000;
const SHORT: u64 = 1000 * 1000;

const ITEM: &str = r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"What is there to eat tonight, and is there a table by the window at seven, or later?"}]}}"#;

/// How often the process is asked for its memory.
const INTERVAL: Duration = Duration::from_millis(5);

fn main() {
    let size = if std::env::args().any(|argument| argument == "--bench") {
        WHOLE
    } else {
        SHORT
    };
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("one-session.jsonl");
    let many = folder.path().join("many-sessions.jsonl");
    write_one(&long, size);
    write_many(&many, size);
    println!("{:<22} {:>8} {:>8} {:>12}", "log", "MB", "s", "peak MB");
    for log in [&long, &many] {
        let (took, peak) = check(log);
        let peak = peak.map_or_else(|| "?".to_owned(), |bytes| megabytes(bytes).to_string());
        println!(
            "{:<22} {:>8} {:>8.2} {:>12}",
            log.file_name().unwrap().to_string_lossy(),
            megabytes(fs::metadata(log).unwrap().len()),
            took.as_secs_f64(),
            peak,
        );
    }
}

const fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}

/// One session that goes on and on, half of it in text.
fn write_one(file: &Path, size: u64) {
    let mut log = Log::create(file);
    let mut session = Session::new(SessionOptions::default());
    log.write_turns(&mut session, 0, |log| log.written < size);
}

/// Two turns in session after session.
fn write_many(file: &Path, size: u64) {
    let mut log = Log::create(file);
    for number in 0.. {
        if log.written >= size {
            break;
        }
        let mut session = Session::new(SessionOptions {
            seed: number,
            ..SessionOptions::default()
        });
        let mut turns = 0;
        log.write_turns(&mut session, number, |_| {
            turns += 1;
            turns <= 2
        });
    }
}

/// A log as a journal is saved.
struct Log {
    file: BufWriter<File>,
    written: u64,
}

impl Log {
    fn create(file: &Path) -> Self {
        Self {
            file: BufWriter::new(File::create(file).unwrap()),
            written: 0,
        }
    }

    /// Turns in speech and in text, by turns, as long as there is to be another.
    fn write_turns(
        &mut self,
        session: &mut Session,
        number: u64,
        another: impl FnMut(&Self) -> bool,
    ) {
        let mut another = another;
        self.write_sent(session, number);
        let mut spoken = true;
        while another(self) {
            let modality = if spoken { "audio" } else { "text" };
            let respond = format!(
                r#"{{"type":"response.create","response":{{"output_modalities":["{modality}"]}}}}"#
            );
            for frame in [ITEM, &respond] {
                self.write(number, "c2s", frame);
                session.handle(Input::Text(frame), Duration::ZERO);
                self.write_sent(session, number);
            }
            spoken = !spoken;
        }
    }

    fn write_sent(&mut self, session: &mut Session, number: u64) {
        let mut text = String::new();
        while let Some(Output::Event(event)) = session.poll() {
            text.clear();
            encode(&event, &mut text).unwrap();
            self.write(number, "s2c", &text);
        }
    }

    fn write(&mut self, session: u64, dir: &str, event: &str) {
        let line = format!(r#"{{"t":0,"session":{session},"dir":"{dir}","event":{event}}}"#);
        writeln!(self.file, "{line}").unwrap();
        self.written += line.len() as u64 + 1;
    }
}

/// Checks the log, which is clean; gives the time, and the most memory that was taken, if known.
fn check(log: &Path) -> (Duration, Option<u64>) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .arg("check")
        .arg(log)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = None;
    let status = loop {
        peak = peak_memory(&child).or(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(INTERVAL);
    };
    assert!(status.success(), "{status}");
    (start.elapsed(), peak)
}

fn peak_memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(1024 * kilobytes)
}
