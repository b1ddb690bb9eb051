//! A session in a dialect.

use std::time::Duration;

use crate::engine::{Input, Output, Session, SessionOptions};
use crate::protocol::realtime::{ClientEvent, ServerEvent};
use crate::protocol::{DecodeError, EventId, decode, encode};

use super::beta::Beta;
use super::{Dialect, azure};

/// A [`Session`] whose client speaks a dialect: it is driven as a session is, and what it gives is
/// written by [`write`](Self::write).
#[derive(Debug)]
pub struct DialectSession {
    session: Session,
    words: Words,
}

#[derive(Debug)]
enum Words {
    Ga,
    Azure,
    Beta(Box<Beta>),
}

impl DialectSession {
    /// A session that has just begun. The options are taken as they are: [`Dialect::options`] are
    /// those of the dialect.
    pub fn new(dialect: Dialect, options: SessionOptions) -> Self {
        let words = match dialect {
            Dialect::Ga => Words::Ga,
            Dialect::Azure => Words::Azure,
            Dialect::Beta | Dialect::AzurePreview => {
                Words::Beta(Box::new(Beta::new(dialect, options.transport)))
            }
        };
        Self {
            session: Session::new(options),
            words,
        }
    }

    /// The same with another temperature than the beta's default of 0.8, until the client sets one.
    /// No other dialect has any.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f64) -> Self {
        if let Words::Beta(beta) = &mut self.words {
            beta.begin_with(temperature);
        }
        self
    }

    /// The engine's session.
    pub const fn engine(&self) -> &Session {
        &self.session
    }

    /// Whether what is on the wire is not the engine's events as they are.
    pub const fn is_translated(&self) -> bool {
        !matches!(self.words, Words::Ga)
    }

    /// The event that a client's text stands for.
    ///
    /// # Errors
    ///
    /// The first fault of the text, as the dialect's server sees it.
    pub fn read(&self, text: &str) -> Result<ClientEvent, DecodeError> {
        match &self.words {
            Words::Ga => decode(text),
            Words::Azure => azure::read(text),
            Words::Beta(beta) => beta.read(text).map(|read| read.event),
        }
    }

    /// See [`Session::handle`].
    pub fn handle(&mut self, input: Input<'_>, now: Duration) {
        let Input::Text(text) = input else {
            return self.session.handle(input, now);
        };
        match &mut self.words {
            Words::Ga => self.session.handle(input, now),
            Words::Azure => match azure::read(text) {
                Ok(event) => self.session.handle(Input::Event(event), now),
                Err(error) => self.session.handle(Input::Unreadable(error), now),
            },
            Words::Beta(beta) => match beta.read(text) {
                Ok(read) => {
                    let before = self.session.accepted();
                    self.session.handle(Input::Event(read.event), now);
                    if self.session.accepted() != before {
                        beta.keep(read.beside);
                    }
                }
                Err(error) => self.session.handle(Input::Unreadable(error), now),
            },
        }
    }

    /// See [`Session::poll`]. Events that the dialect does not have are left out.
    pub fn poll(&mut self) -> Option<Output> {
        loop {
            let output = self.session.poll()?;
            match (&output, &self.words) {
                (Output::Event(event), Words::Azure) if !azure::has(event) => {}
                (Output::Event(event), Words::Beta(beta)) if !beta.has(event) => {}
                _ => return Some(output),
            }
        }
    }

    /// Writes an event in the words of the dialect, after what `text` holds. For each event that
    /// [`poll`](Self::poll) gives once and in that order, since what an event says may depend on
    /// those before it.
    ///
    /// # Errors
    ///
    /// If the event cannot be written as JSON, which none of the engine's is.
    pub fn write(&mut self, event: &ServerEvent, text: &mut String) -> serde_json::Result<()> {
        match &mut self.words {
            Words::Ga => encode(event, text),
            Words::Azure => encode(&azure::in_words(event.clone()), text),
            Words::Beta(beta) => match beta.in_words(event.clone()) {
                Some(event) => encode(&event, text),
                None => Ok(()),
            },
        }
    }

    /// See [`Session::deadline`].
    pub fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }

    /// See [`Session::has_more`].
    pub fn has_more(&self) -> bool {
        self.session.has_more()
    }

    /// See [`Session::inject`].
    pub fn inject<P: Into<ServerEvent>>(&mut self, make: impl FnOnce(EventId) -> P) {
        self.session.inject(make);
    }

    /// See [`Session::inject_text`].
    pub fn inject_text(&mut self, text: impl Into<String>) {
        self.session.inject_text(text);
    }

    /// See [`Session::was_injected`].
    pub const fn was_injected(&self) -> bool {
        self.session.was_injected()
    }

    /// Whether the client speaks the beta, whose events have a schema of their own.
    pub const fn is_beta(&self) -> bool {
        matches!(self.words, Words::Beta(_))
    }

    /// See [`Session::close`].
    pub fn close(&mut self, code: u16, reason: impl Into<String>) {
        self.session.close(code, reason);
    }
}
