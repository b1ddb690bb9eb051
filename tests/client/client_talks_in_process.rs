//! The client in process: no socket, tokio's time, and help where a test is stuck.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::sound;
use futures_util::{FutureExt, StreamExt};
use mock_realtime::audio::Encoding;
use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::{Pacing, ScriptedTranscriber, SessionOptions};
use mock_realtime::generators::{ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::{
    ConversationItemAdded, InputAudioBufferClear, InputAudioBufferCleared, RateLimitsUpdated,
    ResponseCancel, ResponseCreate, ResponseDone, ResponseOutputAudioDelta, ResponseStatus,
    ServerEvent, SessionCreated,
};
use tokio::time::Instant;

fn options() -> SessionOptions {
    SessionOptions {
        generator: Box::new(Scripted::new(["Hello, Marcelo!"])),
        transcriber: Box::new(ScriptedTranscriber::new(["My name is Marcelo."])),
        ..SessionOptions::default()
    }
}

fn at_the_real_pace() -> MockRealtimeClient {
    MockRealtimeClient::new(SessionOptions {
        pacing: Pacing::REALISTIC,
        ..options()
    })
    .verifying()
}

#[tokio::test(start_paused = true)]
async fn the_first_event_is_the_session() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    let created = client.recv_until::<SessionCreated>().await;
    assert_eq!(created.session, client.state().settings);
}

#[tokio::test(start_paused = true)]
async fn a_send_returns_before_the_response_is_there() {
    let mut client = at_the_real_pace();
    let before = Instant::now();
    client.say("Hello");
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert!(client.state().is_responding);
    let response = client.collect_response().await;
    assert_eq!(response.transcript, "Hello, Marcelo!");
    assert!(before.elapsed() >= Duration::from_millis(200));
    assert!(!client.state().is_responding);
}

#[tokio::test(start_paused = true)]
async fn what_was_spoken_is_answered_in_its_time() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    let before = Instant::now();
    let audio = sound::sounds("silence 320, speech 4000, silence 640", Encoding::Pcm16);
    client.speak(&audio).await;
    assert_eq!(before.elapsed(), Duration::from_millis(4960));
    let response = client.collect_response().await;
    let encoding = Encoding::Pcm16;
    assert!(encoding.duration(response.audio.len()) >= Duration::from_secs(1));
    assert_eq!(client.state().items.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_are_collected_with_their_arguments() {
    let mut client = MockRealtimeClient::new(SessionOptions {
        generator: Box::new(Scripted::of([ResponsePlan::call(
            "clock",
            r#"{"zone":"UTC"}"#,
        )])),
        ..SessionOptions::default()
    })
    .verifying();
    client.send(ResponseCreate::default());
    let response = client.collect_response().await;
    assert_eq!(response.calls[0].name, "clock");
    assert_eq!(response.calls[0].arguments, r#"{"zone":"UTC"}"#);
    assert_eq!(response.response.status, Some(ResponseStatus::Completed));
}

#[tokio::test(start_paused = true)]
async fn a_held_response_waits_for_the_test() {
    let mut client = at_the_real_pace();
    let control = client.control();
    control.hold_after::<ResponseOutputAudioDelta>(1);
    client.say("Hello");
    client.recv_until::<ResponseOutputAudioDelta>().await;
    client.wait(Duration::from_secs(60)).await;
    assert!(client.try_next_event().is_none());
    assert!(control.is_holding());
    client.send(ResponseCancel::default());
    control.release();
    let done = client.recv_until::<ResponseDone>().await;
    assert_eq!(done.response.status, Some(ResponseStatus::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_test_pushes_closes_and_breaks() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    let control = client.control();
    control.push(|id| RateLimitsUpdated::new(id, Vec::new()));
    client.recv_until::<RateLimitsUpdated>().await;
    control.close(1001, "the session is over");
    assert!(client.next_event().await.is_none());
    assert_eq!(client.closed().unwrap().code, Some(1001));

    let mut client = MockRealtimeClient::new(options()).verifying();
    client.recv().await;
    client.control().break_connection();
    assert!(client.next_event().await.is_none());
    assert_eq!(client.closed().unwrap().code, None);
}

#[tokio::test(start_paused = true)]
async fn a_test_puts_the_clock_forward() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.recv().await;
    client.control().advance(Duration::from_secs(60 * 60));
    assert!(matches!(client.recv().await, ServerEvent::Error(_)));
    assert!(client.next_event().await.is_none());
    assert_eq!(client.closed().unwrap().code, Some(1001));
}

#[tokio::test(start_paused = true)]
async fn a_client_may_close_twice() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.close(1000, "");
    client.close(1000, "");
    assert!(client.next_event().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn events_are_a_stream() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.send(InputAudioBufferClear::default());
    client.control().close(1000, "");
    let events: Vec<_> = client.events().collect().await;
    assert_eq!(events.len(), 2);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the session waits for the client, and the client for the session")]
async fn waiting_for_what_never_comes_is_an_error() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.recv_until::<ConversationItemAdded>().await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "input_audio_buffer.clear cannot be sent, the session is closed")]
async fn sending_after_the_close_is_an_error() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.close(1000, "");
    client.send(InputAudioBufferClear::default());
}

#[tokio::test(start_paused = true)]
async fn broken_frames_are_refused_and_noted() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.recv().await;
    client.send_text("not JSON");
    assert!(matches!(client.recv().await, ServerEvent::Error(_)));
    client.send(InputAudioBufferClear::default());
    client.recv_until::<InputAudioBufferCleared>().await;
    let timeline = client.journal().timeline();
    assert!(timeline.contains("(text)  not JSON"), "{timeline}");
}

#[tokio::test(start_paused = true)]
async fn another_task_may_have_a_hand_on_the_session() {
    let mut client = MockRealtimeClient::new(options()).verifying();
    client.recv().await;
    let control = client.control();
    let other = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        control.push(|id| RateLimitsUpdated::new(id, Vec::new()));
    });
    client.recv_until::<RateLimitsUpdated>().await;
    assert!(other.now_or_never().is_some());
}
