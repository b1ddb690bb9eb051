//! The restaurant of the README, as it stands there.
#![cfg(feature = "scenario")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::dialogue::Dialogue;
use crate::support::{Session, drain, sound, types};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::{Input, SessionOptions};
use mock_realtime::protocol::Base64Audio;
use mock_realtime::scenario::{Scenario, parse};
use serde_json::{Value, json};

fn restaurant() -> Scenario {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```yaml\nname: Luigi's\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let lines = text.lines().count();
    assert!(
        lines <= 45,
        "the README promises something short, not {lines} lines"
    );
    parse("README.md", text)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .scenario
}

fn guest() -> Dialogue {
    let mut guest = Dialogue::with(&restaurant());
    guest.declare(&["find_table"]);
    guest
}

#[test]
fn a_table_is_booked_in_small_steps() {
    let mut guest = guest();
    assert_eq!(
        guest.say("Hello"),
        "Good evening, this is Luigi's. What can I do for you?"
    );
    assert_eq!(guest.say("I would like a table"), "For how many people?");
    assert_eq!(guest.say("four people"), "A table for four. At what time?");
    assert_eq!(
        guest.say("at seven"),
        r#"call find_table({"people":"four","time":"seven"})"#
    );
    assert_eq!(
        guest.give("find_table", &json!({ "free": false })),
        "We are full at seven. Another time?"
    );
    assert_eq!(
        guest.say("Then at 8, please"),
        r#"call find_table({"people":"four","time":"8"})"#
    );
    assert_eq!(
        guest.give("find_table", &json!({ "free": true })),
        "There is one at 8. Shall I book it?"
    );
    assert!(!guest.run.is_finished());
    assert_eq!(guest.say("Yes, please"), "See you at 8!");
    assert_eq!(guest.run.state().as_deref(), Some("booked"));
    assert!(guest.run.is_finished());
    assert!(guest.run.warnings().is_empty());
}

#[test]
fn a_table_is_booked_in_one_sentence() {
    let mut guest = guest();
    let call = guest.say("A table for 4 people at 9 please");
    assert_eq!(call, r#"call find_table({"people":"4","time":"9"})"#);
}

#[test]
fn what_it_does_not_know_it_says() {
    assert_eq!(
        guest().say("Bananas?"),
        "I only know about tables and our menu."
    );
}

#[test]
fn zero_is_the_operator() {
    let mut guest = guest();
    guest.say("Hello");
    guest.press("0");
    assert_eq!(guest.respond(), "I put you through.");
    assert!(guest.run.is_finished());
}

/// Speaks for a second, then is silent for another; in pieces of 100 ms, in real time.
fn speak(session: &mut Session, now: &mut Duration) -> Vec<Value> {
    let mut events = Vec::new();
    for tenth in 0..20 {
        let audio = if tenth < 10 {
            sound::speech(100, Encoding::Pcm16)
        } else {
            sound::silence(100, Encoding::Pcm16)
        };
        let audio = Base64Audio::from(audio);
        let frame = json!({ "type": "input_audio_buffer.append", "audio": audio }).to_string();
        session.handle(Input::Text(&frame), *now);
        events.extend(drain(session));
        *now += Duration::from_millis(100);
        session.handle(Input::Time, *now);
        events.extend(drain(session));
    }
    events
}

#[test]
fn the_menu_is_interrupted_by_the_guest() {
    let run = restaurant().start();
    let mut options = SessionOptions::default();
    run.configure(&mut options);
    let mut session = Session::new(options);
    let mut now = Duration::ZERO;
    let asked = speak(&mut session, &mut now);
    assert!(types(&asked).contains(&"response.output_audio.delta"));
    assert!(
        !types(&asked).contains(&"response.done"),
        "the menu is still read out"
    );
    let interrupted = speak(&mut session, &mut now);
    let done: Vec<&Value> = interrupted
        .iter()
        .filter(|event| event["type"] == "response.done")
        .map(|event| &event["response"])
        .collect();
    assert_eq!(done[0]["status_details"]["reason"], "turn_detected");
    assert_eq!(
        run.chosen(),
        [Some("menu".to_owned()), Some("ask_time".to_owned())]
    );
    assert_eq!(run.captures()["people"], "four");
}
