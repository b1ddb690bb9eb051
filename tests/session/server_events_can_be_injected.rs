//! A test may have the session send what it likes, when it likes, valid or broken.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::{Session, assert_valid_server_event, drain, types};
use mock_realtime::engine::{Input, Output, Pacing, SessionOptions};
use mock_realtime::protocol::realtime::{RateLimit, RateLimitsUpdated};

const RESPOND: &str = r#"{"type":"response.create"}"#;

#[test]
fn in_the_middle_of_a_response() {
    let mut session = Session::new(SessionOptions {
        pacing: Pacing::REALISTIC,
        ..SessionOptions::default()
    });
    session.handle(Input::Text(RESPOND), Duration::ZERO);
    drain(&mut session);
    session.handle(Input::Time, Duration::from_millis(210));
    drain(&mut session);
    session.inject(|id| RateLimitsUpdated::new(id, vec![RateLimit::default()]));
    let events = drain(&mut session);
    assert_eq!(types(&events), ["rate_limits.updated"]);
    assert_valid_server_event(&events[0]);
    session.handle(Input::Time, Duration::from_secs(60));
    assert!(types(&drain(&mut session)).contains(&"response.done"));
}

#[test]
fn as_a_frame_that_is_broken() {
    let mut session = Session::new(SessionOptions::default());
    drain(&mut session);
    session.inject_text(r#"{"type":"response.done""#);
    let broken = Output::Text(r#"{"type":"response.done""#.to_owned());
    assert_eq!(session.poll(), Some(broken));
}

#[test]
fn but_not_after_its_end() {
    let mut session = Session::new(SessionOptions::default());
    session.handle(Input::Time, Duration::from_secs(60 * 60));
    drain(&mut session);
    session.inject_text("too late");
    assert_eq!(session.poll(), None);
}
