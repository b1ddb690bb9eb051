//! The input audio: the session's audio clock, and what was heard since the last turn.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::audio::Encoding;
use crate::protocol::ItemId;

/// Turn detection goes by windows of so many milliseconds: in all recordings the times of a turn
/// are multiples of it.
pub(super) const WINDOW_MS: u64 = 32;

/// The most samples a window can have: at 24 kHz.
pub(super) const WINDOW_SAMPLES: usize = 768;

/// The most audio one event can append, in bytes.
pub(super) const MAX_APPEND: usize = 15 * 1024 * 1024;

/// What a commit needs.
pub(super) const MIN_COMMIT: Duration = Duration::from_millis(100);

/// A buffer that is not committed keeps its last ten minutes: 28.8 MB of PCM. Inferred; the real
/// server's limit is not known.
pub(super) const MAX_BUFFERED_MS: u64 = 10 * 60 * 1000;

/// With turn detection on, silence before a turn is kept for so long, or as long as padding and
/// idle timeout need.
pub(super) const KEPT_SILENCE_MS: u64 = 1_000;

/// The audio of so many bytes of past turns is kept for clients that retrieve items, the newest of
/// it: 5.8 minutes of PCM.
const MAX_COMMITTED: usize = 16 * 1024 * 1024;

/// Audio that becomes an item.
#[derive(Debug)]
pub(super) struct CommittedAudio {
    /// The audio, or as much of its end as the buffer still had.
    pub(super) bytes: Bytes,
    /// How `bytes` are written.
    pub(super) encoding: Encoding,
    /// How many bytes it was, kept or not.
    pub(super) length: usize,
}

impl CommittedAudio {
    /// How long it was.
    pub(super) fn duration(&self) -> Duration {
        self.encoding.duration(self.length)
    }
}

/// The buffer, on the session's audio clock.
///
/// The clock counts all audio since the session began. Its unit is the byte of the encoding of
/// the moment; a window always begins at a multiple of its own length.
#[derive(Debug, Default)]
pub(super) struct InputAudio {
    encoding: Encoding,
    /// What is kept, behind `dropped` bytes that wait to be thrown away.
    bytes: Vec<u8>,
    dropped: usize,
    /// Where the buffer begins, kept or not.
    begin: u64,
    /// Where it ends: now.
    end: u64,
}

impl InputAudio {
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The clock, in milliseconds.
    pub(super) fn end_ms(&self) -> u64 {
        self.end / self.bytes_per_ms()
    }

    /// Where the buffer begins, in milliseconds of the clock.
    pub(super) fn begin_ms(&self) -> u64 {
        self.begin / self.bytes_per_ms()
    }

    /// How much was appended since the last commit or clear.
    pub(super) fn duration(&self) -> Duration {
        let bytes = usize::try_from(self.end - self.begin).unwrap_or(usize::MAX);
        self.encoding.duration(bytes)
    }

    /// Goes on in another encoding, with what there is. The clock loses at most two samples of
    /// PCM, which are less than one of G.711. Says whether it is another one.
    pub(super) fn set_encoding(&mut self, encoding: Encoding) -> bool {
        if encoding == self.encoding {
            return false;
        }
        let kept = self.encoding.convert(self.kept(), encoding);
        let (from, to) = (self.bytes_per_ms(), encoding.bytes_per_ms() as u64);
        let convert = |position: u64| position / from * to + position % from * to / from;
        self.begin = convert(self.begin);
        self.end = convert(self.end);
        self.bytes = kept;
        self.dropped = 0;
        self.encoding = encoding;
        true
    }

    /// Adds all of it.
    pub(super) fn append(&mut self, audio: &[u8]) {
        self.bytes.extend_from_slice(audio);
        self.end += audio.len() as u64;
    }

    /// Adds audio from the beginning of `audio` until a window is full, and takes it from there.
    /// Says whether a window is full.
    pub(super) fn fill_window(&mut self, audio: &mut &[u8]) -> bool {
        let window = self.bytes_per_ms() * WINDOW_MS;
        let missing = usize::try_from(window - self.end % window).unwrap_or(usize::MAX);
        let (head, rest) = audio.split_at(missing.min(audio.len()));
        self.append(head);
        *audio = rest;
        head.len() == missing
    }

