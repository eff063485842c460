//! How often one person may do something in a room.

use people::PersonId;
use web::limits::{Allowance, Limits};

use crate::{Error, Result};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Chat,
    Pin,
    Answer,
}

impl Action {
    fn allowance(self) -> Allowance {
        match self {
            Action::Chat => Allowance { most: 5, within_ms: 5_000 },
            Action::Answer => Allowance { most: 10, within_ms: 5_000 },
            Action::Pin => Allowance { most: 20, within_ms: 10_000 },
        }
    }
}

/// Who did what lately.
pub(crate) type Lately = Limits<(PersonId, Action)>;

/// Counts one, or says how long to wait.
pub(crate) fn take(lately: &Lately, person: &PersonId, action: Action, now_ms: i64) -> Result<()> {
    lately
        .take((person.clone(), action), action.allowance(), now_ms)
        .map_err(|retry_after_s| Error::TooFast { retry_after_s })
}
