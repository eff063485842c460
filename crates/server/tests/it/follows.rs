//! Follows through the front door: one person counts once, and the past stays what it was.

use std::time::Duration;

use base::sql;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::deal::{form, whither};
use crate::sale::open_stall;

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Stall {
    app: App,
    seller: Client,
    store: String,
    slug: String,
}

impl Stall {
    async fn each() -> Vec<Stall> {
        let mut all = Vec::new();
        for app in App::each().await {
            let seller = app.shopper("한파도").await;
            let (store, _) = open_stall(&seller, 5).await;
            let slug =
                sql!(value & app.app.base.db, "select slug from stores where id = $1", &store).unwrap();
            all.push(Stall { app, seller, store, slug });
        }
        all
    }

    async fn press(&self, who: &Client, method: Method) -> Response {
        let path = format!("/api/v1/follows/{}", self.slug);
        who.ask(method, &path).header("accept", "application/json").send().await.unwrap()
    }

    async fn followers(&self) -> Value {
        self.seller.get(&format!("/api/v1/stores/{}/followers", self.store)).await.json().await.unwrap()
    }

    /// What is always true: the events come to who follows now.
    async fn check(&self) {
        let wrong: i64 = sql!(
            value & self.app.app.base.db,
            "select count(*) from stores s where
               (select coalesce(sum(e.change), 0) from follow_events e where e.store_id = s.id) <>
               (select count(*) from follows f where f.store_id = s.id)"
        )
        .unwrap();
        assert_eq!(wrong, 0, "{}", self.app.engine);
    }
}

#[tokio::test]
async fn one_person_is_one_follower_however_often_they_tap() {
    for stall in Stall::each().await {
        let (a, b) = (stall.app.shopper("가").await, stall.app.shopper("나").await);
        assert_eq!(stall.press(&stall.app.stranger(), Method::PUT).await.status(), 401);
        tokio::join!(
            stall.press(&a, Method::PUT),
            stall.press(&a, Method::PUT),
            stall.press(&b, Method::PUT),
            stall.press(&a, Method::PUT)
        );
        assert_eq!(stall.followers().await["followers"], 2, "{}", stall.app.engine);
        stall.check().await;
        let told: Value = stall.press(&a, Method::DELETE).await.json().await.unwrap();
        assert_eq!((&told["is_followed"], &told["followers"]), (&json!(false), &json!(1)));
        stall.press(&a, Method::DELETE).await;
        stall.check().await;
        let mine: Value = b.get("/api/v1/follows").await.json().await.unwrap();
        assert_eq!(mine["items"][0]["slug"], json!(stall.slug));
        assert_eq!(b.ask(Method::DELETE, "/api/v1/me").send().await.unwrap().status(), 204);
        stall.app.done().await;
        assert_eq!(stall.followers().await["followers"], 0, "{}", stall.app.engine);
        stall.check().await;
        let path = "/api/v1/follows/nowhere";
        assert_eq!(a.ask(Method::PUT, path).send().await.unwrap().status(), 404);
        let rival = stall.app.shopper("옆집").await;
        open_stall(&rival, 1).await;
        let theirs = format!("/api/v1/stores/{}/followers", stall.store);
        assert_eq!(rival.get(&theirs).await.status(), 404);
    }
}

#[tokio::test]
async fn the_past_can_be_told_from_the_events_over_four_months() {
    for stall in Stall::each().await {
        // The demo of a growing stall: 587 followers in the summer, 802 at the end of November.
        stall.app.later(DAY).await;
        let months =
            [(587, "2026-07-20T00:00:00Z"), (40, "2026-08-15T00:00:00Z"), (75, "2026-09-30T14:59:59Z")];
        let mut tx = stall.app.app.base.db.begin().await.unwrap();
        let mut put = Vec::new();
        for (count, at) in
            months.into_iter().chain([(60, "2026-09-30T15:00:00Z"), (40, "2026-11-02T00:00:00Z")])
        {
            let at_ms = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            put.extend((0..count).map(|_| json!({ "id": uuid::Uuid::new_v4().to_string(), "at": at_ms })));
        }
        let rows = serde_json::to_string(&put).unwrap();
        sql!(run &mut tx,
            "insert into follow_events (id, store_id, change, at_ms)
             select j.value ->> 'id', $1, 1, cast(j.value ->> 'at' as bigint) from json_each($2) as j",
            &stall.store, &rows)
        .unwrap();
        sql!(run &mut tx,
            "insert into follows (store_id, person_id, since_ms)
             select $1, j.value ->> 'id', cast(j.value ->> 'at' as bigint) from json_each($2) as j",
            &stall.store, &rows)
        .unwrap();
        tx.commit().await.unwrap();
        stall.check().await;
        let seen = stall.followers().await;
        let of = |month: &str| {
            let months = seen["months"].as_array().unwrap();
            months.iter().find(|one| one["month"] == month).unwrap()["followers"].as_i64().unwrap()
        };
        assert_eq!(seen["months"].as_array().unwrap().len(), 12);
        assert_eq!(
            [
                of("2026-06-01"),
                of("2026-07-01"),
                of("2026-08-01"),
                of("2026-09-01"),
                of("2026-10-01"),
                of("2026-11-01")
            ],
            [0, 587, 627, 702, 762, 802],
            "{}: a month ends at midnight in Seoul",
            stall.app.engine
        );
        let page = stall.seller.page(&format!("/sell/{}/followers", stall.store)).await.text().await.unwrap();
        assert!(
            page.contains("587명에서 802명으로 늘었어요") && page.contains("<svg class=\"trend\""),
            "{page}"
        );
        assert!(page.contains("2026년 11월") && page.contains("762"), "the numbers stand in a table");
    }
}

#[tokio::test]
async fn without_a_script_the_heart_is_a_form() {
    for stall in Stall::each().await {
        let shopper = stall.app.shopper("가").await;
        let page = format!("/stores/{}", stall.slug);
        let press = format!("{page}/follow");
        let guest = form(&stall.app.stranger(), &press, &[("follow", "on")]).await;
        assert!(whither(&guest).starts_with("/sign-in"));
        assert_eq!(whither(&form(&shopper, &press, &[("follow", "on")]).await), page);
        let shown = shopper.page(&page).await.text().await.unwrap();
        assert!(shown.contains("찜했어요") && shown.contains("value=\"off\""), "{shown}");
        let mine = shopper.page("/me/follows").await.text().await.unwrap();
        assert!(mine.contains("고등어네"));
        let dropped = whither(&form(&shopper, &press, &[("follow", "off"), ("list", "1")]).await);
        let dropped = shopper.page(&dropped).await.text().await.unwrap();
        assert!(dropped.contains("되돌리기") && !dropped.contains("찜 빼기"), "{dropped}");
        let piece =
            shopper.ask(Method::POST, &press).header("x-fragment", "1").header("accept", "application/json");
        let piece = piece.form(&[("follow", "on")]).send().await.unwrap().text().await.unwrap();
        assert!(piece.starts_with("<form") && piece.contains("찜했어요"), "{piece}");
        stall.check().await;
    }
}
