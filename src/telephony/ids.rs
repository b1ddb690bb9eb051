//! Ids in the forms of the carriers, from a seed.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Makes ids.
#[derive(Clone, Debug)]
pub(super) struct Ids(Xoshiro256PlusPlus);

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A Twilio SID: two letters and 32 hexadecimal digits.
    pub(super) fn sid(&mut self, letters: &str) -> String {
        format!("{letters}{:032x}", self.bits())
    }

    /// A UUID of version 4.
    pub(super) fn uuid(&mut self) -> String {
        const VERSION: u128 = 0xf << 76;
        const VARIANT: u128 = 0x3 << 62;
        let bits = self.bits() & !VERSION & !VARIANT | 0x4 << 76 | 0x2 << 62;
        let digits = format!("{bits:032x}");
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        parts.join("-")
    }

    fn bits(&mut self) -> u128 {
        u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_forms_of_the_carriers() {
        let mut ids = Ids::new(7);
        let sid = ids.sid("MZ");
        assert_eq!((sid.len(), &sid[..2]), (34, "MZ"));
        let uuid = ids.uuid();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_ne!(ids.uuid(), uuid);
        assert_eq!(Ids::new(7).sid("MZ"), sid);
    }
}
