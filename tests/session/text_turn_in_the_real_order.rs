//! A text turn, frame by frame as the real server sends it.

use crate::support::transcript;
use mock_realtime::engine::SessionOptions;
use mock_realtime::generators::Scripted;

fn options(answers: &[&str]) -> SessionOptions {
    let generator = Box::new(Scripted::new(answers.iter().copied()));
    SessionOptions {
        generator,
        ..SessionOptions::default()
    }
}

#[test]
fn a_text_turn() {
    transcript::check("text_turn", options(&["Hello! How can I help you today?"]));
}

#[test]
fn two_text_turns() {
    transcript::check("two_text_turns", options(&["Good morning.", "Good night."]));
}

#[test]
fn a_session_update_in_part() {
    transcript::check("session_update", options(&[]));
}

#[test]
fn items_seeded_before_a_response() {
    transcript::check("history_seeding", options(&["Your name is Alice."]));
}
