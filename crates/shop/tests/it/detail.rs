//! Detail pages and diaries through their own doors: blocks that are moved, hidden and written, a full turn of photos, what
//! the law wants told however the page is laid out, and nobody at another's desk.

use std::io::Cursor;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::selling::{App, Client, mackerel};

fn photo(shade: u8) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(32, 32, image::Rgb([shade, 90, 40]));
    picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

/// A drawing that runs code where a browser takes it for a picture.
const SCRIPT: &[u8] = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"><script>alert(1)</script></svg>";

/// What stands below the price, without what the page's head tells search engines.
fn told(page: &str) -> &str {
    page.split("<div class=\"detail\">").nth(1).unwrap()
}

/// Where a word stands in it.
fn at(page: &str, word: &str) -> usize {
    told(page).find(word).unwrap_or_else(|| panic!("{word} is not on the page"))
}

async fn place(client: &Client<'_>, base: &str, form: &str) -> StatusCode {
    client.post(base, form).await.status
}

/// Lists a store: it says who sells.
async fn identify(seller: &Client<'_>, store: &str) {
    let form = "company=Pado&representative=Han&address=Neoulpo&phone=010-0000-0011&email=pado@example.com&business_number=000-00-00015&mail_order_number=1";
    let done = seller.post(&format!("/sell/{store}/identity"), form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
}

#[tokio::test]
async fn a_page_is_laid_out_on_its_desk_and_shown_when_its_seller_says_so() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let id = seller
            .put_up(&store, &mackerel(&[("story_head", "이렇게 잡아요"), ("story_body", "새벽에 나가요")]))
            .await;
        let (desk, page) = (format!("/sell/{store}/products/{id}/page"), format!("/products/{id}"));
        let usual = seller.page(&page).await.text;
        assert!(
            at(&usual, "새벽에 나가요") < at(&usual, "뼈를 조심하세요"),
            "the story stands before the facts"
        );
        assert!(usual.contains("id=\"questions\"") && usual.contains("id=\"reviews\""));

        let first = seller.page(&desk).await.text;
        assert!(first.contains("위로 올리기") && first.contains("법에 따라 꼭 알려야 해서"));
        assert_eq!(
            place(&seller, &desk, "act=write&block=hook&text=오늘 잡은 것만").await,
            StatusCode::SEE_OTHER
        );
        // A double tap moves once: the button says the place.
        for _ in 0..2 {
            place(&seller, &desk, "act=place&block=ingredients&to=0").await;
        }
        place(&seller, &desk, "act=hide&block=story").await;
        let table = "act=write&block=sizes&text=크기,길이%0A대,30cm%0A중,25cm";
        assert_eq!(place(&seller, &desk, table).await, StatusCode::SEE_OTHER);
        assert!(!seller.page(&page).await.text.contains("오늘 잡은 것만"), "a draft is nobody's to see");
        let preview = seller.page(&format!("{desk}/preview")).await.text;
        assert!(preview.contains("오늘 잡은 것만") && preview.contains("미리 보는 화면"));

        seller.post(&format!("{desk}/showing"), "").await;
        seller.post(&format!("{desk}/showing"), "").await;
        let shown = seller.page(&page).await.text;
        assert!(at(&shown, "뼈를 조심하세요") < at(&shown, "오늘 잡은 것만"), "{}", app.engine);
        assert!(!shown.contains("<p>새벽에 나가요</p>"), "a hidden story is not told");
        assert!(shown.contains("<th scope=\"col\">길이</th>") && shown.contains("<td>30cm</td>"));

        // What was there before comes back, once.
        let done = seller.page(&format!("{desk}?just=shown")).await.text;
        let undo = done.split("action=\"").find(|part| part.contains("/return?edition=")).unwrap();
        let undo = undo.split('"').next().unwrap();
        seller.post(undo, "").await;
        seller.post(undo, "").await;
        let back = seller.page(&page).await.text;
        assert!(back.contains("<p>새벽에 나가요</p>") && !back.contains("오늘 잡은 것만"), "{}", app.engine);

        place(&seller, &desk, "act=write&block=care&text=얼음 위에 두세요").await;
        seller.post(&format!("{desk}/draft-removal"), "").await;
        seller.post(&format!("{desk}/showing"), "").await;
        assert!(!seller.page(&page).await.text.contains("얼음 위에 두세요"), "what was thrown away is gone");
    }
}

