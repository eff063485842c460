use std::time::Duration;

use base::sql;
use people::member::{self, Role};
use people::{PersonId, StoreId};
use serde_json::json;

use crate::app::{App, NOW_MS};

const MINE: &str = "010-0000-0001";
const OTHERS: &str = "010-0000-0002";

#[tokio::test]
async fn who_leaves_is_gone_at_once_and_everywhere() {
    for app in App::each().await {
        let person = app.person("김정희", MINE).await;
        app.person("박상수", OTHERS).await;
        let mut phone = app.signed_in(MINE).await;
        let mut copied = phone.clone();
        let mut neighbour = app.signed_in(OTHERS).await;
        assert_eq!(phone.get("/me/leaving").await.status, 200);
        let left = phone.post("/me/leaving", &[]).await;
        assert_eq!((left.status, left.to.as_str()), (303, "/left"));
        assert!(left.set.iter().any(|line| line.starts_with("__Host-session=;")));
        assert_eq!(phone.get("/left").await.status, 200);
        assert_eq!(copied.get("/open").await.text, "nobody", "the other tab is out as well");
        assert_eq!(neighbour.get("/open").await.text, "박상수");
        let db = &app.base.db;
        let kept: i64 = sql!(value db,
            "select (select count(*) from persons where id = $1) + (select count(*) from sessions where person_id = $1)
                  + (select count(*) from consents where person_id = $1) + (select count(*) from codes where person_id = $1)",
            &person.id).unwrap();
        assert_eq!(kept, 0);
        let told: i64 = sql!(value db, "select count(*) from outbox where address like '%0001'").unwrap();
        assert_eq!(told, 0, "what was sent to the number is gone, too");
        let jobs: Vec<String> =
            sql!(values db, "select payload from jobs where name = 'person-left'").unwrap();
        assert_eq!(jobs, [json!({ "person": person.id }).to_string()]);
    }
}

#[tokio::test]
async fn a_second_tap_finds_nobody_and_a_stranger_closes_nothing() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut phone = app.signed_in(MINE).await;
        let mut copied = phone.clone();
        assert_eq!(phone.api("DELETE", "/api/v1/me", json!(null)).await.status, 204);
        assert_eq!(copied.api("DELETE", "/api/v1/me", json!(null)).await.status, 401);
        assert_eq!(app.browser().post("/me/leaving", &[]).await.to.split('?').next(), Some("/sign-in"));
    }
}

#[tokio::test]
async fn a_store_is_not_left_without_its_owner_but_helpers_go_as_they_like() {
    for app in App::each().await {
        for (name, address, role, status) in
            [("김정희", MINE, Role::Owner, 409), ("박상수", OTHERS, Role::Helper, 303)]
        {
            let person: PersonId = app.person(name, address).await.id;
            let store = StoreId::new(NOW_MS);
            let mut tx = app.base.db.begin().await.unwrap();
            member::grant(&mut tx, &person, &store, role, NOW_MS).await.unwrap();
            tx.commit().await.unwrap();
            let mut phone = app.signed_in(address).await;
            assert_eq!(phone.post("/me/leaving", &[]).await.status, status, "{name}");
            app.later(Duration::from_secs(1));
        }
        assert_eq!(app.count("persons").await, 1);
    }
}

#[tokio::test]
async fn who_left_may_join_again_as_somebody_new() {
    for app in App::each().await {
        app.person("김정희", MINE).await;
        let mut phone = app.signed_in(MINE).await;
        phone.post("/me/leaving", &[]).await;
        app.later(Duration::from_secs(31));
        let again = app.signed_in(MINE).await;
        assert_eq!(again.clone().get("/join").await.status, 200);
        assert_eq!(app.count("persons").await, 0);
    }
}
