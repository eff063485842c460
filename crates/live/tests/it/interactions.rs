//! What the seller does with the room: once for each person, counted exactly, told to all alike.

use axum::http::{Method, StatusCode};
use base::Won;
use futures::{StreamExt, stream};
use live::interaction::{self, InteractionId, answer, draw};
use live::{Broadcast, broadcast, replay};
use people::{Person, PersonId};
use serde_json::{Value, json};
use shop::coupon::{self, Coupon, NewCoupon};
use shop::discount::{Gives, Rule};

use crate::market::{Answer, Market, Somebody, markets};

pub(crate) async fn open(market: &Market, show: &Broadcast, form: &[(&str, &str)]) -> Answer {
    let key = market.live.base.random.token::<8>();
    let form: Vec<_> = form.iter().copied().chain([("key", key.as_str())]).collect();
    market.form(&market.seller, &format!("/live/{}/interactions", show.id), &form).await
}

pub(crate) async fn opened(market: &Market, show: &Broadcast, form: &[(&str, &str)]) -> InteractionId {
    let answer = open(market, show, form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().parse().unwrap()
}

pub(crate) async fn tap(
    market: &Market,
    who: &Somebody,
    show: &Broadcast,
    id: &InteractionId,
    choice: &str,
) -> Answer {
    let path = format!("/live/{}/interactions/{id}/answer", show.id);
    market.form(who, &path, &[("choice", choice), ("ticket", "mybrowser1")]).await
}

async fn close(market: &Market, show: &Broadcast, id: &InteractionId) -> Value {
    let closed =
        market.form(&market.seller, &format!("/live/{}/interactions/{id}/closing", show.id), &[]).await;
    assert_eq!(closed.status, StatusCode::OK, "{}", closed.text());
    closed.json()
}

const POLL: [(&str, &str); 4] =
    [("kind", "poll"), ("said", "어느 쪽이 좋으세요?"), ("choice", "구이용"), ("choice", "조림용")];

/// Somebody else, as far as votes are concerned.
fn voter(like: &Person) -> Person {
    Person { id: PersonId::new(1), ..like.clone() }
}

pub(crate) async fn handed_out(market: &Market, quantity: i64) -> Coupon {
    let rule = Rule { gives: Gives::Amount, amount_won: Won(1_000), ..Rule::default() };
    let new = NewCoupon { rule, quantity, by_claim: true, ..NewCoupon::default() };
    coupon::create(&market.shop, &market.store, &market.live.base.random.token::<8>(), new).await.unwrap()
}

#[tokio::test]
async fn everybody_votes_once_and_the_count_is_told_at_the_end() {
    for market in markets().await {
        let show = market.on_air().await;
        let poll = opened(&market, &show, &POLL).await;
        let first = tap(&market, &market.shopper, &show, &poll, "1").await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.text());
        // A double tap is the same vote; another choice is refused.
        assert_eq!(tap(&market, &market.shopper, &show, &poll, "1").await.json()["choice"], 1);
        let changed = tap(&market, &market.shopper, &show, &poll, "0").await;
        assert_eq!(changed.json()["type"], "/problems/answered-before");
        assert_eq!(tap(&market, &market.stranger, &show, &poll, "7").await.status, 422);
        tap(&market, &market.stranger, &show, &poll, "0").await;

        let closed = close(&market, &show, &poll).await;
        assert_eq!((&closed["counts"], &closed["people"]), (&json!([1, 1]), &json!(2)));
        assert_eq!(close(&market, &show, &poll).await, closed);
        let late = tap(&market, &market.seller, &show, &poll, "0").await;
        assert_eq!(late.json()["type"], "/problems/interaction-closed");
        // Who voted may still ask what they voted.
        assert_eq!(tap(&market, &market.shopper, &show, &poll, "1").await.status, 200);
    }
}

#[tokio::test]
async fn a_thousand_voters_are_counted_to_the_last() {
    for market in markets().await {
        let show = market.on_air().await;
        let poll = opened(&market, &show, &POLL).await;
        let votes = stream::iter(0..1_000_usize)
            .map(|n| {
                let (market, show, poll) = (&market, &show, &poll);
                async move {
                    let person = voter(&market.shopper.person);
                    let once = answer::give(&market.live, show, poll, &person, n % 2, "").await;
                    let twice = answer::give(&market.live, show, poll, &person, n % 2, "").await;
                    assert_eq!(once.unwrap(), twice.unwrap());
                }
            })
            .buffer_unordered(200)
            .count();
        assert_eq!(votes.await, 1_000);
        assert_eq!(close(&market, &show, &poll).await["counts"], json!([500, 500]), "{}", market.engine);
    }
}

