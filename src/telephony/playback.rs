//! What a carrier plays to the caller: a queue that empties at the speed of sound.

use std::collections::VecDeque;
use std::time::Duration;

use super::format::duration_of;
use super::track::Track;

/// Audio that is queued at a carrier and played at real time, with marks between.
///
/// When something is heard is settled when it is queued, so that nobody has to wake up for it: only
/// [`clear`](Self::clear) changes that. A mark is reached when the audio before it has been played.
///
/// ```
/// use std::time::Duration;
/// use mock_realtime::telephony::Playback;
///
/// let mut playback = Playback::new(Duration::from_secs(60));
/// let second = Duration::from_secs(1);
/// playback.queue(&[0; 8_000], 8_000, second);
/// playback.mark("end", second);
/// assert_eq!(playback.next_mark(), Some(2 * second));
/// assert_eq!(playback.take_mark(2 * second), Some((2 * second, "end")));
/// ```
#[derive(Clone, Debug)]
pub struct Playback<M> {
    /// With what is not played yet.
    track: Track,
    marks: VecDeque<(Duration, M)>,
    limit: Duration,
    queued: Duration,
    cleared: Duration,
    deepest: Duration,
}

/// No more fits into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl<M> Playback<M> {
    /// An empty queue that holds so much.
    pub fn new(limit: Duration) -> Self {
        Self {
            track: Track::default(),
            marks: VecDeque::new(),
            limit,
            queued: Duration::ZERO,
            cleared: Duration::ZERO,
            deepest: Duration::ZERO,
        }
    }

    /// Queues audio. It is heard from now on, or when what is queued before has been played.
    pub fn queue(&mut self, samples: &[i16], rate: u32, now: Duration) -> Result<(), QueueFull> {
        let length = duration_of(samples.len(), rate);
        if self.depth(now) + length > self.limit {
            return Err(QueueFull);
        }
        self.track.push(self.free_at(now), samples, rate);
        self.queued += length;
        self.deepest = self.deepest.max(self.depth(now));
        Ok(())
    }

    /// Queues a mark. It is reached at once where nothing is queued.
    pub fn mark(&mut self, mark: M, now: Duration) {
        self.marks.push_back((self.free_at(now), mark));
    }

    /// When the next mark is reached.
    pub fn next_mark(&self) -> Option<Duration> {
        self.marks.front().map(|(at, _)| *at)
    }

    /// The next mark that is reached by now, and when it was.
    pub fn take_mark(&mut self, now: Duration) -> Option<(Duration, M)> {
        self.next_mark().filter(|at| *at <= now)?;
        self.marks.pop_front()
    }

    /// Drops what is not played yet. Gives how much that was, and all marks in it in their order.
    pub fn clear(&mut self, now: Duration) -> (Duration, Vec<M>) {
        let dropped = self.track.cut(now);
        self.cleared += dropped;
        let marks = self.marks.drain(..).map(|(_, mark)| mark).collect();
        (dropped, marks)
    }

    /// When all that is queued has been played; now, where nothing is.
    pub fn free_at(&self, now: Duration) -> Duration {
        self.track.end().max(now)
    }

    /// How much is queued and not played yet.
    pub fn depth(&self, now: Duration) -> Duration {
        self.free_at(now).saturating_sub(now)
    }

    /// The most that was queued at a time.
    pub fn deepest(&self) -> Duration {
        self.deepest
    }

    /// How much was queued in all.
    pub fn queued(&self) -> Duration {
        self.queued
    }

    /// How much of it was dropped.
    pub fn cleared(&self) -> Duration {
        self.cleared
    }

    /// What was heard and, after the present, what will be if nothing is dropped.
    pub fn track(&self) -> &Track {
        &self.track
    }
}
