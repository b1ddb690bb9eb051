//! The example bridge with frames as carriers send them, written out.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

#[path = "../examples/bridge/bridge.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    missing_docs,
    missing_debug_implementations,
    reason = "an application's"
)]
mod bridge;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bridge::{AudioCodes, Carrier, Lines, Shop, Twilio, hold};
use futures_util::{SinkExt, StreamExt};
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::engine::Pacing;
use mock_realtime::generators::ResponsePlan;
use mock_realtime::protocol::realtime::{ConversationItemCreate, ConversationItemTruncate};
use mock_realtime::server::{MockServer, MockServerBuilder};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};

const GREETING: &str = "Good morning! What can I do for you today, on this fine day?";

/// The carrier's end of a call that the bridge holds.
struct Call {
    socket: WebSocketStream<DuplexStream>,
    bridge: JoinHandle<Result<(), Error>>,
}

impl Call {
    async fn with(mock: &MockServer, carrier: impl Carrier + 'static) -> Self {
        let (ours, its) = tokio::io::duplex(1 << 20);
        let connector = mock.connector();
        let bridge = tokio::spawn(async move {
            let socket = WebSocketStream::from_raw_socket(its, Role::Server, None).await;
            let connect = || std::future::ready(connector.connect());
            hold(socket, Box::new(carrier), &Lines::default(), &Shop, connect).await
        });
        let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        Self { socket, bridge }
    }

