//! What comes out of a translation session, piece by piece.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::{Chain, DeltaSizes, Encoding};
use crate::engine::outbox::Outbox;
use crate::engine::pieces::pieces;
use crate::engine::response::Pacing;
use crate::engine::response::speech::{Chunks, Manner};
use crate::protocol::realtime::{
    TranslationServerEvent, TranslationSessionInputTranscriptDelta as InputTranscriptDelta,
    TranslationSessionOutputAudioDelta as OutputAudioDelta,
    TranslationSessionOutputAudioDeltaFormat as Format,
    TranslationSessionOutputTranscriptDelta as OutputTranscriptDelta,
};
use crate::protocol::{Base64Audio, Patch};

use super::Translation;

/// Times in events are those of the model's frames, in milliseconds.
const FRAME_MS: u64 = 200;

/// What is said, and waits to be sent.
#[derive(Debug)]
pub(super) struct Pieces {
    waiting: VecDeque<Piece>,
    pacing: Pacing,
}

#[derive(Debug)]
struct Piece {
    at: Duration,
    elapsed_ms: i64,
    what: What,
}

#[derive(Debug)]
enum What {
    Said(String),
    Text(String),
    Audio(Base64Audio),
}

impl Pieces {
    pub(super) const fn new(pacing: Pacing) -> Self {
        Self {
            waiting: VecDeque::new(),
            pacing,
        }
    }

    /// Something was said, if anybody wants to know, and its translation is. `clock_ms` is the
    /// time of the audio that came in. Text runs ahead of its sound.
    pub(super) fn add(
        &mut self,
        said: Option<&str>,
        translation: &Translation,
        clock_ms: u64,
        now: Duration,
    ) {
        let mut at = now.saturating_add(self.pacing.first);
        if let Some(last) = self.waiting.back() {
            at = at.max(last.at);
        }
        for piece in said.into_iter().flat_map(pieces) {
            self.push(at, clock_ms, What::Said(piece.to_owned()));
        }
        for piece in pieces(&translation.text) {
            self.push(at, clock_ms, What::Text(piece.to_owned()));
            at = at.saturating_add(self.pacing.text);
        }
        let encoding = Encoding::Pcm16;
        let manner = Manner {
            encoding,
            voice: "",
            speed: 1.0,
            sizes: DeltaSizes::default(),
        };
        let chunks = Chunks::new(&translation.text, translation.audio.clone(), manner);
        let mut unchanged = Chain::default();
        let mut played = Duration::ZERO;
        for chunk in (0..chunks.len()).filter_map(|number| chunks.get(number, &mut unchanged)) {
            let played_ms = u64::try_from(played.as_millis()).unwrap_or(u64::MAX);
            played += encoding.duration(chunk.len());
            self.push(at, clock_ms.saturating_add(played_ms), What::Audio(chunk));
            at = at.saturating_add(self.pacing.audio);
        }
    }

    fn push(&mut self, at: Duration, clock_ms: u64, what: What) {
        let elapsed_ms = i64::try_from(clock_ms - clock_ms % FRAME_MS).unwrap_or(i64::MAX);
        self.waiting.push_back(Piece {
            at,
            elapsed_ms,
            what,
        });
    }

    /// When the next piece is due.
    pub(super) fn next_at(&self) -> Option<Duration> {
        self.waiting.front().map(|piece| piece.at)
    }

    /// Sends the next piece; says whether there was one.
    pub(super) fn send_next(&mut self, outbox: &mut Outbox<TranslationServerEvent>) -> bool {
        let Some(piece) = self.waiting.pop_front() else {
            return false;
        };
        let elapsed_ms = Patch::Value(piece.elapsed_ms);
        match piece.what {
            What::Said(delta) => outbox.send(|event_id| InputTranscriptDelta {
                event_id,
                delta,
                elapsed_ms,
            }),
            What::Text(delta) => outbox.send(|event_id| OutputTranscriptDelta {
                event_id,
                delta,
                elapsed_ms,
            }),
            What::Audio(delta) => outbox.send(|event_id| OutputAudioDelta {
                event_id,
                delta,
                sample_rate: Some(OutputAudioDelta::DEFAULT_SAMPLE_RATE),
                channels: Some(OutputAudioDelta::DEFAULT_CHANNELS),
                format: Some(Format::Pcm16),
                elapsed_ms,
            }),
        }
        true
    }
}
