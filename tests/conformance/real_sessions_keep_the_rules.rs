//! What the real service sends breaks no rule, and the published schema only where that is known.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeSet;
use std::fs;

use crate::support::shared;
use mock_realtime::conformance::{Schema, SessionOrder, Violation};
use mock_realtime::expect::Direction;
use serde_json::Value;

const SESSIONS: [&str; 4] = [
    "ga_text_in_audio_out_turn",
    "ga_tool_call_round",
    "ga_audio_in_server_vad_turn",
    "ga_message_history_seeding",
];

/// The frames of a recorded session.
fn frames(name: &str) -> Option<Vec<(Direction, Value)>> {
    let file = shared(&format!("recordings/{name}.jsonl"))?;
    let lines = fs::read_to_string(file).unwrap();
    let frames = lines.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let by = match line["dir"].as_str()? {
            "c2s" => Direction::Client,
            "s2c" => Direction::Server,
            _ => return None,
        };
        Some((by, line["event"].clone()))
    });
    Some(frames.collect())
}

fn assert_none(violations: &[Violation], name: &str) {
    let all: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(all.is_empty(), "{name}:\n{}", all.join("\n"));
}

#[test]
fn no_rule_of_order_and_nothing_of_the_observed_schema() {
    for name in SESSIONS {
        let Some(frames) = frames(name) else { return };
        let mut order = SessionOrder::default();
        for (by, frame) in &frames {
            assert_none(&order.see(*by, frame), name);
            assert_none(&Schema::Observed.violations(*by, frame), name);
        }
        assert_none(&order.finish(), name);
    }
}

#[test]
fn the_published_schema_where_that_is_known() {
    let mut broken = BTreeSet::new();
    for name in SESSIONS {
        let Some(frames) = frames(name) else { return };
        for (by, frame) in &frames {
            for violation in Schema::Published.violations(*by, frame) {
                let path = violation.path.replace(|c: char| c.is_ascii_digit(), "");
                let null = if violation.found == "null" {
                    " is null"
                } else {
                    ""
                };
                let (rule, kind) = (violation.rule.name, violation.event_type);
                broken.insert(format!("{rule}: {kind} {path}{null}"));
            }
        }
    }
    let known: BTreeSet<String> = KNOWN.iter().map(ToString::to_string).collect();
    assert_eq!(broken, known);
}

const KNOWN: [&str; 16] = [
    "frame-field: conversation.item.input_audio_transcription.delta obfuscation",
    "frame-field: response.function_call_arguments.delta obfuscation",
    "frame-field: response.output_audio_transcript.delta obfuscation",
    "frame-field: response.output_text.delta obfuscation",
    "frame-type: conversation.item.added item.content[].transcript is null",
    "frame-type: conversation.item.done item.content[].transcript is null",
    "frame-type: response.created response.status_details is null",
    "frame-type: response.created response.usage is null",
    "frame-type: response.done response.status_details is null",
    "frame-type: session.created session.audio.input.noise_reduction is null",
    "frame-type: session.created session.audio.input.transcription is null",
    "frame-type: session.created session.include is null",
    "frame-type: session.updated session.audio.input.noise_reduction is null",
    "frame-type: session.updated session.audio.input.transcription.language is null",
    "frame-type: session.updated session.audio.input.transcription.prompt is null",
    "frame-type: session.updated session.include is null",
];
