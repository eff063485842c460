//! The catalogue through its own doors: what the law wants told of a product, prices changed in one go, and many products
//! from a table.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::selling::{App, Client, FISH, mackerel};

#[tokio::test]
async fn a_product_waits_for_what_the_law_wants_told() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let shelf = format!("/sell/{store}/products");
        let unknown = seller.form(&format!("{shelf}/new"), &mackerel(&[("name", "이것저것")]), &[]).await;
        assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unknown.text.contains("무엇인지 골라 주세요") && unknown.text.contains("value=\"이것저것\""));

        let kept = seller.form(&format!("{shelf}/new"), &mackerel(&[]), &[]).await;
        let id = kept.location.split('/').nth(4).unwrap().to_owned();
        let (one, questions) = (format!("{shelf}/{id}"), format!("{shelf}/{id}/questions"));
        let view = async || seller.page(&format!("/api/v1/products/{id}")).await.json();
        assert_eq!(
            (&view().await["on_sale"], &view().await["category"]),
            (&json!(false), &json!("fish.fresh"))
        );
        assert!(seller.page(&kept.location).await.text.contains("7가지만 더 답하면"));
        let refused = seller.post(&format!("{one}/sale"), "").await;
        assert_eq!(refused.location, format!("{questions}?just=refused"));
        assert!(seller.page(&refused.location).await.text.contains("아직 올릴 수 없어요"));
        // Taking it away and putting it back is no way round.
        seller.post(&format!("{one}/removal"), "").await;
        seller.post(&format!("{one}/restoration"), "").await;
        assert_eq!(view().await["on_sale"], json!(false));

        let vague = seller.post(&format!("{questions}/care"), "answer=상세페이지 참조").await;
        assert_eq!(vague.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(vague.text.contains("답이 안 돼요") && vague.text.contains("상세페이지 참조</textarea>"));
        let strange = seller.post(&format!("{questions}/grade"), "answer=1").await;
        assert_eq!(strange.status, StatusCode::SEE_OTHER, "an answer of another category is kept");
        assert_eq!(seller.page(&format!("{questions}/no-such")).await.status, StatusCode::NOT_FOUND);
        for (question, answer) in FISH {
            assert_eq!(seller.page(&format!("{questions}/{question}")).await.status, StatusCode::OK);
            seller.post(&format!("{questions}/{question}"), &format!("answer={answer}")).await;
        }
        // Own words beside a choice are what was meant.
        seller.post(&format!("{questions}/keeps"), "answer=day&own=얼음 위에서 사흘").await;
        seller.post(&format!("{one}/sale"), "").await;
        assert_eq!(view().await["on_sale"], json!(true));
        assert_eq!(view().await["attributes"]["keeps"], json!(["얼음 위에서 사흘"]));
        let overview = seller.page(&questions).await.text;
        assert!(overview.contains("손질") && overview.contains("고르는 손님에게 안 보여요"));

        let away = seller.post(&format!("{questions}/storage"), "answer=").await;
        assert_eq!(away.status, StatusCode::UNPROCESSABLE_ENTITY, "what the law wants stays while it is up");
        assert!(away.text.contains("법에 따라 꼭"));
        seller.post(&format!("{one}/category"), "category=food.side").await;
        assert_eq!(view().await["on_sale"], json!(false), "it rests while its new place asks for more");
        seller.post(&format!("{one}/category"), "category=fish.fresh").await;
        assert_eq!(view().await["attributes"]["storage"], json!(["cold"]), "nothing answered is lost");
        seller.post(&format!("{one}/sale"), "").await;

        let shown = seller.page(&format!("/products/{id}")).await.text;
        assert!(shown.contains("얼음 위에서 사흘") && shown.contains("냉장(0~10℃)"));
        let rival = app.somebody("철수").await;
        let theirs = rival.store("Rival").await;
        for (path, body) in
            [("questions/storage", "answer=room"), ("category", "category=other"), ("sale", "")]
        {
            let stranger = rival.post(&format!("{one}/{path}"), body).await;
            assert_eq!(stranger.status, StatusCode::NOT_FOUND, "{path}");
            let through = rival.post(&format!("/sell/{theirs}/products/{id}/{path}"), body).await;
            assert_eq!(through.status, StatusCode::NOT_FOUND, "{path}");
        }
        let editions = "select count(*) from label_records where product_id = $1";
        let editions: i64 = base::sql!(value & app.base.db, editions, &id).unwrap();
        assert!(editions >= 9, "{editions} on {}", app.engine);
    }
}

