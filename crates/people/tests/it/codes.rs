use std::time::Duration;

use base::sql;
use serde_json::{Value, json};

use crate::app::App;

const MINE: &str = "010-0000-0001";

fn wrong(code: &str) -> String {
    let other: u32 = (code.parse::<u32>().unwrap() + 1) % 1_000_000;
    format!("{other:06}")
}

#[tokio::test]
async fn the_right_code_signs_a_known_person_in() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.browser();
        assert_eq!(browser.get("/closed").await.to, "/sign-in?to=%2Fclosed");
        browser.get("/sign-in?to=%2Fclosed").await;
        let sent = browser.post("/sign-in", &[("address", "+82 10 0000 0001"), ("to", "/closed")]).await;
        assert_eq!((sent.status, sent.to.as_str()), (303, "/sign-in/code?to=%2Fclosed"));
        assert!(browser.get(&sent.to).await.text.contains("010-0000-0001"));
        let code = app.newest_code().await;
        let entered = browser.post("/sign-in/code", &[("code", &code), ("to", "/closed")]).await;
        assert_eq!((entered.status, entered.to.as_str()), (303, "/closed"));
        let cookie = entered.set.iter().find(|line| line.starts_with("__Host-session=")).unwrap();
        for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(browser.get("/closed").await.text, "김정희");
        assert_eq!(browser.get("/open").await.text, "김정희");
    }
}

#[tokio::test]
async fn five_wrong_tries_end_a_code() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.browser();
        browser.ask(MINE).await;
        let code = app.newest_code().await;
        for left in (1..5).rev() {
            let refused = browser.post("/sign-in/code", &[("code", &wrong(&code))]).await;
            assert_eq!(refused.status, 422);
            assert!(refused.text.contains(&format!("{left}번 더")), "{left}");
        }
        assert_eq!(browser.post("/sign-in/code", &[("code", &wrong(&code))]).await.status, 410);
        assert_eq!(
            browser.post("/sign-in/code", &[("code", &code)]).await.status,
            410,
            "the right one is too late"
        );
        assert_eq!(app.count("sessions").await, 0);
    }
}

#[tokio::test]
async fn the_fifth_try_may_still_be_right() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.browser();
        browser.ask(MINE).await;
        let code = app.newest_code().await;
        for _ in 0..4 {
            browser.post("/sign-in/code", &[("code", &wrong(&code))]).await;
        }
        assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    }
}

#[tokio::test]
async fn many_guesses_at_once_are_still_five() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.browser();
        browser.ask(MINE).await;
        let code = wrong(&app.newest_code().await);
        let guesses = (0..20).map(|_| {
            let mut browser = browser.clone();
            let code = code.clone();
            async move { browser.post("/sign-in/code", &[("code", &code)]).await.status }
        });
        let answers = futures::future::join_all(guesses).await;
        assert_eq!(answers.iter().filter(|status| **status == 422).count(), 4);
        assert_eq!(answers.iter().filter(|status| **status == 410).count(), 16);
        let tries: i64 = sql!(value & app.base.db, "select max(tries) from codes").unwrap();
        assert_eq!(tries, 5);
    }
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.browser();
        browser.ask(MINE).await;
        let code = app.newest_code().await;
        app.later(Duration::from_secs(300));
        let refused = browser.post("/sign-in/code", &[("code", &code)]).await;
        assert_eq!(refused.status, 410);
        assert!(refused.text.contains("다시 받"));
    }
}

#[tokio::test]
async fn a_code_is_used_once_and_only_the_newest_counts() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.browser();
        browser.ask(MINE).await;
        let first = app.newest_code().await;
        app.later(Duration::from_secs(31));
        assert_eq!(browser.post("/sign-in/code", &[("again", "1")]).await.status, 303);
        let second = app.newest_code().await;
        assert_ne!(first, second);
        assert_eq!(browser.post("/sign-in/code", &[("code", &first)]).await.status, 422);
        let mut replayed = browser.clone();
        assert_eq!(browser.post("/sign-in/code", &[("code", &second)]).await.status, 303);
        let again = replayed.post("/sign-in/code", &[("code", &second)]).await;
        assert_eq!((again.status, again.to.as_str()), (303, "/sign-in"), "what is spent waits for nothing");
        assert_eq!(app.count("sessions").await, 1);
    }
}

