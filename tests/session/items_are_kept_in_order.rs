//! What clients do with items: retrieve, delete, truncate, seed.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::transcript;
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::engine::{Fidelity, Pacing, SessionOptions};
use mock_realtime::generators::{PlannedItem, PlannedMessage, ResponsePlan, Scripted};

/// Speech of 200 ms in G.711.
fn speech() -> SessionOptions {
    speech_of(1_600)
}

fn speech_of(bytes: usize) -> SessionOptions {
    let audio = Some(Clip::from_bytes(&vec![0xff; bytes], Encoding::Mulaw));
    let message = PlannedMessage {
        text: "Good morning to you.".to_owned(),
        audio,
        ..PlannedMessage::default()
    };
    let plans = [ResponsePlan::of([PlannedItem::Message(message)])];
    SessionOptions {
        generator: Box::new(Scripted::of(plans)),
        ..SessionOptions::default()
    }
}

#[test]
fn retrieve_and_delete() {
    transcript::check("item_retrieve_and_delete", SessionOptions::default());
}

#[test]
fn truncate_to_what_was_heard() {
    transcript::check("item_truncate", speech());
}

#[test]
fn truncate_while_it_is_spoken() {
    let every_10_ms = Duration::from_millis(10);
    let pacing = Pacing {
        first: every_10_ms,
        text: every_10_ms,
        audio: every_10_ms,
    };
    transcript::check(
        "item_truncate_while_spoken",
        SessionOptions {
            pacing,
            ..speech_of(8_000)
        },
    );
}

#[test]
fn the_voice_is_fixed_once_it_was_heard() {
    transcript::check("voice_is_fixed", speech());
}

#[test]
fn images_and_audio_in_items() {
    transcript::check("item_with_image", SessionOptions::default());
}

#[test]
fn the_events_that_are_published_but_not_sent_any_more() {
    let fidelity = Fidelity {
        previous_item_id_quirk: false,
        conversation_created: true,
        conversation_item_created: true,
    };
    transcript::check(
        "published_fidelity",
        SessionOptions {
            fidelity,
            ..SessionOptions::default()
        },
    );
}
