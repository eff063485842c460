//! Opening hours and the market's map through the front door. The clock stands at seven on Tuesday, 24 November 2026.

use std::time::Duration;

use base::sql;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{App, Client};
use crate::deal::{form, whither};
use crate::sale::open_stall;

const HOUR: Duration = Duration::from_secs(3600);

async fn put(who: &Client, path: &str, body: &Value) -> Response {
    who.ask(Method::PUT, path).header("accept", "application/json").json(body).send().await.unwrap()
}

fn week() -> Value {
    (0..6)
        .map(|weekday| {
            json!({ "weekday": weekday, "opens": "08:00", "closes": "18:00", "rests_from": "12:00", "rests_to": "13:00" })
        })
        .collect()
}

async fn page_of(app: &App, store: &str) -> String {
    let slug: String = sql!(value & app.app.base.db, "select slug from stores where id = $1", store).unwrap();
    app.stranger().page(&format!("/stores/{slug}")).await.text().await.unwrap()
}

#[tokio::test]
async fn a_stall_says_by_itself_whether_it_is_open() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let (store, _) = open_stall(&seller, 1).await;
        assert!(!page_of(&app, &store).await.contains("열었어요"), "nobody told");
        let path = format!("/api/v1/stores/{store}/hours");
        let hours = json!({
            "week": week(), "rests": [{ "nth": 4, "weekday": 2 }], "holidays": ["2026-11-26"],
            "lane": "가동 3번 골목", "place": "12호",
        });
        let rival = app.shopper("옆집").await;
        assert_eq!(put(&rival, &path, &hours).await.status(), 404, "{}", app.engine);
        assert_eq!(put(&seller, &path, &hours).await.status(), 200, "{}", app.engine);
        let read: Value = app.stranger().get(&path).await.json().await.unwrap();
        assert_eq!(
            (&read["week"][0]["opens"], &read["holidays"][0]),
            (&json!("08:00"), &json!("2026-11-26"))
        );
        for (after, said) in [
            (0, "오전 8:00에 열어요"),
            (1, "지금 열었어요"),
            (4, "잠시 쉬어요"),
            (1, "오후 6:00까지"),
            (5, "오늘은 닫았어요"),
            // Wednesday: the fourth of the month. Thursday: a day by itself. Friday: as ever.
            (12, "오늘 쉬어요"),
            (24, "오늘 쉬어요"),
            (26, "지금 열었어요"),
        ] {
            app.clock.advance(HOUR * after);
            let page = page_of(&app, &store).await;
            assert!(page.contains(said), "{}: {said} after {after}: {page}", app.engine);
        }
        let home = app.stranger().page("/").await.text().await.unwrap();
        assert!(home.contains("지금 열었어요"));
        for (wrong, field) in [
            (json!({ "week": [{ "weekday": 1, "opens": "10:00", "closes": "09:00" }] }), "day-1"),
            (json!({ "week": [{ "weekday": 7, "opens": "10:00", "closes": "19:00" }] }), "day-7"),
            (json!({ "rests": [{ "nth": 6, "weekday": 0 }] }), "rests"),
            (json!({ "fair_days": [12] }), "fair"),
            (
                json!({ "week": [{ "weekday": 1, "opens": "10:00", "closes": "19:00", "rests_from": "09:00",
                "rests_to": "11:00" }] }),
                "rest",
            ),
        ] {
            let refused = put(&seller, &path, &wrong).await;
            assert_eq!(refused.status(), 422, "{}: {wrong}", app.engine);
            assert!(refused.text().await.unwrap().contains(field), "{wrong}");
        }
        let kept: Value = app.stranger().get(&path).await.json().await.unwrap();
        assert_eq!(kept, read, "{}: what is refused changes nothing", app.engine);
    }
}

#[tokio::test]
async fn the_map_has_lanes_and_can_show_only_what_is_open() {
    for app in App::each().await {
        let names = [("첫째", "12호", "06:00"), ("둘째", "3호", "09:00")];
        for (name, place, opens) in names {
            let seller = app.shopper(name).await;
            let (store, _) = open_stall(&seller, 1).await;
            let week = json!([{ "weekday": 1, "opens": opens, "closes": "18:00" }]);
            let hours = json!({ "week": week, "lane": "가동 3번 골목", "place": place });
            assert_eq!(put(&seller, &format!("/api/v1/stores/{store}/hours"), &hours).await.status(), 200);
        }
        let (hidden, _) = open_stall(&app.shopper("셋째").await, 1).await;
        let all = app.stranger().page("/stalls").await.text().await.unwrap();
        assert!(
            all.contains("가동 3번 골목") && all.contains("그 밖의 가게") && all.contains("지금 1곳이"),
            "{all}"
        );
        assert!(all.find(">3호<").unwrap() < all.find(">12호<").unwrap(), "in the order of their numbers");
        let open = app.stranger().page("/stalls?open=1").await.text().await.unwrap();
        assert!(open.contains(">12호<") && !open.contains(">3호<") && !open.contains("그 밖의"), "{open}");
        assert!(!hidden.is_empty());
    }
}

