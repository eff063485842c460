//! The books: every merchant's payments, what was answered to which key, and the news still to be told.
//!
//! They are kept as lines of a journal when there is a place for one; the last line about a payment holds.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

use jiff::tz::{TimeZone, offset};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cards::{Card, Fault};
use crate::chance::Chance;
use crate::mail::Letter;
use crate::{Error, Settings};

/// How long a payment may be confirmed after it was begun.
const WINDOW_MS: i64 = 30 * 60 * 1000;

/// Where a payment stands, in the protocol's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Ready,
    InProgress,
    WaitingForDeposit,
    Done,
    Canceled,
    PartialCanceled,
    Aborted,
    Expired,
}

/// A cancellation, of all or a part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cancel {
    pub(crate) transaction_key: String,
    pub(crate) amount: i64,
    pub(crate) reason: String,
    pub(crate) at_ms: i64,
}

/// An account made for one payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) bank: String,
    pub(crate) number: String,
    pub(crate) holder: String,
    pub(crate) due_at_ms: i64,
}

/// One payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) merchant: String,
    pub(crate) payment_key: String,
    pub(crate) order_id: String,
    pub(crate) order_name: String,
    pub(crate) amount: i64,
    pub(crate) method: String,
    pub(crate) status: Status,
    pub(crate) requested_at_ms: i64,
    pub(crate) approved_at_ms: Option<i64>,
    pub(crate) card: Card,
    /// How often its card was charged, which some cards mind.
    pub(crate) turns: u32,
    pub(crate) transaction_key: String,
    pub(crate) secret: String,
    pub(crate) cancels: Vec<Cancel>,
    pub(crate) account: Option<Account>,
    pub(crate) success_url: String,
    pub(crate) fail_url: String,
    pub(crate) failure: Option<(String, String)>,
}

impl Payment {
    /// What was given back so far.
    pub(crate) fn canceled(&self) -> i64 {
        self.cancels.iter().map(|cancel| cancel.amount).sum()
    }

    /// The payment as the protocol shows it.
    pub(crate) fn json(&self, url: &str) -> Value {
        let cancels: Vec<Value> = self.cancels.iter().map(cancel_json).collect();
        let account = self.account.as_ref().map(|account| {
            json!({
                "accountType": "일반", "accountNumber": account.number, "bankCode": account.bank,
                "customerName": account.holder, "dueDate": local(account.due_at_ms),
                "refundStatus": "NONE", "expired": self.status == Status::Expired, "settlementStatus": "INCOMPLETED",
            })
        });
        json!({
            "mId": self.merchant, "version": "2022-11-16", "lastTransactionKey": self.transaction_key,
            "paymentKey": self.payment_key, "orderId": self.order_id, "orderName": self.order_name,
            "currency": "KRW", "method": self.method, "status": self.status, "totalAmount": self.amount,
            "balanceAmount": self.amount - self.canceled(), "requestedAt": when(self.requested_at_ms),
            "approvedAt": self.approved_at_ms.map(when), "useEscrow": false,
            "cancels": if cancels.is_empty() { Value::Null } else { cancels.into() },
            "secret": self.secret, "virtualAccount": account,
            "checkout": { "url": format!("{url}/checkout/{}", self.payment_key) },
            "failure": self.failure.as_ref().map(|(code, message)| json!({ "code": code, "message": message })),
        })
    }
}

fn cancel_json(cancel: &Cancel) -> Value {
    json!({
        "transactionKey": cancel.transaction_key, "cancelReason": cancel.reason, "canceledAt": when(cancel.at_ms),
        "cancelAmount": cancel.amount, "cancelStatus": "DONE", "taxFreeAmount": 0, "refundableAmount": 0,
    })
}

/// A movement of money, as the list of transactions shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) merchant: String,
    pub(crate) key: String,
    pub(crate) payment_key: String,
    pub(crate) order_id: String,
    pub(crate) method: String,
    pub(crate) status: Status,
    pub(crate) amount: i64,
    pub(crate) at_ms: i64,
}

