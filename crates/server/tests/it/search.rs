//! The search through the front door: what it finds, what it never shows, and what nobody can break with it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Client};

fn stall(name: &str, whole: bool) -> Value {
    let number = if whole { "000-00-00015" } else { "" };
    json!({
        "category": "fish", "name": { "ko": name }, "line": { "ko": "새벽에 들어온 것만" },
        "pickup": { "ko": "3번 골목" },
        "identity": {
            "company": name, "representative": "한파도", "address": "등대길 7", "phone": "010-0000-0011",
            "business_number": number, "mail_order_exempt": true,
        },
    })
}

async fn open(seller: &Client, name: &str, whole: bool) -> Value {
    let opened = seller.post("/api/v1/stores", &stall(name, whole)).await;
    assert_eq!(opened.status(), 201);
    opened.json().await.unwrap()
}

/// Puts a product up and gives its path in the API.
async fn put_up(seller: &Client, store: &Value, name: &str, origin: &str, won: i64) -> String {
    let path = format!("/api/v1/stores/{}/products", store["id"].as_str().unwrap());
    let product = json!({
        "name": { "ko": name }, "origin": { "ko": origin }, "pickup": true,
        "category": "other", "attributes": { "certificate": ["none"] },
        "variants": [{ "pick": [], "price_won": won, "stock": 5 }],
    });
    let made = seller.post(&path, &product).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    format!("{path}/{}", made["id"].as_str().unwrap())
}

/// A path with its query, as a browser writes it.
fn address(path: &str, query: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://here", query).unwrap();
    format!("{path}?{}", url.query().unwrap_or_default())
}

impl App {
    /// What a search finds, after the index has caught up.
    async fn search(&self, query: &[(&str, &str)]) -> Value {
        shop::search::refresh(&self.app.shop).await.unwrap();
        let answer = self.stranger().get(&address("/api/v1/search", query)).await;
        assert_eq!(answer.status(), 200, "{query:?}");
        answer.json().await.unwrap()
    }

    async fn finds(&self, text: &str) -> Vec<String> {
        names(&self.search(&[("q", text)]).await)
    }
}

fn names(found: &Value) -> Vec<String> {
    found["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_people_type_is_found_on_either_engine() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let store = open(&seller, "바다수산", true).await;
        put_up(&seller, &store, "제주 생고등어 2마리", "국산(제주)", 9_800).await;
        put_up(&seller, &store, "고등어조림 밀키트", "국산", 12_000).await;
        put_up(&seller, &store, "어묵탕 3인분", "국산", 7_000).await;
        for (typed, how) in [
            ("고등어", "typed"),
            ("고 등 어", "typed"),
            ("제주생고등어", "typed"),
            ("ㄱㄷㅇ", "typed"),
            ("rhemddj", "keyboard"),
            ("고둥어", "spelling"),
        ] {
            let found = app.search(&[("q", typed)]).await;
            assert_eq!(names(&found)[0], "제주 생고등어 2마리", "{typed} on {}", app.engine);
            assert_eq!(found["how"], how, "{typed}");
        }
        assert_eq!(app.finds("오뎅").await, ["어묵탕 3인분"], "{}", app.engine);
        assert_eq!(app.finds("자전거").await, [""; 0]);
        let told = app.search(&[("q", "rhemddj")]).await;
        assert_eq!(told["text"], "고등어");
    }
}

#[tokio::test]
async fn what_is_not_for_sale_is_never_found() {
    for app in App::each().await {
        let (seller, rival) = (app.shopper("한파도").await, app.shopper("다른 사장").await);
        let store = open(&seller, "바다수산", true).await;
        let removed = put_up(&seller, &store, "갈치 한 마리", "국산", 9_000).await;
        let resting = put_up(&seller, &store, "갈치 토막", "국산", 9_000).await;
        let hidden = open(&rival, "아직준비중", false).await;
        assert_eq!(hidden["listed"], false);
        put_up(&rival, &hidden, "갈치 상자", "국산", 9_000).await;
        assert_eq!(app.finds("갈치").await.len(), 2, "{}", app.engine);

        assert_eq!(seller.ask(Method::DELETE, &removed).send().await.unwrap().status(), 204);
        // Before the index knows: the database is asked.
        let asked = address("/api/v1/search", &[("q", "갈치")]);
        let found: Value = app.stranger().get(&asked).await.json().await.unwrap();
        assert_eq!(names(&found), ["갈치 토막"]);
        let product = resting.rsplit('/').next().unwrap();
        let rest = format!("/sell/{}/products/{product}/rest", store["id"].as_str().unwrap());
        let rested = seller.ask(Method::POST, &rest).header("accept", "text/html").send().await.unwrap();
        assert_eq!(rested.status(), 303);
        assert!(app.finds("갈치").await.is_empty(), "{}", app.engine);
        assert!(app.finds("아직준비중").await.is_empty());
        let page = app.stranger().page("/search?q=%EC%95%84%EC%A7%81%EC%A4%80%EB%B9%84%EC%A4%91").await;
        assert!(!page.text().await.unwrap().contains("/stores/아직준비중"));

        let back = format!("{removed}/restoration");
        assert_eq!(seller.post(&back, &json!({})).await.status(), 204);
        assert_eq!(app.finds("갈치").await, ["갈치 한 마리"]);

        // The store that becomes whole brings its goods along.
        let identity = json!({
            "company": "아직", "representative": "다른", "address": "등대길 8", "phone": "010-0000-0012",
            "business_number": "000-00-00015", "mail_order_exempt": true,
        });
        let path = format!("/api/v1/stores/{}/identity", hidden["id"].as_str().unwrap());
        let changed = rival.ask(Method::PUT, &path).json(&identity).send().await.unwrap();
        assert!(changed.status().is_success(), "{}", changed.status());
        assert!(app.finds("갈치").await.contains(&"갈치 상자".to_owned()), "{}", app.engine);
    }
}

