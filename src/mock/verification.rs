//! The mock's own frames, held against the protocol.

use std::env;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::conformance::{Schema, SessionOrder, Violation};
use crate::expect::{Direction, Journal};

/// Has every session in process verify what it sends, where it is set to anything but `0`, `false`
/// or nothing.
const VARIABLE: &str = "MOCK_REALTIME_VERIFY";

/// The most breaches that are kept; the others are counted.
const KEPT: usize = 20;

/// The longest frame that is shown whole.
const SHOWN: usize = 400;

/// What was found in the frames that the sessions of a mock have sent of themselves. Clones are the
/// same.
///
/// Each frame is held against the schema, as observed, and against the rules of order that a server
/// has to keep; in the beta, against its schema alone. Exempt is what a user asked for: events and
/// texts that are pushed or sent by hooks, and whatever faults make of frames on their way. The
/// first frame that breaks a rule is held back, and its session is closed with the code 1011.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    found: Arc<Mutex<Found>>,
}

#[derive(Debug, Default)]
struct Found {
    breaches: Vec<Breach>,
    count: u64,
    sessions: usize,
}

/// A frame of the mock that breaks a rule.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Breach {
    /// The session, as its mock numbers them.
    pub session: usize,
    /// When, counted from the start of the session.
    pub at: Duration,
    /// The rule, and where it is broken.
    pub violation: Violation,
    /// The frame, which was not sent.
    pub frame: Value,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (session, seconds) = (self.session, self.at.as_secs_f64());
        let rule = self.violation.rule;
        writeln!(f, "session {session} at {seconds:.3} s, {}", self.violation)?;
        writeln!(f, "  {} ({})", rule.text, rule.source)?;
        let frame = self.frame.to_string();
        match frame.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "  {}…", &frame[..end]),
            None => write!(f, "  {frame}"),
        }
    }
}

impl Verification {
    /// One, if the environment asks for it.
    pub(crate) fn from_env() -> Option<Self> {
        let wanted = env::var_os(VARIABLE)?;
        let wanted = !["", "0", "false"].contains(&wanted.to_string_lossy().as_ref());
        wanted.then(Self::default)
    }

    /// How many rules were broken.
    pub fn count(&self) -> u64 {
        self.found().count
    }

    /// What broke the rules, the first first. Of very many the first are kept.
    pub fn breaches(&self) -> Vec<Breach> {
        self.found().breaches.clone()
    }

    /// What a test fails with, if a rule was broken.
    pub(crate) fn verdict(&self, journal: &Journal) -> Result<(), String> {
        let found = self.found();
        if found.count == 0 {
            return Ok(());
        }
        let breaches: Vec<String> = found.breaches.iter().map(Breach::to_string).collect();
        Err(format!(
            "the mock's own frames break the protocol ({} times):\n{}\nso far:\n{}",
            found.count,
            breaches.join("\n"),
            journal.timeline()
        ))
    }

    /// Follows a session, which has this number if it has one already.
    pub(super) fn follow(
        &self,
        number: Option<usize>,
        schema: Schema,
        order: SessionOrder,
    ) -> Verifier {
        let mut found = self.found();
        let number = number.unwrap_or(found.sessions);
        found.sessions += 1;
        Verifier {
            number,
            schema,
            order,
            verification: self.clone(),
        }
    }

    fn add(&self, breach: Breach) {
        tracing::error!("the mock's own frame breaks the protocol: {breach}");
        let mut found = self.found();
        found.count += 1;
        if found.breaches.len() < KEPT {
            found.breaches.push(breach);
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows one session.
#[derive(Debug)]
pub(super) struct Verifier {
    number: usize,
    schema: Schema,
    order: SessionOrder,
    verification: Verification,
}

impl Verifier {
    /// Takes a frame that the client has sent, and that the session hears.
    pub(super) fn hear(&mut self, frame: &Value) {
        if self.schema != Schema::Beta {
            // What clients do wrong is theirs.
            self.order.see(Direction::Client, frame);
        }
    }

    /// Takes a frame that the session is about to send; the name of the rule it breaks, if it does.
    pub(super) fn hold(&mut self, text: &str, at: Duration) -> Option<&'static str> {
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        let mut violations = self.schema.violations(Direction::Server, &frame);
        if self.schema != Schema::Beta {
            violations.extend(self.order.see(Direction::Server, &frame));
        }
        violations.retain(|violation| violation.rule.side != Some(Direction::Client));
        let rule = violations.first().map(|violation| violation.rule.name);
        for violation in violations {
            self.verification.add(Breach {
                session: self.number,
                at,
                violation,
                frame: frame.clone(),
            });
        }
        rule
    }
}
