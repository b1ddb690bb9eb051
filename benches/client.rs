//! How fast the mock is in a test: `cargo bench --bench client`.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::{Pacing, SessionOptions};
use mock_realtime::generators::Scripted;
use mock_realtime::server::MockServer;
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::connect_async;

fn main() {
    divan::main();
}

/// A runtime of one thread, whose time passes only where everything waits.
fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

/// A second of speech and one of silence, appended 100 ms at a time; the turn is found, and answered
/// in speech at the real pace.
#[divan::bench]
fn voice_turn_in_process(bencher: Bencher) {
    let runtime = paused();
    let mut heard = Clip::tone(300.0, std::time::Duration::from_secs(1))
        .encoded(Encoding::Pcm16)
        .to_vec();
    heard.extend(Encoding::Pcm16.silence(std::time::Duration::from_secs(1)));
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        runtime.block_on(async {
            let mut client = MockRealtimeClient::new(SessionOptions {
                generator: Box::new(Scripted::new(["Good morning!"])),
                pacing: Pacing::REALISTIC,
                ..SessionOptions::default()
            });
            client.speak(&heard).await;
            black_box(client.collect_response().await)
        })
    });
}

/// A typed turn, answered in speech at the real pace.
#[divan::bench]
fn typed_turn_in_process(bencher: Bencher) {
    let runtime = paused();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        runtime.block_on(async {
            let mut client = MockRealtimeClient::new(SessionOptions {
                generator: Box::new(Scripted::new(["Good morning!"])),
                pacing: Pacing::REALISTIC,
                ..SessionOptions::default()
            });
            client.say("Hello");
            black_box(client.collect_response().await)
        })
    });
}

/// A server is started, a client connects, and both end.
#[divan::bench]
fn start_of_a_mock_server_and_a_connection(bencher: Bencher) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let mock = MockServer::start().await;
            connect_async(mock.request()).await.unwrap()
        })
    });
}