#[tokio::test]
async fn what_has_to_be_told_is_told_however_the_page_is_laid_out() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let id = seller.put_up(&store, &mackerel(&[])).await;
        let desk = format!("/sell/{store}/products/{id}/page");
        for block in ["ingredients", "delivery", "questions"] {
            let refused = seller.post(&desk, &format!("act=hide&block={block}")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{block}");
            assert!(refused.text.contains("꼭 알려야 하는 내용이라"));
        }
        let api = format!("/api/v1/stores/{store}/products/{id}/page");
        let all = json!({ "order": ["questions", "delivery", "ingredients", "care", "sizes", "story", "pictures", "hook"],
                          "hidden": ["hook", "pictures", "story", "sizes", "care"] });
        let laid = seller.api(Method::PUT, &api, "k", &all).await;
        assert_eq!(
            (laid.status, &laid.json()["blocks"]),
            (StatusCode::OK, &json!(["questions", "delivery", "ingredients"]))
        );
        let page = seller.page(&format!("/products/{id}")).await.text;
        for told in ["뼈를 조심하세요", "냉장(0~10℃)", "국산", "돌려보내실 때"] {
            assert!(self::told(&page).contains(told), "{told} on {}", app.engine);
        }
        let wrong = [
            (json!({ "hidden": ["ingredients"] }), "hidden"),
            (json!({ "order": ["hook", "hook"] }), "order"),
            (json!({ "hook": { "ko": "가".repeat(81) } }), "hook"),
            (json!({ "care": { "ko": "가".repeat(2_001) } }), "care"),
            (json!({ "sizes": [["크기", "길이"], ["대"]] }), "sizes"),
            (json!({ "sizes": vec![vec!["크기", "길이"]; 26] }), "sizes"),
            (json!({ "sizes": [vec!["칸"; 9], vec!["칸"; 9]] }), "sizes"),
            (json!({ "turn": ["0000000000000000000000000000000000000000"] }), "photos"),
            (json!({ "turn": (0..37).map(|n| format!("{n:040x}")).collect::<Vec<_>>() }), "turn"),
        ];
        for (body, field) in wrong {
            let refused = seller.api(Method::PUT, &api, "k", &body).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            assert_eq!(refused.json()["fields"][0]["field"], json!(field), "{body}");
        }
        let unknown = seller.api(Method::PUT, &api, "k", &json!({ "order": ["advert"] })).await;
        assert!(unknown.status.is_client_error());
        // What was typed comes back with its fault.
        let typed = seller.post(&desk, "act=write&block=sizes&text=크기,길이%0A대").await;
        assert!(typed.text.contains("크기,길이\n대</textarea>") && typed.text.contains("칸 수가 같아야"));
        let strange = seller.post(&desk, "act=write&block=advert&text=x").await;
        assert_eq!(strange.status, StatusCode::BAD_REQUEST);
        let kept = seller.page(&format!("/api/v1/products/{id}/page")).await.json();
        assert_eq!(kept["hidden"], all["hidden"], "nothing that was refused is kept");
    }
}

