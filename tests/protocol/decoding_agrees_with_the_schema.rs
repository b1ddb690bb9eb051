//! The typed decoder, the shape tables and an independent validator judge alike: what one refuses
//! of a client, all refuse.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::sync::LazyLock;

use crate::support::instance::{Instances, places};
use jsonschema::Validator;
use mock_realtime::protocol::realtime::{ClientEvent, ClientEventKind};
use mock_realtime::protocol::{DecodeReason, EventId, EventKind, decode};
use proptest::prelude::*;
use serde_json::{Value, json};

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| crate::support::validator("ClientEvent"));

/// What is put in the place of a value to spoil it.
fn spoilers() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(7_000_000),
        json!(0.5),
        json!(u64::MAX),
        json!("nonsense"),
        json!("x".repeat(600)),
        json!([]),
        json!([1]),
        json!({}),
        json!({ "type": "nonsense" }),
        json!({ "deep": { "er": [] } }),
    ]
}

/// An event with one place changed, which may or may not still be valid.
fn mutated(seed: u64) -> (ClientEventKind, Value) {
    let mut instances = Instances::new(seed);
    let kind = ClientEventKind::ALL[instances.below(ClientEventKind::ALL.len())];
    let mut event = instances.event(kind.as_str(), kind.shape());
    let places: Vec<String> = places(&event)
        .into_iter()
        .filter(|place| !place.is_empty())
        .collect();
    let place = &places[instances.below(places.len())];
    let spoilers = spoilers();
    let spoiler = spoilers[instances.below(spoilers.len())].clone();
    *event.pointer_mut(place).unwrap() = spoiler;
    (kind, event)
}

/// What the schema cannot say to a validator, and the decoder refuses all the same.
fn is_beyond_the_validator(reason: &DecodeReason) -> bool {
    matches!(
        reason,
        // A client's unknown field: the published schema leaves objects open.
        DecodeReason::UnknownField
            // `contentEncoding` is an annotation.
            | DecodeReason::BadBase64
            // Published for the ids of all client events but one, and kept by their type.
            | DecodeReason::TooLong { maximum: EventId::MAX_LENGTH, .. }
            // The schema has whole numbers of any size, the types those of 64 bits.
            | DecodeReason::IntegerAboveMaximum { maximum: i64::MAX, .. }
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_valid_events(seed: u64) {
        let mut instances = Instances::new(seed);
        for kind in ClientEventKind::ALL {
            let event = instances.event(kind.as_str(), kind.shape());
            prop_assert!(VALIDATOR.is_valid(&event), "{}", event);
            prop_assert!(decode::<ClientEvent>(&event.to_string()).is_ok(), "{}", event);
        }
    }

    #[test]
    fn on_spoilt_events(seed: u64) {
        let (_, event) = mutated(seed);
        let valid = VALIDATOR.is_valid(&event);
        match decode::<ClientEvent>(&event.to_string()) {
            Ok(_) => prop_assert!(valid, "decoded, but not valid: {}", event),
            Err(error) => {
                let known = !matches!(error.reason, DecodeReason::Other { .. });
                prop_assert!(known, "the shape tables let pass what the types refuse: {} {}", error, event);
                prop_assert!(!valid || is_beyond_the_validator(&error.reason), "valid, but {}: {}", error, event);
            }
        }
    }
}
