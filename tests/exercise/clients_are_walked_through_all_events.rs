//! Clients of all sorts, and what is found out about them.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::exercise::{Mutation, Outcome, Report, Sessions, Variant, variants};
use mock_realtime::protocol::decode;
use mock_realtime::protocol::realtime::ServerEvent;
use mock_realtime::server::{Exercise, ExerciseOptions, Server, ServerOptions};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// What a client does with an event.
enum Does {
    Nothing,
    Leave,
    /// It reads no more.
    Hang,
    Send(Value),
}

fn of(event_type: &str) -> Vec<Variant> {
    let is_it = |variant: &Variant| variant.event_type() == event_type;
    variants(Sessions::Conversations).filter(is_it).collect()
}

/// Walks a client through the variants. It is told each event, and says what it does and what it
/// reports.
async fn exercise(
    variants: Vec<Variant>,
    reports: bool,
    mut client: impl FnMut(&Value) -> (Does, Option<Value>),
) -> Report {
    let options = ExerciseOptions {
        patience: Duration::from_millis(if reports { 5_000 } else { 300 }),
        settle: Duration::from_millis(5),
        reports,
        ..ExerciseOptions::default()
    };
    let exercise = Exercise::new(variants, options);
    let server = Server::bind_exercise("127.0.0.1:0", ServerOptions::default(), exercise.clone());
    let server = server.await.unwrap();
    let url = format!("{}/realtime?model=gpt-realtime", server.url());
    let serving = tokio::spawn(server.run(pending()));
    let all_sessions = async {
        loop {
            let (mut socket, _) = connect_async(url.as_str()).await.unwrap();
            while let Some(Ok(frame)) = socket.next().await {
                let Message::Text(text) = frame else { continue };
                let event: Value = serde_json::from_str(&text).unwrap();
                let (does, report) = client(&event);
                if let Some(report) = report {
                    exercise.take_report(&report.to_string()).await;
                }
                match does {
                    Does::Nothing => {}
                    Does::Leave => socket.close(None).await.unwrap(),
                    Does::Hang => {
                        exercise.hangs().await;
                        break;
                    }
                    Does::Send(event) => {
                        let text = Message::text(event.to_string());
                        socket.send(text).await.unwrap();
                    }
                }
            }
        }
    };
    tokio::select! {
        () = exercise.over() => {}
        () = all_sessions => {}
    }
    serving.abort();
    exercise.report().await
}

fn failed(report: &Report) -> BTreeMap<String, String> {
    report
        .failed()
        .map(|tried| (tried.variant.name().to_owned(), tried.outcome.to_string()))
        .collect()
}

#[tokio::test]
async fn who_bears_everything_passes() {
    let variants = of("response.done");
    let count = variants.len();
    let report = exercise(variants, false, |_| (Does::Nothing, None)).await;
    assert!(report.is_passed(), "{:?}", failed(&report));
    assert_eq!(report.tried.len(), count);
}

#[tokio::test]
async fn who_leaves_at_one_variant_is_walked_through_the_others() {
    let variants = of("rate_limits.updated");
    let count = variants.len();
    let leaves = |event: &Value| event["rate_limits"] == json!([]);
    let report = exercise(variants, false, |event| {
        let does = if leaves(event) {
            Does::Leave
        } else {
            Does::Nothing
        };
        (does, None)
    })
    .await;
    let expected = (
        "rate_limits.updated/empty-array:rate_limits",
        "closed with 1005",
    );
    let expected = [(expected.0.to_owned(), expected.1.to_owned())];
    assert_eq!(failed(&report), expected.into());
    assert_eq!(report.tried.len(), count);
}

#[tokio::test]
async fn who_leaves_later_is_blamed_for_what_it_has_read() {
    let variants = of("rate_limits.updated");
    let mut has_read = false;
    let report = exercise(variants, false, |event| {
        if event["type"] == "session.created" && !std::mem::take(&mut has_read) {
            return (Does::Nothing, None);
        }
        // It works on the event until something else comes.
        let leaves = std::mem::replace(&mut has_read, event["rate_limits"] == json!([]));
        let does = if leaves { Does::Leave } else { Does::Nothing };
        (does, None)
    })
    .await;
    let failed = failed(&report);
    assert_eq!(failed.len(), 1, "{failed:?}");
    let (name, outcome) = failed.first_key_value().unwrap();
    assert!(
        outcome.contains("only after rate_limits.updated/empty-array:rate_limits"),
        "{name}: {outcome}"
    );
}

