//! Settlement and the day's end through the front door: sums that come from the ledger, agree with orders and
//! refunds to the won, and say so when they do not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, to};
use crate::sale::open_stall;

/// Seconds of an hour.
const HOUR: u64 = 3_600;

impl Desk {
    /// A fish that is paid for and picked up: 9,800.
    async fn fish_sold(&self) -> Value {
        self.sold(to("지나", "010-0000-0001", "pickup"), &[(&self.fish, 1)]).await
    }

    async fn json(&self, rest: &str) -> Value {
        let answer = self.seller.get(&format!("/api/v1/stores/{}{rest}", self.store)).await;
        assert_eq!(answer.status(), 200, "{rest} {}", self.app.engine);
        answer.json().await.unwrap()
    }

    async fn page(&self, rest: &str) -> String {
        let page = self.seller.page(&format!("/sell/{}{rest}", self.store)).await;
        assert_eq!(page.status(), 200, "{rest} {}", self.app.engine);
        page.text().await.unwrap()
    }

    /// Gives part of an order's money back.
    async fn give_back(&self, order: &Value, amount: i64) {
        let path = format!("/api/v1/stores/{}/orders/{}/refunds", self.store, order["id"].as_str().unwrap());
        let refund = json!({ "amount_won": amount, "reason": "한 마리가 상해서" });
        assert_eq!(self.seller.post(&path, &refund).await.status(), 201, "{}", self.app.engine);
        self.app.done().await;
    }

    /// An order that waits for a deposit: its attempt's id.
    async fn account_for(&self, order: &Value) -> Value {
        let body = json!({
            "bank": "11", "amount_won": order["total_won"],
            "refund_to": { "bank": "90", "number": "3333-01-234567", "holder": "지나" },
        });
        let path = format!("/api/v1/payments/{}/deposit-account", order["payment_id"].as_str().unwrap());
        let opened: Value = self.buyer.post(&path, &body).await.json().await.unwrap();
        opened["attempt_id"].clone()
    }

    /// At the practice bank a deposit comes in (`deposits`) or is taken back (`reversals`).
    async fn bank(&self, what: &str, attempt: &Value) {
        let sent = reqwest::Client::new()
            .post(format!("{}/sandbox/{what}", self.app.sandbox.url()))
            .basic_auth(format!("test_sk_{}", self.store), Some(""))
            .body(json!({ "orderId": attempt }).to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 200);
        self.app.later(Duration::from_secs(1)).await;
        self.app.sandbox.deliver().await;
        self.app.done().await;
    }

    /// What the ledger holds for the store, told by nothing but the ledger.
    async fn ledger(&self) -> i64 {
        let sum = "select cast(coalesce(sum(amount_won), 0) as bigint) from ledger_entries
                   where store_id = $1 and account = 'psp-clearing'";
        base::sql!(value & self.app.app.base.db, sum, &self.store).unwrap()
    }

    async fn close(&self, key: &str) -> Value {
        let path = format!("/api/v1/stores/{}/day-closes", self.store);
        let closed = self.seller.post_with(&path, &json!({}), key).await;
        assert_eq!(closed.status(), 201, "{}", self.app.engine);
        closed.json().await.unwrap()
    }

    async fn closed_sum(&self) -> i64 {
        let closes = self.json("/day-closes?limit=100").await;
        closes["items"].as_array().unwrap().iter().map(|close| close["net_won"].as_i64().unwrap()).sum()
    }
}

