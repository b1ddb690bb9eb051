//! What a plan says beside its items: how the response ends, what it costs, how fast it comes, and
//! what happens before and after it.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::{Session, answer, assert_valid_server_event, drain, types};
use mock_realtime::engine::{Input, Pacing, SessionOptions};
use mock_realtime::generators::{
    Action, Ending, PlannedError, PlannedItem, PlannedMessage, PlannedUsage, ResponsePlan, Scripted,
};
use mock_realtime::protocol::realtime::{McpListToolsTool, Modality, RateLimit, RateLimitName};
use serde_json::{Map, Value, json};

const CREATE: &str = r#"{"type":"response.create","event_id":"mine"}"#;
const IN_TEXT: &str =
    r#"{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}"#;

/// A session in text that follows these plans.
fn session(plans: impl IntoIterator<Item = ResponsePlan>) -> Session {
    let mut session = Session::new(SessionOptions {
        generator: Box::new(Scripted::of(plans)),
        ..SessionOptions::default()
    });
    answer(&mut session, IN_TEXT);
    session
}

/// What follows a `response.create`, valid all of it.
fn respond(session: &mut Session) -> Vec<Value> {
    let events = answer(session, CREATE);
    let valid = events.iter().filter(|event| event["close"].is_null());
    valid.for_each(assert_valid_server_event);
    events
}

fn only<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    let mut found = events.iter().filter(|event| event["type"] == kind);
    let event = found.next().unwrap();
    assert!(found.next().is_none(), "more than one {kind}");
    event
}

fn quota() -> Action {
    Action::Error(PlannedError {
        kind: "server_error".to_owned(),
        code: Some("overloaded".to_owned()),
        message: "Try again later.".to_owned(),
        param: None,
    })
}

#[test]
fn usage_is_told_as_planned_with_right_sums() {
    let usage = PlannedUsage {
        input_text: Some(100),
        cached_text: Some(64),
        output_text: Some(7),
        ..PlannedUsage::default()
    };
    let plan = ResponsePlan {
        usage,
        ..ResponsePlan::message("Hello")
    };
    let events = respond(&mut session([plan]));
    let usage = &only(&events, "response.done")["response"]["usage"];
    assert_eq!(usage["input_tokens"], 100);
    assert_eq!(usage["input_token_details"]["cached_tokens"], 64);
    assert_eq!(usage["output_tokens"], 7);
    assert_eq!(usage["total_tokens"], 107);
}

#[test]
fn a_response_can_have_a_pace_of_its_own() {
    let pacing = Pacing {
        first: Duration::from_millis(500),
        ..Pacing::INSTANT
    };
    let slow = ResponsePlan {
        pacing: Some(pacing),
        ..ResponsePlan::message("Hm")
    };
    let mut session = session([slow]);
    assert_eq!(types(&respond(&mut session)), ["response.created"]);
    assert_eq!(session.deadline(), Some(Duration::from_millis(500)));
    session.handle(Input::Time, Duration::from_millis(500));
    assert_eq!(
        types(&drain(&mut session)).last(),
        Some(&"rate_limits.updated")
    );
}

#[test]
fn metadata_of_the_plan_goes_over_the_clients() {
    let plan = ResponsePlan {
        metadata: [("topic".to_owned(), "tea".to_owned())].into(),
        ..ResponsePlan::message("Hello")
    };
    let frame = r#"{"type":"response.create","response":{"metadata":{"topic":"?","from":"me"}}}"#;
    let events = answer(&mut session([plan]), frame);
    for kind in ["response.created", "response.done"] {
        let metadata = &only(&events, kind)["response"]["metadata"];
        assert_eq!(*metadata, json!({ "from": "me", "topic": "tea" }));
    }
}

