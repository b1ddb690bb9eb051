//! `output_audio_buffer.*`.

use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::protocol::realtime::{OutputAudioBufferClear, OutputAudioBufferHandler};

use super::Handled;

impl OutputAudioBufferHandler<Handled> for Session {
    fn output_audio_buffer_clear(&mut self, _: OutputAudioBufferClear) -> Handled {
        if !self.is_call() {
            // Recorded: on a WebSocket there is no such event.
            return Err(Refusal::only_in_calls::<OutputAudioBufferClear>());
        }
        if self.clear_playback() {
            Ok(())
        } else {
            Err(Refusal::nothing_plays())
        }
    }
}
