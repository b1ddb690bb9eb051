//! `output_audio_buffer.*`.

use crate::engine::coverage;
use crate::engine::session::Session;
use crate::protocol::EventPayload;
use crate::protocol::realtime::{OutputAudioBufferClear, OutputAudioBufferHandler};

use super::Handled;

impl OutputAudioBufferHandler<Handled> for Session {
    fn output_audio_buffer_clear(&mut self, _: OutputAudioBufferClear) -> Handled {
        coverage::not_handled(OutputAudioBufferClear::KIND)
    }
}
