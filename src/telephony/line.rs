//! The line from a carrier to a bridge, where something goes wrong on it.

use std::time::Duration;

use super::caller::{Happening, Input, Output};
use super::journal::{CallFrame, CallJournal};
use super::record::Carrier;
use crate::expect::{Direction, Fired};
use crate::faults::{
    self, CallFaults, ConnectionFaults, Ending, Line, Silence, Strike, Victim, Way, Wire,
};

impl Carrier {
    fn wire(self) -> Wire {
        match self {
            Self::Twilio => Wire::Twilio,
            Self::AudioCodes => Wire::AudioCodes,
        }
    }
}

/// What goes wrong on a line, and what is on its way.
#[derive(Debug)]
pub(super) struct BadLine {
    wire: Wire,
    faults: ConnectionFaults,
    on_its_way: Line<Output>,
    /// Whether there is a connection.
    is_open: bool,
    /// How a fault ends the connection, until the caller has noticed.
    ending: Option<Ending>,
    fired: Vec<(Duration, Happening)>,
}

/// What became of something that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Fine,
    /// The line broke instead: the caller has to be told.
    Broken,
}

impl BadLine {
    /// A line of a carrier on which these go wrong. The seed is the call's.
    pub(super) fn new(carrier: Carrier, seed: u64, faults: &CallFaults) -> Self {
        let wire = carrier.wire();
        let line = Self {
            wire,
            faults: ConnectionFaults::of_call(wire, seed),
            on_its_way: Line::default(),
            is_open: false,
            ending: None,
            fired: Vec::new(),
        };
        line.faults.add(&faults.to_faults());
        line
    }

    /// Has more go wrong from now on.
    pub(super) fn add(&mut self, faults: &CallFaults, now: Duration) {
        self.faults.set_time(now);
        self.faults.add(&faults.to_faults());
    }

    /// Sees what becomes of the connection.
    pub(super) fn see(&mut self, input: Input<'_>) {
        match input {
            Input::Opened => self.is_open = true,
            Input::Closed { .. }
            | Input::TurnedAway { .. }
            | Input::Broken(_)
            | Input::Violated(_) => {
                self.is_open = false;
                self.on_its_way.clear();
            }
            Input::Text(_) | Input::Binary(_) | Input::Time => {}
        }
    }

    /// Sends what the caller wants sent.
    pub(super) fn send(
        &mut self,
        output: Output,
        now: Duration,
        journal: &mut CallJournal,
    ) -> Sent {
        match output {
            Output::Text(text) => return self.send_text(text, now, journal),
            Output::Open => {
                self.on_its_way = Line::default();
                self.on_its_way.send_last(output, now);
            }
            Output::Close { .. } | Output::Break => self.end(output, now, journal),
        }
        Sent::Fine
    }

    fn send_text(&mut self, text: String, now: Duration, journal: &mut CallJournal) -> Sent {
        self.on_its_way.let_go(now);
        let event = self.wire.type_of(&text);
        let Strike {
            before,
            text: changed,
            mut lost,
            copies,
            way,
            stall,
            end,
            fired,
            ..
        } = if self.ending.is_some() {
            // There is no line any more.
            Strike {
                lost: true,
                ..Strike::default()
            }
        } else {
            self.faults.strike(Victim {
                from: Direction::Server,
                event,
                text: &text,
                sound: None,
                now,
            })
        };
        let bytes = text.len();
        self.note(&fired, event.unwrap_or("(text)"), now);
        self.still(stall);
        self.say(before, now, journal);
        lost |= end.is_some() || self.on_its_way.is_blocked();
        let text = changed.unwrap_or(text);
        journal.note_struck(now, CallFrame::Text(text.clone()), lost, fired);
        if !lost {
            for _ in 0..=copies {
                let copy = Output::Text(text.clone());
                self.on_its_way.send(copy, bytes, event, &way, now);
            }
        }
        self.end_by(end)
    }

    /// Lets happen what is due by time alone.
    pub(super) fn happen(&mut self, now: Duration, journal: &mut CallJournal) -> Sent {
        while self.is_open
            && let Some(strike) = self.faults.strike_by_time(now)
        {
            self.note(&strike.fired, "(line)", now);
            journal.note_struck(now, CallFrame::Fault, false, strike.fired);
            self.still(strike.stall);
            self.say(strike.before, now, journal);
            if self.end_by(strike.end) == Sent::Broken {
                return Sent::Broken;
            }
        }
        Sent::Fine
    }

    fn note(&mut self, fired: &[Fired], on: &str, now: Duration) {
        for fired in fired {
            faults::tell(fired, on);
            let happening = Happening::Fault(fired.clone());
            self.fired.push((now, happening));
        }
    }

    /// Sends texts that are a fault's own, and that no fault hits.
    fn say(&mut self, texts: Vec<String>, now: Duration, journal: &mut CallJournal) {
        for text in texts {
            let lost = self.on_its_way.is_blocked();
            journal.note_struck(now, CallFrame::Text(text.clone()), lost, Vec::new());
            let bytes = text.len();
            let way = Way::default();
            self.on_its_way
                .send(Output::Text(text), bytes, None, &way, now);
        }
    }

    fn still(&mut self, stall: Option<Silence>) {
        match stall {
            Some(Silence::Until(time)) => self.on_its_way.stall_until(time),
            Some(Silence::ForEver) => self.on_its_way.block(),
            None => {}
        }
    }

    fn end_by(&mut self, end: Option<Ending>) -> Sent {
        match end {
            Some(end) => {
                self.ending = Some(end);
                Sent::Broken
            }
            None => Sent::Fine,
        }
    }

    /// Ends the connection as the caller wants, or as a fault did before.
    fn end(&mut self, output: Output, now: Duration, journal: &mut CallJournal) {
        self.is_open = false;
        let is_fault = self.ending.is_some();
        let output = match self.ending.take() {
            Some(Ending::Close { code, reason }) => Output::Close { code, reason },
            Some(Ending::Break) => Output::Break,
            None => output,
        };
        journal.note_sent(now, &output);
        match output {
            // Where nothing arrives ever again, no close does.
            Output::Close { .. } if self.on_its_way.is_blocked() => {
                self.on_its_way.break_off(Output::Break, now);
            }
            Output::Break if !is_fault => self.on_its_way.break_off(output, now),
            Output::Break => self.on_its_way.break_after(output, now),
            _ => self.on_its_way.send_last(output, now),
        }
    }

    /// What has arrived by now.
    pub(super) fn arrived(&mut self, now: Duration) -> Option<Output> {
        self.on_its_way.arrived(now).map(|(_, output)| output)
    }

    /// When something arrives next.
    pub(super) fn next_arrival(&self) -> Option<Duration> {
        self.on_its_way.next()
    }

    /// When something goes wrong next, whatever is sent.
    pub(super) fn next_by_time(&self) -> Option<Duration> {
        self.faults.next_by_time().filter(|_| self.is_open)
    }

    /// What went wrong, in order.
    pub(super) fn into_happenings(self) -> Vec<(Duration, Happening)> {
        self.fired
    }
}
