//! What clients are exercised with.

mod clients_are_walked_through_all_events;
mod every_event_has_variants;
mod the_command_exercises_programs;
