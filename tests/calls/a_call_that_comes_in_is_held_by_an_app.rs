//! A telephone call from its announcement to its end: accepted, followed, talked to.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use mock_realtime::engine::Pacing;
use mock_realtime::generators::ResponsePlan;
use mock_realtime::protocol::realtime::{CallIncomingWebhook, OBSERVED_SCHEMA};
use mock_realtime::server::MockServer;
use mock_realtime::server::calls::{
    CallAudio, CallEvent, CallRecord, CallState, IncomingCall, Outcome,
};
use serde_json::{Value, json};

use super::app::{App, SECRET, taking};

const NOON: u64 = 1_800_000_000;

async fn mock() -> MockServer {
    MockServer::builder()
        .verify()
        .started_at(NOON)
        .say(["Good morning! At what time?", "At eight, then."])
        .pacing(Pacing::REALISTIC)
        .start()
        .await
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

/// A whole call: what the app got, and what is known of it.
async fn a_call() -> (Vec<Value>, CallRecord, CallAudio) {
    let mock = mock().await;
    let (webhook, mut announced) = taking();
    let call = mock.call(
        IncomingCall::from("+493012345")
            .to("+15550100")
            .header("X-Shop", "4711")
            .webhook(webhook)
            .pauses(Duration::from_millis(500))
            .says("A table for two, please.")
            .listens()
            .presses("1#".parse().unwrap())
            .says("At eight.")
            .listens()
            .hangs_up(),
    );
    let announcement = announced.recv().await.unwrap();
    let body: Value = serde_json::from_slice(announcement.body()).unwrap();
    let id = body["data"]["call_id"].as_str().unwrap();
    assert_eq!(id, call.id());

    let app = App::of(&mock);
    let settings = json!({
        "type": "realtime", "model": "gpt-realtime", "instructions": "You book tables.",
        "audio": {"input": {"transcription": {"model": "whisper-1"}}},
    });
    assert_eq!(app.operate(id, "accept", Some(settings)).await.status, 200);
    let mut sideband = app.follow(id).await.unwrap();
    let session = json!({"type": "realtime", "instructions": "You book tables. Be short."});
    let update = json!({"type": "session.update", "session": session});
    sideband.send(update).await;
    let (events, close) = sideband.until_the_end().await;
    assert_eq!(u16::from(close.code), 1000);
    (events, call.ended().await, call.audio())
}

#[tokio::test(start_paused = true)]
async fn the_announcement_is_signed_and_says_who_calls() {
    let mock = MockServer::start().await;
    let (webhook, mut announced) = taking();
    let call = IncomingCall::from("+493012345").header("X-Shop", "4711");
    let call = mock.call(call.webhook(webhook));
    let announcement = announced.recv().await.unwrap();
    let (headers, body) = (announcement.headers(), announcement.body());

    let verifier = standardwebhooks::Webhook::new(SECRET).unwrap();
    verifier.verify(body, headers).unwrap();
    let mut wrong = body.to_vec();
    wrong[10] ^= 1;
    assert!(verifier.verify(&wrong, headers).is_err());
    assert!(headers["webhook-id"].to_str().unwrap().starts_with("wh_"));
    assert_eq!(headers["content-type"], "application/json");

    let event: CallIncomingWebhook = serde_json::from_slice(body).unwrap();
    assert_eq!(event.data.call_id, call.id());
    let header = |name: &str| {
        let mut headers = event.data.sip_headers.iter();
        let header = headers.find(|header| header.name == name).unwrap();
        header.value.clone()
    };
    assert!(
        header("From").starts_with("<sip:+493012345@"),
        "{}",
        header("From")
    );
    assert_eq!(header("X-Shop"), "4711");

    let mut schema: Value = serde_json::from_str(OBSERVED_SCHEMA).unwrap();
    schema["$ref"] = json!("#/$defs/CallIncomingWebhook");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let body: Value = serde_json::from_slice(body).unwrap();
    assert!(validator.is_valid(&body), "{body}");
    assert!(body["id"].as_str().unwrap().starts_with("evt_"));
}

#[tokio::test(start_paused = true)]
async fn the_app_follows_the_whole_conversation() {
    let (events, record, audio) = a_call().await;
    let first = &events[0];
    assert_eq!(first["type"], "session.updated", "{first}");
    assert_eq!(
        first["session"]["instructions"],
        "You book tables. Be short."
    );
    assert_eq!(
        Some(first["session"]["id"].as_str().unwrap()),
        record.session_id.as_deref()
    );

    let heard: Vec<&str> = events
        .iter()
        .filter_map(|event| {
            event["transcript"].as_str().filter(|_| {
                event["type"]
                    .as_str()
                    .unwrap()
                    .contains("input_audio_transcription")
            })
        })
        .collect();
    assert_eq!(heard, ["A table for two, please.", "At eight."]);
    let keys: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "input_audio_buffer.dtmf_event_received")
        .map(|event| &event["event"])
        .collect();
    assert_eq!(keys, ["1", "#"]);
    let all = types(&events);
    assert!(
        !all.contains(&"response.output_audio.delta"),
        "audio goes beside the events"
    );
    let count = |kind| all.iter().filter(|it| **it == kind).count();
    assert_eq!(count("output_audio_buffer.started"), 2);
    assert_eq!(count("output_audio_buffer.stopped"), 2);
    assert_eq!(count("response.done"), 2);

    assert_eq!(record.state, CallState::Ended);
    assert_eq!(record.outcome, Some(Outcome::CallerHungUp));
    let spoke: Vec<_> = record
        .journal
        .iter()
        .filter_map(|entry| match &entry.event {
            CallEvent::CallerSpoke { text, .. } => Some((entry.at_ms, text.as_deref().unwrap())),
            _ => None,
        })
        .collect();
    assert_eq!(spoke[0], (500, "A table for two, please."));
    assert_eq!(spoke[1].1, "At eight.");
    // Somebody speaks between half a second and the end; the answer comes after the question.
    let loud = |clip: mock_realtime::audio::Clip, from: usize| {
        let samples = clip.samples()[from..].to_vec();
        from + samples
            .iter()
            .position(|sample| sample.abs() > 500)
            .unwrap()
    };
    let caller_begins = loud(audio.caller(), 0);
    assert!((3_900..4_500).contains(&caller_begins), "{caller_begins}");
    assert!(loud(audio.model(), 0) > caller_begins + 8_000);
    let held = Duration::from_millis(record.held_ms);
    assert!(
        audio.caller().duration() <= held
            && audio.caller().duration() + Duration::from_millis(40) >= held
    );
    let wav = audio.wav();
    let both = mock_realtime::audio::Clip::decode(&wav).unwrap();
    assert_eq!(
        (both.sample_rate(), both.duration()),
        (8_000, audio.duration())
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_call() {
    let (events, record, audio) = a_call().await;
    let again = a_call().await;
    assert_eq!(record, again.1);
    assert_eq!(audio, again.2);
    assert_eq!(events, again.0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_interrupts_and_the_rest_is_not_heard() {
    let mock = MockServer::builder()
        .verify()
        .say(["Let me tell you a very long story, which begins in a small town. ".repeat(5)])
        .pacing(Pacing::REALISTIC)
        .start()
        .await;
    let call = mock.call(
        IncomingCall::from("+493012345")
            .says("Tell me something.")
            .listens_for(Duration::from_secs(2))
            .says("Stop!")
            .pauses(Duration::from_secs(1))
            .hangs_up(),
    );
    let app = App::of(&mock);
    app.accept(call.id()).await;
    let mut sideband = app.follow(call.id()).await.unwrap();
    let (events, _) = sideband.until_the_end().await;
    let all = types(&events);
    assert!(all.contains(&"output_audio_buffer.cleared"), "{all:?}");
    assert!(all.contains(&"conversation.item.truncated"), "{all:?}");
    let record = call.ended().await;
    let cleared = record
        .journal
        .iter()
        .find(|entry| entry.event == CallEvent::PlaybackCleared);
    let cut = usize::try_from(cleared.unwrap().at_ms).unwrap() * 8;
    let model = call.audio().model();
    let loudest = |samples: &[i16]| samples.iter().map(|sample| sample.abs()).max();
    assert!(loudest(&model.samples()[cut - 2_400..cut]) > Some(500));
    assert_eq!(loudest(&model.samples()[cut + 160..cut + 2_400]), Some(0));
}

#[tokio::test(start_paused = true)]
async fn what_the_mock_sends_in_a_call_is_held_against_the_protocol() {
    let mut impossible = ResponsePlan::message("Good morning!");
    impossible.usage.cached_text = Some(64_000);
    let mock = MockServer::builder().verify().respond([impossible]);
    let mock = mock.start().await;
    let call = mock.call(IncomingCall::from("+493012345").says("Hello?"));
    let app = App::of(&mock);
    app.accept(call.id()).await;
    let mut sideband = app.follow(call.id()).await.unwrap();
    sideband.send(json!({"type": "response.create"})).await;
    let (_, close) = sideband.until_the_end().await;
    assert_eq!(u16::from(close.code), 1011);
    let verdict = catch_unwind(AssertUnwindSafe(|| drop(mock))).unwrap_err();
    let verdict = verdict.downcast::<String>().unwrap();
    assert!(verdict.contains("usage-adds-up"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn several_sockets_follow_a_call_that_does_not_end_with_them() {
    let mock = mock().await;
    let call = mock.call(IncomingCall::from("+493012345").says("Hello?"));
    let app = App::of(&mock);
    app.accept(call.id()).await;
    let mut first = app.follow(call.id()).await.unwrap();
    let mut second = app.follow(call.id()).await.unwrap();
    first.until("output_audio_buffer.started").await;
    drop(first);
    call.until(|record| {
        let is_gone = |event: &CallEvent| *event == CallEvent::SidebandClosed { sideband: 1 };
        record.journal.iter().any(|entry| is_gone(&entry.event))
    })
    .await;
    let events = second.until("output_audio_buffer.stopped").await;
    assert!(types(&events).contains(&"input_audio_buffer.speech_started"));
    assert_eq!(call.record().state, CallState::Active);
    let mut third = app.follow(call.id()).await.unwrap();
    third.send(json!({"type": "response.create"})).await;
    assert_eq!(
        types(&third.until("response.created").await),
        ["response.created"]
    );
    second.until("response.created").await;
    call.hang_up();
    let (_, close) = third.until_the_end().await;
    assert_eq!(u16::from(close.code), 1000);
    assert_eq!(call.ended().await.outcome, Some(Outcome::CallerHungUp));
}
