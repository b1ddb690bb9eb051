//! What a scenario's answers do in a session: sequences, states, templates, calls, MCP, actions.
#![cfg(feature = "scenario")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::dialogue::{Dialogue, words};
use crate::support::types;
use mock_realtime::scenario::{Scenario, parse};
use serde_json::{Value, json};

fn scenario(text: &str) -> Scenario {
    match parse("test.yaml", text) {
        Ok(loaded) => loaded.scenario,
        Err(problems) => panic!("{problems}"),
    }
}

fn dialogue(text: &str) -> Dialogue {
    Dialogue::with(&scenario(text))
}

#[test]
fn answers_are_used_in_order_cycling_or_once() {
    let said = |order: &str| {
        let text =
            format!("responses: {{ a: {{ answer: [One, Two], order: {order} }} }}\ndefault: None");
        let mut dialogue = dialogue(&text);
        [(); 4].map(|()| dialogue.say("x"))
    };
    assert_eq!(said("in_order"), ["One", "Two", "Two", "Two"]);
    assert_eq!(said("cycle"), ["One", "Two", "One", "Two"]);
    assert_eq!(said("once"), ["One", "Two", "None", "None"]);
}

#[test]
fn a_flow_goes_from_state_to_state_to_its_end() {
    let mut dialogue = dialogue(
        r"
states: [greeting, account, done]
end_states: done
captures: { account: '\b(\d{6})\b' }
responses:
  hello: { when: { state: greeting }, answer: Your account number?, then: account }
  number:
    when: { state: account, text: { matches: '\b\d{6}\b' } }
    answer: Thank you, {{ captures.account }}.
    then: done
  again: { when: { state: account }, answer: I need six digits. }
",
    );
    assert_eq!(dialogue.run.state().as_deref(), Some("greeting"));
    assert_eq!(dialogue.say("123456"), "Your account number?");
    assert_eq!(dialogue.say("12"), "I need six digits.");
    assert!(!dialogue.run.is_finished());
    assert_eq!(dialogue.say("It is 654321."), "Thank you, 654321.");
    assert!(dialogue.run.is_finished());
    assert_eq!(dialogue.run.captures()["account"], "654321");
}

#[test]
fn templates_know_words_captures_tools_turn_session_and_metadata() {
    let mut dialogue = dialogue(
        r#"
responses:
  name: { when: { text: { matches: 'I am (?<name>\w+)' } }, answer: "{{ captures.name | upper }} in turn {{ turn }}" }
  session: { when: { text: session }, answer: "{{ session.model }}, {{ session.audio.output.voice }}, {{ metadata.topic }}" }
  empty: { when: { text: nothing }, answer: "[{{ captures.unknown }}{{ tools.none.output.deep }}]" }
  said: { when: { text: before }, answer: "You heard: {{ assistant }}" }
"#,
    );
    assert_eq!(dialogue.say("I am Ada"), "ADA in turn 1");
    assert_eq!(dialogue.say("before"), "You heard: ADA in turn 1");
    assert_eq!(dialogue.say("nothing"), "[]");
    dialogue.mention("session");
    let events = dialogue.respond_with(&json!({ "metadata": { "topic": "tea" } }));
    assert_eq!(words(&events), "gpt-realtime, alloy, tea");
}

#[test]
fn a_reusable_answer_gets_its_parameters() {
    let mut dialogue = dialogue(
        r#"
templates:
  price:
    parameters: { what: null, euros: "10" }
    answer: "{{ parameters.what }} costs {{ parameters.euros }} euros."
responses:
  tea: { when: { text: tea }, answer: { use: { template: price, with: { what: "Tea for {{ user }}" } } } }
  cake: { when: { text: cake }, answer: { use: { template: price, with: { what: Cake, euros: "3" } } } }
"#,
    );
    assert_eq!(dialogue.say("tea"), "Tea for tea costs 10 euros.");
    assert_eq!(dialogue.say("cake"), "Cake costs 3 euros.");
}

