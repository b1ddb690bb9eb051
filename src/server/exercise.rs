//! A server that walks its clients through every event, in every way it can come.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use crate::conformance::{Schema, SessionOrder, Violation};
use crate::exercise::{ExercisedSession, Outcome, Report, Said, Turn, Variant, Walk, difference};
use crate::expect::Direction;

use super::ending::End;

/// How long the end of a client's program may take to be known once its connection is gone.
const END_OF_PROGRAM: Duration = Duration::from_millis(300);

/// Reports that wait to be read. Who reports more is slowed down.
const MOST_REPORTS: usize = 256;

/// How clients are exercised.
#[derive(Clone, Debug)]
pub struct ExerciseOptions {
    /// The seed of ids and padding.
    pub seed: u64,
    /// How long a client may take for a variant: to answer a WebSocket ping, or to report what it has
    /// read.
    pub patience: Duration,
    /// How long nothing has to come from a client that does not report before the next variant is sent.
    /// What it says to a variant later is held against another one.
    pub settle: Duration,
    /// Whether the client reports what it reads; see [`Exercise::take_report`].
    pub reports: bool,
}

impl Default for ExerciseOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            patience: Duration::from_secs(2),
            settle: Duration::from_millis(20),
            reports: false,
        }
    }
}

/// The exercise of a client: what it is walked through, and how far it has come. Clones are the same
/// exercise.
///
/// Whoever connects is the client, one connection after the other. It may stay in a session, or come
/// again whenever one is closed: with code 1000 after a part of the way, and as it has been walked
/// through everything.
#[derive(Clone)]
pub struct Exercise {
    shared: Arc<Shared>,
}

struct Shared {
    options: ExerciseOptions,
    state: Mutex<State>,
    reports: mpsc::Sender<Read>,
    connections: watch::Sender<Connections>,
    /// How the client's program ended, if it did.
    exit: watch::Sender<Option<String>>,
    over: watch::Sender<bool>,
    hangs: Notify,
}

struct State {
    walk: Walk,
    reports: mpsc::Receiver<Read>,
    /// What the client does wrong whatever it is sent.
    habits: HashSet<Habit>,
}

/// A violation, but for the values in it.
type Habit = (&'static str, String, String);

#[derive(Clone, Copy, Debug, Default)]
struct Connections {
    open: u64,
    ever: u64,
}

/// What a client says of an event that it has read, or could not read.
#[derive(Debug, Deserialize)]
struct Read {
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default = "yes")]
    ok: bool,
    error: Option<String>,
    event: Option<Value>,
}

const fn yes() -> bool {
    true
}

impl fmt::Debug for Exercise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exercise")
            .field("options", &self.shared.options)
            .field("connections", &*self.shared.connections.borrow())
            .finish_non_exhaustive()
    }
}

impl Exercise {
    /// An exercise with these variants.
    pub fn new(variants: impl IntoIterator<Item = Variant>, options: ExerciseOptions) -> Self {
        let (sender, reports) = mpsc::channel(MOST_REPORTS);
        let walk = Walk::new(variants.into_iter().collect());
        let over = watch::Sender::new(walk.is_over());
        Self {
            shared: Arc::new(Shared {
                options,
                state: Mutex::new(State {
                    walk,
                    reports,
                    habits: HashSet::new(),
                }),
                reports: sender,
                connections: watch::Sender::default(),
                exit: watch::Sender::default(),
                over,
                hangs: Notify::new(),
            }),
        }
    }

    /// Takes what the client reports of an event: a line of JSON with the event's `type`; with
    /// `"ok": false` and an `error` if it could not be read; and, if it likes, with the `event` as it
    /// was read, which is compared with what was sent. Fields that nobody knows may be missing there,
    /// and those that are null.
    ///
    /// Gives `false` for a line that is no report. Waits while there are too many.
    pub async fn take_report(&self, line: &str) -> bool {
        match serde_json::from_str(line) {
            Ok(read) => self.shared.reports.send(read).await.is_ok(),
            Err(_) => false,
        }
    }

    /// The client's program has ended; `how` goes after the words "its program".
    pub fn note_exit(&self, how: impl Into<String>) {
        self.shared.exit.send_replace(Some(how.into()));
    }

