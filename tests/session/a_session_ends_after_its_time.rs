//! The maximum duration: an error, then the close.

use std::time::Duration;

use crate::support::{Session, answer, drain, types};
use mock_realtime::engine::{Input, SessionOptions};
use serde_json::json;

#[test]
fn after_sixty_minutes() {
    let mut session = Session::new(SessionOptions::default());
    drain(&mut session);
    assert_eq!(session.deadline(), Some(Duration::from_secs(3600)));
    session.handle(Input::Time, Duration::from_millis(3_599_999));
    assert_eq!(drain(&mut session), [] as [serde_json::Value; 0]);
    session.handle(Input::Time, Duration::from_secs(3600));
    let events = drain(&mut session);
    let message = "Your session hit the maximum duration of 60 minutes.";
    assert_eq!(events[0]["error"]["code"], "session_expired");
    assert_eq!(events[0]["error"]["message"], message);
    assert_eq!(events[1], json!({ "close": 1001, "reason": message }));
    assert_eq!(session.deadline(), None);
    assert_eq!(types(&answer(&mut session, "{}")), [] as [&str; 0]);
}
