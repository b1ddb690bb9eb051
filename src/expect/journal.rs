//! Every frame both ways, with its time.

use std::collections::VecDeque;
#[cfg(feature = "telephony")]
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::protocol::realtime::{
    ClientEvent, ClientEventKind, ServerEvent, ServerEventKind, TranslationClientEvent,
    TranslationServerEvent,
};
use crate::protocol::{Event, EventKind, EventPayload, encode};

use super::response::{self, ResponseTimes};
use super::timeline;

/// How long a test waits for something to be sent.
const PATIENCE: Duration = Duration::from_secs(60);

/// What frames are called that are no events.
pub(crate) mod names {
    pub(crate) const TEXT: &str = "(text)";
    pub(crate) const BINARY: &str = "(binary)";
    pub(crate) const CLOSE: &str = "(close)";
    pub(crate) const FAULT: &str = "(fault)";
}

#[cfg(feature = "scenario")]
pub(super) const NOT_EVENTS: [&str; 4] = [names::TEXT, names::BINARY, names::CLOSE, names::FAULT];

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The client, which is what is tested.
    Client,
    /// The server, which is the mock.
    Server,
}

impl Direction {
    /// What the side is called in files: `client` or `server`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What was sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// An event of the client.
    Client(ClientEvent),
    /// An event of the server.
    Server(ServerEvent),
    /// An event of the client in a translation session, which has events of its own.
    TranslationClient(TranslationClientEvent),
    /// An event of the server in a translation session.
    TranslationServer(TranslationServerEvent),
    /// A text that is no event: one that the session refused, or one that a test asked for.
    Text(Direction, String),
    /// A binary frame of the client, or one that should have been text and was none.
    Binary,
    /// The end of the connection.
    Close {
        /// Who ended it.
        by: Direction,
        /// The close code; without one the connection broke.
        code: Option<u16>,
        /// The reason given.
        reason: String,
    },
    /// Nothing was sent: something went wrong besides, as [`Entry::faults`] says.
    Fault,
}

/// Something that went wrong because a test asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
pub struct Fired {
    /// What kind of fault it is, as files call it: `drop`, `delay`.
    pub kind: &'static str,
    /// What it did, in words.
    pub what: String,
}

impl fmt::Display for Fired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.what)
    }
}

impl Frame {
    /// Who sent it.
    pub fn direction(&self) -> Direction {
        match self {
            Self::Client(_) | Self::TranslationClient(_) | Self::Binary => Direction::Client,
            Self::Server(_) | Self::TranslationServer(_) | Self::Fault => Direction::Server,
            Self::Text(direction, _) => *direction,
            Self::Close { by, .. } => *by,
        }
    }

    /// The type of the event; of what is no event, what it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Client(event) => event.kind().as_str(),
            Self::Server(event) => event.kind().as_str(),
            Self::TranslationClient(event) => event.kind().as_str(),
            Self::TranslationServer(event) => event.kind().as_str(),
            Self::Text(..) => names::TEXT,
            Self::Binary => names::BINARY,
            Self::Close { .. } => names::CLOSE,
            Self::Fault => names::FAULT,
        }
    }

    /// The frame as JSON: the event, or an object that says what it was.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Client(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::Server(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::TranslationClient(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::TranslationServer(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::Text(_, text) => json!({ "text": text }),
            Self::Binary => json!({ "binary": true }),
            Self::Close { code, reason, .. } => json!({ "code": code, "reason": reason }),
            Self::Fault => Value::Null,
        }
    }

    /// About as many bytes as it keeps.
    fn size(&self) -> usize {
        let held = match self {
            // These are too long to be written only to be counted.
            Self::Client(ClientEvent::InputAudioBufferAppend(event)) => event.audio.len(),
            Self::Server(ServerEvent::ResponseOutputAudioDelta(event)) => event.delta.len(),
            Self::Client(event) => written(event),
            Self::Server(event) => written(event),
            Self::TranslationClient(event) => written(event),
            Self::TranslationServer(event) => written(event),
            Self::Text(_, text) => text.len(),
            Self::Binary | Self::Close { .. } | Self::Fault => 0,
        };
        held + size_of::<Entry>()
    }
}

