//! Order in the room, and the questions that are asked in it.

use axum::http::{Method, StatusCode};
use live::question::{self, Standing};
use live::{Broadcast, BroadcastId, broadcast, replay};
use serde_json::json;

use crate::market::{Answer, Market, Somebody, markets};

async fn say(market: &Market, who: &Somebody, show: &Broadcast, text: &str) -> Answer {
    market.form(who, &format!("/live/{}/chat", show.id), &[("text", text)]).await
}

async fn said(market: &Market, who: &Somebody, show: &Broadcast, text: &str) -> String {
    let answer = say(market, who, show, text).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn post(market: &Market, who: &Somebody, show: &BroadcastId, what: &str, form: &[(&str, &str)]) -> u16 {
    market.form(who, &format!("/live/{show}/{what}"), form).await.status.as_u16()
}

#[tokio::test]
async fn a_word_that_is_not_wanted_is_refused_and_the_rest_is_said() {
    for market in markets().await {
        let show = market.on_air().await;
        let refused = say(&market, &market.shopper, &show, "시1발 비싸네").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("쓸 수 없는 말"), "{}", refused.text());
        assert_eq!(say(&market, &market.shopper, &show, "010-1234-5678로 연락 주세요").await.status, 422);
        said(&market, &market.shopper, &show, "다시 발송해 주세요").await;
        // The store's own people may quote.
        said(&market, &market.seller, &show, "전화는 010-0000-0011이에요").await;

        assert_eq!(post(&market, &market.stranger, &show.id, "words", &[("words", "옆집")]).await, 403);
        assert_eq!(
            post(&market, &market.seller, &show.id, "words", &[("words", "옆집\n 옆집 ,짝퉁")]).await,
            200
        );
        assert_eq!(say(&market, &market.shopper, &show, "옆집이 더 싸요").await.status, 422);
        let long = "가".repeat(21);
        assert_eq!(post(&market, &market.seller, &show.id, "words", &[("words", &long)]).await, 422);
        let path = format!("/api/v1/broadcasts/{}/banned-words", show.id);
        let kept = market.api(&market.seller, Method::GET, &path, "words-1", json!(null)).await.json();
        assert_eq!(kept["words"], json!(["옆집", "짝퉁"]), "a refused list changes nothing");
        assert_eq!(post(&market, &market.seller, &show.id, "words", &[("words", "")]).await, 200);
        said(&market, &market.shopper, &show, "옆집이 더 싸요").await;
    }
}

#[tokio::test]
async fn whoever_is_muted_watches_and_may_be_let_in_again() {
    for market in markets().await {
        let show = market.on_air().await;
        let line = said(&market, &market.shopper, &show, "시끄러운 말").await;
        let other = market.show().await;
        assert_eq!(post(&market, &market.stranger, &show.id, "muting", &[("line", &line)]).await, 403);
        assert_eq!(post(&market, &market.seller, &other.id, "muting", &[("line", &line)]).await, 404);
        for _ in 0..2 {
            assert_eq!(post(&market, &market.seller, &show.id, "muting", &[("line", &line)]).await, 200);
        }
        let refused = say(&market, &market.shopper, &show, "또 시끄러운 말").await;
        assert_eq!(refused.json()["type"], "/problems/chat-muted");
        said(&market, &market.stranger, &show, "저는 괜찮아요").await;
        // The seller's own line mutes nobody.
        let own = said(&market, &market.seller, &show, "사장이에요").await;
        post(&market, &market.seller, &show.id, "muting", &[("line", &own)]).await;
        said(&market, &market.seller, &show, "여전히 사장이에요").await;

        let path = format!("/api/v1/broadcasts/{}/muted", show.id);
        let muted = market.api(&market.seller, Method::GET, &path, "muted", json!(null)).await.json();
        assert_eq!(muted["items"], json!([{ "person_id": market.shopper.person.id, "name": "영희" }]));
        let person = market.shopper.person.id.to_string();
        assert_eq!(post(&market, &market.seller, &show.id, "unmuting", &[("person", &person)]).await, 200);
        said(&market, &market.shopper, &show, "조용한 말").await;
    }
}