    async fn twilio(mock: &MockServer) -> Self {
        let mut call = Self::with(mock, Twilio::default()).await;
        call.send(&json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
            .await;
        let start = json!({
            "accountSid": "AC1", "streamSid": "MZ1", "callSid": "CA1", "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"caller": "+15550100"},
        });
        call.send(
            &json!({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": "MZ1"}),
        )
        .await;
        call
    }

    async fn send(&mut self, message: &Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// 20 ms of sound as Twilio sends it.
    async fn send_media(&mut self, audio: &[u8]) {
        let media = json!({
            "track": "inbound", "chunk": "1", "timestamp": "100", "payload": BASE64.encode(audio),
        });
        let message = json!({
            "event": "media", "sequenceNumber": "2", "media": media, "streamSid": "MZ1",
        });
        self.send(&message).await;
    }

    /// The next message, if it comes within a few seconds.
    async fn next(&mut self) -> Option<Value> {
        match timeout(Duration::from_secs(5), self.socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => Some(serde_json::from_str(&text).unwrap()),
            _ => None,
        }
    }

    /// All messages up to the one with this in its `field`.
    async fn until(&mut self, field: &str, value: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let message = self
                .next()
                .await
                .unwrap_or_else(|| panic!("no {value}: {messages:?}"));
            let found = message[field] == value;
            messages.push(message);
            if found {
                return messages;
            }
        }
    }
}

fn mock() -> MockServerBuilder {
    MockServer::builder()
        .say([GREETING])
        .pacing(Pacing::REALISTIC)
}

fn bytes_of(messages: &[Value], pointer: &str) -> Vec<u8> {
    let payloads = messages
        .iter()
        .filter_map(|message| message.pointer(pointer)?.as_str());
    payloads
        .flat_map(|text| BASE64.decode(text).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_the_model_says_is_played_whole_with_a_mark_behind_it() {
    let mock = mock().start().await;
    let mut call = Call::twilio(&mock).await;
    let messages = call.until("event", "mark").await;
    // The model's voice takes about a fifteenth of a second a character.
    let played = Encoding::Mulaw.duration(bytes_of(&messages, "/media/payload").len());
    let said = Duration::from_millis(GREETING.len() as u64 * 1_000 / 15);
    assert!(
        played.abs_diff(said) < Duration::from_millis(20),
        "{played:?} of {said:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_interrupts_hears_no_more_and_the_model_is_told_what_they_heard() {
    let mock = mock().start().await;
    let mut call = Call::twilio(&mock).await;
    let first = call.next().await.unwrap();
    assert_eq!(first["event"], "media");
    let began = Instant::now();
    let speech =
        Clip::spoken("Wait, I have a question first.", "ash", 1.0).encoded(Encoding::Mulaw);
    sleep(Duration::from_secs(1)).await;
    for slice in speech.chunks(160) {
        call.send_media(slice).await;
        sleep(Duration::from_millis(20)).await;
    }
    call.until("event", "clear").await;
    let truncated = mock
        .journal()
        .until_sent::<ConversationItemTruncate>(1)
        .await;
    let heard = Duration::from_millis(truncated.audio_end_ms);
    assert!(
        heard > Duration::from_secs(1) && heard < began.elapsed(),
        "{heard:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn keys_reach_the_model() {
    let mock = mock().start().await;
    let mut call = Call::twilio(&mock).await;
    let press = json!({"track": "inbound_track", "digit": "5"});
    call.send(&json!({"event": "dtmf", "streamSid": "MZ1", "sequenceNumber": "9", "dtmf": press}))
        .await;
    let told = mock.journal().until_sent::<ConversationItemCreate>(2).await;
    let told = serde_json::to_string(&told).unwrap();
    assert!(told.contains("Pressed key: 5"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_both_sockets_are_closed() {
    let mock = mock().start().await;
    let mut call = Call::twilio(&mock).await;
    call.until("event", "media").await;
    let stop = json!({"accountSid": "AC1", "callSid": "CA1"});
    call.send(&json!({"event": "stop", "sequenceNumber": "3", "streamSid": "MZ1", "stop": stop}))
        .await;
    while call.next().await.is_some() {}
    call.bridge.await.unwrap().unwrap();

    let mut call = Call::twilio(&mock).await;
    mock.session(1).await.close(1001, "maintenance");
    while call.next().await.is_some() {}
    call.bridge.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_model_may_end_the_call_once_its_goodbye_was_heard() {
    let mock = MockServer::builder()
        .respond([ResponsePlan::of([
            mock_realtime::generators::PlannedItem::message("Goodbye, and thank you."),
            mock_realtime::generators::PlannedItem::call("hang_up", "{}"),
        ])])
        .start()
        .await;
    let start = Instant::now();
    let mut call = Call::twilio(&mock).await;
    while call.next().await.is_some() {}
    assert!(
        start.elapsed() > Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    call.bridge.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn audiocodes_gets_the_model_in_a_format_of_its_own() {
    let mock = mock().start().await;
    let mut call = Call::with(&mock, AudioCodes::default()).await;
    let id = "7f2d7a0c-1111-4222-8333-123456789abc";
    let initiate = json!({
        "type": "session.initiate", "conversationId": id, "botName": "bot", "caller": "+15550100",
        "expectAudioMessages": true, "supportedMediaFormats": ["wav/lpcm16", "raw/lpcm16"],
    });
    call.send(&initiate).await;
    let accepted = call.next().await.unwrap();
    assert_eq!(
        accepted,
        json!({"type": "session.accepted", "mediaFormat": "raw/lpcm16"})
    );
    let activity = json!({"type": "event", "name": "start", "parameters": {"caller": "+15550100"}});
    call.send(&json!({"type": "activities", "conversationId": id, "activities": [activity]}))
        .await;
    call.send(&json!({"type": "userStream.start", "conversationId": id}))
        .await;
    let messages = call.until("type", "playStream.stop").await;
    let audio = bytes_of(&messages, "/audioChunk");
    // 16,000 samples a second; the last sample of a piece waits for the next one.
    let samples = GREETING.len() * 16_000 / 15;
    assert!(
        (audio.len() / 2).abs_diff(samples) < 4,
        "{} of {samples}",
        audio.len() / 2
    );
    let starts: Vec<&Value> = messages
        .iter()
        .filter(|message| message["type"] == "playStream.start")
        .collect();
    assert_eq!(
        starts,
        [&json!({"type": "playStream.start", "streamId": "1", "mediaFormat": "raw/lpcm16"})]
    );
}
