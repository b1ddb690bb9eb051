//! A caller who follows a script holds a call with a bridge: turns, their times, what was said and
//! heard, and what was not as expected.

use crate::bridge::{Agent, tone};
use crate::telephone::ms;
use mock_realtime::audio::Clip;
use mock_realtime::protocol::twilio::{BridgeClear, BridgeMessage};
use mock_realtime::scenario::{OneOrMany, Phrase};
use mock_realtime::telephony::script::{
    CallScript, CallStep, ExpectConfig, KeyPresses, WaitConfig, WaitFor,
};
use mock_realtime::telephony::twilio::TwilioOptions;
use mock_realtime::telephony::{Call, CallResult, Party};

fn agent() -> Agent {
    Agent::new(tone(1_000), tone(2_000))
}

async fn hold(agent: &Agent, script: &CallScript) -> CallResult {
    let call = Call::twilio(TwilioOptions::default(), script).unwrap();
    agent.take(call).await
}

fn failures(result: &CallResult) -> Vec<String> {
    let turns = result.turns.iter();
    turns
        .flat_map(|turn| turn.failures.iter().map(ToString::to_string))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn turn_follows_turn_and_each_is_timed() {
    let script = CallScript::new("two turns")
        .wait_for(WaitFor::Reply)
        .say("A table for two, please.")
        .wait_for(WaitFor::Reply)
        .expect(ExpectConfig {
            answered_within_ms: Some(800),
            at_least_ms: Some(1_900),
            at_most_ms: Some(2_100),
            ..ExpectConfig::default()
        })
        .say("At seven.")
        .wait_for(WaitFor::Reply)
        .hang_up();
    let result = hold(&agent(), &script).await;
    assert_eq!(failures(&result), [""; 0]);
    assert_eq!((result.turns.len(), result.completed_turns()), (3, 3));
    let greeting = &result.turns[0];
    assert_eq!(greeting.words, None);
    let greeting = greeting.answer.clone().unwrap();
    assert!(greeting.end >= greeting.start + ms(980), "{greeting:?}");
    for turn in &result.turns[1..] {
        // The bridge waits for 500 ms of silence and thinks for 200 ms.
        let latency = turn.latency().unwrap();
        assert!((ms(600)..=ms(740)).contains(&latency), "{latency:?}");
    }
    assert_eq!(result.notes.ended.as_ref().unwrap().by, Party::Caller);
    assert_eq!(result.notes.findings, []);
    let answer = result.answer(1).unwrap();
    assert!((ms(1_900)..=ms(2_100)).contains(&answer.duration()));
    let loudest = answer.samples().iter().max().unwrap();
    assert!((15_000..17_500).contains(loudest), "{loudest}");
}

#[tokio::test(start_paused = true)]
async fn who_interrupts_hears_the_bridge_stop() {
    let script = CallScript::new("barge-in")
        .wait_for(WaitFor::Speech)
        .barge_in(400, "Stop, please stop!")
        .expect(ExpectConfig {
            cut_within_ms: Some(400),
            ..ExpectConfig::default()
        })
        .wait_for(WaitFor::Reply);
    let mut agent = Agent::new(tone(20_000), tone(700));
    let result = hold(&agent, &script).await;
    assert_eq!(failures(&result), [""; 0]);
    let turn = &result.turns[1];
    assert!(turn.barged_in);
    let cut_off = turn.cut_off().unwrap();
    assert!((ms(80)..ms(200)).contains(&cut_off), "{cut_off:?}");
    let clears = result.journal.messages::<BridgeMessage, BridgeClear>();
    assert_eq!(clears.len(), 1);
    // What came after the interruption is the answer.
    let answer = turn.answer.clone().unwrap();
    assert!(answer.start > turn.said.clone().unwrap().end);

    // A bridge that talks on is found out.
    agent.yields = false;
    let result = hold(&agent, &script).await;
    let failures = failures(&result);
    assert!(failures[0].contains("time to silence"), "{failures:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_does_not_answer_fails_the_step_and_the_call_goes_on() {
    let script = CallScript::new("nobody there")
        .step(CallStep::WaitFor(
            WaitConfig {
                within_ms: Some(3_000),
                ..WaitFor::Reply.into()
            }
            .into(),
        ))
        .say("Hello?")
        .wait_for(WaitFor::Reply)
        .expect(ExpectConfig {
            no_answer: true,
            ..ExpectConfig::default()
        });
    let silent = Agent {
        greeting: None,
        ..agent()
    };
    let result = hold(&silent, &script).await;
    assert_eq!(
        failures(&result),
        [
            "step 1, 3.005 s: the bridge did not reply within 3000 ms".to_owned(),
            format!(
                "step 4, {:.3} s: expected no answer, and there is one",
                result.duration().as_secs_f64()
            ),
        ]
    );
    assert!(!result.is_success());
    assert_eq!((result.turns.len(), result.completed_turns()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_hangs_up_leaves_the_rest_undone() {
    let leaving = Agent {
        hangs_up_after: Some(1),
        ..agent()
    };
    let script = CallScript::new("bye")
        .wait_for(WaitFor::Reply)
        .say("Bye.")
        .silent_ms(10_000)
        .expect(ExpectConfig {
            hung_up: true,
            ..ExpectConfig::default()
        });
    let result = hold(&leaving, &script).await;
    assert_eq!(result.notes.ended.as_ref().unwrap().by, Party::Bridge);
    let failed = failures(&result);
    assert!(
        failed[0].contains("the call was over, ended by the bridge"),
        "{failed:?}"
    );

    let script = CallScript::new("bye")
        .wait_for(WaitFor::Reply)
        .say("Bye.")
        .wait_for(WaitFor::Speech)
        .step(CallStep::WaitFor(WaitFor::Reply.into_config(3_000)))
        .expect(ExpectConfig {
            hung_up: true,
            ..ExpectConfig::default()
        });
    let result = hold(&leaving, &script).await;
    assert!(
        failures(&result)[0].starts_with("step 4"),
        "{:?}",
        failures(&result)
    );
}

/// A wait whose silence is longer than the bridge stays.
trait IntoConfig {
    fn into_config(self, silence_ms: u32) -> mock_realtime::scenario::Short<WaitConfig>;
}

impl IntoConfig for WaitFor {
    fn into_config(self, silence_ms: u32) -> mock_realtime::scenario::Short<WaitConfig> {
        WaitConfig {
            silence_ms: Some(silence_ms),
            ..self.into()
        }
        .into()
    }
}

#[tokio::test(start_paused = true)]
async fn words_are_told_by_known_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let greeting = Clip::spoken("Good morning, how can I help you?", "nova", 1.0);
    let file = folder.path().join("greeting.wav");
    greeting.save(&file).unwrap();
    let agent = Agent::new(greeting, tone(500));
    let words = |phrase: &str| ExpectConfig {
        words: OneOrMany::from(Phrase::new(phrase).unwrap()),
        ..ExpectConfig::default()
    };
    let mut script = CallScript::new("greeting")
        .wait_for(WaitFor::Reply)
        .expect(words("good morning"))
        .expect(words("good evening"));
    let result = hold(&agent, &script).await;
    assert!(failures(&result)[0].contains("nobody can tell the words"));
    script.recordings.insert(
        file.display().to_string(),
        "Good morning, how can I help you?".to_owned(),
    );
    let result = hold(&agent, &script).await;
    let failures = failures(&result);
    assert_eq!(failures.len(), 1, "{failures:?}");
    let expected = r#"expected to hear "good evening", heard "Good morning, how can I help you?""#;
    assert!(failures[0].ends_with(expected), "{failures:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_has_an_end_of_its_own() {
    let mut script = CallScript::new("endless").silent_ms(1_000_000);
    script.longest_ms = Some(5_000);
    let result = hold(&agent(), &script).await;
    assert!(
        failures(&result)[0].contains("longer than 5s"),
        "{:?}",
        failures(&result)
    );
    assert_eq!(result.duration(), ms(5_000));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_call() {
    let mut texts = Vec::new();
    for _ in 0..2 {
        let script = CallScript::new("twice")
            .wait_for(WaitFor::Reply)
            .press(KeyPresses::new("12#").unwrap())
            .say("Hello!")
            .wait_for(WaitFor::Reply);
        let result = hold(&agent(), &script).await;
        let entries = result.journal.entries().to_vec();
        assert!(entries.len() > 200);
        texts.push(entries);
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_and_heard_is_saved() {
    let script = CallScript::new("save")
        .wait_for(WaitFor::Reply)
        .say("Hello!")
        .wait_for(WaitFor::Reply);
    let result = hold(&agent(), &script).await;
    let folder = tempfile::tempdir().unwrap();
    let files = result.save_answers(folder.path().join("answers")).unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, ["greeting.wav", "turn-01.wav"]);
    let stereo = folder.path().join("call.wav");
    result.save_stereo(&stereo).unwrap();
    let file = std::fs::read(&stereo).unwrap();
    // Two channels of 16 bits.
    assert_eq!(file[22..24], [2, 0]);
    let mixed = Clip::decode(&file).unwrap();
    assert!(mixed.duration().abs_diff(result.duration()) < ms(1));
    result
        .journal
        .save(folder.path().join("call.jsonl"))
        .unwrap();
    let lines = std::fs::read_to_string(folder.path().join("call.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), result.journal.entries().len());
}

#[tokio::test]
async fn a_bridge_on_the_network_is_dialled() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/media", listener.local_addr().unwrap());
    let bridge = tokio::spawn(async move {
        use futures_util::StreamExt;
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let mut events = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            if let Ok(text) = message.to_text()
                && let Ok(message) = serde_json::from_str::<serde_json::Value>(text)
            {
                events.push(message["event"].as_str().unwrap_or_default().to_owned());
            }
        }
        events
    });
    let script = CallScript::new("short").silent_ms(1).hang_up();
    let call = Call::twilio(TwilioOptions::default(), &script).unwrap();
    let result = mock_realtime::telephony::dial(&url, call).await.unwrap();
    assert!(result.is_success());
    let events = bridge.await.unwrap();
    assert_eq!(events[..2], ["connected", "start"]);
    assert_eq!(events.last().unwrap(), "stop");
}

#[tokio::test]
async fn a_bridge_that_is_not_there_is_a_call_that_ended() {
    let script = CallScript::new("nobody").wait_for(WaitFor::Reply);
    let call = || Call::twilio(TwilioOptions::default(), &script).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let result = mock_realtime::telephony::dial(&url, call()).await.unwrap();
    assert_eq!(result.notes.ended.as_ref().unwrap().code, Some(31920));
    assert!(!result.is_success());
    for bad in ["http://127.0.0.1/", "127.0.0.1:8000", "ws://", "not a url"] {
        let error = mock_realtime::telephony::dial(bad, call())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
    }
}
