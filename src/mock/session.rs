//! The session itself.

use std::time::Duration;

#[cfg(feature = "conformance")]
use crate::conformance::Schema;
use crate::dialect::DialectSession;
#[cfg(feature = "calls")]
use crate::engine::DtmfKey;
use crate::engine::{Input, Output};
use crate::expect::{Direction, Frame, Journal, Noted};
use crate::faults::{self, Ending, Line, Silence, Strike, Victim, Way};
#[cfg(feature = "conformance")]
use crate::protocol::encode;
use crate::protocol::{Event, EventKind, decode};

use super::control::{Command, SessionControl};
use super::engine::{Engine, SentKind};
use super::frame::{Incoming, Sent, cut, spoilt};
use super::observer::Clock;
#[cfg(feature = "conformance")]
use super::verification::{Verification, Verifier};

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
    /// What somebody else does for it or to it: the hand of a test, and plans that are made outside.
    /// Most sessions have neither.
    outside: Option<SessionControl>,
    #[cfg(feature = "conformance")]
    verifier: Option<Box<Verifier>>,
}

/// What somebody outside sees of a session, and does to it.
#[derive(Debug)]
struct Tap<E: Engine> {
    number: usize,
    journal: Journal,
    control: SessionControl,
    /// What the client has sent and is on its way.
    from_client: Line<Incoming<E::Client>>,
    /// What was sent to the client and is on its way.
    from_server: Line<Sent<E::Server>>,
    clock: Clock,
}

impl<E: Engine> Drop for Tap<E> {
    fn drop(&mut self) {
        self.control.end();
    }
}