#[tokio::test]
async fn a_program_hears_what_the_law_wants_told() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let path = format!("/api/v1/stores/{store}/products");
        let mut body = json!({"name": {"ko": "고등어"}, "unit": {"ko": "2마리"}, "origin": {"ko": "국산"},
            "parcel": true, "code": "A-1", "variants": [{"pick": [], "price_won": 9_000, "stock": 1}]});
        let without = seller.api(Method::POST, &path, "k1", &body).await;
        assert_eq!(without.json()["type"], json!("/problems/product-incomplete"));
        body["category"] = json!("fish.fresh");
        let fields = seller.api(Method::POST, &path, "k1", &body).await.json();
        let lacking: Vec<_> =
            fields["fields"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
        assert_eq!(
            lacking,
            ["made", "keeps", "import", "storage", "care"].map(|id| json!(format!("attributes.{id}")))
        );
        body["resting"] = json!(true);
        let kept = seller.api(Method::POST, &path, "k1", &body).await;
        assert_eq!((kept.status, &kept.json()["on_sale"]), (StatusCode::CREATED, &json!(false)));
        let twice = seller.api(Method::POST, &path, "k2", &body).await;
        assert_eq!(twice.json()["fields"][0]["field"], json!("code"), "{}", twice.text);
        let again = seller.api(Method::POST, &path, "k1", &body).await;
        assert_eq!(again.json()["id"], kept.json()["id"], "{}", app.engine);
    }
}

/// The variant of a product that has one.
async fn variant_of(seller: &Client<'_>, product: &str) -> (String, i64) {
    let view = seller.page(&format!("/api/v1/products/{product}")).await.json();
    let variant = &view["variants"][0];
    (variant["id"].as_str().unwrap().to_owned(), variant["price_won"].as_i64().unwrap())
}

#[tokio::test]
async fn prices_change_in_one_go_and_come_back() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let path = format!("/sell/{store}/prices");
        let (fish, crab) = (
            seller.put_up(&store, &mackerel(&[])).await,
            seller
                .put_up(
                    &store,
                    &mackerel(&[("key", "k2"), ("name", "삼치"), ("price", "8000"), ("live", "7000")]),
                )
                .await,
        );
        let ((fish_id, _), (crab_id, _)) =
            (variant_of(&seller, &fish).await, variant_of(&seller, &crab).await);
        let table = seller.page(&path).await.text;
        assert!(table.contains(&format!("name=\"price.{fish_id}\" value=\"12000\"")), "{}", app.engine);
        let batch = table.split("name=\"batch\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = |fish: &str, crab: &str, was: i64| {
            format!(
                "batch={batch}&was.{fish_id}={was}&price.{fish_id}={fish}&was.{crab_id}=8000&price.{crab_id}={crab}"
            )
        };
        for (fish, crab, words) in
            [("많이", "8000", "숫자로"), ("0", "8000", "1원부터"), ("13000", "6500", "방송 값보다")]
        {
            let wrong = seller.post(&path, &form(fish, crab, 12_000)).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{fish}");
            assert!(
                wrong.text.contains(words) && wrong.text.contains(&format!("value=\"{fish}\"")),
                "{words}"
            );
        }
        let prices = async || (variant_of(&seller, &fish).await.1, variant_of(&seller, &crab).await.1);
        assert_eq!(prices().await, (12_000, 8_000), "all of them or none");
        // A field that comes twice is one field.
        let twice = format!("{}&was.{fish_id}=12000", form("12000", "8000", 12_000));
        assert_eq!(seller.post(&path, &twice).await.status, StatusCode::SEE_OTHER);
        let stale = seller.post(&path, &form("13000", "8500", 11_000)).await;
        assert_eq!(stale.status, StatusCode::CONFLICT);
        assert_eq!(prices().await, (12_000, 8_000));
        let tap = form("13,000원", "8500", 12_000);
        let (one, two) = tokio::join!(seller.post(&path, &tap), seller.post(&path, &tap));
        for saved in [one, two, seller.post(&path, &tap).await] {
            assert_eq!(saved.location, format!("{path}?done={batch}&count=2"), "{}", saved.text);
        }
        assert_eq!(prices().await, (13_000, 8_500));
        let card = seller.page(&format!("/api/v1/stores/{store}/products")).await.json();
        let mut listed: Vec<_> =
            card["items"].as_array().unwrap().iter().map(|one| one["price_from_won"].as_i64()).collect();
        listed.sort();
        assert_eq!(listed, [Some(8_500), Some(13_000)], "lists follow");
        let laid = seller.page(&format!("{path}?lay=1")).await.text;
        assert!(laid.contains(&format!("name=\"price.{fish_id}\" value=\"12000\"")), "yesterday's table");

        let rival = app.somebody("철수").await;
        let theirs = rival.store("Rival").await;
        let strange = rival.post(&format!("/sell/{theirs}/prices"), &form("1", "8500", 13_000)).await;
        assert_eq!(strange.status, StatusCode::CONFLICT, "another store's variants are not there");
        assert_eq!(rival.post(&format!("{path}/{batch}/undo"), "").await.status, StatusCode::NOT_FOUND);
        let undone = rival.post(&format!("/sell/{theirs}/prices/{batch}/undo"), "").await;
        assert_eq!(undone.location, format!("/sell/{theirs}/prices?back=0"));
        assert_eq!(prices().await, (13_000, 8_500));

        let undone = seller.post(&format!("{path}/{batch}/undo"), "").await;
        assert_eq!(undone.location, format!("{path}?back=2"));
        assert_eq!(prices().await, (12_000, 8_000));
    }
}

