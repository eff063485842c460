//! The protocol: each route of the payment company, its rules and its refusals.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use serde_json::{Value, json};

use crate::books::{Account, Answered, Books, Cancel, Kept, Payment, Status};
use crate::cards::{Card, Fault};
use crate::{Asked, Desk, KEY, mail};

/// The least a card is charged.
const LEAST_WON: i64 = 100;
/// Transactions on a page of the list when nobody says.
const PAGE: usize = 100;
/// Transactions on a page at the most.
const MAX_PAGE: usize = 5_000;
/// The longest `Idempotency-Key`.
const MAX_KEY: usize = 300;

type Answer = (StatusCode, Value);

/// The merchant named by `Basic base64(secretKey + ":")`.
pub(crate) fn merchant(line: &str) -> Option<String> {
    let text = STANDARD.decode(line.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(text).ok()?;
    let merchant = text.strip_suffix(':')?.strip_prefix(KEY)?;
    (!merchant.is_empty()).then(|| merchant.to_owned())
}

fn no(status: u16, code: &str, message: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, json!({ "code": code, "message": message }))
}

fn not_found() -> Answer {
    no(404, "NOT_FOUND_PAYMENT", "존재하지 않는 결제 입니다.")
}

fn invalid() -> Answer {
    no(400, "INVALID_REQUEST", "잘못된 요청입니다.")
}

/// Answers one request; `None`: the answer is lost.
pub(crate) fn answer(desk: &Desk, asked: &Asked) -> Option<Answer> {
    let Some(merchant) = &asked.merchant else {
        return Some(no(401, "UNAUTHORIZED_KEY", "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다."));
    };
    let now_ms = (desk.now)();
    let mut books = desk.books();
    if asked.method != Method::POST {
        let fault = books.fault();
        let answer = read(&mut books, desk, asked, merchant, now_ms);
        return after(fault, answer);
    }
    if asked.idempotency_key.as_ref().is_some_and(|key| key.is_empty() || key.len() > MAX_KEY) {
        return Some(no(400, "INVALID_IDEMPOTENCY_KEY", "멱등키는 300자 이하여야 합니다."));
    }
    let key = asked.idempotency_key.as_ref().map(|key| format!("{}#{key}", asked.path));
    if let Some(known) = key.as_ref().and_then(|key| books.answered(merchant, key)) {
        let status = StatusCode::from_u16(known.status).unwrap_or(StatusCode::OK);
        return Some((status, known.body.clone()));
    }
    let mut write = Write { books: &mut books, desk, merchant, now_ms, fault: Fault::None };
    write.fault = write.books.fault();
    if let Some(early) = before(write.fault) {
        return early;
    }
    let answer = write.route(asked);
    let fault = write.fault;
    if let Some(early) = before(fault) {
        return early;
    }
    if let Some(key) = key
        && !answer.0.is_server_error()
    {
        let answered =
            Answered { merchant: merchant.clone(), key, status: answer.0.as_u16(), body: answer.1.clone() };
        books.remember(answered);
    }
    after(fault, answer)
}

/// The end of a request that goes wrong before its effect.
fn before(fault: Fault) -> Option<Option<Answer>> {
    match fault {
        Fault::LostBefore => Some(None),
        Fault::BrokenBefore => Some(Some(broken())),
        _ => None,
    }
}

fn after(fault: Fault, answer: Answer) -> Option<Answer> {
    match fault {
        Fault::LostAfter | Fault::LostBefore => None,
        Fault::BrokenAfter | Fault::BrokenBefore => Some(broken()),
        Fault::BusyAfter => Some(no(409, "IDEMPOTENT_REQUEST_PROCESSING", "이전 멱등 요청이 처리중입니다.")),
        Fault::None => Some(answer),
    }
}

fn broken() -> Answer {
    no(500, "FAILED_INTERNAL_SYSTEM_PROCESSING", "내부 시스템 처리 작업이 실패했습니다.")
}