impl<E: Engine> Tap<E> {
    fn note(&self, now: Duration, noted: Noted) {
        for fired in &noted.faults {
            faults::tell(fired, noted.frame.name());
        }
        self.journal.note(self.number, now, noted);
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
            outside: None,
            #[cfg(feature = "conformance")]
            verifier: None,
        }
    }

    /// The same, with what it sends of itself held against the protocol if there is a verification.
    #[cfg(feature = "conformance")]
    pub(crate) fn verified(mut self, verification: Option<&Verification>) -> Self {
        if let Some(verification) = verification {
            self.verify(verification);
        }
        self
    }

    /// Holds what it sends of itself against the protocol, from its first frame on.
    #[cfg(feature = "conformance")]
    pub(crate) fn verify(&mut self, verification: &Verification) {
        let number = self.tap.as_ref().map(|tap| tap.number);
        let schema = if self.session.is_beta() {
            Schema::Beta
        } else {
            Schema::Observed
        };
        let order = self.session.order();
        self.verifier = Some(Box::new(verification.follow(number, schema, order)));
    }

    /// A session whose frames are noted under a number, and which goes wrong as the faults of its
    /// control say.
    pub(crate) fn observed(
        session: E,
        number: usize,
        journal: Journal,
        control: SessionControl,
    ) -> Self {
        Self {
            tap: Some(Box::new(Tap {
                number,
                journal,
                control: control.clone(),
                from_client: Line::default(),
                from_server: Line::default(),
                clock: Clock::default(),
            })),
            outside: Some(control),
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

    /// The same, when it is over.
    #[cfg(feature = "recording")]
    pub(crate) fn into_engine(self) -> E {
        self.session
    }

    fn is_on_manual_clock(&self) -> bool {
        let clock = self.tap.as_ref().map(|tap| tap.clock);
        clock.is_some_and(|clock| clock != Clock::Driver)
    }

    /// Says that there is no network: what is about handshakes and packets has no effect, but for a
    /// refused handshake, which is a connection that breaks at once.
    pub(crate) fn begin_in_process(&mut self) {
        let Some(tap) = &self.tap else { return };
        if tap.control.faults().begin_in_process().is_some() {
            self.end_by(Ending::Break);
        }
    }

    /// The engine's session.
    pub(crate) fn engine(&self) -> &E {
        &self.session
    }

    /// The hand that somebody may have on it by now.
    pub(crate) fn control(&self) -> Option<SessionControl> {
        self.outside.clone()
    }

    fn is_held(&self) -> bool {
        self.outside
            .as_ref()
            .is_some_and(SessionControl::is_holding)
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
        self.take(incoming, Some(text), now);
        kind
    }

    /// Takes an event of the client.
    pub(crate) fn take_event(&mut self, event: E::Client, now: Duration) {
        self.take(Incoming::Event(event), None, now);
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
        self.take(Incoming::Binary, None, now);
    }

    /// Takes a text frame of the client that is not UTF-8.
    pub(crate) fn take_not_utf8(&mut self, now: Duration) {
        self.take(Incoming::NotUtf8, None, now);
    }

    fn take(&mut self, incoming: Incoming<E::Client>, sent: Option<&str>, now: Duration) {
        let now = self.set_time(now);
        self.deliver(now);
        let Some(tap) = &mut self.tap else {
            return self.hear(incoming, now);
        };
        let is_free = tap.from_client.is_empty() && !tap.from_client.is_blocked();
        if is_free && !tap.control.faults().may_hit(Direction::Client) {
            tap.note(now, incoming.noted());
            return self.hear(incoming, now);
        }
        let text = incoming.written(sent);
        let event = incoming.name();
        let strike = tap.control.faults().strike(Victim {
            from: Direction::Client,
            event,
            text: &text,
            sound: None,
            now,
        });
        let Strike {
            before,
            text: changed,
            lost,
            copies,
            way,
            stall,
            end,
            fired,
            ..
        } = strike;
        let mut noted = incoming.noted();
        let incoming = match changed {
            Some(changed) => {
                noted.wire = Some(changed.clone());
                Incoming::Text(changed)
            }
            None => incoming,
        };
        still(&mut tap.from_client, stall);
        noted.lost = lost || end.is_some() || tap.from_client.is_blocked();
        noted.faults = fired;
        let is_lost = noted.lost;
        tap.note(now, noted);
        if !is_lost {
            for _ in 0..=copies {
                let line = &mut tap.from_client;
                line.send(incoming.clone(), text.len(), event, &way, now);
            }
        }
        self.say(before);
        if let Some(end) = end {
            self.end_by(end);
        }
        self.deliver(now);
    }

    /// Gives the session what has arrived by now, each at its time.
    fn deliver(&mut self, now: Duration) {
        while let Some(tap) = &mut self.tap
            && let Some((arrival, incoming)) = tap.from_client.arrived(now)
        {
            self.hear(incoming, arrival);
        }
    }

    fn hear(&mut self, incoming: Incoming<E::Client>, now: Duration) {
        #[cfg(feature = "conformance")]
        if let Some(verifier) = &mut self.verifier {
            verifier.hear(&incoming.to_json());
        }
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
        self.close_by(Direction::Client, code, reason);
    }

    /// The driver ends the connection, for a reason that is not the session's. Nothing more comes.
    pub(crate) fn end(&mut self, code: u16, reason: &str) {
        self.close_by(Direction::Server, Some(code), reason);
    }

    fn close_by(&mut self, by: Direction, code: Option<u16>, reason: &str) {
        if let Some(tap) = &mut self.tap {
            tap.from_client.clear();
            tap.from_server.clear();
        }
        if !std::mem::replace(&mut self.over, true)
            && let Some(tap) = &self.tap
        {
            let reason = reason.to_owned();
            tap.note(self.now, Noted::of(Frame::Close { by, code, reason }));
        }
    }

    /// The next thing to send.
    pub(crate) fn poll(&mut self) -> Option<Sent<E::Server>> {
        if self.tap.is_none() {
            let sent = self.next_sent()?;
            self.over = matches!(sent, Sent::Close { .. });
            return Some(sent);
        }
        loop {
            self.happen();
            if let Some((_, sent)) = self.tap.as_mut()?.from_server.arrived(self.now) {
                return Some(sent);
            }
            let sent = self.next_sent()?;
            self.send(sent);
        }
    }

    /// The next thing that the session sends, or the test.
    fn next_sent(&mut self) -> Option<Sent<E::Server>> {
        if self.over {
            return None;
        }
        if let Some(sent) = self.obey() {
            return Some(sent);
        }
        if self.is_held() {
            return None;
        }
        let sent = loop {
            let Some(output) = self.session.poll() else {
                return self.session.breaks().then_some(Sent::Break);
            };
            break match output {
                Output::Event(event) if self.session.is_translated() => self.translate(event),
                Output::Event(event) => Sent::Event(event),
                Output::Text(text) => Sent::Text(text),
                Output::Close { code, reason } => Sent::Close { code, reason },
                Output::Errand(ticket, errand) => {
                    let outside = self.outside.get_or_insert_default();
                    outside.run(ticket, errand);
                    continue;
                }
                Output::Audio { audio, encoding } => Sent::Audio { audio, encoding },
                Output::ClearAudio => Sent::ClearAudio,
            };
        };
        #[cfg(feature = "conformance")]
        if let Some(rule) = self.broken_rule(&sent) {
            return Some(Sent::Close {
                code: 1011,
                reason: format!("the mock itself breaks the rule {rule}"),
            });
        }
        Some(sent)
    }

    /// The rule that the session's own frame breaks, if it does and somebody wants to know.
    #[cfg(feature = "conformance")]
    fn broken_rule(&mut self, sent: &Sent<E::Server>) -> Option<&'static str> {
        let verifier = self.verifier.as_mut()?;
        if self.session.was_injected() {
            return None;
        }
        match sent {
            Sent::Event(event) => {
                let mut text = String::new();
                // What cannot be written is no frame, and none that is valid.
                let _ = encode(event, &mut text);
                verifier.hold(&text, self.now)
            }
            Sent::Translated(_, text) => verifier.hold(text, self.now),
            _ => None,
        }
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
        let is_empty = |tap: &Tap<E>| tap.from_client.is_empty() && tap.from_server.is_empty();
        let nothing_on_its_way = self.tap.as_ref().is_none_or(|tap| is_empty(tap));
        nothing_on_its_way && (self.is_held() || !self.session.has_more())
    }

    /// Whether something goes wrong by itself when its time has come.
    pub(crate) fn expects_fault(&self) -> bool {
        self.next_fault().is_some()
    }

    fn next_fault(&self) -> Option<Duration> {
        let tap = self.tap.as_ref().filter(|_| !self.over)?;
        tap.control.faults().next_by_time()
    }

    /// When to come back if nothing else happens before.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        if self.is_held() || self.is_on_manual_clock() {
            return None;
        }
        let own = self.session.deadline().filter(|_| !self.over);
        let tap = self.tap.as_ref();
        let arriving = tap.and_then(|tap| tap.from_client.next());
        let leaving = tap.and_then(|tap| tap.from_server.next());
        let times = [own, arriving, leaving, self.next_fault()];
        let next = times.into_iter().flatten().min()?;
        Some(next.saturating_add(self.behind).saturating_sub(self.ahead))
    }

    /// Does what the test asks. A connection that is to break breaks before all that waits.
    fn obey(&mut self) -> Option<Sent<E::Server>> {
        while let Some(command) = self.outside.as_ref()?.next() {
            match command {
                Command::Push(make) => self.session.inject(make),
                Command::PushText(text) => self.session.inject_text(text),
                Command::Close { code, reason } => self.session.close(code, reason),
                Command::Plan(ticket, plan) => {
                    let plan = plan.map(|plan| *plan);
                    self.session.handle(Input::Plan(ticket, plan), self.now);
                }
                Command::Break => return Some(Sent::Break),
                Command::Advance(time) => {
                    self.ahead = self.ahead.saturating_add(time);
                    let now = self.now.saturating_add(time);
                    self.catch_up(now);
                    self.deliver(now);
                    self.session.handle(Input::Time, now);
                    self.now = now;
                }
            }
        }
        None
    }

    /// Notes what is sent, and sends it on its way.
    fn send(&mut self, sent: Sent<E::Server>) {
        let now = self.now;
        let Some(tap) = &mut self.tap else { return };
        note_fired(tap, now);
        let Some(mut noted) = sent.noted() else {
            // No frame, and nothing that a fault could hit.
            return tap.from_server.send(sent, 0, None, &Way::default(), now);
        };
        noted.injected |= sent.is_event() && self.session.was_injected();
        let kind = match &sent {
            Sent::Event(event) | Sent::Translated(event, _) => Some(E::kind(event)),
            Sent::Close { .. } => {
                self.over = true;
                tap.note(now, noted);
                return tap.from_server.send_last(sent, now);
            }
            Sent::Break => {
                self.over = true;
                tap.note(now, noted);
                return tap.from_server.break_off(sent, now);
            }
            _ => None,
        };
        if let Some(SentKind::Conversation(kind)) = kind {
            tap.control.note(kind);
        }
        let event = kind.map(SentKind::as_str);
        if tap.control.faults().may_hit(Direction::Server) {
            return self.send_struck(sent, noted, kind);
        }
        noted.lost = tap.from_server.is_blocked();
        tap.note(now, noted);
        tap.from_server.send(sent, 0, event, &Way::default(), now);
    }

    /// The same with a frame that may be hit.
    fn send_struck(&mut self, sent: Sent<E::Server>, mut noted: Noted, kind: Option<SentKind>) {
        let now = self.now;
        let text = self.written(&sent);
        let event = kind.map(SentKind::as_str);
        let is_audio = kind.is_some_and(SentKind::is_audio);
        let sound = is_audio.then(|| self.session.output_encoding());
        let Some(tap) = &mut self.tap else { return };
        let strike = tap.control.faults().strike(Victim {
            from: Direction::Server,
            event,
            text: &text,
            sound,
            now,
        });
        let Strike {
            before,
            text: changed,
            lost,
            copies,
            way,
            stall,
            pieces,
            end,
            fired,
        } = strike;
        still(&mut tap.from_server, stall);
        noted.lost = lost || end.is_some() || tap.from_server.is_blocked();
        noted.faults = fired;
        noted.wire = changed.clone().or(noted.wire);
        let is_lost = noted.lost;
        // What comes before it stands before it, too.
        self.say(before);
        let Some(tap) = &mut self.tap else { return };
        tap.note(now, noted);
        if !is_lost {
            let sent = match changed {
                Some(changed) => spoilt(&self.session, sent, changed),
                None => sent,
            };
            let sent = match pieces {
                Some(pieces) => cut(sent, text.clone(), pieces),
                None => sent,
            };
            for _ in 0..=copies {
                let line = &mut tap.from_server;
                line.send(sent.clone(), text.len(), event, &way, now);
            }
        }
        if let Some(end) = end {
            self.end_by(end);
        }
    }

    /// The text of what is sent.
    fn written(&mut self, sent: &Sent<E::Server>) -> String {
        match sent {
            Sent::Event(event) => {
                let mut text = String::new();
                if let Err(error) = self.session.write(event, &mut text) {
                    tracing::error!(%error, "an event could not be written");
                }
                text
            }
            Sent::Translated(_, text) | Sent::Text(text) | Sent::Cut { text, .. } => text.clone(),
            Sent::Audio { .. } | Sent::ClearAudio | Sent::Close { .. } | Sent::Break => {
                String::new()
            }
        }
    }

    /// Lets happen what is due by time alone.
    fn happen(&mut self) {
        let now = self.now;
        while !self.over
            && let Some(tap) = &mut self.tap
            && let Some(strike) = tap.control.faults().strike_by_time(now)
        {
            for fired in strike.fired {
                tap.note(now, Noted::fault(fired));
            }
            still(&mut tap.from_server, strike.stall);
            self.say(strike.before);
            if let Some(end) = strike.end {
                self.end_by(end);
            }
        }
    }

    /// Sends texts that are a fault's own, and that no fault hits.
    fn say(&mut self, texts: Vec<String>) {
        let now = self.now;
        for text in texts {
            let Some(tap) = &mut self.tap else { return };
            let bytes = text.len();
            let sent = match decode::<E::Server>(&text) {
                Ok(event) => Sent::Event(event),
                Err(_) => Sent::Text(text),
            };
            if let Some(mut noted) = sent.noted() {
                noted.lost = tap.from_server.is_blocked();
                tap.note(now, noted);
            }
            tap.from_server
                .send(sent, bytes, None, &Way::default(), now);
        }
    }

    /// Ends the connection by a fault, after what was sent before.
    fn end_by(&mut self, end: Ending) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let Some(tap) = &mut self.tap else { return };
        note_fired(tap, self.now);
        let (reason, code) = match &end {
            Ending::Close { code, reason } => (reason.clone(), Some(*code)),
            Ending::Break => (String::new(), None),
        };
        let by = Direction::Server;
        tap.note(self.now, Noted::of(Frame::Close { by, code, reason }));
        match end {
            Ending::Close { code, reason } => {
                let close = Sent::Close { code, reason };
                tap.from_server.send_last(close, self.now);
            }
            Ending::Break => tap.from_server.break_after(Sent::Break, self.now),
        }
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
        let now = self.now.max(now.saturating_sub(self.behind));
        self.catch_up(now);
        self.now = now;
        if let Some(tap) = &self.tap {
            tap.control.faults().set_time(now);
        }
        now
    }

    /// Lets what goes wrong by time go wrong at its time, however late the driver is: after what was
    /// due before it, and before what is due after it.
    fn catch_up(&mut self, now: Duration) {
        while let Some(at) = self.next_fault().filter(|at| *at < now) {
            self.now = self.now.max(at);
            self.deliver(self.now);
            self.session.handle(Input::Time, self.now);
            while let Some(sent) = self.next_sent() {
                self.send(sent);
            }
            self.happen();
        }
    }
}

/// Notes what went wrong where there was no frame.
fn note_fired<E: Engine>(tap: &Tap<E>, now: Duration) {
    for fired in tap.control.faults().take_fired() {
        tap.note(now, Noted::fault(fired));
    }
}

/// Lets nothing arrive for a time.
fn still<T>(line: &mut Line<T>, stall: Option<Silence>) {
    match stall {
        Some(Silence::Until(time)) => line.stall_until(time),
        Some(Silence::ForEver) => line.block(),
        None => {}
    }
}
