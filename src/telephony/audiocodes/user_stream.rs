//! The caller's audio on its way to the bot: asked for, piece by piece, and held back while the bot
//! speaks.

use std::time::Duration;

use super::caller::{AudioCodesCaller, Phase};
use crate::protocol::Base64Audio;
use crate::protocol::audiocodes::{UserStreamChunk, UserStreamStart, UserStreamStop};
use crate::telephony::caller::Happening;
use crate::telephony::finding::FindingKind;

/// How far the caller's stream is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum UserStream {
    Off,
    /// The bot has been asked.
    Starting {
        since: Duration,
    },
    On {
        /// Whether no piece has been sent yet: the first one has the header, where there is one.
        first: bool,
    },
    /// The bot has been told.
    Stopping {
        since: Duration,
    },
}

impl AudioCodesCaller {
    /// Whether the caller's audio is to reach the bot.
    fn is_wanted(&self, now: Duration) -> bool {
        let answered = self.deaf_until.is_some_and(|until| now < until);
        let bot_speaks = self.player.is_speaking(now);
        self.phase == Phase::Active && !self.held && (self.barge_in || !(bot_speaks || answered))
    }

    /// Starts or stops the caller's stream as it is wanted now.
    pub(super) fn settle(&mut self, now: Duration) {
        match (self.user_stream, self.is_wanted(now)) {
            (UserStream::Off, true) => {
                self.user_stream = UserStream::Starting { since: now };
                let id = self.conversation();
                self.send(UserStreamStart::new(id));
            }
            (UserStream::On { .. }, false) => {
                self.user_stream = UserStream::Stopping { since: now };
                self.notes.happened(now, Happening::NotListening);
                let id = self.conversation();
                self.send(UserStreamStop::new(id));
            }
            _ => {}
        }
    }

    pub(super) fn take_started(&mut self, now: Duration) {
        match self.user_stream {
            UserStream::Starting { .. } => {
                self.user_stream = UserStream::On { first: true };
                self.next_chunk = now + self.options.chunk;
                self.notes.happened(now, Happening::Listening);
                self.settle(now);
            }
            _ => self.unasked("userStream.started without userStream.start", now),
        }
    }

    pub(super) fn take_stopped(&mut self, now: Duration) {
        match self.user_stream {
            UserStream::Stopping { .. } => {
                self.user_stream = UserStream::Off;
                self.settle(now);
            }
            _ => self.unasked("userStream.stopped without userStream.stop", now),
        }
    }

    /// The bot has understood something: without barge-in it is its turn now.
    pub(super) fn take_understood(&mut self, now: Duration) {
        if self.options.stop_on_recognition && !self.barge_in {
            self.deaf_until = Some(now + self.options.resume_recognition);
            self.settle(now);
        }
    }

    /// Asks the bot to stop the caller's stream, as the carrier does when it puts a caller on hold.
    pub fn hold(&mut self, now: Duration) {
        self.advance(now);
        self.held = true;
        self.settle(now);
    }

    /// Takes the caller back from hold.
    pub fn unhold(&mut self, now: Duration) {
        self.advance(now);
        self.held = false;
        self.settle(now);
    }

    /// When the next piece of the caller's audio is due. The person speaks whether or not it gets
    /// through.
    pub(super) fn chunk_due(&self) -> Option<Duration> {
        let is_on = matches!(self.user_stream, UserStream::On { .. });
        (is_on || !self.mouth.is_empty()).then_some(self.next_chunk)
    }

    pub(super) fn send_chunk(&mut self, at: Duration) {
        self.next_chunk = at + self.options.chunk;
        let rate = self.line.sample_rate();
        let count = self.line.samples_in(self.options.chunk).max(1);
        let spoken = self.mouth.take(count);
        let begun = at.saturating_sub(self.options.chunk);
        if let Some(samples) = &spoken {
            self.notes.said.push(begun, samples, rate);
        }
        let lost = begun < self.gap_until;
        let UserStream::On { first } = &mut self.user_stream else {
            self.notes.withheld += spoken.map_or(Duration::ZERO, |_| self.options.chunk);
            return;
        };
        if lost {
            self.notes.withheld += spoken.map_or(Duration::ZERO, |_| self.options.chunk);
            return;
        }
        let mut bytes = if std::mem::take(first) && self.line.has_header() {
            self.line.open_header()
        } else {
            Vec::new()
        };
        bytes.extend(match spoken {
            Some(samples) => self.line.encode(&samples),
            None => self.line.encode(&vec![0; count]),
        });
        let id = self.conversation();
        self.send(UserStreamChunk::new(id, Base64Audio::from(bytes)));
    }

    /// When the bot has taken too long to start or stop the caller's stream.
    pub(super) fn stream_answer_due(&self) -> Option<Duration> {
        match self.user_stream {
            UserStream::Starting { since } | UserStream::Stopping { since } => {
                Some(since + self.options.answer_within)
            }
            UserStream::Off | UserStream::On { .. } => None,
        }
    }

    /// The bot did not answer. The carrier goes on as if it had.
    pub(super) fn stream_unanswered(&mut self, now: Duration) {
        let what = match self.user_stream {
            UserStream::Starting { .. } => "no userStream.started",
            _ => "no userStream.stopped",
        };
        let within = self.options.answer_within;
        self.found(
            FindingKind::NoAnswer,
            format!("{what} within {within:?}"),
            now,
        );
        match self.user_stream {
            UserStream::Starting { .. } => self.take_started(now),
            _ => self.take_stopped(now),
        }
    }
}
