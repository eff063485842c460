//! Gateways: the payment companies we speak to, one contract a store. A closed choice, made by configuration.
//!
//! Every call that moves money carries a key of its own and may be made twice. There is no step of
//! capture: the companies we speak to take the money at [`Gateway::confirm`].

use base::{Secret, Won};
use serde_json::Value;

use super::toss::Toss;
use crate::Result;

/// Where a payment stands, as its company says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Begun, and nothing was taken.
    Opened,
    /// An account waits for the buyer's deposit.
    AwaitingDeposit,
    Charged,
    /// Refused, expired or given up, with the company's word for it.
    Declined(String),
    /// It did not answer, or not in words that settle it. The charge may have happened.
    Silent,
}

/// What was seen of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub seen: Seen,
    /// Our own name for it, which is the attempt's id.
    pub order: String,
    /// The company's name for it; empty while unknown.
    pub key: String,
    pub amount_won: Won,
    pub currency: String,
    /// The company's name for the last movement of its money.
    pub transaction: String,
    pub cancels: Vec<Canceled>,
    pub account: Option<Account>,
    /// Where the buyer goes on, while it waits for them.
    pub window: Option<String>,
}

impl Observed {
    /// Nothing but how it ended.
    pub fn only(seen: Seen) -> Observed {
        Observed {
            seen,
            order: String::new(),
            key: String::new(),
            amount_won: Won::ZERO,
            currency: "KRW".to_owned(),
            transaction: String::new(),
            cancels: Vec::new(),
            account: None,
            window: None,
        }
    }
}

/// Money that went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canceled {
    pub key: String,
    pub amount_won: Won,
    /// The name under which we asked for it; what was done at the company itself has none.
    pub once: Option<String>,
}

/// An account to pay into. Its secret proves that news of it is genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub bank: String,
    pub number: String,
    pub due_at_ms: i64,
    pub secret: Secret,
}

/// Where a refund of a deposit goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = RefundAccount)]
pub struct RefundTo {
    /// The bank's code.
    pub bank: String,
    pub number: String,
    pub holder: String,
}

/// A payment that is asked for.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Our own name for it, new for every attempt.
    pub order: &'a str,
    pub amount: Won,
    /// What the buyer reads on the statement.
    pub name: &'a str,
    /// Who pays.
    pub customer: &'a str,
}

/// What became of giving money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    Seen(Box<Observed>),
    /// It will not be done, with the company's word for it.
    Refused(String),
    Silent,
}

/// A movement of money in the company's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    pub key: String,
    pub order: String,
    pub amount_won: Won,
    pub kind: Moved,
}

/// Which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Taken,
    GivenBack,
    /// Neither: an account that was opened, and the like.
    Nothing,
}

/// News that came by webhook: whose it is, and its secret if it has one. What it says is not believed.
#[derive(Clone, Debug)]
pub struct News {
    pub order: String,
    pub secret: Option<Secret>,
}

/// A store's contract with a payment company.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// The company of our own that moves no money. It speaks the same protocol.
    Sandbox(Toss),
    Toss(Toss),
}

impl Gateway {
    /// The name attempts are kept under.
    pub fn name(&self) -> &'static str {
        match self {
            Gateway::Sandbox(_) => "sandbox",
            Gateway::Toss(_) => "toss",
        }
    }

    /// Whether cards and deposits are for practice.
    pub fn is_practice(&self) -> bool {
        matches!(self, Gateway::Sandbox(_))
    }

    fn toss(&self) -> &Toss {
        match self {
            Gateway::Sandbox(toss) | Gateway::Toss(toss) => toss,
        }
    }

    /// Begins a payment; the buyer goes on at [`Observed::window`], and comes back to `here`.
    pub async fn create(&self, ask: &Ask<'_>, here: &str) -> Observed {
        self.toss().create(ask, Some(here), None).await
    }

    /// Begins a payment by a card for practice: the buyer has agreed already.
    pub async fn create_practice(&self, ask: &Ask<'_>, card: &str) -> Observed {
        self.toss().create(ask, None, Some(card)).await
    }

    /// Takes the money of a payment the buyer has agreed to.
    pub async fn confirm(&self, key: &str, order: &str, amount: Won) -> Observed {
        self.toss().confirm(key, order, amount).await
    }

    /// Takes money by a kept card.
    pub async fn charge_kept(&self, ask: &Ask<'_>, token: &str) -> Observed {
        self.toss().charge_kept(ask, token).await
    }

    /// Opens an account to pay into.
    pub async fn open_account(&self, ask: &Ask<'_>, bank: &str, hours: i64, cash_receipt: &str) -> Observed {
        self.toss().open_account(ask, bank, hours, cash_receipt).await
    }

    /// Keeps a card for `customer` by the agreement the buyer gave, and gives its token.
    pub async fn keep(&self, customer: &str, agreement: &str) -> Result<String> {
        self.toss().keep(customer, agreement).await
    }

    /// Gives `amount` back, or closes an account nobody has paid into when there is no amount. `once` makes a
    /// second call the same call.
    pub async fn cancel(
        &self,
        key: &str,
        amount: Option<Won>,
        to: Option<&RefundTo>,
        once: &str,
    ) -> Returned {
        self.toss().cancel(key, amount, to, once).await
    }

    /// What became of a payment, by our own name for it; `None`: it was never begun.
    pub async fn get(&self, order: &str) -> Result<Option<Observed>> {
        self.toss().get(order).await
    }

    /// Every movement between two moments.
    pub async fn list(&self, from_ms: i64, to_ms: i64) -> Result<Vec<Movement>> {
        self.toss().list(from_ms, to_ms).await
    }

    /// Lets a deposit arrive, or be taken back, at the practice company.
    pub async fn practise(&self, order: &str, what: Practice) -> Result<()> {
        match self {
            Gateway::Sandbox(toss) => toss.practise(order, what).await,
            Gateway::Toss(_) => Err(crate::Error::NotFound),
        }
    }

    /// Reads a webhook's body; `None`: it is none of ours.
    pub fn parse_webhook(body: &Value) -> Option<News> {
        super::toss::parse_webhook(body)
    }
}

/// What somebody does at the practice bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Practice {
    Deposit,
    Revert,
}
