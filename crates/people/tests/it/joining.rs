use std::time::Duration;

use base::sql;
use serde_json::json;

use crate::app::{App, Browser};

const NEW: &str = "new@market.example";

async fn proved<'a>(app: &'a App, to: &str) -> Browser<'a> {
    let mut browser = app.browser();
    browser.ask(NEW).await;
    let code = app.newest_code().await;
    let entered = browser.post("/sign-in/code", &[("code", &code), ("to", to)]).await;
    assert_eq!(entered.status, 303);
    assert!(entered.to.starts_with("/join"), "{}", entered.to);
    browser
}

const FORM: [(&str, &str); 4] =
    [("name", " 이 새봄 "), ("birth", "1990-03-05"), ("terms", "on"), ("privacy", "on")];

#[tokio::test]
async fn somebody_new_joins_and_goes_on() {
    for app in App::each().await {
        let mut browser = proved(&app, "/closed").await;
        let page = browser.get("/join?to=%2Fclosed").await;
        assert!(page.text.contains(NEW));
        assert!(!page.text.contains(" checked"), "nothing is ticked beforehand");
        let joined = browser.post("/join", &[&FORM[..], &[("to", "/closed")]].concat()).await;
        assert_eq!((joined.status, joined.to.as_str()), (303, "/closed"));
        assert_eq!(browser.get("/closed").await.text, "이 새봄");
        assert_eq!(browser.post("/join", &FORM).await.status, 410, "once");
        app.later(Duration::from_secs(31));
        assert_eq!(app.signed_in(NEW).await.get("/open").await.text, "이 새봄");
        assert_eq!(app.count("persons").await, 1);
    }
}

#[tokio::test]
async fn every_consent_is_its_own_row_before_the_account_is_used() {
    for app in App::each().await {
        let mut browser = proved(&app, "/").await;
        browser.post("/join", &[&FORM[..], &[("marketing", "on")]].concat()).await;
        let rows: Vec<(String, bool, String, String, i64)> = sql!(
            all & app.base.db,
            "select kind, given, text_version, channel, at_ms from consents order by kind"
        )
        .unwrap();
        let kinds: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        assert_eq!(kinds, ["age", "marketing", "privacy", "terms"]);
        for (kind, given, version, channel, at_ms) in rows {
            assert!(
                given && version == "2026-11-22" && channel == "page" && at_ms == app.base.clock.now_ms(),
                "{kind}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_told_all_at_once_and_nothing_typed_is_lost() {
    for app in App::each().await {
        let mut browser = proved(&app, "/").await;
        let refused =
            browser.post("/join", &[("name", "이새봄"), ("birth", "90년생"), ("marketing", "on")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("이새봄") && refused.text.contains("90년생"));
        assert_eq!(refused.text.matches("동의해 주셔야 가입할 수 있어요").count(), 2);
        assert!(refused.text.contains("여덟 자리"));
        let alone = browser.post("/join", &[&FORM[..], &[("night_marketing", "on")]].concat()).await;
        assert_eq!(alone.status, 422);
        assert_eq!((app.count("persons").await, app.count("consents").await), (0, 0));
        assert_eq!(browser.post("/join", &FORM).await.status, 303, "a slip costs no new code");
    }
}

#[tokio::test]
async fn under_fourteen_is_refused_kindly() {
    for app in App::each().await {
        let mut browser = proved(&app, "/").await;
        let form = [("name", "이새봄"), ("birth", "20121123"), ("terms", "on"), ("privacy", "on")];
        let refused = browser.post("/join", &form).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("보호자"));
        assert_eq!((app.count("persons").await, app.count("consents").await), (0, 0));
        // A day later by the calendar of Seoul: ten hours from now is past midnight there.
        app.later(Duration::from_secs(10 * 3600));
        assert_eq!(browser.post("/join", &form).await.status, 410, "the proof does not wait for a birthday");
        let mut browser = proved(&app, "/").await;
        assert_eq!(browser.post("/join", &form).await.status, 303);
    }
}

#[tokio::test]
async fn joining_needs_a_proved_address() {
    for app in App::each().await {
        let mut browser = app.browser();
        assert_eq!(browser.get("/join").await.to, "/sign-in");
        assert_eq!(browser.post("/join", &FORM).await.status, 410);
        browser.ask(NEW).await;
        assert_eq!(browser.post("/join", &FORM).await.status, 410, "asked is not proved");
        let mut browser = app.browser();
        app.later(Duration::from_secs(31));
        browser.ask(NEW).await;
        let code = app.newest_code().await;
        browser.post("/sign-in/code", &[("code", &code)]).await;
        app.later(Duration::from_secs(31 * 60));
        assert_eq!(browser.post("/join", &FORM).await.status, 410, "half an hour is enough");
        assert_eq!(app.count("persons").await, 0);
    }
}

#[tokio::test]
async fn a_program_joins_by_the_same_rules() {
    for app in App::each().await {
        let mut program = app.browser();
        let asked = program.api("POST", "/api/v1/sign-in/codes", json!({ "address": NEW })).await;
        assert_eq!(asked.status, 201);
        let id = asked.json()["id"].clone();
        let code = app.newest_code().await;
        let first = program.api("POST", "/api/v1/sessions", json!({ "id": id, "code": code })).await;
        assert_eq!((first.status, first.json()["type"].clone()), (409, json!("/problems/join-first")));
        let mut wanted = json!({ "id": id, "name": "이새봄", "birth_date": "2020-01-01", "terms": true, "privacy": false });
        let young = program.api("POST", "/api/v1/persons", wanted.clone()).await;
        assert_eq!(young.json()["type"], "/problems/under-age");
        wanted["birth_date"] = json!("1990-03-05");
        let refused = program.api("POST", "/api/v1/persons", wanted.clone()).await;
        assert_eq!(refused.json()["fields"][0]["field"], "privacy");
        wanted["privacy"] = json!(true);
        let joined = program.api("POST", "/api/v1/persons", wanted).await;
        assert_eq!(joined.status, 201);
        assert_eq!(joined.json()["person"]["name"], "이새봄");
        program.cookies.insert("bearer".into(), joined.json()["token"].as_str().unwrap().into());
        let me = program.api("GET", "/api/v1/me", json!(null)).await;
        assert_eq!((me.status, me.json()["email"].clone()), (200, json!(NEW)));
    }
}
