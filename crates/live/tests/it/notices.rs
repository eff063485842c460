//! Before the show: who asks is told once, whatever happens; calendars; the paper for the stall.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use base::jobs::{self, Workers};
use base::sql;
use live::broadcast::{self, NewBroadcast};
use live::{Broadcast, Live, notice};
use people::{People, Sender};
use serde_json::{Value, json};
use web::{IdempotencyKey, Lang};

use crate::market::{Market, NOON_MS, Somebody, markets, somebody};

fn workers(live: &Live) -> Workers {
    let mut workers = Workers::default();
    live.jobs(&mut workers);
    People::new(live.base.clone(), Sender::Sandbox).jobs(&mut workers);
    workers
}

/// Does every job that is due.
pub(crate) async fn work(live: &Live) {
    let workers = workers(live);
    while workers.work_once(&live.base.db, &live.base.clock).await.unwrap() {}
}

/// What the sandbox sent to somebody.
pub(crate) async fn letters(market: &Market, to: &Somebody) -> Vec<String> {
    sql!(
        values & market.live.base.db,
        "select message from outbox where address = $1 order by id",
        to.person.email.as_deref().unwrap()
    )
    .unwrap()
}

pub(crate) async fn press(market: &Market, who: &Somebody, show: &Broadcast, want: &str) -> Value {
    let answer = market.form(who, &format!("/live/{}/notice", show.id), &[("want", want)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

pub(crate) async fn begin(market: &Market, show: &Broadcast) -> bool {
    broadcast::begin(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap()
}

#[tokio::test]
async fn whoever_asks_is_told_once_however_often_the_show_begins() {
    for market in markets().await {
        let show = market.show().await;
        assert_eq!(press(&market, &market.shopper, &show, "on").await, json!({ "asked": true }));
        press(&market, &market.shopper, &show, "on").await;
        work(&market.live).await;
        assert!(letters(&market, &market.shopper).await.is_empty(), "{}: before the show", market.engine);

        // Two processes see the first picture at once.
        let db = market.live.base.db.clone();
        let (one, two) =
            tokio::join!(broadcast::begin(&db, &show.id, NOON_MS), broadcast::begin(&db, &show.id, NOON_MS));
        assert!(one.unwrap() != two.unwrap());
        work(&market.live).await;
        let sent = letters(&market, &market.shopper).await;
        assert_eq!(sent.len(), 1, "{}", market.engine);
        assert!(sent[0].contains("오늘 아침 고등어") && sent[0].contains(&show.path()), "{sent:?}");

        // The publisher vanishes and comes back; another process is started; nothing is told again.
        broadcast::wait(&db, &show.id, NOON_MS + 1_000).await.unwrap();
        assert!(begin(&market, &show).await);
        work(&market.live).await;
        work(&market.reborn().await).await;
        assert_eq!(letters(&market, &market.shopper).await.len(), 1, "{}", market.engine);
        assert!(letters(&market, &market.stranger).await.is_empty(), "who did not ask");
    }
}

#[tokio::test]
async fn a_repeated_job_tells_nobody_twice() {
    for market in markets().await {
        let show = market.show().await;
        press(&market, &market.shopper, &show, "on").await;
        begin(&market, &show).await;
        let db = &market.live.base.db;
        // A crash between the effect and the end of the job: the job is there again, at every step.
        for _ in 0..3 {
            let mut tx = db.begin().await.unwrap();
            let tell = json!({ "broadcast": show.id, "person": market.shopper.person.id });
            jobs::put(&mut tx, "live-notices", &json!({ "broadcast": show.id })).await.unwrap();
            jobs::put(&mut tx, "live-notice", &tell).await.unwrap();
            tx.commit().await.unwrap();
            work(&market.live).await;
            assert_eq!(letters(&market, &market.shopper).await.len(), 1, "{}", market.engine);
        }
        // The same letter put once more is the same letter.
        let letter = people::letter::Letter {
            id: format!("notice:{}:{}", show.id, market.shopper.person.id),
            person: market.shopper.person.id.clone(),
            subject: "x".into(),
            text: "x".into(),
            stop: "x".into(),
            until_ms: i64::MAX,
        };
        let mut tx = db.begin().await.unwrap();
        people::letter::put(&mut tx, &letter).await.unwrap();
        tx.commit().await.unwrap();
        work(&market.live).await;
        assert_eq!(letters(&market, &market.shopper).await.len(), 1, "{}", market.engine);
    }
}

#[tokio::test]
async fn two_processes_that_do_the_jobs_at_once_tell_everybody_once() {
    for market in markets().await {
        let show = market.show().await;
        let mut crowd = Vec::new();
        for n in 0..12 {
            let who = somebody(&market.live.base, &format!("손님 {n}"), &format!("s{n}@example.com")).await;
            press(&market, &who, &show, "on").await;
            crowd.push(who);
        }
        begin(&market, &show).await;
        let other = market.reborn().await;
        tokio::join!(work(&market.live), work(&other));
        work(&market.live).await;
        for who in &crowd {
            assert_eq!(letters(&market, who).await.len(), 1, "{} {}", market.engine, who.person.name);
        }
    }
}

#[tokio::test]
async fn a_begin_that_is_rolled_back_owes_nothing() {
    for market in markets().await {
        let other = market.on_air().await;
        let show = market.show().await;
        press(&market, &market.shopper, &show, "on").await;
        let db = &market.live.base.db;
        // The stall is on air with another show, so this one cannot begin.
        assert!(broadcast::begin(db, &show.id, NOON_MS).await.is_err());
        work(&market.live).await;
        assert!(letters(&market, &market.shopper).await.is_empty(), "{}", market.engine);
        broadcast::end(db, &other.id, NOON_MS).await.unwrap();
        assert!(begin(&market, &show).await);
        work(&market.live).await;
        assert_eq!(letters(&market, &market.shopper).await.len(), 1, "{}", market.engine);
    }
}

#[tokio::test]
async fn who_asks_as_the_show_begins_is_refused_or_told() {
    for market in markets().await {
        for _ in 0..8 {
            let show = market.show().await;
            let before = letters(&market, &market.shopper).await.len();
            let me = &market.shopper.person.id;
            let asking = notice::Asking { person: me, lang: Lang::Ko, home: "https://market.example" };
            let (asked, begun) =
                tokio::join!(notice::ask(&market.live, &show.id, asking), begin(&market, &show));
            assert!(begun);
            work(&market.live).await;
            let told = letters(&market, &market.shopper).await.len() - before;
            match asked {
                Ok(()) => assert_eq!(told, 1, "{}", market.engine),
                Err(live::Error::Begun) => assert_eq!(told, 0, "{}", market.engine),
                Err(other) => panic!("{other}"),
            }
            broadcast::end(&market.live.base.db, &show.id, NOON_MS).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_notice_is_taken_back_and_only_ones_own() {
    for market in markets().await {
        let show = market.show().await;
        press(&market, &market.shopper, &show, "on").await;
        press(&market, &market.stranger, &show, "on").await;
        // Somebody else's "off" is theirs.
        press(&market, &market.stranger, &show, "off").await;
        press(&market, &market.stranger, &show, "off").await;
        let db = &market.live.base.db;
        assert!(notice::is_asked(db, &show.id, &market.shopper.person.id).await.unwrap());
        assert!(!notice::is_asked(db, &show.id, &market.stranger.person.id).await.unwrap());
        let nobody = market.plain_form(None, &format!("/live/{}/notice", show.id), &[("want", "on")]).await;
        assert!(nobody.header("location").starts_with("/sign-in"), "{:?}", nobody.headers);
        let odd =
            market.form(&market.shopper, &format!("/live/{}/notice", show.id), &[("want", "all")]).await;
        assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", odd.text());

        begin(&market, &show).await;
        let late =
            market.form(&market.stranger, &format!("/live/{}/notice", show.id), &[("want", "on")]).await;
        assert_eq!(late.json()["type"], "/problems/show-begun");
        // Taken back after the beginning, before the job: not told either.
        press(&market, &market.shopper, &show, "off").await;
        work(&market.live).await;
        assert!(letters(&market, &market.shopper).await.is_empty(), "{}", market.engine);
    }
}

#[tokio::test]
async fn the_page_offers_what_holds_now() {
    for market in markets().await {
        let show = market.show().await;
        let guest = market.get(&show.path()).await.text();
        assert!(guest.contains("들어와서 알림 받기") && guest.contains("calendar.ics"), "{guest}");
        let page = market.page(&market.shopper, &show.path()).await.text();
        assert!(page.contains("시작하면 알려 주세요"), "{page}");
        let path = format!("/live/{}/notice", show.id);
        let pressed = market.plain_form(Some(&market.shopper), &path, &[("want", "on")]).await;
        assert_eq!((pressed.status, pressed.header("location")), (StatusCode::SEE_OTHER, &*show.path()));
        let page = market.page(&market.shopper, &show.path()).await.text();
        assert!(page.contains("알림 안 받기") && !page.contains("시작하면 알려 주세요"), "{page}");
        begin(&market, &show).await;
        let page = market.page(&market.shopper, &show.path()).await.text();
        assert!(!page.contains("알림 안 받기"), "{page}");
    }
}

#[tokio::test]
async fn the_link_in_a_letter_stops_everything_with_one_request() {
    for market in markets().await {
        let (first, second) = (market.show().await, market.show().await);
        press(&market, &market.shopper, &first, "on").await;
        press(&market, &market.shopper, &second, "on").await;
        press(&market, &market.stranger, &second, "on").await;
        begin(&market, &first).await;
        work(&market.live).await;
        let letter = letters(&market, &market.shopper).await.pop().unwrap();
        let path = &letter[letter.find("/notices/").unwrap()..];
        let path = path.split_whitespace().next().unwrap();

        // Opening the link stops nothing: mail programs open every link.
        let db = &market.live.base.db;
        let page = market.get(path).await;
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
        assert!(notice::is_asked(db, &second.id, &market.shopper.person.id).await.unwrap());
        let wrong = market.plain_form(None, "/notices/wrong", &[]).await;
        assert_eq!(wrong.status, StatusCode::OK, "a wrong key shows nothing");
        assert!(notice::is_asked(db, &second.id, &market.shopper.person.id).await.unwrap());

        for _ in 0..2 {
            let done = market.plain_form(None, path, &[("List-Unsubscribe", "One-Click")]).await;
            assert_eq!(done.status, StatusCode::OK, "{}", done.text());
            assert!(done.text().contains("알림을 껐어요"));
        }
        assert!(!notice::is_asked(db, &second.id, &market.shopper.person.id).await.unwrap());
        assert!(notice::is_asked(db, &second.id, &market.stranger.person.id).await.unwrap());
        broadcast::end(db, &first.id, NOON_MS).await.unwrap();
        begin(&market, &second).await;
        work(&market.live).await;
        assert_eq!(letters(&market, &market.shopper).await.len(), 1, "{}", market.engine);
        assert_eq!(letters(&market, &market.stranger).await.len(), 1, "{}", market.engine);
    }
}

#[tokio::test]
async fn old_news_is_not_told() {
    for market in markets().await {
        let show = market.show().await;
        press(&market, &market.shopper, &show, "on").await;
        begin(&market, &show).await;
        // Nobody worked for an hour.
        market.clock.advance(Duration::from_secs(3_600));
        work(&market.live).await;
        assert!(letters(&market, &market.shopper).await.is_empty(), "{}", market.engine);
        let state: String =
            sql!(value & market.live.base.db, "select state from notices where broadcast_id = $1", &show.id)
                .unwrap();
        assert_eq!(state, "lost");
    }
}

#[tokio::test]
async fn there_is_a_limit_to_waiting_and_leaving_forgets() {
    for market in markets().await {
        let me = &market.shopper.person.id;
        let asking = || notice::Asking { person: me, lang: Lang::Ko, home: "https://market.example" };
        for _ in 0..notice::MAX_ASKED {
            let show = market.show().await;
            notice::ask(&market.live, &show.id, asking()).await.unwrap();
        }
        let one_more = market.show().await;
        let many = notice::ask(&market.live, &one_more.id, asking()).await;
        assert!(matches!(many, Err(live::Error::ManyNotices)), "{}: {many:?}", market.engine);
        notice::forget(&market.live, me).await.unwrap();
        let left: i64 = sql!(value & market.live.base.db, "select count(*) from notices").unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn a_program_asks_and_takes_back() {
    for market in markets().await {
        let show = market.show().await;
        let path = format!("/api/v1/broadcasts/{}/notice", show.id);
        let asked = market.api(&market.shopper, Method::PUT, &path, "", json!({})).await;
        assert_eq!((asked.status, asked.json()), (StatusCode::OK, json!({ "asked": true })));
        for _ in 0..2 {
            let back = market.api(&market.shopper, Method::DELETE, &path, "", json!({})).await;
            assert_eq!(back.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(notice::count(&market.live.base.db, &show.id).await.unwrap(), 0);
        let none = "/api/v1/broadcasts/00000000-0000-7000-8000-000000000000/notice";
        let none = market.api(&market.shopper, Method::PUT, none, "", json!({})).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn calendars_hold_what_comes() {
    for market in markets().await {
        let show = market.show().await;
        let one = market.get(&format!("/live/{}/calendar.ics", show.id)).await;
        assert_eq!(one.header("content-type"), "text/calendar; charset=utf-8");
        let text = one.text();
        assert!(text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains('\n'), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        let plain = text.replace("\r\n ", "");
        assert!(plain.contains(&format!("UID:{}\r\n", show.id)), "{plain}");
        assert!(
            plain.contains("DTSTART:20261122T030000Z\r\n") && plain.contains("SUMMARY:오늘 아침 고등어"),
            "{plain}"
        );

        let second = market.announced().await;
        broadcast::end(&market.live.base.db, &show.id, NOON_MS).await.unwrap();
        let all = market.get("/live/calendar.ics").await.text();
        assert!(all.contains(second.id.as_str()) && !all.contains(show.id.as_str()), "{all}");
        let over = market.get(&format!("/live/{}/calendar.ics", show.id)).await;
        assert_eq!(over.status, StatusCode::GONE);
        let none = market.get("/live/nothing/calendar.ics").await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_paper_for_the_stall_is_its_own_sellers() {
    for market in markets().await {
        let show = market.show().await;
        let path = format!("{}/poster", show.studio_path());
        let page = market.page(&market.seller, &path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        for part in ["오늘 아침 고등어", "파도네 생선", "class=\"qr\"", "오후 12:00", show.id.as_str()]
        {
            assert!(page.text().contains(part), "{part} is missing in {}", page.text());
        }
        assert_eq!(market.page(&market.stranger, &path).await.status, StatusCode::NOT_FOUND);
        // Through the stranger's own store neither.
        let own: String = sql!(
            value & market.live.base.db,
            "select store_id from members where person_id = $1",
            &market.stranger.person.id
        )
        .unwrap();
        let through = format!("/sell/{own}/live/{}/poster", show.id);
        assert_eq!(market.page(&market.stranger, &through).await.status, StatusCode::NOT_FOUND);
        let studio = market.page(&market.seller, &show.studio_path()).await.text();
        assert!(studio.contains(&path), "{studio}");
        let list = market.page(&market.seller, &format!("/sell/{}/live", market.store)).await.text();
        assert!(list.contains(&path), "{list}");
        broadcast::end(&market.live.base.db, &show.id, NOON_MS).await.unwrap();
        assert_eq!(market.page(&market.seller, &path).await.status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn a_poster_is_a_photo_of_what_is_shown() {
    for market in markets().await {
        let wanted = |poster: &str| NewBroadcast {
            title: "포스터".into(),
            title_en: None,
            products: vec![market.mackerel.clone()],
            starts_at: None,
            poster: Some(poster.into()),
            sponsor: None,
        };
        let key = || IdempotencyKey(market.live.base.random.token::<8>());
        let store = &market.store;
        let odd = broadcast::create(&market.live, store, key(), wanted("\"><script>")).await;
        assert!(matches!(odd, Err(live::Error::Field { field: "poster", .. })), "{}", market.engine);
        let photo = "0123456789abcdef0123456789abcdef01234567";
        let (show, _) = broadcast::create(&market.live, store, key(), wanted(photo)).await.unwrap();
        assert_eq!(show.poster, photo);

        // By the form only a photo of a chosen product counts.
        let form = [
            ("title", "x"),
            ("when", "now"),
            ("key", "k"),
            ("product", market.mackerel.as_str()),
            ("poster", photo),
        ];
        let path = format!("/sell/{store}/live");
        let refused = market.plain_form(Some(&market.seller), &path, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
        assert!(refused.text().contains("고른 상품의 사진"), "{}", refused.text());
        let mut tx = market.live.base.db.begin().await.unwrap();
        sql!(run &mut tx, "update products set photos = $2, cover = $3 where id = $1",
            &market.mackerel, format!("[\"{photo}\"]"), photo)
        .unwrap();
        tx.commit().await.unwrap();
        let page = market.page(&market.seller, &path).await.text();
        assert!(page.contains(&format!("name=\"poster\" value=\"{photo}\"")), "{page}");
        let made = market.plain_form(Some(&market.seller), &path, &form).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    }
}
