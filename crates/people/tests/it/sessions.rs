use std::time::Duration;

use base::sql;
use serde_json::json;

use crate::app::App;

const MINE: &str = "010-0000-0001";

#[tokio::test]
async fn a_session_ended_elsewhere_stops_working_at_once() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut phone = app.signed_in(MINE).await;
        app.later(Duration::from_secs(31));
        let mut desk = app.signed_in(MINE).await;
        desk.agent = "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Edg/120.0";
        let page = desk.get("/me").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Android · Chrome"));
        let list = desk.api("GET", "/api/v1/me/sessions", json!(null)).await.json();
        let other = list["items"].as_array().unwrap().iter().find(|item| item["current"] == false).unwrap();
        let ended = desk.post(&format!("/me/devices/{}/sign-out", other["id"].as_str().unwrap()), &[]).await;
        assert_eq!((ended.status, ended.to.as_str()), (303, "/me#devices"));
        assert_eq!(phone.get("/closed").await.to, "/sign-in?to=%2Fclosed");
        assert_eq!(phone.get("/open").await.text, "nobody");
        assert_eq!(desk.get("/closed").await.text, "김정희");
    }
}

#[tokio::test]
async fn everywhere_else_and_here_are_two_buttons() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut here = app.signed_in(MINE).await;
        app.later(Duration::from_secs(31));
        let mut there = app.signed_in(MINE).await;
        assert_eq!(here.post("/me/devices/sign-out", &[]).await.status, 303);
        assert_eq!(there.get("/open").await.text, "nobody");
        assert_eq!(here.get("/open").await.text, "김정희");
        let mut copied = here.clone();
        let out = here.post("/sign-out", &[]).await;
        assert!(out.set.iter().any(|line| line.starts_with("__Host-session=;")));
        assert_eq!(copied.get("/open").await.text, "nobody", "the row is gone, not only the cookie");
        assert_eq!(app.count("sessions").await, 0);
    }
}

#[tokio::test]
async fn nobody_ends_a_stranger_s_session() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        app.person("박상수", "010-0000-0002").await;
        let mut mine = app.signed_in(MINE).await;
        app.later(Duration::from_secs(1));
        let mut other = app.signed_in("010-0000-0002").await;
        let list = mine.api("GET", "/api/v1/me/sessions", json!(null)).await.json();
        let id = list["items"][0]["id"].as_str().unwrap();
        assert_eq!(other.api("DELETE", &format!("/api/v1/me/sessions/{id}"), json!(null)).await.status, 404);
        assert_eq!(other.post(&format!("/me/devices/{id}/sign-out"), &[]).await.status, 404);
        assert_eq!(other.api("DELETE", "/api/v1/me/sessions/1", json!(null)).await.status, 404);
        assert_eq!(mine.api("DELETE", &format!("/api/v1/me/sessions/{id}"), json!(null)).await.status, 204);
        assert_eq!(mine.get("/open").await.text, "nobody");
    }
}

#[tokio::test]
async fn ninety_days_slide_with_use_and_are_written_every_ten_minutes() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.signed_in(MINE).await;
        let seen = async || -> i64 { sql!(value & app.base.db, "select seen_at_ms from sessions").unwrap() };
        let first = seen().await;
        app.later(Duration::from_secs(599));
        browser.get("/open").await;
        assert_eq!(seen().await, first);
        app.later(Duration::from_secs(1));
        browser.get("/open").await;
        assert_eq!(seen().await, first + 600_000);
        for _ in 0..3 {
            app.later(Duration::from_secs(89 * 24 * 3600));
            assert_eq!(browser.get("/open").await.text, "김정희");
        }
        app.later(Duration::from_secs(90 * 24 * 3600));
        assert_eq!(browser.get("/open").await.text, "nobody");
    }
}

#[tokio::test]
async fn a_request_without_our_cookie_never_asks_the_database() {
    for app in App::each().await {
        let mut browser = app.browser();
        app.base.db.close().await;
        assert_eq!(browser.get("/open").await.text, "nobody");
        browser.cookies.insert("__Host-session".into(), "' or 1=1 --".into());
        assert_eq!(browser.get("/open").await.text, "nobody", "nor with one that cannot be ours");
        browser.cookies.insert("__Host-session".into(), "ab".repeat(32));
        assert_eq!(browser.get("/open").await.status, 503, "but with one that could be");
    }
}

#[tokio::test]
async fn the_list_of_devices_goes_on_from_its_cursor() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.signed_in(MINE).await;
        for _ in 0..2 {
            app.later(Duration::from_secs(601));
            browser = app.signed_in(MINE).await;
        }
        let first = browser.api("GET", "/api/v1/me/sessions?limit=2", json!(null)).await.json();
        assert_eq!(first["items"].as_array().unwrap().len(), 2);
        let next = format!("/api/v1/me/sessions?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
        let second = browser.api("GET", &next, json!(null)).await.json();
        assert_eq!(second["items"].as_array().unwrap().len(), 1);
        assert_eq!(second["next_cursor"], json!(null));
        assert_eq!(browser.api("DELETE", "/api/v1/me/sessions", json!(null)).await.status, 204);
        assert_eq!(app.count("sessions").await, 1);
    }
}

#[tokio::test]
async fn a_name_and_a_language_are_changed_by_their_person() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut browser = app.signed_in(MINE).await;
        let long = "가".repeat(10_000);
        for typed in ["", "  ", "가\n나", &long] {
            assert_eq!(browser.post("/me", &[("name", typed)]).await.status, 422);
        }
        assert_eq!(browser.post("/me", &[("name", "' or 1=1 --<b>")]).await.to, "/me");
        assert!(browser.get("/me").await.text.contains("&#39; or 1=1 --&#60;b&#62;"));
        assert_eq!(browser.post("/language", &[("lang", "en"), ("back", "/me")]).await.to, "/me");
        assert!(browser.get("/me").await.text.contains("My page"));
        browser.cookies.remove("lang");
        assert!(
            browser.get("/me").await.text.contains("My page"),
            "it is the person's, not only the browser's"
        );
        assert_eq!(browser.post("/language", &[("lang", "xx")]).await.status, 422);
    }
}
