//! A session of the beta is flat, the engine's is nested: what a client sets in one comes back in the
//! other and back again as it was set, and what it leaves out stays.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::{SpokenSession, same};
use mock_realtime::dialect::Dialect;
use mock_realtime::engine::Input;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Fields of a flat session with values they can have, as they are told.
fn fields() -> Vec<(&'static str, Vec<Value>)> {
    let function = json!({ "type": "function", "name": "weather", "parameters": {} });
    let server_vad = json!({ "type": "server_vad", "threshold": 0.7, "prefix_padding_ms": 100,
        "silence_duration_ms": 900, "create_response": false, "interrupt_response": true });
    let semantic_vad = json!({ "type": "semantic_vad", "eagerness": "high",
        "create_response": true, "interrupt_response": false });
    let formats = || vec![json!("pcm16"), json!("g711_ulaw"), json!("g711_alaw")];
    vec![
        (
            "modalities",
            vec![json!(["text"]), json!(["text", "audio"])],
        ),
        ("instructions", vec![json!("Be brief."), json!("Rhyme.")]),
        ("voice", vec![json!("sage"), json!("verse")]),
        ("input_audio_format", formats()),
        ("output_audio_format", formats()),
        (
            "input_audio_transcription",
            vec![
                json!(null),
                json!({ "model": "whisper-1", "language": "en", "prompt": "names" }),
            ],
        ),
        (
            "input_audio_noise_reduction",
            vec![json!(null), json!({ "type": "near_field" })],
        ),
        (
            "turn_detection",
            vec![json!(null), server_vad, semantic_vad],
        ),
        ("speed", vec![json!(0.5), json!(1.25)]),
        ("tracing", vec![json!(null), json!("auto")]),
        ("tools", vec![json!([]), json!([function])]),
        (
            "tool_choice",
            vec![
                json!("none"),
                json!("required"),
                json!({ "type": "function", "name": "weather" }),
            ],
        ),
        ("temperature", vec![json!(0.6), json!(0.9), json!(1.2)]),
        (
            "max_response_output_tokens",
            vec![json!(1), json!(4096), json!("inf")],
        ),
        (
            "include",
            vec![json!(["item.input_audio_transcription.logprobs"])],
        ),
    ]
}

/// The session as the client is told of it.
fn told(session: &mut SpokenSession) -> Option<Value> {
    let sent = std::iter::from_fn(|| session.send());
    sent.last().map(|mut event| event["session"].take())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn by_any_updates(updates in prop::collection::vec(prop::collection::vec((0..15_usize, 0..6_usize), 0..6), 1..6)) {
        let fields = fields();
        let mut session = SpokenSession::new(Dialect::Beta, Dialect::Beta.options());
        let mut expected = told(&mut session).unwrap();
        for update in updates {
            let mut flat = Map::new();
            for (field, value) in update {
                let (name, values) = &fields[field % fields.len()];
                flat.insert((*name).to_owned(), values[value % values.len()].clone());
            }
            for (name, value) in &flat {
                expected[name] = value.clone();
            }
            let update = json!({ "type": "session.update", "session": flat }).to_string();
            session.handle(Input::Text(&update), Duration::ZERO);
            let told = told(&mut session).unwrap();
            prop_assert!(same(&told, &expected), "{told}\nis not\n{expected}");
        }
    }
}
