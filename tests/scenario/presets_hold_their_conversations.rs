//! Each preset is talked to.
#![cfg(feature = "scenario")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeSet;

use crate::support::dialogue::Dialogue;
use mock_realtime::scenario::Preset;
use serde_json::json;

fn preset(name: &str) -> Dialogue {
    let preset = Preset::named(name).unwrap();
    let scenario = preset
        .scenario()
        .unwrap_or_else(|problems| panic!("{problems}"));
    Dialogue::with(&scenario)
}

#[test]
fn starter() {
    let mut dialogue = preset("starter");
    assert_eq!(dialogue.say("Hello"), "Hello! What is your name?");
    assert_eq!(dialogue.say("My name is Ada."), "Nice to meet you, Ada.");
    dialogue.declare(&["get_weather"]);
    assert_eq!(
        dialogue.say("Is it sunny?"),
        r#"call get_weather({"question":"Is it sunny?"})"#
    );
    assert_eq!(
        dialogue.give("get_weather", &json!("rain")),
        "The weather service says rain."
    );
    assert_eq!(
        ["x", "y", "z"].map(|said| dialogue.say(said)),
        ["I see.", "Tell me more.", "I see."]
    );
    assert!(dialogue.run.warnings().is_empty());
}

#[test]
fn bad_day() {
    // What goes wrong is the server's affair; what is said is this.
    let mut dialogue = preset("bad-day");
    assert_eq!(dialogue.say("Hello"), "Hello! It is one of those days.");
    assert!(
        dialogue
            .say("Tell me a story")
            .starts_with("Once upon a time there was a mock.")
    );
    assert_eq!(dialogue.say("Fine."), "I see. Tell me more.");
}

#[test]
fn customer_service() {
    let mut dialogue = preset("customer_service");
    assert!(dialogue.say("Hello").starts_with("Hello, you have reached"));
    assert!(
        dialogue
            .say("Where is my parcel?")
            .ends_with("the number of your order?")
    );
    assert!(
        dialogue
            .say("It is order number 4711.")
            .starts_with("Order 4711 has left")
    );
    assert!(
        dialogue
            .say("I have a billing question")
            .starts_with("I see a question about a bill")
    );
    assert!(dialogue.say("It arrived broken").starts_with("I am sorry"));
    assert!(
        dialogue
            .say("The lid is broken")
            .starts_with("Thank you. I have opened")
    );
    assert!(
        dialogue
            .say("Bananas")
            .starts_with("I did not quite get that")
    );
    assert!(dialogue.say("Thanks").starts_with("You are welcome"));
    assert!(!dialogue.run.is_finished());
    assert!(dialogue.say("Goodbye").starts_with("Goodbye"));
    assert!(dialogue.run.is_finished());
    let mut dialogue = preset("customer_service");
    dialogue.press("0");
    assert!(dialogue.respond().starts_with("One moment"));
}

#[test]
fn sales() {
    let mut dialogue = preset("sales");
    assert!(dialogue.say("Hi there").starts_with("Hi! Are you looking"));
    assert!(
        dialogue
            .say("How much is it?")
            .starts_with("It is ten euros")
    );
    assert!(
        dialogue
            .say("We need 12 seats")
            .contains("For 12 seats that makes 120 euros")
    );
    assert!(
        dialogue
            .say("That is expensive")
            .contains("two months are free")
    );
    assert!(dialogue.say("no").starts_with("No problem"));
    assert!(dialogue.say("All right, 5 seats").contains("50 euros"));
    assert!(
        dialogue
            .say("Yes please")
            .contains("5 seats is in your mail")
    );
    assert!(dialogue.run.is_finished());
}

#[test]
fn function_calls() {
    let mut dialogue = preset("function_calls");
    assert!(dialogue.say("The weather?").starts_with("I can look up"));
    dialogue.declare(&["get_weather", "get_time", "book_table"]);
    assert_eq!(
        dialogue.say("What is the weather like in Paris?"),
        r#"Let me look outside. | call get_weather({"city":"Paris"})"#
    );
    assert_eq!(
        dialogue.give("get_weather", &json!("sunny")),
        "In Paris it is sunny."
    );
    assert_eq!(
        dialogue.say("The weather and the time in Rome"),
        r#"call get_weather({"city":"Rome"}) | call get_time({"city":"Rome"})"#
    );
    dialogue.output("get_weather", &json!("rainy"));
    assert_eq!(
        dialogue.give("get_time", &json!("noon")),
        "It is noon, and the weather is rainy."
    );
    assert_eq!(
        dialogue.say("A table, please"),
        r#"call book_table({"people":2,"at":"19:00"})"#
    );
    assert!(
        dialogue
            .give("book_table", &json!({ "booked": true }))
            .contains("for 2 is booked")
    );
    dialogue.say("A table again");
    assert!(
        dialogue
            .give("book_table", &json!({ "booked": false }))
            .contains("full at 19:00")
    );
    assert_eq!(
        dialogue.say("broken arguments"),
        r#"call get_weather({"city": )"#
    );
    assert_eq!(
        dialogue.say("wrong arguments"),
        r#"call get_weather({"town":17})"#
    );
    assert!(dialogue.run.warnings().is_empty());
}

