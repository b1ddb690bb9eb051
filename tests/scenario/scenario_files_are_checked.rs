//! Files of scenarios: all mistakes at once, each with its place; includes; what is written is read
//! again; the schema for editors.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use mock_realtime::scenario::{
    AnswerOrder, Preset, Scenario, intent, load, parse, schema, user_matches, user_says, when,
};
use serde_json::json;

fn path(name: &str) -> PathBuf {
    Path::new("tests/scenarios").join(name)
}

/// The text of a committed file; `UPDATE_SNAPSHOTS` writes it anew.
fn snapshot(file: &Path, text: &str) {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(file, text).unwrap();
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    assert!(kept == text, "{} is not:\n{text}", file.display());
}

fn problems(text: &str) -> String {
    parse("test.yaml", text).unwrap_err().to_string()
}

#[test]
fn ten_mistakes_are_ten_messages() {
    let problems = load(&path("ten_mistakes.yaml")).unwrap_err();
    snapshot(&path("ten_mistakes.txt"), &format!("{problems}\n"));
    assert_eq!(problems.iter().count(), 10);
}

#[test]
fn a_file_that_is_no_yaml_is_one_mistake() {
    let messages = problems("responses:\n  a: [1, 2\n");
    assert_eq!(messages.lines().count(), 1, "{messages}");
    assert!(messages.starts_with("test.yaml:"), "{messages}");
    let twice = problems("name: a\nname: b\n");
    assert!(twice.starts_with("test.yaml:2:1: "), "{twice}");
    let two = problems("name: a\n---\nname: b\n");
    assert!(two.contains("a second document"), "{two}");
}

#[test]
fn a_mistake_does_not_bring_others_with_it() {
    // The name of the call is wrong, not missing.
    let messages = problems("responses: { a: { answer: { call: { name: [x], arguments: 3 } } } }");
    assert_eq!(
        messages,
        "test.yaml:1:37: found a list, expected a text\n\
         test.yaml:1:59: arguments are a map, or a text that is sent as it is"
    );
}

#[test]
fn names_that_nobody_has_are_mistakes() {
    let text = "
states: [open]
end_states: [opne]
captures: { number: '\\d+' }
templates: { t: { parameters: { what: null }, answer: '{{ parameters.what }}' } }
responses:
  a: { when: { captured: numbr, state: opened, intent: complain }, answer: { use: { template: tt } } }
  b: { answer: { use: { template: t, with: { whta: x } } } }
  c: { answer: [] }
";
    assert_eq!(
        problems(text),
        "test.yaml:3:14: there is no state `opne`; did you mean `open`?\n\
         test.yaml:7:26: there is no capture `numbr`; did you mean `number`?\n\
         test.yaml:7:40: there is no state `opened`; did you mean `open`?\n\
         test.yaml:7:56: there is no intent `complain`; did you mean `complaint`?\n\
         test.yaml:7:95: there is no template `tt`; did you mean `t`?\n\
         test.yaml:8:18: the parameter `what` of `t` is not given\n\
         test.yaml:8:52: there is no parameter `whta`; did you mean `what`?\n\
         test.yaml:9:8: a response needs an answer"
    );
}

#[test]
fn files_are_joined_and_know_their_own_places() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("parts")).unwrap();
    write(
        "main.yaml",
        "include: [parts/common.json]\nresponses: { own: { when: { state: open }, answer: Own } }\n",
    );
    write(
        "parts/common.json",
        r#"{"states": ["open"], "responses": {"shared": {"answer": "Shared"}}}"#,
    );
    let loaded = load(&folder.path().join("main.yaml")).unwrap();
    let names: Vec<&String> = loaded.scenario.responses.keys().collect();
    assert_eq!(names, ["shared", "own"]);
    assert_eq!(loaded.files.len(), 2);

    write(
        "parts/common.json",
        r#"{"include": ["../main.yaml", "gone.yaml"], "responses": {"own": {"answr": "Shared"}}}"#,
    );
    let messages = load(&folder.path().join("main.yaml"))
        .unwrap_err()
        .to_string();
    for expected in [
        "common.json:1:14: `../main.yaml` includes this file already",
        "gone.yaml cannot be read",
        "common.json:1:66: there is no key `answr` here; did you mean `answer`?",
        "main.yaml:2:14: another file of the scenario has a `own` under `responses`, too",
        "main.yaml:2:36: there is no state `open`; the scenario has no state at all",
    ] {
        assert!(
            messages.contains(expected),
            "{expected}\nis not in\n{messages}"
        );
    }
    let gone = load(Path::new("no/such.yaml")).unwrap_err().to_string();
    assert!(gone.contains("no/such.yaml cannot be read"), "{gone}");
}

#[test]
fn what_is_built_in_rust_is_written_and_read_again() {
    let scenario = Scenario::new("bakery")
        .states(["shop", "paid"])
        .ending_in("paid")
        .capture("count", r"(\d+) rolls")
        .unwrap()
        .hears(["Hello", "4 rolls: \"fresh\" ones, please"])
        .response(
            "hello",
            when(intent("greeting").in_turns(..=1).unwrap())
                .say("Hello! # no comment")
                .unwrap(),
        )
        .response(
            "rolls",
            when(user_matches(r"\d+ rolls").unwrap().in_state("shop"))
                .call(
                    "bake",
                    json!({ "count": "{{ captures.count }}", "rye": true, "weight": 1.5 }),
                )
                .unwrap()
                .next_time()
                .say("yes")
                .unwrap()
                .order(AnswerOrder::Cycle)
                .then("paid"),
        )
        .response(
            "bread",
            when(user_says(["bread"]).unwrap().or(!intent("denial")))
                .say("{{ user }}: 0x10")
                .unwrap(),
        );
    let text = scenario.to_yaml().unwrap();
    let read = parse("bakery.yaml", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    assert_eq!(read.scenario, scenario, "{text}");
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let text = serde_json::to_string_pretty(&schema()).unwrap();
    snapshot(
        Path::new("presets/scenario.schema.json"),
        &format!("{text}\n"),
    );
}

#[test]
fn the_schema_takes_what_is_sound_and_refuses_what_is_not() {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for preset in Preset::ALL {
        let scenario = preset
            .scenario()
            .unwrap_or_else(|problems| panic!("{problems}"));
        let value = serde_json::to_value(scenario).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", preset.name());
    }
    for wrong in [
        json!({ "respnses": {} }),
        json!({ "responses": { "a": { "when": { "txt": "x" } } } }),
        json!({ "responses": { "a": { "answer": { "ending": "later" } } } }),
        json!({ "responses": { "a": { "answer": 3 } } }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