    /// The samples of the window that is just full. What of it was cleared or committed is silent.
    pub(super) fn window<'a>(&self, samples: &'a mut [i16; WINDOW_SAMPLES]) -> &'a [i16] {
        let ms = usize::try_from(WINDOW_MS).unwrap_or_default();
        let length = self.encoding.samples(ms * self.encoding.bytes_per_ms());
        let kept = self.kept();
        let known = self.encoding.samples(kept.len()).min(length);
        let tail = &kept[kept.len() - known * self.encoding.sample_size()..];
        let window = &mut samples[..length];
        let (silent, heard) = window.split_at_mut(length - known);
        silent.fill(0);
        self.encoding.decode_into(tail, heard);
        window
    }

    /// Throws away the oldest beyond so many milliseconds.
    pub(super) fn keep_last(&mut self, ms: u64) {
        let most = usize::try_from(ms.saturating_mul(self.bytes_per_ms())).unwrap_or(usize::MAX);
        let excess = self.kept().len().saturating_sub(most);
        // Whole samples, so that what is kept begins with one.
        self.dropped += excess - excess % self.encoding.sample_size();
        // Moved seldom, so that a byte is moved about once.
        if self.dropped > 0 && self.dropped >= self.bytes.len() / 2 {
            self.bytes.drain(..self.dropped);
            self.dropped = 0;
        }
    }

    /// Empties the buffer. The next byte begins a sample.
    pub(super) fn clear(&mut self) {
        self.end -= self.end % self.encoding.sample_size() as u64;
        self.begin = self.end;
        self.bytes = Vec::new();
        self.dropped = 0;
    }

    /// Takes the audio since `from_ms` of the clock, or all there is; what was before it is gone.
    /// A half sample stays.
    pub(super) fn take(&mut self, from_ms: Option<u64>) -> CommittedAudio {
        let half = usize::try_from(self.end % self.encoding.sample_size() as u64);
        let half = half.unwrap_or_default();
        let end = self.end - half as u64;
        let from = from_ms.map_or(0, |ms| ms.saturating_mul(self.bytes_per_ms()));
        let length = end.saturating_sub(from.max(self.begin));
        let kept = self.kept();
        let (kept, stays) = kept.split_at(kept.len().saturating_sub(half));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let taken = kept.len().min(length);
        let committed = CommittedAudio {
            bytes: Bytes::copy_from_slice(&kept[kept.len() - taken..]),
            encoding: self.encoding,
            length,
        };
        self.bytes = stays.to_vec();
        self.dropped = 0;
        self.begin = end;
        committed
    }

    /// The audio since `from_ms` of the clock, as far as it is kept.
    pub(super) fn since(&self, from_ms: u64) -> &[u8] {
        let from = from_ms.saturating_mul(self.bytes_per_ms());
        let length = usize::try_from(self.end.saturating_sub(from)).unwrap_or(usize::MAX);
        let kept = self.kept();
        &kept[kept.len().saturating_sub(length)..]
    }

    fn kept(&self) -> &[u8] {
        &self.bytes[self.dropped..]
    }

    fn bytes_per_ms(&self) -> u64 {
        self.encoding.bytes_per_ms() as u64
    }
}

/// The audio of the turns, as far back as there is room for it.
#[derive(Debug, Default)]
pub(super) struct CommittedTurns {
    /// Oldest first.
    turns: VecDeque<(ItemId, Bytes)>,
    size: usize,
}

impl CommittedTurns {
    pub(super) fn insert(&mut self, id: ItemId, audio: Bytes) {
        self.size += audio.len();
        self.turns.push_back((id, audio));
        while self.size > MAX_COMMITTED && self.turns.len() > 1 {
            let oldest = self.turns.pop_front();
            self.size -= oldest.map_or(0, |(_, audio)| audio.len());
        }
    }

    pub(super) fn get(&self, id: &ItemId) -> Option<&Bytes> {
        let turn = self.turns.iter().find(|(known, _)| known == id);
        turn.map(|(_, audio)| audio)
    }

    pub(super) fn remove(&mut self, id: &ItemId) {
        self.turns.retain(|(known, _)| known != id);
        self.size = self.turns.iter().map(|(_, audio)| audio.len()).sum();
    }
}
