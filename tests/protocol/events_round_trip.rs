//! Every event the schema allows decodes to its type and encodes back to the same JSON, which is to
//! the byte what `serde_json` writes.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::instance::Instances;
use mock_realtime::protocol::realtime::{
    ClientEvent, ServerEvent, TranslationClientEvent, TranslationServerEvent,
};
use mock_realtime::protocol::{Event, EventKind, decode, encode};
use proptest::prelude::*;
use serde_json::Value;

fn round_trip<E: Event>(seed: u64) -> Result<(), TestCaseError> {
    let mut instances = Instances::new(seed);
    for kind in E::Kind::ALL {
        let event = instances.event(kind.as_str(), kind.shape());
        let typed = decode::<E>(&event.to_string())
            .map_err(|error| TestCaseError::fail(format!("{error}\n{event}")))?;
        prop_assert_eq!(typed.kind().as_str(), kind.as_str());
        prop_assert_eq!(
            typed.event_id().map(ToString::to_string),
            event["event_id"].as_str().map(str::to_owned)
        );
        let mut text = String::new();
        encode(&typed, &mut text).unwrap();
        prop_assert_eq!(&text, &serde_json::to_string(&typed).unwrap());
        let back: Value = serde_json::from_str(&text).unwrap();
        prop_assert!(
            crate::support::same(&back, &event),
            "was {}\nis  {}",
            event,
            back
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_clients(seed: u64) {
        round_trip::<ClientEvent>(seed)?;
    }

    #[test]
    fn of_servers(seed: u64) {
        round_trip::<ServerEvent>(seed)?;
    }

    #[test]
    fn of_translation_clients(seed: u64) {
        round_trip::<TranslationClientEvent>(seed)?;
    }

    #[test]
    fn of_translation_servers(seed: u64) {
        round_trip::<TranslationServerEvent>(seed)?;
    }
}