impl Transaction {
    pub(crate) fn json(&self) -> Value {
        json!({
            "mId": self.merchant, "transactionKey": self.key, "paymentKey": self.payment_key,
            "orderId": self.order_id, "method": self.method, "status": self.status, "amount": self.amount,
            "currency": "KRW", "transactionAt": when(self.at_ms), "useEscrow": false,
        })
    }
}

/// A kept card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) merchant: String,
    pub(crate) billing_key: String,
    pub(crate) customer_key: String,
    pub(crate) card: Card,
}

/// What was answered to a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) merchant: String,
    pub(crate) key: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Payment(Box<Payment>),
    Transaction(Transaction),
    Kept(Kept),
    Answered(Answered),
}

/// All of it, behind one lock.
pub(crate) struct Books {
    payments: BTreeMap<String, Payment>,
    by_order: HashMap<(String, String), String>,
    pub(crate) transactions: Vec<Transaction>,
    kept: HashMap<String, Kept>,
    answered: HashMap<(String, String), Answered>,
    pub(crate) letters: Vec<Letter>,
    pub(crate) webhook: Option<String>,
    pub(crate) chance: Chance,
    chaos_percent: u64,
    journal: Option<File>,
}

impl Books {
    pub(crate) fn open(settings: Settings) -> Result<Books, Error> {
        let mut books = Books {
            payments: BTreeMap::new(),
            by_order: HashMap::new(),
            transactions: Vec::new(),
            kept: HashMap::new(),
            answered: HashMap::new(),
            letters: Vec::new(),
            webhook: settings.webhook,
            chance: Chance::new(settings.seed),
            chaos_percent: settings.chaos_percent,
            journal: None,
        };
        if let Some(path) = settings.books {
            let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
            let mut lines: u64 = 0;
            for line in BufReader::new(&file).lines() {
                lines += 1;
                // A line cut off by a crash was never answered.
                if let Ok(line) = serde_json::from_str(&line?) {
                    books.take(line);
                }
            }
            // The next line begins anew, whatever the last one was.
            writeln!(file)?;
            // Names that were given out before must not come again.
            books.chance = Chance::new(settings.seed ^ lines.wrapping_mul(0x2545_F491_4F6C_DD1D));
            books.journal = Some(file);
        }
        Ok(books)
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Payment(payment) => {
                let name = (payment.merchant.clone(), payment.order_id.clone());
                self.by_order.insert(name, payment.payment_key.clone());
                self.payments.insert(payment.payment_key.clone(), *payment);
            }
            Line::Transaction(transaction) => self.transactions.push(transaction),
            Line::Kept(kept) => {
                self.kept.insert(kept.billing_key.clone(), kept);
            }
            Line::Answered(answered) => {
                self.answered.insert((answered.merchant.clone(), answered.key.clone()), answered);
            }
        }
    }

    fn write(&mut self, line: Line) {
        if let Some(journal) = &mut self.journal
            && let Ok(text) = serde_json::to_string(&line)
            && let Err(error) = writeln!(journal, "{text}")
        {
            tracing::error!(%error, "The sandbox's books could not be written");
        }
        self.take(line);
    }

    pub(crate) fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// A merchant's payment by its key. One that was left too long has expired by now.
    pub(crate) fn by_key(&mut self, merchant: &str, key: &str, now_ms: i64) -> Option<Payment> {
        let payment = self.payments.get(key).filter(|payment| payment.merchant == merchant)?.clone();
        let due_ms = match (payment.status, &payment.account) {
            (Status::Ready | Status::InProgress, _) => payment.requested_at_ms + WINDOW_MS,
            (Status::WaitingForDeposit, Some(account)) => account.due_at_ms,
            _ => return Some(payment),
        };
        if now_ms <= due_ms {
            return Some(payment);
        }
        let expired = Payment { status: Status::Expired, ..payment };
        self.keep(expired.clone());
        Some(expired)
    }

    /// A payment by its key alone, for its own pages.
    pub(crate) fn anybody(&self, key: &str) -> Option<&Payment> {
        self.payments.get(key)
    }

    /// A merchant's payment by the merchant's own order id.
    pub(crate) fn by_order(&mut self, merchant: &str, order: &str, now_ms: i64) -> Option<Payment> {
        let key = self.by_order.get(&(merchant.to_owned(), order.to_owned()))?.clone();
        self.by_key(merchant, &key, now_ms)
    }

    pub(crate) fn keep(&mut self, payment: Payment) {
        self.write(Line::Payment(Box::new(payment)));
    }

    pub(crate) fn moved(&mut self, payment: &Payment, status: Status, amount: i64, at_ms: i64) {
        self.write(Line::Transaction(Transaction {
            merchant: payment.merchant.clone(),
            key: payment.transaction_key.clone(),
            payment_key: payment.payment_key.clone(),
            order_id: payment.order_id.clone(),
            method: payment.method.clone(),
            status,
            amount,
            at_ms,
        }));
    }

    pub(crate) fn kept(&self, merchant: &str, billing_key: &str) -> Option<&Kept> {
        self.kept.get(billing_key).filter(|kept| kept.merchant == merchant)
    }

    pub(crate) fn keep_card(&mut self, kept: Kept) {
        self.write(Line::Kept(kept));
    }

    pub(crate) fn answered(&self, merchant: &str, key: &str) -> Option<&Answered> {
        self.answered.get(&(merchant.to_owned(), key.to_owned()))
    }

    pub(crate) fn remember(&mut self, answered: Answered) {
        self.write(Line::Answered(answered));
    }

    /// What goes wrong with this request, by the seed alone.
    pub(crate) fn fault(&mut self) -> Fault {
        if self.chaos_percent == 0 || self.chance.below(100) >= self.chaos_percent {
            return Fault::None;
        }
        match self.chance.below(4) {
            0 => Fault::LostBefore,
            1 => Fault::BrokenBefore,
            2 => Fault::LostAfter,
            _ => Fault::BrokenAfter,
        }
    }

    /// Takes over a payment from older books.
    pub(crate) fn adopt(&mut self, merchant: &str, order: &str, amount: i64, canceled: bool, now_ms: i64) {
        if self.by_order.contains_key(&(merchant.to_owned(), order.to_owned())) {
            return;
        }
        let transaction_key = self.chance.name("tx_");
        let cancels = if canceled {
            let transaction_key = self.chance.name("tx_");
            vec![Cancel { transaction_key, amount, reason: String::new(), at_ms: now_ms }]
        } else {
            Vec::new()
        };
        let payment = Payment {
            merchant: merchant.to_owned(),
            payment_key: self.chance.name("pay_"),
            order_id: order.to_owned(),
            order_name: String::new(),
            amount,
            method: "카드".to_owned(),
            status: if canceled { Status::Canceled } else { Status::Done },
            requested_at_ms: now_ms,
            approved_at_ms: Some(now_ms),
            card: Card::Approve,
            turns: 0,
            transaction_key,
            secret: String::new(),
            cancels,
            account: None,
            success_url: String::new(),
            fail_url: String::new(),
            failure: None,
        };
        self.keep(payment);
    }
}

fn seoul(ms: i64) -> Zoned {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::fixed(offset(9)))
}

/// A moment as the protocol writes it: `2026-11-24T07:00:00+09:00`.
pub(crate) fn when(ms: i64) -> String {
    seoul(ms).strftime("%Y-%m-%dT%H:%M:%S+09:00").to_string()
}

/// The same without its zone, as due dates and queries have it.
pub(crate) fn local(ms: i64) -> String {
    seoul(ms).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
