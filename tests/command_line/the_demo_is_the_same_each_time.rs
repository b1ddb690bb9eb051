//! `mock-realtime demo`: what it shows, how wide, and that a seed decides all of it.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::process::Command;

fn demo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mock-realtime"))
        .arg("demo")
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_seed_gives_the_same_picture() {
    let picture = demo(&["--seed", "7"]);
    assert_eq!(demo(&["--seed", "7"]), picture);
    let other = demo(&["--seed", "8"]);
    let differing = picture.lines().zip(other.lines()).filter(|(a, b)| a != b);
    let differing: Vec<_> = differing.map(|(line, _)| line).collect();
    assert_eq!(differing.len(), 1, "{differing:?}");
    assert!(differing[0].contains("sess_"), "{differing:?}");
}

#[test]
fn it_shows_a_whole_voice_conversation_in_order() {
    let picture = demo(&[]);
    let mut rest = picture.as_str();
    for shown in [
        "session.created",
        "session.update ",
        "session.updated",
        "input_audio_buffer.append ×",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "conversation.item.input_audio_transcription.completed",
        "“Is there a table for four at seven?”",
        "response.function_call_arguments.done",
        "find_table(",
        "conversation.item.create",
        "response.create ",
        "response.output_audio.delta ×",
        "input_audio_buffer.speech_started",
        "conversation.item.truncate ",
        "response.done  cancelled",
        "conversation.item.truncated",
        "“At seven, please!”",
        "“Seven it is. See you then!”",
        "response.done  completed",
        "mock-realtime serve",
    ] {
        let Some((_, after)) = rest.split_once(shown) else {
            panic!("{shown} does not come, or not in its place:\n{picture}")
        };
        rest = after;
    }
}

#[test]
fn it_fits_into_a_hundred_columns() {
    let picture = demo(&[]);
    for line in picture.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn colors_are_for_terminals_and_for_those_who_ask() {
    assert!(!demo(&[]).contains('\u{1b}'));
    let colored = demo(&["--color", "always"]);
    assert!(colored.contains("\u{1b}[32m"));
}
