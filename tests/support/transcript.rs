//! Golden transcripts: `>` what the client sends, `<` what the session sends, `~` sounds that
//! the client appends, `@` the time in milliseconds, for all that follows.

use std::path::Path;
use std::time::Duration;

use mock_realtime::engine::{Input, Session, SessionOptions};
use serde_json::Value;

use super::sound;
use super::{assert_valid_server_event, drain};

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
    let mut now = Duration::ZERO;
    for line in expected.lines().filter(|line| !line.starts_with('<')) {
        played.push(line.to_owned());
        match line.split_at_checked(2) {
            Some(("> ", frame)) => session.handle(Input::Text(frame), now),
            Some(("~ ", sounds)) => sound::play(&mut session, sounds, now),
            Some(("@ ", ms)) => {
                let until = Duration::from_millis(ms.parse().unwrap());
                now = wait(&mut session, until, &mut played);
            }
            _ => panic!("{line:?} begins with none of `> `, `< `, `~ `, `@ `"),
        }
        note_sent(&mut played, &drain(&mut session));
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

/// Lets the time pass from deadline to deadline, as a driver does.
fn wait(session: &mut Session, until: Duration, played: &mut Vec<String>) -> Duration {
    while let Some(deadline) = session.deadline().filter(|deadline| *deadline < until) {
        session.handle(Input::Time, deadline);
        note_sent(played, &drain(session));
    }
    session.handle(Input::Time, until);
    until
}

fn note_sent(played: &mut Vec<String>, events: &[Value]) {
    events.iter().for_each(assert_valid_server_event);
    played.extend(events.iter().map(|event| format!("< {event}")));
}