#[tokio::test]
async fn results_are_narrowed_by_what_they_have() {
    for app in App::each().await {
        let seller = app.shopper("한파도").await;
        let store = open(&seller, "바다수산", true).await;
        for (name, won) in [("생오징어", 8_000), ("냉동 오징어", 6_000), ("마른오징어", 20_000)]
        {
            put_up(&seller, &store, name, "국산", won).await;
        }
        let mut tx = app.app.base.db.begin().await.unwrap();
        for (name, category, storage) in [
            ("생오징어", "fish.fresh", "cold"),
            ("냉동 오징어", "fish.fresh", "frozen"),
            ("마른오징어", "fish.dried", "dry"),
        ] {
            let attributes = json!({ "storage": [storage] }).to_string();
            base::sql!(run &mut tx, "update products set category = $2, attributes = $3 where name = $1",
                name, category, attributes)
            .unwrap();
        }
        tx.commit().await.unwrap();
        let all = app.search(&[("q", "오징어")]).await;
        assert_eq!(all["total"], 3);
        let facet = |found: &Value, attribute: &str| -> Vec<(String, i64)> {
            let facets = found["facets"].as_array().unwrap();
            let facet = facets.iter().find(|facet| facet["attribute"] == attribute).unwrap();
            let values = facet["values"].as_array().unwrap().iter();
            values
                .map(|one| (one["value"].as_str().unwrap().to_owned(), one["count"].as_i64().unwrap()))
                .collect()
        };
        let count = |value: &str, count: i64| (value.to_owned(), count);
        assert_eq!(facet(&all, "category"), [count("fish", 3)], "{}", app.engine);
        let fresh = app.search(&[("q", "오징어"), ("category", "fish.fresh"), ("storage", "frozen")]).await;
        assert_eq!(names(&fresh), ["냉동 오징어"]);
        // The other value of the attribute stays to be chosen, with what it would give.
        assert_eq!(facet(&fresh, "storage"), [count("cold", 1), count("frozen", 1)]);
        let both = app.search(&[("q", "오징어"), ("storage", "frozen"), ("storage", "dry")]).await;
        assert_eq!(both["total"], 2);
        let cheap = app.search(&[("q", "오징어"), ("price_to", "10000"), ("sort", "cheap")]).await;
        assert_eq!(names(&cheap), ["냉동 오징어", "생오징어"]);
        let elsewhere = app.stranger().get("/api/v1/search?q=a&store=nobody").await;
        assert_eq!(elsewhere.status(), 404);
        let page = app.search(&[("q", "오징어"), ("limit", "2")]).await;
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = app.search(&[("q", "오징어"), ("limit", "2"), ("cursor", cursor)]).await;
        assert_eq!((names(&page).len(), names(&rest).len()), (2, 1));
        assert_eq!(rest["next_cursor"], Value::Null);

        let slug = store["slug"].as_str().unwrap();
        let within = app.search(&[("q", "오징어"), ("store", slug)]).await;
        assert_eq!(within["total"], 3);
        let typed = address("/search/suggestions", &[("q", "오지")]);
        let suggested: Value = app.stranger().get(&typed).await.json().await.unwrap();
        assert_eq!(suggested[0]["text"], "오징어", "{suggested}");
        let page = address("/search", &[("q", "dhwlddj"), ("storage", "dry")]);
        let page = app.stranger().page(&page).await.text().await.unwrap();
        assert!(page.contains("찾으신 게") && page.contains("마른오징어") && !page.contains("생오징어</a>"));
        let nothing = address("/search", &[("q", "우주선")]);
        let nothing = app.stranger().page(&nothing).await.text().await.unwrap();
        assert!(nothing.contains("찾지 못했어요") && nothing.contains("생선·해산물"), "{}", app.engine);
    }
}

