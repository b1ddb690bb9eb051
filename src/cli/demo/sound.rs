//! The caller's end of the line: a microphone that is always on, and a loudspeaker.

use std::time::Duration;

use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::protocol::ItemId;

/// What the sound of the session is.
const ENCODING: Encoding = Encoding::Pcm16;

/// Hears the caller, and silence while they say nothing.
#[derive(Debug, Default)]
pub(super) struct Microphone {
    said: Vec<u8>,
}

impl Microphone {
    pub(super) fn hear(&mut self, clip: &Clip) {
        self.said.extend_from_slice(&clip.encoded(ENCODING));
    }

    pub(super) fn is_silent(&self) -> bool {
        self.said.is_empty()
    }

    /// The next piece of sound.
    pub(super) fn next(&mut self, time: Duration) -> Vec<u8> {
        let size = ENCODING.bytes_in(time);
        let mut piece: Vec<u8> = self.said.drain(..size.min(self.said.len())).collect();
        piece.resize(size, 0);
        piece
    }
}

/// Plays what comes faster than it can be heard.
#[derive(Debug, Default)]
pub(super) struct Loudspeaker {
    item: Option<ItemId>,
    waiting: Duration,
    heard: Duration,
}

impl Loudspeaker {
    pub(super) fn play(&mut self, item: &ItemId, audio: &[u8]) {
        if self.item.as_ref() != Some(item) {
            self.item = Some(item.clone());
            self.heard = Duration::ZERO;
        }
        self.waiting += ENCODING.duration(audio.len());
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let time = time.min(self.waiting);
        self.waiting -= time;
        self.heard += time;
    }

    pub(super) fn is_silent(&self) -> bool {
        self.waiting.is_zero()
    }

    /// So much of the item was heard.
    pub(super) fn heard(&self) -> Duration {
        self.heard
    }

    /// Stops in the middle of an item, if there is one; says how much of which was heard.
    pub(super) fn stop(&mut self) -> Option<(ItemId, Duration)> {
        if self.is_silent() {
            return None;
        }
        self.waiting = Duration::ZERO;
        self.item.take().map(|item| (item, self.heard))
    }
}

/// How loud sound is, as bars: one for each of these pieces of time.
pub(super) fn bars(audio: &[u8], each: Duration) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    /// The loudness of a full bar.
    const LOUD: u64 = 5_000;
    let pieces = audio.chunks(ENCODING.bytes_in(each));
    pieces
        .map(|piece| {
            let (mut sum, mut count) = (0, 0);
            for sample in piece.chunks_exact(2) {
                let sample = i16::from_le_bytes([sample[0], sample[1]]);
                sum += u64::from(sample.unsigned_abs());
                count += 1;
            }
            let loudness = sum / u64::max(count, 1);
            let bar = usize::try_from(loudness * 8 / LOUD).unwrap_or(usize::MAX);
            BARS[bar.min(7)]
        })
        .collect()
}
