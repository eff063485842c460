//! Another store's rows are unreachable: every route of the program and of `openapi.json`, and every form that a seller or
//! a buyer meets, is tried by a stranger, by another shopper and by a rival seller, who also puts their own store in the
//! victim's place. The routes are read from the sources, so a new one is tried from its first day.

mod everything;
mod page;
mod world;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use reqwest::{Method, Response, StatusCode};

use crate::app::Client;
use everything::{Operation, Pattern};
use page::Form;
use world::World;

/// What is for everybody, or about whoever asks: their own orders, their own sign-in. Everything else that names something
/// belongs to somebody.
const PUBLIC: &[&str] = &[
    "/api/v1/broadcasts/{broadcast}",
    "GET /api/v1/broadcasts/{broadcast}/chat",
    "POST /api/v1/broadcasts/{broadcast}/chat",
    "GET /api/v1/broadcasts/{broadcast}/interactions",
    "/api/v1/broadcasts/{broadcast}/interactions/{interaction}/answer",
    "/api/v1/broadcasts/{broadcast}/interactions/{interaction}/proof",
    "/api/v1/broadcasts/{broadcast}/notice",
    "GET /api/v1/broadcasts/{broadcast}/pins",
    "GET /api/v1/broadcasts/{broadcast}/questions",
    "/api/v1/broadcasts/{broadcast}/reactions",
    "/api/v1/broadcasts/{broadcast}/replay",
    "/api/v1/follows/{slug}",
    "/api/v1/group-purchases/{group}",
    "/api/v1/group-purchases/{group}/pledges",
    "/api/v1/products/{product}",
    "/api/v1/products/{product}/page",
    "/api/v1/products/{product}/questions",
    "/api/v1/products/{product}/reviews",
    "/api/v1/products/{product}/reviews/tally",
    "GET /api/v1/reviews/{review}",
    "/api/v1/reviews/{review}/helpful",
    "/api/v1/reviews/{review}/report",
    "/api/v1/stores/{store}",
    "GET /api/v1/stores/{store}/diary",
    "GET /api/v1/stores/{store}/hours",
    "GET /api/v1/stores/{store}/products",
    "GET /reviews/{review}",
    "/cart/{variant}",
    "/cart/{variant}/out",
    "/live/{broadcast}",
    "/live/{broadcast}/calendar.ics",
    "POST /live/{broadcast}/chat",
    "/live/{broadcast}/draws/{interaction}",
    // Squares that are scanned at the stall.
    "/here/{code}",
    "/q/{code}",
    // By an invitation, or a key that only the message tells.
    "/live/{broadcast}/helping",
    "/notices/{key}",
    // By the payment company: nothing is believed before it was asked again.
    "POST /hooks/{gateway}/{store}",
    "/live/{broadcast}/interactions/{interaction}/answer",
    "/live/{broadcast}/notice",
    "POST /live/{broadcast}/reactions",
    "/live/{broadcast}/replay.json",
    "/live/{broadcast}/socket",
    "/media/clips/{file}",
    "/media/{broadcast}/{file}",
    "/media/{broadcast}/uplink",
    "/media/{broadcast}/whep",
    "/photos/{photo}/{file}",
    "/products/{product}",
    "/products/{product}/buy",
    "/products/{product}/card/{file}",
    "/products/{product}/labels/{edition}",
    "/products/{product}/questions",
    "/products/{product}/reviews",
    "/reviews/{review}/helpful",
    "/reviews/{review}/report",
    "/stores/{slug}",
    "/sitemaps/{file}",
    "/stores/{slug}/diary",
    "/stores/{slug}/follow",
    "/together/{group}",
    "/assets/{*path}",
];

fn is_public(method: &Method, pattern: &str) -> bool {
    let named = format!("{method} {pattern}");
    !pattern.contains('{') || PUBLIC.iter().any(|open| *open == pattern || *open == named)
}

/// Somebody is kept out: told so, told that there is no such thing, or asked to sign in.
fn kept_out(answer: &Response) -> bool {
    let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
    match answer.status() {
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED => true,
        StatusCode::SEE_OTHER => to.starts_with("/sign-in"),
        _ => false,
    }
}

