//! The way of frames from one side to the other.

use std::collections::VecDeque;
use std::time::Duration;

/// The most frames that are on their way at once, and the most bytes of them. What is more pushes the
/// oldest through.
const MOST_FRAMES: usize = 10_000;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The most frames that are held back at once for others to overtake.
const MOST_HELD: usize = 1_000;

/// What the way of a frame is like.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Way {
    /// It is so long on it.
    pub(crate) delay: Duration,
    /// It does not arrive before.
    pub(crate) not_before: Duration,
    /// Others overtake it.
    pub(crate) hold: Option<Hold>,
}

/// What a frame waits for that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    /// So many frames overtake it.
    pub(crate) by: u64,
    /// Only those of its own type count, and what ends their series comes after it.
    pub(crate) of_its_type: bool,
    /// It is held no longer.
    pub(crate) most: Duration,
}

/// The way of frames from one side to the other. Times are the session's.
#[derive(Debug)]
pub(crate) struct Line<T> {
    /// With the time of its arrival and its bytes.
    on_its_way: VecDeque<(Duration, T, usize)>,
    held: Vec<Held<T>>,
    bytes: usize,
    /// When the last frame arrives: none overtakes it by itself.
    last: Duration,
    blocked: bool,
}

#[derive(Debug)]
struct Held<T> {
    frame: T,
    bytes: usize,
    event: Option<&'static str>,
    hold: Hold,
    until: Duration,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            on_its_way: VecDeque::new(),
            held: Vec::new(),
            bytes: 0,
            last: Duration::ZERO,
            blocked: false,
        }
    }
}

impl<T> Line<T> {
    /// Sends a frame: `event` is its type, if it is an event.
    pub(crate) fn send(
        &mut self,
        frame: T,
        bytes: usize,
        event: Option<&'static str>,
        way: &Way,
        now: Duration,
    ) {
        self.release(now, |held| {
            held.hold.of_its_type && event.is_some_and(ends_a_series)
        });
        let arrival = now.saturating_add(way.delay).max(way.not_before);
        match way.hold {
            Some(hold) if self.held.len() < MOST_HELD => self.held.push(Held {
                frame,
                bytes,
                event,
                hold,
                until: arrival.saturating_add(hold.most),
            }),
            _ => {
                self.put(frame, bytes, arrival);
                self.overtake(event, now);
            }
        }
    }

    /// Lets those go that were held back long enough by now.
    pub(crate) fn let_go(&mut self, now: Duration) {
        self.release(now, |held| held.until <= now);
    }

    /// Sends what comes after all that was sent before, however long that is held.
    pub(crate) fn send_last(&mut self, frame: T, now: Duration) {
        self.release(now, |_| true);
        self.put(frame, 0, now);
    }

    /// Sends the break of the connection, which comes even where nothing else does.
    pub(crate) fn break_after(&mut self, end: T, now: Duration) {
        if self.blocked {
            self.break_off(end, now);
        } else {
            self.send_last(end, now);
        }
    }

    /// The same before all that is on its way, which is lost.
    pub(crate) fn break_off(&mut self, end: T, now: Duration) {
        self.clear();
        self.blocked = false;
        self.last = now;
        self.put(end, 0, now);
    }

    /// Lets nothing arrive before.
    pub(crate) fn stall_until(&mut self, time: Duration) {
        self.last = self.last.max(time);
    }

    /// Lets nothing arrive ever again.
    pub(crate) fn block(&mut self) {
        self.clear();
        self.blocked = true;
    }

    /// Whether nothing arrives ever again.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// The oldest frame that has arrived by now, with the time when it did.
    pub(crate) fn arrived(&mut self, now: Duration) -> Option<(Duration, T)> {
        self.let_go(now);
        let (at, ..) = self.on_its_way.front()?;
        if *at > now && self.on_its_way.len() <= MOST_FRAMES && self.bytes <= MOST_BYTES {
            return None;
        }
        let (at, frame, bytes) = self.on_its_way.pop_front()?;
        self.bytes -= bytes;
        Some((at.min(now), frame))
    }

    /// When the next one arrives.
    pub(crate) fn next(&self) -> Option<Duration> {
        let sent = self.on_its_way.front().map(|(at, ..)| *at);
        let held = self.held.iter().map(|held| held.until).min();
        [sent, held].into_iter().flatten().min()
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.on_its_way.is_empty() && self.held.is_empty()
    }

    /// Loses all that is on its way.
    pub(crate) fn clear(&mut self) {
        self.on_its_way.clear();
        self.held.clear();
        self.bytes = 0;
    }

    fn put(&mut self, frame: T, bytes: usize, arrival: Duration) {
        if self.blocked {
            return;
        }
        self.last = self.last.max(arrival);
        self.bytes += bytes;
        self.on_its_way.push_back((self.last, frame, bytes));
    }

