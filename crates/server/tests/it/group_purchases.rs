//! Group purchases through the front door: reached, everybody is charged once; missed, nobody is.

use std::time::Duration;

use base::sql;
use serde_json::{Value, json};

use crate::app::Client;
use crate::deal::{By, Deal, form, told, whither};

const HOUR: Duration = Duration::from_secs(3600);

/// A stall with a group purchase: from three pieces 9,000 won each, from five 8,000; six in all, for two hours.
struct Group {
    deal: Deal,
    id: String,
}

impl Group {
    async fn each() -> Vec<Group> {
        let mut all = Vec::new();
        for deal in Deal::unpaid(By::Pickup).await {
            // The deal's own order is in nobody's way.
            let off = format!("/api/v1/orders/{}/cancellation", deal.id());
            assert_eq!(deal.buyer.post(&off, &json!({})).await.status(), 200);
            let made = deal.seller.post(&deal.of_store("group-purchases"), &wanted(&deal)).await;
            assert_eq!(made.status(), 201, "{} {}", deal.app.engine, made.text().await.unwrap());
            let made: Value = made.json().await.unwrap();
            all.push(Group { id: made["id"].as_str().unwrap().to_owned(), deal });
        }
        all
    }

    fn path(&self) -> String {
        format!("/together/{}", self.id)
    }

    fn of_store(&self, rest: &str) -> String {
        self.deal.of_store(&format!("group-purchases/{}/{rest}", self.id))
    }

    /// Pledges by the form without a script, leaving a card.
    async fn join(&self, who: &Client, pieces: &str, card: &str, key: &str) -> reqwest::Response {
        let fields = [
            ("key", key),
            ("quantity", pieces),
            ("hand_over", "pickup"),
            ("recipient", "지나"),
            ("phone", "010-0000-0001"),
            ("card", card),
        ];
        form(who, &self.path(), &fields).await
    }

    /// Somebody new who pledges, and their order.
    async fn joined(&self, name: &str, pieces: &str, card: &str) -> (Client, String) {
        let who = self.deal.app.shopper(name).await;
        let answer = self.join(&who, pieces, card, &uuid::Uuid::new_v4().to_string()).await;
        let order = whither(&answer).trim_start_matches("/orders/").to_owned();
        (who, order)
    }

    async fn now(&self) -> Value {
        let path = format!("/api/v1/group-purchases/{}", self.id);
        self.deal.app.stranger().get(&path).await.json().await.unwrap()
    }

    /// Order state, payment state and total of an order.
    async fn order(&self, id: &str) -> (String, String, i64) {
        let db = &self.deal.app.app.base.db;
        sql!(one db, "select order_state, payment_state, total_won from orders where id = $1", id).unwrap()
    }

    async fn check(&self) {
        self.deal.check().await;
        let db = &self.deal.app.app.base.db;
        for wrong in
            [shop::audit::books(db).await, shop::audit::stock(db).await, shop::audit::money(db).await]
        {
            let wrong = wrong.unwrap();
            assert!(wrong.is_empty(), "{}: {wrong:?}", self.deal.app.engine);
        }
    }
}

fn wanted(deal: &Deal) -> Value {
    json!({
        "variant_id": deal.variant, "most": 6, "per_buyer": 3, "words": "태풍 전에 다 잡았어요",
        "tiers": [{ "pieces": 3, "price_won": 9_000 }, { "pieces": 5, "price_won": 8_000 }],
        "closes_at": base::clock::at(deal.app.clock.now_ms() + 2 * 3_600_000).to_string(),
    })
}

fn said(state: &str, payment: &str, won: i64) -> (String, String, i64) {
    (state.to_owned(), payment.to_owned(), won)
}