    /// The client's program has been started, again or for the first time.
    pub fn note_start(&self) {
        self.shared.exit.send_replace(None);
    }

    /// Ready when the client was walked through everything.
    pub async fn over(&self) {
        let mut over = self.shared.over.subscribe();
        // The sender is here.
        let _ = over.wait_for(|over| *over).await;
    }

    /// Ready when the client no longer answers, and nothing but a new start helps.
    pub async fn hangs(&self) {
        self.shared.hangs.notified().await;
    }

    /// Ready when nobody has been connected for so long.
    pub async fn abandoned(&self, after: Duration) {
        let mut connections = self.shared.connections.subscribe();
        loop {
            let open = connections.borrow_and_update().open > 0;
            tokio::select! {
                _ = connections.changed() => {}
                () = sleep(after), if !open => return,
            }
        }
    }

    /// How often a client has connected.
    pub fn connections(&self) -> u64 {
        self.shared.connections.borrow().ever
    }

    /// What was found so far.
    pub async fn report(&self) -> Report {
        self.shared.state.lock().await.walk.report()
    }

    /// Walks whoever has connected as far as one session goes.
    pub(super) async fn walk<S>(&self, mut socket: WebSocketStream<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let shared = &*self.shared;
        // One after the other.
        let mut state = shared.state.lock().await;
        let state = &mut *state;
        let Some(mut turn) = state.walk.begin() else {
            return goodbye(
                End::close(1000, "the exercise is over"),
                &mut socket,
                shared,
            )
            .await;
        };
        shared.connections.send_modify(|connections| {
            connections.open += 1;
            connections.ever += 1;
        });
        let mut client = Client::new(socket, &turn, shared, state);
        let last = loop {
            let outcome = client.try_turn(&turn).await;
            tracing::debug!(variant = turn.variant.name(), %outcome, "tried");
            if matches!(outcome, Outcome::Silent { .. }) {
                shared.hangs.notify_one();
            }
            let ends = outcome.ends_the_session();
            client.state.walk.note(&turn, outcome.clone());
            if ends {
                break outcome;
            }
            match client.state.walk.go_on(&turn) {
                Some(next) => turn = next,
                None => break outcome,
            }
        };
        client.end(&last).await;
        let is_over = client.state.walk.is_over();
        shared
            .connections
            .send_modify(|connections| connections.open -= 1);
        shared
            .over
            .send_if_modified(|over| is_over && !std::mem::replace(over, is_over));
    }
}

impl Shared {
    /// How the client's program ended, if it did so now.
    async fn end_of_program(&self) -> Option<String> {
        let mut exit = self.exit.subscribe();
        let ended = timeout(END_OF_PROGRAM, exit.wait_for(Option::is_some)).await;
        ended.ok()?.ok()?.clone()
    }
}

/// A client in a session.
struct Client<'a, S> {
    socket: WebSocketStream<S>,
    session: ExercisedSession,
    order: SessionOrder,
    start: Instant,
    shared: &'a Shared,
    state: &'a mut State,
    /// What it is to report, in order.
    expected: VecDeque<Expected>,
    /// What it did wrong in this turn, first.
    verdict: Option<Outcome>,
    pings: u64,
    has_opened: bool,
}

/// An event that the client is to report.
struct Expected {
    event: Value,
    /// Whether the variant is in it.
    is_tried: bool,
}

