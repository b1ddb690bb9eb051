//! Responses of every kind, frame by frame.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::transcript;
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::engine::{Pacing, SessionOptions};
use mock_realtime::generators::{
    Ending, PlannedCall, PlannedItem, PlannedMcpCall, PlannedMessage, ResponsePlan,
    ResponseRequest, Scripted,
};
use mock_realtime::protocol::realtime::{
    ConversationItem, McpToolExecutionError, Message, MessagePhase,
};

/// One delta every 10 ms, so that there is a middle.
const SLOW: Pacing = Pacing {
    first: Duration::from_millis(100),
    text: Duration::from_millis(10),
    audio: Duration::from_millis(10),
};

fn check(name: &str, plans: impl IntoIterator<Item = ResponsePlan>) {
    let generator = Box::new(Scripted::of(plans));
    transcript::check(
        name,
        SessionOptions {
            generator,
            ..SessionOptions::default()
        },
    );
}

fn check_slowly(name: &str, plans: impl IntoIterator<Item = ResponsePlan>) {
    let generator = Box::new(Scripted::of(plans));
    transcript::check(
        name,
        SessionOptions {
            generator,
            pacing: SLOW,
            ..SessionOptions::default()
        },
    );
}

fn weather(city: &str) -> PlannedItem {
    PlannedItem::FunctionCall(PlannedCall {
        name: "weather".to_owned(),
        arguments: format!(r#"{{"city":"{city}"}}"#),
        call_id: Some(format!("call_{city}").into()),
    })
}

fn phased(text: &str, phase: MessagePhase) -> PlannedItem {
    PlannedItem::Message(PlannedMessage {
        text: text.to_owned(),
        phase: Some(phase),
        ..PlannedMessage::default()
    })
}

fn mcp_call(outcome: Result<String, McpToolExecutionError>) -> PlannedItem {
    PlannedItem::McpCall(PlannedMcpCall {
        server_label: "library".to_owned(),
        name: "find_book".to_owned(),
        arguments: r#"{"title":"Emma"}"#.to_owned(),
        outcome: outcome.map_err(Into::into),
        approval_request_id: None,
    })
}

#[test]
fn speech() {
    // Short, so that the transcript can be read.
    let audio: Vec<u8> = (0..240).collect();
    let audio = Some(Clip::from_bytes(&audio, Encoding::Pcm16));
    let message = PlannedMessage {
        text: "Good morning.".to_owned(),
        audio,
        ..PlannedMessage::default()
    };
    check(
        "audio_turn",
        [ResponsePlan::of([PlannedItem::Message(message)])],
    );
}

#[test]
fn speech_in_g711() {
    check("audio_turn_g711", [ResponsePlan::message("Hi!")]);
}

#[test]
fn a_function_call_and_its_output() {
    check(
        "function_call_round",
        [
            ResponsePlan::of([weather("Oslo")]),
            ResponsePlan::message("It rains."),
        ],
    );
}

#[test]
fn several_function_calls() {
    check(
        "several_function_calls",
        [ResponsePlan::of([weather("Oslo"), weather("Rome")])],
    );
}

#[test]
fn a_call_opens_before_the_message_before_it_is_closed() {
    let remark = phased("One moment.", MessagePhase::Commentary);
    let answer = phased("It rains.", MessagePhase::FinalAnswer);
    check(
        "message_then_call",
        [
            ResponsePlan::of([remark, weather("Oslo")]),
            ResponsePlan::of([answer]),
        ],
    );
}

#[test]
fn an_output_that_comes_early_is_added_after_the_response() {
    check_slowly("early_call_output", [ResponsePlan::of([weather("Oslo")])]);
}

#[test]
fn an_mcp_call() {
    check(
        "mcp_call",
        [ResponsePlan::of([mcp_call(Ok("On shelf 7.".to_owned()))])],
    );
}

#[test]
fn an_mcp_call_that_fails() {
    check(
        "mcp_call_failed",
        [ResponsePlan::of([mcp_call(Err(
            McpToolExecutionError::new("no such book"),
        ))])],
    );
}

#[test]
fn an_mcp_approval() {
    let request = PlannedItem::McpApprovalRequest {
        server_label: "library".to_owned(),
        name: "lend_book".to_owned(),
        arguments: "{}".to_owned(),
    };
    check("mcp_approval", [ResponsePlan::of([request])]);
}

#[test]
fn cancelled_by_the_client() {
    check_slowly(
        "cancelled_text",
        [ResponsePlan::message("This is going to be a long story.")],
    );
}

#[test]
fn cancelled_speech() {
    check_slowly(
        "cancelled_audio",
        [ResponsePlan::message("This is going to be a long story.")],
    );
}

#[test]
fn cut_at_the_most_tokens() {
    check(
        "incomplete_max_output_tokens",
        [ResponsePlan::message("One two three four five.")],
    );
}

#[test]
fn stopped_by_the_content_filter() {
    let items = vec![PlannedItem::message("I should not")];
    check(
        "incomplete_content_filter",
        [ResponsePlan {
            items,
            ending: Ending::ContentFilter,
            ..ResponsePlan::default()
        }],
    );
}

#[test]
fn failed() {
    check(
        "failed",
        [ResponsePlan::failed(
            "invalid_request_error",
            "insufficient_quota",
        )],
    );
}

#[test]
fn beside_the_conversation() {
    let plans = ["Long enough to be still going on.", "positive"].map(ResponsePlan::message);
    check_slowly("out_of_band", plans);
}

#[test]
fn beside_the_conversation_with_items_of_it() {
    let generator = |request: ResponseRequest<'_>| {
        let read = request.conversation.items().map(|item| match item {
            ConversationItem::Message(Message::User(message)) => {
                message.content[0].text.as_deref().unwrap_or_default()
            }
            _ => "?",
        });
        ResponsePlan::message(read.collect::<Vec<_>>().join(" "))
    };
    let options = SessionOptions {
        generator: Box::new(generator),
        ..SessionOptions::default()
    };
    transcript::check("out_of_band_item_reference", options);
}

#[test]
fn cancelled_by_id() {
    let plans = ["First and going on.", "Second and going on."].map(ResponsePlan::message);
    check_slowly("cancelled_by_id", plans);
}

#[test]
fn what_was_asked_for_instead_of_the_sessions_settings() {
    check("response_overrides", [ResponsePlan::message("Yes.")]);
}
