//! Which response a scenario chooses, condition by condition, and that it can say why.
#![cfg(feature = "scenario")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::dialogue::Dialogue;
use mock_realtime::protocol::realtime::Modality;
use mock_realtime::scenario::{
    MockResponseConfig, Pace, ResponseSelectionCriteria, Scenario, Situation, always, holds,
    intent, parse, user_matches, user_says, when,
};
use serde_json::json;

fn says(text: &str) -> MockResponseConfig {
    always().say(text).unwrap()
}

/// The scenario of these responses, as a file has them.
fn file(responses: &str) -> Scenario {
    let text = format!("responses:\n{responses}");
    parse("test.yaml", &text).unwrap().scenario
}

fn situation(said: &str) -> Situation {
    Situation::of_words(&Scenario::default(), said, 1)
}

/// The score of the one response there is; none, if it is rejected.
fn score(scenario: &Scenario, situation: &Situation) -> Option<i32> {
    let explanation = scenario.explain(situation);
    let [candidate] = explanation.candidates.as_slice() else {
        panic!("{explanation}")
    };
    candidate.score
}

fn only(response: &str) -> Scenario {
    file(&format!("  only: {response}\n"))
}

#[test]
fn a_default_response_says_something_and_has_no_conditions() {
    let config = MockResponseConfig::default();
    assert!(config.text().is_some_and(|text| !text.is_empty()));
    assert!(config.when.is_empty());
    assert_eq!(config.priority, 0);
    let answer = &config.answer[0];
    assert!(answer.call.is_empty() && answer.output.is_empty());
    let message = answer.say.as_ref().unwrap();
    assert!(message.audio_file.is_none() && message.audio_data.is_none());
    // Nobody waits for what no test has asked to be slow.
    assert!(answer.pacing.is_none());
}

#[test]
fn a_negative_delay_is_rejected_and_zero_is_not() {
    let with = |delay: i32| {
        format!("responses: {{ a: {{ answer: {{ say: Hi, pacing: {{ text_ms: {delay} }} }} }} }}")
    };
    let problems = parse("test.yaml", &with(-1)).unwrap_err().to_string();
    assert!(
        problems.contains("expected a whole number, 0 or more"),
        "{problems}"
    );
    let scenario = parse("test.yaml", &with(0)).unwrap().scenario;
    let pace = scenario.responses["a"].answer[0].pacing.clone().unwrap();
    assert_eq!(
        pace.0,
        Pace {
            text_ms: Some(0),
            ..Pace::default()
        }
    );
}

#[test]
fn audio_data_wins_over_a_file_which_is_never_opened() {
    let text =
        "responses: { a: { answer: { say: { text: Hi, audio_file: no.wav, audio_data: AAAA } } } }";
    assert!(parse("test.yaml", text).is_ok());
    let alone = text.replace(", audio_data: AAAA", "");
    let problems = parse("test.yaml", &alone).unwrap_err().to_string();
    assert!(
        problems.contains("no.wav cannot be used as speech"),
        "{problems}"
    );
}

#[test]
fn criteria_are_empty_by_default() {
    assert!(ResponseSelectionCriteria::default().is_empty());
    assert_eq!(
        ResponseSelectionCriteria::default(),
        serde_json::from_value(json!({})).unwrap()
    );
}

#[test]
fn wrong_types_are_rejected() {
    for wrong in [
        "{ answer: { say: 17 } }",
        "{ answer: { say: Hi, pacing: { text_ms: soon } } }",
        "{ answer: { call: 17 } }",
        "{ priority: high }",
    ] {
        let text = format!("responses: {{ a: {wrong} }}");
        assert!(parse("test.yaml", &text).is_err(), "{wrong}");
    }
}

#[test]
fn without_responses_the_default_answers() {
    let scenario = Scenario::default();
    assert_eq!(scenario.choose(&situation("Hello")), None);
    let said = Dialogue::with(&scenario).say("Hello");
    assert_eq!(Some(said.as_str()), MockResponseConfig::default().text());
    let own = parse("test.yaml", "default: Pardon?").unwrap().scenario;
    assert_eq!(Dialogue::with(&own).say("Hello"), "Pardon?");
}