#[test]
fn a_template_that_cannot_be_filled_fails_the_response() {
    let mut dialogue = dialogue("responses: { a: { answer: '{{ user.strip(1, 2, 3) }}' } }");
    dialogue.mention("x");
    let events = dialogue.respond_with(&json!({}));
    let done = &events
        .iter()
        .find(|event| event["type"] == "response.done")
        .unwrap()["response"];
    assert_eq!(done["status"], "failed");
    assert_eq!(
        done["status_details"]["error"]["code"],
        "scenario_template_failed"
    );
    assert!(dialogue.run.warnings()[0].contains("cannot be filled"));
}

const WEATHER: &str = r#"
captures: { city: '\bin (\w+)' }
responses:
  ask:
    when: { text: weather, tools_usable: true }
    answer:
      say: Let me see.
      call: { name: get_weather, arguments: { city: "{{ captures.city }}", days: "{{ turn + 1 }}", units: { metric: true } } }
  cold:
    when: { tool_output: { tool: get_weather, path: $.degrees, matches: '^-' } }
    answer: "Brr, {{ tools.get_weather.output.degrees }} in {{ tools.get_weather.arguments.city }}."
  warm: { when: { tool_output: get_weather }, answer: "It is warm." }
  chat: { when: { text: weather }, answer: "I cannot look it up." }
"#;

#[test]
fn a_call_is_made_and_its_output_decides_the_answer() {
    let mut dialogue = dialogue(WEATHER);
    assert_eq!(dialogue.say("The weather?"), "I cannot look it up.");
    dialogue.declare(&["get_weather"]);
    assert_eq!(
        dialogue.say("The weather in Oslo?"),
        r#"Let me see. | call get_weather({"city":"Oslo","days":3,"units":{"metric":true}})"#
    );
    assert_eq!(
        dialogue.give("get_weather", &json!({ "degrees": -7 })),
        "Brr, -7 in Oslo."
    );
    // The output has its answer: the words count again.
    assert!(dialogue.respond().starts_with("Let me see."));
    assert_eq!(
        dialogue.give("get_weather", &json!("not JSON")),
        "It is warm."
    );
    assert!(dialogue.run.warnings().is_empty());
}

#[test]
fn tool_choice_rules_out_what_does_not_do_as_it_says() {
    let text = "
responses:
  plain: { answer: Words. }
  one: { answer: { call: one } }
  two: { answer: { call: two } }
";
    let tools =
        json!([{ "type": "function", "name": "one" }, { "type": "function", "name": "two" }]);
    let said = |choice: Value| {
        let mut dialogue = dialogue(text);
        dialogue.mention("x");
        words(&dialogue.respond_with(&json!({ "tools": tools, "tool_choice": choice })))
    };
    assert_eq!(said(json!("auto")), "Words.");
    assert_eq!(said(json!("none")), "Words.");
    assert_eq!(said(json!("required")), "call one({})");
    assert_eq!(
        said(json!({ "type": "function", "name": "two" })),
        "call two({})"
    );
    let mut calls = dialogue("responses: { one: { answer: { call: one } } }\ndefault: Nothing.");
    calls.mention("x");
    let none = calls.respond_with(&json!({ "tools": tools, "tool_choice": "none" }));
    assert_eq!(words(&none), "Nothing.");
}

#[test]
fn several_calls_in_one_response_are_answered_together() {
    let mut dialogue = dialogue(
        r"
responses:
  both: { when: { text: go }, answer: { call: [one, { name: two, call_id: call_mine }] } }
  done: { when: { all: [{ tool_output: one }, { tool_output: two }] }, answer: '{{ tools.one.output }} and {{ tools.two.output }}' }
  half: { when: { any: [{ tool_output: one }, { tool_output: two }] }, answer: One more. }
",
    );
    dialogue.declare(&["one", "two"]);
    assert_eq!(dialogue.say("go"), "call one({}) | call two({})");
    dialogue.output("one", &json!(1));
    assert_eq!(dialogue.give("two", &json!(2)), "1 and 2");
}

