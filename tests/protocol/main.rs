//! Events and the types they are made of.

#[path = "../support/mod.rs"]
mod support;

mod a_flat_session_is_told_as_it_was_set;
mod async_openai_reads_every_event;
mod decoding_agrees_with_the_schema;
mod events_round_trip;
mod generator_keeps_its_promises;
mod recorded_events_round_trip;
mod what_the_types_refuse_is_all_there_is_to_refuse;