impl From<ClientEvent> for Frame {
    fn from(event: ClientEvent) -> Self {
        Self::Client(event)
    }
}

impl From<ServerEvent> for Frame {
    fn from(event: ServerEvent) -> Self {
        Self::Server(event)
    }
}

impl From<TranslationClientEvent> for Frame {
    fn from(event: TranslationClientEvent) -> Self {
        Self::TranslationClient(event)
    }
}

impl From<TranslationServerEvent> for Frame {
    fn from(event: TranslationServerEvent) -> Self {
        Self::TranslationServer(event)
    }
}

/// How long an event is as text.
fn written<E: Event>(event: &E) -> usize {
    let mut text = String::new();
    encode(event, &mut text).map_or(0, |()| text.len())
}

/// A frame to be noted, with the text it was on the wire where that was not the frame's own, and with
/// what went wrong.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) frame: Frame,
    pub(crate) wire: Option<String>,
    pub(crate) lost: bool,
    pub(crate) faults: Vec<Fired>,
    /// Whether a user of the mock asked for it.
    pub(crate) injected: bool,
}

impl Noted {
    pub(crate) fn of(frame: Frame) -> Self {
        Self {
            injected: matches!(frame, Frame::Text(Direction::Server, _)),
            frame,
            wire: None,
            lost: false,
            faults: Vec::new(),
        }
    }

    pub(crate) fn translated(frame: Frame, wire: &str) -> Self {
        Self {
            wire: Some(wire.to_owned()),
            ..Self::of(frame)
        }
    }

    /// What went wrong where nothing was sent.
    pub(crate) fn fault(fired: Fired) -> Self {
        Self {
            faults: vec![fired],
            ..Self::of(Frame::Fault)
        }
    }
}

/// A frame in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, counted from the start of the session.
    pub at: Duration,
    /// Which session of the mock, from 0.
    pub session: usize,
    /// What.
    pub frame: Frame,
    /// The text that was on the wire, where the client speaks another dialect than GA, or a fault has
    /// changed it: the frame is what it stands for.
    pub wire: Option<String>,
    /// Whether it was lost on its way, as a test asked for.
    pub lost: bool,
    /// What else went wrong with it, as a test asked for.
    pub faults: Vec<Fired>,
    /// Whether the mock sent it because a user of it asked for it, by a push or in a hook: whatever it
    /// is, the mock's own session would not have sent it.
    pub injected: bool,
}

impl Entry {
    /// About as many bytes as it keeps.
    fn size(&self) -> usize {
        let fault = |fired: &Fired| size_of::<Fired>() + fired.what.len();
        let faults: usize = self.faults.iter().map(fault).sum();
        self.frame.size() + self.wire.as_ref().map_or(0, String::len) + faults
    }

    /// The entry as it is written down.
    pub fn written(&self) -> WrittenEntry {
        WrittenEntry {
            t: u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX),
            session: self.session,
            dir: match (&self.frame, self.frame.direction()) {
                (Frame::Close { .. }, _) => WrittenDirection::Close,
                (Frame::Fault, _) => WrittenDirection::Fault,
                (_, Direction::Client) => WrittenDirection::Client,
                (_, Direction::Server) => WrittenDirection::Server,
            },
            event: self.to_json(),
            by: match &self.frame {
                Frame::Close { by, .. } => Some(by.as_str()),
                _ => None,
            },
            stands_for: self.wire.as_ref().map(|_| self.frame.name()),
            lost: self.lost,
            faults: self.faults.clone(),
            injected: self.injected,
        }
    }

    /// What was on the wire as JSON: the event, or an object that says what it was.
    pub fn to_json(&self) -> Value {
        match &self.wire {
            Some(text) => serde_json::from_str(text).unwrap_or_else(|_| json!({ "text": text })),
            None => self.frame.to_json(),
        }
    }
}

