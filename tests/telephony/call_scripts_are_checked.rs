//! Call scripts in files: what is wrong is told with its place, all of it at once; what is right is the
//! same as in Rust.

use std::path::Path;

use mock_realtime::faults::{CallFaults, Fault, Faults};
use mock_realtime::protocol::twilio::CarrierMessageKind;
use mock_realtime::telephony::bridge_test::Suite;
use mock_realtime::telephony::script::{CallScript, CallStep, KeyPresses, WaitFor};
use serde_json::json;

const CALL: &str = r#"
name: a table for two
parameters: { account: "42" }
voice: ash
longest_ms: 60000
faults:
  seed: 7
  rules:
    - { kind: { delay: { ms: 5, jitter_ms: 60 } }, when: { event: [media, userStream.chunk], chance: 0.3 } }
    - { kind: { disconnect: { code: 1011 } }, when: { after_ms: 90000 } }
steps:
  - wait_for: reply
  - say: A table for two, please.
  - wait_for: { for: reply, silence_ms: 500, within_ms: 4000 }
  - expect: { answered_within_ms: 1500, words: [table, two] }
  - barge_in: { after_ms: 300, say: { text: Stop! } }
  - press: "12#"
  - silent_ms: 2000
  - gap_ms: 100
  - faults: { rules: [{ kind: malform, when: { nth: 1 } }] }
  - break
  - hang_up
"#;

#[test]
fn a_script_is_read() {
    let script = CallScript::parse("call.yaml", CALL).unwrap();
    assert_eq!(script.steps.len(), 11);
    assert_eq!(script.faults.iter().count(), 2);
    assert_eq!(script.parameters["account"], "42");
    assert_eq!(
        script.steps[5],
        CallStep::Press(KeyPresses::new("12#").unwrap())
    );
    let short = CallScript::new("short")
        .wait_for(WaitFor::Silence)
        .hang_up();
    let file = "name: short\nsteps: [{wait_for: silence}, hang_up]";
    assert_eq!(CallScript::parse("call.yaml", file).unwrap(), short);
}

#[test]
fn a_script_that_is_written_is_read_again() {
    let script = CallScript::parse("call.yaml", CALL).unwrap();
    let written = serde_json::to_string(&script).unwrap();
    assert_eq!(CallScript::parse("call.json", &written).unwrap(), script);
}

#[test]
fn all_mistakes_are_told_with_their_places() {
    let file = r#"
nmae: typo
steps:
  - say: { file: nowhere.wav }
  - say: { text: a, file: b }
  - say: {}
  - press: "12x"
  - press: ""
  - wait_for: ever
  - wait_for: { for: reply, silence: 1 }
  - barge_in: { say: Stop }
  - hangup
  - expect: { words: "!" }
  - silent_ms: -1
"#;
    let problems = CallScript::parse("call.yaml", file).unwrap_err();
    let told = problems.to_string();
    for (line, words) in [
        (2, "there is no key `nmae` here; did you mean `name`?"),
        (4, "nowhere.wav"),
        (5, "what is said is a `text` or a `file`"),
        (6, "what is said is a `text` or a `file`"),
        (7, "a telephone has no key `x`"),
        (8, "no key is pressed here"),
        (9, "there are speech, reply and silence"),
        (10, "there is no key `silence` here"),
        (11, "the key `after_ms` is missing here"),
        (12, "did you mean `hang_up`?"),
        (13, "without a letter or digit"),
        (14, "expected a whole number, 0 or more"),
    ] {
        let place = format!("call.yaml:{line}:");
        let found = told.lines().find(|it| it.starts_with(&place));
        assert!(
            found.is_some_and(|it| it.contains(words)),
            "{place} {words}\n{told}"
        );
    }
    assert_eq!(told.lines().count(), 12, "{told}");
}