/// A table of so many fish, with a line that is wrong at its end.
fn fish_table(count: usize) -> String {
    let mut table = "상품번호,이름,값,개수,원산지,단위,보관 방법,소비기한,제조·수확·포장일,수입식품 신고,먹거나 쓸 때 주의할 점\n".to_owned();
    for at in 0..count {
        table += &format!(
            "F-{at},고등어 {at}호,\"1{at:02},000\",3,국산,2마리,냉장,받은 뒤 2일,그날 새벽에 들여와요,no,뼈를 조심하세요\n"
        );
    }
    table + "F-x,갈치,=1+1,3,국산,1마리,냉장,받은 뒤 2일,dawn,no,없음\n"
}

#[tokio::test]
async fn a_table_of_products_goes_up_all_at_once_and_comes_down_again() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let imports = format!("/sell/{store}/imports");
        let table = fish_table(25);
        let (cp949, _, _) = encoding_rs::EUC_KR.encode(&table);
        let sent = seller.sheet(&imports, "k1", "오늘.csv", &cp949).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        let again = seller.sheet(&imports, "k1", "오늘.csv", &cp949).await;
        assert_eq!(again.location, sent.location, "a second tap is the same table");
        let one = sent.location;
        let page = seller.page(&one).await.text;
        assert!(page.contains("올릴 수 있는 상품 25개, 고칠 상품 1개"), "{}", app.engine);
        assert!(page.contains("27번째 줄 ‘값’ 칸:") && page.contains("수식 말고") && page.contains("=1+1"));
        let listed = async |store: &str| {
            let path = format!("/api/v1/stores/{store}/products?limit=100");
            let list = seller.page(&path).await.json();
            let items = list["items"].as_array().unwrap().clone();
            items.into_iter().filter(|one| one["on_sale"] == json!(true)).count()
        };
        assert_eq!(listed(&store).await, 0, "looking it over puts nothing up");

        let rival = app.somebody("철수").await;
        let theirs = rival.store("Rival").await;
        let strange = one.replace(&store, &theirs);
        assert_eq!(rival.page(&one).await.status, StatusCode::NOT_FOUND);
        assert_eq!(rival.page(&strange).await.status, StatusCode::NOT_FOUND);
        for act in ["run", "undo"] {
            assert_eq!(
                rival.post(&format!("{strange}/{act}"), "").await.status,
                StatusCode::NOT_FOUND,
                "{act}"
            );
        }
        for _ in 0..2 {
            seller.post(&format!("{one}/run"), "").await;
        }
        assert!(seller.page(&one).await.text.contains("25개 가운데 0개를 마련했어요"));
        while app.workers.work_once(&app.base.db, &app.base.clock).await.unwrap() {}
        assert!(seller.page(&one).await.text.contains("상품 25개를 올렸어요"), "{}", app.engine);
        assert_eq!(listed(&store).await, 25);

        // What is written is read again as it was, into another store.
        let table = seller.page(&format!("/sell/{store}/products.csv")).await.text;
        let other = seller.store("Other").await;
        let copied =
            seller.sheet(&format!("/sell/{other}/imports"), "k2", "copy.csv", table.as_bytes()).await;
        assert!(seller.page(&copied.location).await.text.contains("올릴 수 있는 상품 25개, 고칠 상품 0개"));
        seller.post(&format!("{}/run", copied.location), "").await;
        while app.workers.work_once(&app.base.db, &app.base.clock).await.unwrap() {}
        let copy = seller.page(&format!("/sell/{other}/products.csv")).await.text;
        let sorted = |table: &str| {
            let mut lines: Vec<_> = table.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&copy), sorted(&table), "{}", app.engine);

        let taken = seller.sheet(&imports, "k3", "again.csv", fish_table(2).as_bytes()).await;
        assert!(seller.page(&taken.location).await.text.contains("같은 번호의 상품이 있어요"));
        seller.post(&format!("{one}/undo"), "").await;
        assert_eq!(listed(&store).await, 0, "what was a mistake is taken back whole");
        let anew = seller.sheet(&imports, "k4", "again.csv", fish_table(2).as_bytes()).await;
        assert!(
            seller.page(&anew.location).await.text.contains("올릴 수 있는 상품 2개"),
            "its numbers are free again"
        );
    }
}

