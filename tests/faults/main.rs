//! What goes wrong because a test asks for it.

#[path = "../support/mod.rs"]
mod support;

mod any_faults_keep_a_session_alive;
mod examples;
mod faults_are_read_from_files;
mod faults_happen_when_they_are_to;
mod nobody_else_feels_a_fault;
mod transcripts_show_each_kind;
