//! What the bot says: one play stream after the other.

use std::collections::HashSet;
use std::time::Duration;

use super::caller::AudioCodesCaller;
use super::options::BargeInSign;
use crate::protocol::audiocodes::{MediaFormat, PlayStreamChunk, PlayStreamStart, PlayStreamStop};
use crate::telephony::caller::Happening;
use crate::telephony::finding::{FindingKind, faults_of_audio};
use crate::telephony::format::{LineFormat, duration_of, without_header};
use crate::telephony::playback::{Playback, QueueFull};

/// The carrier's player.
#[derive(Debug)]
pub(super) struct Player {
    /// Marks are ends of play streams, by their ids.
    pub(super) playback: Playback<String>,
    open: Option<PlayStream>,
    used: HashSet<String>,
}

/// The play stream that is open.
#[derive(Debug)]
struct PlayStream {
    id: String,
    /// None where the format is not known: then nothing can be heard.
    format: Option<LineFormat>,
    /// Whether the caller has interrupted it.
    cut: bool,
    /// Half a sample that the last piece ended with.
    rest: Option<u8>,
    /// When it will have been silent for too long.
    idle_at: Option<Duration>,
}

impl Player {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            playback: Playback::new(limit),
            open: None,
            used: HashSet::new(),
        }
    }

    /// Whether the bot speaks: a play stream is open, or not yet heard to its end.
    pub(super) fn is_speaking(&self, now: Duration) -> bool {
        self.open.is_some() || self.playback.depth(now) > Duration::ZERO
    }

    pub(super) fn next_end(&self) -> Option<Duration> {
        self.playback.next_mark()
    }

    pub(super) fn idle_at(&self) -> Option<Duration> {
        self.open.as_ref()?.idle_at
    }

    /// The play stream that is open.
    pub(super) fn open_id(&self) -> Option<&str> {
        self.open.as_ref().map(|stream| stream.id.as_str())
    }
}

impl AudioCodesCaller {
    pub(super) fn take_play_start(&mut self, message: PlayStreamStart, now: Duration) {
        let id = message.stream_id;
        if let Some(open) = self.player.open_id() {
            let what = format!("{id:?} begins while {open:?} is open");
            self.found(FindingKind::OverlappingPlayStreams, what, now);
            self.close_play_stream(now);
        }
        if !self.player.used.insert(id.clone()) {
            let what = format!("{id:?} is the id of an earlier one");
            self.found(FindingKind::RepeatedPlayStream, what, now);
        }
        let format = message
            .media_format
            .unwrap_or_else(|| self.accepted.clone());
        self.check_offered(&format, now);
        self.player.open = Some(PlayStream {
            id: id.clone(),
            format: LineFormat::of_media(&format),
            cut: false,
            rest: None,
            idle_at: Some(self.player.playback.free_at(now) + self.options.play_stream_idle),
        });
        self.deaf_until = None;
        self.notes.happened(now, Happening::PlayStarted(id));
        self.settle(now);
    }

    pub(super) fn take_play_chunk(&mut self, message: &PlayStreamChunk, now: Duration) {
        let open = self.player.open.as_mut();
        let Some(stream) = open.filter(|stream| stream.id == message.stream_id) else {
            let what = format!("audio for {:?}, which is not open", message.stream_id);
            return self.found(FindingKind::NoPlayStream, what, now);
        };
        let Some(format) = stream.format else {
            return;
        };
        let bytes = message.audio_chunk.as_ref();
        let mut faults = faults_of_audio(bytes, format);
        if stream.cut && self.options.drop_after_barge_in {
            return;
        }
        let sound = if format.has_header() {
            without_header(bytes)
        } else {
            bytes
        };
        // Samples that are torn in two by the border of a piece are put together again.
        let mut whole: Vec<u8> = stream.rest.take().into_iter().collect();
        whole.extend(sound);
        if !whole.len().is_multiple_of(format.sample_size()) {
            stream.rest = whole.pop();
        }
        let samples = format.decode(&whole);
        let queued = self
            .player
            .playback
            .queue(&samples, format.sample_rate(), now);
        if let Err(QueueFull) = queued {
            let what = format!("more than {:?} are queued", self.options.queue_limit);
            faults.push((FindingKind::QueueFull, what));
        }
        if !samples.is_empty() {
            let length = duration_of(samples.len(), format.sample_rate());
            self.notes.came.push((now, length));
        }
        let free_at = self.player.playback.free_at(now);
        stream.idle_at = Some(free_at + self.options.play_stream_idle);
        for (kind, what) in faults {
            self.found(kind, what, now);
        }
    }

