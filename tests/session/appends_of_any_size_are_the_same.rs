//! Whether audio comes in one append or in many makes no difference.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::sound::{append, sounds};
use crate::support::{Session, answer, drain};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::SessionOptions;
use proptest::prelude::*;
use serde_json::Value;

/// What a session sends that hears this audio in pieces of these sizes, over and over.
fn sent(audio: &[u8], encoding: Encoding, sizes: &[usize]) -> Vec<Value> {
    let format = match encoding {
        Encoding::Pcm16 => r#"{"type":"audio/pcm","rate":24000}"#,
        Encoding::Mulaw => r#"{"type":"audio/pcmu"}"#,
        Encoding::Alaw => r#"{"type":"audio/pcma"}"#,
    };
    let update = format!(
        r#"{{"type":"session.update","session":{{"type":"realtime","audio":{{"input":{{"format":{format},"turn_detection":{{"type":"server_vad","create_response":false}}}}}}}}}}"#
    );
    let mut session = Session::new(SessionOptions::default());
    answer(&mut session, &update);
    let mut rest = audio;
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        append(&mut session, piece, Duration::ZERO);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let mut sent = drain(&mut session);
    sent.extend(answer(
        &mut session,
        r#"{"type":"input_audio_buffer.commit"}"#,
    ));
    sent
}

fn encodings() -> impl Strategy<Value = Encoding> {
    prop::sample::select(vec![Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw])
}

fn some_sounds() -> impl Strategy<Value = String> {
    let sound = (any::<bool>(), 1_u32..600).prop_map(|(speech, ms)| {
        let kind = if speech { "speech" } else { "silence" };
        format!("{kind} {ms}")
    });
    prop::collection::vec(sound, 1..8).prop_map(|sounds| sounds.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sizes_are_the_same(
        text in some_sounds(),
        encoding in encodings(),
        sizes in prop::collection::vec(1_usize..5_000, 1..6),
    ) {
        let audio = sounds(&text, encoding);
        let whole = sent(&audio, encoding, &[audio.len()]);
        prop_assert_eq!(sent(&audio, encoding, &sizes), whole);
    }
}

#[test]
fn single_bytes_and_a_megabyte_are_the_same() {
    let audio = sounds(
        "silence 400, speech 333, silence 801, speech 250, silence 3000",
        Encoding::Pcm16,
    );
    let whole = sent(&audio, Encoding::Pcm16, &[1_000_000]);
    assert_eq!(whole.len(), 2 * 5 + 3);
    for size in [1, 3, 1_535, 1_536, 1_537, 100_000] {
        assert_eq!(sent(&audio, Encoding::Pcm16, &[size]), whole, "{size}");
    }
}
