//! How fast calls are that take no time: `cargo bench --bench telephony`. Those that take their time are
//! in `benches/calls`.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

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

use std::future::ready;
use std::time::Duration;

use bridge::{Lines, Shop, Twilio, hold};
use divan::{Bencher, black_box};
use futures_util::{SinkExt, StreamExt};
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::protocol::Base64Audio;
use mock_realtime::protocol::encode;
use mock_realtime::protocol::twilio::{BridgeMedia, BridgeMessage, OutboundAudio};
use mock_realtime::scenario::parse;
use mock_realtime::server::MockServer;
use mock_realtime::telephony::bridge_test::BridgeTest;
use mock_realtime::telephony::record::Carrier;
use mock_realtime::telephony::script::{CallScript, WaitFor};
use mock_realtime::telephony::twilio::TwilioOptions;
use mock_realtime::telephony::{Call, CallResult, dial_over};
use tokio::io::DuplexStream;
use tokio::runtime::Builder;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

fn main() {
    divan::main();
}

/// A small buffer: the library's own would cost more than the call.
async fn accept(stream: DuplexStream) -> WebSocketStream<DuplexStream> {
    let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
    let accepted = accept_async_with_config(stream, Some(config)).await;
    accepted.unwrap()
}

/// A bridge that says the same every ten seconds, in pieces of 400 ms.
async fn talk(stream: DuplexStream, pieces: Vec<Base64Audio>) {
    let mut socket = accept(stream).await;
    let mut stream_sid = None;
    let mut slices = 0_u32;
    while let Some(Ok(message)) = socket.next().await {
        let Ok(text) = message.to_text() else { return };
        if text.starts_with(r#"{"event":"start""#) {
            let start: serde_json::Value = serde_json::from_str(text).unwrap();
            stream_sid = start["streamSid"].as_str().map(str::to_owned);
        }
        let Some(stream_sid) = stream_sid.as_deref().filter(|_| slices.is_multiple_of(500)) else {
            slices += 1;
            continue;
        };
        slices += 1;
        for piece in &pieces {
            let audio = OutboundAudio::new(piece.clone());
            let media = BridgeMessage::from(BridgeMedia::new(stream_sid, audio));
            let mut text = String::new();
            encode(&media, &mut text).unwrap();
            socket.feed(text.into()).await.unwrap();
        }
        socket.flush().await.unwrap();
    }
}

async fn call(script: &CallScript, pieces: &[Base64Audio]) -> CallResult {
    let call = Call::twilio(TwilioOptions::default(), script).unwrap();
    let connect = async || {
        let (carrier, bridge) = tokio::io::duplex(1 << 20);
        tokio::spawn(talk(bridge, pieces.to_vec()));
        Ok(carrier)
    };
    dial_over("ws://bridge/media", call, connect).await.unwrap()
}

/// Sixty seconds with a bridge over a stream in the same process, on paused time: 3,000 messages to
/// the bridge, twelve seconds of speech from it.
#[divan::bench]
fn a_minute_in_process(bencher: Bencher) {
    let script = CallScript::new("a minute")
        .wait_for(WaitFor::Reply)
        .say("How is the weather in Oslo, and is it going to rain tomorrow?")
        .silent_ms(60_000);
    let script = CallScript {
        longest_ms: Some(60_000),
        ..script
    };
    let speech = Clip::spoken("It is sunny, and it will be.", "ash", 1.0);
    let pieces: Vec<Base64Audio> = speech
        .encoded(Encoding::Mulaw)
        .chunks(3_200)
        .map(|piece| Base64Audio::preencoded(piece.to_vec()))
        .collect();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    bencher.bench_local(|| {
        let result = runtime.block_on(call(&script, &pieces));
        assert!(result.duration() >= Duration::from_secs(60));
        black_box(result)
    });
}

/// A bridge in the same process, between this line and this model.
fn bridge_to(model: &MockServer) -> DuplexStream {
    let (carrier, bridge) = tokio::io::duplex(1 << 20);
    let connector = model.connector();
    tokio::spawn(async move {
        let socket = accept(bridge).await;
        let connect = || ready(connector.connect());
        let (lines, twilio) = (Lines::default(), Box::new(Twilio::default()));
        let held = hold(socket, twilio, &lines, &Shop, connect);
        held.await.unwrap();
    });
    carrier
}

/// The same minute with the bridge of the examples and the mock behind it, from the first frame to the
/// report with its checks and a second for the session to end in.
#[divan::bench]
fn a_minute_from_both_ends(bencher: Bencher) {
    let mut script = CallScript::new("a minute").wait_for(WaitFor::Reply);
    for _ in 0..5 {
        script = script
            .say("I would like to know where my order is.")
            .wait_for(WaitFor::Reply);
    }
    let script = script.silent_ms(13_000);
    let model = parse("model.yaml", include_str!("calls/model.yaml"));
    let model = model.unwrap().scenario;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let test = BridgeTest::builder(Carrier::Twilio).case(script.clone(), model.clone());
            let test = test.start().await.unwrap();
            let mock = test.model().unwrap();
            let report = test.run_over(|| Ok(bridge_to(mock))).await.unwrap();
            assert!(report.is_success(), "{report}");
            assert!(report.calls[0].length >= Duration::from_secs(60));
            black_box(report)
        })
    });
}
