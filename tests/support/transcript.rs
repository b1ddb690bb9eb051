//! Golden transcripts: `>` what the client sends, `<` what the session sends.

use std::path::Path;

use mock_realtime::engine::{Session, SessionOptions};
use serde_json::Value;

use super::{answer, assert_valid_server_event, drain};

/// Set to write what the session sends now over what the transcripts say.
const UPDATE: &str = "UPDATE_TRANSCRIPTS";

/// Plays the client's lines of `tests/transcripts/NAME.jsonl` and compares the whole with it.
pub(crate) fn check(name: &str, options: SessionOptions) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/transcripts/{name}.jsonl"));
    let expected = std::fs::read_to_string(&path).unwrap();
    let mut session = Session::new(options);
    let mut played = Vec::new();
    note_sent(&mut played, &drain(&mut session));
    for frame in expected.lines().filter_map(|line| line.strip_prefix("> ")) {
        played.push(format!("> {frame}"));
        note_sent(&mut played, &answer(&mut session, frame));
    }
    let played = played.join("\n") + "\n";
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &played).unwrap();
        return;
    }
    for (number, (played, expected)) in played.lines().zip(expected.lines()).enumerate() {
        assert_eq!(
            played,
            expected,
            "{}:{}; {UPDATE}=1 rewrites it",
            path.display(),
            number + 1
        );
    }
    assert_eq!(
        played.lines().count(),
        expected.lines().count(),
        "{}; {UPDATE}=1 rewrites it",
        path.display()
    );
}

fn note_sent(played: &mut Vec<String>, events: &[Value]) {
    events.iter().for_each(assert_valid_server_event);
    played.extend(events.iter().map(|event| format!("< {event}")));
}
