//! `input_audio_buffer.*`.

use crate::engine::session::Session;
use crate::protocol::realtime::{
    InputAudioBufferAppend, InputAudioBufferClear, InputAudioBufferCommit, InputAudioBufferHandler,
};

use super::Handled;

impl InputAudioBufferHandler<Handled> for Session {
    fn input_audio_buffer_append(&mut self, event: InputAudioBufferAppend) -> Handled {
        self.append_input_audio(event.audio.as_ref())
    }

    fn input_audio_buffer_clear(&mut self, _: InputAudioBufferClear) -> Handled {
        self.clear_input_audio();
        Ok(())
    }

    fn input_audio_buffer_commit(&mut self, _: InputAudioBufferCommit) -> Handled {
        self.commit_input_audio()
    }
}
