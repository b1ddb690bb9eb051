//! The audio of a call: the server plays it to the user itself, and knows how far it has come.
//!
//! On a WebSocket there is no playback: the client gets the audio and plays it. The events are
//! those of a recorded call; the order in which an interruption is told is *inferred*.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::Encoding;
use crate::protocol::realtime::{
    ConversationItemTruncated, OutputAudioBufferCleared, OutputAudioBufferStarted,
    OutputAudioBufferStopped,
};
use crate::protocol::{Base64Audio, ItemId, ResponseId};

use super::io::Output;
use super::options::Transport;
use super::session::Session;

/// What plays, and what waits to be played after it.
#[derive(Debug, Default)]
pub(super) struct Playback {
    tracks: VecDeque<Track>,
}

/// The audio of a response.
#[derive(Debug)]
struct Track {
    response_id: ResponseId,
    starts_at: Duration,
    ends_at: Duration,
    started: bool,
    /// How long each item lasts, as far as it has come in.
    items: Vec<(ItemId, Duration)>,
}

impl Track {
    fn add(&mut self, item_id: &ItemId, length: Duration, now: Duration) {
        self.ends_at = self.ends_at.max(now) + length;
        match self.items.last_mut() {
            Some((last, duration)) if last == item_id => *duration += length,
            _ => self.items.push((item_id.clone(), length)),
        }
    }

    /// Where each item that was not heard to its end stops.
    fn cuts(&self, now: Duration) -> Vec<(ItemId, Duration)> {
        let length: Duration = self.items.iter().map(|(_, duration)| *duration).sum();
        let mut heard = length.saturating_sub(self.ends_at.saturating_sub(now));
        let mut cuts = Vec::new();
        for (id, duration) in &self.items {
            if heard < *duration {
                cuts.push((id.clone(), heard));
            }
            heard = heard.saturating_sub(*duration);
        }
        cuts
    }
}

impl Playback {
    fn track(&mut self, response_id: &ResponseId, now: Duration) -> &mut Track {
        let known = self
            .tracks
            .iter()
            .position(|track| track.response_id == *response_id);
        let index = known.unwrap_or_else(|| {
            let free_at = self.tracks.back().map_or(now, |last| last.ends_at.max(now));
            self.tracks.push_back(Track {
                response_id: response_id.clone(),
                starts_at: free_at,
                ends_at: free_at,
                started: false,
                items: Vec::new(),
            });
            self.tracks.len() - 1
        });
        &mut self.tracks[index]
    }
}

impl Session {
    /// Whether the audio travels beside the events, and is played by the server.
    pub(super) fn is_call(&self) -> bool {
        self.transport != Transport::WebSocket
    }

    /// Plays a chunk to the user, after what was queued before.
    pub(super) fn play(
        &mut self,
        response_id: &ResponseId,
        item_id: &ItemId,
        audio: &Base64Audio,
        encoding: Encoding,
    ) {
        let length = encoding.duration(audio.len());
        let track = self.playback.track(response_id, self.now);
        track.add(item_id, length, self.now);
        self.step_playback();
        self.outbox.push(Output::Audio {
            audio: audio.bytes().clone(),
            encoding,
        });
    }

    /// When the user has heard all of a response.
    pub(super) fn heard_at(&self, response_id: &ResponseId) -> Option<Duration> {
        let mut tracks = self.playback.tracks.iter();
        let track = tracks.find(|track| track.response_id == *response_id);
        track.map(|track| track.ends_at)
    }

    /// When the next event of the playback is due.
    pub(super) fn next_playback_at(&self) -> Option<Duration> {
        let track = self.playback.tracks.front()?;
        if !track.started {
            return Some(track.starts_at);
        }
        let comes = self
            .responses
            .iter()
            .any(|it| *it.id() == track.response_id);
        (!comes).then_some(track.ends_at)
    }

    /// Does the next thing of the playback that is due; says whether there was one.
    pub(super) fn step_playback(&mut self) -> bool {
        if self.next_playback_at().is_none_or(|at| at > self.now) {
            return false;
        }
        let id = self.outbox.ids.buffer_event();
        let Some(track) = self.playback.tracks.front_mut() else {
            return false;
        };
        let response_id = track.response_id.clone();
        if track.started {
            self.playback.tracks.pop_front();
            self.outbox
                .push_event(OutputAudioBufferStopped::new(id, response_id));
        } else {
            track.started = true;
            self.outbox
                .push_event(OutputAudioBufferStarted::new(id, response_id));
        }
        true
    }

    /// Stops what plays and forgets what waits; says whether there was something. The items end
    /// where the user stopped hearing them.
    pub(super) fn clear_playback(&mut self) -> bool {
        let tracks = std::mem::take(&mut self.playback.tracks);
        let Some(playing) = tracks.front().map(|track| track.response_id.clone()) else {
            return false;
        };
        let now = self.now;
        for (item_id, heard) in tracks.iter().flat_map(|track| track.cuts(now)) {
            self.truncate_heard(item_id, heard);
        }
        let id = self.outbox.ids.buffer_event();
        self.outbox
            .push_event(OutputAudioBufferCleared::new(id, playing));
        self.outbox.push(Output::ClearAudio);
        true
    }

    /// An item beside the conversation, or one that is not done, has nothing to be cut off.
    fn truncate_heard(&mut self, item_id: ItemId, heard: Duration) {
        let ms = u64::try_from(heard.as_millis()).unwrap_or(u64::MAX);
        let end = Duration::from_millis(ms);
        if self.conversation.truncate(&item_id, end).is_ok() {
            let ms = i64::try_from(ms).unwrap_or(i64::MAX);
            self.outbox
                .send(|id| ConversationItemTruncated::new(id, item_id, 0, ms));
        }
    }
}