#[test]
fn faults_that_calls_have_not_are_told_with_their_places() {
    let of_calls = "delay, bandwidth, stall, drop, duplicate, reorder, truncate, malform, \
                    break_schema, wrong_id, unknown_event, disconnect";
    for (rule, expected) in [
        (
            "{ kind: { refuse_handshake: { status: 429 } } }",
            format!("call.yaml:3:9: a call has no fault `refuse_handshake`; there are {of_calls}"),
        ),
        (
            "{ kind: stuck_response, when: { nth: 1 } }",
            format!("call.yaml:3:15: a call has no fault `stuck_response`; there are {of_calls}"),
        ),
        (
            "{ kind: dorp }",
            "call.yaml:3:15: `dorp` is none of the values here; did you mean `drop`?".to_owned(),
        ),
        (
            "{ kind: drop, when: { from: server } }",
            "call.yaml:3:29: there is no key `from` here; there are event, nth, every, times, chance, \
             after_ms, after_bytes"
                .to_owned(),
        ),
        (
            "{ kind: drop, when: { event: response.done } }",
            "call.yaml:3:36: no carrier sends a message `response.done`; Twilio sends connected, start, \
             media, dtmf, mark, stop; AudioCodes sends session.initiate, session.resume, session.end, \
             userStream.start, userStream.chunk, userStream.stop, activities, connection.validate"
                .to_owned(),
        ),
        (
            "{ kind: drop, when: { chance: 5 } }",
            "call.yaml:3:37: a chance is from 0.0 to 1.0, not 5".to_owned(),
        ),
        (
            "{ kind: { duplicate: { times: 1000 } } }",
            "call.yaml:3:7: `duplicate` is for 100 frames at most".to_owned(),
        ),
    ] {
        let of_call = format!("faults:\n  rules:\n    - {rule}\nsteps: [hang_up]\n");
        let told = CallScript::parse("call.yaml", &of_call).unwrap_err();
        assert_eq!(told.to_string(), expected, "{rule}");
        let of_step = format!("steps:\n  - faults:\n      rules: [{rule}]\n");
        assert!(CallScript::parse("call.yaml", &of_step).is_err(), "{rule}");
    }
}

#[test]
fn faults_of_calls_are_none_of_sessions() {
    let text = "faults: { rules: [{ kind: drop, when: { event: media } }] }";
    let told = mock_realtime::scenario::parse("f.yaml", text).unwrap_err();
    assert!(
        told.to_string().contains("no event has the type `media`"),
        "{told}"
    );
    let media = || Fault::lose().on(CarrierMessageKind::Media);
    let said = std::panic::catch_unwind(|| Faults::new().with(media())).unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("sessions have no event `media`"), "{said}");
    let said = std::panic::catch_unwind(|| CallFaults::new().with(media().in_connections(0..1)));
    let said = said.unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("neither `from` nor `connections`"), "{said}");
}

#[test]
fn files_are_relative_to_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let clip = mock_realtime::audio::Clip::tone(440.0, std::time::Duration::from_millis(100));
    clip.save(folder.path().join("order.wav")).unwrap();
    let file = folder.path().join("call.yaml");
    std::fs::write(
        &file,
        "steps: [{say: {file: order.wav}}]\nrecordings: {order.wav: hello}",
    )
    .unwrap();
    let script = CallScript::load(&file).unwrap();
    let found = folder.path().join("order.wav").display().to_string();
    assert_eq!(
        script,
        CallScript {
            recordings: [(found.clone(), "hello".to_owned())].into(),
            ..CallScript::default().say_file(found)
        }
    );
    let missing = CallScript::load(&folder.path().join("none.yaml")).unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let text = serde_json::to_string_pretty(&CallScript::json_schema()).unwrap() + "\n";
    let file = Path::new("presets/call.schema.json");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        kept == text,
        "{} is not that of the types: UPDATE_SNAPSHOTS writes it",
        file.display()
    );
}

#[test]
fn the_schema_takes_the_calls_that_are_built_in_and_refuses_what_is_not_sound() {
    let schema = serde_json::to_value(CallScript::json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in Suite::Extended.cases().unwrap() {
        let script = serde_json::to_value(&case.script).unwrap();
        let errors: Vec<_> = validator.iter_errors(&script).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", case.name());
    }
    let with = |rule| json!({ "faults": { "rules": [rule] }, "steps": [] });
    assert!(validator.is_valid(&with(json!({ "kind": "drop" }))));
    for wrong in [
        json!({ "stpes": [] }),
        json!({ "steps": ["hang up"] }),
        json!({ "steps": [{ "press": "x" }] }),
        with(json!({ "kind": "stuck_response" })),
        with(json!({ "kind": { "refuse_handshake": { "status": 429 } } })),
        with(json!({ "kind": "drop", "when": { "from": "server" } })),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn the_schema_knows_every_step() {
    let schema = serde_json::to_value(CallScript::json_schema()).unwrap();
    let script: serde_json::Value =
        serde_json::to_value(CallScript::parse("call.yaml", CALL).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    if let Err(error) = validator.validate(&script) {
        panic!("{error} at {}", error.instance_path());
    }
}
