//! Cards: each says what will happen when it is charged.

use serde::{Deserialize, Serialize};

/// A card of the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Card {
    /// Pays.
    #[default]
    Approve,
    /// Is refused.
    Decline,
    /// Pays, and the answer is lost on the way.
    Silent,
    /// The question is lost on the way: nothing is paid until it is asked again.
    Lost,
    /// The company's own fault, answered 500; nothing is paid until it is asked again.
    Broken,
    /// Pays, and says that it is still at it.
    Busy,
    /// Pays another amount than was asked for.
    WrongAmount,
    /// Pays, and its news comes twice.
    Twice,
    /// Pays without an answer, and its news comes late.
    Late,
    /// Pays without an answer, and its news comes in the wrong order.
    Reordered,
}

/// What becomes of a request before its effect, and of its answer after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// No effect, no answer.
    LostBefore,
    /// No effect, 500.
    BrokenBefore,
    /// The effect, and no answer.
    LostAfter,
    /// The effect, and 500.
    BrokenAfter,
    /// The effect, and "still running".
    BusyAfter,
}

impl Card {
    /// What goes wrong at the `turn`-th asking.
    pub(crate) fn fault(self, turn: u32) -> Fault {
        match (self, turn) {
            (Card::Silent | Card::Late | Card::Reordered, 0) => Fault::LostAfter,
            (Card::Lost, 0) => Fault::LostBefore,
            (Card::Broken, 0) => Fault::BrokenBefore,
            (Card::Busy, 0) => Fault::BusyAfter,
            _ => Fault::None,
        }
    }
}
