//! The client's side of each recorded session gives the server's side that was recorded.
//!
//! `MOCK_REALTIME_REPLAY=file.jsonl cargo test --test session recorded_sessions` replays another.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::path::{Path, PathBuf};

use crate::support::replay::replay;

/// Single events, no session.
const NO_SESSION: &str = "ga_openai_docs_examples.jsonl";

fn recordings() -> Vec<PathBuf> {
    if let Some(file) = std::env::var_os("MOCK_REALTIME_REPLAY") {
        return vec![file.into()];
    }
    let Some(folder) = crate::support::shared("recordings") else {
        return Vec::new();
    };
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let wanted = |file: &PathBuf| {
        let name = name(file);
        name.starts_with("ga_") && name.ends_with("jsonl") && name != NO_SESSION
    };
    files.filter(wanted).collect()
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn each_with_the_recorded_order_and_relations() {
    for file in recordings() {
        match replay(&std::fs::read_to_string(&file).unwrap()) {
            Ok(events) => println!("{}: {events} events", name(&file)),
            Err(difference) => panic!("{}: {difference}", name(&file)),
        }
    }
}