#[tokio::test]
async fn votes_that_race_with_the_end_are_counted_or_refused_never_lost() {
    for market in markets().await {
        let show = market.on_air().await;
        let poll = opened(&market, &show, &POLL).await;
        let votes = stream::iter(0..300_usize).map(|_| {
            let (market, show, poll) = (&market, &show, &poll);
            async move {
                let person = voter(&market.shopper.person);
                answer::give(&market.live, show, poll, &person, 0, "").await.is_ok()
            }
        });
        let taken = votes.buffer_unordered(50).filter(|taken| futures::future::ready(*taken)).count();
        let ending = async {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            interaction::close(&market.live, &show.id, &poll).await.unwrap()
        };
        let (taken, closed) = tokio::join!(taken, ending);
        assert_eq!(closed.counts[0], taken as i64, "{}", market.engine);
    }
}

#[tokio::test]
async fn of_a_hundred_coupons_ten_thousand_hands_get_a_hundred() {
    for market in markets().await {
        let show = market.on_air().await;
        let coupon = handed_out(&market, 100).await;
        let drop = opened(&market, &show, &[("kind", "coupon"), ("coupon", coupon.id.as_str())]).await;
        let taken = stream::iter(0..10_000)
            .map(|_| {
                let (market, show, drop) = (&market, &show, &drop);
                async move {
                    let person = voter(&market.shopper.person);
                    match answer::give(&market.live, show, drop, &person, 0, "").await {
                        Ok(given) => given.code,
                        Err(live::Error::CouponsGone) => None,
                        Err(error) => panic!("{error}"),
                    }
                }
            })
            .buffer_unordered(1_000)
            .filter_map(futures::future::ready)
            .collect::<Vec<_>>()
            .await;
        assert_eq!(taken, vec![coupon.code.clone(); 100], "{}", market.engine);
        let closed = interaction::of_broadcast(&market.live.base.db, &show.id, &drop).await.unwrap();
        assert_eq!((closed.people(), closed.closed_at_ms.is_some()), (100, true));
        let again = open(&market, &show, &[("kind", "coupon"), ("coupon", coupon.id.as_str())]).await;
        assert_eq!(again.status, 422, "a coupon is handed out once");
    }
}

#[tokio::test]
async fn a_draw_can_be_repeated_from_what_was_told() {
    for market in markets().await {
        let show = market.on_air().await;
        let prize = handed_out(&market, 2).await;
        let form =
            [("kind", "draw"), ("said", "굴비 한 두름"), ("winners", "2"), ("coupon", prize.id.as_str())];
        let draw = opened(&market, &show, &form).await;
        let given = tap(&market, &market.shopper, &show, &draw, "0").await.json();
        assert!(given["ticket"].as_str().unwrap().starts_with("mybrowser1"));
        // The same browser's ticket for somebody else is another ticket.
        let other = tap(&market, &market.stranger, &show, &draw, "0").await.json();
        assert_ne!(given["ticket"], other["ticket"]);
        for _ in 0..20 {
            answer::give(&market.live, &show, &draw, &voter(&market.shopper.person), 0, "").await.unwrap();
        }
        let path = format!("/api/v1/broadcasts/{}/interactions/{draw}/proof", show.id);
        let before = market.get(&path).await.json();
        assert_eq!((&before["seed"], &before["tickets"]), (&json!(""), &json!([])));

        let closed = close(&market, &show, &draw).await;
        let proof: draw::Proof = serde_json::from_value(market.get(&path).await.json()).unwrap();
        assert_eq!(draw::verify(&proof), Ok(()));
        assert_eq!(proof.commitment, before["commitment"]);
        assert_eq!((proof.tickets.len(), proof.winners.len()), (22, 2));
        assert_eq!(closed["winners"][0]["ticket"], proof.winners[0].as_str());
        let page = market.page(&market.shopper, &format!("/live/{}/draws/{draw}", show.id)).await;
        assert!(page.text().contains("다시 뽑아 봤더니 결과가 같아요"), "{}", page.text());
    }
}

