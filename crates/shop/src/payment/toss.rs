//! Toss Payments, spoken as documented: JSON over HTTPS, the secret key as a Basic user without a password,
//! an `Idempotency-Key` on every POST.
//!
//! What settles a charge is a payment in the answer, or a refusal with a code. Anything else (no answer, a
//! 5xx, "still running", the company's own trouble with a bank) settles nothing and is asked again.

use std::time::Duration;

use base::{Secret, Won, clock};
use jiff::civil::DateTime;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::{error, warn};

use super::gateway::{
    Account, Ask, Canceled, Moved, Movement, News, Observed, Practice, RefundTo, Returned, Seen,
};
use crate::{Error, Result};

/// Where the company speaks.
pub(super) const URL: &str = "https://api.tosspayments.com";
/// How long an answer may take: less than a page request, more than a card company needs.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long reaching it may take.
const REACH: Duration = Duration::from_secs(5);
/// Movements on a page of the list.
const PAGE: usize = 1_000;
/// Pages of the list that are read at the most.
const PAGES: usize = 100;
/// The longest answer: a page of the list.
const ANSWER: usize = 4 * 1024 * 1024;
/// The longest name of a purchase.
const NAME: usize = 100;
/// What is written beside a refund, before our own name for it. By that name it is known again whoever tells of it.
const REASON: &str = "주문 취소 ";

/// The connection all contracts share.
#[derive(Clone, Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    pub(super) fn new() -> Option<Client> {
        let client = reqwest::Client::builder().timeout(PATIENCE).connect_timeout(REACH);
        client.redirect(reqwest::redirect::Policy::none()).build().ok().map(Client)
    }
}

/// One store's contract.
#[derive(Clone, Debug)]
pub struct Toss {
    client: Client,
    url: String,
    key: Secret,
}

/// How a call ended.
enum Said {
    /// A 2xx with its body.
    Yes(Value),
    /// A refusal that stands, with its status and code.
    No(StatusCode, String),
    /// Nothing that settles anything.
    Nothing,
}

impl Toss {
    pub(super) fn new(client: Client, url: String, key: Secret) -> Toss {
        Toss { client, url, key }
    }

    pub(super) async fn create(&self, ask: &Ask<'_>, here: Option<&str>, card: Option<&str>) -> Observed {
        let mut body = ask_body(ask);
        body["method"] = json!("CARD");
        if let Some(here) = here {
            body["successUrl"] = json!(format!("{here}/done"));
            body["failUrl"] = json!(format!("{here}/failed"));
        }
        if let Some(card) = card {
            body["metadata"] = json!({ "card": card });
        }
        self.charge("/v1/payments", &body, &format!("{}:open", ask.order), ask.order).await
    }

    pub(super) async fn confirm(&self, key: &str, order: &str, amount: Won) -> Observed {
        let body = json!({ "paymentKey": key, "orderId": order, "amount": amount });
        self.charge("/v1/payments/confirm", &body, &format!("{order}:charge"), order).await
    }

    pub(super) async fn charge_kept(&self, ask: &Ask<'_>, token: &str) -> Observed {
        let mut body = ask_body(ask);
        body["customerKey"] = json!(ask.customer);
        let path = format!("/v1/billing/{token}");
        self.charge(&path, &body, &format!("{}:charge", ask.order), ask.order).await
    }

    pub(super) async fn open_account(
        &self,
        ask: &Ask<'_>,
        bank: &str,
        hours: i64,
        cash_receipt: &str,
    ) -> Observed {
        let mut body = ask_body(ask);
        body["bank"] = json!(bank);
        body["validHours"] = json!(hours);
        body["customerName"] = json!(ask.customer);
        if !cash_receipt.is_empty() {
            body["cashReceipt"] = json!({ "type": "소득공제", "registrationNumber": cash_receipt });
        }
        self.charge("/v1/virtual-accounts", &body, &format!("{}:account", ask.order), ask.order).await
    }

