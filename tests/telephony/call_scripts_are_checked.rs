//! Call scripts in files: what is wrong is told with its place, all of it at once; what is right is the
//! same as in Rust.

use mock_realtime::telephony::script::{CallScript, CallStep, KeyPresses, WaitFor};

const CALL: &str = r#"
name: a table for two
parameters: { account: "42" }
voice: ash
longest_ms: 60000
steps:
  - wait_for: reply
  - say: A table for two, please.
  - wait_for: { for: reply, silence_ms: 500, within_ms: 4000 }
  - expect: { answered_within_ms: 1500, words: [table, two] }
  - barge_in: { after_ms: 300, say: { text: Stop! } }
  - press: "12#"
  - silent_ms: 2000
  - gap_ms: 100
  - break
  - hang_up
"#;

#[test]
fn a_script_is_read() {
    let script = CallScript::parse("call.yaml", CALL).unwrap();
    assert_eq!(script.steps.len(), 10);
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
fn the_schema_knows_every_step() {
    let schema = serde_json::to_value(CallScript::json_schema()).unwrap();
    let script: serde_json::Value =
        serde_json::to_value(CallScript::parse("call.yaml", CALL).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    if let Err(error) = validator.validate(&script) {
        panic!("{error} at {}", error.instance_path());
    }
}