#[tokio::test]
async fn a_code_opens_nothing_in_another_browser() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut mine = app.browser();
        mine.ask(MINE).await;
        let code = app.newest_code().await;
        let mut other = app.browser();
        other.get("/sign-in").await;
        let refused = other.post("/sign-in/code", &[("code", &code)]).await;
        assert_eq!((refused.status, refused.to.as_str()), (303, "/sign-in"));
        let id = "ab".repeat(32);
        let refused = other.api("POST", "/api/v1/sessions", json!({ "id": id, "code": code })).await;
        assert_eq!((refused.status, refused.json()["type"].clone()), (410, json!("/problems/code-over")));
        assert_eq!(mine.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    }
}

#[tokio::test]
async fn an_address_gets_three_codes_in_ten_minutes_and_ten_a_day() {
    for app in App::each().await {
        let mut browser = app.browser();
        for _ in 0..3 {
            assert_eq!(browser.ask(MINE).await.status, 303);
            app.later(Duration::from_secs(31));
        }
        let refused = browser.ask(MINE).await;
        assert_eq!(refused.status, 429);
        assert!(refused.text.contains("9분 뒤"), "{}", refused.text);
        assert!(refused.text.contains(MINE), "what was typed is kept");
        for _ in 0..7 {
            app.later(Duration::from_secs(601));
            assert_eq!(app.browser().ask(MINE).await.status, 303);
        }
        app.later(Duration::from_secs(601));
        assert_eq!(app.browser().ask(MINE).await.status, 429, "the eleventh of the day");
        assert_eq!(app.browser().ask("010-0000-0002").await.status, 303, "another address may");
        app.later(Duration::from_secs(24 * 3600));
        assert_eq!(app.browser().ask(MINE).await.status, 303);
    }
}

#[tokio::test]
async fn a_person_is_not_flooded_by_two_addresses() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut tx = app.base.db.begin().await.unwrap();
        sql!(run &mut tx, "update persons set email = 'kim@market.example'").unwrap();
        tx.commit().await.unwrap();
        for address in [MINE, "kim@market.example", MINE, "kim@market.example", MINE] {
            assert_eq!(app.browser().ask(address).await.status, 303);
            app.later(Duration::from_secs(31));
        }
        assert_eq!(app.browser().ask("kim@market.example").await.status, 429);
    }
}

#[tokio::test]
async fn a_client_asks_thirty_times_an_hour() {
    for app in App::each().await {
        for number in 10..40 {
            let mut browser = app.browser();
            browser.peer = Some("203.0.113.7");
            assert_eq!(browser.ask(&format!("010-0000-00{number}")).await.status, 303);
        }
        let mut browser = app.browser();
        browser.peer = Some("203.0.113.7");
        let refused =
            browser.api("POST", "/api/v1/sign-in/codes", json!({ "address": "010-0000-0050" })).await;
        assert_eq!((refused.status, refused.retry_after.as_deref()), (429, Some("3600")));
        browser.peer = Some("203.0.113.8");
        assert_eq!(browser.ask("010-0000-0050").await.status, 303);
    }
}

#[tokio::test]
async fn asked_at_once_by_many_an_address_gets_one_code() {
    for app in App::each().await {
        let asks = (0..10).map(|_| {
            let mut browser = app.browser();
            async move { browser.post("/sign-in", &[("address", MINE)]).await.status }
        });
        let answers = futures::future::join_all(asks).await;
        assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
        assert_eq!(app.count("jobs").await, 1);
    }
}

