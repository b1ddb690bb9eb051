//! Every frame both ways, with its time.

use std::collections::VecDeque;
#[cfg(feature = "telephony")]
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::protocol::realtime::{ClientEvent, ClientEventKind, ServerEvent, ServerEventKind};
use crate::protocol::{Event, EventPayload};

use super::entry::{Entry, Fired, Frame, Noted};
use super::response::{self, ResponseTimes};
use super::timeline;

/// How long a test waits for something to be sent.
const PATIENCE: Duration = Duration::from_secs(60);

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
    use super::super::entry::Direction;
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