    /// A frame has gone past those that are held.
    fn overtake(&mut self, event: Option<&'static str>, now: Duration) {
        for held in &mut self.held {
            if !held.hold.of_its_type || held.event == event {
                held.hold.by = held.hold.by.saturating_sub(1);
            }
        }
        self.release(now, |held| held.hold.by == 0);
    }

    /// Sends those that are held back no longer.
    fn release(&mut self, now: Duration, is_free: impl Fn(&Held<T>) -> bool) {
        let mut place = 0;
        while place < self.held.len() {
            if is_free(&self.held[place]) {
                let held = self.held.remove(place);
                self.put(held.frame, held.bytes, now.min(held.until));
            } else {
                place += 1;
            }
        }
    }
}

/// Whether an event of this type says that all deltas of something were sent.
fn ends_a_series(event: &str) -> bool {
    event.rsplit('.').next() == Some("done")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn arrivals(line: &mut Line<u32>, now: Duration) -> Vec<u32> {
        std::iter::from_fn(|| line.arrived(now).map(|(_, frame)| frame)).collect()
    }

    fn hold(by: u64, of_its_type: bool) -> Way {
        let most = 100 * MS;
        Way {
            hold: Some(Hold {
                by,
                of_its_type,
                most,
            }),
            ..Way::default()
        }
    }

    #[test]
    fn frames_do_not_overtake_each_other() {
        let mut line = Line::default();
        for (frame, delay) in [(0, 50), (1, 10), (2, 70)] {
            let way = Way {
                delay: delay * MS,
                ..Way::default()
            };
            line.send(frame, 1, None, &way, Duration::ZERO);
        }
        assert!(arrivals(&mut line, 49 * MS).is_empty());
        assert_eq!(arrivals(&mut line, 50 * MS), [0, 1]);
        line.send_last(3, 51 * MS);
        assert_eq!(line.next(), Some(70 * MS));
        assert_eq!(arrivals(&mut line, 70 * MS), [2, 3]);
    }

    #[test]
    fn a_frame_is_overtaken_by_as_many_as_asked_for() {
        let mut line = Line::default();
        line.send(0, 1, None, &hold(2, false), Duration::ZERO);
        for frame in 1..4 {
            line.send(frame, 1, None, &Way::default(), Duration::ZERO);
        }
        assert_eq!(arrivals(&mut line, Duration::ZERO), [1, 2, 0, 3]);
    }

    #[test]
    fn a_frame_that_nothing_overtakes_comes_all_the_same() {
        let mut line = Line::default();
        line.send(0, 1, None, &hold(1, false), Duration::ZERO);
        assert_eq!(line.next(), Some(100 * MS));
        assert!(arrivals(&mut line, 99 * MS).is_empty());
        assert_eq!(arrivals(&mut line, 100 * MS), [0]);
        line.send(1, 1, None, &hold(1, false), 100 * MS);
        line.send_last(2, 101 * MS);
        assert_eq!(arrivals(&mut line, 101 * MS), [1, 2]);
    }

    #[test]
    fn deltas_are_swapped_and_stay_before_the_end() {
        let mut line = Line::default();
        let now = Duration::ZERO;
        line.send(0, 1, Some("a.delta"), &hold(1, true), now);
        line.send(1, 1, Some("b.delta"), &Way::default(), now);
        line.send(2, 1, Some("a.delta"), &Way::default(), now);
        line.send(3, 1, Some("a.delta"), &hold(1, true), now);
        line.send(4, 1, Some("a.done"), &Way::default(), now);
        assert_eq!(arrivals(&mut line, now), [1, 2, 0, 3, 4]);
    }

    #[test]
    fn what_is_too_much_pushes_the_oldest_through() {
        let mut line = Line::default();
        let way = Way {
            delay: Duration::MAX,
            ..Way::default()
        };
        for frame in 0..MOST_FRAMES + 5 {
            line.send(frame, 0, None, &way, MS);
        }
        assert_eq!(line.arrived(MS), Some((MS, 0)));
        for frame in 0..5 {
            line.send(frame, MOST_BYTES / 4, None, &way, MS);
        }
        let pushed = std::iter::from_fn(|| line.arrived(MS)).count();
        assert!(
            line.bytes <= MOST_BYTES && pushed >= MOST_FRAMES,
            "{pushed}"
        );
    }

    #[test]
    fn nothing_comes_through_a_blocked_line() {
        let mut line = Line::default();
        line.send(0, 1, None, &Way::default(), Duration::ZERO);
        line.block();
        line.send(1, 1, None, &Way::default(), Duration::ZERO);
        line.send_last(2, Duration::ZERO);
        assert!(line.arrived(Duration::MAX).is_none() && line.is_empty());
    }
}