#[tokio::test]
async fn reached_everybody_is_charged_once_at_the_price_that_was_reached() {
    for group in Group::each().await {
        let engine = group.deal.app.engine;
        let (jina, first) = group.joined("지나", "2", "approve").await;
        let (_, second) = group.joined("민수", "2", "approve").await;
        let (suji, third) = group.joined("수지", "1", "decline").await;
        assert_eq!(group.deal.stock().await, (10, 5), "{engine}: the goods are held");
        assert_eq!(group.now().await["progress"], json!({ "pieces": 5, "people": 3, "paid": 0 }));
        // Nobody pays before, by any door.
        let intent: String = sql!(
            value & group.deal.app.app.base.db,
            "select id from payment_intents where order_id = $1",
            &first
        )
        .unwrap();
        let early = json!({ "card": "approve", "amount_won": 18_000 });
        let early = jina.post(&format!("/api/v1/payments/{intent}/confirmation"), &early).await;
        assert_eq!(told(early).await, (409, "group-not-yet".to_owned()), "{engine}");
        let early = form(&jina, &format!("/pay/{intent}"), &[("answer", "window")]).await;
        assert_eq!(early.status(), 409);
        assert_eq!(whither(&jina.page(&format!("/pay/{intent}")).await), format!("/orders/{first}"));
        assert!(group.deal.app.sandbox.payments().is_empty(), "{engine}: nothing is taken yet");

        group.deal.app.later(2 * HOUR).await;
        assert_eq!(group.order(&first).await, said("confirmed", "paid", 16_000), "{engine}");
        assert_eq!(group.order(&second).await, said("confirmed", "paid", 16_000));
        assert_eq!(group.order(&third).await, said("pending", "awaiting", 8_000));
        let now = group.now().await;
        assert_eq!((&now["state"], &now["price_won"]), (&json!("reached"), &json!(8_000)));
        assert_eq!(now["progress"]["paid"], 4);
        assert_eq!(group.deal.kept(), 32_000, "{engine}");
        group.check().await;
        // Whose card was refused pays otherwise, within a day.
        let intent: String = sql!(
            value & group.deal.app.app.base.db,
            "select id from payment_intents where order_id = $1",
            &third
        )
        .unwrap();
        let page = suji.page(&format!("/orders/{third}")).await.text().await.unwrap();
        assert!(page.contains(&format!("/pay/{intent}")));
        let paid = json!({ "card": "approve", "amount_won": 8_000 });
        let paid = suji.post(&format!("/api/v1/payments/{intent}/confirmation"), &paid).await;
        assert_eq!(paid.status(), 200, "{engine}");
        assert_eq!(group.deal.kept(), 40_000);
        // The count again does nothing.
        group.deal.app.later(30 * HOUR).await;
        assert_eq!(group.deal.kept(), 40_000, "{engine}");
        assert_eq!(group.deal.stock().await, (5, 0), "{engine}");
        group.check().await;
    }
}

#[tokio::test]
async fn missed_everybody_is_let_go_and_nobody_charged() {
    for group in Group::each().await {
        let engine = group.deal.app.engine;
        let (_, first) = group.joined("지나", "1", "approve").await;
        let (minsu, second) = group.joined("민수", "3", "approve").await;
        // Who takes it back makes room, and the group is missed by it.
        let off = minsu.post(&format!("/api/v1/orders/{second}/cancellation"), &json!({})).await;
        assert_eq!(off.status(), 200);
        assert_eq!(group.now().await["progress"]["pieces"], 1, "{engine}");
        group.deal.app.later(2 * HOUR).await;
        assert_eq!(group.now().await["state"], "missed", "{engine}");
        assert_eq!(group.order(&first).await, said("canceled", "failed", 9_000), "{engine}");
        assert!(group.deal.app.sandbox.payments().is_empty(), "{engine}: nobody is charged");
        assert_eq!(group.deal.stock().await, (10, 0), "{engine}: the goods are free");
        let late = group.join(&minsu, "1", "", "late-key-0123456789").await;
        assert_eq!(late.status(), 422);
        assert!(late.text().await.unwrap().contains("마감된 공동구매예요"));
        group.check().await;
    }
}

