//! Speech in the deltas it is sent in.

use std::sync::Arc;

use crate::audio::{Chain, Clip, DeltaSizes, Encoding, Utterance};
use crate::generators::PlannedMessage;
use crate::protocol::Base64Audio;

use super::item::Content;

/// How a response is spoken.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Manner<'a> {
    pub(in crate::engine) encoding: Encoding,
    pub(in crate::engine) voice: &'a str,
    pub(in crate::engine) speed: f64,
    pub(in crate::engine) sizes: DeltaSizes,
}

/// The audio of a message, delta by delta.
#[derive(Debug)]
pub(in crate::engine) struct Chunks {
    source: Source,
    encoding: Encoding,
    sizes: DeltaSizes,
}

#[derive(Debug)]
enum Source {
    /// All of it is there, shared with others.
    Clip(Arc<[Base64Audio]>),
    /// A delta is made when it is sent.
    Voice(Utterance),
}

impl Chunks {
    /// The clip or, without one, the text, said by the mock's own voice.
    pub(in crate::engine) fn new(text: &str, clip: Option<Clip>, manner: Manner<'_>) -> Self {
        let Manner {
            encoding,
            voice,
            speed,
            sizes,
        } = manner;
        let source = match clip {
            Some(clip) => Source::Clip(clip.deltas(encoding, sizes)),
            None => Source::Voice(Utterance::new(text, voice, speed, encoding)),
        };
        Self {
            source,
            encoding,
            sizes,
        }
    }

    /// How many there are.
    pub(in crate::engine) fn len(&self) -> usize {
        match &self.source {
            Source::Clip(deltas) => deltas.len(),
            Source::Voice(utterance) => self.sizes.count(utterance.len(), self.encoding),
        }
    }

    /// One of them, as it is after what happens to it on the way.
    pub(in crate::engine) fn get(&self, number: usize, chain: &mut Chain) -> Option<Base64Audio> {
        let audio = match &self.source {
            Source::Clip(deltas) => deltas.get(number)?.clone(),
            Source::Voice(utterance) => {
                let range = self.sizes.range(number, utterance.len(), self.encoding)?;
                Base64Audio::from(utterance.bytes(range))
            }
        };
        if chain.is_empty() {
            return Some(audio);
        }
        Some(Base64Audio::from(
            chain.process(audio.bytes(), self.encoding),
        ))
    }
}

/// The message as speech.
pub(super) fn content(message: PlannedMessage, manner: Manner<'_>) -> Content {
    Content::Speech {
        chunks: Chunks::new(&message.text, message.audio, manner),
        transcript: message.text,
        phase: message.phase,
    }
}
