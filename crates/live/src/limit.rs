//! How often one person may do something here: counted in memory, on this machine, in a map that
//! cannot grow past its limit. It keeps a room readable; it is no bookkeeping.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use people::PersonId;

use crate::{Error, Result};

/// People remembered at once; the longest silent are forgotten first.
const PEOPLE: usize = 20_000;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Chat,
    Pin,
}

impl Action {
    /// How many, within how long.
    fn allowance(self) -> (usize, i64) {
        match self {
            Action::Chat => (5, 5_000),
            Action::Pin => (20, 10_000),
        }
    }
}

/// The moments at which each person did each thing.
type Lately = HashMap<(PersonId, Action), VecDeque<i64>>;

/// Who did what lately. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Limits {
    lately: Arc<Mutex<Lately>>,
}

impl Limits {
    /// Counts one, or says how long to wait.
    pub(crate) fn take(&self, person: &PersonId, action: Action, now_ms: i64) -> Result<()> {
        let (most, within_ms) = action.allowance();
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= PEOPLE {
            make_room(&mut lately, now_ms);
        }
        let times = lately.entry((person.clone(), action)).or_default();
        while times.front().is_some_and(|at_ms| *at_ms + within_ms <= now_ms) {
            times.pop_front();
        }
        if times.len() >= most {
            let wait_ms = times.front().map_or(0, |first| first + within_ms - now_ms);
            return Err(Error::TooFast { retry_after_s: (wait_ms.max(0) as u32).div_ceil(1000).max(1) });
        }
        times.push_back(now_ms);
        Ok(())
    }
}

/// Forgets whoever is free to act again; if that is not enough, the earlier half.
fn make_room(lately: &mut Lately, now_ms: i64) {
    lately.retain(|(_, action), times| times.back().is_some_and(|last| last + action.allowance().1 > now_ms));
    if lately.len() >= PEOPLE {
        let mut last: Vec<i64> = lately.values().filter_map(|times| times.back().copied()).collect();
        let middle = last.len() / 2;
        let (_, middle, _) = last.select_nth_unstable(middle);
        let middle = *middle;
        lately.retain(|_, times| times.back().is_some_and(|last| *last > middle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_line_in_five_seconds_waits() {
        let (limits, person) = (Limits::default(), PersonId::new(1));
        for second in 0..5 {
            limits.take(&person, Action::Chat, second * 100).unwrap();
        }
        let refused = limits.take(&person, Action::Chat, 1_000);
        assert!(matches!(refused, Err(Error::TooFast { retry_after_s: 4 })), "{refused:?}");
        limits.take(&PersonId::new(2), Action::Chat, 1_000).unwrap();
        limits.take(&person, Action::Chat, 5_000).unwrap();
    }

    #[test]
    fn a_crowd_does_not_grow_the_map() {
        let limits = Limits::default();
        for turn in 0..PEOPLE as i64 * 3 {
            limits.take(&PersonId::new(turn), Action::Chat, turn / 1_000).unwrap();
        }
        assert!(limits.lately.lock().unwrap().len() <= PEOPLE);
    }
}