#[tokio::test]
async fn who_hangs_is_silent() {
    let variants = of("response.output_text.delta");
    let report = exercise(variants, false, |event| {
        let hangs = event["delta"]
            .as_str()
            .is_some_and(|delta| delta.len() > 10_000);
        (if hangs { Does::Hang } else { Does::Nothing }, None)
    })
    .await;
    let expected = (
        "response.output_text.delta/long-text:delta",
        "went silent: no pong within 300 ms",
    );
    let expected = [(expected.0.to_owned(), expected.1.to_owned())];
    assert_eq!(failed(&report), expected.into());
}

#[tokio::test]
async fn who_answers_wrongly_is_told_so() {
    let variants = of("response.function_call_arguments.done");
    let report = exercise(variants, false, |event| {
        let is_long = event["arguments"]
            .as_str()
            .is_some_and(|text| text.len() > 10_000);
        let does = match event["type"].as_str() {
            // A habit, which is no fault of the variants after the first.
            Some("session.created") => Does::Send(json!({ "type": "response.cancel", "why": 1 })),
            Some("response.function_call_arguments.done") if is_long => Does::Send(json!({
                "type": "conversation.item.create",
                "item": { "type": "function_call_output", "call_id": "call_long", "output": "?" },
            })),
            _ => Does::Nothing,
        };
        (does, None)
    })
    .await;
    let failed = failed(&report);
    let names: Vec<&str> = failed.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "response.function_call_arguments.done/long-text:arguments",
            "response.function_call_arguments.done/unchanged",
        ],
        "{failed:?}"
    );
    assert!(failed[names[0]].contains("output-of-call"), "{failed:?}");
}

#[tokio::test]
async fn who_reports_says_exactly_what_it_cannot_read() {
    let variants = of("error");
    let report = exercise(variants, true, |event| {
        let report = if event["error"]["param"].is_null() {
            json!({ "type": event["type"], "ok": true, "event": event })
        } else {
            json!({ "type": event["type"], "ok": false, "error": "param is a text" })
        };
        (Does::Nothing, Some(report))
    })
    .await;
    let failed = failed(&report);
    assert!(
        failed.contains_key("error/present:error.param"),
        "{failed:?}"
    );
    let expected = "cannot read error: param is a text";
    assert!(
        failed.values().all(|outcome| outcome == expected),
        "{failed:?}"
    );
}

#[tokio::test]
async fn who_reads_something_else_is_told_where() {
    let report = exercise(of("input_audio_buffer.committed"), true, |event| {
        let mut read = event.clone();
        if event["previous_item_id"].is_null() {
            read["previous_item_id"] = json!("null");
        }
        (
            Does::Nothing,
            Some(json!({ "type": event["type"], "event": read })),
        )
    })
    .await;
    let null = "input_audio_buffer.committed/unchanged";
    let expected = r#"read "null" at previous_item_id, where null was sent"#;
    assert_eq!(failed(&report)[null], expected);
}

/// The types of this crate bear what the protocol has.
#[tokio::test]
async fn the_mocks_own_types_read_every_variant_as_it_was_sent() {
    let valid = |variant: &Variant| !variant.mutation().is_forward_compatible();
    let some = variants(Sessions::Conversations).filter(valid).step_by(5);
    let report = exercise(some.collect(), true, |event| {
        let report = match decode::<ServerEvent>(&event.to_string()) {
            Ok(read) => json!({ "type": event["type"], "event": read }),
            Err(error) => json!({ "type": event["type"], "ok": false, "error": error.to_string() }),
        };
        (Does::Nothing, Some(report))
    })
    .await;
    assert!(report.is_passed(), "{:#?}", failed(&report));
}

#[tokio::test]
async fn nothing_more_is_tried_of_an_event_that_is_not_read_at_all() {
    let report = exercise(of("error"), true, |event| {
        let ok = event["type"] != "error";
        (
            Does::Nothing,
            Some(json!({ "type": event["type"], "ok": ok })),
        )
    })
    .await;
    let [only] = &report.tried[..] else {
        panic!("{:?}", failed(&report));
    };
    assert_eq!(only.variant.mutation(), Mutation::Unchanged);
    assert!(matches!(only.outcome, Outcome::NotRead { .. }));
    assert!(report.unread > 0);
}
