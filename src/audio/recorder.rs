//! What a session heard and said, to listen to afterwards.

use std::path::Path;
use std::time::Duration;

use crate::protocol::realtime::{ClientEvent, ServerEvent, Session};
use crate::protocol::{Event, EventKind, ItemId};

use super::error::{AudioError, AudioFault};
use super::picture::{self, Lane, Mark};
use super::resample::resample;
use super::{Clip, Encoding, wav};

/// Audio that comes so much later than it could is still part of what came before: networks and
/// clocks are not exact.
const JITTER: Duration = Duration::from_millis(200);

/// Records a conversation from its events: the caller on one track, the model on the other.
///
/// A track has its audio where it is heard. The model's is sent faster than it is heard, so each
/// delta begins where the one before ends; where the client truncates an item, or the server clears
/// its buffer, the rest was not heard and is not there. All of it is kept in memory: 5.8 MB a minute
/// of talk.
///
/// ```no_run
/// use std::time::Duration;
/// use mock_realtime::audio::AudioRecorder;
/// use mock_realtime::engine::{Input, Output, Session, SessionOptions};
/// use mock_realtime::protocol::realtime::{ClientEvent, ResponseCreate};
///
/// let mut session = Session::new(SessionOptions::default());
/// let mut recorder = AudioRecorder::default();
/// let event = ClientEvent::from(ResponseCreate::default());
/// recorder.client_sent(&event, Duration::ZERO);
/// session.handle(Input::Event(event), Duration::ZERO);
/// while let Some(output) = session.poll() {
///     if let Output::Event(event) = output {
///         recorder.server_sent(&event, Duration::ZERO);
///     }
/// }
/// recorder.save_stereo("conversation.wav")?;
/// # Ok::<(), mock_realtime::audio::AudioError>(())
/// ```
#[derive(Debug, Default)]
pub struct AudioRecorder {
    heard: Track,
    said: Track,
    input: Encoding,
    output: Encoding,
    marks: Vec<Mark>,
}

impl AudioRecorder {
    /// Takes what the client sends.
    pub fn client_sent(&mut self, event: &ClientEvent, now: Duration) {
        if let ClientEvent::InputAudioBufferAppend(append) = event {
            self.heard.add(append.audio.bytes(), self.input, None, now);
        }
    }

    /// Takes what a caller says, where it comes beside the events.
    pub fn caller_said(&mut self, audio: &[u8], encoding: Encoding, now: Duration) {
        self.heard.add(audio, encoding, None, now);
    }

    /// Takes what a call plays to the caller, where it goes beside the events. What
    /// `output_audio_buffer.cleared` cuts off was not heard.
    pub fn call_played(&mut self, audio: &[u8], encoding: Encoding, now: Duration) {
        self.said.add(audio, encoding, None, now);
    }

    /// Takes what the server sends.
    pub fn server_sent(&mut self, event: &ServerEvent, now: Duration) {
        if is_a_turn(event) {
            let name = event.kind().as_str();
            self.marks.push(Mark::new(now, name, "#000"));
        }
        match event {
            ServerEvent::SessionCreated(event) => self.set_formats(&event.session),
            ServerEvent::SessionUpdated(event) => self.set_formats(&event.session),
            ServerEvent::ResponseOutputAudioDelta(event) => {
                let item = Some(&event.item_id);
                self.said.add(event.delta.bytes(), self.output, item, now);
            }
            ServerEvent::ConversationItemTruncated(event) => {
                let ms = u64::try_from(event.audio_end_ms).unwrap_or_default();
                self.said
                    .truncate(&event.item_id, Duration::from_millis(ms));
            }
            ServerEvent::OutputAudioBufferCleared(_) => self.said.stop(now),
            _ => {}
        }
    }

    /// What the session heard, from its beginning on, at 24,000 samples a second.
    pub fn heard(&self) -> Clip {
        self.heard.clip()
    }

    /// What was heard of what the session said.
    pub fn said(&self) -> Clip {
        self.said.clip()
    }

    /// Writes both as one WAV file: the caller on the left, the model on the right.
    pub fn save_stereo(&self, file: impl AsRef<Path>) -> Result<(), AudioError> {
        let file = file.as_ref();
        let (left, right) = (self.heard(), self.said());
        let tracks = [left.samples(), right.samples()];
        wav::write(file, &tracks, left.sample_rate()).map_err(|reason| AudioError {
            file: Some(file.to_owned()),
            reason,
        })
    }

    /// Draws both over time as an SVG picture, with the events that begin and end turns: where
    /// speech begins and stops, responses, and what is cut.
    pub fn save_picture(&self, file: impl AsRef<Path>) -> Result<(), AudioError> {
        let file = file.as_ref();
        std::fs::write(file, self.picture()).map_err(|error| AudioError {
            file: Some(file.to_owned()),
            reason: AudioFault::Io(error),
        })
    }

