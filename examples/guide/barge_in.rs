//! The user speaks while the mock does: the mock stops.

use std::time::Duration;

use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::{Pacing, SessionOptions};
use mock_realtime::generators::Scripted;
use mock_realtime::protocol::realtime::{
    InputAudioBufferSpeechStarted, ResponseDone, ResponseOutputAudioDelta, ResponseStatus,
};

#[tokio::test(start_paused = true)] // all the pauses, and no waiting
async fn who_speaks_interrupts() {
    let mut client = MockRealtimeClient::new(SessionOptions {
        generator: Box::new(Scripted::new(["Let me tell you a long story. ".repeat(20)])),
        pacing: Pacing::REALISTIC,
        ..SessionOptions::default()
    });
    client.say("Tell me a story.");
    client.recv_until::<ResponseOutputAudioDelta>().await;
    client.wait(Duration::from_millis(500)).await;

    client
        .speak(&Clip::tone(300.0, Duration::from_secs(1)).encoded(Encoding::Pcm16))
        .await;
    client.recv_until::<InputAudioBufferSpeechStarted>().await;
    let done = client.recv_until::<ResponseDone>().await;
    assert_eq!(done.response.status, Some(ResponseStatus::Cancelled));
}