fn read(books: &mut Books, desk: &Desk, asked: &Asked, merchant: &str, now_ms: i64) -> Answer {
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let found = match parts.as_slice() {
        ["v1", "payments", "orders", order] => books.by_order(merchant, order, now_ms),
        ["v1", "payments", key] => books.by_key(merchant, key, now_ms),
        ["v1", "transactions"] => return transactions(books, asked, merchant),
        _ => return no(404, "NOT_FOUND", "존재하지 않는 주소 입니다."),
    };
    found.map_or_else(not_found, |payment| (StatusCode::OK, payment.json(&desk.url)))
}

/// The movements of money between two moments of local time, in order, after a transaction.
fn transactions(books: &Books, asked: &Asked, merchant: &str) -> Answer {
    let moment = |name| {
        let text: DateTime = asked.query(name)?.parse().ok()?;
        let zoned = text.to_zoned(TimeZone::fixed(offset(9))).ok()?;
        Some(zoned.timestamp().as_millisecond())
    };
    let (Some(from_ms), Some(to_ms)) = (moment("startDate"), moment("endDate")) else { return invalid() };
    let limit = asked.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).min(MAX_PAGE);
    let mine = books.transactions.iter().filter(|one| one.merchant == merchant);
    let after = asked.query("startingAfter");
    let mut is_reached = after.is_none();
    let mut rows = Vec::new();
    for row in mine.filter(|one| (from_ms..=to_ms).contains(&one.at_ms)) {
        if is_reached && rows.len() < limit {
            rows.push(row.json());
        }
        is_reached |= Some(row.key.as_str()) == after;
    }
    (StatusCode::OK, rows.into())
}

/// One request that changes something.
struct Write<'a> {
    books: &'a mut Books,
    desk: &'a Desk,
    merchant: &'a str,
    now_ms: i64,
    fault: Fault,
}

