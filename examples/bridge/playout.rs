//! How much of what was sent to the carrier has been heard.

use std::collections::VecDeque;
use std::time::Duration;

use mock_realtime::protocol::ItemId;
use tokio::time::Instant;

/// The carrier plays what it is given at the pace of the clock, however fast it comes. So what has
/// been heard follows from the times at which audio was sent; a mark that comes back says it surely.
#[derive(Debug, Default)]
pub struct Playout {
    stretches: VecDeque<Stretch>,
}

/// Audio of an item without a gap in it.
#[derive(Debug)]
struct Stretch {
    item: ItemId,
    from: Instant,
    length: Duration,
}

impl Stretch {
    fn end(&self) -> Instant {
        self.from + self.length
    }

    fn heard(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.from).min(self.length)
    }
}

impl Playout {
    /// Audio of this item is sent now.
    pub fn add(&mut self, item: &ItemId, length: Duration, now: Instant) {
        let end = self.end().filter(|end| *end > now);
        match self.stretches.back_mut() {
            Some(last) if end.is_some() && last.item == *item => last.length += length,
            _ => self.stretches.push_back(Stretch {
                item: item.clone(),
                from: end.unwrap_or(now),
                length,
            }),
        }
    }

    /// When the last of it will have been heard.
    pub fn end(&self) -> Option<Instant> {
        self.stretches.back().map(Stretch::end)
    }

    /// All of this item has been heard.
    pub fn heard(&mut self, item: &str) {
        self.stretches.retain(|stretch| stretch.item != *item);
    }

    /// Nothing more is heard. The items of which something is left, and how much of each was heard.
    pub fn cut(&mut self, now: Instant) -> Vec<(ItemId, Duration)> {
        let stretches = std::mem::take(&mut self.stretches);
        let mut cut: Vec<(ItemId, Duration)> = Vec::new();
        for unheard in stretches.iter().filter(|stretch| stretch.end() > now) {
            if cut.iter().any(|(item, _)| *item == unheard.item) {
                continue;
            }
            let of_item = stretches.iter().filter(|one| one.item == unheard.item);
            let heard = of_item.map(|stretch| stretch.heard(now)).sum();
            cut.push((unheard.item.clone(), heard));
        }
        cut
    }
}
