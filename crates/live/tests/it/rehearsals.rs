//! Before the show: the cue sheet, and the show that nobody sees.

use axum::http::{Method, StatusCode};
use live::cue::{self, Kind};
use live::{Broadcast, broadcast, rehearsal};
use serde_json::json;
use web::Lang;

use crate::market::{Answer, Market, Somebody, markets, until};

async fn post(
    market: &Market,
    who: &Somebody,
    show: &Broadcast,
    what: &str,
    form: &[(&str, &str)],
) -> Answer {
    market.plain_form(Some(who), &format!("{}/{what}", show.studio_path()), form).await
}

#[tokio::test]
async fn a_sheet_is_laid_out_from_the_products_and_is_the_sellers_from_then_on() {
    for market in markets().await {
        let (show, db) = (market.show().await, &market.live.base.db);
        assert_ne!(post(&market, &market.stranger, &show, "cues", &[("minutes", "20")]).await.status, 303);
        assert_eq!(post(&market, &market.seller, &show, "cues", &[("minutes", "7")]).await.status, 422);
        assert_eq!(post(&market, &market.seller, &show, "cues", &[("minutes", "20")]).await.status, 303);
        let cues = cue::all(db, &show.id).await.unwrap();
        let kinds: Vec<_> = cues.iter().map(|cue| cue.kind).collect();
        assert_eq!(kinds.first(), Some(&Kind::Opening));
        assert_eq!(kinds.last(), Some(&Kind::Closing));
        assert!(kinds.contains(&Kind::Product) && kinds.contains(&Kind::Questions), "{kinds:?}");
        let length: i64 = cues.iter().map(|cue| cue.seconds).sum();
        assert!((1100..=1200).contains(&length), "{length} s");
        let product = cues.iter().find(|cue| cue.kind == Kind::Product).unwrap();
        assert!(product.said.contains("국산(부산)") && product.said.contains("원이에요"), "{}", product.said);

        let at = format!("cues/{}", product.id);
        let mine = [
            ("said", "오늘 새벽에\n받아 온 고등어예요"),
            ("minutes", "3"),
            ("seconds", "30"),
            ("act", "save"),
        ];
        assert_eq!(post(&market, &market.seller, &show, &at, &mine).await.status, 303);
        let kept = |cues: Vec<cue::Cue>| cues.into_iter().find(|cue| cue.id == product.id).unwrap();
        let written = kept(cue::all(db, &show.id).await.unwrap());
        assert_eq!((written.said.as_str(), written.seconds), ("오늘 새벽에\n받아 온 고등어예요", 210));
        // Another way of telling writes anew, and the seller's own words come back.
        let told = [("said", written.said.as_str()), ("minutes", "3"), ("seconds", "30"), ("act", "hook")];
        post(&market, &market.seller, &show, &at, &told).await;
        let hook = kept(cue::all(db, &show.id).await.unwrap());
        assert_eq!(hook.told, "hook");
        assert_ne!(hook.said, written.said);
        let back = [("said", hook.said.as_str()), ("minutes", "3"), ("seconds", "30"), ("act", "back")];
        post(&market, &market.seller, &show, &at, &back).await;
        assert_eq!(kept(cue::all(db, &show.id).await.unwrap()).said, written.said);

        let long = "가".repeat(601);
        let refused = post(&market, &market.seller, &show, &at, &[("said", &long), ("minutes", "1")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(&long) && refused.text().contains("600자"), "nothing typed is lost");
        let up = [("said", "위로"), ("minutes", "1"), ("act", "up")];
        post(&market, &market.seller, &show, &at, &up).await;
        assert_eq!(cue::all(db, &show.id).await.unwrap()[0].id, product.id);
        post(&market, &market.seller, &show, &at, &[("said", "위로"), ("minutes", "1"), ("act", "remove")])
            .await;
        assert_eq!(cue::all(db, &show.id).await.unwrap().len(), cues.len() - 1);
        // Another store's cue is not there.
        let other = post(&market, &market.stranger, &show, &at, &up).await;
        assert!(matches!(other.status.as_u16(), 403 | 404));
        let prompter = market.page(&market.seller, &format!("{}/prompter", show.studio_path())).await.text();
        assert!(prompter.contains("data-seconds"));
    }
}

#[tokio::test]
async fn a_rehearsal_is_on_no_list_and_only_its_stall_may_see_it() {
    for market in markets().await {
        let show = market.show().await;
        let begun = post(&market, &market.seller, &show, "rehearsal", &[]).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER);
        let again = post(&market, &market.seller, &show, "rehearsal", &[]).await;
        assert_eq!(begun.header("location"), again.header("location"), "a double tap makes one");
        let id = begun.header("location").rsplit('/').next().unwrap().parse().unwrap();
        let twin = market.find(&id).await;
        assert_eq!(twin.rehearses.as_ref(), Some(&show.id));
        broadcast::begin(&market.live.base.db, &id, market.clock.now_ms()).await.unwrap();

        for path in ["", "/replay.json"] {
            let asked = market.page(&market.shopper, &format!("/live/{id}{path}")).await;
            assert_eq!(asked.status, StatusCode::NOT_FOUND, "{path}");
        }
        let said = market.form(&market.shopper, &format!("/live/{id}/chat"), &[("text", "안녕")]).await;
        assert_eq!(said.status, StatusCode::NOT_FOUND);
        assert!(market.page(&market.seller, &format!("/live/{id}")).await.status.is_success());
        for list in ["/live", "/live.ics", "/api/v1/broadcasts?limit=100"] {
            assert!(!market.get(list).await.text().contains(id.as_str()), "{list}");
        }
        assert!(broadcast::on_air(&market.live.base.db, 10).await.unwrap().is_empty());

        // What is given away is the till's, of which there is no second one.
        let variant = market.shop_variant(&market.mackerel).await;
        let offer = [
            ("kind", "offer"),
            ("key", "k1"),
            ("variant", &variant),
            ("price_won", "100"),
            ("quantity", "1"),
        ];
        let at = format!("/live/{id}/interactions");
        assert_eq!(market.form(&market.seller, &at, &offer).await.json()["type"], "/problems/only-rehearsed");
        let coupon = [("kind", "coupon"), ("key", "k3"), ("coupon", "01900000-0000-7000-8000-000000000001")];
        assert_eq!(
            market.form(&market.seller, &at, &coupon).await.json()["type"],
            "/problems/only-rehearsed"
        );
        let poll =
            [("kind", "poll"), ("key", "k2"), ("said", "구이?"), ("choice", "네"), ("choice", "아니요")];
        assert_eq!(market.form(&market.seller, &at, &poll).await.status, StatusCode::OK);

        // What is shown and answered is judged at its end.
        market.clock.advance(std::time::Duration::from_secs(30));
        let pinned = [("product", market.mackerel.as_str())];
        market.form(&market.seller, &format!("/live/{id}/pin"), &pinned).await;
        market.clock.advance(std::time::Duration::from_secs(60));
        broadcast::end(&market.live.base.db, &id, market.clock.now_ms()).await.unwrap();
        let facts = rehearsal::facts(&market.live, &market.find(&id).await, Lang::Ko).await.unwrap();
        assert_eq!((facts.lasted_s, facts.first_pin_s, facts.shown), (90, Some(30), 1));
        assert_eq!(facts.longest.as_ref().map(|(_, seconds)| *seconds), Some(60));
        let report = market.page(&market.seller, &market.find(&id).await.studio_path()).await;
        assert!(report.text().contains("연습을 마쳤어요"), "{}", report.text());
        assert_ne!(market.page(&market.stranger, &twin.studio_path()).await.status, StatusCode::OK);
        let next = post(&market, &market.seller, &twin, "rehearsal", &[]).await;
        assert_ne!(next.header("location"), begun.header("location"), "the next one is a new one");
        // The show itself was not touched by it.
        let listed =
            market.api(&market.seller, Method::GET, "/api/v1/broadcasts?limit=100", "k", json!(null)).await;
        assert!(listed.text().contains(show.id.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_comes_in_asks_and_orders_and_no_till_hears_of_it() {
    let market = crate::market::running_market().await;
    let show = market.show().await;
    let begun = post(&market, &market.seller, &show, "rehearsal", &[]).await;
    let id: live::BroadcastId = begun.header("location").rsplit('/').next().unwrap().parse().unwrap();
    broadcast::begin(&market.live.base.db, &id, market.clock.now_ms()).await.unwrap();
    let pinned = [("product", market.mackerel.as_str())];
    market.form(&market.seller, &format!("/live/{id}/pin"), &pinned).await;
    let twin = market.find(&id).await;
    for step in 0..8 {
        rehearsal::act(&market.live, &twin, step).await.unwrap();
    }
    until("the crowd has talked", async || {
        let lines = market.page(&market.seller, &twin.studio_path()).await.text();
        lines.contains("연습 손님")
    })
    .await;
    let orders = market.page(&market.seller, &format!("/sell/{}/orders", market.store)).await;
    assert!(!orders.text().contains("연습 손님"));
}
