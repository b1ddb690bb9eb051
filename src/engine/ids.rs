//! Ids in the forms of the real server, from a seed.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::protocol::{CallId, ConversationId, EventId, ItemId, ResponseId, SessionId};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Characters after the prefix: a stamp and noise.
const STAMP: usize = 5;
const NOISE: usize = 16;

/// The longest id, prefix and all.
const LONGEST: usize = 32;

/// The second from which the stamps of recorded ids count, in Unix time: 50 years of 365 days.
/// Inferred from the ids and the `expires_at` of two recordings a year apart.
const STAMP_EPOCH: u64 = 1_576_800_000;

/// Makes ids: the second the session began in, as five base62 digits, and 16 characters of noise.
///
/// The real server stamps each id with its own second. Here a second's border that falls between
/// two events on one run and beside them on the next must not make them differ.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    random: Xoshiro256PlusPlus,
    stamp: [u8; STAMP],
}

impl Ids {
    /// The ids of a session that begins at this time, in Unix seconds.
    pub(crate) fn new(seed: u64, started_at: u64) -> Self {
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            stamp: stamp(started_at),
        }
    }

    pub(crate) fn event(&mut self) -> EventId {
        self.stamped("event_")
    }

    pub(crate) fn item(&mut self) -> ItemId {
        self.stamped("item_")
    }

    pub(crate) fn response(&mut self) -> ResponseId {
        self.stamped("resp_")
    }

    pub(crate) fn conversation(&mut self) -> ConversationId {
        self.stamped("conv_")
    }

    pub(crate) fn session(&mut self) -> SessionId {
        self.stamped("sess_")
    }

    /// An event of a call's playback has an id of its own form: 16 hexadecimal digits.
    pub(crate) fn buffer_event(&mut self) -> EventId {
        EventId::from(format!("event_{:016x}", self.random.next_u64()).as_str())
    }

    /// The session of a call. Recorded on a sideband socket.
    pub(crate) fn call_session(&mut self) -> SessionId {
        self.stamped("sess_u0_")
    }

    /// A call's id has no stamp.
    pub(crate) fn call(&mut self) -> CallId {
        CallId::from(format!("call_{}", self.noise(NOISE)))
    }

    /// A WebRTC call. Recorded.
    #[cfg(feature = "calls")]
    pub(crate) fn webrtc_call(&mut self) -> String {
        self.stamped::<EventId>("rtc_u0_").to_string()
    }

    /// A telephone call. Recorded.
    #[cfg(feature = "calls")]
    pub(crate) fn sip_call(&mut self) -> String {
        self.hexadecimal("rtc_u0_")
    }

    /// The event that a webhook tells.
    #[cfg(feature = "calls")]
    pub(crate) fn webhook_event(&mut self) -> String {
        self.hexadecimal("evt_")
    }

    /// The delivery of a webhook, the same in each attempt.
    #[cfg(feature = "calls")]
    pub(crate) fn webhook_delivery(&mut self) -> String {
        self.hexadecimal("wh_")
    }

    /// A prefix and 32 hexadecimal digits.
    #[cfg(feature = "calls")]
    fn hexadecimal(&mut self, prefix: &str) -> String {
        let (high, low) = (self.random.next_u64(), self.random.next_u64());
        format!("{prefix}{high:016x}{low:016x}")
    }

    /// `length` base62 characters.
    pub(crate) fn noise(&mut self, length: usize) -> String {
        let mut digits = vec![0; length];
        self.fill(&mut digits);
        // All are ASCII.
        String::from_utf8(digits).unwrap_or_default()
    }

    /// Made on the stack, on its way into the one allocation it is kept in.
    fn stamped<I: for<'a> From<&'a str>>(&mut self, prefix: &str) -> I {
        let mut id = [0; LONGEST];
        let stamp = prefix.len();
        let noise = stamp + STAMP;
        let end = noise + NOISE;
        id[..stamp].copy_from_slice(prefix.as_bytes());
        id[stamp..noise].copy_from_slice(&self.stamp);
        self.fill(&mut id[noise..end]);
        // Prefixes and digits are ASCII.
        I::from(str::from_utf8(&id[..end]).unwrap_or_default())
    }

    /// Ten base62 digits fit into one random number.
    fn fill(&mut self, digits: &mut [u8]) {
        for digits in digits.chunks_mut(10) {
            let mut number = self.random.next_u64();
            for digit in digits {
                *digit = BASE62[(number % 62) as usize];
                number /= 62;
            }
        }
    }
}

fn stamp(unix_seconds: u64) -> [u8; STAMP] {
    let mut seconds = unix_seconds.saturating_sub(STAMP_EPOCH);
    let mut stamp = [b'0'; STAMP];
    for digit in stamp.iter_mut().rev() {
        *digit = BASE62[(seconds % 62) as usize];
        seconds /= 62;
    }
    stamp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_is_that_of_a_recorded_id() {
        // `sess_E6U0wu9FmdwQ0Lgv9ESYH` expired at 1785217650, an hour after it was made.
        assert_eq!(&stamp(1_785_217_650 - 3600), b"E6U0w");
    }

    #[test]
    fn ids_have_the_form_of_the_real_ones() {
        let mut ids = Ids::new(1, 1_785_214_050);
        let id = ids.event();
        assert!(id.starts_with("event_E6U0w"), "{id}");
        assert_eq!(id.len(), "event_".len() + 21);
        assert!(
            id["event_".len()..]
                .bytes()
                .all(|byte| BASE62.contains(&byte))
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (mut one, mut two) = (Ids::new(7, 0), Ids::new(7, 0));
        assert_eq!(one.item(), two.item());
        assert_ne!(one.item(), Ids::new(8, 0).item());
    }
}
