//! What a fault draws.

use std::time::Duration;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The characters of ids.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The digits of hexadecimal numbers.
#[cfg(feature = "telephony")]
const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";

/// So many characters follow the prefix of an id.
const ID: usize = 21;

/// The draws of one fault in one connection.
#[derive(Clone, Debug)]
pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    /// `fault` is the number of the fault among those of the connection.
    pub(super) fn new(seed: u64, connection: u64, fault: u64) -> Self {
        // Each number has its own bits, so that no two pairs give one seed; the generator spreads
        // what is near.
        let stream = connection.rotate_left(32) ^ fault;
        Self(Xoshiro256PlusPlus::seed_from_u64(
            seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    /// From 0 to 1, without 1.
    #[allow(clippy::cast_precision_loss, reason = "there are 53 bits")]
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Below a number; 0 of none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let drawn = self.0.next_u64() % end.max(1) as u64;
        usize::try_from(drawn).unwrap_or(0)
    }

    /// A part of a time.
    pub(super) fn part_of(&mut self, time: Duration) -> Duration {
        let drawn = self.unit();
        if time.is_zero() {
            return time;
        }
        Duration::try_from_secs_f64(time.as_secs_f64() * drawn).unwrap_or(time)
    }

    /// An id that nothing has.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        let mut id = prefix.to_owned();
        id.extend((0..ID).map(|_| char::from(BASE62[self.below(BASE62.len())])));
        id
    }

    /// The same with other hexadecimal digits: those in lower case, as ids of carriers have them.
    #[cfg(feature = "telephony")]
    pub(super) fn hexadecimal_like(&mut self, id: &str) -> String {
        let mut other = |digit: char| match digit {
            '0'..='9' | 'a'..='f' => char::from(HEXADECIMAL[self.below(HEXADECIMAL.len())]),
            _ => digit,
        };
        id.chars().map(&mut other).collect()
    }

    /// A sample of loud noise.
    pub(super) fn noise(&mut self) -> i16 {
        let [high, low, ..] = self.0.next_u64().to_be_bytes();
        i16::from_be_bytes([high, low]) / 4 * 3
    }
}
