//! The seller's desk through the front door: finding orders, moving many along and back, the sheet and the print.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::sale::open_stall;

/// A stall with two things to sell, its seller, and somebody who buys a lot.
pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) seller: Client,
    pub(crate) buyer: Client,
    pub(crate) store: String,
    /// Mackerel at 9,800 and squid at 12,000.
    pub(crate) fish: Value,
    squid: Value,
}

/// Who buys, and how it reaches them.
pub(crate) fn to(recipient: &str, phone: &str, hand_over: &str) -> Value {
    json!({
        "hand_over": hand_over, "recipient": recipient, "phone": phone, "postcode": "04520",
        "address": "너울시 물결구 파도로 12", "address_detail": "3동 104호", "note": "문 앞에 놓아 주세요", "agreed": true,
    })
}

impl Desk {
    pub(crate) async fn each() -> Vec<Desk> {
        let mut all = Vec::new();
        for app in App::each().await {
            let seller = app.shopper("한파도").await;
            let (store, _) = open_stall(&seller, 5).await;
            let variant = async |name: &str, price: i64, size: &str| {
                let product = json!({
                    "name": { "ko": name }, "category": "other", "attributes": { "certificate": ["none"] }, "origin": { "ko": "국내산" }, "parcel": true, "pickup": true,
                    "options": [{ "name": { "ko": "크기" }, "values": [{ "ko": size }] }],
                    "variants": [{ "pick": [0], "price_won": price, "stock": 1_000 }],
                });
                let made = seller.post(&format!("/api/v1/stores/{store}/products"), &product).await;
                assert_eq!(made.status(), 201);
                let made: Value = made.json().await.unwrap();
                let shown = format!("/api/v1/products/{}", made["id"].as_str().unwrap());
                let shown: Value = seller.get(&shown).await.json().await.unwrap();
                shown["variants"][0]["id"].clone()
            };
            let fish = variant("고등어 한 손", 9_800, "큰 것").await;
            let squid = variant("오징어 100% 국산", 12_000, "말린 것").await;
            let buyer = app.shopper("지나").await;
            all.push(Desk { app, seller, buyer, store, fish, squid });
        }
        all
    }

    /// An order that is not paid yet.
    pub(crate) async fn placed(&self, to: Value, lines: &[(&Value, i64)]) -> Value {
        let mut order = to;
        let lines: Vec<_> =
            lines.iter().map(|(id, quantity)| json!({ "variant_id": id, "quantity": quantity })).collect();
        order["lines"] = json!(lines);
        let placed = self.buyer.post("/api/v1/orders", &order).await;
        assert_eq!(placed.status(), 201, "{}", self.app.engine);
        placed.json().await.unwrap()
    }

    /// Pays for an order by card.
    pub(crate) async fn pay(&self, order: &Value) {
        let path = format!("/api/v1/payments/{}/confirmation", order["payment_id"].as_str().unwrap());
        let card = json!({ "card": "approve", "amount_won": order["total_won"] });
        assert_eq!(self.buyer.post(&path, &card).await.status(), 200, "{}", self.app.engine);
    }

    /// A paid order.
    pub(crate) async fn sold(&self, to: Value, lines: &[(&Value, i64)]) -> Value {
        let order = self.placed(to, lines).await;
        self.pay(&order).await;
        order
    }

    /// A paid parcel with one fish in it.
    async fn parcel(&self) -> Value {
        self.sold(to("지나", "010-0000-0001", "parcel"), &[(&self.fish, 1)]).await
    }

    fn api(&self, rest: &str) -> String {
        format!("/api/v1/stores/{}{rest}", self.store)
    }

    fn room(&self, rest: &str) -> String {
        format!("/sell/{}{rest}", self.store)
    }

    /// The recipients that a search finds, newest first.
    async fn found(&self, query: &str) -> Vec<String> {
        let list = self.seller.get(&self.api(&format!("/orders?{query}"))).await;
        assert_eq!(list.status(), 200, "{query}");
        let list: Value = list.json().await.unwrap();
        let items = list["items"].as_array().unwrap();
        items.iter().map(|order| order["recipient"].as_str().unwrap().to_owned()).collect()
    }

