//! Events that are decoded without a second look are refused as if there were one.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::instance::{Instances, places};
use mock_realtime::protocol::{DecodeReason, Event, EventKind, Shape, check, decode};
use mock_realtime::protocol::{audiocodes, beta, realtime, twilio};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What is put in the place of a value to spoil it.
fn spoiler(instances: &mut Instances) -> Value {
    let spoilers = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0.5),
        json!(u64::MAX),
        json!(""),
        json!("7"),
        json!("nonsense"),
        json!([]),
        json!([1]),
        json!({}),
        json!({ "type": "nonsense" }),
    ];
    spoilers[instances.below(spoilers.len())].clone()
}

/// An event with one place changed, or none.
fn mutated<E: Event>(kind: E::Kind, instances: &mut Instances) -> Value {
    let mut event = instances.event_tagged(E::TAG, kind.as_str(), kind.shape());
    let places = places(&event);
    let place = &places[instances.below(places.len())];
    if !place.is_empty() && place[1..] != *E::TAG {
        *event.pointer_mut(place).unwrap() = spoiler(instances);
    }
    event
}

fn agree<E: Event>(instances: &mut Instances) -> Result<(), TestCaseError> {
    for kind in E::Kind::ALL.iter().filter(|kind| kind.is_self_checking()) {
        let event = mutated::<E>(*kind, instances);
        let mut payload = event.clone();
        payload.as_object_mut().unwrap().shift_remove(E::TAG);
        let checked = check(&payload, &Shape::Object(kind.shape()), E::MODE);
        match decode::<E>(&event.to_string()) {
            Ok(_) => prop_assert_eq!(checked, Ok(()), "{}", event),
            Err(error) => {
                let is_told = !matches!(error.reason, DecodeReason::Other { .. });
                prop_assert!(is_told, "{}: {}", error, event);
                prop_assert!(checked.is_err(), "{}: {}", error, event);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_the_model(seed: u64) {
        let mut instances = Instances::new(seed);
        agree::<realtime::ClientEvent>(&mut instances)?;
        agree::<realtime::ServerEvent>(&mut instances)?;
        agree::<realtime::TranslationClientEvent>(&mut instances)?;
        agree::<realtime::TranslationServerEvent>(&mut instances)?;
        agree::<beta::ClientEvent>(&mut instances)?;
        agree::<beta::ServerEvent>(&mut instances)?;
    }

    #[test]
    fn of_carriers_and_bridges(seed: u64) {
        let mut instances = Instances::new(seed);
        agree::<twilio::CarrierMessage>(&mut instances)?;
        agree::<twilio::BridgeMessage>(&mut instances)?;
        agree::<audiocodes::CarrierMessage>(&mut instances)?;
        agree::<audiocodes::BotMessage>(&mut instances)?;
    }
}

/// Each frame of a call is one of these, fifty times a second.
#[test]
fn audio_is_decoded_without_a_second_look() {
    assert!(twilio::CarrierMessageKind::Media.is_self_checking());
    assert!(twilio::BridgeMessageKind::Media.is_self_checking());
    assert!(realtime::ClientEventKind::InputAudioBufferAppend.is_self_checking());
    assert!(realtime::ServerEventKind::ResponseOutputAudioDelta.is_self_checking());
}
