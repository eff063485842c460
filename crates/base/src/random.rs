//! Chance, from one place, so that a test can repeat it.

use std::sync::{Arc, Mutex};

use rand::rngs::{OsRng, StdRng};
use rand::{Rng, RngCore, SeedableRng, TryRngCore};

/// Gives random bytes and digits: the operating system's, or a seeded test's.
#[derive(Clone)]
pub struct Random {
    seeded: Option<Arc<Mutex<StdRng>>>,
}

impl Random {
    /// The operating system's randomness.
    pub fn system() -> Random {
        Random { seeded: None }
    }

    /// A repeatable sequence for tests. Never for secrets.
    pub fn seeded(seed: u64) -> Random {
        Random { seeded: Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))) }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.seeded {
            Some(rng) => lock(rng).fill_bytes(&mut out),
            None => OsRng.try_fill_bytes(&mut out).expect("the operating system gives randomness"),
        }
        out
    }

    /// A number below `end`, every one as likely.
    pub fn below(&self, end: u64) -> u64 {
        match &self.seeded {
            Some(rng) => lock(rng).random_range(0..end),
            None => OsRng.unwrap_err().random_range(0..end),
        }
    }

    /// `count` decimal digits, leading zeros kept: a code somebody types.
    pub fn digits(&self, count: u32) -> String {
        format!("{:0width$}", self.below(10_u64.pow(count)), width = count as usize)
    }

    /// `N` random bytes as lowercase hexadecimal: a token for a URL or a header.
    pub fn token<const N: usize>(&self) -> String {
        self.bytes::<N>().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn lock(rng: &Mutex<StdRng>) -> std::sync::MutexGuard<'_, StdRng> {
    rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