/// An entry of a journal as it is written down, a line of JSON each.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
pub struct WrittenEntry {
    /// When, in milliseconds from the start of the session.
    pub t: u64,
    /// The number of the session, from 0.
    pub session: usize,
    /// Which way it went.
    pub dir: WrittenDirection,
    /// The event as it was on the wire; of what is no event, an object that says what it was.
    pub event: Value,
    /// Who ended the connection, where this is its end: `client` or `server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'static str>,
    /// The type of the GA event that expectations see, where the client speaks another dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<&'static str>,
    /// Whether it was lost on its way, as a test asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "scenario", schemars(default))]
    pub lost: bool,
    /// What else went wrong with it, as a test asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "scenario", schemars(default))]
    pub faults: Vec<Fired>,
    /// Whether the mock sent it because a user of it asked for it, by a push or in a hook.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "scenario", schemars(default))]
    pub injected: bool,
}

/// Which way an entry of a journal went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
pub enum WrittenDirection {
    /// From the client to the server.
    #[serde(rename = "c2s")]
    Client,
    /// From the server to the client.
    #[serde(rename = "s2c")]
    Server,
    /// The end of the connection.
    #[serde(rename = "close")]
    Close,
    /// None: something went wrong where nothing was sent.
    #[serde(rename = "fault")]
    Fault,
}

/// How much a journal keeps. The oldest go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most frames.
    pub frames: usize,
    /// The most bytes, roughly.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frames: 100_000,
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// The frames of all sessions of a mock, in the order in which they came and went.
///
/// Clones share what they hold.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    /// Told of each frame that is noted.
    noted: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
    forgotten: u64,
    limits: Limits,
}

impl Kept {
    fn push(&mut self, entry: Entry) {
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > self.limits.frames || self.bytes > self.limits.bytes {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.size();
            self.forgotten += 1;
        }
    }

    /// From this number on.
    fn from(&self, number: u64) -> impl Iterator<Item = &Entry> {
        let skipped = number.saturating_sub(self.forgotten);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        self.entries.iter().skip(skipped)
    }
}

impl Journal {
    /// A journal that keeps no more than this.
    pub fn with_limits(limits: Limits) -> Self {
        let kept = Kept {
            limits,
            ..Kept::default()
        };
        Self {
            shared: Arc::new(Shared {
                kept: Mutex::new(kept),
                noted: Notify::new(),
            }),
        }
    }

    /// Keeps no more than this from now on.
    pub(crate) fn set_limits(&self, limits: Limits) {
        self.kept().limits = limits;
    }

    /// Notes a frame.
    pub fn record(&self, session: usize, at: Duration, frame: Frame) {
        self.note(session, at, Noted::of(frame));
    }

    /// Notes a frame that was sent, and is lost on its way.
    pub fn record_lost(&self, session: usize, at: Duration, frame: Frame) {
        let lost = true;
        self.note(
            session,
            at,
            Noted {
                lost,
                ..Noted::of(frame)
            },
        );
    }

    /// Notes a frame with what it was on the wire.
    pub(crate) fn note(&self, session: usize, at: Duration, noted: Noted) {
        let Noted {
            frame,
            wire,
            lost,
            faults,
            injected,
        } = noted;
        self.keep(Entry {
            at,
            session,
            frame,
            wire,
            lost,
            faults,
            injected,
        });
    }

    fn keep(&self, entry: Entry) {
        self.kept().push(entry);
        self.shared.noted.notify_waiters();
    }