#[test]
fn audio() {
    let mut dialogue = preset("audio");
    dialogue.update(&json!({ "output_modalities": ["audio"] }));
    assert_eq!(dialogue.speak(), "Yes, I hear you well.");
    assert!(dialogue.speak().starts_with("This is a longer answer"));
    assert!(dialogue.speak().starts_with("This is written"));
    assert_eq!(dialogue.speak(), "Goodbye.");
    assert_eq!(dialogue.speak(), "I heard you say (speech)");
}

#[test]
fn simple() {
    let mut dialogue = preset("simple");
    assert_eq!(dialogue.say("hello"), "Hello!");
    assert_eq!(dialogue.say("I need help"), "What do you need help with?");
    assert_eq!(dialogue.say("Well, goodbye"), "Goodbye!");
}

#[test]
fn smart() {
    let mut dialogue = preset("smart");
    let mut chosen = |said: &str| {
        dialogue.say(said);
        dialogue.run.chosen().pop().flatten().unwrap()
    };
    assert_eq!(chosen("Hello"), "greeting");
    assert_eq!(
        chosen("I need some assistance, please help"),
        "help_request"
    );
    assert_eq!(chosen("I have a complaint"), "complaint");
    assert_eq!(chosen("When do you open?"), "question");
    assert_eq!(chosen("Thanks"), "gratitude");
    assert_eq!(chosen("Bye"), "farewell");
    assert_eq!(chosen("There is a crash"), "technical_support");
    assert_eq!(chosen("Bananas"), "fallback");
    dialogue.declare(&["process_request"]);
    assert_eq!(
        dialogue.say("Process my request"),
        r#"call process_request({"action":"default"})"#
    );
    dialogue.update(&json!({ "output_modalities": ["audio"], "tools": [] }));
    dialogue.say("Say something");
    assert_eq!(
        dialogue.run.chosen().pop().flatten().as_deref(),
        Some("audio_only")
    );
}

#[test]
fn the_ten_smart_examples_are_there_with_their_conditions() {
    let scenario = Preset::named("smart").unwrap().scenario().unwrap();
    let priorities: Vec<(&str, i32)> = scenario
        .responses
        .iter()
        .map(|(name, response)| (name.as_str(), response.priority))
        .collect();
    assert_eq!(
        priorities,
        [
            ("greeting", 20),
            ("help_request", 15),
            ("complaint", 18),
            ("question", 12),
            ("gratitude", 10),
            ("farewell", 8),
            ("function_call", 25),
            ("audio_only", 5),
            ("technical_support", 16),
            ("fallback", 1),
        ]
    );
    let when = |name: &str| &scenario.responses[name].when;
    for intent in [
        "help_request",
        "complaint",
        "question",
        "gratitude",
        "farewell",
    ] {
        assert_eq!(when(intent).intent.0, [intent]);
    }
    assert!(when("greeting").turn.is_some() && when("complaint").turn.is_some());
    assert_eq!(when("function_call").tools_usable, Some(true));
    assert!(when("fallback").is_empty());
}

#[test]
fn all_presets_are_files_and_have_a_test_here() {
    let files: BTreeSet<String> = std::fs::read_dir("presets")
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".yaml").map(str::to_owned)
        })
        .collect();
    let embedded: BTreeSet<String> = Preset::ALL
        .iter()
        .map(|preset| preset.name().to_owned())
        .collect();
    assert_eq!(files, embedded);
    let own = include_str!("presets_hold_their_conversations.rs");
    for name in embedded {
        let test = name.replace('-', "_");
        assert!(
            own.contains(&format!("fn {test}()")),
            "{name} is not talked to"
        );
    }
}