#[test]
fn the_higher_priority_wins_and_the_earlier_of_equals() {
    let scenario =
        file("  low: { priority: 10 }\n  high: { priority: 20 }\n  late: { priority: 20 }\n");
    assert_eq!(scenario.choose(&situation("anything")), Some("high"));
}

#[test]
fn a_priority_alone_is_the_score() {
    assert_eq!(
        score(
            &only("{ priority: 15, answer: Hello }"),
            &situation("bananas")
        ),
        Some(15)
    );
}

#[test]
fn any_keyword_gives_ten_points_and_none_rejects() {
    let scenario = only("{ when: { text: { any: [bill, invoice] } }, answer: Sure. }");
    assert_eq!(score(&scenario, &situation("My INVOICE, please")), Some(10));
    assert_eq!(score(&scenario, &situation("My order, please")), None);
    assert_eq!(score(&scenario, &situation("")), None);
}

#[test]
fn all_keywords_have_to_be_there_where_all_are_asked_for() {
    let scenario = only("{ when: { text: { all: [bill, late] } }, answer: Sure. }");
    assert_eq!(score(&scenario, &situation("The bill is late")), Some(10));
    assert_eq!(score(&scenario, &situation("The bill is here")), None);
}

#[test]
fn an_excluded_keyword_rejects_and_its_absence_changes_nothing() {
    let scenario = only("{ when: { text: { none: cancel } }, answer: Sure. }");
    assert_eq!(score(&scenario, &situation("Cancel it")), None);
    assert_eq!(score(&scenario, &situation("Keep it")), Some(0));
}

#[test]
fn an_intent_gives_fifteen_points_and_none_rejects() {
    let scenario = only("{ when: { intent: [farewell, gratitude] }, answer: Sure. }");
    assert_eq!(score(&scenario, &situation("Thanks a lot")), Some(15));
    assert_eq!(score(&scenario, &situation("Bananas")), None);
}

#[test]
fn turns_are_within_both_bounds() {
    let scenario = only("{ when: { turn: { min: 2, max: 5 } }, answer: Sure. }");
    let at = |turn| score(&scenario, &Situation::of_words(&scenario, "x", turn));
    assert_eq!(
        [1, 2, 3, 5, 6].map(at),
        [None, Some(0), Some(0), Some(0), None]
    );
}

#[test]
fn modalities_have_to_be_asked_for() {
    let scenario = only("{ when: { modality: [audio] }, answer: Sure. }");
    let mut asked = situation("x");
    assert_eq!(score(&scenario, &asked), None);
    asked.modalities = vec![Modality::Audio];
    assert_eq!(score(&scenario, &asked), Some(5));
}

#[test]
fn tools_have_to_be_usable_or_not() {
    for (wanted, usable, expected) in [
        (true, true, Some(8)),
        (true, false, None),
        (false, false, Some(8)),
        (false, true, None),
    ] {
        let scenario = only(&format!(
            "{{ when: {{ tools_usable: {wanted} }}, answer: Sure. }}"
        ));
        let mut now = situation("x");
        now.tools_usable = usable;
        assert_eq!(score(&scenario, &now), expected, "{wanted}, {usable}");
    }
}

#[test]
fn a_pattern_is_asked_for_or_a_bonus_as_the_scenario_says() {
    let required = only("{ when: { text: { matches: 'order \\d+' } }, answer: Sure. }");
    assert_eq!(score(&required, &situation("ORDER 66")), Some(12));
    assert_eq!(score(&required, &situation("an order")), None);
    let bonus = only("{ when: { text: { prefer: 'order \\d+' } }, answer: Sure. }");
    assert_eq!(score(&bonus, &situation("order 66")), Some(12));
    assert_eq!(score(&bonus, &situation("an order")), Some(0));
}

#[test]
fn a_word_in_common_with_the_answer_gives_three_points() {
    let scenario = only("{ answer: Your balance is 3 euros. }");
    assert_eq!(score(&scenario, &situation("What is my BALANCE?")), Some(3));
    assert_eq!(score(&scenario, &situation("bananas")), Some(0));
    assert_eq!(score(&scenario, &situation("")), Some(0));
}

