//! What a client of the mock in process may rely on, whatever else changes.
//!
//! Some of it is held elsewhere, for other drivers of the same engine:
//!
//! | behaviour | held by |
//! | --- | --- |
//! | a response without conditions is chosen where nothing else fits | `responses_are_chosen_by_their_conditions` |
//! | the first event is `session.created`, of the session the state shows | `the_session_comes_first` |
//! | `session.updated` shows the whole session | `an_update_is_merged_and_shown_whole` |
//! | an invalid update is refused by field, and changes nothing | `an_invalid_update_is_refused_and_changes_nothing` |
//! | no JSON, no known type: an error, and the session goes on | `what_cannot_be_read_is_an_error_and_no_end`; each fault: `malformed_frames_get_an_error` |
//! | a hook that fails is reported, and the session goes on | `hooks_stand_around_client_events` |
//! | hooks run in the order of their registration | `hooks_stand_around_client_events` |
//! | sending after the close is an error | `client_talks_in_process`; on a socket: `mock_socket_is_a_websocket` |
//! | closing twice is none | `client_talks_in_process` |
//! | appended audio is in the buffer in its order | `appended_audio_is_kept_in_its_order`; `appends_of_any_size_are_the_same` |
//! | cancelling ends the response it names, and no other | `only_the_response_that_is_named_is_cancelled` |
//! | deltas are what `done` says | `deltas_add_up_to_what_is_done` |
//! | each response has its times | `the_journal_has_the_times_of_each_response` |
//! | delays pass on the clock of the test | `delays_pass_on_the_clock_of_the_test` |
//! | variables say where to connect, and the target says it | `the_environment_says_where_to_connect` |
//! | sending returns before the response is finished | `client_talks_in_process` |
//! | after the close the stream ends, and sending fails | `mock_socket_is_a_websocket` |
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::{Heard, Pacing, SessionOptions, Transcript};
use mock_realtime::expect::{Frame, Journal, Limits};
use mock_realtime::generators::Scripted;
use mock_realtime::protocol::realtime::{
    ErrorEvent, InputAudioBufferClear, InputAudioBufferCleared, ResponseCancel, ResponseCreate,
    ResponseCreated, ResponseOutputAudioTranscriptDone, ResponseStatus, ServerEvent,
    SessionCreated, SessionUpdated,
};
use serde_json::{Value, json};
use tokio::time::Instant;

fn client() -> MockRealtimeClient {
    MockRealtimeClient::saying(["Good morning!"]).verifying()
}

fn slow() -> MockRealtimeClient {
    MockRealtimeClient::new(SessionOptions {
        generator: Box::new(Scripted::new(["One, two, three, four."])),
        pacing: Pacing::REALISTIC,
        ..SessionOptions::default()
    })
    .verifying()
}

fn settings(client: &MockRealtimeClient) -> Value {
    serde_json::to_value(client.state().settings).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_session_comes_first() {
    let mut client = client();
    let ServerEvent::SessionCreated(created) = client.recv().await else {
        panic!("something came before it");
    };
    assert!(created.event_id.starts_with("event_"));
    let session = serde_json::to_value(created.session).unwrap();
    assert_eq!(session["object"], "realtime.session");
    assert_eq!(session, settings(&client));
}

#[tokio::test(start_paused = true)]
async fn an_update_is_merged_and_shown_whole() {
    let mut client = client();
    let mut expected = settings(&client);
    client.send_text(
        r#"{"type":"session.update","session":{"type":"realtime","instructions":"Be brief."}}"#,
    );
    let updated = client.recv_until::<SessionUpdated>().await;
    expected["instructions"] = json!("Be brief.");
    assert_eq!(serde_json::to_value(updated.session).unwrap(), expected);
    assert_eq!(settings(&client), expected);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_update_is_refused_and_changes_nothing() {
    let mut client = client();
    let before = settings(&client);
    client.send_text(
        r#"{"type":"session.update","event_id":"mine","session":{"type":"realtime","instructions":"x","output_modalities":["smell"]}}"#,
    );
    let error = client.recv_until::<ErrorEvent>().await.error;
    let error = serde_json::to_value(error).unwrap();
    assert_eq!(error["param"], "session.output_modalities[0]");
    assert_eq!(error["event_id"], "mine");
    assert_eq!(settings(&client), before);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_an_error_and_no_end() {
    let mut client = client();
    for frame in ["not JSON", r#"{"type":"no.such.event"}"#] {
        client.send_text(frame);
        client.recv_until::<ErrorEvent>().await;
    }
    client.say("Hello");
    assert_eq!(client.collect_response().await.transcript, "Good morning!");
}

#[tokio::test(start_paused = true)]
async fn appended_audio_is_kept_in_its_order() {
    let spoken: Vec<u8> = (0..=255).cycle().take(9_600).collect();
    let (tell, told) = std::sync::mpsc::channel();
    let mut client = MockRealtimeClient::new(SessionOptions {
        transcriber: Box::new(move |heard: Heard<'_>| {
            tell.send(heard.audio.to_vec()).unwrap();
            Ok(Transcript::default())
        }),
        ..SessionOptions::default()
    })
    .verifying();
    client.send_text(
        r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null,"transcription":{"model":"whisper-1"}}}}}"#,
    );
    client.speak(&spoken).await;
    assert_eq!(client.state().buffered_audio, Duration::from_millis(200));
    client.send_text(r#"{"type":"input_audio_buffer.commit"}"#);
    client.wait(Duration::from_secs(1)).await;
    assert_eq!(told.try_recv().unwrap(), spoken);
}

