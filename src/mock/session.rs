//! The session itself.

use std::time::Duration;

use crate::engine::{Input, Output, Session, SessionOptions};
use crate::expect::{Direction, Frame, Journal};
use crate::protocol::realtime::{ClientEvent, ServerEvent};
use crate::protocol::{Event, decode};

use super::control::{Command, SessionControl};

/// A session whose frames are noted, and which a test has a hand on.
#[derive(Debug)]
pub(crate) struct MockSession {
    session: Session,
    tap: Option<Tap>,
    /// How far the test has put the clock forward, and how long it has stood still while the test
    /// held the session.
    ahead: Duration,
    behind: Duration,
    now: Duration,
    over: bool,
}

/// What somebody outside sees of a session, and does to it.
#[derive(Debug)]
struct Tap {
    number: usize,
    journal: Journal,
    control: SessionControl,
}

/// What a driver has to send.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent {
    Event(ServerEvent),
    Text(String),
    Close {
        code: u16,
        reason: String,
    },
    /// The connection is to break here.
    Break,
}

impl MockSession {
    /// A session that nobody looks at.
    pub(crate) fn unobserved(options: SessionOptions) -> Self {
        Self {
            session: Session::new(options),
            tap: None,
            ahead: Duration::ZERO,
            behind: Duration::ZERO,
            now: Duration::ZERO,
            over: false,
        }
    }

    /// A session whose frames are noted under a number.
    pub(crate) fn observed(
        options: SessionOptions,
        number: usize,
        journal: Journal,
        control: SessionControl,
    ) -> Self {
        Self {
            tap: Some(Tap {
                number,
                journal,
                control,
            }),
            ..Self::unobserved(options)
        }
    }

    /// The engine's session.
    pub(crate) fn engine(&self) -> &Session {
        &self.session
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

    /// Takes a text frame of the client.
    pub(crate) fn take_text(&mut self, text: &str, now: Duration) {
        if self.tap.is_some() {
            match decode::<ClientEvent>(text) {
                Ok(event) => return self.take_event(event, now),
                // The session decodes it again, to say what is wrong.
                Err(_) => self.note(|| Frame::Text(Direction::Client, text.to_owned())),
            }
        }
        let now = self.set_time(now);
        self.session.handle(Input::Text(text), now);
    }

    /// Takes an event of the client.
    pub(crate) fn take_event(&mut self, event: ClientEvent, now: Duration) {
        let now = self.set_time(now);
        self.note(|| Frame::Client(event.clone()));
        self.session.handle(Input::Event(event), now);
    }

    /// Takes a binary frame of the client.
    pub(crate) fn take_binary(&mut self, now: Duration) {
        let now = self.set_time(now);
        self.note(|| Frame::Binary);
        self.session.handle(Input::Binary, now);
    }

    /// Takes a text frame of the client that is not UTF-8.
    pub(crate) fn take_not_utf8(&mut self, now: Duration) {
        let now = self.set_time(now);
        self.note(|| Frame::Binary);
        self.session.handle(Input::NotUtf8, now);
    }

    /// Lets time pass.
    pub(crate) fn pass_time(&mut self, now: Duration) {
        let now = self.set_time(now);
        self.session.handle(Input::Time, now);
    }

    /// The client has closed, or is gone without a code.
    pub(crate) fn take_close(&mut self, code: Option<u16>, reason: &str) {
        if !std::mem::replace(&mut self.over, true) {
            self.note(|| Frame::Close {
                by: Direction::Client,
                code,
                reason: reason.to_owned(),
            });
        }
    }

    /// The next thing to send.
    pub(crate) fn poll(&mut self) -> Option<Sent> {
        if self.over {
            return None;
        }
        if let Some(sent) = self.obey() {
            return Some(self.send(sent));
        }
        if self.is_held() {
            return None;
        }
        loop {
            let sent = match self.session.poll()? {
                Output::Event(event) => Sent::Event(event),
                Output::Text(text) => Sent::Text(text),
                Output::Close { code, reason } => Sent::Close { code, reason },
                // Calls have a transport of their own.
                Output::Audio(_) | Output::ClearAudio => continue,
            };
            return Some(self.send(sent));
        }
    }

    /// Whether nothing comes until the client sends something or the test does.
    pub(crate) fn is_waiting_for_client(&self) -> bool {
        self.is_held() || !self.session.has_more()
    }

    /// When to come back if nothing else happens before.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        if self.over || self.is_held() {
            return None;
        }
        let deadline = self.session.deadline()?;
        Some(
            deadline
                .saturating_add(self.behind)
                .saturating_sub(self.ahead),
        )
    }

    /// Does what the test asks. A connection that is to break breaks before all that waits.
    fn obey(&mut self) -> Option<Sent> {
        while let Some(command) = self.tap.as_ref()?.control.next() {
            match command {
                Command::Push(make) => self.session.inject(make),
                Command::PushText(text) => self.session.inject_text(text),
                Command::Close { code, reason } => self.session.close(code, reason),
                Command::Break => return Some(Sent::Break),
                Command::Advance(time) => {
                    self.ahead = self.ahead.saturating_add(time);
                    let now = self.now.saturating_add(time);
                    self.session.handle(Input::Time, now);
                    self.now = now;
                }
            }
        }
        None
    }

    /// Notes what is sent.
    fn send(&mut self, sent: Sent) -> Sent {
        match &sent {
            Sent::Event(event) => {
                if let Some(tap) = &self.tap {
                    tap.control.note(event.kind());
                }
                self.note(|| Frame::Server(event.clone()));
            }
            Sent::Text(text) => self.note(|| Frame::Text(Direction::Server, text.clone())),
            Sent::Close { code, reason } => self.end(Some(*code), reason.clone()),
            Sent::Break => self.end(None, String::new()),
        }
        sent
    }

    fn end(&mut self, code: Option<u16>, reason: String) {
        self.over = true;
        self.note(|| Frame::Close {
            by: Direction::Server,
            code,
            reason,
        });
    }

    /// The session's time at the driver's. It stands still while the test holds the session.
    fn set_time(&mut self, now: Duration) -> Duration {
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
