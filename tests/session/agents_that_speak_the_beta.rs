//! Agents of the beta and of Azure, frame by frame. The frames of the beta are held against the schema
//! of what its wire carried.

use std::time::Duration;

use crate::support::transcript::check_in_dialect;
use mock_realtime::dialect::Dialect;
use mock_realtime::engine::{
    Fidelity, Heard, Pacing, ScriptedTranscriber, SessionKind, SessionOptions, Transcript,
    TranscriptSegment, TranscriptionFailure, TranscriptionPace, Transport,
};
use mock_realtime::generators::{PlannedCall, PlannedItem, PlannedMcpCall, ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::{McpListToolsTool, McpToolExecutionError};
use serde_json::Map;

fn saying(dialect: Dialect, answers: &[&str]) -> SessionOptions {
    SessionOptions {
        generator: Box::new(Scripted::new(answers.iter().copied())),
        transcriber: Box::new(ScriptedTranscriber::new(["Hello, my name is Marcelo."])),
        ..dialect.options()
    }
}

fn beta(name: &str, options: SessionOptions) {
    check_in_dialect(name, Dialect::Beta, options);
}

#[test]
fn a_text_turn() {
    beta(
        "beta_text_turn",
        saying(Dialect::Beta, &["Good morning.", "Good night."]),
    );
}

#[test]
fn an_audio_turn_found_in_the_audio() {
    beta(
        "beta_server_vad_turn",
        saying(Dialect::Beta, &["Hello, Marcelo!"]),
    );
}

#[test]
fn a_turn_left_to_the_client() {
    beta(
        "beta_manual_turn",
        saying(Dialect::Beta, &["Hello, Marcelo!"]),
    );
}

#[test]
fn a_function_call_and_its_output() {
    let call = PlannedCall {
        name: "weather".to_owned(),
        arguments: r#"{"city":"Oslo"}"#.to_owned(),
        call_id: Some("call_Oslo".into()),
    };
    let plans = [
        ResponsePlan::of([PlannedItem::FunctionCall(call)]),
        ResponsePlan::message("It rains."),
    ];
    let options = SessionOptions {
        generator: Box::new(Scripted::of(plans)),
        ..Dialect::Beta.options()
    };
    beta("beta_function_call", options);
}

#[test]
fn a_response_that_is_interrupted_and_one_that_is_cancelled() {
    let options = SessionOptions {
        pacing: Pacing {
            first: Duration::from_millis(100),
            text: Duration::from_millis(20),
            audio: Duration::from_millis(20),
        },
        ..saying(Dialect::Beta, &["Hello, Marcelo!", "Are you there?"])
    };
    beta("beta_interrupted", options);
}

#[test]
fn a_session_that_only_transcribes() {
    let options = SessionOptions {
        kind: SessionKind::Transcription,
        transcription_pace: TranscriptionPace::INSTANT,
        ..saying(Dialect::Beta, &[])
    };
    beta("beta_transcription_session", options);
}

#[test]
fn what_is_refused_is_named_as_in_the_beta() {
    beta("beta_refusals", saying(Dialect::Beta, &["Good morning."]));
}

#[test]
fn each_update_tells_its_own_settings() {
    beta("beta_session_update", saying(Dialect::Beta, &[]));
}

#[test]
fn an_early_session_tells_of_its_conversation() {
    let options = SessionOptions {
        fidelity: Fidelity {
            conversation_created: true,
            ..Fidelity::default()
        },
        ..saying(Dialect::Beta, &[])
    };
    beta("beta_of_2024", options);
}

#[test]
fn a_call_over_webrtc() {
    let options = SessionOptions {
        transport: Transport::WebRtc,
        pacing: Pacing::REALISTIC,
        ..saying(Dialect::Beta, &["Hello, Marcelo!", "Are you there?"])
    };
    beta("beta_webrtc_barge_in", options);
}

#[test]
fn a_turn_that_is_not_understood_and_one_of_two_speakers() {
    let mut turns = 0;
    let transcriber = move |_: Heard<'_>| {
        turns += 1;
        if turns == 1 {
            return Err(TranscriptionFailure::default());
        }
        let segment = TranscriptSegment {
            speaker: "spk_1".to_owned(),
            text: "Are you Marcelo?".to_owned(),
            start: Duration::from_millis(300),
            end: Duration::from_millis(1200),
        };
        Ok(Transcript {
            segments: vec![segment],
            ..Transcript::from("Are you Marcelo?")
        })
    };
    let options = SessionOptions {
        transcriber: Box::new(transcriber),
        ..saying(Dialect::Beta, &[])
    };
    beta("beta_transcription", options);
}

#[test]
fn tools_of_an_mcp_server() {
    let call = |outcome| {
        PlannedItem::McpCall(PlannedMcpCall {
            server_label: "library".to_owned(),
            name: "find_book".to_owned(),
            arguments: r#"{"title":"Momo"}"#.to_owned(),
            outcome,
            approval_request_id: None,
        })
    };
    let plan = ResponsePlan::of([
        call(Ok("On shelf 7.".to_owned())),
        call(Err(McpToolExecutionError::new("no such book").into())),
    ]);
    let tools = vec![McpListToolsTool::new("find_book", Map::new())];
    let options = SessionOptions {
        mcp_servers: [("library".to_owned(), tools)].into(),
        generator: Box::new(Scripted::of([plan])),
        ..Dialect::Beta.options()
    };
    beta("beta_mcp", options);
}

#[test]
fn azure_sends_parts_twice_and_no_rate_limits() {
    let options = saying(Dialect::Azure, &["Good morning."]);
    check_in_dialect("azure_text_turn", Dialect::Azure, options);
}

#[test]
fn the_preview_on_azure_is_the_beta() {
    let options = saying(Dialect::AzurePreview, &["Good morning."]);
    check_in_dialect("azure_preview_text_turn", Dialect::AzurePreview, options);
}
