//! A recording, as a replay needs it: what is waited for, and what is said then.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use crate::expect::Direction;
use crate::protocol::EventKind;
use crate::protocol::realtime::{ClientEventKind, TranslationClientEventKind};
use crate::recording::{RecordedClose, RecordedSession, Redactor};

use super::compare::{each_id, is_append};

/// What is waited for, and what is said then.
#[derive(Debug)]
pub(super) struct Script {
    /// What differences call the recording.
    pub(super) name: String,
    /// What the client asked, in order, without the audio it appended.
    pub(super) asked: Vec<Asked>,
    /// What the server said, in order.
    pub(super) said: Vec<Said>,
    /// How the server ended it, if it did, and what has to come before.
    pub(super) close: Option<(RecordedClose, Needs)>,
    /// The audio appended, in bytes, and the most of it in one event.
    pub(super) audio: u64,
    pub(super) largest_append: u64,
    /// The ids that the client made up.
    pub(super) client_ids: HashSet<String>,
    /// What is redacted in the recording.
    pub(super) redactor: Redactor,
}

/// An event of the client.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) event_type: String,
    pub(super) event: Value,
    pub(super) line: u64,
    /// The audio that was appended before.
    pub(super) audio_before: u64,
}

impl Asked {
    /// Whether it asks for something that depends on all that came before.
    pub(super) fn is_barrier(&self) -> bool {
        let kinds = [
            ClientEventKind::ResponseCreate,
            ClientEventKind::InputAudioBufferCommit,
            ClientEventKind::InputAudioBufferClear,
        ];
        let is_close = self.event_type == TranslationClientEventKind::SessionClose.as_str();
        is_close || kinds.iter().any(|kind| self.event_type == kind.as_str())
    }

    /// Whether the audio before it ends here.
    pub(super) fn ends_audio(&self) -> bool {
        self.is_barrier() && self.event_type != ClientEventKind::ResponseCreate.as_str()
    }
}

/// An event of the server.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) event: Value,
    pub(super) needs: Needs,
}

/// What has to come before the server says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// So many events of the client, from the first.
    pub(super) asked: usize,
    /// So much appended audio.
    pub(super) audio: u64,
    /// How long after the last of these.
    pub(super) after_asked: Duration,
    /// How long after what the server said before, or the beginning.
    pub(super) after_said: Duration,
}

impl Script {
    pub(super) fn of(name: String, session: &RecordedSession) -> Self {
        let mut script = Self {
            name,
            asked: Vec::new(),
            said: Vec::new(),
            close: None,
            audio: 0,
            largest_append: 0,
            client_ids: HashSet::new(),
            redactor: Redactor::new(session.redaction),
        };
        let mut clock = Clock::default();
        let mut server_ids = HashSet::new();
        for entry in &session.entries {
            match entry.by {
                Direction::Server => {
                    let needs = script.needs(clock.server(entry.at));
                    each_id(&entry.event, &mut |id| {
                        server_ids.insert(id.to_owned());
                    });
                    script.said.push(Said {
                        event: entry.event.clone(),
                        needs,
                    });
                }
                Direction::Client => {
                    clock.client(entry.at);
                    each_id(&entry.event, &mut |id| {
                        if !server_ids.contains(id) {
                            script.client_ids.insert(id.to_owned());
                        }
                    });
                    script.ask(&entry.event, entry.line);
                }
            }
        }
        let closed = session.close.as_ref();
        script.close = closed
            .filter(|close| close.by == Some(Direction::Server))
            .map(|close| (close.clone(), script.needs(clock.server(close.at))));
        script
    }

    fn ask(&mut self, event: &Value, line: u64) {
        if let Some(bytes) = is_append(event) {
            self.audio += bytes;
            self.largest_append = self.largest_append.max(bytes);
            return;
        }
        self.asked.push(Asked {
            event_type: event["type"].as_str().unwrap_or_default().to_owned(),
            event: event.clone(),
            line,
            audio_before: self.audio,
        });
    }

    fn needs(&self, (after_asked, after_said): (Duration, Duration)) -> Needs {
        Needs {
            asked: self.asked.len(),
            audio: self.audio,
            after_asked,
            after_said,
        }
    }
}

/// When something last came from either side.
#[derive(Debug, Default)]
struct Clock {
    client: Option<Duration>,
    server: Option<Duration>,
}

impl Clock {
    fn client(&mut self, at: Option<Duration>) {
        self.client = at.or(self.client);
        // Before the server has said anything, its time counts from the first thing there is.
        self.server = self.server.or(at);
    }

    /// How long after the client's last and the server's last.
    fn server(&mut self, at: Option<Duration>) -> (Duration, Duration) {
        let Some(at) = at else {
            return Default::default();
        };
        let since = |before: Option<Duration>| {
            before.map_or(Duration::ZERO, |before| at.saturating_sub(before))
        };
        let pauses = (since(self.client), since(self.server));
        self.server = Some(at);
        pauses
    }
}
