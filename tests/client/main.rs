//! The mock as a Rust test has it.

#[path = "../support/mod.rs"]
mod support;

mod a_failed_test_leaves_its_frames_and_sound;
mod a_mock_server_serves_one_test;
mod client_talks_in_process;
mod expectations_explain_themselves;
mod expectations_hold_in_any_dialect;
mod mock_socket_is_a_websocket;
mod what_is_asked_for_goes_wrong;
