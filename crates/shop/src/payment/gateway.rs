//! Gateways: the payment companies we speak to. A closed choice, made by configuration.

use base::Won;

use crate::Result;
use crate::payment::Sandbox;

/// What a gateway says of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Charged,
    Declined,
    /// It did not answer in time. The charge may have happened.
    Silent,
    Refunded,
}

/// What was seen, and for how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    pub seen: Seen,
    pub amount_won: Won,
}

/// A payment company. Every call carries the charge's own key and may be made twice.
#[derive(Clone)]
pub enum Gateway {
    /// A payment company of our own that moves no money.
    Sandbox(Sandbox),
}

impl Gateway {
    /// The name attempts are kept under.
    pub fn name(&self) -> &'static str {
        match self {
            Gateway::Sandbox(_) => "sandbox",
        }
    }

    /// Takes money by a method's token.
    pub async fn charge(&self, key: &str, amount: Won, token: &str) -> Result<Observed> {
        match self {
            Gateway::Sandbox(sandbox) => sandbox.charge(key, amount, token).await,
        }
    }

    /// What became of a charge; `None`: it was never asked for.
    pub async fn get(&self, key: &str) -> Result<Option<Observed>> {
        match self {
            Gateway::Sandbox(sandbox) => sandbox.get(key).await,
        }
    }

    /// Gives a charge back, all of it.
    pub async fn refund(&self, key: &str) -> Result<Observed> {
        match self {
            Gateway::Sandbox(sandbox) => sandbox.refund(key).await,
        }
    }
}
