//! What every page and every refusal has.

use serde_json::Value;

use crate::app::App;

#[tokio::test]
async fn every_answer_is_shielded_and_numbered() {
    let app = App::start().await;
    let home = app.stranger().page("/").await;
    assert_eq!(home.status(), 200);
    let headers = home.headers();
    let csp = headers["content-security-policy"].to_str().unwrap();
    assert!(csp.starts_with("default-src 'self'") && !csp.contains("unsafe"), "{csp}");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn a_missing_page_says_so_in_the_readers_language() {
    let app = App::start().await;
    let page = app.stranger().page("/products/nonsense").await;
    assert_eq!(page.status(), 404);
    assert!(page.text().await.unwrap().contains("찾는 것이 없어요"));
    let english = app.stranger().ask(reqwest::Method::GET, "/nothing");
    let english = english.header("accept", "text/html").header("accept-language", "en").send().await.unwrap();
    assert!(english.text().await.unwrap().contains("There is nothing here"));
}

#[tokio::test]
async fn a_program_gets_the_same_refusal_as_a_problem() {
    let app = App::start().await;
    let refused = app.stranger().get("/api/v1/nothing").await;
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/not-found");
    assert_eq!(problem["status"], 404);
    assert!(!problem["detail"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let app = App::start().await;
    let shopper = app.shopper("지나").await;
    let sent = shopper
        .ask(reqwest::Method::POST, "/language")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://elsewhere.example")
        .form(&[("lang", "en")])
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 403);
}

#[tokio::test]
async fn the_api_describes_itself() {
    let app = App::start().await;
    let api: Value = app.stranger().get("/openapi.json").await.json().await.unwrap();
    assert!(api["paths"].as_object().unwrap().keys().all(|path| path.starts_with("/api/v1/")));
    let committed = include_str!("../../../../docs/api/openapi.json");
    let committed: Value = serde_json::from_str(committed).unwrap();
    assert_eq!(api, committed, "run `dangol openapi > docs/api/openapi.json` and review the difference");
    assert_eq!(app.stranger().page("/api").await.status(), 200);
}

#[tokio::test]
async fn health_and_counts_answer() {
    let app = App::start().await;
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(app.stranger().get(path).await.status(), 200, "{path}");
    }
}