#[tokio::test]
async fn an_import_that_is_stopped_half_way_leaves_nothing() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let sent =
            seller.sheet(&format!("/sell/{store}/imports"), "k1", "a.csv", fish_table(12).as_bytes()).await;
        seller.post(&format!("{}/run", sent.location), "").await;
        seller.post(&format!("{}/undo", sent.location), "").await;
        while app.workers.work_once(&app.base.db, &app.base.clock).await.unwrap() {}
        assert!(seller.page(&sent.location).await.text.contains("모두 내렸어요"));
        let up: i64 =
            base::sql!(value & app.base.db, "select count(*) from products where on_sale = true").unwrap();
        assert_eq!(up, 0, "{}", app.engine);
    }
}

#[tokio::test]
async fn a_file_that_is_no_table_is_refused_in_plain_words() {
    for app in App::each().await {
        let seller = app.somebody("영희").await;
        let store = seller.store("Pado").await;
        let imports = format!("/sell/{store}/imports");
        for (file, words) in [
            (&b"PK\x03\x04 broken"[..], "읽을 수 있는 표가 아니에요"),
            (&b"\xd0\xcf\x11\xe0\xa1\xb1"[..], "옛 엑셀"),
            ("이름,값\n고등어,1\n".as_bytes(), "개수, 원산지"),
            (&b"\x89PNG\x00\x01\xff\xfe\x80"[..], "글자를 읽을 수 없어요"),
            (&b""[..], "빈 표예요"),
        ] {
            let refused = seller.sheet(&imports, "k", "x.csv", file).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
            assert!(refused.text.contains(words), "{words}: {}", refused.text);
        }
        let headers = [("accept", "text/html"), ("content-type", "multipart/form-data; boundary=cut")];
        let broken = seller.send(Method::POST, &imports, &headers, Body::from("--cut\r\nand no more")).await;
        assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY, "broken off is not too large");
        let big = vec![b'a'; 50 * 1024 * 1024];
        let refused = seller.sheet(&imports, "k", "big.csv", &big).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", app.engine);
        assert!(refused.text.contains("파일이 너무 커요"));
    }
}
