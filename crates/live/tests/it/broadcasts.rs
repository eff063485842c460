//! Stages, chat, pins, reactions and replays, by page and by API.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use base::sql;
use live::broadcast::{self, Replay, Stage};
use live::{reaction, replay, stream};
use serde_json::{Value, json};

use crate::market::{Market, NOON_MS, markets, new_show};

fn stage(of: &live::Broadcast) -> &'static str {
    of.stage.word()
}

#[tokio::test]
async fn a_broadcast_goes_through_its_stages_once() {
    for market in markets().await {
        let db = &market.live.base.db;
        let show = market.show().await;
        assert_eq!(show.stage, Stage::Scheduled { starts_at_ms: NOON_MS }, "{}", market.engine);

        assert!(broadcast::begin(db, &show.id, NOON_MS + 1_000).await.unwrap());
        assert!(!broadcast::begin(db, &show.id, NOON_MS + 2_000).await.unwrap());
        assert!(broadcast::wait(db, &show.id, NOON_MS + 3_000).await.unwrap());
        assert!(!broadcast::wait(db, &show.id, NOON_MS + 4_000).await.unwrap());
        assert!(broadcast::begin(db, &show.id, NOON_MS + 5_000).await.unwrap());
        assert_eq!(market.find(&show.id).await.stage, Stage::Live { since_ms: NOON_MS + 1_000 });

        assert!(broadcast::end(db, &show.id, NOON_MS + 6_000).await.unwrap());
        assert!(!broadcast::end(db, &show.id, NOON_MS + 7_000).await.unwrap());
        assert!(!broadcast::begin(db, &show.id, NOON_MS + 8_000).await.unwrap());
        let replay = Replay { epoch_ms: NOON_MS, from_ms: NOON_MS + 1_000, duration_ms: 5_000 };
        broadcast::close(db, &show.id, Some(replay)).await.unwrap();
        broadcast::close(db, &show.id, None).await.unwrap();
        let ended = Stage::Ended { at_ms: NOON_MS + 6_000, replay: Some(replay) };
        assert_eq!(market.find(&show.id).await.stage, ended);
    }
}

#[tokio::test]
async fn a_stall_is_on_air_with_one_show() {
    for market in markets().await {
        let first = market.on_air().await;
        let second = market.show().await;
        let db = &market.live.base.db;
        let refused = broadcast::begin(db, &second.id, NOON_MS).await;
        assert!(matches!(refused, Err(live::Error::OnAirElsewhere)), "{}: {refused:?}", market.engine);
        broadcast::end(db, &first.id, NOON_MS).await.unwrap();
        assert!(broadcast::begin(db, &second.id, NOON_MS).await.unwrap());
    }
}

#[tokio::test]
async fn a_double_ending_is_one_ending() {
    for market in markets().await {
        let show = market.on_air().await;
        let path = format!("/live/{}/ending", show.id);
        let (one, two) = tokio::join!(
            market.form(&market.seller, &path, &[]),
            market.plain_form(Some(&market.seller), &path, &[])
        );
        assert_eq!(one.status, StatusCode::OK, "{}", one.text());
        assert_eq!(two.status, StatusCode::SEE_OTHER);
        assert_eq!(two.header("location"), show.studio_path());
        assert_eq!(stage(&market.find(&show.id).await), "ended");
        let jobs: i64 =
            sql!(value & market.live.base.db, "select count(*) from jobs where name = 'live-close'").unwrap();
        assert_eq!(jobs, 1, "{}", market.engine);
    }
}

#[tokio::test]
async fn somebody_else_cannot_run_a_show() {
    for market in markets().await {
        let show = market.on_air().await;
        for path in ["pin", "unpin", "ending", "hiding", "showing"] {
            let path = format!("/live/{}/{path}", show.id);
            let form = [("product", market.mackerel.as_str())];
            assert_eq!(
                market.form(&market.stranger, &path, &form).await.status,
                StatusCode::FORBIDDEN,
                "{path}"
            );
            let nobody = market.plain_form(None, &path, &form).await;
            assert!(
                nobody.header("location").starts_with("/sign-in")
                    || nobody.status == StatusCode::UNAUTHORIZED
            );
        }
        let studio = show.studio_path();
        assert_eq!(market.page(&market.stranger, &studio).await.status, StatusCode::NOT_FOUND);
        let own = format!("/sell/{}/live/{}", "00000000-0000-7000-8000-000000000000", show.id);
        assert_eq!(market.page(&market.seller, &own).await.status, StatusCode::NOT_FOUND);
        let made = market
            .api(
                &market.stranger,
                Method::POST,
                &format!("/api/v1/stores/{}/broadcasts", market.store),
                "k1",
                new_show("x", &[]),
            )
            .await;
        assert_eq!(made.status, StatusCode::NOT_FOUND);
        assert_eq!(stage(&market.find(&show.id).await), "live");
    }
}

