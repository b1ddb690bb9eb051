//! The same seed, times and client frames give the same bytes; another seed gives other ids only.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::{Session, answer, drain};
use mock_realtime::engine::SessionOptions;

const FRAMES: [&str; 4] = [
    r#"{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}"#,
    r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi there"}]}}"#,
    r#"{"type":"nonsense"}"#,
    r#"{"type":"response.create"}"#,
];

fn play(seed: u64) -> String {
    let mut session = Session::new(SessionOptions {
        seed,
        ..SessionOptions::default()
    });
    let mut sent = drain(&mut session);
    for frame in FRAMES {
        sent.extend(answer(&mut session, frame));
    }
    serde_json::to_string(&sent).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert_eq!(play(5), play(5));
}

#[test]
fn another_seed_gives_other_ids() {
    assert_ne!(play(5), play(6));
    assert_eq!(play(5).len(), play(6).len());
}