    /// All that is kept, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.kept().entries.iter().cloned().collect()
    }

    /// What is kept from this number on, each entry with its own. They are counted from the beginning,
    /// with those that were too old to be kept.
    pub fn since(&self, from: u64) -> Vec<(u64, Entry)> {
        let kept = self.kept();
        let numbers = kept.forgotten.max(from)..;
        numbers.zip(kept.from(from).cloned()).collect()
    }

    /// Waits until there are so many entries from a number on that fulfil a condition; the last of
    /// them with its number, and none if that takes until the deadline.
    #[cfg(feature = "admin")]
    pub(crate) async fn until_there(
        &self,
        from: u64,
        count: usize,
        deadline: Instant,
        is_one: impl Fn(&Entry) -> bool,
    ) -> Option<(u64, Entry)> {
        let (mut next, mut left) = (from, count.max(1));
        loop {
            let mut noted = pin!(self.shared.noted.notified());
            noted.as_mut().enable();
            for (number, entry) in self.since(next) {
                next = number + 1;
                if is_one(&entry) {
                    left -= 1;
                    if left == 0 {
                        return Some((number, entry));
                    }
                }
            }
            tokio::time::timeout_at(deadline, noted).await.ok()?;
        }
    }

    /// How many frames were too old to be kept.
    pub fn forgotten(&self) -> u64 {
        self.kept().forgotten
    }

    /// Waits until these sessions are closed, or until the deadline, and gives what each of them sent
    /// and got. Each entry is looked at once, however many are noted meanwhile.
    #[cfg(feature = "telephony")]
    pub(crate) async fn of_closed_sessions(
        &self,
        sessions: &HashSet<usize>,
        deadline: Instant,
    ) -> HashMap<usize, Vec<Entry>> {
        let mut open = sessions.clone();
        let mut next = 0;
        loop {
            let mut noted = pin!(self.shared.noted.notified());
            noted.as_mut().enable();
            {
                let kept = self.kept();
                for entry in kept.from(next) {
                    if let Frame::Close { .. } = entry.frame {
                        open.remove(&entry.session);
                    }
                }
                next = kept.forgotten + kept.entries.len() as u64;
            }
            if open.is_empty() || tokio::time::timeout_at(deadline, noted).await.is_err() {
                break;
            }
        }
        let mut entries: HashMap<usize, Vec<Entry>> = HashMap::new();
        for entry in self.kept().from(0) {
            if sessions.contains(&entry.session) {
                let of_session = entries.entry(entry.session).or_default();
                of_session.push(entry.clone());
            }
        }
        entries
    }

    /// What one session sent and got.
    pub fn of_session(&self, session: usize) -> Vec<Entry> {
        let kept = self.kept();
        let entries = kept.entries.iter().filter(|entry| entry.session == session);
        entries.cloned().collect()
    }

    /// Everything that went wrong in a session because a test asked for it, in order.
    pub fn faults(&self, session: usize) -> Vec<Fired> {
        let kept = self.kept();
        let entries = kept.entries.iter().filter(|entry| entry.session == session);
        entries.flat_map(|entry| entry.faults.clone()).collect()
    }

    /// The client's events of one type.
    ///
    /// ```
    /// use mock_realtime::expect::Journal;
    /// use mock_realtime::protocol::realtime::ResponseCreate;
    ///
    /// let journal = Journal::default();
    /// assert_eq!(journal.sent::<ResponseCreate>(), []);
    /// ```
    pub fn sent<P: EventPayload<ClientEvent> + Clone>(&self) -> Vec<P> {
        self.select(|frame| match frame {
            Frame::Client(event) => P::of(event).cloned(),
            _ => None,
        })
    }

    /// The server's events of one type.
    pub fn received<P: EventPayload<ServerEvent> + Clone>(&self) -> Vec<P> {
        self.select(|frame| match frame {
            Frame::Server(event) => P::of(event).cloned(),
            _ => None,
        })
    }

    /// The types of the client's events, in order.
    pub fn sent_kinds(&self) -> Vec<ClientEventKind> {
        self.select(|frame| match frame {
            Frame::Client(event) => Some(event.kind()),
            _ => None,
        })
    }

    /// The types of the server's events, in order.
    pub fn received_kinds(&self) -> Vec<ServerEventKind> {
        self.select(|frame| match frame {
            Frame::Server(event) => Some(event.kind()),
            _ => None,
        })
    }

    /// When each response that is kept here was created, began to speak and was done.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # tokio::time::pause();
    /// use mock_realtime::client::MockRealtimeClient;
    ///
    /// let mut client = MockRealtimeClient::saying(["Good morning!"]);
    /// client.say("Hello");
    /// client.collect_response().await;
    /// let times = &client.journal().responses()[0];
    /// assert!(times.first_delta <= times.done);
    /// # }
    /// ```
    pub fn responses(&self) -> Vec<ResponseTimes> {
        response::responses(&self.kept().entries)
    }

    /// Waits until the client has sent so many events of a type, in all sessions; the last of them.
    ///
    /// # Panics
    ///
    /// If that takes longer than a minute of tokio's time, with the timeline. On paused time that is
    /// at once, where nothing else happens.
    pub async fn until_sent<P: EventPayload<ClientEvent> + Clone>(&self, count: usize) -> P {
        let what = format!("the client has sent {count} {}", P::KIND);
        self.until(what, || self.sent::<P>().into_iter().nth(count.max(1) - 1))
            .await
    }

    /// Waits until the server has sent so many events of a type, in all sessions; the last of them.
    ///
    /// # Panics
    ///
    /// As [`until_sent`](Self::until_sent).
    pub async fn until_received<P: EventPayload<ServerEvent> + Clone>(&self, count: usize) -> P {
        let what = format!("the mock has sent {count} {}", P::KIND);
        self.until(what, || {
            self.received::<P>().into_iter().nth(count.max(1) - 1)
        })
        .await
    }

    /// Waits until a session is closed, by either side.
    ///
    /// # Panics
    ///
    /// As [`until_sent`](Self::until_sent).
    pub async fn until_closed(&self, session: usize) {
        let is_end =
            |entry: &Entry| entry.session == session && matches!(entry.frame, Frame::Close { .. });
        let what = format!("session {session} is closed");
        self.until(what, || {
            self.kept().entries.iter().any(is_end).then_some(())
        })
        .await;
    }

    async fn until<T>(&self, what: String, find: impl Fn() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut noted = pin!(self.shared.noted.notified());
            noted.as_mut().enable();
            if let Some(found) = find() {
                return found;
            }
            let waited = tokio::time::timeout_at(deadline, noted).await;
            assert!(
                waited.is_ok(),
                "waited {PATIENCE:?} until {what}; so far:\n{}",
                self.timeline()
            );
        }
    }

    fn select<T>(&self, of: impl Fn(&Frame) -> Option<T>) -> Vec<T> {
        let kept = self.kept();
        kept.entries
            .iter()
            .filter_map(|entry| of(&entry.frame))
            .collect()
    }

    /// The last frames, both sides, for people to read.
    pub fn timeline(&self) -> String {
        timeline::draw(&self.entries())
    }

    /// Writes it as lines of JSON: `dir` is `c2s`, `s2c`, `fault`, or `close`, of which `by` names the
    /// side (`client` or `server`), `event` the event as it was on the wire, `t` the time in
    /// milliseconds, `session` the session's number, and `lost` is there and true where the frame was
    /// lost on its way, as `injected` is where a user of the mock asked for it. What else went wrong is
    /// in `faults`, each with its `kind` and `what` it did.
    /// Where the client speaks another dialect, or a fault has changed the text, `stands_for` is the
    /// type of the GA event that expectations see.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for entry in self.entries() {
            let line = serde_json::to_string(&entry.written())?;
            writeln!(file, "{line}")?;
        }
        file.flush()
    }

    /// A panic elsewhere does not make what was noted wrong.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, feature = "telephony"))]
