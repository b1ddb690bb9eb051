//! Sessions on file: recorded on their way, served again, and made into scenarios.
#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod proxied;
#[path = "../support/mod.rs"]
mod support;

mod a_proxy_changes_nothing;
mod a_recording_is_replayed;
mod a_replay_is_served;
#[cfg(feature = "scenario")]
mod a_scenario_is_made_of_a_recording;
#[cfg(feature = "cli")]
mod recordings_on_the_command_line;
mod sessions_are_recorded_on_their_way;