#[tokio::test]
async fn a_turn_takes_photos_and_no_drawing_with_a_script() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let id = seller.put_up(&store, &mackerel(&[])).await;
        let (desk, turn) =
            (format!("/sell/{store}/products/{id}/page"), format!("/sell/{store}/products/{id}/turn"));
        let photos: Vec<(String, Vec<u8>)> = (0..9).map(|n| (format!("{n}.jpg"), photo(n * 20))).collect();
        let files: Vec<(&str, &[u8])> =
            photos.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let few = seller.form(&turn, &[], &files[..3]).await;
        assert_eq!(few.status, StatusCode::SEE_OTHER, "{}", few.text);
        assert!(seller.page(&turn).await.text.contains("5장 더 있어야"));
        // The others, one of them again, and something that is no photo.
        let mut more = files[2..].to_vec();
        more.push(("jar.svg", SCRIPT));
        let refused = seller.form(&turn, &[], &more).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("jar.svg — "), "the file is named");
        let kept = seller.page(&turn).await.text;
        assert_eq!(kept.matches("value=\"drop\"").count(), 9, "good photos are not lost with a bad one");
        seller.post(&format!("{desk}/showing"), "").await;
        let shown = seller.page(&format!("/products/{id}")).await.text;
        assert!(shown.contains("<turn-view") && shown.matches("data-large=").count() == 9);

        let view = seller.page(&format!("/api/v1/products/{id}/page")).await.json();
        let first = view["turn"][0].as_str().unwrap().to_owned();
        for _ in 0..2 {
            seller.post(&format!("{turn}/change"), &format!("act=turn-back&photo={first}")).await;
        }
        seller.post(&format!("{turn}/change"), &format!("act=drop&photo={first}")).await;
        seller.post(&format!("{desk}/showing"), "").await;
        let turned = seller.page(&format!("/api/v1/products/{id}/page")).await.json();
        assert_eq!(turned["turn"].as_array().unwrap().len(), 8);
        assert_eq!(turned["turn"][0], view["turn"][8], "{}", app.engine);

        // Every door for photos judges by content, whatever a file says it is.
        let raw = seller
            .send(
                Method::POST,
                &format!("/api/v1/stores/{store}/photos"),
                &[("content-type", "image/jpeg")],
                Body::from(SCRIPT),
            )
            .await;
        assert_eq!(
            (raw.status, &raw.json()["type"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("/problems/photo-not-a-picture"))
        );
        let form = seller
            .form(&format!("/sell/{store}/products/new"), &mackerel(&[("key", "k2")]), &[("a.jpg", SCRIPT)])
            .await;
        assert_eq!(form.status, StatusCode::UNPROCESSABLE_ENTITY);
        let diary = seller
            .form(&format!("/sell/{store}/diary"), &[("key", "d"), ("words", "오늘")], &[("a.png", SCRIPT)])
            .await;
        assert_eq!(diary.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(diary.text.contains("오늘</textarea>"), "nothing typed is lost");
    }
}