mod tests {
    use super::*;

    fn close(journal: &Journal, session: usize) {
        let by = Direction::Client;
        let frame = Frame::Close {
            by,
            code: None,
            reason: String::new(),
        };
        journal.record(session, Duration::ZERO, frame);
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_are_given_when_the_last_is_closed() {
        let journal = Journal::default();
        for session in 0..3 {
            journal.record(session, Duration::ZERO, Frame::Binary);
        }
        close(&journal, 0);
        let noting = journal.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            close(&noting, 2);
        });
        let started = Instant::now();
        let deadline = started + Duration::from_secs(5);
        let sessions = HashSet::from([0, 2]);
        let of = journal.of_closed_sessions(&sessions, deadline).await;
        assert_eq!(started.elapsed(), Duration::from_secs(1));
        assert_eq!((of.len(), of[&0].len(), of[&2].len()), (2, 2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_stays_open_is_waited_for_no_longer() {
        let journal = Journal::default();
        journal.record(7, Duration::ZERO, Frame::Binary);
        let deadline = Instant::now() + Duration::from_secs(5);
        let sessions = HashSet::from([7]);
        let of = journal.of_closed_sessions(&sessions, deadline).await;
        assert_eq!(of[&7].len(), 1);
        assert_eq!(Instant::now(), deadline);
    }
}
