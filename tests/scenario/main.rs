//! What the mock says, and when.

#[path = "../support/mod.rs"]
mod support;

mod a_delegate_answers;
mod presets_hold_their_conversations;
mod responses_are_chosen_by_their_conditions;
mod scenario_files_are_checked;
mod scenarios_are_followed_in_a_session;
mod the_restaurant_of_the_readme;
