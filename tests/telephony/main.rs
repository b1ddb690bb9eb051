//! The caller's side: carriers, calls, and what a bridge does.
#![cfg(feature = "telephony")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

#[path = "../support/telephone.rs"]
mod telephone;

mod a_twilio_caller_does_as_twilio_does;
mod an_audiocodes_caller_does_as_voiceai_connect_does;
mod messages_of_carriers_are_read_and_written;
mod what_a_bridge_does_wrong_is_named;
