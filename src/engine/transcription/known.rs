//! Hearing recordings that the test has told about.

use std::sync::Arc;

use crate::audio::{Clip, Found, Recordings};

use super::{Heard, Transcriber, Transcript, TranscriptSegment, TranscriptionFailure};

/// Recordings whose words are known. Clones are cheap: any number of sessions share them.
///
/// ```
/// use mock_realtime::audio::Clip;
/// use mock_realtime::engine::{KnownRecordings, ScriptedTranscriber, SessionOptions};
///
/// let recording = Clip::spoken("Hello?", "ash", 1.0); // or from an `AudioManager`
/// let known = KnownRecordings::new([(recording, "Hello?")]);
/// let options = SessionOptions {
///     transcriber: Box::new(known.or_else(ScriptedTranscriber::default())),
///     ..SessionOptions::default()
/// };
/// ```
#[derive(Clone, Debug)]
pub struct KnownRecordings(Arc<Known>);

#[derive(Debug)]
struct Known {
    recordings: Recordings,
    transcripts: Vec<Transcript>,
}

impl KnownRecordings {
    /// Learns what is said in these recordings.
    pub fn new<T: Into<Transcript>>(recordings: impl IntoIterator<Item = (Clip, T)>) -> Self {
        let (clips, transcripts): (Vec<Clip>, Vec<T>) = recordings.into_iter().unzip();
        Self(Arc::new(Known {
            recordings: Recordings::new(&clips),
            transcripts: transcripts.into_iter().map(Into::into).collect(),
        }))
    }

    /// A transcriber that knows these recordings. Of a turn with none of them it asks `otherwise`:
    /// a [`ScriptedTranscriber`](super::ScriptedTranscriber), or a closure that always gives the
    /// same text or a failure.
    pub fn or_else<T: Transcriber>(&self, otherwise: T) -> RecordingTranscriber<T> {
        RecordingTranscriber {
            known: self.clone(),
            otherwise,
        }
    }
}

/// Hears [`KnownRecordings`], wherever in a turn they are played; made by
/// [`KnownRecordings::or_else`].
#[derive(Clone, Debug)]
pub struct RecordingTranscriber<T> {
    known: KnownRecordings,
    otherwise: T,
}

impl<T: Transcriber> Transcriber for RecordingTranscriber<T> {
    fn transcribe(&mut self, heard: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
        let Known {
            recordings,
            transcripts,
        } = &*self.known.0;
        let found = recordings.find(heard.audio, heard.encoding);
        if found.is_empty() {
            return self.otherwise.transcribe(heard);
        }
        Ok(together(&found, transcripts))
    }
}

/// One transcript of all that was found, with the times of the turn.
fn together(found: &[Found], transcripts: &[Transcript]) -> Transcript {
    let mut whole = Transcript::default();
    for place in found {
        let transcript = &transcripts[place.recording];
        if !whole.text.is_empty() {
            whole.text.push(' ');
        }
        whole.text.push_str(&transcript.text);
        let segments = transcript.segments.iter().map(|segment| TranscriptSegment {
            start: place.start + segment.start,
            end: place.start + segment.end,
            ..segment.clone()
        });
        whole.segments.extend(segments);
        for language in &transcript.languages {
            if !whole.languages.contains(language) {
                whole.languages.push(language.clone());
            }
        }
    }
    whole
}
