//! A caller without a driver: time is put forward by hand, and what it sends is kept.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::time::Duration;

use mock_realtime::telephony::{Action, Caller, Finding, FindingKind, Input, Output};
use serde_json::Value;

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A caller, the time it is, and what came of it.
pub(crate) struct Telephone<C> {
    pub(crate) caller: C,
    pub(crate) now: Duration,
    /// When each message was taken from the caller, and the message.
    pub(crate) sent: Vec<(Duration, Value)>,
    /// What else a driver is told to do.
    pub(crate) told: Vec<Output>,
}

impl<C: Caller> Telephone<C> {
    /// A caller whose connection has just been opened.
    pub(crate) fn dialled(caller: C) -> Self {
        let mut telephone = Self {
            caller,
            now: Duration::ZERO,
            sent: Vec::new(),
            told: Vec::new(),
        };
        telephone.input(Input::Opened);
        telephone
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        self.caller.handle(input, self.now);
        self.collect();
    }

    /// Puts the time forward, and stops wherever the caller wants to be woken.
    pub(crate) fn until(&mut self, time: u64) {
        let end = ms(time);
        while let Some(next) = self.caller.deadline().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.input(Input::Time);
        }
        self.now = end;
        self.input(Input::Time);
    }

    /// Puts the time forward in one step: a driver that wakes late.
    pub(crate) fn jump(&mut self, time: u64) {
        self.now = ms(time);
        self.input(Input::Time);
    }

    /// The bridge sends a message.
    pub(crate) fn receive(&mut self, message: &Value) {
        self.input(Input::Text(&message.to_string()));
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.caller.act(action, self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.caller.poll() {
            match output {
                Output::Text(text) => {
                    let message = serde_json::from_str(&text).unwrap();
                    self.sent.push((self.now, message));
                }
                other => self.told.push(other),
            }
        }
    }

    /// The messages sent, by the value of this tag.
    pub(crate) fn of(&self, tag: &str, value: &str) -> Vec<(Duration, Value)> {
        let sent = self.sent.iter();
        sent.filter(|(_, message)| message[tag] == value)
            .cloned()
            .collect()
    }

    pub(crate) fn findings(&self) -> &[Finding] {
        &self.caller.notes().findings
    }

    pub(crate) fn kinds(&self) -> Vec<FindingKind> {
        self.findings().iter().map(|finding| finding.kind).collect()
    }
}
