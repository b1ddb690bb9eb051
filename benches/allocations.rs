//! What memory sessions ask for, in process: `cargo bench --bench allocations`. The times here
//! have the counting in them; `engine` has the times.

mod support;

use std::time::Duration;

use divan::{AllocProfiler, Bencher, black_box};
use mock_realtime::engine::{Input, Session, SessionOptions};
use support::{drain, speech_session, text_session, turn};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench]
fn text_turn_of_200_words(bencher: Bencher) {
    measure(bencher, text_session);
}

#[divan::bench]
fn audio_turn_of_5_s(bencher: Bencher) {
    measure(bencher, speech_session);
}

fn measure(bencher: Bencher, session: fn() -> Session) {
    bencher
        .with_inputs(session)
        .bench_values(|session| turn(session, |output| drop(black_box(output))));
}

#[divan::bench]
fn start_of_a_session(bencher: Bencher) {
    bencher.bench(|| {
        let mut session = Session::new(SessionOptions::default());
        drain(&mut session);
        session
    });
}

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