#[test]
fn an_unknown_key_gives_the_default() {
    let scenario = Scenario::new("x").response("known", says("Yes"));
    assert_eq!(scenario.response_or_default("known").text(), Some("Yes"));
    assert_eq!(
        scenario.response_or_default("unknown"),
        MockResponseConfig::default()
    );
}

#[test]
fn intents_are_those_of_whole_words() {
    let said = situation("Hello, I need help with a problem");
    assert_eq!(said.intents, ["greeting", "help_request", "complaint"]);
    assert!(situation("I know this thing").intents.is_empty());
    let own = parse("test.yaml", "intents: { sushi: [maki, nigiri] }")
        .unwrap()
        .scenario;
    assert_eq!(Situation::of_words(&own, "Two maki", 1).intents, ["sushi"]);
}

#[test]
fn the_conversation_is_the_context_and_nobody_has_to_feed_it() {
    let scenario = file(
        "  second: { when: { turn: { min: 2, max: 2 }, text: bananas }, answer: 'Second, {{ user }}' }\n",
    );
    let mut dialogue = Dialogue::with(&scenario);
    assert_ne!(dialogue.say("Apples"), "Second, Bananas");
    assert_eq!(dialogue.say("Bananas"), "Second, Bananas");
    // A response without new words is to the last ones.
    assert_eq!(dialogue.respond(), "Second, Bananas");
}

#[test]
fn what_is_heard_counts_like_what_is_typed() {
    let text = "hears: [Two maki please, Thank you]\nresponses:\n  \
        maki: { when: { text: maki }, answer: 'Turn {{ turn }}: {{ user }}' }\n  \
        thanks: { when: { intent: gratitude }, answer: 'Turn {{ turn }}: welcome' }\n";
    let scenario = parse("test.yaml", text).unwrap().scenario;
    let mut dialogue = Dialogue::with(&scenario);
    assert_eq!(dialogue.speak(), "Turn 1: Two maki please");
    assert_eq!(dialogue.speak(), "Turn 2: welcome");
}

#[test]
fn a_response_without_conditions_is_chosen_where_nothing_else_fits() {
    assert_eq!(
        only("{ answer: Sure. }").choose(&situation("x")),
        Some("only")
    );
    let scenario = file("  rest: { priority: 100 }\n  bill: { when: { text: bill } }\n");
    assert_eq!(scenario.choose(&situation("the bill")), Some("bill"));
    assert_eq!(scenario.choose(&situation("the order")), Some("rest"));
}

#[test]
fn all_any_and_not_go_together() {
    let scenario = only(
        "{ when: { any: [{ text: bill }, { intent: complaint }], not: { text: paid } }, answer: Sure. }",
    );
    assert_eq!(score(&scenario, &situation("my bill")), Some(10));
    assert_eq!(score(&scenario, &situation("the bill is wrong")), Some(15));
    assert_eq!(score(&scenario, &situation("the bill is paid")), None);
    assert_eq!(score(&scenario, &situation("hello")), None);
    let built = when(user_says(["bill"]).unwrap().and(!intent("complaint")))
        .say("Sure.")
        .unwrap();
    let scenario = Scenario::new("x").response("only", built);
    assert_eq!(score(&scenario, &situation("my bill")), Some(10));
    assert_eq!(score(&scenario, &situation("the bill is wrong")), None);
}

#[test]
fn conditions_look_at_the_session_too() {
    let scenario = file(
        "  pirate: { when: { instructions: pirate, voice: ballad }, answer: Arr }\n  \
           mini: { when: { model: gpt-realtime-mini }, answer: small }\n  \
           vip: { when: { metadata: { tier: gold } }, answer: Welcome back }\n  \
           after: { when: { assistant: welcome }, answer: I said welcome }\n",
    );
    let mut dialogue = Dialogue::configured(&scenario, |options| {
        "gpt-realtime-mini".clone_into(&mut options.model);
    });
    assert_eq!(dialogue.say("x"), "small");
    let with = json!({ "metadata": { "tier": "gold" } });
    assert_eq!(
        crate::support::dialogue::words(&dialogue.respond_with(&with)),
        "small"
    );
    let mut dialogue = Dialogue::with(&scenario);
    dialogue.mention("x");
    assert_eq!(
        crate::support::dialogue::words(&dialogue.respond_with(&with)),
        "Welcome back"
    );
    assert_eq!(dialogue.say("x"), "I said welcome");
    let settings = json!({ "instructions": "Talk like a pirate.", "audio": { "output": { "voice": "ballad" } } });
    dialogue.update(&settings);
    assert_eq!(dialogue.say("x"), "Arr");
}