#[tokio::test]
async fn creating_twice_with_one_key_makes_one() {
    for market in markets().await {
        let path = format!("/api/v1/stores/{}/broadcasts", market.store);
        let body = new_show("아침 방송", &[&market.mackerel]);
        let first = market.api(&market.seller, Method::POST, &path, "key-1", body.clone()).await;
        let second = market.api(&market.seller, Method::POST, &path, "key-1", body).await;
        assert_eq!(
            (first.status, second.status),
            (StatusCode::CREATED, StatusCode::CREATED),
            "{}",
            first.text()
        );
        assert_eq!(first.json()["id"], second.json()["id"]);
        assert_ne!(first.json()["publish_key"], second.json()["publish_key"]);
        let other =
            market.api(&market.seller, Method::POST, &path, "key-1", new_show("저녁 방송", &[])).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other.json()["type"], "/problems/another-body");
        let theirs =
            market.api(&market.seller, Method::POST, &path, "key-2", new_show("x", &[&market.kimchi])).await;
        assert_eq!(theirs.json()["fields"][0]["field"], "product");
        let keyless = market.api(&market.seller, Method::POST, &path, "", new_show("x", &[])).await;
        assert_eq!(keyless.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_form_that_is_wrong_keeps_what_was_typed() {
    for market in markets().await {
        let path = format!("/sell/{}/live", market.store);
        let form = [
            ("title", "나"),
            ("when", "later"),
            ("starts", "2020-01-01T10:00"),
            ("key", "k"),
            ("product", market.hairtail.as_str()),
        ];
        let wrong = market.plain_form(Some(&market.seller), &path, &form).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text());
        for kept in ["2020-01-01T10:00", "이미 지난 시간이에요", "은갈치"] {
            assert!(wrong.text().contains(kept), "{kept} is missing in {}", wrong.text());
        }
        let form = [
            ("title", "내일 갈치"),
            ("when", "later"),
            ("starts", "2026-11-23T10:00"),
            ("key", "k"),
            ("product", market.hairtail.as_str()),
        ];
        let made = market.plain_form(Some(&market.seller), &path, &form).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
        let again = market.plain_form(Some(&market.seller), &path, &form).await;
        assert_eq!(made.header("location"), again.header("location"));
        let calendar = market.get("/live").await.text();
        assert!(calendar.contains("내일 갈치") && calendar.contains("내일 오전 10:00"), "{calendar}");
    }
}

#[tokio::test]
async fn a_line_of_chat_has_its_limits() {
    for market in markets().await {
        let show = market.on_air().await;
        let path = format!("/live/{}/chat", show.id);
        let say = async |text: &str| market.form(&market.shopper, &path, &[("text", text)]).await;

        let long = say(&"가".repeat(10_000)).await;
        assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(long.json()["fields"][0]["detail"], "200자까지 적을 수 있어요. 조금 줄여 주세요.");
        assert_eq!(say(&"가".repeat(201)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(say(" \u{0}\n\u{202e} ").await.status, StatusCode::UNPROCESSABLE_ENTITY);

        let said = say("고등어\u{0} 두\u{1b}[2J 손\n<script>alert(1)</script>").await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.text());
        assert_eq!(said.json()["text"], "고등어 두 [2J 손 <script>alert(1)</script>");
        assert_eq!(said.json()["from"], "shopper");
        assert_eq!(say(&"가".repeat(200)).await.status, StatusCode::OK);
        let page = market.page(&market.shopper, &show.path()).await.text();
        assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"), "{page}");

        for _ in 0..3 {
            assert_eq!(say("네").await.status, StatusCode::OK);
        }
        let fast = say("네").await;
        assert_eq!(fast.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(fast.header("retry-after"), "5");
        market.clock.advance(Duration::from_secs(5));
        assert_eq!(say("네").await.status, StatusCode::OK);

        let guest = market.plain_form(None, &path, &[("text", "안녕")]).await;
        assert!(guest.header("location").starts_with("/sign-in"), "{:?}", guest.headers);
        let answer = market.form(&market.seller, &path, &[("text", "어서 오세요")]).await;
        assert_eq!(
            (answer.json()["from"].clone(), answer.json()["name"].clone()),
            (json!("seller"), json!("파도네 생선"))
        );
    }
}

#[tokio::test]
async fn a_line_said_twice_with_one_key_is_one_line() {
    for market in markets().await {
        let show = market.on_air().await;
        let path = format!("/api/v1/broadcasts/{}/chat", show.id);
        let say = async |key: &str, text: &str| {
            market.api(&market.shopper, Method::POST, &path, key, json!({ "text": text })).await
        };
        let (one, two) = tokio::join!(say("k1", "안녕하세요"), say("k1", "안녕하세요"));
        assert_eq!(one.status, StatusCode::CREATED, "{}", one.text());
        assert_eq!(one.json()["id"], two.json()["id"], "{}", market.engine);
        assert_eq!(say("k1", "다른 말").await.json()["type"], "/problems/another-body");
        let lines = market.get(&path).await.json();
        assert_eq!(lines["items"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_hidden_line_is_gone_until_it_is_brought_back() {
    for market in markets().await {
        let show = market.on_air().await;
        let line = market
            .form(&market.shopper, &format!("/live/{}/chat", show.id), &[("text", "나쁜 말")])
            .await
            .json();
        let id = line["id"].as_str().unwrap();
        let chat = format!("/api/v1/broadcasts/{}/chat", show.id);
        let lines = async || market.get(&chat).await.json()["items"].as_array().unwrap().len();

        for _ in 0..2 {
            let hidden =
                market.form(&market.seller, &format!("/live/{}/hiding", show.id), &[("line", id)]).await;
            assert_eq!(hidden.status, StatusCode::OK, "{}", hidden.text());
        }
        assert_eq!(lines().await, 0);
        market.form(&market.seller, &format!("/live/{}/showing", show.id), &[]).await;
        assert_eq!(lines().await, 1);
        let unknown = [("line", "00000000-0000-7000-8000-000000000000")];
        let answer = market.form(&market.seller, &format!("/live/{}/hiding", show.id), &unknown).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn pins_stand_in_order_even_within_a_millisecond() {
    for market in markets().await {
        let show = market.on_air().await;
        let pin = async |product: &str| {
            market.form(&market.seller, &format!("/live/{}/pin", show.id), &[("product", product)]).await
        };
        let first = pin(market.mackerel.as_str()).await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.text());
        let frame = first.json();
        assert_eq!(frame["at_ms"], NOON_MS);
        assert_eq!(frame["product"]["name"], "자반고등어 두 손");
        assert_eq!(frame["product"]["price_won"], 12_000);
        assert_eq!(frame["product"]["stock"], 5);
        assert_eq!(frame["product"]["url"], format!("/products/{}", market.mackerel));
        assert_eq!(pin(market.hairtail.as_str()).await.json()["at_ms"], NOON_MS + 1);
        let down = market.form(&market.seller, &format!("/live/{}/unpin", show.id), &[]).await.json();
        assert_eq!(down, json!({ "type": "unpin", "at_ms": NOON_MS + 2 }));
        assert_eq!(pin(market.mackerel.as_str()).await.json()["at_ms"], NOON_MS + 3);
        let pins = market.get(&format!("/api/v1/broadcasts/{}/pins", show.id)).await.json();
        let shown: Vec<_> =
            pins["items"].as_array().unwrap().iter().map(|pin| pin["product"].clone()).collect();
        let (mackerel, hairtail) = (json!(market.mackerel), json!(market.hairtail));
        assert_eq!(shown, [mackerel.clone(), hairtail, Value::Null, mackerel], "{}", market.engine);
    }
}

#[tokio::test]
async fn a_product_that_is_gone_is_not_pinned() {
    for market in markets().await {
        let show = market.on_air().await;
        let path = format!("/live/{}/pin", show.id);
        for wrong in [market.kimchi.as_str(), "00000000-0000-7000-8000-000000000000", "nonsense"] {
            let answer = market.form(&market.seller, &path, &[("product", wrong)]).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{wrong}: {}", answer.text());
            assert_eq!(answer.json()["type"], "/problems/product-not-shown");
        }
        market.form(&market.seller, &path, &[("product", market.mackerel.as_str())]).await;
        assert!(market.get(&show.path()).await.text().contains("class=\"price-card pin\""));
        shop::product::remove(&market.shop, &market.store, &market.mackerel).await.unwrap();
        let page = market.get(&show.path()).await;
        assert_eq!(page.status, StatusCode::OK);
        let before_the_templates = page.text().split("<template").next().unwrap().to_owned();
        assert!(!before_the_templates.contains("자반고등어"), "{}", market.engine);
        let answer = market.form(&market.seller, &path, &[("product", market.mackerel.as_str())]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
    }
}

#[tokio::test]
async fn two_thousand_hearts_make_a_few_rows() {
    for market in markets().await {
        let show = market.on_air().await;
        let path = format!("/live/{}/reactions", show.id);
        for turn in 0..2_000 {
            let kind = if turn % 2 == 0 { "heart" } else { "clap" };
            let answer = market.form(&market.shopper, &path, &[("kind", kind)]).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        }
        let wrong = market.form(&market.shopper, &path, &[("kind", "bomb")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        crate::market::until("the hearts are written", async || {
            let seconds = reaction::seconds(&market.live.base.db, &show.id, 100).await.unwrap();
            seconds.iter().any(|second| second.counts.len() == 2)
        })
        .await;
        let seconds = reaction::seconds(&market.live.base.db, &show.id, 100).await.unwrap();
        let hearts: i64 = seconds.iter().filter_map(|second| second.counts.get("heart")).sum();
        assert_eq!(seconds.len(), 1, "the clock stands still, and so does the second");
        assert!((1..=1_000).contains(&hearts), "{hearts}");
    }
}

#[tokio::test]
async fn a_replay_tells_everything_at_its_moment() {
    for market in markets().await {
        let show = market.on_air().await;
        let still_on = market.get(&format!("/live/{}/replay.json", show.id)).await;
        assert_eq!(still_on.status, StatusCode::CONFLICT);
        market.clock.advance(Duration::from_secs(10));
        market
            .form(&market.seller, &format!("/live/{}/pin", show.id), &[("product", market.mackerel.as_str())])
            .await;
        market.clock.advance(Duration::from_secs(5));
        market.form(&market.shopper, &format!("/live/{}/chat", show.id), &[("text", "두 손 주세요")]).await;
        market.clock.advance(Duration::from_secs(5));
        market.form(&market.seller, &format!("/live/{}/unpin", show.id), &[]).await;
        let db = &market.live.base.db;
        broadcast::end(db, &show.id, market.clock.now_ms()).await.unwrap();
        let replay = Replay { epoch_ms: NOON_MS - 1_000, from_ms: NOON_MS, duration_ms: 20_000 };
        broadcast::close(db, &show.id, Some(replay)).await.unwrap();

        let told = market.get(&format!("/live/{}/replay.json", show.id)).await.json();
        assert_eq!(told["epoch_ms"], NOON_MS - 1_000);
        let events = told["events"].as_array().unwrap();
        let short: Vec<_> = events
            .iter()
            .map(|event| {
                (
                    event["type"].as_str().unwrap(),
                    event["at_ms"].as_i64().unwrap() - NOON_MS,
                    event["after_ms"].as_i64().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            short,
            [("pin", 10_000, 11_000), ("chat", 15_000, 16_000), ("unpin", 20_000, 21_000)],
            "{}",
            market.engine
        );
        let page = market.get(&show.path()).await.text();
        assert!(
            page.contains("data-mode=\"replay\"")
                && page.contains("vod.m3u8")
                && page.contains("두 손 주세요")
        );
        assert!(market.get("/live").await.text().contains("다시 보기"));
        let again = replay::remember(db, &market.find(&show.id).await).await.unwrap();
        assert_eq!(again.events.len(), 3);
    }
}

#[tokio::test]
async fn a_broadcast_whose_process_died_is_ended_after_the_grace() {
    for market in markets().await {
        let show = market.on_air().await;
        let after = market.reborn().await;
        assert_eq!(stream::sweep_once(&after).await.unwrap(), 0, "the publisher may come back");
        market.clock.advance(Duration::from_secs(31));
        assert_eq!(stream::sweep_once(&after).await.unwrap(), 1);
        assert_eq!(stream::sweep_once(&after).await.unwrap(), 0);
        let mut workers = base::jobs::Workers::default();
        after.jobs(&mut workers);
        while workers.work_once(&after.base.db, &market.clock).await.unwrap() {}
        assert!(matches!(market.find(&show.id).await.stage, Stage::Ended { replay: None, .. }));
        assert!(broadcast::is_closed(&after.base.db, &show.id).await.unwrap(), "{}", market.engine);
        let refused = market
            .form(&market.shopper, &format!("/live/{}/chat", show.id), &[("text", "어디 가셨어요")])
            .await;
        assert_eq!(refused.status, StatusCode::GONE, "{}", refused.text());
    }
}

#[tokio::test]
async fn the_pages_read_without_a_script() {
    for market in markets().await {
        let (show, announced) = (market.show().await, market.announced().await);
        let calendar = market.get("/live").await.text();
        assert!(calendar.contains(&announced.path()), "{calendar}");
        assert!(
            !calendar.contains(&show.path()),
            "one for now is nobody's business before it begins: {calendar}"
        );
        let watch = market.get(&show.path()).await.text();
        for part in
            ["오늘 아침 고등어", "은갈치", "32,000원", "원산지 국산(부산)", "들어와서 말하기", "판매자 정보"]
        {
            assert!(watch.contains(part), "{part} is missing in {watch}");
        }
        let studio = market.page(&market.seller, &show.studio_path()).await;
        assert_eq!(studio.status, StatusCode::OK, "{}", studio.text());
        assert!(studio.text().contains("data-key=\""));
        let shows = market.page(&market.seller, &format!("/sell/{}/live", market.store)).await;
        assert!(shows.text().contains(&show.studio_path()), "{}", shows.text());
        broadcast::end(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap();
        let over = market.page(&market.seller, &show.studio_path()).await;
        assert!(over.text().contains("수고하셨어요"), "{}", over.text());
        for unknown in ["/live/nonsense", "/live/00000000-0000-7000-8000-000000000000"] {
            assert_eq!(market.get(unknown).await.status, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn an_announced_show_may_be_moved_until_it_begins() {
    for market in markets().await {
        let show = market.show().await;
        let path = format!("/api/v1/broadcasts/{}/schedule", show.id);
        let wanted = json!({ "starts_at": "2026-11-23T01:00:00Z" });
        let moved = market.api(&market.seller, Method::PUT, &path, "k", wanted.clone()).await;
        assert_eq!(moved.json()["starts_at"], "2026-11-23T01:00:00Z", "{}", moved.text());
        broadcast::begin(&market.live.base.db, &show.id, NOON_MS).await.unwrap();
        let late = market.api(&market.seller, Method::PUT, &path, "k", wanted).await;
        assert_eq!(late.json()["type"], "/problems/show-begun");
        let list = market.get("/api/v1/broadcasts?stage=live").await.json();
        assert_eq!(list["items"][0]["id"], json!(show.id));
        assert_eq!(list["next_cursor"], Value::Null);
    }
}

#[tokio::test]
async fn a_list_goes_on_where_it_stopped() {
    for market in markets().await {
        let ids: Vec<String> = made(&market, 5).await;
        let first = market.get("/api/v1/broadcasts?limit=3").await.json();
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = market.get(&format!("/api/v1/broadcasts?limit=3&cursor={cursor}")).await.json();
        let both = [&first, &second].map(|page| page["items"].as_array().unwrap().clone()).concat();
        let mut seen: Vec<String> = both.iter().map(|show| show["id"].as_str().unwrap().to_owned()).collect();
        seen.sort();
        assert_eq!(seen, ids, "{}", market.engine);
    }
}

async fn made(market: &Market, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(market.show().await.id.to_string());
    }
    ids.sort();
    ids
}

#[tokio::test]
async fn who_paid_for_a_show_is_said_and_nobody_is_said_otherwise() {
    for market in markets().await {
        let path = format!("/sell/{}/live", market.store);
        let form =
            |sponsor, key| [("title", "협찬 방송"), ("when", "now"), ("sponsor", sponsor), ("key", key)];
        let long = "가".repeat(31);
        let refused = market.plain_form(Some(&market.seller), &path, &form(&long, "sponsor-1")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(&long), "what was typed is kept");
        for (sponsor, key, said) in [("한파식품", "sponsor-2", true), ("", "sponsor-3", false)] {
            let made = market.plain_form(Some(&market.seller), &path, &form(sponsor, key)).await;
            let id = made.header("location").rsplit('/').next().unwrap().to_owned();
            let page = market.page(&market.shopper, &format!("/live/{id}")).await.text();
            assert_eq!(page.contains("한파식품에서 협찬받은 방송이에요"), said, "{sponsor}");
            assert_eq!(page.contains("<span class=\"badge\">광고</span>"), said);
            let told = market.get(&format!("/api/v1/broadcasts/{id}")).await.json();
            assert_eq!(told["sponsor"], sponsor);
        }
    }
}
