//! How often one person may do something in a room.

use web::limits::{Allowance, Limits};

use crate::{Error, Result};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Chat,
    Pin,
    Answer,
    Slow,
    Download,
}

/// Counts a line in slow mode: one in so many seconds.
pub(crate) fn slow(lately: &Lately, person: &str, seconds: i64, now_ms: i64) -> Result<()> {
    if seconds == 0 {
        return Ok(());
    }
    let allowance = Allowance { most: 1, within_ms: seconds * 1000 };
    lately
        .take((person.to_owned(), Action::Slow), allowance, now_ms)
        .map_err(|retry_after_s| Error::TooFast { retry_after_s })
}

impl Action {
    fn allowance(self) -> Allowance {
        match self {
            Action::Chat => Allowance { most: 5, within_ms: 5_000 },
            Action::Answer => Allowance { most: 10, within_ms: 5_000 },
            // Slow mode says how much.
            Action::Slow => Allowance { most: 1, within_ms: 0 },
            Action::Download => Allowance { most: 6, within_ms: 60_000 },
            Action::Pin => Allowance { most: 20, within_ms: 10_000 },
        }
    }
}

/// Who did what lately.
pub(crate) type Lately = Limits<(String, Action)>;

/// Counts one, or says how long to wait.
pub(crate) fn take(lately: &Lately, person: &str, action: Action, now_ms: i64) -> Result<()> {
    lately
        .take((person.to_owned(), action), action.allowance(), now_ms)
        .map_err(|retry_after_s| Error::TooFast { retry_after_s })
}
