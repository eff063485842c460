use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::App;

const MINE: &str = "010-0000-0001";

#[tokio::test]
async fn a_consent_is_withdrawn_by_one_press_as_it_was_given() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.signed_in(MINE).await;
        assert_eq!(browser.post("/me/consents", &[("marketing", "on")]).await.to, "/me");
        assert_eq!(browser.post("/me/consents", &[("night_marketing", "on")]).await.to, "/me");
        assert_eq!(app.count("consents").await, 2);
        browser.post("/me/consents", &[("marketing", "on")]).await;
        assert_eq!(app.count("consents").await, 2, "what holds is not written again");
        browser.post("/me/consents", &[("marketing", "off")]).await;
        assert_eq!(app.count("consents").await, 4, "the night goes with the day; the ledger only grows");
        let held = browser.api("GET", "/api/v1/me/consents", json!(null)).await.json();
        assert!(held["items"].as_array().unwrap().iter().all(|item| item["given"] == false));
        let alone = browser.post("/me/consents", &[("night_marketing", "on")]).await;
        assert_eq!(alone.status, 422);
    }
}

#[tokio::test]
async fn a_program_changes_wishes_and_nothing_else() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.signed_in(MINE).await;
        let wanted = json!({ "marketing": true, "night_marketing": false });
        let put = browser.api("PUT", "/api/v1/me/consents", wanted).await;
        assert_eq!(put.status, 200);
        assert_eq!(put.json()["items"][0]["kind"], "marketing");
        assert_eq!(put.json()["items"][0]["text_version"], "2026-11-22");
        let alone = json!({ "marketing": false, "night_marketing": true });
        let refused = browser.api("PUT", "/api/v1/me/consents", alone).await;
        assert_eq!(refused.json()["type"], "/problems/night-alone");
        assert_eq!(app.browser().api("GET", "/api/v1/me/consents", json!(null)).await.status, 401);
    }
}

/// Whoever changes a text that people agree to must give it a new version in `consent.rs`, and then
/// its new sum here.
#[test]
fn the_texts_are_those_of_their_versions() {
    web::words::install(&[web::WORDS, people::WORDS]);
    let texts = ["people-terms-text", "people-privacy-text", "people-marketing-text", "people-night-text"];
    let sums: Vec<String> = [web::Lang::Ko, web::Lang::En]
        .into_iter()
        .flat_map(|lang| texts.map(|key| web::words::find(lang, key, Vec::new()).unwrap()))
        .map(|text| Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect())
        .collect();
    assert_eq!(sums.join(" "), "bb30d63e 0b481087 cfeff50b b3279813 622e75df 8916153f 22f6a786 80a1ca4e");
}
