//! Sessions, event by event, without a driver.

#[path = "../support/mod.rs"]
mod support;

mod a_long_silence_is_answered;
mod a_plan_decides_how_a_response_goes;
mod a_plan_may_be_made_outside;
mod a_session_ends_after_its_time;
mod a_session_stays_within_its_bounds;
mod agents_that_speak_the_beta;
mod any_sequence_is_valid_in_any_dialect;
mod any_sequence_keeps_the_rules;
mod appends_of_any_size_are_the_same;
mod calls_carry_audio_beside_their_events;
mod fuzz_corpus_is_handled;
mod hooks_stand_around_client_events;
mod items_are_kept_in_order;
mod malformed_frames_get_an_error;
mod mcp_tools_are_listed;
mod paused_and_real_time_give_the_same_bytes;
mod recorded_sessions_replay;
mod responses_follow_the_recorded_orders;
mod same_seed_same_bytes;
mod server_events_can_be_injected;
mod sessions_that_only_transcribe;
mod sessions_that_translate;
mod speech_interrupts_a_response;
mod text_turn_in_the_real_order;
mod the_times_of_responses_are_known;
mod turns_are_found_in_the_audio;
mod turns_can_be_left_to_the_client;
mod turns_of_the_user_frame_by_frame;
mod unsound_requests_are_refused;
mod what_a_client_may_rely_on;
mod what_the_user_says_is_transcribed;