#[tokio::test(start_paused = true)]
async fn only_the_response_that_is_named_is_cancelled() {
    let mut client = slow();
    client.send(ResponseCreate::default());
    let created = client.recv_until::<ResponseCreated>().await;
    let id = created.response.id.unwrap();
    client.send(ResponseCancel {
        response_id: Some("resp_of_nobody".into()),
        ..ResponseCancel::default()
    });
    client.recv_until::<ErrorEvent>().await;
    assert!(client.state().is_responding);
    client.send(ResponseCancel {
        response_id: Some(id.clone()),
        ..ResponseCancel::default()
    });
    assert!(!client.state().is_responding);
    let cancelled = client.collect_response().await;
    assert_eq!(cancelled.response.id, Some(id));
    assert_eq!(cancelled.response.status, Some(ResponseStatus::Cancelled));
    client.send(ResponseCancel::default());
    client.recv_until::<ErrorEvent>().await;
}

#[tokio::test(start_paused = true)]
async fn deltas_add_up_to_what_is_done() {
    let mut client = slow();
    client.say("Count!");
    let response = client.collect_response().await;
    let done = client
        .journal()
        .received::<ResponseOutputAudioTranscriptDone>();
    assert_eq!(done.len(), 1);
    assert_eq!(response.transcript, done[0].transcript);
    assert_eq!(response.transcript, "One, two, three, four.");
}

#[tokio::test(start_paused = true)]
async fn the_journal_has_the_times_of_each_response() {
    let mut client = slow();
    client.wait(Duration::from_secs(3)).await;
    client.say("Count!");
    client.collect_response().await;
    let entries = client.journal().entries();
    let at = |kind: &str| {
        let entry = entries.iter().find(|entry| entry.frame.name() == kind);
        entry.unwrap().at
    };
    assert_eq!(at("response.created"), Duration::from_secs(3));
    assert!(at("response.done") > Duration::from_millis(3_200));
}

#[test]
fn of_many_frames_the_last_are_kept() {
    let journal = Journal::with_limits(Limits {
        frames: 100,
        ..Limits::default()
    });
    for number in 0..150 {
        journal.record(0, Duration::from_millis(number), Frame::Binary);
    }
    assert_eq!(journal.forgotten(), 50);
    assert_eq!(journal.entries()[0].at, Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn delays_pass_on_the_clock_of_the_test() {
    let mut client = MockRealtimeClient::new(SessionOptions {
        generator: Box::new(Scripted::new(["Hi there"])),
        pacing: Pacing {
            text: Duration::from_millis(100),
            ..Pacing::INSTANT
        },
        ..SessionOptions::default()
    })
    .verifying();
    client.recv_until::<SessionCreated>().await;
    client.send_text(r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#);
    let asked = Instant::now();
    assert_eq!(client.collect_response().await.text, "Hi there");
    assert!(asked.elapsed() >= Duration::from_millis(100));
    client.send(InputAudioBufferClear::default());
    client.recv_until::<InputAudioBufferCleared>().await;
}
