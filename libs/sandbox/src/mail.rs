//! Webhooks: news of a payment, delivered until it is taken. Sometimes twice, late, or in the wrong order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Desk;
use crate::books::{Books, Payment, Status, when};
use crate::cards::Card;

/// How often the postman looks.
pub(crate) const ROUND: Duration = Duration::from_millis(200);
/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The documented pauses before the next attempt, in minutes. After the last the news is given up.
const PAUSES_MIN: [i64; 7] = [1, 4, 16, 64, 256, 1024, 4096];
/// How late late news is.
const LATE_MS: i64 = 5 * 60 * 1000;

/// News on its way.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    url: String,
    body: Value,
    due_ms: i64,
    tries: usize,
}

/// Writes the news that a payment has moved.
pub(crate) fn write(books: &mut Books, payment: &Payment, url: &str, now_ms: i64) {
    let Some(webhook) = books.webhook.clone() else { return };
    let to = webhook.replace("{merchant}", &payment.merchant);
    let changed = |status: Status| {
        let mut data = payment.json(url);
        data["status"] = json!(status);
        json!({ "eventType": "PAYMENT_STATUS_CHANGED", "createdAt": when(now_ms), "data": data })
    };
    let body = if payment.account.is_some() {
        json!({
            "createdAt": when(now_ms), "secret": payment.secret, "status": payment.status,
            "orderId": payment.order_id, "transactionKey": payment.transaction_key,
        })
    } else {
        changed(payment.status)
    };
    let letter = |body: Value, due_ms: i64| Letter { url: to.clone(), body, due_ms, tries: 0 };
    match payment.card {
        Card::Twice => books.letters.extend([letter(body.clone(), now_ms), letter(body, now_ms)]),
        Card::Late => books.letters.push(letter(body, now_ms + LATE_MS)),
        Card::Reordered => {
            let older = changed(Status::InProgress);
            books.letters.extend([letter(body, now_ms), letter(older, now_ms)]);
        }
        _ => books.letters.push(letter(body, now_ms)),
    }
}

/// Delivers what is due.
pub(crate) async fn deliver(desk: &Desk) -> usize {
    let now_ms = (desk.now)();
    let due: Vec<Letter> = {
        let mut books = desk.books();
        let (due, later) = books.letters.drain(..).partition(|letter| letter.due_ms <= now_ms);
        books.letters = later;
        due
    };
    let Ok(client) = reqwest::Client::builder().timeout(PATIENCE).build() else { return 0 };
    let mut gone = 0;
    for letter in due {
        let sent = client
            .post(&letter.url)
            .header("content-type", "application/json")
            .header("tosspayments-webhook-transmission-retried-count", letter.tries)
            .body(letter.body.to_string())
            .send()
            .await;
        if sent.is_ok_and(|answer| answer.status() == 200) {
            gone += 1;
        } else if let Some(pause_min) = PAUSES_MIN.get(letter.tries) {
            let due_ms = now_ms + pause_min * 60_000;
            desk.books().letters.push(Letter { due_ms, tries: letter.tries + 1, ..letter });
        }
    }
    gone
}