    pub(super) async fn keep(&self, customer: &str, agreement: &str) -> Result<String> {
        let body = json!({ "customerKey": customer, "authKey": agreement });
        match self.post("/v1/billing/authorizations/issue", &body, None).await {
            Said::Yes(card) => card["billingKey"].as_str().map(str::to_owned).ok_or(Error::GatewayAway),
            Said::No(..) | Said::Nothing => Err(Error::GatewayAway),
        }
    }

    pub(super) async fn cancel(
        &self,
        key: &str,
        amount: Option<Won>,
        to: Option<&RefundTo>,
        once: &str,
    ) -> Returned {
        let mut body = json!({ "cancelReason": format!("{REASON}{once}") });
        if let Some(amount) = amount {
            body["cancelAmount"] = json!(amount);
        }
        if let Some(to) = to {
            body["refundReceiveAccount"] =
                json!({ "bank": to.bank, "accountNumber": to.number, "holderName": to.holder });
        }
        match self.post(&format!("/v1/payments/{key}/cancel"), &body, Some(once)).await {
            Said::Yes(payment) => match observed(&payment) {
                Some(observed) => Returned::Seen(Box::new(observed)),
                None => Returned::Silent,
            },
            Said::No(_, code) => Returned::Refused(code),
            Said::Nothing => Returned::Silent,
        }
    }

    pub(super) async fn get(&self, order: &str) -> Result<Option<Observed>> {
        match self.ask(Method::GET, &format!("/v1/payments/orders/{order}"), None, None).await {
            Said::Yes(payment) => observed(&payment).map(Some).ok_or(Error::GatewayAway),
            Said::No(StatusCode::NOT_FOUND, _) => Ok(None),
            Said::No(_, code) => {
                error!(code, "The payment company refuses to show a payment: {code}");
                Err(Error::GatewayAway)
            }
            Said::Nothing => Err(Error::GatewayAway),
        }
    }

    pub(super) async fn list(&self, from_ms: i64, to_ms: i64) -> Result<Vec<Movement>> {
        let mut all: Vec<Movement> = Vec::new();
        for _ in 0..PAGES {
            let after = all.last().map(|last| format!("&startingAfter={}", last.key)).unwrap_or_default();
            let path = format!(
                "/v1/transactions?startDate={}&endDate={}&limit={PAGE}{after}",
                local(from_ms),
                local(to_ms)
            );
            let Said::Yes(page) = self.ask(Method::GET, &path, None, None).await else {
                return Err(Error::GatewayAway);
            };
            let rows: Vec<TransactionBody> = serde_json::from_value(page).map_err(|_| Error::GatewayAway)?;
            let is_last = rows.len() < PAGE;
            all.extend(rows.into_iter().map(TransactionBody::movement));
            if is_last {
                return Ok(all);
            }
        }
        // Half a list would be called a difference; better none.
        Err(Error::GatewayAway)
    }

    pub(super) async fn practise(&self, order: &str, what: Practice) -> Result<()> {
        let path = match what {
            Practice::Deposit => "/sandbox/deposits",
            Practice::Revert => "/sandbox/reversals",
        };
        match self.post(path, &json!({ "orderId": order }), None).await {
            Said::Yes(_) => Ok(()),
            Said::No(..) => Err(Error::NotFound),
            Said::Nothing => Err(Error::GatewayAway),
        }
    }

    /// A call that may take money.
    async fn charge(&self, path: &str, body: &Value, once: &str, order: &str) -> Observed {
        let seen = match self.post(path, body, Some(once)).await {
            Said::Yes(payment) => match observed(&payment) {
                Some(observed) => return observed,
                None => Seen::Silent,
            },
            // It was done before: what became of it is there to be read.
            Said::No(_, code) if code == "ALREADY_PROCESSED_PAYMENT" || code == "DUPLICATED_ORDER_ID" => {
                return match self.get(order).await {
                    Ok(Some(observed)) => observed,
                    _ => Observed::only(Seen::Silent),
                };
            }
            Said::No(_, code) => Seen::Declined(code),
            Said::Nothing => Seen::Silent,
        };
        Observed::only(seen)
    }