#[tokio::test]
async fn the_settlement_is_the_ledger_to_the_won() {
    for desk in Desk::each().await {
        let (first, second) = (desk.fish_sold().await, desk.fish_sold().await);
        desk.give_back(&first, 3_001).await;
        desk.give_back(&second, 9_800).await;
        let deposit = desk.placed(to("지나", "010-0000-0001", "pickup"), &[(&desk.fish, 2)]).await;
        let account = desk.account_for(&deposit).await;
        desk.bank("deposits", &account).await;
        desk.bank("reversals", &account).await;
        for by in ["day", "week", "month"] {
            let report = desk.json(&format!("/settlement?by={by}")).await;
            let told = |name: &str| report[name].as_i64().unwrap();
            assert_eq!((told("taken_won"), told("taken_count")), (39_200, 3), "{by} {}", desk.app.engine);
            assert_eq!((told("returned_won"), told("returned_count")), (12_801, 2), "{report}");
            assert_eq!((told("reverted_won"), told("reverted_count")), (19_600, 1), "{report}");
            assert_eq!(told("net_won"), desk.ledger().await, "{by} {}", desk.app.engine);
            assert_eq!((told("net_won"), told("difference_won")), (6_799, 0));
            let days: i64 =
                report["days"].as_array().unwrap().iter().map(|day| day["net_won"].as_i64().unwrap()).sum();
            assert_eq!(days, 6_799);
            assert_eq!(report["methods"].as_array().unwrap().len(), 2, "card and deposit");
        }
        // The deposit comes again: taken twice, reverted once, kept once.
        desk.bank("deposits", &account).await;
        let report = desk.json("/settlement").await;
        assert_eq!(report["net_won"], 26_399);
        assert_eq!((&report["net_won"], &report["difference_won"]), (&json!(desk.ledger().await), &json!(0)));
        let page = desk.page("/settlement").await;
        assert!(
            page.contains("26,399원") && page.contains("1원까지 맞아요") && !page.contains("맞지 않는 금액")
        );
        let sheet = desk.page("/settlement.csv?by=day").await;
        let rows: Vec<Vec<&str>> =
            sheet.trim_end().split("\r\n").skip(1).map(|row| row.split(',').collect()).collect();
        let (end, rows) = rows.split_last().unwrap();
        let sum: i64 = rows.iter().map(|row| row[4].parse::<i64>().unwrap()).sum();
        assert_eq!((rows.len(), sum, end[4]), (7, 26_399, "26399"), "{sheet}");
        assert!(desk.page("/settlement?by=day&on=2026-11-23").await.contains("오간 돈이 없어요"));
        for wrong in ["by=year", "on=2026-02-30", "on=9999-12-31", "on=%27%20or%201"] {
            let refused = desk.seller.get(&format!("/api/v1/stores/{}/settlement?{wrong}", desk.store)).await;
            assert_eq!(refused.status(), 422, "{wrong}");
        }
        let rival = desk.app.shopper("다른 사장").await;
        open_stall(&rival, 1).await;
        for path in ["settlement", "settlement-rates", "day-closes", "day-closes/2026-11-24"] {
            let theirs = rival.get(&format!("/api/v1/stores/{}/{path}", desk.store)).await;
            assert_eq!(theirs.status(), 404, "{path}");
        }
    }
}

