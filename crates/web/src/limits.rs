//! How often somebody may do something: counted in memory, on this machine, in a map that cannot grow past its limit.
//! It keeps a room readable and a guesser slow; it is no bookkeeping.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Remembered at once; the longest silent are forgotten first.
const REMEMBERED: usize = 20_000;

/// How many, within how long.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    pub most: usize,
    pub within_ms: i64,
}

impl Allowance {
    /// Whether one more fits; otherwise how many seconds to wait. Forgets what is long ago.
    fn leaves(self, times: &mut VecDeque<i64>, now_ms: i64) -> Result<(), u32> {
        while times.front().is_some_and(|at_ms| *at_ms + self.within_ms <= now_ms) {
            times.pop_front();
        }
        if times.len() < self.most {
            return Ok(());
        }
        let wait_ms = times.front().map_or(0, |first| first + self.within_ms - now_ms);
        Err((wait_ms.max(0) as u32).div_ceil(1000).max(1))
    }
}

/// The moments of each one lately, and when all of them are forgotten.
type Lately<Who> = HashMap<Who, (VecDeque<i64>, i64)>;

/// Who did what lately. Cheap to clone.
pub struct Limits<Who> {
    lately: Arc<Mutex<Lately<Who>>>,
}

impl<Who> Clone for Limits<Who> {
    fn clone(&self) -> Limits<Who> {
        Limits { lately: self.lately.clone() }
    }
}

impl<Who> Default for Limits<Who> {
    fn default() -> Limits<Who> {
        Limits { lately: Arc::default() }
    }
}

impl<Who: Eq + Hash> Limits<Who> {
    /// Counts one, or says how many seconds to wait.
    pub fn take(&self, who: Who, allowance: Allowance, now_ms: i64) -> Result<(), u32> {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= REMEMBERED {
            make_room(&mut lately, now_ms);
        }
        let (times, forgotten_ms) = lately.entry(who).or_default();
        allowance.leaves(times, now_ms)?;
        times.push_back(now_ms);
        *forgotten_ms = now_ms + allowance.within_ms;
        Ok(())
    }

    /// Says how many seconds to wait, without counting.
    pub fn look(&self, who: &Who, allowance: Allowance, now_ms: i64) -> Result<(), u32> {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.get_mut(who).map_or(Ok(()), |(times, _)| allowance.leaves(times, now_ms))
    }
}

/// Forgets whoever is free to act again; if that is not enough, the earlier half.
fn make_room<Who: Eq + Hash>(lately: &mut Lately<Who>, now_ms: i64) {
    lately.retain(|_, (_, forgotten_ms)| *forgotten_ms > now_ms);
    if lately.len() >= REMEMBERED {
        let mut last: Vec<i64> = lately.values().filter_map(|(times, _)| times.back().copied()).collect();
        let middle = last.len() / 2;
        let (_, middle, _) = last.select_nth_unstable(middle);
        let middle = *middle;
        lately.retain(|_, (times, _)| times.back().is_some_and(|last| *last > middle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Allowance = Allowance { most: 5, within_ms: 5_000 };

    #[test]
    fn the_sixth_in_five_seconds_waits() {
        let limits = Limits::default();
        for second in 0..5 {
            limits.take("one", FIVE, second * 100).unwrap();
        }
        assert_eq!(limits.take("one", FIVE, 1_000), Err(4));
        assert_eq!((limits.look(&"one", FIVE, 1_000), limits.look(&"two", FIVE, 1_000)), (Err(4), Ok(())));
        limits.take("another", FIVE, 1_000).unwrap();
        limits.take("one", FIVE, 5_000).unwrap();
    }

    #[test]
    fn a_crowd_does_not_grow_the_map() {
        let limits = Limits::default();
        for turn in 0..REMEMBERED as i64 * 3 {
            limits.take(turn, FIVE, turn / 1_000).unwrap();
        }
        assert!(limits.lately.lock().unwrap().len() <= REMEMBERED);
    }
}