    /// Both as the bytes of that file.
    #[cfg(feature = "admin")]
    pub(crate) fn stereo_wav(&self) -> Result<Vec<u8>, AudioError> {
        let (left, right) = (self.heard(), self.said());
        let mut bytes = std::io::Cursor::new(Vec::new());
        let tracks = [left.samples(), right.samples()];
        wav::write_to(&mut bytes, &tracks, left.sample_rate())
            .map_err(|reason| AudioError { file: None, reason })?;
        Ok(bytes.into_inner())
    }

    /// How long it goes on from the session's beginning, its silence included.
    #[cfg(feature = "admin")]
    pub(crate) fn length(&self) -> Duration {
        let ends = [&self.heard, &self.said].map(Track::end);
        ends[0].max(ends[1])
    }

    pub(crate) fn picture(&self) -> String {
        let (caller, model) = (self.heard(), self.said());
        let lane = |name, colour, samples| Lane {
            name,
            colour,
            samples,
        };
        let lanes = [
            lane("caller", "#1f6fb4", caller.samples()),
            lane("model", "#c0562b", model.samples()),
        ];
        picture::svg(&lanes, &self.marks, caller.sample_rate())
    }

    fn set_formats(&mut self, session: &Session) {
        let (input, output) = match session {
            Session::Realtime(session) => {
                let audio = session.audio.as_ref();
                let input = audio.and_then(|audio| audio.input.as_ref()?.format.as_ref());
                (
                    input,
                    audio.and_then(|audio| audio.output.as_ref()?.format.as_ref()),
                )
            }
            Session::Transcription(session) => {
                let audio = session.audio.as_ref();
                (
                    audio.and_then(|audio| audio.input.as_ref()?.format.as_ref()),
                    None,
                )
            }
        };
        self.input = input.map(Encoding::of).unwrap_or_default();
        self.output = output.map(Encoding::of).unwrap_or_default();
    }
}

/// Whether something begins, ends or is cut with it.
fn is_a_turn(event: &ServerEvent) -> bool {
    matches!(
        event,
        ServerEvent::InputAudioBufferSpeechStarted(_)
            | ServerEvent::InputAudioBufferSpeechStopped(_)
            | ServerEvent::InputAudioBufferTimeoutTriggered(_)
            | ServerEvent::ResponseCreated(_)
            | ServerEvent::ResponseDone(_)
            | ServerEvent::ConversationItemTruncated(_)
            | ServerEvent::OutputAudioBufferStarted(_)
            | ServerEvent::OutputAudioBufferStopped(_)
            | ServerEvent::OutputAudioBufferCleared(_)
    )
}

/// One side of a conversation.
#[derive(Debug, Default)]
struct Track {
    /// In order; none overlaps another.
    stretches: Vec<Stretch>,
}

/// Audio without a gap in it.
#[derive(Debug)]
struct Stretch {
    start: Duration,
    item: Option<ItemId>,
    encoding: Encoding,
    bytes: Vec<u8>,
}

impl Stretch {
    fn end(&self) -> Duration {
        self.start + self.encoding.duration(self.bytes.len())
    }

    fn keep(&mut self, length: Duration) {
        self.bytes.truncate(self.encoding.bytes_in(length));
    }
}

impl Track {
    fn end(&self) -> Duration {
        self.stretches.last().map_or(Duration::ZERO, Stretch::end)
    }

    fn add(&mut self, audio: &[u8], encoding: Encoding, item: Option<&ItemId>, now: Duration) {
        let end = self.end();
        let late = now > end + JITTER;
        match self.stretches.last_mut() {
            Some(last) if !late && last.encoding == encoding && last.item.as_ref() == item => {
                last.bytes.extend_from_slice(audio);
            }
            _ => self.stretches.push(Stretch {
                start: if late { now } else { end },
                item: item.cloned(),
                encoding,
                bytes: audio.to_vec(),
            }),
        }
    }

    /// Of this item, no more than this was heard.
    fn truncate(&mut self, item: &ItemId, mut length: Duration) {
        let stretches = self.stretches.iter_mut();
        for stretch in stretches.filter(|stretch| stretch.item.as_ref() == Some(item)) {
            stretch.keep(length);
            length = length.saturating_sub(stretch.encoding.duration(stretch.bytes.len()));
        }
    }

    /// Nothing is heard after this time.
    fn stop(&mut self, at: Duration) {
        self.stretches.retain(|stretch| stretch.start < at);
        for stretch in &mut self.stretches {
            stretch.keep(at.saturating_sub(stretch.start));
        }
    }

    fn clip(&self) -> Clip {
        let pcm = Encoding::Pcm16;
        let mut samples: Vec<i16> = Vec::new();
        for stretch in &self.stretches {
            let begin = pcm.samples(pcm.bytes_in(stretch.start));
            samples.resize(begin.max(samples.len()), 0);
            let audio = stretch.encoding.decode(&stretch.bytes);
            let rate = stretch.encoding.sample_rate();
            samples.extend(resample(&audio, rate, pcm.sample_rate()));
        }
        Clip::from_samples(samples, pcm)
    }
}
