//! The session itself.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::audio::Encoding;
use crate::dialect::DialectSession;
#[cfg(feature = "calls")]
use crate::engine::DtmfKey;
use crate::engine::{Input, Output};
use crate::expect::{Direction, Frame, Journal, Noted};
use crate::faults::{Faults, HandshakeFault, Line};
use crate::protocol::realtime::ServerEvent;
use crate::protocol::{Event, EventKind};

use super::control::{Command, SessionControl};
use super::engine::{Engine, SentKind};
use super::observer::Clock;

/// A session whose frames are noted, and which a test has a hand on.
#[derive(Debug)]
pub(crate) struct MockSession<E: Engine = DialectSession> {
    session: E,
    /// In a box, which most sessions do not need.
    tap: Option<Box<Tap<E>>>,
    /// How far the test has put the clock forward, and how long it has stood still while the test
    /// held the session.
    ahead: Duration,
    behind: Duration,
    now: Duration,
    over: bool,
    /// What the client has sent and is on its way, with the time of its arrival.
    arriving: VecDeque<(Duration, Incoming<E::Client>)>,
    /// What was sent to the client and is on its way.
    leaving: VecDeque<(Duration, Sent<E::Server>)>,
}

/// What somebody outside sees of a session, and does to it.
#[derive(Debug)]
struct Tap<E: Engine> {
    number: usize,
    journal: Journal,
    control: SessionControl,
    from_client: Line,
    from_server: Line,
    /// How the session ends before it has begun.
    refusal: Option<Sent<E::Server>>,
    clock: Clock,
}

impl<E: Engine> Drop for Tap<E> {
    fn drop(&mut self) {
        self.control.end();
    }
}

/// What a client sends.
#[derive(Debug)]
enum Incoming<C> {
    Event(C),
    /// A text in another dialect, and the event it stands for.
    Translated(C, String),
    /// A text that is no event.
    Text(String),
    Binary,
    NotUtf8,
}

impl<C: Clone + Into<Frame>> Incoming<C> {
    fn noted(&self) -> Noted {
        match self {
            Self::Event(event) => Noted::of(event.clone().into()),
            Self::Translated(event, text) => Noted::translated(event.clone().into(), text),
            Self::Text(text) => Noted::of(Frame::Text(Direction::Client, text.clone())),
            Self::Binary | Self::NotUtf8 => Noted::of(Frame::Binary),
        }
    }
}

/// What a driver has to send.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent<S = ServerEvent> {
    Event(S),
    /// An event, and the text that stands for it in the client's dialect.
    Translated(S, String),
    Text(String),
    Close {
        code: u16,
        reason: String,
    },
    /// The connection is to break here.
    Break,
    /// Audio that a call plays beside its events.
    Audio {
        audio: Bytes,
        encoding: Encoding,
    },
    /// The audio of a call that was not played yet is not to be played.
    ClearAudio,
}

impl<S: Clone + Into<Frame>> Sent<S> {
    /// What the journal has of it. Audio that goes beside the events is no frame.
    fn noted(&self) -> Option<Noted> {
        let by = Direction::Server;
        Some(Noted::of(match self {
            Self::Audio { .. } | Self::ClearAudio => return None,
            Self::Event(event) => event.clone().into(),
            Self::Translated(event, text) => {
                return Some(Noted::translated(event.clone().into(), text));
            }
            Self::Text(text) => Frame::Text(by, text.clone()),
            Self::Close { code, reason } => Frame::Close {
                by,
                code: Some(*code),
                reason: reason.clone(),
            },
            Self::Break => Frame::Close {
                by,
                code: None,
                reason: String::new(),
            },
        }))
    }
}

impl<E: Engine> MockSession<E> {
    /// A session that nobody looks at.
    pub(crate) fn unobserved(session: E) -> Self {
        Self {
            session,
            tap: None,
            ahead: Duration::ZERO,
            behind: Duration::ZERO,
            now: Duration::ZERO,
            over: false,
            arriving: VecDeque::new(),
            leaving: VecDeque::new(),
        }
    }

    /// A session whose frames are noted under a number, and which goes wrong as asked for.
    pub(crate) fn observed(
        session: E,
        number: usize,
        journal: Journal,
        control: SessionControl,
        faults: &Faults,
    ) -> Self {
        let refusal = faults.handshake().map(|fault| match fault {
            HandshakeFault::Status(_) => Sent::Break,
            HandshakeFault::Close { code, reason } => Sent::Close {
                code: *code,
                reason: reason.clone(),
            },
        });
        Self {
            tap: Some(Box::new(Tap {
                number,
                journal,
                control,
                from_client: faults.line(Direction::Client, number),
                from_server: faults.line(Direction::Server, number),
                refusal,
                clock: Clock::default(),
            })),
            ..Self::unobserved(session)
        }
    }

    /// The same, if it is observed, whose time passes by this clock.
    pub(crate) fn on_clock(mut self, clock: Clock) -> Self {
        if let Some(tap) = &mut self.tap {
            tap.clock = clock;
        }
        self
    }

