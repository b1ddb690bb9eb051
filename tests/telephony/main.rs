//! The caller's side: carriers, calls, and what a bridge does.
#![cfg(feature = "telephony")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

#[path = "../support/answered.rs"]
mod answered;
#[path = "../support/bridge.rs"]
mod bridge;
#[path = "../../examples/bridge/bridge.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    missing_docs,
    missing_debug_implementations,
    reason = "an application's"
)]
mod example;
#[path = "../support/planted.rs"]
mod planted;
#[path = "../support/telephone.rs"]
mod telephone;

mod a_bridge_is_tried_from_both_ends;
mod a_call_begins_with_the_voice_url;
mod a_recorded_bot_is_called_the_same;
mod a_twilio_caller_does_as_twilio_does;
mod an_audiocodes_caller_does_as_voiceai_connect_does;
mod any_answer_leaves_callers_sound;
mod call_scripts_are_checked;
mod calls_follow_the_recorded_orders;
mod calls_follow_their_scripts;
mod expectations_hold_of_calls;
mod lines_go_wrong_as_scripts_say;
mod messages_of_carriers_are_read_and_written;
mod playback_keeps_its_promises;
mod what_a_bridge_does_wrong_is_named;
