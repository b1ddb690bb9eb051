//! `input_audio_buffer.*`.

use crate::engine::coverage;
use crate::engine::session::Session;
use crate::protocol::EventPayload;
use crate::protocol::realtime::{
    InputAudioBufferAppend, InputAudioBufferClear, InputAudioBufferCommit, InputAudioBufferHandler,
};

use super::Handled;

impl InputAudioBufferHandler<Handled> for Session {
    fn input_audio_buffer_append(&mut self, _: InputAudioBufferAppend) -> Handled {
        coverage::not_handled(InputAudioBufferAppend::KIND)
    }

    fn input_audio_buffer_clear(&mut self, _: InputAudioBufferClear) -> Handled {
        coverage::not_handled(InputAudioBufferClear::KIND)
    }

    fn input_audio_buffer_commit(&mut self, _: InputAudioBufferCommit) -> Handled {
        coverage::not_handled(InputAudioBufferCommit::KIND)
    }
}