    pub(super) fn take_play_stop(&mut self, message: PlayStreamStop, now: Duration) {
        if self.player.open_id() != Some(message.stream_id.as_str()) {
            let what = format!("the end of {:?}, which is not open", message.stream_id);
            return self.found(FindingKind::NoPlayStream, what, now);
        }
        self.notes
            .happened(now, Happening::PlayStopped(message.stream_id));
        self.close_play_stream(now);
        if self.options.stop_cuts {
            self.drop_playback(now);
        }
        self.advance(now);
    }

    /// No more comes in the play stream that is open. What is queued is heard.
    fn close_play_stream(&mut self, now: Duration) {
        if let Some(stream) = self.player.open.take() {
            self.player.playback.mark(stream.id, now);
        }
    }

    /// A play stream was heard to its end.
    pub(super) fn play_ended(&mut self, now: Duration) {
        while let Some((at, id)) = self.player.playback.take_mark(now) {
            self.tell_end(id, at);
        }
        self.settle(now);
    }

    fn tell_end(&mut self, id: String, at: Duration) {
        if self.options.send_play_finished {
            let parameters = [("streamId".to_owned(), id.clone().into())];
            self.send_event("playFinished", None, parameters.into_iter().collect(), at);
        }
        self.notes.happened(at, Happening::PlayEnded(id));
    }

    /// The bot has been silent in an open play stream for so long that it has probably forgotten it.
    pub(super) fn play_stream_idle(&mut self, now: Duration) {
        if let Some(stream) = &mut self.player.open {
            stream.idle_at = None;
            let idle = self.options.play_stream_idle;
            let what = format!("{:?} is open, with nothing to play for {idle:?}", stream.id);
            self.found(FindingKind::PlayStreamLeftOpen, what, now);
        }
    }

    /// The bot hears the caller: with barge-in the playback stops.
    pub(super) fn take_speech(&mut self, is_hypothesis: bool, now: Duration) {
        let counts = is_hypothesis || self.options.barge_in_sign == BargeInSign::SpeechOrHypothesis;
        if self.barge_in && counts && self.player.is_speaking(now) {
            if let Some(stream) = &mut self.player.open {
                stream.cut = true;
            }
            self.drop_playback(now);
        }
    }

    pub(super) fn drop_playback(&mut self, now: Duration) {
        let (dropped, ended) = self.player.playback.clear(now);
        self.notes.happened(now, Happening::Cleared { dropped });
        for id in ended {
            self.tell_end(id, now);
        }
        self.settle(now);
    }

    /// The connection is gone, and with it the play stream; what is queued is heard.
    pub(super) fn forget_play_stream(&mut self, now: Duration) {
        self.close_play_stream(now);
    }

    pub(super) fn check_offered(&mut self, format: &MediaFormat, now: Duration) {
        if !self.options.media_formats.contains(format) {
            let offered: Vec<&str> = self
                .options
                .media_formats
                .iter()
                .map(MediaFormat::as_str)
                .collect();
            let what = format!("{}; offered are {}", format.as_str(), offered.join(", "));
            self.found(FindingKind::FormatNotOffered, what, now);
        }
    }
}
