//! Any faults on any input: nothing panics, what is kept stays within its bounds, and the same seed
//! gives the same bytes.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::client::MockSocket;
use mock_realtime::faults::{Fault, FaultKind, Faults, When};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, from_value, json};
use tokio_tungstenite::tungstenite::Message;

use super::examples::{SIDES, examples, options, respond};

/// A fault of any kind, under any conditions that it can have.
fn fault() -> impl Strategy<Value = Fault> {
    (any_kind(), any_when()).prop_map(|(kind, when)| {
        Fault::new(kind.clone(), when)
            .unwrap_or_else(|_| Fault::new(kind, When::default()).unwrap())
    })
}

fn any_kind() -> impl Strategy<Value = FaultKind> {
    let shown: Vec<FaultKind> = examples()
        .iter()
        .map(|fault| fault.kind().clone())
        .collect();
    let ms = select(vec![0, 1, 50, 10_000, u64::MAX]);
    let sized = (ms, 1..5_u64).prop_map(|(ms, few)| {
        let kinds = [
            json!({ "delay": { "ms": ms, "jitter_ms": ms } }),
            json!({ "stall": { "ms": ms } }),
            json!({ "stall": {} }),
            json!({ "bandwidth": { "bytes_per_second": few } }),
            json!({ "duplicate": { "times": few * 20 } }),
            json!({ "reorder": { "by": few, "ms": ms } }),
            json!({ "truncate": { "bytes": ms } }),
            json!({ "break_schema": { "how": "missing" } }),
            json!({ "wrong_id": { "field": "item_id" } }),
            json!({ "audio_gap": { "ms": ms } }),
            json!({ "audio_burst": {} }),
            json!({ "audio_rate": { "hz": 1_000 * few } }),
            json!({ "audio_clipping": { "db": 3.0 } }),
            json!({ "disconnect": {} }),
            json!({ "service_error": "server_error" }),
            json!({ "unknown_event": { "type": "" } }),
        ];
        kinds.map(|kind| from_value(kind).unwrap())
    });
    prop_oneof![
        select(shown),
        sized.prop_flat_map(|kinds: [FaultKind; 16]| select(kinds.to_vec()))
    ]
}

fn any_when() -> impl Strategy<Value = When> {
    let event = select(vec![
        None,
        Some("response.*"),
        Some("session.created"),
        Some("response.create"),
    ]);
    let side = proptest::option::of(select(SIDES.to_vec()));
    let number = proptest::option::of(1..4_u64);
    let after = (
        select(vec![0, 0, 30, 5_000, u64::MAX]),
        select(vec![0, 0, 500]),
    );
    (
        event,
        side,
        number.clone(),
        number.clone(),
        number,
        0.0..=1.0_f64,
        after,
    )
        .prop_map(
            |(event, from, nth, every, times, chance, (after_ms, after_bytes))| {
                let mut when = json!({
                    "chance": chance, "after_ms": after_ms, "after_bytes": after_bytes,
                });
                let said = [
                    ("event", event.map(Value::from)),
                    ("from", from.map(|side| serde_json::to_value(side).unwrap())),
                    ("nth", nth.map(Value::from)),
                    ("every", every.map(Value::from)),
                    ("times", times.map(Value::from)),
                ];
                for (key, value) in said {
                    if let Some(value) = value {
                        when[key] = value;
                    }
                }
                from_value(when).unwrap()
            },
        )
}

fn frame() -> impl Strategy<Value = Message> {
    let commit = json!({ "type": "input_audio_buffer.commit" });
    let append = json!({ "type": "input_audio_buffer.append", "audio": "A".repeat(8_000) });
    let cancel = json!({ "type": "response.cancel" });
    prop_oneof![
        select(vec![
            respond("text"),
            respond("audio"),
            commit,
            append,
            cancel
        ])
        .prop_map(|event| Message::text(event.to_string())),
        "\\PC{0,40}".prop_map(Message::text),
        Just(Message::binary(vec![1, 2, 3])),
    ]
}

/// What the client is sent, and when.
fn run(faults: &Faults, frames: &[Message]) -> Vec<(Duration, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let start = tokio::time::Instant::now();
        let mut socket = MockSocket::with_faults(options(), faults);
        let mut heard = Vec::new();
        for frame in frames {
            if socket.send(frame.clone()).await.is_err() {
                break;
            }
            let patience = Duration::from_millis(200);
            while let Ok(Some(Ok(message))) = tokio::time::timeout(patience, socket.next()).await {
                heard.push((start.elapsed(), message.to_string()));
                assert!(heard.len() < 50_000, "it never ends");
            }
        }
        // Each of these frames brings some 20 events about at most, and each of them some faults.
        let entries = socket.journal().entries();
        assert!(entries.len() < 5_000, "{}", entries.len());
        heard
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_the_same_seed_gives_the_same_bytes(
        faults in proptest::collection::vec(fault(), 0..8),
        frames in proptest::collection::vec(frame(), 0..8),
        seed: u64,
    ) {
        let faults = faults.into_iter().fold(Faults::new().seed(seed), Faults::with);
        prop_assert_eq!(run(&faults, &frames), run(&faults, &frames));
    }

    #[test]
    fn what_is_written_is_read_again(faults in proptest::collection::vec(fault(), 0..8)) {
        let faults = faults.into_iter().fold(Faults::new(), Faults::with);
        let written = serde_json::to_string(&faults).unwrap();
        prop_assert_eq!(serde_json::from_str::<Faults>(&written).unwrap(), faults);
    }
}