    /// The engine's session.
    pub(crate) fn engine(&self) -> &E {
        &self.session
    }

    /// The same, when it is over.
    #[cfg(feature = "recording")]
    pub(crate) fn into_engine(self) -> E {
        self.session
    }

    /// The hand that somebody may have on it.
    pub(crate) fn control(&self) -> Option<SessionControl> {
        self.tap.as_ref().map(|tap| tap.control.clone())
    }

    fn is_held(&self) -> bool {
        self.tap
            .as_ref()
            .is_some_and(|tap| tap.control.is_holding())
    }

    fn is_on_manual_clock(&self) -> bool {
        let clock = self.tap.as_ref().map(|tap| tap.clock);
        clock.is_some_and(|clock| clock != Clock::Driver)
    }

    /// Takes a text frame of the client, and gives the type of the event if it is one.
    pub(crate) fn take_text(&mut self, text: &str, now: Duration) -> Option<&'static str> {
        let event = self.session.read(text);
        let kind = event.as_ref().ok().map(|event| event.kind().as_str());
        // What is no event the session reads again, to say what is wrong.
        let incoming = match event {
            Ok(event) if self.session.is_translated() => {
                Incoming::Translated(event, text.to_owned())
            }
            Ok(event) => Incoming::Event(event),
            Err(_) => Incoming::Text(text.to_owned()),
        };
        self.take(incoming, now);
        kind
    }

    /// Takes an event of the client.
    pub(crate) fn take_event(&mut self, event: E::Client, now: Duration) {
        self.take(Incoming::Event(event), now);
    }

    /// Takes audio of a call, which comes beside the events.
    #[cfg(feature = "calls")]
    pub(crate) fn listen(&mut self, audio: &[u8], now: Duration) {
        self.take_beside(Input::Audio(audio), now);
    }

    /// A key is pressed in a call.
    #[cfg(feature = "calls")]
    pub(crate) fn press(&mut self, key: DtmfKey, now: Duration) {
        self.take_beside(Input::Dtmf(key), now);
    }

    #[cfg(feature = "calls")]
    fn take_beside(&mut self, input: Input<'_, E::Client>, now: Duration) {
        let now = self.set_time(now);
        self.deliver(now);
        self.session.handle(input, now);
    }

    /// Takes a binary frame of the client.
    pub(crate) fn take_binary(&mut self, now: Duration) {
        self.take(Incoming::Binary, now);
    }

    /// Takes a text frame of the client that is not UTF-8.
    pub(crate) fn take_not_utf8(&mut self, now: Duration) {
        self.take(Incoming::NotUtf8, now);
    }

    fn take(&mut self, incoming: Incoming<E::Client>, now: Duration) {
        let now = self.set_time(now);
        self.deliver(now);
        let Some(tap) = &mut self.tap else {
            return self.hear(incoming, now);
        };
        match tap.from_client.carry(now) {
            None => tap.journal.note(tap.number, now, incoming.noted(), true),
            Some(arrival) => {
                tap.journal.note(tap.number, now, incoming.noted(), false);
                self.arriving.push_back((arrival, incoming));
                self.deliver(now);
            }
        }
    }

    /// Gives the session what has arrived by now, each at its time.
    fn deliver(&mut self, now: Duration) {
        while self.arriving.front().is_some_and(|(at, _)| *at <= now)
            && let Some((arrival, incoming)) = self.arriving.pop_front()
        {
            self.hear(incoming, arrival);
        }
    }

    fn hear(&mut self, incoming: Incoming<E::Client>, now: Duration) {
        match incoming {
            Incoming::Event(event) => self.session.handle(Input::Event(event), now),
            // The text may say what the event does not.
            Incoming::Translated(_, text) | Incoming::Text(text) => {
                self.session.handle(Input::Text(&text), now);
            }
            Incoming::Binary => self.session.handle(Input::Binary, now),
            Incoming::NotUtf8 => self.session.handle(Input::NotUtf8, now),
        }
    }

    /// Lets time pass.
    pub(crate) fn pass_time(&mut self, now: Duration) {
        let now = self.set_time(now);
        self.deliver(now);
        self.session.handle(Input::Time, now);
    }

    /// The client has closed, or is gone without a code.
    pub(crate) fn take_close(&mut self, code: Option<u16>, reason: &str) {
        self.arriving.clear();
        self.leaving.clear();
        if !std::mem::replace(&mut self.over, true) {
            self.note(|| Frame::Close {
                by: Direction::Client,
                code,
                reason: reason.to_owned(),
            });
        }
    }

    /// The driver ends the connection, for a reason that is not the session's. Nothing more comes.
    pub(crate) fn end(&mut self, code: u16, reason: &str) {
        self.arriving.clear();
        self.leaving.clear();
        if !std::mem::replace(&mut self.over, true) {
            self.note(|| Frame::Close {
                by: Direction::Server,
                code: Some(code),
                reason: reason.to_owned(),
            });
        }
    }

    /// The next thing to send.
    pub(crate) fn poll(&mut self) -> Option<Sent<E::Server>> {
        if self.tap.is_none() {
            let sent = self.next_sent()?;
            self.over = matches!(sent, Sent::Close { .. });
            return Some(sent);
        }
        while !self.has_arrived_at_client()
            && let Some(sent) = self.next_sent()
        {
            if let Some(arrival) = self.send(&sent) {
                self.leaving.push_back((arrival, sent));
            }
        }
        if self.has_arrived_at_client() {
            return self.leaving.pop_front().map(|(_, sent)| sent);
        }
        None
    }

    /// Whether the oldest of what was sent has arrived.
    fn has_arrived_at_client(&self) -> bool {
        let oldest = self.leaving.front();
        oldest.is_some_and(|(arrival, _)| *arrival <= self.now)
    }

    /// The next thing that the session sends, or the test.
    fn next_sent(&mut self) -> Option<Sent<E::Server>> {
        if self.over {
            return None;
        }
        if let Some(refusal) = self.tap.as_mut().and_then(|tap| tap.refusal.take()) {
            return Some(refusal);
        }
        if let Some(sent) = self.obey() {
            return Some(sent);
        }
        if self.is_held() {
            return None;
        }
        Some(match self.session.poll()? {
            Output::Event(event) if self.session.is_translated() => self.translate(event),
            Output::Event(event) => Sent::Event(event),
            Output::Text(text) => Sent::Text(text),
            Output::Close { code, reason } => Sent::Close { code, reason },
            Output::Audio { audio, encoding } => Sent::Audio { audio, encoding },
            Output::ClearAudio => Sent::ClearAudio,
        })
    }

    /// The event in the client's words.
    fn translate(&mut self, event: E::Server) -> Sent<E::Server> {
        let mut text = String::new();
        if let Err(error) = self.session.write(&event, &mut text) {
            tracing::error!(%error, "an event could not be written");
        }
        Sent::Translated(event, text)
    }

    /// Whether nothing comes until the client sends something or the test does.
    pub(crate) fn is_waiting_for_client(&self) -> bool {
        let nothing_on_its_way = self.arriving.is_empty() && self.leaving.is_empty();
        nothing_on_its_way && (self.is_held() || !self.session.has_more())
    }

    /// When to come back if nothing else happens before.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        if self.is_held() || self.is_on_manual_clock() {
            return None;
        }
        let own = self.session.deadline().filter(|_| !self.over);
        let arriving = self.arriving.front().map(|(at, _)| *at);
        let leaving = self.leaving.front().map(|(at, _)| *at);
        let next = [own, arriving, leaving].into_iter().flatten().min()?;
        Some(next.saturating_add(self.behind).saturating_sub(self.ahead))
    }

    /// Does what the test asks. A connection that is to break breaks before all that waits.
    fn obey(&mut self) -> Option<Sent<E::Server>> {
        while let Some(command) = self.tap.as_ref()?.control.next() {
            match command {
                Command::Push(make) => self.session.inject(make),
                Command::PushText(text) => self.session.inject_text(text),
                Command::Close { code, reason } => self.session.close(code, reason),
                Command::Break => return Some(Sent::Break),
                Command::Advance(time) => {
                    self.ahead = self.ahead.saturating_add(time);
                    let now = self.now.saturating_add(time);
                    self.deliver(now);
                    self.session.handle(Input::Time, now);
                    self.now = now;
                }
            }
        }
        None
    }

    /// Notes what is sent, and says when it arrives; `None` if it is lost.
    fn send(&mut self, sent: &Sent<E::Server>) -> Option<Duration> {
        let now = self.now;
        let tap = self.tap.as_mut()?;
        let arrival = match sent {
            Sent::Event(event) | Sent::Translated(event, _) => {
                if let SentKind::Conversation(kind) = E::kind(event) {
                    tap.control.note(kind);
                }
                tap.from_server.carry(now)
            }
            Sent::Text(_) => tap.from_server.carry(now),
            Sent::Audio { .. } | Sent::ClearAudio => Some(tap.from_server.carry_close(now)),
            Sent::Close { .. } => {
                self.over = true;
                Some(tap.from_server.carry_close(now))
            }
            Sent::Break => {
                self.over = true;
                self.leaving.clear();
                Some(now)
            }
        };
        if let Some(noted) = sent.noted() {
            tap.journal.note(tap.number, now, noted, arrival.is_none());
        }
        arrival
    }

    /// The session's time at the driver's. It stands still while the test holds the session.
    fn set_time(&mut self, now: Duration) -> Duration {
        if self.is_on_manual_clock() {
            return self.now;
        }
        let now = now.saturating_add(self.ahead);
        if self.is_held() {
            self.behind = now.saturating_sub(self.now);
        }
        self.now = self.now.max(now.saturating_sub(self.behind));
        self.now
    }

    fn note(&self, frame: impl FnOnce() -> Frame) {
        if let Some(tap) = &self.tap {
            tap.journal.record(tap.number, self.now, frame());
        }
    }
}