    async fn post(&self, path: &str, body: &Value, once: Option<&str>) -> Said {
        self.ask(Method::POST, path, Some(body), once).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>, once: Option<&str>) -> Said {
        let mut request = self.client.0.request(method, format!("{}{path}", self.url));
        request = request.basic_auth(self.key.reveal(), Some(""));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                // Without its address, which holds keys of payments.
                warn!(error = %error.without_url(), "The payment company did not answer");
                return Said::Nothing;
            }
        };
        let status = answer.status();
        let Some(body) = read(answer).await else { return Said::Nothing };
        if status.is_success() {
            return Said::Yes(body);
        }
        let code = body["code"].as_str().unwrap_or_default().to_owned();
        warn!(%status, code, "The payment company says no: {code}");
        if is_settled(status, &code) { Said::No(status, code) } else { Said::Nothing }
    }
}

/// Whether a refusal stands. Trouble of theirs, and "still running", may yet become a charge.
fn is_settled(status: StatusCode, code: &str) -> bool {
    const UNSETTLED: [&str; 4] =
        ["PROVIDER_ERROR", "IDEMPOTENT_REQUEST_PROCESSING", "FORBIDDEN_CONSECUTIVE_REQUEST", ""];
    status.is_client_error()
        && !matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT
        )
        && !UNSETTLED.contains(&code)
}

async fn read(mut answer: reqwest::Response) -> Option<Value> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if bytes.len() + chunk.len() > ANSWER {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).ok()
}