#[tokio::test]
async fn a_double_tap_sends_one_code_and_lands_on_the_same_page() {
    for app in App::each().await {
        let mut browser = app.browser();
        browser.ask(MINE).await;
        let second = browser.post("/sign-in", &[("address", MINE)]).await;
        assert_eq!((second.status, second.to.as_str()), (303, "/sign-in/code"));
        let again = browser.post("/sign-in/code", &[("again", "1")]).await;
        assert_eq!(again.status, 429);
        assert!(again.text.contains("30초 뒤"));
        assert_eq!(app.count("jobs").await, 1);
    }
}

#[tokio::test]
async fn the_answer_does_not_tell_whether_somebody_has_an_account() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let (known, unknown) = (app.browser().ask(MINE).await, app.browser().ask("010-0000-0009").await);
        assert_eq!((known.status, &known.to, &known.text), (unknown.status, &unknown.to, &unknown.text));
        let mut program = app.browser();
        app.later(Duration::from_secs(60));
        let known = program.api("POST", "/api/v1/sign-in/codes", json!({ "address": MINE })).await;
        let unknown =
            program.api("POST", "/api/v1/sign-in/codes", json!({ "address": "010-0000-0009" })).await;
        let keys = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!((known.status, keys(&known.json())), (unknown.status, keys(&unknown.json())));
        assert_eq!(known.json()["expires_at"], unknown.json()["expires_at"]);
    }
}

#[tokio::test]
async fn nonsense_is_told_beside_the_field_and_kept() {
    for app in App::each().await {
        let long = "가".repeat(10_000);
        for typed in
            ["", "' or 1=1; drop table persons --", "<script>alert(1)</script>@x.kr", "02-123-4567", &long]
        {
            let mut browser = app.browser();
            let refused = browser.ask(typed).await;
            assert_eq!(refused.status, 422, "{typed}");
            assert!(refused.text.contains("010으로 시작하는 번호나 이메일"));
            assert!(!refused.text.contains("<script>alert"));
            let refused = browser.api("POST", "/api/v1/sign-in/codes", json!({ "address": typed })).await;
            assert_eq!(refused.json()["type"], "/problems/sign-in-address");
        }
        let mut browser = app.browser();
        browser.ask(MINE).await;
        for typed in ["", "12345", "' or '1'='1", &long] {
            assert_eq!(browser.post("/sign-in/code", &[("code", typed)]).await.status, 422);
        }
        let tries: i64 = sql!(value & app.base.db, "select max(tries) from codes").unwrap();
        assert_eq!(tries, 0, "what is not a code is not a try");
        assert_eq!(app.count("persons").await, 0);
    }
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        for to in ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"] {
            let mut browser = app.browser();
            browser.ask(MINE).await;
            let code = app.newest_code().await;
            let entered = browser.post("/sign-in/code", &[("code", &code), ("to", to)]).await;
            assert_eq!((entered.status, entered.to.as_str()), (303, "/"), "{to}");
            let chosen = browser.post("/language", &[("lang", "en"), ("back", to)]).await;
            assert_eq!(chosen.to, "/", "{to}");
            app.later(Duration::from_secs(601));
        }
    }
}

#[tokio::test]
async fn a_code_is_nowhere_to_be_read_once_it_is_sent() {
    for app in App::each().await {
        let mut browser = app.browser();
        browser.ask(MINE).await;
        let code = app.newest_code().await;
        assert_eq!(app.count("jobs").await, 0);
        let kept: (String, String) =
            sql!(one & app.base.db, "select code_hash, browser_hash from codes").unwrap();
        let secret = browser.cookies.get("__Host-asked").unwrap();
        assert!(!kept.0.contains(&code) && !kept.1.contains(secret.as_str()));
        let page = browser.get("/dev/outbox").await;
        assert!(page.text.contains(&code) && page.text.contains("010-0000-0001"), "but the demo shows it");
    }
}
