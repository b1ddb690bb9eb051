//! The server, reached over the network.

#[path = "../support/mod.rs"]
mod support;

mod a_client_is_asked_whether_it_is_there;
#[cfg(feature = "admin")]
mod a_test_has_a_hand_on_its_sessions;
mod addresses_of_azure_open_sessions;
mod ephemeral_keys_open_sessions;
#[cfg(feature = "admin")]
mod journals_are_waited_for_and_verified;
mod keys_of_the_beta_open_sessions;
mod models_are_listed;
mod requests_that_are_wrong_are_answered;
mod server_holds_a_conversation;
mod sessions_are_let_in_while_there_is_room;
#[cfg(feature = "admin")]
mod tests_are_kept_apart_by_keys;
mod the_mock_verifies_itself;
mod the_rules_of_websocket_are_kept;
mod the_server_counts_what_it_does;
mod the_server_ends_in_order;
mod the_server_speaks_tls;
mod translation_sessions_are_served;
#[cfg(feature = "admin")]
mod what_seems_wrong_with_a_scenario_is_told;
mod who_does_not_read_is_closed;
mod who_is_not_let_in_is_told_why;
#[cfg(feature = "admin")]
mod wrong_requests_of_the_admin_api_are_told;
