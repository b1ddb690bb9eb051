//! The scenario of a recording gives the recorded client what it got, event by event.

use std::time::Duration;

use crate::support::replay::replay_with;
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::{Pacing, SessionOptions};
use mock_realtime::recording::Recording;
use mock_realtime::scenario::{RecordedScenario, Scenario, parse};

/// What the scenario of a recording is, read again from its own file.
fn scenario_of(recording: &str) -> (RecordedScenario, Scenario) {
    let recording = Recording::parse("test.jsonl", recording.as_bytes()).unwrap();
    let recorded = RecordedScenario::of(&recording.sessions[0], None);
    let text = recorded.to_yaml().unwrap();
    match parse("made.yaml", &text) {
        Ok(loaded) => {
            assert_eq!(loaded.scenario, recorded.scenario, "{text}");
            (recorded, loaded.scenario)
        }
        Err(problems) => panic!("{problems}\n{text}"),
    }
}

fn assert_same_events(recording: &str) -> usize {
    let (recorded, scenario) = scenario_of(recording);
    let run = scenario.start();
    match replay_with(recording, |options| run.configure(options)) {
        Ok(events) => events,
        Err(difference) => panic!("{difference}\n{}", recorded.to_yaml().unwrap()),
    }
}

const RESTAURANT: &str = r"
hears: [A table for two please, 'Two']
responses:
  table: { when: { text: table }, answer: { say: 'For two, {{ user }}?', call: { name: find, arguments: { people: 2 } } } }
  found: { when: { tool_output: find }, answer: 'There is one. {{ turn }}' }
  hello: { when: { text: hello }, answer: [Hello!, Hello again!] }
  fails: { when: { text: fail }, answer: { ending: { failed: { type: server_error, code: oops } } } }
default: And then?
";

/// A session of the mock, as its journal writes it down.
async fn recorded_here() -> String {
    let scenario = parse("restaurant.yaml", RESTAURANT).unwrap().scenario;
    let mut options = SessionOptions::default();
    scenario.start().configure(&mut options);
    options.pacing = Pacing::REALISTIC;
    let mut client = MockRealtimeClient::new(options);
    client.send_text(
        r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{"model":"whisper-1"}}}}}"#,
    );
    for text in ["Hello", "Hello there", "Hello", "fail"] {
        client.say(text);
        client.collect_response().await;
        client.wait(Duration::from_secs(1)).await;
    }
    let speech = Clip::spoken("A table for two please", "ash", 1.0);
    client.speak(&speech.encoded(Encoding::Pcm16)).await;
    let silence = Clip::silence(Duration::from_secs(1));
    client.speak(&silence.encoded(Encoding::Pcm16)).await;
    let call = client.collect_response().await.calls.remove(0);
    client.answer(&call, "{}");
    client.collect_response().await;
    client.wait(Duration::from_secs(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.jsonl");
    client.journal().save(&file).unwrap();
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test(start_paused = true)]
async fn sessions_of_the_mock_give_themselves_again() {
    let recording = recorded_here().await;
    assert!(assert_same_events(&recording) > 100);

    let (recorded, scenario) = scenario_of(&recording);
    let names: Vec<&String> = scenario.responses.keys().collect();
    assert_eq!(
        names,
        [
            "hello",
            "hello_there",
            "fail",
            "a_table_for_two_please",
            "after_find"
        ]
    );
    assert_eq!(scenario.responses["hello"].answer.len(), 2);
    assert!(
        scenario.responses["hello_there"].priority > 0,
        "its words have the other's in them"
    );
    let table = &scenario.responses["a_table_for_two_please"].answer[0];
    assert_eq!(table.call[0].name, "find");
    let pace = table.pacing.as_ref().unwrap().pacing();
    assert_eq!(pace.text, Pacing::REALISTIC.text);
    let text = recorded.to_yaml().unwrap();
    assert!(text.contains(" s of speech"), "{text}");
    assert!(text.contains(": failed"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_recorded_sounds_can_be_said_again() {
    let recording = recorded_here().await;
    let recording = Recording::parse("test.jsonl", recording.as_bytes()).unwrap();
    let recorded = RecordedScenario::of(&recording.sessions[0], Some("sounds"));
    let (name, sound) = &recorded.sounds[0];
    assert_eq!(name, "sounds/hello_1.wav");
    let said = Clip::spoken("Hello!", "alloy", 1.0).duration();
    assert!(
        sound.duration().abs_diff(said) < Duration::from_millis(300),
        "{sound:?}"
    );
    let answer = &recorded.scenario.responses["hello"].answer[0];
    let file = answer.say.as_ref().unwrap().audio_file.as_deref();
    assert_eq!(file, Some("sounds/hello_1.wav"));
}

#[test]
fn real_sessions_give_themselves_again() {
    for name in [
        "ga_audio_in_server_vad_turn",
        "ga_message_history_seeding",
        "ga_text_in_audio_out_turn",
        "ga_tool_call_round",
    ] {
        let Some(file) = crate::support::shared(&format!("recordings/{name}.jsonl")) else {
            return;
        };
        let recording = std::fs::read_to_string(file).unwrap();
        println!("{name}: {} events", assert_same_events(&recording));
    }
}

#[test]
fn what_looks_like_a_template_is_said_as_it_is() {
    let said = "Write {{ user }} and {% endraw %}";
    let recording = [
        r#"{"dir":"s2c","event":{"type":"response.created","response":{"id":"r"}}}"#.to_owned(),
        serde_json::json!({ "dir": "s2c", "event": { "type": "response.done", "response": {
            "id": "r", "status": "completed", "output": [
                { "type": "message", "content": [{ "type": "output_audio", "transcript": said }] },
                { "type": "function_call", "name": "f", "arguments": "{\"a\":\"{{ user }}\"}" },
                { "type": "message", "content": [{ "type": "output_text", "text": "x" }] },
            ] } } })
        .to_string(),
    ]
    .join("\n");
    let (_, scenario) = scenario_of(&recording);
    let run = scenario.start();
    let mut options = SessionOptions::default();
    run.configure(&mut options);
    let mut session = crate::support::Session::new(options);
    let events = crate::support::answer(&mut session, r#"{"type":"response.create"}"#);
    let output = &events
        .iter()
        .find(|event| event["type"] == "response.done")
        .unwrap()["response"]["output"];
    assert_eq!(output[0]["content"][0]["transcript"], said);
    assert_eq!(output[1]["arguments"], r#"{"a":"{{ user }}"}"#);
    assert_eq!(output[2]["content"][0]["text"], "x");
}