#[tokio::test]
async fn no_more_are_pledged_than_there_are() {
    for group in Group::each().await {
        let engine = group.deal.app.engine;
        let stranger = group.join(&group.deal.app.stranger(), "1", "approve", "stranger-key-01234567").await;
        assert!(matches!(stranger.status().as_u16(), 303 | 401), "{engine}: {}", stranger.status());
        let pledge =
            json!({ "quantity": 1, "hand_over": "pickup", "recipient": "지나", "phone": "010-0000-0001" });
        let path = format!("/api/v1/group-purchases/{}/pledges", group.id);
        let none = group.deal.buyer.post(&path, &pledge).await;
        assert_eq!(
            told(none).await,
            (409, "no-method".to_owned()),
            "{engine}: without a card nobody pledges"
        );
        // The price is no secret that an ordinary order could use.
        let mut order = group.deal.wanted(By::Pickup, 1);
        order["broadcast"] = json!(format!("group:{}", group.id));
        let placed: Value = group.deal.buyer.post("/api/v1/orders", &order).await.json().await.unwrap();
        assert_eq!(placed["total_won"], 10_000, "{engine}");
        let jina = group.deal.app.shopper("지나").await;
        let first = whither(&group.join(&jina, "3", "approve", "jina-key-0123456789").await);
        let again = whither(&group.join(&jina, "3", "", "jina-key-0123456789").await);
        assert_eq!(again, first, "{engine}: a double tap is one pledge");
        let enough = group.join(&jina, "1", "", "another-key-0123456789").await;
        assert_eq!(enough.status(), 422, "{engine}: three are for one buyer");
        let others =
            [group.joined("하나", "1", "approve").await.0, group.joined("두리", "1", "approve").await.0];
        // One piece is left of six; both ask for it at once.
        let (one, two) = tokio::join!(
            group.join(&others[0], "1", "", "last-key-one-01234567"),
            group.join(&others[1], "1", "", "last-key-two-01234567"),
        );
        let mut answers = [one.status().as_u16(), two.status().as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [303, 422], "{engine}");
        assert_eq!(group.now().await["progress"]["pieces"], 6);
        group.check().await;
    }
}

#[tokio::test]
async fn a_seller_closes_what_is_reached_and_takes_back_what_is_not_and_another_cannot() {
    for group in Group::each().await {
        let engine = group.deal.app.engine;
        let (seller, rival) = (&group.deal.seller, group.deal.app.shopper("옆집").await);
        let (theirs, _) = crate::sale::open_stall(&rival, 1).await;
        for what in ["closing", "calling-off"] {
            assert_eq!(rival.post(&group.of_store(what), &json!({})).await.status(), 404, "{engine}");
            let swapped = format!("/api/v1/stores/{theirs}/group-purchases/{}/{what}", group.id);
            assert_eq!(rival.post(&swapped, &json!({})).await.status(), 404, "{engine}");
        }
        let early = seller.post(&group.of_store("closing"), &json!({})).await;
        assert_eq!(told(early).await, (409, "group-not-reached".to_owned()), "{engine}");
        let twice = seller.post(&group.deal.of_store("group-purchases"), &wanted(&group.deal)).await;
        assert_eq!(twice.status(), 422, "{engine}: the same goods are offered once");
        let (_, order) = group.joined("지나", "3", "approve").await;
        let none = json!({});
        let close = group.of_store("closing");
        let (one, two) = tokio::join!(seller.post(&close, &none), seller.post(&close, &none));
        let mut answers = [one.status().as_u16(), two.status().as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "{engine}: it is settled once");
        group.deal.app.done().await;
        assert_eq!(group.order(&order).await, said("confirmed", "paid", 27_000), "{engine}");
        assert_eq!(seller.post(&group.of_store("calling-off"), &none).await.status(), 409, "{engine}");

        let made = seller.post(&group.deal.of_store("group-purchases"), &wanted(&group.deal)).await;
        let made: Value = made.json().await.unwrap();
        let second = Group { id: made["id"].as_str().unwrap().to_owned(), deal: group.deal };
        let (_, order) = second.joined("민수", "3", "approve").await;
        let off = second.deal.seller.post(&second.of_store("calling-off"), &none).await;
        assert_eq!(off.status(), 200);
        second.deal.app.done().await;
        assert_eq!(second.order(&order).await, said("canceled", "failed", 27_000), "{engine}");
        assert_eq!(second.deal.kept(), 27_000, "{engine}: only the first was charged");
        second.check().await;
    }
}
