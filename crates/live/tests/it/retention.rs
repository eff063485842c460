//! How long a show is kept: withdrawn by its store's policy, erased six months later, and not while it is held.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use base::jobs::Workers;
use base::{Base, Db, sql};
use bytes::Bytes;
use live::broadcast::Replay;
use live::retention::{self, Retention};
use live::{Broadcast, BroadcastId, broadcast};
use serde_json::{Value, json};

use crate::market::{Market, NOON_MS, Somebody, markets, somebody};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A show of four minutes from noon, with a line of talk and a recording of three files.
async fn over(market: &Market) -> BroadcastId {
    let show = market.on_air().await.id;
    let said = market.form(&market.shopper, &format!("/live/{show}/chat"), &[("text", "싱싱해요?")]).await;
    assert!(said.status.is_success(), "{}", said.text());
    ended(market, &show, true).await;
    for file in ["stream.json", "vod.m3u8", "s0.m4s"] {
        let key = format!("recordings/{show}/{file}");
        market.live.base.blobs.put(&key, Bytes::from_static(b"{}")).await.unwrap();
    }
    show
}

async fn ended(market: &Market, show: &BroadcastId, recorded: bool) {
    let db = &market.live.base.db;
    let now_ms = market.clock.now_ms();
    broadcast::end(db, show, now_ms).await.unwrap();
    let replay = Replay { epoch_ms: NOON_MS, from_ms: NOON_MS, duration_ms: 240_000 };
    broadcast::close(db, show, recorded.then_some(replay)).await.unwrap();
    // What else an end leaves behind is other tests' matter.
    let mut tx = db.begin().await.unwrap();
    sql!(run &mut tx, "delete from jobs").unwrap();
    tx.commit().await.unwrap();
}

/// Days go by, and the round is made at the end of them.
async fn after(market: &Market, days: u32) {
    market.clock.advance(DAY * days);
    retention::begin_rounds(&market.live.base).await.unwrap();
    market.clock.advance(Duration::from_secs(3600));
    let mut workers = Workers::default();
    market.live.jobs(&mut workers);
    while workers.work_once(&market.live.base.db, &market.clock).await.unwrap() {}
}

async fn stands(market: &Market, show: &BroadcastId) -> Retention {
    let db = &market.live.base.db;
    retention::of(db, &market.find(show).await).await.unwrap()
}

async fn lines(db: &Db) -> i64 {
    sql!(value db, "select (select count(*) from chat_lines) + (select count(*) from questions)").unwrap()
}

async fn files(base: &Base, show: &BroadcastId) -> usize {
    let mut there = 0;
    for file in ["stream.json", "vod.m3u8", "s0.m4s"] {
        there += usize::from(base.blobs.get(&format!("recordings/{show}/{file}")).await.unwrap().is_some());
    }
    there
}