#[test]
fn keys_of_a_telephone_are_pressed_or_told() {
    let scenario =
        file("  operator: { when: { dtmf: '0' }, answer: One moment }\n  rest: { answer: Hm }\n");
    let mut dialogue = Dialogue::with(&scenario);
    assert_eq!(dialogue.say("0"), "One moment");
    assert_eq!(dialogue.say("DTMF: 0"), "One moment");
    assert_eq!(dialogue.say("10 of them"), "Hm");
    dialogue.press("0");
    assert_eq!(dialogue.respond(), "One moment");
    dialogue.press("7");
    assert_eq!(dialogue.respond(), "Hm");
}

#[test]
fn an_image_is_seen_or_ignored() {
    let text = "responses:\n  picture: { when: { image: true }, answer: Nice picture }\n  rest: { answer: 'Turn {{ turn }}' }\n";
    let image = json!({ "type": "message", "role": "user", "content": [
        { "type": "input_image", "image_url": "data:image/png;base64,AAAA" }] });
    for (ignored, expected) in [(false, "Nice picture"), (true, "Turn 0")] {
        let text = format!("ignore_images: {ignored}\n{text}");
        let mut dialogue = Dialogue::with(&parse("test.yaml", &text).unwrap().scenario);
        dialogue.item(&image);
        assert_eq!(dialogue.respond(), expected);
    }
}

#[test]
fn closures_are_conditions_and_answers() {
    use mock_realtime::generators::ResponsePlan;
    let long = holds("long", |now| now.user().len() > 10);
    let scenario = Scenario::new("x")
        .response(
            "long",
            when(long).generate(|now| ResponsePlan::message(now.user().to_uppercase())),
        )
        .response("rest", says("Short."));
    let mut dialogue = Dialogue::with(&scenario);
    assert_eq!(dialogue.say("Hi"), "Short.");
    assert_eq!(dialogue.say("Hello to you all"), "HELLO TO YOU ALL");
    let refused = scenario.to_yaml().unwrap_err().to_string();
    assert!(refused.contains("`long` has a closure"), "{refused}");
}

#[test]
fn every_choice_can_be_explained() {
    let scenario = Scenario::new("x")
        .response(
            "order",
            when(user_matches(r"order (?<number>\d+)").unwrap())
                .say("Sure.")
                .unwrap(),
        )
        .response(
            "bill",
            when(user_says(["bill"]).unwrap())
                .say("A bill.")
                .unwrap()
                .priority(1),
        )
        .response("rest", says("Pardon?"));
    let explanation = scenario.explain(&situation("Order 7 and the bill"));
    assert_eq!(explanation.chosen.as_deref(), Some("bill"));
    assert_eq!(
        explanation.to_string(),
        r#"turn 1, "Order 7 and the bill": bill
  response  points  condition     because
  order         12                lost: 12 points, bill has more
               +12  text.matches  /order (?<number>\d+)/ is found
  bill          14                chosen
                +1  priority
               +10  text.any      bill is in it
                +3  answer        has a word that the user said
  rest           0                lost: a catch-all, and bill has conditions that hold
"#
    );
    let mut dialogue = Dialogue::with(&scenario);
    assert_eq!(dialogue.run.explain_last(), None);
    dialogue.say("order 7");
    assert_eq!(
        dialogue.run.explain_last().unwrap().chosen.as_deref(),
        Some("order")
    );
    assert_eq!(dialogue.run.chosen(), [Some("order".to_owned())]);
}
