//! Sessions in process: `cargo bench --bench engine`.
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use mock_realtime::engine::{Input, Output, Session, SessionOptions};
use mock_realtime::generators::Scripted;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const TO_TEXT: &str =
    r#"{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}"#;
const ITEM: &str = r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Tell me a story"}]}}"#;
const RESPOND: &str = r#"{"type":"response.create"}"#;

fn main() {
    divan::main();
}

fn session() -> Session {
    let story = "once upon a time there was a mock ".repeat(25);
    let generator = Box::new(Scripted::new([story.trim_end()]));
    let mut session = Session::new(SessionOptions {
        generator,
        ..SessionOptions::default()
    });
    session.handle(Input::Text(TO_TEXT), Duration::ZERO);
    while session.poll().is_some() {}
    session
}

/// Plays a turn of 200 words; `take` gets each event.
fn turn(mut session: Session, mut take: impl FnMut(Output)) -> Session {
    for frame in [ITEM, RESPOND] {
        session.handle(Input::Text(frame), Duration::ZERO);
        while let Some(output) = session.poll() {
            take(output);
        }
    }
    session
}

fn events_in_a_turn() -> usize {
    let mut count = 0;
    turn(session(), |_| count += 1);
    count
}

#[divan::bench]
fn text_turn_of_200_words(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(events_in_a_turn()))
        .with_inputs(session)
        .bench_values(|session| turn(session, |output| drop(black_box(output))));
}

#[divan::bench]
fn text_turn_of_200_words_encoded(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(events_in_a_turn()))
        .with_inputs(session)
        .bench_values(|session| {
            turn(session, |output| {
                if let Output::Event(event) = output {
                    black_box(serde_json::to_string(&event).unwrap());
                }
            })
        });
}

#[divan::bench]
fn start_of_a_session(bencher: Bencher) {
    bencher.bench(|| {
        let mut session = Session::new(SessionOptions::default());
        black_box(session.poll());
        session
    });
}

#[divan::bench]
fn append_of_100_ms(bencher: Bencher) {
    let frame = format!(
        r#"{{"type":"input_audio_buffer.append","audio":"{}"}}"#,
        "AAEC".repeat(1600)
    );
    bencher.with_inputs(session).bench_values(|mut session| {
        session.handle(Input::Text(&frame), Duration::ZERO);
        while let Some(output) = session.poll() {
            black_box(output);
        }
        session
    });
}
