//! Golden transcripts: `>` what the client sends, `<` what the session sends, `~` sounds that
//! the client appends or that come in beside the events of a call, `#` a key that is pressed in a
//! call, `@` the time in milliseconds, for all that follows. Of long audio deltas there are the
//! beginning, and beside it the length and a hash.

use std::path::Path;
use std::time::Duration;

use mock_realtime::audio::Encoding;
use mock_realtime::dialect::Dialect;
use mock_realtime::engine::{DtmfKey, Input, SessionOptions, TranslationOptions, Transport};
use mock_realtime::protocol::realtime::{
    ClientEvent, InputAudioBufferAppend, TranslationClientEvent,
    TranslationSessionInputAudioBufferAppend,
};
use serde_json::Value;

use super::{Session, SpokenSession, TranslatingSession, as_json, sound};

/// The longest delta that is shown as it is: that of 240 bytes of audio and a little more.
const LONGEST_DELTA: usize = 400;

/// What is shown of a longer one: 24 bytes of audio.
const SHOWN: usize = 32;

/// Set to write what the session sends now over what the transcripts say.
const UPDATE: &str = "UPDATE_TRANSCRIPTS";

/// Plays the client's lines of `tests/transcripts/NAME.jsonl` and compares the whole with it.
pub(crate) fn check(name: &str, options: SessionOptions) {
    let on_websocket = options.transport == Transport::WebSocket;
    compare(
        name,
        Conversation {
            session: Session::new(options),
            on_websocket,
        },
    );
}

/// The same of a translation session.
pub(crate) fn check_translation(name: &str, options: TranslationOptions) {
    compare(name, TranslatingSession::new(options));
}

/// The same of a session whose client speaks a dialect.
pub(crate) fn check_in_dialect(name: &str, dialect: Dialect, options: SessionOptions) {
    let on_websocket = options.transport == Transport::WebSocket;
    let session = InDialect {
        session: SpokenSession::new(dialect, options),
        on_websocket,
    };
    compare(name, session);
}

/// A session of any kind, which panics where it breaks a rule.
trait Played {
    fn take(&mut self, frame: &str, now: Duration);
    fn hear(&mut self, sounds: &str, now: Duration);
    fn press(&mut self, key: DtmfKey, now: Duration);
    fn pass(&mut self, now: Duration);
    fn send(&mut self) -> Option<Value>;
    fn deadline(&self) -> Option<Duration>;
}

struct Conversation {
    session: Session,
    on_websocket: bool,
}

impl Played for Conversation {
    fn take(&mut self, frame: &str, now: Duration) {
        self.session.handle(Input::Text(frame), now);
    }

    fn hear(&mut self, sounds: &str, now: Duration) {
        let audio = sound::sounds(sounds, self.session.input_encoding());
        let input = if self.on_websocket {
            Input::Event(ClientEvent::from(InputAudioBufferAppend::new(audio)))
        } else {
            Input::Audio(&audio)
        };
        self.session.handle(input, now);
    }

    fn press(&mut self, key: DtmfKey, now: Duration) {
        self.session.handle(Input::Dtmf(key), now);
    }

    fn pass(&mut self, now: Duration) {
        self.session.handle(Input::Time, now);
    }

    fn send(&mut self) -> Option<Value> {
        self.session.poll().map(as_json)
    }

    fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }
}

struct InDialect {
    session: SpokenSession,
    on_websocket: bool,
}

impl Played for InDialect {
    fn take(&mut self, frame: &str, now: Duration) {
        self.session.handle(Input::Text(frame), now);
    }

    fn hear(&mut self, sounds: &str, now: Duration) {
        let audio = sound::sounds(sounds, self.session.engine().input_encoding());
        let input = if self.on_websocket {
            Input::Event(ClientEvent::from(InputAudioBufferAppend::new(audio)))
        } else {
            Input::Audio(&audio)
        };
        self.session.handle(input, now);
    }

    fn press(&mut self, key: DtmfKey, now: Duration) {
        self.session.handle(Input::Dtmf(key), now);
    }

    fn pass(&mut self, now: Duration) {
        self.session.handle(Input::Time, now);
    }

    fn send(&mut self) -> Option<Value> {
        self.session.send()
    }

    fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }
}

impl Played for TranslatingSession {
    fn take(&mut self, frame: &str, now: Duration) {
        self.handle(Input::Text(frame), now);
    }

    fn hear(&mut self, sounds: &str, now: Duration) {
        let audio = sound::sounds(sounds, Encoding::Pcm16);
        let append = TranslationSessionInputAudioBufferAppend::new(audio);
        self.handle(Input::Event(TranslationClientEvent::from(append)), now);
    }

    fn press(&mut self, key: DtmfKey, now: Duration) {
        self.handle(Input::Dtmf(key), now);
    }

    fn pass(&mut self, now: Duration) {
        self.handle(Input::Time, now);
    }

    fn send(&mut self) -> Option<Value> {
        self.poll().map(as_json)
    }

    fn deadline(&self) -> Option<Duration> {
        (**self).deadline()
    }
}

fn compare<S: Played>(name: &str, mut session: S) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/transcripts/{name}.jsonl"));
    let expected = std::fs::read_to_string(&path).unwrap();
    let mut played = Vec::new();
    note_sent(&mut played, &mut session);
    let mut now = Duration::ZERO;
    for line in expected.lines().filter(|line| !line.starts_with('<')) {
        played.push(line.to_owned());
        match line.split_at_checked(2) {
            Some(("> ", frame)) => session.take(frame, now),
            Some(("~ ", sounds)) => session.hear(sounds, now),
            Some(("# ", key)) => {
                let key = key.chars().next().and_then(DtmfKey::new);
                session.press(key.unwrap(), now);
            }
            Some(("@ ", ms)) => {
                let until = Duration::from_millis(ms.parse().unwrap());
                now = wait(&mut session, until, &mut played);
            }
            _ => panic!("{line:?} begins with none of `> `, `< `, `~ `, `# `, `@ `"),
        }
        note_sent(&mut played, &mut session);
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
fn wait<S: Played>(session: &mut S, until: Duration, played: &mut Vec<String>) -> Duration {
    while let Some(deadline) = session.deadline().filter(|deadline| *deadline < until) {
        session.pass(deadline);
        note_sent(played, session);
    }
    session.pass(until);
    until
}

fn note_sent<S: Played>(played: &mut Vec<String>, session: &mut S) {
    while let Some(sent) = session.send() {
        played.push(format!("< {}", readable(sent)));
    }
}

/// The event, with the beginning of audio that is too long to be read, and beside it the length and
/// a hash of all of it. It is still an event.
pub(crate) fn readable(mut event: Value) -> String {
    if let Some(Value::String(delta)) = event.get_mut("delta")
        && delta.len() > LONGEST_DELTA
    {
        // FNV-1a.
        let hash = delta.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        let whole = format!("{} characters, {hash:016x}", delta.len());
        delta.truncate(SHOWN);
        event["delta_in_whole"] = Value::String(whole);
    }
    event.to_string()
}
