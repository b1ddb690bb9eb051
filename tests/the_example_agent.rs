//! The example agent, held against the mock: a suite as its authors would write it.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

#[path = "../examples/agent/agent.rs"]
#[allow(
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    reason = "an application's"
)]
mod agent;
mod support;

use std::time::Duration;

use agent::{Agent, Caller, Failure, Line, Sound, Speaker, Summary, Tools};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::Pacing;
use mock_realtime::expect::Direction;
use mock_realtime::faults::{Fault, Faults};
use mock_realtime::generators::{PlannedItem, ResponsePlan};
use mock_realtime::protocol::realtime::{
    ClientEventKind, ConversationItemCreate, ConversationItemTruncate, ConversationItemTruncated,
    ErrorEvent, InputAudioBufferAppend, InputAudioBufferSpeechStarted, ResponseCreate,
    ResponseDone, ResponseOutputAudioDelta, ResponseStatus, SessionUpdate,
};
use mock_realtime::server::{MockServer, MockServerBuilder};
use serde_json::{Value, json};
use support::sound;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;

struct Restaurant;

impl Tools for Restaurant {
    fn definitions(&self) -> Value {
        json!([{
            "type": "function", "name": "free_tables", "description": "The free tables of an evening.",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
        }])
    }

    fn call(&mut self, name: &str, arguments: Value) -> Result<Value, String> {
        match (name, arguments["day"].as_str()) {
            ("free_tables", Some("Monday")) => Err("closed on Mondays".to_owned()),
            ("free_tables", Some(_)) => Ok(json!({"tables": [2, 4]})),
            _ => Err(format!("there is no function {name}")),
        }
    }
}

/// A call that is being held.
struct Call {
    microphone: mpsc::UnboundedSender<Vec<u8>>,
    telephone: mpsc::UnboundedReceiver<Sound>,
    agent: JoinHandle<Result<Summary, Failure>>,
}

impl Call {
    fn on(mock: &MockServer) -> Self {
        let connector = mock.connector();
        Self::of(move || std::future::ready(connector.connect()))
    }

    fn over_the_network(mock: &MockServer) -> Self {
        let request = mock.request();
        Self::of(move || {
            let request = request.clone();
            async move { Ok(connect_async(request).await?.0) }
        })
    }

    fn of<C, F, S>(connect: C) -> Self
    where
        C: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<S, Error>> + Send + 'static,
        S: agent::Socket + Send + 'static,
    {
        let (microphone, heard) = mpsc::unbounded_channel();
        let (played, telephone) = mpsc::unbounded_channel();
        let agent = Agent::new("You are a waiter.", Restaurant, connect);
        let caller = Caller {
            microphone: heard,
            speaker: Speaker::new(played),
        };
        Self {
            microphone,
            telephone,
            agent: tokio::spawn(agent.hold(caller)),
        }
    }