fn ask_body(ask: &Ask<'_>) -> Value {
    let name: String = ask.name.chars().take(NAME).collect();
    json!({ "amount": ask.amount, "orderId": ask.order, "orderName": name })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentBody {
    payment_key: String,
    order_id: String,
    currency: String,
    status: String,
    total_amount: i64,
    #[serde(default)]
    last_transaction_key: Option<String>,
    #[serde(default)]
    approved_at: Option<String>,
    #[serde(default)]
    cancels: Option<Vec<CancelBody>>,
    #[serde(default)]
    secret: Option<Secret>,
    #[serde(default)]
    virtual_account: Option<AccountBody>,
    #[serde(default)]
    checkout: Option<CheckoutBody>,
    #[serde(default)]
    failure: Option<FailureBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelBody {
    transaction_key: String,
    cancel_amount: i64,
    #[serde(default)]
    cancel_reason: String,
    #[serde(default)]
    cancel_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountBody {
    account_number: String,
    bank_code: String,
    due_date: String,
}

#[derive(Deserialize)]
struct CheckoutBody {
    url: String,
}

#[derive(Deserialize)]
struct FailureBody {
    code: String,
}

/// Reads a payment; a body that is none settles nothing.
fn observed(payment: &Value) -> Option<Observed> {
    let payment: PaymentBody = match serde_json::from_value(payment.clone()) {
        Ok(payment) => payment,
        Err(error) => {
            error!(%error, "A payment's description could not be read");
            return None;
        }
    };
    let was_taken = payment.approved_at.is_some();
    let seen = match payment.status.as_str() {
        "READY" | "IN_PROGRESS" => Seen::Opened,
        "WAITING_FOR_DEPOSIT" => Seen::AwaitingDeposit,
        "DONE" => Seen::Charged,
        // Given back: but first it had been taken, unless it was an account nobody paid into.
        "CANCELED" | "PARTIAL_CANCELED" if was_taken => Seen::Charged,
        "CANCELED" => Seen::Declined("CANCELED".to_owned()),
        "ABORTED" | "EXPIRED" => {
            Seen::Declined(payment.failure.map_or_else(|| payment.status.clone(), |failure| failure.code))
        }
        other => {
            error!(status = other, "A payment stands in a way we do not know: {other}");
            return None;
        }
    };
    let cancels = payment.cancels.unwrap_or_default().into_iter();
    let cancels =
        cancels.filter(|one| was_taken && one.cancel_status.as_deref().is_none_or(|state| state == "DONE"));
    let secret = payment.secret.unwrap_or_else(|| Secret::new(""));
    Some(Observed {
        seen,
        order: payment.order_id,
        key: payment.payment_key,
        amount_won: Won(payment.total_amount),
        currency: payment.currency,
        transaction: payment.last_transaction_key.unwrap_or_default(),
        cancels: cancels
            .map(|one| Canceled {
                key: one.transaction_key,
                amount_won: Won(one.cancel_amount),
                once: one.cancel_reason.strip_prefix(REASON).map(str::to_owned),
            })
            .collect(),
        account: payment.virtual_account.and_then(|account| account.read(secret)),
        window: payment.checkout.map(|checkout| checkout.url),
    })
}

impl AccountBody {
    fn read(self, secret: Secret) -> Option<Account> {
        let due: DateTime = self.due_date.get(..19)?.parse().ok()?;
        let due_at_ms = due.to_zoned(clock::seoul()).ok()?.timestamp().as_millisecond();
        Some(Account { bank: self.bank_code, number: self.account_number, due_at_ms, secret })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionBody {
    transaction_key: String,
    order_id: String,
    status: String,
    amount: i64,
}

impl TransactionBody {
    fn movement(self) -> Movement {
        let kind = match self.status.as_str() {
            "DONE" => Moved::Taken,
            "CANCELED" | "PARTIAL_CANCELED" => Moved::GivenBack,
            _ => Moved::Nothing,
        };
        // Whether a refund is written with a minus is not documented; its status says what it is.
        Movement { key: self.transaction_key, order: self.order_id, amount_won: Won(self.amount.abs()), kind }
    }
}

/// A moment of local time, as queries have it.
fn local(ms: i64) -> String {
    clock::at(ms).to_zoned(clock::seoul()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Reads a webhook: a change of a payment, or a deposit with its secret.
pub(super) fn parse_webhook(body: &Value) -> Option<News> {
    if body["eventType"].is_string() {
        let order = body["data"]["orderId"].as_str()?;
        return Some(News { order: order.to_owned(), secret: None });
    }
    let secret = Secret::new(body["secret"].as_str().unwrap_or_default());
    Some(News { order: body["orderId"].as_str()?.to_owned(), secret: Some(secret) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_with_a_code_settles_a_charge() {
        for (status, code, settled) in [
            (403, "REJECT_CARD_PAYMENT", true),
            (400, "INVALID_REQUEST", true),
            (404, "NOT_FOUND_PAYMENT_SESSION", true),
            (400, "PROVIDER_ERROR", false),
            (409, "IDEMPOTENT_REQUEST_PROCESSING", false),
            (500, "FAILED_INTERNAL_SYSTEM_PROCESSING", false),
            (429, "TOO_MANY", false),
            (400, "", false),
        ] {
            assert_eq!(is_settled(StatusCode::from_u16(status).unwrap(), code), settled, "{status} {code}");
        }
    }

    #[test]
    fn a_payment_is_read_as_documented() {
        let body = json!({
            "paymentKey": "pay_1", "orderId": "order-1", "currency": "KRW", "status": "PARTIAL_CANCELED",
            "totalAmount": 9_800, "lastTransactionKey": "tx_2", "approvedAt": "2026-11-24T07:00:00+09:00",
            "cancels": [
                { "transactionKey": "tx_2", "cancelAmount": 800, "cancelReason": "주문 취소 r1", "cancelStatus": "DONE" },
                { "transactionKey": "tx_3", "cancelAmount": 100, "cancelStatus": "IN_PROGRESS" },
            ],
            "somethingNew": true,
        });
        let seen = observed(&body).unwrap();
        assert_eq!(seen.seen, Seen::Charged);
        assert_eq!(
            seen.cancels,
            [Canceled { key: "tx_2".into(), amount_won: Won(800), once: Some("r1".into()) }]
        );
        assert!(observed(&json!({ "status": "DONE" })).is_none());
    }

    #[test]
    fn news_names_its_order_and_nothing_else_is_taken_from_it() {
        let deposit = json!({ "secret": "ps_1", "status": "DONE", "orderId": "order-1" });
        let news = parse_webhook(&deposit).unwrap();
        assert_eq!((news.order.as_str(), news.secret), ("order-1", Some(Secret::new("ps_1"))));
        let changed = json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": { "orderId": "order-2" } });
        assert_eq!(parse_webhook(&changed).unwrap().order, "order-2");
        assert!(parse_webhook(&json!([1])).is_none());
    }
}