#[tokio::test]
async fn slow_mode_says_how_long_to_wait_and_lets_the_seller_talk() {
    for market in markets().await {
        let show = market.on_air().await;
        assert_eq!(post(&market, &market.seller, &show.id, "slow", &[("seconds", "7")]).await, 422);
        assert_eq!(post(&market, &market.stranger, &show.id, "slow", &[("seconds", "30")]).await, 403);
        assert_eq!(post(&market, &market.seller, &show.id, "slow", &[("seconds", "30")]).await, 200);
        // The broadcast is believed for a second.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        said(&market, &market.shopper, &show, "하나").await;
        let soon = say(&market, &market.shopper, &show, "둘").await;
        assert_eq!(soon.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(soon.header("retry-after"), "30");
        for text in ["사장", "말", "많이"] {
            said(&market, &market.seller, &show, text).await;
        }
    }
}

#[tokio::test]
async fn the_same_question_is_gathered_once_and_answered_in_the_replay() {
    for market in markets().await {
        let db = &market.live.base.db;
        let show = market.on_air().await;
        for text in ["택배 되나요", "맛있어 보여요", "혹시 택배도 되나요?", "원산지가 어디예요"]
        {
            said(&market, &market.shopper, &show, text).await;
        }
        said(&market, &market.seller, &show, "궁금한 거 있나요?").await;
        let open = question::open(db, &show.id).await.unwrap();
        let seen: Vec<_> = open.iter().map(|one| (one.said.as_str(), one.asked)).collect();
        assert_eq!(seen, [("택배 되나요", 2), ("원산지가 어디예요", 1)], "{}", market.engine);

        let first = format!("questions/{}", open[0].id);
        let answered = [("standing", "answered")];
        assert_eq!(post(&market, &market.stranger, &show.id, &first, &answered).await, 403);
        let other = market.show().await;
        assert_eq!(post(&market, &market.seller, &other.id, &first, &answered).await, 404);
        assert_eq!(post(&market, &market.seller, &show.id, &first, &answered).await, 200);
        // Skipped, and brought back.
        question::mark(&market.live, &show, &open[1].id, Standing::Dismissed).await.unwrap();
        assert_eq!(question::open(db, &show.id).await.unwrap().len(), 0);
        question::mark(&market.live, &show, &open[1].id, Standing::Open).await.unwrap();
        assert_eq!(question::open(db, &show.id).await.unwrap().len(), 1);
        // Asked again after its answer it waits again.
        said(&market, &market.stranger, &show, "택배 되나요?").await;
        assert_eq!(question::open(db, &show.id).await.unwrap().len(), 2);

        broadcast::end(db, &show.id, market.clock.now_ms()).await.unwrap();
        let show = market.find(&show.id).await;
        let events = replay::remember(db, &show).await.unwrap().events;
        let marks: Vec<_> = events.iter().filter(|event| event["type"] == "answered").collect();
        assert_eq!(
            (marks.len(), &marks[0]["said"], &marks[0]["asked"]),
            (1, &json!("택배 되나요"), &json!(2))
        );
    }
}

#[tokio::test]
async fn a_question_goes_out_of_sight_with_its_line_and_comes_back_with_it() {
    for market in markets().await {
        let db = &market.live.base.db;
        let show = market.on_air().await;
        let line = said(&market, &market.shopper, &show, "계좌번호가 어떻게 되나요").await;
        let open = question::open(db, &show.id).await.unwrap();
        question::mark(&market.live, &show, &open[0].id, Standing::Answered).await.unwrap();
        let hiding = live::chat::hide(&market.live, &show, &line.parse().unwrap()).await;
        hiding.unwrap();
        assert_eq!(question::answered(db, &show.id, 10).await.unwrap().len(), 0, "{}", market.engine);
        // Somebody else who asks the same is heard.
        said(&market, &market.stranger, &show, "계좌번호가 어떻게 되나요").await;
        assert_eq!(question::open(db, &show.id).await.unwrap().len(), 1);
        live::chat::show(&market.live, &show, None).await.unwrap();
        assert_eq!(question::answered(db, &show.id, 10).await.unwrap().len(), 1, "the answer was not lost");
    }
}
