//! A response whose plan is made outside the session begins at once, waits for it as long as it may,
//! and can be cancelled meanwhile.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::future::pending;
use std::time::Duration;

use crate::support::{Session, answer, drain, types};
use mock_realtime::engine::{Input, Output, Pacing, SessionOptions, Ticket};
use mock_realtime::generators::{
    Action, Errand, PendingPlan, ResponsePlan, ResponseRequest, Scripted,
};
use serde_json::Value;

const RESPOND: &str = r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#;
const CANCEL: &str = r#"{"type":"response.cancel"}"#;

/// A plan that is not there yet, and never will be by itself.
fn awaited(fallback: ResponsePlan) -> ResponsePlan {
    ResponsePlan::pending(PendingPlan {
        errand: Errand::new(pending()),
        within: Duration::from_secs(5),
        fallback,
    })
}

/// A session whose every response waits for five seconds.
fn session() -> Session {
    let mut session = Session::new(SessionOptions {
        generator: Box::new(|_: ResponseRequest<'_>| awaited(ResponsePlan::message("Nobody."))),
        ..SessionOptions::default()
    });
    drain(&mut session);
    session
}

/// Asks for a response; gives what is sent at once, and the errand.
fn ask(session: &mut Session, now: Duration) -> (Vec<Value>, Ticket) {
    session.handle(Input::Text(RESPOND), now);
    let mut events = Vec::new();
    let mut ticket = None;
    while let Some(output) = session.poll() {
        match output {
            Output::Event(event) => events.push(serde_json::to_value(event).unwrap()),
            Output::Errand(one, _) => ticket = Some(one),
            other => panic!("{other:?}"),
        }
    }
    (events, ticket.unwrap())
}

fn text(events: &[Value]) -> &str {
    let done = { events.iter() }.find(|event| event["type"] == "response.output_text.done");
    done.map_or("", |done| done["text"].as_str().unwrap())
}

#[test]
fn it_is_created_at_once_and_goes_on_when_the_plan_is_there() {
    let mut session = session();
    let (events, ticket) = ask(&mut session, Duration::ZERO);
    assert_eq!(types(&events), ["response.created"]);
    assert!(session.has_more());
    let later = Duration::from_secs(3);
    session.handle(
        Input::Plan(ticket, Some(ResponsePlan::message("Good morning!"))),
        later,
    );
    let events = drain(&mut session);
    assert_eq!(text(&events), "Good morning!");
    let done = events.iter().find(|event| event["type"] == "response.done");
    assert_eq!(done.unwrap()["response"]["status"], "completed");
    // A second plan is one too many.
    session.handle(
        Input::Plan(ticket, Some(ResponsePlan::message("Again!"))),
        later,
    );
    assert_eq!(drain(&mut session), Vec::<Value>::new());
}

#[test]
fn it_is_paced_from_when_the_plan_is_there() {
    let plan = ResponsePlan {
        pacing: Some(Pacing::REALISTIC),
        ..ResponsePlan::message("Good morning!")
    };
    let mut session = session();
    let (_, ticket) = ask(&mut session, Duration::ZERO);
    let then = Duration::from_secs(3);
    session.handle(Input::Plan(ticket, Some(plan)), then);
    assert_eq!(drain(&mut session), Vec::<Value>::new());
    assert_eq!(session.deadline(), Some(then + Pacing::REALISTIC.first));
}

#[test]
fn the_same_plan_gives_the_same_bytes_as_one_that_was_there() {
    let plan = || ResponsePlan::message("Good morning, what may it be?");
    let mut at_once = Session::new(SessionOptions {
        generator: Box::new(Scripted::of([plan()])),
        ..SessionOptions::default()
    });
    drain(&mut at_once);
    let mut waiting = session();
    let (mut late, ticket) = ask(&mut waiting, Duration::ZERO);
    waiting.handle(Input::Plan(ticket, Some(plan())), Duration::ZERO);
    late.extend(drain(&mut waiting));
    let early = answer(&mut at_once, RESPOND);
    assert_eq!(types(&early), types(&late));
    let (mut again, second) = (session(), 0);
    let (mut twice, ticket) = ask(&mut again, Duration::ZERO);
    again.handle(
        Input::Plan(ticket, Some(plan())),
        Duration::from_secs(second),
    );
    twice.extend(drain(&mut again));
    assert_eq!(late, twice);
}

#[test]
fn it_can_be_cancelled_meanwhile() {
    let mut session = session();
    let (_, ticket) = ask(&mut session, Duration::ZERO);
    let events = answer(&mut session, CANCEL);
    assert_eq!(types(&events), ["response.done", "rate_limits.updated"]);
    assert_eq!(events[0]["response"]["status"], "cancelled");
    assert_eq!(events[0]["response"]["output"], Value::Array(Vec::new()));
    session.handle(
        Input::Plan(ticket, Some(ResponsePlan::message("Too late."))),
        Duration::from_secs(1),
    );
    assert_eq!(drain(&mut session), Vec::<Value>::new());
    // There is room for the next, which is another.
    let (events, next) = ask(&mut session, Duration::from_secs(1));
    assert_eq!(types(&events), ["response.created"]);
    assert_ne!(next, ticket);
}

#[test]
fn another_is_refused_meanwhile() {
    let mut session = session();
    ask(&mut session, Duration::ZERO);
    let events = answer(&mut session, RESPOND);
    assert_eq!(types(&events), ["error"]);
    let code = &events[0]["error"]["code"];
    assert_eq!(code, "conversation_already_has_active_response");
}

#[test]
fn the_fallback_follows_when_the_time_is_over() {
    let mut session = session();
    let (_, ticket) = ask(&mut session, Duration::from_secs(1));
    let deadline = session.deadline().unwrap();
    assert_eq!(deadline, Duration::from_secs(6));
    session.handle(Input::Time, deadline);
    assert_eq!(text(&drain(&mut session)), "Nobody.");
    session.handle(
        Input::Plan(ticket, Some(ResponsePlan::message("Too late."))),
        deadline,
    );
    assert_eq!(drain(&mut session), Vec::<Value>::new());
}

#[test]
fn and_at_once_when_there_will_be_no_plan() {
    let mut session = session();
    let (_, ticket) = ask(&mut session, Duration::ZERO);
    session.handle(Input::Plan(ticket, None), Duration::from_millis(20));
    assert_eq!(text(&drain(&mut session)), "Nobody.");
}

#[test]
fn a_plan_that_says_there_is_no_response_or_none_yet_comes_too_late_for_that() {
    let never = ResponsePlan {
        ending: mock_realtime::generators::Ending::NoResponse,
        ..ResponsePlan::default()
    };
    let mut session = session();
    let (_, ticket) = ask(&mut session, Duration::ZERO);
    session.handle(Input::Plan(ticket, Some(never)), Duration::ZERO);
    let events = drain(&mut session);
    assert_eq!(events[0]["response"]["status"], "completed");

    let (_, ticket) = ask(&mut session, Duration::ZERO);
    let again = awaited(ResponsePlan::message("At last."));
    session.handle(Input::Plan(ticket, Some(again)), Duration::ZERO);
    assert_eq!(text(&drain(&mut session)), "At last.");
}

#[test]
fn a_plan_may_end_the_session() {
    let plan = ResponsePlan {
        before: vec![Action::Close {
            code: 1011,
            reason: "enough".to_owned(),
        }],
        ..ResponsePlan::message("Nobody hears this.")
    };
    let mut session = session();
    let (_, ticket) = ask(&mut session, Duration::ZERO);
    session.handle(Input::Plan(ticket, Some(plan)), Duration::ZERO);
    let close = session.poll();
    assert!(
        matches!(close, Some(Output::Close { code: 1011, .. })),
        "{close:?}"
    );
    assert_eq!(session.poll(), None);
}
