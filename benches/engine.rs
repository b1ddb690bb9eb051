//! How fast sessions are, in process: `cargo bench --bench engine`.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

mod support;

use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mock_realtime::engine::{Input, Output, Session, SessionOptions};
use mock_realtime::protocol::encode;
use support::{drain, speech_session, text_session, turn};

fn main() {
    divan::main();
}

#[divan::bench]
fn text_turn_of_200_words(bencher: Bencher) {
    measure(bencher, text_session);
}

#[divan::bench]
fn text_turn_of_200_words_encoded(bencher: Bencher) {
    measure_encoded(bencher, text_session);
}

#[divan::bench]
fn audio_turn_of_5_s(bencher: Bencher) {
    measure(bencher, speech_session);
}

#[divan::bench]
fn audio_turn_of_5_s_encoded(bencher: Bencher) {
    measure_encoded(bencher, speech_session);
}

fn measure(bencher: Bencher, session: fn() -> Session) {
    bencher
        .counter(events_in_a_turn(session))
        .with_inputs(session)
        .bench_values(|session| turn(session, |output| drop(black_box(output))));
}

/// With each event written as JSON, into memory that is used again.
fn measure_encoded(bencher: Bencher, session: fn() -> Session) {
    bencher
        .counter(events_in_a_turn(session))
        .with_inputs(|| (session(), String::with_capacity(32 * 1024)))
        .bench_values(|(session, mut text)| {
            let session = turn(session, |output| {
                if let Output::Event(event) = output {
                    text.clear();
                    encode(&event, &mut text).unwrap();
                    black_box(&text);
                }
            });
            (session, text)
        });
}

fn events_in_a_turn(session: fn() -> Session) -> ItemsCount {
    let mut count = 0_usize;
    turn(session(), |_| count += 1);
    ItemsCount::new(count)
}

#[divan::bench]
fn start_of_a_session(bencher: Bencher) {
    bencher.bench(|| {
        let mut session = Session::new(SessionOptions::default());
        drain(&mut session);
        session
    });
}

/// With the server's voice activity detection on, as it is by default.
#[divan::bench]
fn append_of_100_ms(bencher: Bencher) {
    let frame = support::append_of_100_ms();
    bencher
        .with_inputs(text_session)
        .bench_values(|mut session| {
            session.handle(Input::Text(&frame), Duration::ZERO);
            drain(&mut session);
            session
        });
}