#[tokio::test]
async fn only_one_card_stands_and_only_the_stores_people_open_it() {
    for market in markets().await {
        let show = market.show().await;
        assert_eq!(open(&market, &show, &POLL).await.json()["type"], "/problems/show-not-on-air");
        broadcast::begin(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap();
        let show = market.find(&show.id).await;
        let path = format!("/live/{}/interactions", show.id);
        let form: Vec<_> = POLL.into_iter().chain([("key", "one-key")]).collect();
        assert_eq!(market.form(&market.stranger, &path, &form).await.status, 403);
        let first = market.form(&market.seller, &path, &form).await.json();
        assert_eq!(market.form(&market.seller, &path, &form).await.json()["id"], first["id"]);
        let quiz = [
            ("kind", "quiz"),
            ("said", "몇 마리?"),
            ("choice", ""),
            ("choice", "두 마리"),
            ("answer", "3"),
            ("choice", "세 마리"),
            ("choice", "네 마리"),
        ];
        assert_eq!(open(&market, &show, &quiz).await.json()["type"], "/problems/interaction-one-at-a-time");
        close(&market, &show, &first["id"].as_str().unwrap().parse().unwrap()).await;

        let quiz = opened(&market, &show, &quiz).await;
        let told = &interaction::standing(&market.live.base.db, &show.id).await.unwrap()[0];
        assert!(!told.frame().to_string().contains("answer"), "nobody learns the answer before the end");
        assert_eq!(close(&market, &show, &quiz).await["answer"], 2);

        // Announcements take each other's place.
        opened(&market, &show, &[("kind", "announcement"), ("said", "5분 뒤에 끝나요")]).await;
        opened(&market, &show, &[("kind", "announcement"), ("said", "곧 끝나요")]).await;
        let standing = interaction::standing(&market.live.base.db, &show.id).await.unwrap();
        assert_eq!(standing.iter().map(|one| one.said.as_str()).collect::<Vec<_>>(), ["곧 끝나요"]);
        // Another show's are not reached through this one.
        let elsewhere = market.show().await;
        let stolen = format!("/live/{}/interactions/{quiz}/closing", elsewhere.id);
        assert_eq!(market.form(&market.seller, &stolen, &[]).await.status, 404);
    }
}

#[tokio::test]
async fn the_end_of_the_show_closes_what_stands_and_the_replay_knows_it() {
    for market in markets().await {
        let show = market.on_air().await;
        let poll = opened(&market, &show, &POLL).await;
        tap(&market, &market.shopper, &show, &poll, "1").await;
        broadcast::end(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap();
        let show = market.find(&show.id).await;
        let remembered = replay::remember(&market.live.base.db, &show).await.unwrap().events;
        let kinds: Vec<_> = remembered.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["interaction", "interaction-closed"]);
        assert_eq!((&remembered[0]["counts"], &remembered[1]["counts"]), (&json!([0, 0]), &json!([0, 1])));
        assert_eq!(open(&market, &show, &POLL).await.json()["type"], "/problems/show-over");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_and_programs_may_do_the_same() {
    for market in markets().await {
        let show = market.on_air().await;
        let long = "가".repeat(81);
        let refused: [&[(&str, &str)]; 6] = [
            &[("kind", "announcement"), ("said", " ")],
            &[("kind", "announcement"), ("said", &long)],
            &[("kind", "poll"), ("said", "하나만?"), ("choice", "네"), ("choice", "네")],
            &[("kind", "draw"), ("said", "굴비"), ("winners", "0")],
            &[("kind", "coupon"), ("coupon", "00000000-0000-7000-8000-000000000000")],
            &[("kind", "announcement"), ("said", "말"), ("seconds", "5")],
        ];
        for form in refused {
            assert_eq!(open(&market, &show, form).await.status, 422, "{form:?}");
        }
        let path = format!("/api/v1/broadcasts/{}/interactions", show.id);
        let new = json!({ "kind": "poll", "said": "어느 쪽?", "choices": ["왼쪽", "오른쪽"], "seconds": 30 });
        let made = market.api(&market.seller, Method::POST, &path, "api-1", new).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let vote = json!({ "choice": 1 });
        let answered =
            market.api(&market.shopper, Method::PUT, &format!("{path}/{id}/answer"), "api-2", vote).await;
        assert_eq!(answered.json()["choice"], 1, "{}", answered.text());
        let listed = market.get(&path).await.json();
        assert_eq!(listed["items"][0]["counts"], json!([0, 1]));
        let page = market.page(&market.shopper, &format!("/live/{}", show.id)).await.text();
        assert!(page.contains("어느 쪽?") && page.contains("aria-pressed=\"true\""));
    }
}

#[tokio::test]
async fn whoever_leaves_is_forgotten_and_still_counted() {
    for market in markets().await {
        let show = market.on_air().await;
        let form = [("kind", "draw"), ("said", "굴비 한 두름"), ("winners", "1")];
        let draw = opened(&market, &show, &form).await;
        tap(&market, &market.shopper, &show, &draw, "0").await;
        market.live.forget(&market.shopper.person.id).await.unwrap();
        let closed = close(&market, &show, &draw).await;
        assert_eq!((&closed["people"], &closed["winners"][0]["name"]), (&json!(1), &json!("*")));
        let (_, proof) = draw::proof(&market.live.base.db, &show.id, &draw).await.unwrap();
        assert_eq!(draw::verify(&proof), Ok(()));
    }
}