#[test]
fn arguments_may_be_deliberately_broken() {
    let mut dialogue = dialogue(
        r#"
responses:
  cut: { when: { text: cut }, answer: { call: { name: f, arguments: '{"user": "{{ user }}", ' } } }
"#,
    );
    dialogue.declare(&["f"]);
    assert_eq!(dialogue.say("cut"), r#"call f({"user": "cut", )"#);
}

#[test]
fn a_call_of_an_undeclared_tool_is_made_and_warned_of() {
    let mut dialogue = dialogue("responses: { a: { answer: { call: get_wether } } }");
    dialogue.declare(&["get_weather"]);
    assert_eq!(dialogue.say("x"), "call get_wether({})");
    assert_eq!(
        dialogue.run.warnings(),
        [
            "the scenario calls `get_wether`, which the session has not declared; there is get_weather"
        ]
    );
}

const LIBRARY: &str = r#"
mcp_servers:
  library: [{ name: find, description: Finds a book. }, { name: lend }]
responses:
  lend: { when: { text: lend }, answer: { output: [{ mcp_approval_request: { server: library, name: lend, arguments: { title: Emma } } }] } }
  given:
    when: { approval: given }
    answer: { output: [{ mcp_call: { server: library, name: lend, arguments: { title: Emma }, output: "Due {{ turn }}" } }, { say: It is yours. }] }
  refused: { when: { approval: refused }, answer: Then not. }
  find: { when: { text: find }, answer: { output: [{ mcp_call: { server: library, name: find, error: "{{ user }}: no such book" } }] } }
  more:
    when: { text: new }
    answer: { say: There are more tools., before: [{ mcp_tools: { server: library, tools: [{ name: burn }] } }] }
"#;

fn at_the_library() -> (Dialogue, Vec<Value>) {
    let mut dialogue = dialogue(LIBRARY);
    let tool =
        json!({ "type": "mcp", "server_label": "library", "server_url": "https://example.org" });
    let listed = dialogue.update(&json!({ "tools": [tool] }));
    (dialogue, listed)
}

#[test]
fn mcp_tools_are_listed_called_and_fail_without_any_network() {
    let (mut dialogue, listed) = at_the_library();
    assert!(types(&listed).contains(&"mcp_list_tools.completed"));
    let tools = listed
        .iter()
        .find(|event| event["type"] == "conversation.item.added")
        .unwrap();
    assert_eq!(tools["item"]["tools"][0]["description"], "Finds a book.");
    assert_eq!(dialogue.say("find"), "mcp find({}) = find: no such book");
    dialogue.mention("new");
    let events = dialogue.respond_with(&json!({}));
    assert_eq!(events[0]["type"], "mcp_list_tools.in_progress");
    assert_eq!(events[1]["item"]["tools"][0]["name"], "burn");
}

#[test]
fn mcp_calls_wait_for_an_approval_that_is_given_or_refused() {
    for (approve, expected) in [
        (true, r#"mcp lend({"title":"Emma"}) = Due 1 | It is yours."#),
        (false, "Then not."),
    ] {
        let (mut dialogue, _) = at_the_library();
        dialogue.mention("lend");
        let events = dialogue.respond_with(&json!({}));
        assert_eq!(words(&events), "may I lend?");
        let done = events
            .iter()
            .find(|event| event["type"] == "response.done")
            .unwrap();
        let request = done["response"]["output"][0]["id"].clone();
        dialogue.item(&json!({
            "id": "mine", "type": "mcp_approval_response", "approval_request_id": request, "approve": approve,
        }));
        let events = dialogue.respond_with(&json!({}));
        assert_eq!(words(&events), expected);
        let done = events
            .iter()
            .find(|event| event["type"] == "response.done")
            .unwrap();
        if approve {
            assert_eq!(
                done["response"]["output"][0]["approval_request_id"],
                request
            );
        }
    }
}

#[test]
fn endings_usage_pace_and_metadata_are_as_written() {
    let mut dialogue = dialogue(
        r"
responses:
  filter: { when: { text: filter }, answer: { say: Well, ending: { incomplete: content_filter } } }
  fail: { when: { text: fail }, answer: { ending: { failed: { type: server_error, code: overloaded } } } }
  cost: { when: { text: cost }, answer: { say: Dear., usage: { input_text: 1000, output_text: 2 }, metadata: { turn: '{{ turn }}' } } }
  slow: { when: { text: slow }, answer: { say: At last., pacing: { first_ms: 5000 } } }
",
    );
    assert_eq!(dialogue.say("filter"), "Well [incomplete]");
    assert_eq!(dialogue.say("fail"), " [failed]");
    dialogue.mention("cost");
    let events = dialogue.respond_with(&json!({}));
    let response = &events
        .iter()
        .find(|event| event["type"] == "response.done")
        .unwrap()["response"];
    assert_eq!(response["usage"]["total_tokens"], 1002);
    assert_eq!(response["metadata"], json!({ "turn": "3" }));
    assert_eq!(dialogue.say("slow"), "At last.");
}

#[test]
fn actions_happen_before_after_and_instead_of_a_response() {
    let mut dialogue = dialogue(
        r"
responses:
  limit:
    when: { text: limit }
    answer: { say: Slow down., before: [{ rate_limits: [{ name: requests, limit: 10, remaining: 0, reset_seconds: 60 }] }] }
  error: { when: { text: error }, answer: { ending: no_response, before: [{ error: { code: no, message: 'Not {{ user }}' } }] } }
  bye: { when: { text: bye }, answer: { say: Bye., after: [{ close: { code: 4001, reason: over } }] } }
",
    );
    dialogue.mention("limit");
    let events = dialogue.respond_with(&json!({}));
    let limits = events
        .iter()
        .find(|event| event["type"] == "rate_limits.updated")
        .unwrap();
    assert_eq!(limits["rate_limits"][0]["remaining"], 0);
    dialogue.mention("error");
    let events = dialogue.respond_with(&json!({}));
    assert_eq!(types(&events), ["error"]);
    assert_eq!(events[0]["error"]["message"], "Not error");
    dialogue.mention("bye");
    let events = dialogue.respond_with(&json!({}));
    assert_eq!(
        *events.last().unwrap(),
        json!({ "close": 4001, "reason": "over" })
    );
}

#[test]
fn a_response_says_what_the_user_is_heard_to_say_next() {
    let mut dialogue = dialogue(
        "hears: [One, Two]\nresponses:\n  \
         one: { when: { text: one }, answer: { say: 'Heard {{ user }}', after: [{ hear: Between }] } }\n  \
         any: { answer: 'Heard {{ user }}' }\n",
    );
    let heard = [(); 4].map(|()| dialogue.speak());
    assert_eq!(
        heard,
        ["Heard One", "Heard Between", "Heard Two", "Heard (speech)"]
    );
}

#[test]
fn a_transcription_may_fail() {
    let mut dialogue =
        dialogue("hears: [{ fail: { code: audio_unintelligible } }]\ndefault: Pardon?");
    dialogue
        .update(&json!({ "audio": { "input": { "transcription": { "model": "whisper-1" } } } }));
    dialogue.session.handle(
        mock_realtime::engine::Input::Text(
            &json!({ "type": "input_audio_buffer.append", "audio": "AAAA".repeat(4_000) })
                .to_string(),
        ),
        std::time::Duration::ZERO,
    );
    let events = dialogue.send(&json!({ "type": "input_audio_buffer.commit" }));
    let failed = events
        .iter()
        .find(|event| event["error"]["code"] == "audio_unintelligible");
    assert!(failed.is_some(), "{events:?}");
}

#[test]
fn a_silence_has_its_own_answer() {
    let text = "responses:\n  \
         still: { when: { no_input_seconds: 5 }, answer: 'Still there after {{ silence }} s?' }\n  \
         hello: { answer: Hello. }\n";
    let mut dialogue = dialogue(text);
    let vad = json!({ "type": "server_vad", "idle_timeout_ms": 6_000 });
    dialogue.update(&json!({ "audio": { "input": { "turn_detection": vad } } }));
    dialogue.mention("Hi");
    let events = dialogue.respond_with(&json!({}));
    let said: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.done")
        .map(|event| &event["text"])
        .collect();
    assert_eq!(said[..2], ["Hello.", "Still there after 6.0 s?"]);
}
