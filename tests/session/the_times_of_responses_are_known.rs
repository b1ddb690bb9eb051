//! A journal says when each response was created, began to speak and was done.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::{Pacing, SessionOptions};
use mock_realtime::expect::{Journal, Limits};
use mock_realtime::generators::Scripted;
use mock_realtime::protocol::realtime::{ResponseCancel, ResponseOutputAudioDelta, ResponseStatus};

fn client(texts: &[&str]) -> MockRealtimeClient {
    MockRealtimeClient::new(SessionOptions {
        generator: Box::new(Scripted::new(texts.iter().copied())),
        pacing: Pacing::REALISTIC,
        ..SessionOptions::default()
    })
    .verifying()
}

#[tokio::test(start_paused = true)]
async fn of_one_that_is_whole() {
    let mut client = client(&["Good morning! How can I help you?"]);
    client.wait(Duration::from_secs(3)).await;
    client.say("Hello");
    let response = client.collect_response().await.response;
    let times = client.journal().responses().remove(0);
    assert_eq!((times.session, Some(&times.id)), (0, response.id.as_ref()));
    assert_eq!(times.created, Duration::from_secs(3));
    assert_eq!(
        times.first_delta,
        Some(times.created + Pacing::REALISTIC.first)
    );
    assert!(times.duration().unwrap() > Pacing::REALISTIC.first);
    assert_eq!(times.status, Some(ResponseStatus::Completed));
}

#[tokio::test(start_paused = true)]
async fn of_one_that_is_cut_and_one_on_its_way() {
    let long = "Let me tell you a very long story. ".repeat(9);
    let mut client = client(&[&long, &long]);
    client.say("Tell me a story.");
    client.recv_until::<ResponseOutputAudioDelta>().await;
    client.send(ResponseCancel::default());
    client.collect_response().await;
    client.say("Another one.");
    client.recv_until::<ResponseOutputAudioDelta>().await;

    let all = client.journal().responses();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].status, Some(ResponseStatus::Cancelled));
    assert!(all[0].duration().unwrap() < Duration::from_secs(1));
    assert!(all[1].first_delta.is_some());
    assert_eq!((all[1].done, &all[1].status), (None, &None));
}

#[tokio::test(start_paused = true)]
async fn of_those_the_journal_still_has() {
    let limits = Limits {
        frames: 200,
        ..Limits::default()
    };
    let small = Journal::with_limits(limits);
    let mut client = MockRealtimeClient::saying(["Yes."; 50]).verifying();
    for _ in 0..50 {
        client.say("Really?");
        client.collect_response().await;
    }
    let all = client.journal();
    assert_eq!(all.responses().len(), 50);
    for entry in all.entries() {
        small.record(entry.session, entry.at, entry.frame);
    }
    let last = small.responses();
    assert!((5..50).contains(&last.len()), "{}", last.len());
    assert_eq!(last.last(), all.responses().last());
}
