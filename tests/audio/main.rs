//! What is heard and said.

#[path = "../support/mod.rs"]
mod support;

mod a_conversation_can_be_listened_to;
mod a_tone_stays_a_tone;
mod broken_audio_is_refused;
mod known_recordings_are_heard;
mod speech_is_heard_where_it_is;
