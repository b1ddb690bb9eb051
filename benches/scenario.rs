//! What it costs to choose a response, among few and among many.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

use divan::{Bencher, black_box};
use mock_realtime::engine::{Input, Session, SessionOptions};
use mock_realtime::protocol::realtime::{ConversationItem, ConversationItemCreate, ResponseCreate};
use mock_realtime::scenario::{Scenario, ScenarioRun, Situation, always, user_matches, when};
use std::sync::Arc;
use std::time::Duration;

fn main() {
    divan::main();
}

/// As many responses, each with a pattern of its own; the last of them fits.
fn scenario(responses: usize) -> Scenario {
    let mut scenario = Scenario::new("many").response("rest", always().say("Pardon?").unwrap());
    for number in 0..responses {
        let pattern = format!(r"\b(?:order|number) (?<digits>{number}) (?:please|now)\b");
        let response = when(user_matches(&pattern).unwrap());
        let response = response.say("{{ captures.digits }} it is.").unwrap();
        scenario = scenario.response(&format!("number {number}"), response);
    }
    scenario
}

/// What the user says in the last of so many.
fn last_words(responses: usize) -> String {
    format!(
        "Hello, I would like to have order {} please, if it is there",
        responses - 1
    )
}

#[divan::bench(args = [10, 100, 1_000])]
fn choose(bencher: Bencher<'_, '_>, responses: usize) {
    let scenario = scenario(responses);
    let situation = Situation::of_words(&scenario, &last_words(responses), 3);
    let name = format!("number {}", responses - 1);
    let scenario = scenario.compile();
    assert_eq!(scenario.choose(&situation), Some(name.as_str()));
    bencher.bench_local(|| scenario.choose(black_box(&situation)).is_some());
}

/// All there is between `response.create` and the first event, with a conversation of one turn.
#[divan::bench(args = [10, 1_000])]
fn a_turn_in_a_session(bencher: Bencher<'_, '_>, responses: usize) {
    let scenario = Arc::new(scenario(responses).compile());
    let words = last_words(responses);
    bencher
        .with_inputs(|| {
            let mut options = SessionOptions::default();
            ScenarioRun::new(Arc::clone(&scenario)).configure(&mut options);
            let mut session = Session::new(options);
            let item = ConversationItemCreate::new(ConversationItem::user_text(words.as_str()));
            session.handle(Input::Event(item.into()), Duration::ZERO);
            while session.poll().is_some() {}
            session
        })
        .bench_local_refs(|session| {
            session.handle(
                Input::Event(ResponseCreate::default().into()),
                Duration::ZERO,
            );
            session.poll().is_some()
        });
}

#[divan::bench]
fn load_a_thousand_responses_from_yaml(bencher: Bencher<'_, '_>) {
    let text = scenario(1_000).to_yaml().unwrap();
    bencher.bench_local(|| mock_realtime::scenario::parse("many.yaml", black_box(&text)).is_ok());
}