#[tokio::test]
async fn whatever_is_typed_is_plain_text() {
    let app = App::start().await;
    let seller = app.shopper("한파도").await;
    let store = open(&seller, "바다수산", true).await;
    put_up(&seller, &store, "고등어 한 손", "국산", 9_800).await;
    let long = "고등어 ".repeat(4_000);
    for strange in [
        "name:*",
        "*",
        "고등어*",
        "+고등어 -한",
        "\"고등어",
        "(",
        "a AND",
        "고등어~2",
        "[a TO z]",
        "'; drop table products; --",
        "%",
        "_",
        "\u{0}",
        "\u{7}\u{1b}",
        "\u{202e}고등어",
        "👩‍👩‍👧‍👦",
        "ㄱ",
        "ㅏ",
        "ㅋㅋㅋㅋ",
        "!=고등어",
        "\u{1100}\u{1100}",
        &long[..6_000],
    ] {
        let found = app.search(&[("q", strange)]).await;
        assert!(found["items"].is_array(), "{strange:?}");
        for path in ["/search", "/search/suggestions"] {
            let answer = app.stranger().get(&address(path, &[("q", strange)])).await;
            assert_eq!(answer.status(), 200, "{path} {strange:?}");
        }
    }
    assert_eq!(app.finds("name:고등어").await, ["고등어 한 손"]);
    let mebibyte = format!("/search?q={}", "a".repeat(1 << 20));
    let refused = app.stranger().ask(Method::GET, &mebibyte).send().await;
    assert!(refused.is_err() || refused.unwrap().status().is_client_error());
    for strange in [
        "page=99999999999",
        "page=-1",
        "price_to=1e9",
        "sort=%27",
        "x=",
        "=",
        "a%3D=b",
        "cursor=!",
        "limit=0",
    ] {
        let answer = app.stranger().page(&format!("/search?q=a&{strange}")).await;
        assert_eq!(answer.status(), 200, "{strange}");
    }
    let damaged = app.stranger().get("/api/v1/search?q=a&cursor=!").await;
    assert_eq!(damaged.status(), 400);
    let many: String = (0..500).map(|at| format!("&a{at}=b{at}")).collect();
    assert_eq!(app.stranger().page(&format!("/search?q=a{many}")).await.status(), 200);
    assert_eq!(app.finds("고등어").await, ["고등어 한 손"]);
}

#[tokio::test]
async fn an_index_that_is_lost_or_of_another_market_is_made_anew() {
    let app = App::start().await;
    let seller = app.shopper("한파도").await;
    let store = open(&seller, "바다수산", true).await;
    put_up(&seller, &store, "고등어 한 손", "국산", 9_800).await;
    let folder = tempfile::tempdir().unwrap();
    let ask = |text: &str| shop::search::Ask { text: text.to_owned(), most: 5, ..Default::default() };
    let found = |shop: &shop::Shop, text: &str| {
        shop.search().index().unwrap().find(&ask(text)).unwrap().products.len()
    };

    let first = app.app.shop.clone().searched_in(folder.path());
    shop::search::refresh(&first).await.unwrap();
    assert_eq!(found(&first, "고등어"), 1);
    drop(first);
    // As after a restart: the words are there before anything is read again.
    let again = app.app.shop.clone().searched_in(folder.path());
    assert_eq!(found(&again, "고둥어"), 1);
    assert_eq!(shop::search::refresh(&again).await.unwrap(), 2, "the last minute is looked at again");
    assert_eq!(shop::search::refresh(&again).await.unwrap(), 0);
    drop(again);

    let elsewhere = App::start().await;
    let seller = elsewhere.shopper("다른 사장").await;
    let other = open(&seller, "산나물집", true).await;
    put_up(&seller, &other, "고사리", "국산", 5_000).await;
    put_up(&seller, &other, "취나물", "국산", 5_000).await;
    let moved = elsewhere.app.shop.clone().searched_in(folder.path());
    shop::search::refresh(&moved).await.unwrap();
    assert_eq!((found(&moved, "고사리"), found(&moved, "고등어")), (1, 0));
    drop(moved);

    std::fs::write(folder.path().join("meta.json"), "{").unwrap();
    let broken = app.app.shop.clone().searched_in(folder.path());
    shop::search::refresh(&broken).await.unwrap();
    assert_eq!(found(&broken, "고등어"), 1);
}