    async fn batch(&self, to: &str, orders: Value, key: &str) -> (u16, Value) {
        let body = json!({ "to": to, "orders": orders });
        let answer = self.seller.post_with(&self.api("/order-batches"), &body, key).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn stage(&self, order: &Value) -> String {
        let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        let order: Value = self.buyer.get(&path).await.json().await.unwrap();
        order["fulfilment_state"].as_str().unwrap().to_owned()
    }

    async fn form(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Response {
        let sent = self.seller.ask(Method::POST, &self.room(path)).header("accept", "text/html").form(form);
        sent.send().await.unwrap()
    }
}

fn named(orders: &[&Value]) -> Value {
    orders.iter().map(|order| json!({ "order": order["id"] })).collect()
}

fn outcomes(batch: &Value) -> Vec<String> {
    let items = batch["items"].as_array().unwrap();
    items.iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_order_is_found_by_what_a_seller_knows_of_it() {
    for desk in Desk::each().await {
        let first = desk.sold(to("김영희", "01012345678", "parcel"), &[(&desk.fish, 1)]).await;
        desk.app.clock.advance(Duration::from_secs(60));
        desk.sold(to("이철수", "010-9876-5432", "pickup"), &[(&desk.squid, 2)]).await;
        desk.app.clock.advance(Duration::from_secs(60));
        desk.sold(to("박_100%", "010-1111-2222", "parcel"), &[(&desk.fish, 1), (&desk.squid, 1)]).await;
        let by_number = format!("q={}", first["number"].as_str().unwrap());
        for (query, expected) in [
            ("", vec!["박_100%", "이철수", "김영희"]),
            (by_number.as_str(), vec!["김영희"]),
            ("q=영희", vec!["김영희"]),
            ("q=5678", vec!["김영희"]),
            ("q=5432", vec!["이철수"]),
            ("q=고등어", vec!["박_100%", "김영희"]),
            ("q=오징어", vec!["박_100%", "이철수"]),
            ("q=%25", vec!["박_100%", "이철수"]),
            ("q=_", vec!["박_100%"]),
            ("q=%27%20or%201%3D1%20--", vec![]),
            ("q=x%27)%3B%20drop%20table%20orders%3B--", vec![]),
            ("hand_over=pickup", vec!["이철수"]),
            ("hand_over=parcel&q=오징어", vec!["박_100%"]),
            ("show=any", vec![]),
            ("when=today", vec!["박_100%", "이철수", "김영희"]),
            ("when=days&from=2026-11-24&to=2026-11-24", vec!["박_100%", "이철수", "김영희"]),
            ("when=days&to=2026-11-23", vec![]),
            ("stage=preparing", vec![]),
        ] {
            assert_eq!(desk.found(query).await, expected, "{query} {}", desk.app.engine);
        }
        desk.app.clock.advance(Duration::from_secs(48 * 3600));
        assert!(desk.found("when=today").await.is_empty());
        assert_eq!(desk.found("when=week").await.len(), 3);
        let long = "a".repeat(10_000);
        for (wrong, field) in [
            (format!("q={long}"), "q"),
            ("when=days&from=2026-13-01".to_owned(), "from"),
            ("when=days&from=2026-11-25&to=2026-11-24".to_owned(), "to"),
            ("hand_over=drone".to_owned(), "hand_over"),
            ("show=1%20or%201".to_owned(), "show"),
        ] {
            let refused = desk.seller.get(&desk.api(&format!("/orders?{wrong}"))).await;
            assert_eq!(refused.status(), 422, "{field}");
            let refused: Value = refused.json().await.unwrap();
            assert_eq!(refused["fields"][0]["field"], field);
            let page = desk.seller.page(&desk.room(&format!("/orders?{wrong}"))).await;
            assert_eq!(page.status(), 422, "{field}");
        }
        let page = desk.seller.page(&desk.room("/orders?when=week&q=영희")).await.text().await.unwrap();
        assert!(page.contains("value=\"영희\"") && page.contains("김영희") && !page.contains("이철수"));
        for path in [desk.api("/orders"), desk.room("/orders"), desk.room("/orders.csv")] {
            let rival = app_rival(&desk.app).await;
            assert_eq!(rival.page(&path).await.status(), 404, "{path}");
        }
    }
}

/// Somebody with a stall of their own.
async fn app_rival(app: &App) -> Client {
    let rival = app.shopper("다른 사장").await;
    open_stall(&rival, 5).await;
    rival
}

#[tokio::test]
async fn a_cursor_goes_on_in_its_list_and_does_no_harm_in_another() {
    for desk in Desk::each().await {
        for name in ["가", "나", "다"] {
            // All in the same millisecond: the id decides.
            desk.sold(to(name, "010-0000-0001", "parcel"), &[(&desk.fish, 1)]).await;
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = desk.api(&format!("/orders?limit=1{cursor}"));
            let page: Value = desk.seller.get(&path).await.json().await.unwrap();
            seen.push(page["items"][0]["recipient"].as_str().unwrap().to_owned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, ["가", "나", "다"], "{}", desk.app.engine);
        assert!(desk.found(&format!("q=가{cursor}")).await.len() <= 1);
        assert!(desk.found(&format!("stage=sent{cursor}")).await.is_empty());
        let damaged = desk.seller.get(&desk.api("/orders?cursor=nonsense!")).await;
        assert_eq!(damaged.status(), 400);
        let rival = app_rival(&desk.app).await;
        let theirs = rival.get(&desk.api(&format!("/orders?limit=1{cursor}"))).await;
        assert_eq!(theirs.status(), 404);
    }
}

#[tokio::test]
async fn many_orders_move_with_one_tap_and_each_is_told_about() {
    for desk in Desk::each().await {
        let (first, second) = (desk.parcel().await, desk.parcel().await);
        let unpaid = desk.placed(to("지나", "010-0000-0001", "parcel"), &[(&desk.fish, 1)]).await;
        let called_off = desk.parcel().await;
        let path = format!("/api/v1/orders/{}/cancellation", called_off["id"].as_str().unwrap());
        assert_eq!(desk.buyer.post(&path, &json!({})).await.status(), 200);
        // Another stall's order, which must not move.
        let rival = desk.app.shopper("다른 사장").await;
        let (_, theirs) = open_stall(&rival, 5).await;
        let theirs =
            desk.sold(to("지나", "010-0000-0001", "pickup"), &[(&theirs["variants"][0]["id"], 1)]).await;

        let orders = json!([
            { "order": first["id"] }, { "order": second["number"] }, { "order": first["number"] },
            { "order": unpaid["id"] }, { "order": called_off["id"] }, { "order": theirs["id"] },
            { "order": "9999-999" }, { "order": "' or 1=1 --" },
        ]);
        let (status, batch) = desk.batch("preparing", orders.clone(), "tap").await;
        assert_eq!((status, &batch["done_count"]), (201, &json!(2)), "{batch}");
        let told = ["done", "done", "twice", "unpaid", "called-off", "unknown", "unknown", "unknown"];
        assert_eq!(outcomes(&batch), told, "{}", desk.app.engine);
        assert_eq!(batch["items"][5]["number"], "", "nothing of another stall's order is told");
        assert_eq!(desk.stage(&theirs).await, "new");
        for moved in [&first, &second] {
            assert_eq!(desk.stage(moved).await, "preparing");
        }
        // The same tap again is the same batch, and another body with its key is refused.
        let (status, again) = desk.batch("preparing", orders, "tap").await;
        assert_eq!((status, &again["id"], outcomes(&again)), (201, &batch["id"], outcomes(&batch)));
        let (status, other) = desk.batch("preparing", named(&[&first]), "tap").await;
        assert_eq!((status, &other["type"]), (422, &json!("/problems/key-reused")));
        // A new tap finds that they are there already.
        let (_, later) = desk.batch("preparing", named(&[&first, &second]), "another").await;
        assert_eq!(outcomes(&later), ["moved-on", "moved-on"]);
        let (status, none) = desk.batch("preparing", json!([]), "none").await;
        assert_eq!((status, &none["type"]), (422, &json!("/problems/none-ticked")));
        let body = json!({ "to": "preparing", "orders": named(&[&first]) });
        let refused = rival.post(&desk.api("/order-batches"), &body).await;
        assert_eq!(refused.status(), 404);
        let (status, _) = desk.batch("handed-over", named(&[&first]), "code").await;
        assert_eq!(status, 422, "handing over takes the code");
    }
}

#[tokio::test]
async fn a_hundred_orders_move_at_once_and_one_more_does_not() {
    for desk in Desk::each().await {
        let mut orders = Vec::new();
        for _ in 0..101 {
            orders.push(desk.parcel().await);
        }
        let all: Vec<&Value> = orders.iter().collect();
        let (status, refused) = desk.batch("preparing", named(&all), "many").await;
        assert_eq!((status, &refused["type"]), (422, &json!("/problems/too-many-orders")));
        assert!(refused["detail"].as_str().unwrap().contains("100"), "{refused}");
        let (status, batch) = desk.batch("preparing", named(&all[..100]), "hundred").await;
        assert_eq!((status, &batch["done_count"]), (201, &json!(100)), "{}", desk.app.engine);
        // Two phones at once, one of them from the end: each order is sent once.
        let backwards: Vec<&Value> = all[..100].iter().rev().copied().collect();
        let (one, other) = tokio::join!(
            desk.batch("sent", named(&all[..100]), "one"),
            desk.batch("sent", named(&backwards), "other"),
        );
        let done = |batch: &Value| batch["done_count"].as_i64().unwrap();
        assert_eq!((one.0, other.0), (201, 201), "{} {}", one.1, other.1);
        assert_eq!(done(&one.1) + done(&other.1), 100, "{}", desk.app.engine);
        let page = desk.seller.page(&desk.room("/orders?stage=sent&all=1")).await.text().await.unwrap();
        assert_eq!(page.matches(" checked>").count(), 50, "a page of boxes, each ticked");
    }
}

#[tokio::test]
async fn a_slip_of_the_thumb_is_taken_back_for_ten_seconds() {
    for desk in Desk::each().await {
        let (first, second) = (desk.parcel().await, desk.parcel().await);
        let both = [&first, &second];
        let undo = async |batch: &Value| {
            let path = desk.api(&format!("/order-batches/{}/undo", batch["id"].as_str().unwrap()));
            let answer = desk.seller.post(&path, &json!({})).await;
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap())
        };
        let (_, batch) = desk.batch("preparing", named(&both), "a").await;
        desk.app.clock.advance(Duration::from_secs(10));
        let (status, undone) = undo(&batch).await;
        assert_eq!((status, outcomes(&undone)), (200, vec!["undone".into(), "undone".into()]));
        assert_eq!(undo(&batch).await.0, 200, "twice changes nothing");
        assert_eq!(desk.stage(&first).await, "new", "{}", desk.app.engine);
        let (_, again) = desk.batch("preparing", named(&both), "a").await;
        assert_eq!(again["id"], batch["id"], "the old tap does not come back to life");
        assert_eq!(desk.stage(&first).await, "new");

        // Sent with a number; one of the two is looked at before the way back is taken.
        desk.batch("preparing", named(&both), "b").await;
        let sent = json!([
            { "order": first["id"], "tracking": "6012-3456" }, { "order": second["id"], "tracking": "6012-3457" },
        ]);
        let (_, batch) = desk.batch("sent", sent, "c").await;
        let step = [("from", "sent"), ("to", "preparing")];
        let back = desk.form(&format!("/orders/{}/stage", second["id"].as_str().unwrap()), &step).await;
        assert_eq!(back.status(), 303);
        desk.app.clock.advance(Duration::from_secs(14));
        let (status, undone) = undo(&batch).await;
        assert_eq!(
            (status, outcomes(&undone)),
            (200, vec!["undone".into(), "done".into()]),
            "within the grace"
        );
        let order: Value = desk
            .buyer
            .get(&format!("/api/v1/orders/{}", first["id"].as_str().unwrap()))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!((&order["fulfilment_state"], &order["tracking"]), (&json!("preparing"), &json!("")));

        let (_, late) = desk.batch("sent", named(&[&first]), "d").await;
        let page = format!("/orders/batches/{}", late["id"].as_str().unwrap());
        let fresh = desk.seller.page(&desk.room(&page)).await.text().await.unwrap();
        assert!(fresh.contains("/undo\""), "the way back is shown");
        desk.app.clock.advance(Duration::from_secs(16));
        let stale = desk.seller.page(&desk.room(&page)).await.text().await.unwrap();
        assert!(!stale.contains("/undo\""), "and then it is not");
        let (status, refused) = undo(&late).await;
        assert_eq!((status, &refused["type"]), (409, &json!("/problems/undo-late")));
        assert_eq!(desk.stage(&first).await, "sent");
        let rival = app_rival(&desk.app).await;
        let path = desk.api(&format!("/order-batches/{}/undo", late["id"].as_str().unwrap()));
        assert_eq!(rival.post(&path, &json!({})).await.status(), 404);
    }
}

#[tokio::test]
async fn parcels_get_their_numbers_on_one_page_without_a_script() {
    for desk in Desk::each().await {
        let (first, second, third) = (desk.parcel().await, desk.parcel().await, desk.parcel().await);
        let fetched = desk.sold(to("이철수", "010-9876-5432", "pickup"), &[(&desk.fish, 1)]).await;
        let id = |order: &Value| order["id"].as_str().unwrap().to_owned();
        let (a, b, c, d) = (id(&first), id(&second), id(&third), id(&fetched));
        let number = |order: &Value| order["number"].as_str().unwrap().to_owned();
        let (na, nb, nc) = (number(&first), number(&second), number(&third));
        let ticked: Vec<(&str, &str)> = [("key", "k1"), ("to", "preparing")]
            .into_iter()
            .chain([&a, &b, &c, &d].map(|id| ("order", id.as_str())))
            .collect();
        let moved = desk.form("/orders/batches", &ticked).await;
        assert_eq!(moved.status(), 303, "{}", desk.app.engine);
        let place = moved.headers()["location"].to_str().unwrap().to_owned();
        let told = desk.seller.page(&place).await.text().await.unwrap();
        assert!(told.contains("4건을 챙기기 시작했어요"), "{told}");

        let path = desk.room(&format!("/orders/sending?order={a}&order={b}&order={d}"));
        let page = desk.seller.page(&path).await.text().await.unwrap();
        assert!(page.contains(&na) && page.contains("1건은 빼 두었어요"), "{page}");
        assert_eq!(desk.seller.page(&desk.room("/orders/sending")).await.status(), 422, "nothing was ticked");

        let typed = |tracking: &'static str, lines: &str| -> Vec<(&'static str, String)> {
            let pairs = [
                ("key", "k2"),
                ("to", "sent"),
                ("order", a.as_str()),
                ("number", na.as_str()),
                ("tracking", tracking),
                ("order", b.as_str()),
                ("number", nb.as_str()),
                ("tracking", ""),
                ("lines", lines),
            ];
            pairs.map(|(name, value)| (name, value.to_owned())).to_vec()
        };
        let send = async |form: Vec<(&'static str, String)>| {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            desk.form("/orders/batches", &form).await
        };
        let lines = format!("{nb}, 7777-1\n{nc}\t7777-2");
        let wrong = send(typed("1234 < 5", &lines)).await;
        assert_eq!(wrong.status(), 422);
        let wrong = wrong.text().await.unwrap();
        assert!(
            wrong.contains("value=\"1234 &") && wrong.contains("7777-2"),
            "what was typed stays: {wrong}"
        );
        assert_eq!(send(typed("1234-5", "only-a-number")).await.status(), 422, "a line without its half");
        assert_eq!(desk.stage(&first).await, "preparing");
        let sent = send(typed("1234-5", &lines)).await;
        assert_eq!(sent.status(), 303, "{}", desk.app.engine);
        for (order, tracking) in [(&first, "1234-5"), (&second, "7777-1"), (&third, "7777-2")] {
            let path = format!("/api/v1/orders/{}", id(order));
            let order: Value = desk.buyer.get(&path).await.json().await.unwrap();
            assert_eq!((&order["fulfilment_state"], &order["tracking"]), (&json!("sent"), &json!(tracking)));
        }
        assert_eq!(desk.stage(&fetched).await, "preparing");
    }
}

#[tokio::test]
async fn the_sheet_has_a_row_for_each_thing_and_no_formula() {
    for desk in Desk::each().await {
        let trap = "=cmd|'/c calc'!A1";
        let order = desk.sold(to(trap, "01012345678", "parcel"), &[(&desk.fish, 2), (&desk.squid, 1)]).await;
        desk.sold(to("이철수", "010-9876-5432", "pickup"), &[(&desk.fish, 1)]).await;
        let sheet = desk.seller.page(&desk.room("/orders.csv?stage=new")).await;
        assert_eq!(sheet.status(), 200, "{}", desk.app.engine);
        assert_eq!(sheet.headers()["content-type"], "text/csv; charset=utf-8");
        assert!(sheet.headers()["content-disposition"].to_str().unwrap().ends_with(".csv\""));
        let sheet = sheet.bytes().await.unwrap();
        assert!(sheet.starts_with("\u{feff}주문 번호,".as_bytes()), "Excel reads it as UTF-8");
        let text = String::from_utf8(sheet.to_vec()).unwrap();
        let rows: Vec<&str> = text.trim_end().split("\r\n").collect();
        assert_eq!(rows.len(), 4, "{text}");
        let mine: Vec<&str> =
            rows.iter().copied().filter(|row| row.contains(order["number"].as_str().unwrap())).collect();
        assert!(mine.iter().all(|row| row.contains(",'=cmd|") && row.contains(",010-1234-5678,")), "{text}");
        // The delivery and the total stand once an order, so that a column's sum is right.
        assert!(mine[0].ends_with(",고등어 한 손,큰 것,2,9800,19600,4000,35600,"), "{text}");
        assert!(mine[1].ends_with(",오징어 100% 국산,말린 것,1,12000,12000,,,"), "{text}");
        let narrow = desk.seller.page(&desk.room("/orders.csv?stage=new&hand_over=pickup")).await;
        assert_eq!(narrow.text().await.unwrap().trim_end().split("\r\n").count(), 2);
    }
}

/// What a reader copies out of a document.
fn read_back(document: &[u8]) -> String {
    let mut reader = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pdftotext is installed by ./run test (poppler-utils)");
    reader.stdin.take().unwrap().write_all(document).unwrap();
    let read = reader.wait_with_output().unwrap();
    assert!(read.status.success());
    String::from_utf8(read.stdout).unwrap()
}

#[tokio::test]
async fn slips_and_labels_say_what_the_box_and_the_carrier_need_and_no_more() {
    for desk in Desk::each().await {
        let order =
            desk.sold(to("김영희", "01012345678", "parcel"), &[(&desk.fish, 3), (&desk.squid, 1)]).await;
        let fetched = desk.sold(to("이철수", "010-9876-5432", "pickup"), &[(&desk.squid, 2)]).await;
        let ids: Vec<&str> = [&order, &fetched].iter().map(|order| order["id"].as_str().unwrap()).collect();
        let query = format!("order={}&order={}", ids[0], ids[1]);

        let slips = desk.seller.page(&desk.room(&format!("/orders/slips.pdf?{query}"))).await;
        assert_eq!(slips.status(), 200, "{}", desk.app.engine);
        assert_eq!(slips.headers()["content-type"], "application/pdf");
        assert_eq!(slips.headers()["cache-control"], "no-store");
        let slips = slips.bytes().await.unwrap();
        assert!(slips.len() < 300_000, "only the letters that are used: {} bytes", slips.len());
        // The reader guesses where spaces are by how wide they are.
        let flat = |text: &str| text.split_whitespace().collect::<String>();
        let slips = flat(&read_back(&slips));
        for said in [
            order["number"].as_str().unwrap(),
            "고등어 한 손",
            "3개",
            "오징어 100% 국산",
            "큰 것",
            "문 앞에 놓아 주세요",
            "김영희",
            "(04520) 너울시 물결구 파도로 12 3동 104호",
            "이철수",
            "고등어네",
            "000-00-00015",
        ] {
            assert!(slips.contains(&flat(said)), "{said} is missing in {slips}");
        }
        assert!(
            !slips.contains("1234") && !slips.contains("9876"),
            "a slip needs no phone of a buyer's: {slips}"
        );
        let paid: Value = desk.buyer.get(&format!("/api/v1/orders/{}", ids[1])).await.json().await.unwrap();
        assert!(slips.contains(paid["pickup_code"].as_str().unwrap()), "{slips}");

        let labels = desk.seller.page(&desk.room(&format!("/orders/labels.pdf?{query}"))).await;
        assert_eq!(labels.status(), 200);
        let labels = flat(&read_back(&labels.bytes().await.unwrap()));
        for said in
            ["김영희", "010-1234-5678", "04520", "3동 104호", "고등어네", order["number"].as_str().unwrap()]
        {
            assert!(labels.contains(&flat(said)), "{said} is missing in {labels}");
        }
        for hidden in ["이철수", "고등어 한 손", "문 앞에", "9,800"] {
            assert!(!labels.contains(&flat(hidden)), "{hidden} does not belong on a parcel: {labels}");
        }
        let only_fetched = desk.seller.get(&desk.room(&format!("/orders/labels.pdf?order={}", ids[1]))).await;
        assert_eq!(only_fetched.status(), 422);
        assert_eq!(desk.seller.get(&desk.room("/orders/slips.pdf")).await.status(), 422);
        let many = format!("/orders/slips.pdf?{}", vec![format!("order={}", ids[0]); 101].join("&"));
        assert_eq!(desk.seller.get(&desk.room(&many)).await.status(), 422);

        let rival = desk.app.shopper("다른 사장").await;
        let (theirs, _) = open_stall(&rival, 5).await;
        let stolen = rival.get(&format!("/sell/{theirs}/orders/slips.pdf?{query}")).await;
        assert_eq!(stolen.status(), 404, "another stall's orders are not there");
        assert_eq!(rival.get(&desk.room(&format!("/orders/slips.pdf?{query}"))).await.status(), 404);
    }
}

#[tokio::test]
async fn parcels_of_a_batch_are_followed_like_single_ones_until_it_is_taken_back() {
    for desk in Desk::each().await {
        let (first, second) = (desk.parcel().await, desk.parcel().await);
        desk.batch("preparing", named(&[&first, &second]), "a").await;
        let path = desk.api("/order-batches");
        let sent = |carrier: &str, number: &str| {
            json!({ "to": "sent", "carrier": carrier, "orders": [
                { "order": first["id"], "tracking": number }, { "order": second["id"] },
            ] })
        };
        for (carrier, number) in [("nobody", "6012-3456-7890"), ("cj", "12")] {
            let wrong = desk.seller.post_with(&path, &sent(carrier, number), "wrong").await;
            assert_eq!(wrong.status(), 422, "{}: {carrier} {number}", desk.app.engine);
        }
        let parcels = async |order: &Value| -> Vec<String> {
            base::sql!(
                values & desk.app.app.base.db,
                "select number from shipments where order_id = $1 and removed_at_ms is null",
                order["id"].as_str().unwrap().to_owned()
            )
            .unwrap()
        };
        let batch: Value =
            desk.seller.post_with(&path, &sent("cj", "6012-3456-7890"), "b").await.json().await.unwrap();
        desk.seller.post_with(&path, &sent("cj", "6012-3456-7890"), "b").await;
        assert_eq!(
            parcels(&first).await,
            ["601234567890"],
            "{}: once, however often it is tapped",
            desk.app.engine
        );
        assert!(parcels(&second).await.is_empty(), "brought by hand");
        assert_eq!((desk.stage(&first).await, desk.stage(&second).await), ("sent".into(), "sent".into()));
        let undo = desk.api(&format!("/order-batches/{}/undo", batch["id"].as_str().unwrap()));
        assert_eq!(desk.seller.post(&undo, &json!({})).await.status(), 200);
        assert!(parcels(&first).await.is_empty());
        assert_eq!(desk.stage(&first).await, "preparing");
    }
}
