//! Whether it is the protocol.

#[path = "../support/mod.rs"]
mod support;

mod audio_is_measured_in_the_format_of_its_response;
mod each_rule_is_named_for_what_breaks_it;
mod logs_are_checked;
mod real_sessions_keep_the_rules;