#[tokio::test]
async fn without_a_script_a_seller_writes_the_hours_down_in_plain_steps() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let (store, _) = open_stall(&seller, 1).await;
        let base = format!("/sell/{store}/hours");
        let page = seller.page(&base).await.text().await.unwrap();
        assert!(page.contains("hours/week"), "{page}");
        let blank = seller.page(&format!("{base}/week")).await.text().await.unwrap();
        assert!(blank.contains("월요일") && blank.contains("value=\"09:00\""));
        let typed = |closes: &'static str, act: &'static str| {
            vec![
                ("open-0", "on"),
                ("opens-0", "07:00"),
                ("closes-0", closes),
                ("open-1", "on"),
                ("opens-1", "09:00"),
                ("closes-1", "19:00"),
                ("act", act),
            ]
        };
        let same = form(&seller, &format!("{base}/week"), &typed("20:00", "same")).await;
        assert_eq!(same.status(), 200);
        assert_eq!(same.text().await.unwrap().matches("value=\"07:00\"").count(), 2, "{}", app.engine);
        let wrong = form(&seller, &format!("{base}/week"), &typed("06:00", "")).await;
        assert_eq!(wrong.status(), 422);
        let wrong = wrong.text().await.unwrap();
        assert!(wrong.contains("value=\"06:00\"") && wrong.contains("늦어야 해요"), "{wrong}");
        whither(&form(&seller, &format!("{base}/week"), &typed("00:00", "")).await);
        let rests = [("nth", "2"), ("nth", "4"), ("weekday", "6"), ("fair", "2,7")];
        whither(&form(&seller, &format!("{base}/rests"), &rests).await);
        assert_eq!(
            form(&seller, &format!("{base}/days"), &[("day", "2026-11-23")]).await.status(),
            422,
            "past"
        );
        whither(&form(&seller, &format!("{base}/days"), &[("day", "2026-12-25")]).await);
        let dropped = whither(&form(&seller, &format!("{base}/days/2026-12-25/removal"), &[]).await);
        let dropped = seller.page(&dropped).await.text().await.unwrap();
        assert!(dropped.contains("되돌리기") && dropped.contains("value=\"2026-12-25\""), "{dropped}");
        whither(&form(&seller, &format!("{base}/days"), &[("day", "2026-12-25")]).await);
        let place = [("lane", "가동 3번 골목"), ("place", "12호"), ("hours", "비가 오면 일찍 닫아요")];
        whither(&form(&seller, &format!("{base}/place"), &place).await);
        let kept: Value =
            app.stranger().get(&format!("/api/v1/stores/{store}/hours")).await.json().await.unwrap();
        assert_eq!(
            kept,
            json!({
                "week": [
                    { "weekday": 0, "opens": "07:00", "closes": "24:00", "rests_from": null, "rests_to": null },
                    { "weekday": 1, "opens": "09:00", "closes": "19:00", "rests_from": null, "rests_to": null },
                ],
                "rests": [{ "nth": 2, "weekday": 6 }, { "nth": 4, "weekday": 6 }],
                "holidays": ["2026-12-25"], "fair_days": [2, 7], "lane": "가동 3번 골목", "place": "12호",
            }),
            "{}",
            app.engine
        );
        let shown = page_of(&app, &store).await;
        for said in [
            "가동 3번 골목 12호",
            "2번째 일요일",
            "장날",
            "12월 25일",
            "비가 오면 일찍 닫아요",
            "오전 9:00에 열어요",
        ] {
            assert!(shown.contains(said), "{}: {said}: {shown}", app.engine);
        }
        let rival = app.shopper("옆집").await;
        assert_eq!(rival.page(&base).await.status(), 404);
        assert_eq!(form(&rival, &format!("{base}/rests"), &rests).await.status(), 404);
    }
}
