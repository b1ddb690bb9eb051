//! What the user is heard to say.
//!
//! A [`Transcriber`] is asked once a turn, when its audio is committed and before a response to it
//! begins. The client is told of the answer only where the session asks for transcription.

pub(super) mod events;
mod job;
mod known;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::audio::Encoding;
use crate::protocol::ItemId;
use crate::protocol::realtime::{Transcription, TranscriptionModel};

use super::pieces::pieces;
pub use known::{KnownRecordings, RecordingTranscriber};

pub(super) use job::{Jobs, Order};

/// Whether the deltas come while somebody speaks. Recorded of this model only.
pub(super) fn tells_while_heard(config: &Transcription) -> bool {
    config.model == Some(TranscriptionModel::GptRealtimeWhisper)
}

/// What the deltas of a transcript say together. Recorded: with this model the first begins with a
/// space that the transcript does not have.
pub(super) fn as_told(config: &Transcription, text: &str) -> String {
    if tells_while_heard(config) && !text.is_empty() {
        format!(" {text}")
    } else {
        text.to_owned()
    }
}

/// How fast people speak.
const CHARACTERS_A_SECOND: u128 = 15;

/// A turn of the user, to be transcribed.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// The audio.
    pub audio: &'a [u8],
    /// How `audio` is written.
    pub encoding: Encoding,
    /// How long the turn was. Of a very long one, `audio` has the end only.
    pub duration: Duration,
    /// The item the turn becomes.
    pub item_id: &'a ItemId,
    /// What the session says of transcription; `None` if the client does not want to know.
    pub config: Option<&'a Transcription>,
}

/// What was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// All of it.
    pub text: String,
    /// Who said which part. For the model that tells speakers apart; without any, one speaker
    /// said everything.
    pub segments: Vec<TranscriptSegment>,
    /// Codes of the languages heard, for the model that tells. Without any, those the session
    /// expects.
    pub languages: Vec<String>,
}

/// What one speaker said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TranscriptSegment {
    /// A label such as `spk_1`.
    pub speaker: String,
    /// What was said.
    pub text: String,
    /// From when on, counted from the beginning of the item's audio.
    pub start: Duration,
    /// Until when.
    pub end: Duration,
}

impl<T: Into<String>> From<T> for Transcript {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// Why a turn could not be transcribed. The session goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TranscriptionFailure {
    /// A code for programs.
    pub code: Option<String>,
    /// A message for people; the real server's without one.
    pub message: Option<String>,
}

/// Decides what the user is heard to say.
pub trait Transcriber: Send {
    /// What was said in this turn.
    fn transcribe(&mut self, heard: Heard<'_>) -> Result<Transcript, TranscriptionFailure>;

    /// What was said so far in a turn that goes on: the beginning of what
    /// [`transcribe`](Self::transcribe) will give. It is asked a few times a second, for the model
    /// that tells while somebody speaks. Without an answer everything is told at the end.
    fn transcribe_so_far(&mut self, _heard: Heard<'_>) -> Option<String> {
        None
    }
}

impl<F> Transcriber for F
where
    F: FnMut(Heard<'_>) -> Result<Transcript, TranscriptionFailure> + Send,
{
    fn transcribe(&mut self, heard: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
        self(heard)
    }
}

impl fmt::Debug for dyn Transcriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transcriber")
    }
}

/// Hears texts from a list, one a turn, and "(speech)" when the list is at its end. Of a turn that
/// goes on it hears as much as can be said in its time.
///
/// ```
/// use mock_realtime::engine::{ScriptedTranscriber, SessionOptions};
///
/// let options = SessionOptions {
///     transcriber: Box::new(ScriptedTranscriber::new(["Hello?", "What time is it?"])),
///     ..SessionOptions::default()
/// };
/// ```
#[derive(Clone, Debug, Default)]
pub struct ScriptedTranscriber {
    texts: VecDeque<String>,
}

impl ScriptedTranscriber {
    /// Hears these texts in turn.
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self {
            texts: texts.into_iter().map(Into::into).collect(),
        }
    }
}

impl Transcriber for ScriptedTranscriber {
    fn transcribe(&mut self, _: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
        let text = self.texts.pop_front();
        Ok(text.unwrap_or_else(|| "(speech)".to_owned()).into())
    }

    fn transcribe_so_far(&mut self, heard: Heard<'_>) -> Option<String> {
        let text = self.texts.front()?;
        let sayable = heard.duration.as_millis() * CHARACTERS_A_SECOND / 1000;
        let mut said = String::new();
        for piece in pieces(text) {
            if (said.len() + piece.len()) as u128 > sayable {
                break;
            }
            said.push_str(piece);
        }
        Some(said)
    }
}

/// How fast transcripts come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TranscriptionPace {
    /// From the commit to the first event.
    pub first: Duration,
    /// From one event to the next.
    pub next: Duration,
}

impl TranscriptionPace {
    /// Everything is there at once.
    pub const INSTANT: Self = Self {
        first: Duration::ZERO,
        next: Duration::ZERO,
    };

    /// About as fast as the real server: the first event 930 ms after the commit, as measured
    /// once.
    pub const REALISTIC: Self = Self {
        first: Duration::from_millis(930),
        next: Duration::from_millis(30),
    };
}