/// Notes what went wrong instead of stopping at the first, so that one run tells everything.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    async fn look(&mut self, who: &str, what: &str, answer: Response, must_be_kept_out: bool) {
        let status = answer.status();
        if status.is_server_error() {
            self.0.push(format!("{who}: {what} broke: {status}"));
        }
        if must_be_kept_out && !kept_out(&answer) {
            self.0.push(format!("{who}: {what} was answered {status}"));
        }
        if what.starts_with("GET") {
            let body = answer.text().await.unwrap_or_default();
            for secret in world::SECRETS {
                if body.contains(secret) {
                    self.0.push(format!("{who}: {what} tells {secret}"));
                }
            }
        }
    }

    fn none(self, engine: &str) {
        assert!(self.0.is_empty(), "{engine}: {} ways in:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// Everybody who has no business with the victim's store.
fn others(world: &World) -> [(&'static str, &Client); 3] {
    [("a stranger", &world.stranger), ("a shopper", &world.shopper), ("a rival", &world.rival)]
}

#[tokio::test]
async fn nobody_reads_what_is_another_stores() {
    let patterns = everything::patterns();
    assert!(patterns.len() > 150, "the routes are found in the sources: {}", patterns.len());
    for world in World::each().await {
        let mut faults = Faults::default();
        for pattern in &patterns {
            let path = world.path(pattern);
            let mut seen = false;
            for owner in [&world.deal.seller, &world.deal.buyer] {
                let answer = world.get(owner, &path).await;
                seen |= !matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::FORBIDDEN);
            }
            if !seen && !world::NOT_MADE.contains(&pattern.0.as_str()) {
                faults.0.push(format!("GET {path} is not there for its owner either: nothing is proven"));
            }
            let must = !is_public(&Method::GET, &pattern.0);
            for (who, client) in others(&world) {
                let answer = world.get(client, &path).await;
                faults.look(who, &format!("GET {path}"), answer, must).await;
            }
            if let Some(path) = world.in_the_rivals_place(pattern) {
                let answer = world.get(&world.rival, &path).await;
                faults.look("a rival at home", &format!("GET {path}"), answer, true).await;
            }
        }
        faults.none(world.deal.app.engine);
    }
}

#[tokio::test]
async fn nobody_changes_what_is_another_stores() {
    let operations: Vec<Operation> = everything::operations();
    assert!(operations.len() > 150);
    for world in World::each().await {
        let before = world.rows().await;
        let mut faults = Faults::default();
        for operation in operations.iter().filter(|one| one.method != Method::GET) {
            if is_public(&operation.method, &operation.pattern.0) {
                continue;
            }
            let path = world.path(&operation.pattern);
            let what = format!("{} {path}", operation.method);
            let body = operation.body.as_ref();
            for (who, client) in others(&world) {
                let answer = world.send(client, &operation.method, &path, body).await;
                faults.look(who, &what, answer, true).await;
            }
            if let Some(path) = world.in_the_rivals_place(&operation.pattern) {
                let answer = world.send(&world.rival, &operation.method, &path, body).await;
                let what = format!("{} {path}", operation.method);
                faults.look("a rival at home", &what, answer, true).await;
            }
        }
        let nothing = Form { action: String::new(), fields: Vec::new(), is_multipart: false };
        for pattern in everything::patterns() {
            if is_public(&Method::POST, &pattern.0) || pattern.0.starts_with("/api/") {
                continue;
            }
            let path = world.path(&pattern);
            for (who, client) in others(&world) {
                // Nothing is in it, so it may also be called unreadable; that it changes nothing is seen at the end.
                let answer = world.submit(client, &path, &nothing).await;
                let unreadable = matches!(answer.status().as_u16(), 400 | 410 | 422);
                faults.look(who, &format!("POST {path}"), answer, !unreadable).await;
            }
        }
        faults.0.extend(world::changed(&before, &world.rows().await));
        faults.none(world.deal.app.engine);
    }
}

#[tokio::test]
async fn no_form_opens_another_stores_door() {
    for world in World::each().await {
        let forms = met(&world).await;
        let kinds: BTreeSet<&str> = forms.iter().map(|(pattern, _)| pattern.as_str()).collect();
        assert!(kinds.len() > 45, "{}: the forms are found: {}", world.deal.app.engine, kinds.len());
        let before = world.rows().await;
        let mut faults = Faults::default();
        for (pattern, form) in &forms {
            if is_public(&Method::POST, pattern) {
                continue;
            }
            let what = format!("POST {}", form.action);
            for (who, client) in others(&world) {
                let answer = world.submit(client, &form.action, form).await;
                faults.look(who, &what, answer, true).await;
            }
            // At home the rival may do what the form does, with the victim's goods, orders and photos named in it.
            if form.action.contains(&world.deal.store) {
                let action = form.action.replace(&world.deal.store, &world.rivals_store);
                let names_theirs = world.in_the_rivals_place(&Pattern(pattern.clone())).is_some();
                let answer = world.submit(&world.rival, &action, form).await;
                // Taking away what is not there may lead back to their own page.
                let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
                let is_home = pattern.ends_with("/removal") && to.contains(&world.rivals_store);
                faults
                    .look("a rival at home", &format!("POST {action}"), answer, names_theirs && !is_home)
                    .await;
            }
        }
        faults.0.extend(world::changed(&before, &world.rows().await));
        faults.none(world.deal.app.engine);
    }
}

/// Every form that the victim and their buyer meet, following each link of their own, one of a kind and target.
async fn met(world: &World) -> Vec<(String, Form)> {
    let patterns = everything::patterns();
    let mut forms: BTreeMap<(String, Vec<String>), (String, Form)> = BTreeMap::new();
    for (owner, start) in [
        (&world.deal.seller, vec![format!("/sell/{}", world.deal.store), "/".to_owned()]),
        (&world.deal.buyer, vec!["/orders".to_owned(), "/me".to_owned(), "/".to_owned()]),
    ] {
        let mut waiting: VecDeque<String> = start.into();
        waiting.extend(patterns.iter().filter(|one| !one.0.starts_with("/api/")).map(|one| world.path(one)));
        let mut visited = HashSet::new();
        while let Some(path) = waiting.pop_front() {
            if !visited.insert(path.clone()) || visited.len() > 600 {
                continue;
            }
            let answer = world.get(owner, &path).await;
            let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
            if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
                continue;
            }
            let html = answer.text().await.unwrap_or_default();
            waiting.extend(page::links(&html).into_iter().filter(|link| link != "/sign-out"));
            for form in page::forms(&html, &path) {
                let Some(pattern) = everything::pattern_of(&patterns, &form.action) else { continue };
                let names = form.fields.iter().map(|(name, _)| name.clone()).collect();
                forms.entry((form.action.clone(), names)).or_insert((pattern, form));
            }
        }
    }
    forms.into_values().collect()
}