impl Write<'_> {
    fn route(&mut self, asked: &Asked) -> Answer {
        let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        let body = asked.json();
        match parts.as_slice() {
            ["v1", "payments"] => self.create(&body),
            ["v1", "payments", "confirm"] => self.confirm(&body),
            ["v1", "payments", key, "cancel"] => self.cancel(key, &body),
            ["v1", "virtual-accounts"] => self.open_account(&body),
            ["v1", "billing", "authorizations", "issue"] => self.keep_card(&body),
            ["v1", "billing", key] => self.charge_kept(key, &body),
            ["sandbox", "deposits"] => self.deposit(&body),
            ["sandbox", "reversals"] => self.revert(&body),
            _ => no(404, "NOT_FOUND", "존재하지 않는 주소 입니다."),
        }
    }

    fn told(&self, payment: &Payment) -> Answer {
        (StatusCode::OK, payment.json(&self.desk.url))
    }

    /// A payment that is not kept yet, or the refusal.
    fn begun(&mut self, body: &Value) -> Result<Payment, Answer> {
        let order = body["orderId"].as_str().unwrap_or_default();
        let fits = (6..=64).contains(&order.len())
            && order.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte));
        let amount = body["amount"].as_i64().unwrap_or_default();
        if !fits || amount <= 0 {
            return Err(invalid());
        }
        if amount < LEAST_WON {
            return Err(no(
                400,
                "BELOW_MINIMUM_AMOUNT",
                "신용카드는 결제금액이 100원 이상부터 결제가 가능합니다.",
            ));
        }
        if self.books.by_order(self.merchant, order, self.now_ms).is_some() {
            return Err(no(400, "DUPLICATED_ORDER_ID", "이미 승인 및 취소가 진행된 중복된 주문번호 입니다."));
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Ok(Payment {
            merchant: self.merchant.to_owned(),
            payment_key: self.books.chance.name("pay_"),
            order_id: order.to_owned(),
            order_name: text("orderName"),
            amount,
            method: "카드".to_owned(),
            status: Status::Ready,
            requested_at_ms: self.now_ms,
            approved_at_ms: None,
            card: Card::Approve,
            turns: 0,
            transaction_key: self.books.chance.name("tx_"),
            secret: self.books.chance.name("ps_"),
            cancels: Vec::new(),
            account: None,
            success_url: text("successUrl"),
            fail_url: text("failUrl"),
            failure: None,
        })
    }

    /// Begins a payment. With a card in its metadata the window is passed over: the buyer has been there.
    fn create(&mut self, body: &Value) -> Answer {
        let mut payment = match self.begun(body) {
            Ok(payment) => payment,
            Err(refused) => return refused,
        };
        if let Ok(card) = serde_json::from_value(body["metadata"]["card"].clone()) {
            payment = Payment { status: Status::InProgress, card, ..payment };
        }
        self.books.keep(payment.clone());
        self.told(&payment)
    }

    /// Takes the money of a payment the buyer has agreed to.
    fn confirm(&mut self, body: &Value) -> Answer {
        let key = body["paymentKey"].as_str().unwrap_or_default();
        let Some(payment) = self.books.by_key(self.merchant, key, self.now_ms) else { return not_found() };
        if body["orderId"].as_str() != Some(&payment.order_id)
            || body["amount"].as_i64() != Some(payment.amount)
        {
            return invalid();
        }
        match payment.status {
            Status::InProgress => self.charge(payment),
            Status::Ready | Status::Expired | Status::Aborted => no(
                404,
                "NOT_FOUND_PAYMENT_SESSION",
                "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.",
            ),
            _ => no(400, "ALREADY_PROCESSED_PAYMENT", "이미 처리된 결제 입니다."),
        }
    }

    /// What the card says.
    fn charge(&mut self, payment: Payment) -> Answer {
        let fault = payment.card.fault(payment.turns);
        if fault != Fault::None {
            self.fault = fault;
        }
        let mut payment = Payment { turns: payment.turns + 1, ..payment };
        if before(self.fault).is_some() {
            self.books.keep(payment);
            return broken();
        }
        if payment.card == Card::Decline {
            let failure = ("REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.");
            payment.status = Status::Aborted;
            payment.failure = Some((failure.0.to_owned(), failure.1.to_owned()));
            self.settle(payment);
            return no(403, failure.0, failure.1);
        }
        if payment.card == Card::WrongAmount {
            payment.amount += 1_000;
        }
        payment.status = Status::Done;
        payment.approved_at_ms = Some(self.now_ms);
        self.books.moved(&payment, Status::Done, payment.amount, self.now_ms);
        self.settle(payment.clone());
        self.told(&payment)
    }

    /// Writes a payment that has moved, and the news of it.
    fn settle(&mut self, payment: Payment) {
        mail::write(self.books, &payment, &self.desk.url, self.now_ms);
        self.books.keep(payment);
    }

    /// Gives back all or a part.
    fn cancel(&mut self, key: &str, body: &Value) -> Answer {
        let Some(mut payment) = self.books.by_key(self.merchant, key, self.now_ms) else {
            return not_found();
        };
        if body["cancelReason"].as_str().is_none_or(str::is_empty) {
            return invalid();
        }
        match payment.status {
            Status::Done | Status::PartialCanceled => {}
            Status::WaitingForDeposit if body["cancelAmount"].is_null() => {
                payment.status = Status::Canceled;
                self.settle(payment.clone());
                return self.told(&payment);
            }
            Status::WaitingForDeposit => {
                return no(
                    403,
                    "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
                    "입금 대기중인 결제는 부분 환불이 불가합니다.",
                );
            }
            Status::Canceled => return no(400, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다."),
            _ => return no(403, "NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다."),
        }
        let left = payment.amount - payment.canceled();
        let amount = body["cancelAmount"].as_i64().unwrap_or(left);
        if amount <= 0 || amount > left {
            return no(403, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.");
        }
        let account = &body["refundReceiveAccount"];
        if payment.account.is_some() && account["accountNumber"].as_str().is_none_or(str::is_empty) {
            return no(400, "INVALID_REFUND_ACCOUNT_INFO", "환불 계좌번호와 예금주명이 일치하지 않습니다.");
        }
        payment.transaction_key = self.books.chance.name("tx_");
        payment.cancels.push(Cancel {
            transaction_key: payment.transaction_key.clone(),
            amount,
            reason: body["cancelReason"].as_str().unwrap_or_default().to_owned(),
            at_ms: self.now_ms,
        });
        payment.status = if amount == left { Status::Canceled } else { Status::PartialCanceled };
        self.books.moved(&payment, payment.status, amount, self.now_ms);
        self.settle(payment.clone());
        self.told(&payment)
    }

    /// An account for one payment, and its secret.
    fn open_account(&mut self, body: &Value) -> Answer {
        let mut payment = match self.begun(body) {
            Ok(payment) => payment,
            Err(refused) => return refused,
        };
        let bank = body["bank"].as_str().unwrap_or_default();
        if bank.is_empty() {
            return no(400, "INVALID_BANK", "유효하지 않은 은행입니다.");
        }
        let hours = body["validHours"].as_i64().unwrap_or(168).clamp(1, 720);
        payment.method = "가상계좌".to_owned();
        payment.status = Status::WaitingForDeposit;
        payment.account = Some(Account {
            bank: bank.to_owned(),
            number: format!("X{}", self.books.chance.digits(13)),
            holder: body["customerName"].as_str().unwrap_or_default().to_owned(),
            due_at_ms: self.now_ms + hours * 3_600_000,
        });
        self.books.keep(payment.clone());
        self.told(&payment)
    }

    /// A card to be charged again without the buyer. Here the buyer's agreement names the card.
    fn keep_card(&mut self, body: &Value) -> Answer {
        let customer = body["customerKey"].as_str().unwrap_or_default();
        let Ok(card) = serde_json::from_value::<Card>(body["authKey"].clone()) else { return invalid() };
        if customer.len() < 2 {
            return invalid();
        }
        let kept = Kept {
            merchant: self.merchant.to_owned(),
            billing_key: self.books.chance.name("bill_"),
            customer_key: customer.to_owned(),
            card,
        };
        self.books.keep_card(kept.clone());
        let body = json!({
            "mId": self.merchant, "customerKey": customer, "billingKey": kept.billing_key, "method": "카드",
            "card": { "number": "4330********123*", "cardType": "신용", "ownerType": "개인" },
        });
        (StatusCode::OK, body)
    }

    fn charge_kept(&mut self, billing_key: &str, body: &Value) -> Answer {
        let Some(kept) = self.books.kept(self.merchant, billing_key).cloned() else {
            return no(404, "NOT_FOUND_BILLING_KEY", "존재하지 않는 빌링키 입니다.");
        };
        if body["customerKey"].as_str() != Some(&kept.customer_key) {
            return no(
                403,
                "NOT_MATCHES_CUSTOMER_KEY",
                "빌링 인증 고객키와 결제 요청 고객키가 일치하지 않습니다.",
            );
        }
        match self.begun(body) {
            Ok(payment) => self.charge(Payment { card: kept.card, status: Status::InProgress, ..payment }),
            Err(refused) => refused,
        }
    }

    /// Somebody pays into the account of an order.
    fn deposit(&mut self, body: &Value) -> Answer {
        let order = body["orderId"].as_str().unwrap_or_default();
        let Some(mut payment) = self.books.by_order(self.merchant, order, self.now_ms) else {
            return not_found();
        };
        if payment.status != Status::WaitingForDeposit {
            return invalid();
        }
        payment.status = Status::Done;
        payment.approved_at_ms = Some(self.now_ms);
        payment.transaction_key = self.books.chance.name("tx_");
        self.books.moved(&payment, Status::Done, payment.amount, self.now_ms);
        self.settle(payment.clone());
        self.told(&payment)
    }

    /// The bank takes a deposit back: the account waits again.
    fn revert(&mut self, body: &Value) -> Answer {
        let order = body["orderId"].as_str().unwrap_or_default();
        let Some(mut payment) = self.books.by_order(self.merchant, order, self.now_ms) else {
            return not_found();
        };
        if payment.status != Status::Done || payment.account.is_none() {
            return invalid();
        }
        payment.status = Status::WaitingForDeposit;
        payment.approved_at_ms = None;
        payment.transaction_key = self.books.chance.name("tx_");
        self.settle(payment.clone());
        self.told(&payment)
    }
}