#[tokio::test]
async fn a_diary_tells_of_its_day_on_the_products_it_is_about() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let id = seller.put_up(&store, &mackerel(&[])).await;
        let diary = format!("/sell/{store}/diary");
        let entry = [
            ("key", "d1"),
            ("words", "바람이 세서 배가 못 나갔어요"),
            ("day", "2026-11-20"),
            ("product", id.as_str()),
        ];
        for _ in 0..2 {
            let done = seller.form(&diary, &entry, &[("a.jpg", &photo(9))]).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        }
        let shown = seller.page(&format!("/products/{id}")).await.text;
        assert_eq!(shown.matches("바람이 세서 배가 못 나갔어요</p>").count(), 1, "a double tap writes once");
        assert!(shown.contains("11월 20일"));
        let late =
            seller.form(&diary, &[("key", "d2"), ("words", "내일 일"), ("day", "2030-01-01")], &[]).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(late.text.contains("오늘이나 지난 날짜") && late.text.contains("내일 일</textarea>"));
        let empty = seller.form(&diary, &[("key", "d3"), ("words", "  ")], &[]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);

        let rival = app.somebody("철수").await;
        let theirs = rival.store("Rival").await;
        let about = json!({ "words": { "ko": "남의 고등어" }, "products": [id] });
        let refused = rival.api(Method::POST, &format!("/api/v1/stores/{theirs}/diary"), "k", &about).await;
        assert_eq!(refused.json()["fields"][0]["field"], json!("products"));
        let api = format!("/api/v1/stores/{store}/diary");
        assert_eq!(
            rival.page(&api).await.status,
            StatusCode::NOT_FOUND,
            "a store that is not listed is not there"
        );
        let listed = seller.page(&api).await.json();
        let entry = listed["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(listed["items"][0]["day"], json!("2026-11-20"));
        for path in [format!("/sell/{theirs}/diary/{entry}/removal"), format!("{diary}/{entry}/removal")] {
            assert_eq!(rival.post(&path, "").await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let reused = seller.api(Method::POST, &api, "d1", &json!({ "words": { "ko": "다른 말" } })).await;
        assert_eq!(reused.json()["type"], json!("/problems/key-reused"));
        seller.post(&format!("{diary}/{entry}/removal"), "").await;
        assert!(!seller.page(&format!("/products/{id}")).await.text.contains("바람이 세서"));
        seller.post(&format!("{diary}/{entry}/restoration"), "").await;
        assert!(seller.page(&format!("/products/{id}")).await.text.contains("바람이 세서"), "{}", app.engine);
        let mut written = 1;
        while seller
            .api(Method::POST, &api, &format!("n{written}"), &json!({ "words": { "ko": "또" } }))
            .await
            .status
            == StatusCode::CREATED
        {
            written += 1;
            assert!(written <= 30, "a day has its limit");
        }
        assert_eq!(written, 30);
    }
}

#[tokio::test]
async fn nobody_lays_out_anothers_page() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let id = seller.put_up(&store, &mackerel(&[])).await;
        let rival = app.somebody("철수").await;
        let theirs = rival.store("Rival").await;
        let stranger = app.somebody("나그네").await;
        for of in [&store, &theirs] {
            let product = format!("/sell/{of}/products/{id}");
            for (who, client) in [("rival", &rival), ("stranger", &stranger)] {
                for path in ["page", "page/preview", "turn"] {
                    let seen = client.page(&format!("{product}/{path}")).await.status;
                    assert_eq!(seen, StatusCode::NOT_FOUND, "{who} {path}");
                }
                for (path, form) in [
                    ("page", "act=hide&block=hook"),
                    ("page/showing", ""),
                    ("page/return?edition=0", ""),
                    ("page/draft-removal", ""),
                    ("turn/change", "act=clear"),
                ] {
                    let done = client.post(&format!("{product}/{path}"), form).await.status;
                    assert_eq!(done, StatusCode::NOT_FOUND, "{who} {path}");
                }
                let taken = client.form(&format!("{product}/turn"), &[], &[("a.jpg", &photo(1))]).await;
                assert_eq!(taken.status, StatusCode::NOT_FOUND, "{who}");
                let api = format!("/api/v1/stores/{of}/products/{id}/page");
                let laid = client.api(Method::PUT, &api, "k", &json!({})).await.status;
                assert!([StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&laid), "{who} {laid}");
            }
        }
        let rows: i64 = base::sql!(value & app.base.db, "select count(*) from product_pages").unwrap();
        assert_eq!(rows, 0, "{}", app.engine);
    }
}

