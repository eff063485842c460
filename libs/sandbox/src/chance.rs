//! Chance that can be repeated: SplitMix64 from a seed. Nothing here guards a secret.

/// A sequence of numbers that follows from its seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A name of 24 hexadecimal digits after `prefix`.
    pub(crate) fn name(&mut self, prefix: &str) -> String {
        format!("{prefix}{:016x}{:08x}", self.next(), self.next() as u32)
    }

    /// Decimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let (mut one, mut two) = (Chance::new(7), Chance::new(7));
        assert_eq!(one.name("a"), two.name("a"));
        assert_eq!(one.digits(12), two.digits(12));
        assert_ne!(Chance::new(8).name("a"), Chance::new(7).name("a"));
    }
}