impl<'a, S> Client<'a, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn new(
        socket: WebSocketStream<S>,
        turn: &Turn,
        shared: &'a Shared,
        state: &'a mut State,
    ) -> Self {
        Self {
            socket,
            session: ExercisedSession::new(turn.variant.flow(), shared.options.seed),
            order: SessionOrder::default(),
            start: Instant::now(),
            shared,
            state,
            expected: VecDeque::new(),
            verdict: None,
            pings: 0,
            has_opened: false,
        }
    }

    /// Sends a variant, and waits for what the client does.
    async fn try_turn(&mut self, turn: &Turn) -> Outcome {
        match self.follow(&turn.variant).await {
            Ok(()) => self.verdict.take().unwrap_or(Outcome::Passed),
            Err(mut outcome) => {
                if let Outcome::Disconnected { exit, .. } = &mut outcome {
                    *exit = self.shared.end_of_program().await;
                }
                outcome
            }
        }
    }

    async fn follow(&mut self, variant: &Variant) -> Result<(), Outcome> {
        if !std::mem::replace(&mut self.has_opened, true) {
            let mut opening = self.session.open();
            let tried = if variant.is_in_opening() {
                variant.apply(&mut opening)
            } else {
                Vec::new()
            };
            self.say(opening, &tried).await?;
            self.settle(variant).await?;
        }
        if !variant.is_in_opening() {
            let mut run = self.session.run(self.start.elapsed());
            let tried = variant.apply(&mut run);
            self.say(run, &tried).await?;
            self.settle(variant).await?;
        }
        Ok(())
    }

    /// Sends what is the server's of this; what is tried stands at these places.
    async fn say(&mut self, said: Vec<Said>, tried: &[usize]) -> Result<(), Outcome> {
        let deadline = Instant::now() + self.shared.options.patience;
        for (index, (by, event)) in said.into_iter().enumerate() {
            let _ = self.order.see(by, &event);
            if by == Direction::Client {
                continue;
            }
            let feeding = self.socket.feed(Message::text(event.to_string()));
            written(timeout_at(deadline, feeding).await)?;
            if self.shared.options.reports {
                let is_tried = tried.contains(&index);
                self.expected.push_back(Expected { event, is_tried });
            }
        }
        written(timeout_at(deadline, self.socket.flush()).await)
    }

    /// Waits until the client has read what was sent, and has said what it has to say.
    async fn settle(&mut self, variant: &Variant) -> Result<(), Outcome> {
        let quiet = if self.shared.options.reports {
            self.until_reported(variant).await?;
            // It has said what it has to say.
            Duration::ZERO
        } else {
            self.until_pong(variant).await?;
            self.shared.options.settle
        };
        // A client that never stops must not stop us.
        let deadline = Instant::now() + self.shared.options.patience;
        while Instant::now() < deadline
            && let Ok(frame) = timeout(quiet, self.socket.next()).await
        {
            self.take(frame, variant).await?;
        }
        Ok(())
    }

    async fn until_pong(&mut self, variant: &Variant) -> Result<(), Outcome> {
        let deadline = Instant::now() + self.shared.options.patience;
        self.pings += 1;
        let payload = Bytes::copy_from_slice(&self.pings.to_be_bytes());
        let ping = self.socket.send(Message::Ping(payload.clone()));
        written(timeout_at(deadline, ping).await)?;
        loop {
            let frame = timeout_at(deadline, self.socket.next()).await;
            let Ok(frame) = frame else {
                return Err(self.silent("no pong"));
            };
            if matches!(&frame, Some(Ok(Message::Pong(answer))) if *answer == payload) {
                return Ok(());
            }
            self.take(frame, variant).await?;
        }
    }

    async fn until_reported(&mut self, variant: &Variant) -> Result<(), Outcome> {
        let mut deadline = Instant::now() + self.shared.options.patience;
        while let Some(next) = self.expected.front() {
            let event_type = next.event["type"].as_str().unwrap_or_default();
            let missing = format!("no report of {event_type}");
            tokio::select! {
                frame = self.socket.next() => self.take(frame, variant).await?,
                Some(read) = self.state.reports.recv() => {
                    self.take_report(read, variant);
                    deadline = Instant::now() + self.shared.options.patience;
                }
                () = sleep_until(deadline) => return Err(self.silent(&missing)),
            }
        }
        Ok(())
    }

    fn silent(&self, missing: &str) -> Outcome {
        let ms = self.shared.options.patience.as_millis();
        Outcome::Silent {
            missing: format!("{missing} within {ms} ms"),
        }
    }

    /// Takes what the client has sent, and answers it as the service would.
    async fn take(
        &mut self,
        frame: Option<Result<Message, Error>>,
        variant: &Variant,
    ) -> Result<(), Outcome> {
        let now = self.start.elapsed();
        let answer = match frame {
            Some(Ok(Message::Text(text))) => {
                self.check(&text, variant);
                self.session.take(&text, now)
            }
            Some(Ok(Message::Binary(_))) => {
                self.wrong("a binary frame, which the protocol does not have".to_owned());
                self.session.take_binary(now)
            }
            Some(Ok(Message::Close(frame))) => {
                return Err(Outcome::Disconnected {
                    code: Some(frame.as_ref().map_or(1005, |frame| frame.code.into())),
                    reason: frame.map_or_else(String::new, |frame| frame.reason.to_string()),
                    exit: None,
                });
            }
            // The library answers pings itself.
            Some(Ok(_)) => return Ok(()),
            Some(Err(_)) | None => return Err(broken()),
        };
        self.say(answer, &[]).await
    }

    /// Holds what the client has sent against the protocol.
    fn check(&mut self, text: &str, variant: &Variant) {
        let Ok(event) = serde_json::from_str::<Value>(text) else {
            return self.wrong("a text that is no JSON".to_owned());
        };
        let mut violations = Schema::Observed.violations(Direction::Client, &event);
        violations.extend(self.order.see(Direction::Client, &event));
        for violation in violations {
            let is_new = !self.state.habits.contains(&habit(&violation));
            if is_new {
                self.wrong(violation.to_string());
            }
            if variant.is_unchanged() {
                self.state.habits.insert(habit(&violation));
            }
        }
    }

    fn wrong(&mut self, violation: String) {
        self.verdict
            .get_or_insert(Outcome::WrongAnswer { violation });
    }

    fn take_report(&mut self, read: Read, variant: &Variant) {
        let is_it = |expected: &Expected| expected.event["type"] == read.event_type.as_str();
        // A report of something else is one of a session before.
        let Some(place) = self.expected.iter().position(is_it) else {
            return;
        };
        let left_out: Vec<Expected> = self.expected.drain(..place).collect();
        if let Some(left_out) = left_out.iter().find(|expected| expected.is_tried) {
            let event_type = left_out.event["type"].as_str().unwrap_or_default();
            self.verdict.get_or_insert(Outcome::NotRead {
                event_type: event_type.to_owned(),
                error: "it was left out".to_owned(),
            });
        }
        let Some(expected) = self.expected.pop_front().filter(|it| it.is_tried) else {
            return;
        };
        let outcome = if read.ok {
            let event = read.event.as_ref();
            let different = event.and_then(|event| difference(&expected.event, event));
            different.filter(|_| !variant.mutation().is_forward_compatible())
        } else {
            Some(Outcome::NotRead {
                event_type: read.event_type,
                error: read
                    .error
                    .unwrap_or_else(|| "it does not say why".to_owned()),
            })
        };
        if let Some(outcome) = outcome {
            self.verdict.get_or_insert(outcome);
        }
    }

    async fn end(&mut self, last: &Outcome) {
        let end = match last {
            Outcome::Disconnected { code: Some(_), .. } => End::Answer,
            Outcome::Disconnected { code: None, .. } => End::Break,
            Outcome::Silent { .. } => End::close(1011, "the client does not answer"),
            _ => match self.session.closed() {
                Some((code, reason)) => End::close(code, reason),
                None => End::close(1000, "connect again for what is left"),
            },
        };
        goodbye(end, &mut self.socket, self.shared).await;
    }
}

async fn goodbye<S>(end: End, socket: &mut WebSocketStream<S>, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _ = timeout(shared.options.patience, end.carry_out(socket)).await;
}

fn habit(violation: &Violation) -> Habit {
    (
        violation.rule.name,
        violation.event_type.clone(),
        violation.path.clone(),
    )
}

/// What a write came to that had its time.
fn written<T>(result: Result<Result<(), Error>, T>) -> Result<(), Outcome> {
    match result {
        Ok(written) => written.map_err(|_| broken()),
        Err(_) => Err(Outcome::Silent {
            missing: "it does not read what is sent".to_owned(),
        }),
    }
}

fn broken() -> Outcome {
    Outcome::Disconnected {
        code: None,
        reason: String::new(),
        exit: None,
    }
}