/// The things that a page tells search engines.
fn things(page: &str) -> Vec<Value> {
    let script = page.split("<script type=\"application/ld+json\">").nth(1).unwrap();
    serde_json::from_str::<Value>(script.split("</script>").next().unwrap())
        .unwrap()
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn search_engines_and_messengers_hear_what_is_public_and_true() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let evil = "고등어</script><script>alert(1)</script>";
        let id = seller.put_up(&store, &mackerel(&[("name", evil)])).await;
        let page = format!("/products/{id}");
        let rests = seller.page("/sitemaps/products-0.xml").await.text;
        assert!(!rests.contains(&id), "a store that is not listed is in no sitemap");
        identify(&seller, &store).await;
        let shown = seller.page(&page).await.text;
        assert!(!shown.contains("<script>alert"), "nothing ends the script");
        let all = things(&shown);
        let product = all.iter().find(|thing| thing["@type"] == "Product").unwrap();
        assert_eq!(product["name"], json!(evil));
        assert_eq!(
            (&product["offers"]["price"], &product["offers"]["priceCurrency"]),
            (&json!(12_000), &json!("KRW"))
        );
        assert_eq!(product["offers"]["availability"], json!("https://schema.org/InStock"));
        assert!(all.iter().any(|thing| thing["@type"] == "BreadcrumbList"));
        let slug =
            seller.page(&format!("/api/v1/stores/{store}")).await.json()["slug"].as_str().unwrap().to_owned();
        let stall = seller.page(&format!("/stores/{slug}")).await.text;
        let stall = things(&stall).into_iter().find(|thing| thing["@type"] == "Store").unwrap();
        assert_eq!(stall["telephone"], json!("010-0000-0011"));

        let robots = seller.page("/robots.txt").await.text;
        assert!(
            robots.contains("Disallow: /sell\n") && robots.contains("Sitemap: http://localhost/sitemap.xml")
        );
        let index = seller.page("/sitemap.xml").await.text;
        assert!(index.contains("<loc>http://localhost/sitemaps/products-0.xml</loc>"));
        let listed = seller.page("/sitemaps/products-0.xml").await.text;
        assert!(listed.contains(&format!("<loc>http://localhost{page}</loc><lastmod>2026-")), "{listed}");
        assert!(seller.page("/sitemaps/stores-0.xml").await.text.contains(&format!("/stores/{slug}</loc>")));
        for path in ["/sitemaps/products-zzz.xml", "/sitemaps/people-0.xml", "/sitemaps/products.xml"] {
            assert_eq!(seller.page(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        seller.post(&format!("/sell/{store}/products/{id}/rest"), "").await;
        assert!(
            !seller.page("/sitemaps/products-0.xml").await.text.contains(&id),
            "what rests is not listed"
        );

        // The label as it was told, edition by edition.
        let questions = format!("/sell/{store}/products/{id}/questions");
        let now = seller.page(&format!("/api/v1/products/{id}/page")).await.json()["label_edition"]
            .as_i64()
            .unwrap();
        seller.post(&format!("{questions}/care"), "answer=가시를 조심하세요").await;
        let old = seller.page(&format!("{page}/labels/{now}")).await.text;
        assert!(old.contains("뼈를 조심하세요") && old.contains("그 뒤로 바뀌었어요"), "{}", app.engine);
        let new = seller.page(&format!("{page}/labels/{}", now + 1)).await.text;
        assert!(new.contains("가시를 조심하세요") && new.contains("지금도 이 내용이에요"));
        assert_eq!(seller.page(&format!("{page}/labels/{}", now + 2)).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_card_is_drawn_once_an_edition() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let id = seller.put_up(&store, &mackerel(&[])).await;
        let hidden = seller.page(&format!("/products/{id}/card/ko-0.png")).await.status;
        assert_eq!(hidden, StatusCode::NOT_FOUND, "a store that is not listed has no cards");
        identify(&seller, &store).await;
        let shown = seller.page(&format!("/products/{id}")).await.text;
        let address = shown.split("property=\"og:image\" content=\"http://localhost").nth(1).unwrap();
        let address = address.split('"').next().unwrap().to_owned();
        let drawn = seller.bytes(&address).await;
        let card = image::load_from_memory(&drawn).unwrap().to_rgb8();
        assert_eq!(card.dimensions(), (1200, 630));
        let ink = |from: u32, to: u32| {
            (0..1200)
                .flat_map(|x| (from..to).map(move |y| (x, y)))
                .filter(|(x, y)| card.get_pixel(*x, *y)[0] < 60)
                .count()
        };
        assert!(ink(60, 500) > 1_000, "the name is written");
        assert_eq!(seller.bytes(&address).await, drawn);
        // Another price is another edition; the old address leads on, and no other is drawn.
        seller
            .form(
                &format!("/sell/{store}/products/{id}"),
                &mackerel(&[("price", "13000"), ("was", "7")]),
                &[],
            )
            .await;
        let old = seller.page(&address).await;
        assert_eq!(old.status, StatusCode::SEE_OTHER, "{}", app.engine);
        assert_ne!(old.location, address);
        assert_ne!(seller.bytes(&old.location).await, drawn);
        let guessed = seller.page(&format!("/products/{id}/card/ko-ffffffffffffffff.png")).await;
        assert_eq!(guessed.location, old.location);
    }
}