#[test]
fn a_response_that_never_ends_can_be_cancelled() {
    let plan = ResponsePlan {
        ending: Ending::Never,
        ..ResponsePlan::message("To be")
    };
    let mut session = session([plan]);
    let events = respond(&mut session);
    assert_eq!(types(&events).last(), Some(&"response.output_text.delta"));
    session.handle(Input::Time, Duration::from_secs(600));
    assert!(drain(&mut session).is_empty());
    session.handle(
        Input::Text(r#"{"type":"response.cancel"}"#),
        Duration::from_secs(601),
    );
    let events = drain(&mut session);
    let done = &only(&events, "response.done")["response"];
    assert_eq!(done["status"], "cancelled");
    assert_eq!(done["output"][0]["content"][0]["text"], "To be");
}

#[test]
fn a_plan_may_reach_the_limit_of_tokens() {
    let plan = ResponsePlan {
        ending: Ending::MaxOutputTokens,
        ..ResponsePlan::message("Once upon a")
    };
    let events = respond(&mut session([plan]));
    let done = &only(&events, "response.done")["response"];
    assert_eq!(done["status"], "incomplete");
    assert_eq!(done["status_details"]["reason"], "max_output_tokens");
}

#[test]
fn an_error_instead_of_a_response_names_the_clients_event() {
    let plan = ResponsePlan {
        ending: Ending::NoResponse,
        before: vec![quota()],
        ..ResponsePlan::default()
    };
    let mut session = session([plan, ResponsePlan::message("Better now")]);
    let events = respond(&mut session);
    assert_eq!(types(&events), ["error"]);
    let error = &events[0]["error"];
    assert_eq!(
        *error,
        json!({
            "type": "server_error", "code": "overloaded", "message": "Try again later.",
            "param": null, "event_id": "mine",
        })
    );
    let events = respond(&mut session);
    assert_eq!(
        only(&events, "response.done")["response"]["status"],
        "completed"
    );
}

#[test]
fn errors_and_a_close_stand_around_a_response() {
    let plan = ResponsePlan {
        before: vec![quota()],
        after: vec![Action::Close {
            code: 4000,
            reason: "enough".to_owned(),
        }],
        ..ResponsePlan::message("Bye")
    };
    let mut session = session([plan]);
    let events = respond(&mut session);
    assert_eq!(events[0]["type"], "error");
    assert_eq!(events[1]["type"], "response.created");
    assert_eq!(
        *events.last().unwrap(),
        json!({ "close": 4000, "reason": "enough" })
    );
    assert!(
        answer(&mut session, CREATE).is_empty(),
        "the session is over"
    );
}

#[test]
fn a_close_before_a_response_leaves_nothing_of_it() {
    let close = Action::Close {
        code: 1011,
        reason: String::new(),
    };
    let plan = ResponsePlan {
        before: vec![close, quota()],
        ..ResponsePlan::message("Never said")
    };
    let events = respond(&mut session([plan]));
    assert_eq!(events, [json!({ "close": 1011, "reason": "" })]);
}

#[test]
fn rate_limits_stay_as_they_are_set() {
    let limit = RateLimit {
        name: Some(RateLimitName::Requests),
        limit: Some(100),
        remaining: Some(0),
        reset_seconds: Some(1.5),
    };
    let plan = ResponsePlan {
        before: vec![Action::RateLimits(vec![limit])],
        ..ResponsePlan::message("One")
    };
    let mut session = session([plan, ResponsePlan::message("Two")]);
    for _ in 0..2 {
        let events = respond(&mut session);
        assert_eq!(
            only(&events, "rate_limits.updated")["rate_limits"],
            json!([{ "name": "requests", "limit": 100, "remaining": 0, "reset_seconds": 1.5 }])
        );
    }
}

#[test]
fn new_tools_of_an_mcp_server_are_listed_where_the_session_has_it() {
    let tools = || Action::McpTools {
        server_label: "library".to_owned(),
        tools: vec![McpListToolsTool::new("lend", Map::new())],
    };
    let with_tools = || ResponsePlan {
        before: vec![tools()],
        ..ResponsePlan::message("Done")
    };
    let mut session = session([with_tools(), with_tools()]);
    assert!(!types(&respond(&mut session)).contains(&"mcp_list_tools.completed"));
    let declare = r#"{"type":"session.update","session":{"type":"realtime","tools":[
        {"type":"mcp","server_label":"library","server_url":"https://example.org"}]}}"#;
    let listed = answer(&mut session, declare);
    assert!(types(&listed).contains(&"mcp_list_tools.completed"));
    let again = respond(&mut session);
    assert_eq!(again[0]["type"], "mcp_list_tools.in_progress");
    assert_eq!(again[1]["item"]["tools"][0]["name"], "lend");
}

#[test]
fn a_message_may_be_text_in_a_spoken_response() {
    let written = PlannedItem::Message(PlannedMessage {
        text: "Written".to_owned(),
        modality: Some(Modality::Text),
        ..PlannedMessage::default()
    });
    let plan = ResponsePlan::of([written, PlannedItem::message("Spoken")]);
    let mut session = Session::new(SessionOptions {
        generator: Box::new(Scripted::of([plan])),
        ..SessionOptions::default()
    });
    let events = respond(&mut session);
    let output = &only(&events, "response.done")["response"]["output"];
    assert_eq!(output[0]["content"][0]["type"], "output_text");
    assert_eq!(output[1]["content"][0]["type"], "output_audio");
}