    /// Speaks as fast as people do, and is silent for as long as it takes to be noticed.
    async fn speak(&self, ms: u64) {
        let audio = sound::sounds(
            &format!("silence 320, speech {ms}, silence 800"),
            Encoding::Pcm16,
        );
        for piece in audio.chunks(4_800) {
            // An agent that has given up hears nothing.
            let _ = self.microphone.send(piece.to_vec());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn hang_up(mut self) -> (Summary, Vec<Sound>) {
        drop(self.microphone);
        let summary = self.agent.await.unwrap().unwrap();
        let mut sounds = Vec::new();
        while let Some(sound) = self.telephone.recv().await {
            sounds.push(sound);
        }
        (summary, sounds)
    }

    async fn failure(self) -> Failure {
        self.agent.await.unwrap().unwrap_err()
    }
}

fn mock() -> MockServerBuilder {
    MockServer::builder()
        .verify()
        .say(["Good evening! For how many?"])
        .hear(["A table, please."])
        .pacing(Pacing::REALISTIC)
}

/// A mock that calls the restaurant's function with these arguments, and then speaks.
fn calling(name: &str, arguments: &str) -> MockServerBuilder {
    MockServer::builder().verify().respond([
        ResponsePlan::call(name, arguments),
        ResponsePlan::message("There is one."),
    ])
}

#[tokio::test(start_paused = true)]
async fn it_says_what_it_is_before_anything_else() {
    let mock = mock().start().await;
    mock.expect::<SessionUpdate>().times(1).with(json!({
        "session": {"instructions": "You are a waiter.", "tools": [{"name": "free_tables"}]},
    }));
    mock.expect_in_order([
        ClientEventKind::SessionUpdate,
        ClientEventKind::InputAudioBufferAppend,
    ]);
    let call = Call::on(&mock);
    call.speak(400).await;
    call.hang_up().await;
}

#[tokio::test(start_paused = true)]
async fn the_caller_is_heard_to_the_byte() {
    let mock = mock().start().await;
    let call = Call::on(&mock);
    call.speak(400).await;
    call.hang_up().await;
    let appended: Vec<u8> = mock
        .journal()
        .sent::<InputAudioBufferAppend>()
        .iter()
        .flat_map(|append| append.audio.bytes().to_vec())
        .collect();
    let spoken = sound::sounds("silence 320, speech 400, silence 800", Encoding::Pcm16);
    assert_eq!(appended, spoken);
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_played_to_the_byte() {
    let mock = mock().start().await;
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(1).await;
    let (_, sounds) = call.hang_up().await;
    let deltas = mock.journal().received::<ResponseOutputAudioDelta>();
    let sent: Vec<Sound> = deltas
        .iter()
        .map(|delta| Sound::Play(delta.delta.bytes().to_vec()))
        .collect();
    assert!(!sent.is_empty());
    assert_eq!(sounds, sent);
}

#[tokio::test(start_paused = true)]
async fn both_sides_are_written_down() {
    let mock = mock().start().await;
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(1).await;
    let (summary, _) = call.hang_up().await;
    let lines = [
        Line::Caller("A table, please.".to_owned()),
        Line::Agent("Good evening! For how many?".to_owned()),
    ];
    assert_eq!(summary.lines, lines);
    assert_eq!(summary.errors, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_function_is_called_and_its_output_is_spoken_of() {
    let mock = calling("free_tables", r#"{"day":"Friday"}"#).start().await;
    mock.expect::<ConversationItemCreate>()
        .times(1)
        .with(json!({
            "item": {"type": "function_call_output", "output": r#"{"tables":[2,4]}"#},
        }));
    mock.expect::<ResponseCreate>().times(1);
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    let (summary, _) = call.hang_up().await;
    assert_eq!(
        summary.lines.last(),
        Some(&Line::Agent("There is one.".to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_is_told_to_the_model() {
    let mock = calling("free_tables", r#"{"day":"Monday"}"#).start().await;
    mock.expect::<ConversationItemCreate>()
        .with(json!({"item": {"output": r#"{"error":"closed on Mondays"}"#}}));
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    call.hang_up().await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_not_there_is_told_to_the_model() {
    let mock = calling("order_pizza", "{}").start().await;
    mock.expect::<ConversationItemCreate>()
        .with(json!({"item": {"output": r#"{"error":"there is no function order_pizza"}"#}}));
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    call.hang_up().await;
}

#[tokio::test(start_paused = true)]
async fn arguments_that_are_no_json_are_told_to_the_model() {
    let mock = calling("free_tables", r#"{"day": "Fri"#).start().await;
    mock.expect::<ConversationItemCreate>()
        .where_(|create| format!("{:?}", create.item).contains("the arguments are not JSON"));
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    call.hang_up().await;
}

#[tokio::test(start_paused = true)]
async fn several_calls_are_answered_before_one_response_is_asked_for() {
    let friday = || PlannedItem::call("free_tables", r#"{"day":"Friday"}"#);
    let plans = [
        ResponsePlan::of([friday(), friday()]),
        ResponsePlan::message("Two tables."),
    ];
    let mock = MockServer::builder().verify().respond(plans).start().await;
    mock.expect::<ConversationItemCreate>().times(2);
    mock.expect::<ResponseCreate>().times(1);
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    call.hang_up().await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_answer_is_truncated_to_what_was_heard() {
    let long = "We have soup, fish, pasta, cake and wine, and all of it is good. ".repeat(3);
    let mock = mock().say([long]).start().await;
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal()
        .until_received::<ResponseOutputAudioDelta>(1)
        .await;
    let begun = tokio::time::Instant::now();
    call.speak(600).await;
    mock.journal()
        .until_received::<InputAudioBufferSpeechStarted>(2)
        .await;
    let truncate = mock
        .journal()
        .until_sent::<ConversationItemTruncate>(1)
        .await;
    let truncated = mock
        .journal()
        .until_received::<ConversationItemTruncated>(1)
        .await;
    assert_eq!(truncated.item_id, truncate.item_id);
    let heard = Duration::from_millis(truncate.audio_end_ms);
    assert!(heard > Duration::from_millis(300), "{heard:?}");
    assert!(heard < begun.elapsed(), "{heard:?}");
    let (summary, sounds) = call.hang_up().await;
    assert!(sounds.contains(&Sound::Stop));
    assert_eq!(summary.errors, [""; 0]);
    let done = &mock.journal().received::<ResponseDone>()[0];
    assert_eq!(done.response.status, Some(ResponseStatus::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_heard_to_its_end_is_not_truncated() {
    let mock = mock().say(["Yes."]).start().await;
    mock.expect::<ConversationItemTruncate>().never();
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(1).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    let (_, sounds) = call.hang_up().await;
    assert!(!sounds.contains(&Sound::Stop));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_over_is_followed_by_another_that_knows_what_was_said() {
    let mock = mock().start().await;
    mock.expect::<SessionUpdate>().in_session(1).times(1);
    mock.expect::<ConversationItemCreate>().in_session(1).times(1).with(json!({
        "item": {"role": "user", "content": [{"type": "input_text", "text": "A table, please."}]},
    }));
    mock.expect::<ConversationItemCreate>()
        .in_session(1)
        .times(1)
        .with(json!({
            "item": {"role": "assistant", "content": [{"text": "Good evening! For how many?"}]},
        }));
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(1).await;
    mock.session(0)
        .await
        .close(1001, "Your session hit the maximum duration of 60 minutes.");
    mock.session(1).await;
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    let (summary, _) = call.hang_up().await;
    assert_eq!(summary.reconnects, 1);
    assert_eq!(summary.lines.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_hour_passes() {
    let mock = mock().start().await;
    let call = Call::on(&mock);
    mock.journal().until_sent::<SessionUpdate>(1).await;
    mock.session(0).await.advance(Duration::from_secs(60 * 60));
    mock.session(1).await;
    mock.journal().until_sent::<SessionUpdate>(2).await;
    let (summary, _) = call.hang_up().await;
    assert_eq!(summary.reconnects, 1);
    assert!(
        summary.errors[0].contains("60 minutes"),
        "{:?}",
        summary.errors
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_in_the_middle_of_an_answer_is_replaced() {
    let mock = mock().start().await;
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal()
        .until_received::<ResponseOutputAudioDelta>(1)
        .await;
    mock.session(0).await.break_connection();
    mock.session(1).await;
    mock.journal().until_sent::<SessionUpdate>(2).await;
    let (summary, sounds) = call.hang_up().await;
    assert_eq!(summary.reconnects, 1);
    assert_eq!(sounds.last(), Some(&Sound::Stop));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_overloaded_is_asked_again() {
    let overloaded = Fault::refuse_handshake(503);
    let mock = mock().faults_for(..2, overloaded).start().await;
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(1).await;
    let (summary, _) = call.hang_up().await;
    assert_eq!(summary.lines.len(), 2);
    assert_eq!(mock.connections(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_given_up() {
    let mock = mock().faults(Fault::refuse_handshake(503)).start().await;
    let Failure::NoConnection(reason) = Call::on(&mock).failure().await else {
        panic!("it is no matter of the connection");
    };
    assert!(reason.contains("503"), "{reason}");
    assert_eq!(mock.connections(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_fails_is_asked_for_again() {
    let faults = Fault::fail_response("server_error", "internal_error").nth(1..=1);
    let mock = mock().faults(faults).start().await;
    mock.expect::<ResponseCreate>().times(1);
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(2).await;
    let (summary, _) = call.hang_up().await;
    assert_eq!(summary.lines.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_account_without_money_is_not_asked_again() {
    let faults = Fault::fail_response("insufficient_quota", "insufficient_quota").nth(1..=1);
    let mock = mock().faults(faults).start().await;
    mock.expect::<ResponseCreate>().never();
    let call = Call::on(&mock);
    call.speak(400).await;
    let refused = Failure::Refused("insufficient_quota".to_owned());
    assert_eq!(call.failure().await, refused);
}

#[tokio::test(start_paused = true)]
async fn errors_and_broken_frames_do_not_end_the_call() {
    let mock = mock().start().await;
    let call = Call::on(&mock);
    let session = mock.session(0).await;
    session.push_text("{ this is not JSON");
    session.push_text(r#"{"type":"something.of.tomorrow"}"#);
    session.push_text(r#"{"type":"error","error":{"message":"a hiccup"}}"#);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(1).await;
    let (summary, _) = call.hang_up().await;
    assert_eq!(summary.errors, ["a hiccup"]);
    assert_eq!(summary.lines.len(), 2);
    assert_eq!(mock.journal().received::<ErrorEvent>(), []);
}

#[tokio::test(start_paused = true)]
async fn hanging_up_says_goodbye() {
    let mock = mock().start().await;
    let call = Call::on(&mock);
    mock.session(0).await;
    call.hang_up().await;
    mock.journal().until_closed(0).await;
    let timeline = mock.journal().timeline();
    assert!(timeline.contains("the caller has hung up"), "{timeline}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_line_changes_nothing_that_is_said() {
    let late = Duration::ZERO..=Duration::from_millis(200);
    let slow = Faults::new()
        .with(Fault::delay(late.clone()).from(Direction::Client))
        .with(Fault::delay(late));
    let mock = mock().faults(slow).start().await;
    let call = Call::on(&mock);
    call.speak(400).await;
    mock.journal().until_received::<ResponseDone>(1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (summary, _) = call.hang_up().await;
    assert_eq!(summary.lines.len(), 2);
}

#[tokio::test]
async fn it_runs_over_a_network() {
    let mock = MockServer::builder().verify().say(["Yes."]).start().await;
    let mut call = Call::over_the_network(&mock);
    let audio = sound::sounds("silence 320, speech 400, silence 800", Encoding::Pcm16);
    call.microphone.send(audio).unwrap();
    assert!(matches!(call.telephone.recv().await, Some(Sound::Play(_))));
    call.hang_up().await;
}