#[tokio::test]
async fn what_does_not_agree_stands_on_the_page() {
    for desk in Desk::each().await {
        let order = desk.fish_sold().await;
        assert_eq!(desk.json("/settlement").await["difference_won"], 0);
        // A hand in the database: the ledger still comes to nothing, but not to what was paid.
        let mut tx = desk.app.app.base.db.begin().await.unwrap();
        base::sql!(run &mut tx,
            "update ledger_entries set amount_won = case account when 'psp-clearing' then amount_won + 1000
                                                                 else amount_won - 1000 end
             where store_id = $1", &desk.store)
        .unwrap();
        tx.commit().await.unwrap();
        let report = desk.json("/settlement").await;
        assert_eq!((&report["taken_won"], &report["difference_won"]), (&json!(10_800), &json!(1_000)));
        assert_eq!(report["differences"][0]["fault"], "taken");
        assert_eq!(report["differences"][0]["number"], order["number"]);
        let page = desk.page("/settlement").await;
        assert!(page.contains("맞지 않는 금액") && page.contains("1,000원"), "{}", desk.app.engine);
        assert!(desk.page("/settlement.csv").await.contains("맞지 않는 금액,,,,1000"));
        assert_eq!(desk.close("c").await["difference_won"], 1_000, "the close says so too");

        let mut tx = desk.app.app.base.db.begin().await.unwrap();
        base::sql!(run &mut tx,
            "update ledger_entries set amount_won = 9800 where store_id = $1 and account = 'psp-clearing'", &desk.store)
        .unwrap();
        base::sql!(run &mut tx,
            "update orders set total_won = total_won + 500, goods_won = goods_won + 500 where store_id = $1",
            &desk.store)
        .unwrap();
        tx.commit().await.unwrap();
        let report = desk.json("/settlement").await;
        let faults: Vec<&str> = report["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|off| off["fault"].as_str().unwrap())
            .collect();
        assert_eq!(faults, ["order", "unbalanced"], "{}", desk.app.engine);
        assert_eq!(report["difference_won"], 1_500);
    }
}

#[tokio::test]
async fn a_fee_is_expected_only_by_the_rates_a_seller_wrote_down() {
    for desk in Desk::each().await {
        desk.fish_sold().await;
        assert_eq!(desk.json("/settlement").await["expected_fee_won"], Value::Null);
        assert!(!desk.page("/settlement").await.contains("예상 수수료</span>"));
        let path = format!("/sell/{}/settlement/rates", desk.store);
        let write = async |form: &[(&str, &str)]| {
            let sent = desk.seller.ask(reqwest::Method::POST, &path).header("accept", "text/html").form(form);
            sent.send().await.unwrap()
        };
        let wrong = write(&[("card", "2.5퍼"), ("card_each", "100")]).await;
        assert_eq!(wrong.status(), 422);
        assert!(wrong.text().await.unwrap().contains("value=\"2.5퍼\""));
        assert_eq!(write(&[("card", "25")]).await.status(), 422, "a slip of the finger");
        assert_eq!(write(&[("card", "2.5"), ("card_each", "100원")]).await.status(), 303);
        let report = desk.json("/settlement").await;
        assert_eq!(report["expected_fee_won"], 345, "2.5 % of 9,800, and 100 for the one");
        let page = desk.page("/settlement").await;
        assert!(page.contains("345원") && page.contains("9,455원") && page.contains("어림한 값"), "{page}");
        assert_eq!(desk.json("/settlement-rates").await["items"][0]["rate_ppm"], 25_000);
        let api = format!("/api/v1/stores/{}/settlement-rates", desk.store);
        let put = async |rates: Value| {
            let sent = desk.seller.ask(reqwest::Method::PUT, &api).json(&json!({ "items": rates }));
            sent.send().await.unwrap().status().as_u16()
        };
        assert_eq!(put(json!([{ "method": "card", "rate_ppm": 200_001 }])).await, 422);
        let twice = json!([{ "method": "card", "rate_ppm": 1 }, { "method": "card", "rate_ppm": 2 }]);
        assert_eq!(put(twice).await, 422);
        assert_eq!(put(json!([])).await, 200);
        assert_eq!(desk.json("/settlement").await["expected_fee_won"], Value::Null, "{}", desk.app.engine);
    }
}

#[tokio::test]
async fn a_day_is_closed_once_and_stays_as_it_was() {
    for desk in Desk::each().await {
        let first = desk.fish_sold().await;
        desk.app.clock.advance(Duration::from_secs(60));
        let (one, other) = tokio::join!(desk.close("a"), desk.close("b"));
        assert_eq!(one, other, "{}: two taps at once are one close", desk.app.engine);
        assert_eq!((&one["day"], &one["net_won"]), (&json!("2026-11-24"), &json!(9_800)));
        assert_eq!((&one["taken_count"], &one["open"]["unsent_count"]), (&json!(1), &json!(1)));
        assert_eq!((&one["by_itself"], &one["ledger_sum_won"]), (&json!(false), &json!(0)));
        // What comes later on the same day does not change it.
        desk.app.clock.advance(Duration::from_secs(60));
        desk.fish_sold().await;
        desk.give_back(&first, 1_000).await;
        assert_eq!(desk.close("c").await, one);
        assert_eq!(desk.json("/day-closes/2026-11-24").await, one);
        assert!(desk.page("/day-closes").await.contains("오늘은 마감했어요"));
        assert!(desk.page("/day-closes/2026-11-24").await.contains("9,800원"));
        // The next day it closes by hand too: the evening before is in it, and nothing twice.
        desk.app.clock.advance(Duration::from_secs(24 * HOUR));
        let next = desk.close("d").await;
        assert_eq!((&next["day"], &next["taken_won"]), (&json!("2026-11-25"), &json!(9_800)));
        assert_eq!(next["returned_won"], 1_000);
        assert_eq!(desk.closed_sum().await, desk.ledger().await, "{}", desk.app.engine);
        let missing = desk.seller.get(&format!("/api/v1/stores/{}/day-closes/2026-11-26", desk.store)).await;
        assert_eq!(missing.status(), 404);
        let rival = desk.app.shopper("다른 사장").await;
        let path = format!("/api/v1/stores/{}/day-closes", desk.store);
        assert_eq!(rival.post(&path, &json!({})).await.status(), 404);
    }
}

#[tokio::test]
async fn a_day_closes_by_itself_after_midnight() {
    for desk in Desk::each().await {
        desk.app.app.shop.begin_rounds().await.unwrap();
        desk.fish_sold().await;
        // 7 in the morning and 16 hours: an hour before midnight.
        desk.app.later(Duration::from_secs(16 * HOUR)).await;
        assert_eq!(desk.closed_sum().await, 0, "the day is not over");
        desk.app.later(Duration::from_secs(2 * HOUR)).await;
        let close = desk.json("/day-closes/2026-11-24").await;
        assert_eq!((&close["net_won"], &close["by_itself"]), (&json!(9_800), &json!(true)));
        // Two more days with something each, while nobody ran the rounds; an empty day leaves no row.
        desk.fish_sold().await;
        desk.app.clock.advance(Duration::from_secs(48 * HOUR));
        desk.fish_sold().await;
        desk.app.later(Duration::from_secs(24 * HOUR)).await;
        let closes = desk.json("/day-closes").await;
        let days: Vec<&str> =
            closes["items"].as_array().unwrap().iter().map(|close| close["day"].as_str().unwrap()).collect();
        assert_eq!(days, ["2026-11-27", "2026-11-25", "2026-11-24"], "{}", desk.app.engine);
        assert_eq!(desk.closed_sum().await, desk.ledger().await, "{}", desk.app.engine);
        assert_eq!(desk.ledger().await, 3 * 9_800);
    }
}
