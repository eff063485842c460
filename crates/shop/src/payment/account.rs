//! Paying by a deposit: the form (which bank, and where the money goes if it has to go back), and the account.

use serde::Deserialize;

use super::bank;
use super::gateway::RefundTo;
use super::{Intent, IntentState, last_attempt};
use crate::faults::Faults;
use crate::{Result, Shop};

/// An account that waits for the buyer's deposit.
#[derive(Clone, Debug)]
pub struct Deposit {
    bank: String,
    pub number: String,
    pub due_at_ms: i64,
    /// Whether the deposit can be practised here.
    pub is_practice: bool,
}

impl Deposit {
    /// The account of an intent that waits for a deposit.
    pub(crate) async fn of(shop: &Shop, intent: &Intent) -> Result<Option<Deposit>> {
        if intent.state != IntentState::AwaitingDeposit {
            return Ok(None);
        }
        let is_practice = shop.contracts.of(&intent.store_id).is_some_and(|gateway| gateway.is_practice());
        let last = last_attempt(&shop.base.db, &intent.id).await?;
        Ok(last.map(|last| Deposit {
            bank: last.bank,
            number: last.account,
            due_at_ms: last.due_at_ms.unwrap_or_default(),
            is_practice,
        }))
    }

    /// The key of the bank's name.
    pub fn bank_key(&self) -> &'static str {
        bank::name(&self.bank)
    }
}

/// The longest name of somebody who holds an account.
const HOLDER: usize = 60;

/// What the buyer fills in to pay by a deposit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub bank: String,
    pub refund_bank: String,
    pub refund_number: String,
    pub refund_holder: String,
}

impl Wanted {
    /// The bank, and where a refund goes; or everything that is wrong.
    pub(super) fn checked(&self) -> Result<(String, RefundTo)> {
        let mut faults = Faults::default();
        faults.unless(bank::opens(&self.bank), "bank", "choose");
        faults.unless(bank::is_known(&self.refund_bank), "refund_bank", "choose");
        let written = |one: char| one.is_ascii_digit() || matches!(one, '-' | ' ');
        let number: String = self.refund_number.chars().filter(char::is_ascii_digit).collect();
        let fits = self.refund_number.chars().all(written) && (8..=16).contains(&number.len());
        faults.unless(fits, "refund_number", "account-number");
        let holder = faults.needed("refund_holder", &self.refund_holder, HOLDER);
        faults.done()?;
        Ok((self.bank.clone(), RefundTo { bank: self.refund_bank.clone(), number, holder }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn an_account_is_read_as_people_write_it() {
        let good = Wanted {
            bank: "11".into(),
            refund_bank: "90".into(),
            refund_number: "3333-01-234567".into(),
            refund_holder: " 김단골 ".into(),
        };
        let (bank, to) = good.checked().unwrap();
        assert_eq!((bank.as_str(), to.number.as_str(), to.holder.as_str()), ("11", "333301234567", "김단골"));
        let wrong = Wanted { bank: "90".into(), refund_number: "abc".into(), ..good };
        let Err(Error::Invalid(fields)) = wrong.checked() else { panic!("it was taken") };
        assert_eq!(
            fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["bank", "refund_number"]
        );
    }
}