async fn operator(market: &Market) -> Somebody {
    let base = &market.live.base;
    let who = somebody(base, "상인회", "operator@example.com").await;
    let mut tx = base.db.begin().await.unwrap();
    people::operator::appoint(&mut tx, &who.person.id, base.clock.now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    who
}

/// The same person, signed in anew: sessions do not last as long as shows are kept.
async fn anew(market: &Market, who: &Somebody) -> Somebody {
    let base = &market.live.base;
    let mut tx = base.db.begin().await.unwrap();
    let now_ms = base.clock.now_ms();
    let token = people::session::open(&mut tx, &base.random, &who.person.id, "test", now_ms).await.unwrap();
    tx.commit().await.unwrap();
    Somebody { person: who.person.clone(), token: token.reveal().to_owned() }
}

async fn tell(market: &Market, who: &Somebody, show: &BroadcastId, act: &str) -> StatusCode {
    let form = [("act", act), ("reason", "원산지를 두고 조정 중")];
    let who = anew(market, who).await;
    market.plain_form(Some(&who), &format!("/live/{show}/keeping"), &form).await.status
}

#[tokio::test]
async fn a_replay_is_seen_for_a_year_kept_for_six_months_and_erased() {
    for market in markets().await {
        let show = over(&market).await;
        let (page, room) = (format!("/live/{show}"), format!("/live/{show}/replay.json"));
        after(&market, 364).await;
        assert_eq!(stands(&market, &show).await.state, "shown", "{}", market.engine);
        assert_eq!(market.get(&room).await.status, StatusCode::OK);

        after(&market, 1).await;
        let withdrawn = stands(&market, &show).await;
        assert_eq!(withdrawn.state, "withdrawn", "{}", market.engine);
        assert_eq!(market.get(&room).await.status, StatusCode::GONE);
        assert_eq!(market.get(&format!("/media/{show}/s0.m4s")).await.status, StatusCode::GONE);
        assert_eq!(market.get(&format!("/media/{show}/vod.m3u8")).await.status, StatusCode::GONE);
        let seen = market.get(&page).await.text();
        assert!(seen.contains("기간이 끝났어요") && !seen.contains("vod.m3u8"), "{seen}");
        assert!(!seen.contains("싱싱해요"), "talk went with the picture: {seen}");
        assert!(!market.get("/live").await.text().contains(&page), "it is on no list");
        let api = market.get(&format!("/api/v1/broadcasts/{show}")).await.json();
        assert_eq!(api["replay"], Value::Null);
        // The store has it until it is erased.
        assert!(market.find(&show).await.replay().is_some());
        assert_eq!((files(&market.live.base, &show).await, lines(&market.live.base.db).await), (3, 2));

        after(&market, 180).await;
        assert_eq!(stands(&market, &show).await.state, "withdrawn", "the law's six months are not over");
        after(&market, 5).await;
        assert_eq!(stands(&market, &show).await.state, "erased", "{}", market.engine);
        assert_eq!((files(&market.live.base, &show).await, lines(&market.live.base.db).await), (0, 0));
        assert!(market.find(&show).await.replay().is_none());
        assert_eq!(market.get(&page).await.status, StatusCode::OK, "its address still says what happened");
        for act in ["withdraw", "show", "hold"] {
            assert_eq!(tell(&market, &market.seller, &show, act).await, StatusCode::GONE, "{act}");
        }
        let seller = anew(&market, &market.seller).await;
        let diagnosis = market.page(&seller, &format!("/sell/{}/live/{show}/diagnosis", market.store)).await;
        assert_eq!(diagnosis.status, StatusCode::OK, "numbers stay: {}", diagnosis.text());
    }
}

#[tokio::test]
async fn nothing_of_a_held_show_is_erased_until_the_hold_is_lifted() {
    for market in markets().await {
        let (ours, theirs) = (over(&market).await, over(&market).await);
        let operator = operator(&market).await;
        assert_eq!(tell(&market, &market.seller, &ours, "hold").await, StatusCode::SEE_OTHER);
        assert_eq!(tell(&market, &market.seller, &ours, "hold").await, StatusCode::SEE_OTHER, "a double tap");
        assert_eq!(tell(&market, &market.seller, &theirs, "hold").await, StatusCode::SEE_OTHER);
        assert_eq!(tell(&market, &operator, &theirs, "hold").await, StatusCode::SEE_OTHER);
        let holds: i64 = sql!(value & market.live.base.db, "select count(*) from show_holds").unwrap();
        assert_eq!(holds, 3, "the operator's took the place of the seller's");
        for show in [&ours, &theirs] {
            assert_eq!(tell(&market, &market.seller, show, "withdraw").await, StatusCode::SEE_OTHER);
        }
        after(&market, 800).await;
        for show in [&ours, &theirs] {
            let held = stands(&market, show).await;
            assert_eq!(
                (held.state, files(&market.live.base, show).await),
                ("withdrawn", 3),
                "{}",
                market.engine
            );
            assert_eq!(held.hold.unwrap().reason, "원산지를 두고 조정 중");
        }
        assert_eq!(tell(&market, &market.seller, &ours, "lift").await, StatusCode::SEE_OTHER);
        assert_eq!(tell(&market, &market.seller, &theirs, "lift").await, StatusCode::CONFLICT);
        after(&market, 1).await;
        assert_eq!(stands(&market, &ours).await.state, "erased");
        assert_eq!(stands(&market, &theirs).await.state, "withdrawn");
        assert_eq!(tell(&market, &operator, &theirs, "lift").await, StatusCode::SEE_OTHER);
        after(&market, 1).await;
        assert_eq!(stands(&market, &theirs).await.state, "erased", "{}", market.engine);
    }
}

#[tokio::test]
async fn who_holds_a_show_between_the_round_and_the_erasure_keeps_it() {
    for market in markets().await {
        let show = over(&market).await;
        tell(&market, &market.seller, &show, "withdraw").await;
        market.clock.advance(DAY * 200);
        let mut workers = Workers::default();
        market.live.jobs(&mut workers);
        retention::begin_rounds(&market.live.base).await.unwrap();
        market.clock.advance(Duration::from_secs(3600));
        let (db, clock) = (&market.live.base.db, &market.clock);
        // The round has put the erasure into the queue, and it has not run.
        assert!(workers.work_once(db, clock).await.unwrap());
        let waits: i64 = sql!(value db, "select count(*) from jobs where name = 'live-erase'").unwrap();
        assert_eq!(waits, 1);
        assert_eq!(tell(&market, &market.seller, &show, "hold").await, StatusCode::SEE_OTHER);
        while workers.work_once(db, clock).await.unwrap() {}
        assert_eq!(
            (stands(&market, &show).await.state, lines(db).await),
            ("withdrawn", 2),
            "{}",
            market.engine
        );
        assert_eq!(files(&market.live.base, &show).await, 3);
    }
}

#[tokio::test]
async fn a_store_chooses_how_long_and_takes_it_back() {
    for market in markets().await {
        let show = over(&market).await;
        let policy = format!("/sell/{}/live/keeping", market.store);
        for wrong in ["2", "-1", "600"] {
            let answer = market.plain_form(Some(&market.seller), &policy, &[("months", wrong)]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {}", answer.text());
        }
        let chosen = market.plain_form(Some(&market.seller), &policy, &[("months", "1")]).await;
        assert_eq!(chosen.status, StatusCode::SEE_OTHER);
        after(&market, 32).await;
        assert_eq!(stands(&market, &show).await.state, "withdrawn", "{}", market.engine);
        // Shown again it has its month once more.
        assert_eq!(tell(&market, &market.seller, &show, "show").await, StatusCode::SEE_OTHER);
        assert_eq!(market.get(&format!("/live/{show}/replay.json")).await.status, StatusCode::OK, "at once");
        after(&market, 20).await;
        assert_eq!(stands(&market, &show).await.state, "shown");
        after(&market, 20).await;
        assert_eq!(stands(&market, &show).await.state, "withdrawn");
        let seller = anew(&market, &market.seller).await;
        let forever = market
            .api(
                &seller,
                Method::PUT,
                &format!("/api/v1/stores/{}/replay-policy", market.store),
                "",
                json!({ "shown_months": 0 }),
            )
            .await;
        assert_eq!(forever.status, StatusCode::OK, "{}", forever.text());
        tell(&market, &market.seller, &show, "show").await;
        after(&market, 3000).await;
        assert_eq!(stands(&market, &show).await.state, "shown", "{}", market.engine);
        let page = market.page(&anew(&market, &market.seller).await, &policy).await.text();
        assert!(page.contains("내릴 때까지 손님이"), "{page}");
    }
}

#[tokio::test]
async fn a_rehearsal_goes_after_a_week_and_a_show_without_a_film_after_six_months() {
    for market in markets().await {
        let (show, blank) = (market.show().await, market.on_air().await);
        ended(&market, &blank.id, false).await;
        let begun = market
            .plain_form(
                Some(&market.seller),
                &format!("/sell/{}/live/{}/rehearsal", market.store, show.id),
                &[],
            )
            .await;
        let twin: BroadcastId = begun.header("location").rsplit_once('/').unwrap().1.parse().unwrap();
        broadcast::begin(&market.live.base.db, &twin, market.clock.now_ms()).await.unwrap();
        ended(&market, &twin, true).await;
        after(&market, 6).await;
        assert_eq!(stands(&market, &twin).await.state, "private");
        after(&market, 1).await;
        assert_eq!(stands(&market, &twin).await.state, "erased", "{}", market.engine);
        assert_eq!(stands(&market, &blank.id).await.state, "unrecorded");
        after(&market, 180).await;
        assert_eq!(stands(&market, &blank.id).await.state, "erased", "{}", market.engine);
        let Broadcast { stage, .. } = market.find(&show.id).await;
        assert_eq!(stage.word(), "scheduled", "what is announced is left alone");
    }
}

#[tokio::test]
async fn nobody_else_withdraws_holds_or_chooses() {
    for market in markets().await {
        let show = over(&market).await;
        let operator = operator(&market).await;
        let page = format!("/live/{show}/keeping");
        for who in [&market.shopper, &market.stranger] {
            assert_eq!(market.page(who, &page).await.status, StatusCode::NOT_FOUND);
            for act in ["withdraw", "show", "hold", "lift", "", "drop table"] {
                assert_eq!(tell(&market, who, &show, act).await, StatusCode::NOT_FOUND, "{act}");
            }
            for (method, path) in [
                (Method::GET, "retention"),
                (Method::PUT, "withdrawal"),
                (Method::DELETE, "withdrawal"),
                (Method::PUT, "hold"),
                (Method::DELETE, "hold"),
            ] {
                let path = format!("/api/v1/broadcasts/{show}/{path}");
                let refused = market.api(who, method, &path, "", json!({ "reason": "그냥" })).await;
                assert!(refused.status.is_client_error(), "{path}: {}", refused.status);
            }
            let policy = format!("/sell/{}/live/keeping", market.store);
            assert_eq!(
                market.plain_form(Some(who), &policy, &[("months", "1")]).await.status,
                StatusCode::NOT_FOUND
            );
        }
        assert_eq!(market.get(&page).await.status, StatusCode::UNAUTHORIZED);
        // The operator holds, and leaves to the store what its customers see.
        assert!(market.page(&operator, &page).await.text().contains("지우지 않고 지키기"));
        assert_eq!(tell(&market, &operator, &show, "withdraw").await, StatusCode::NOT_FOUND);
        let empty = market.plain_form(Some(&market.seller), &page, &[("act", "hold"), ("reason", " ")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.text().contains("200자"), "{}", empty.text());
        assert_eq!(stands(&market, &show).await.hold, None);
        let on_air = market.on_air().await.id;
        assert_eq!(tell(&market, &market.seller, &on_air, "withdraw").await, StatusCode::CONFLICT);
    }
}

#[tokio::test]
async fn a_film_that_customers_saw_is_kept_when_its_seller_removes_it() {
    for market in markets().await {
        let show = over(&market).await;
        let base = &market.live.base;
        let there = async |file: &str| base.blobs.get(&format!("clips/{file}")).await.unwrap().is_some();
        let mut tx = base.db.begin().await.unwrap();
        for (number, file) in [(1, "seen.mp4"), (2, "unseen.mp4")] {
            let id = format!("01900000-0000-7000-8000-00000000000{number}");
            sql!(run &mut tx,
                "insert into clips (id, broadcast_id, product_id, from_ms, to_ms, stage, file)
                 values ($1, $2, $3, $4, 20000, 'ready', $5)",
                id, &show, &market.mackerel, i64::from(number), file)
            .unwrap();
            base.blobs.put(&format!("clips/{file}"), Bytes::from_static(b"film")).await.unwrap();
        }
        tx.commit().await.unwrap();
        let act = async |number: u8, act| {
            let seller = anew(&market, &market.seller).await;
            let clips = format!("/sell/{}/live/{show}/clips", market.store);
            let clip = format!("{clips}/01900000-0000-7000-8000-00000000000{number}");
            market.plain_form(Some(&seller), &clip, &[("act", act)]).await.status
        };
        assert_eq!(act(2, "remove").await, StatusCode::SEE_OTHER);
        assert!(!there("unseen.mp4").await, "nobody ever saw it");
        assert_eq!(act(1, "publish").await, StatusCode::SEE_OTHER);
        assert_eq!(act(1, "remove").await, StatusCode::SEE_OTHER);
        let left: i64 = sql!(value & base.db, "select count(*) from clips").unwrap();
        assert_eq!((left, there("seen.mp4").await), (0, true), "{}", market.engine);
        tell(&market, &market.seller, &show, "hold").await;
        after(&market, 190).await;
        assert!(there("seen.mp4").await, "its show is held");
        tell(&market, &market.seller, &show, "lift").await;
        after(&market, 1).await;
        assert!(!there("seen.mp4").await, "{}", market.engine);
        assert_eq!(stands(&market, &show).await.state, "shown", "the show itself can still be seen");
    }
}
