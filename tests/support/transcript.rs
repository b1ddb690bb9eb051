//! Golden transcripts: `>` what the client sends, `<` what the session sends.

use std::fmt::Write;
use std::path::Path;

use mock_realtime::engine::{Session, SessionOptions};

use super::{answer, assert_valid_server_event, drain};

/// Set to write what the session sends now over what the transcripts say.
const UPDATE: &str = "UPDATE_TRANSCRIPTS";

/// Plays the client's lines of `tests/transcripts/NAME.jsonl` and compares the whole with it.
pub(crate) fn check(name: &str, options: SessionOptions) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/transcripts/{name}.jsonl"));
    let expected = std::fs::read_to_string(&path).unwrap();
    let mut session = Session::new(options);
    let mut played = String::new();
    let mut note = |direction: char, text: &str| writeln!(played, "{direction} {text}").unwrap();
    let mut send = |events: Vec<serde_json::Value>, note: &mut dyn FnMut(char, &str)| {
        for event in events {
            assert_valid_server_event(&event);
            note('<', &event.to_string());
        }
    };
    send(drain(&mut session), &mut note);
    for frame in expected.lines().filter_map(|line| line.strip_prefix("> ")) {
        note('>', frame);
        send(answer(&mut session, frame), &mut note);
    }
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
