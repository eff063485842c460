use people::member::{self, Role};
use people::{StoreId, operator};

use crate::app::App;

const MINE: &str = "010-0000-0001";

#[tokio::test]
async fn a_stranger_s_store_is_not_there() {
    for app in App::each().await {
        let person = app.person("김정희", MINE).await;
        let (mine, other) = (StoreId::new(1), StoreId::new(2));
        let mut tx = app.base.db.begin().await.unwrap();
        member::grant(&mut tx, &person.id, &mine, Role::Owner, 1).await.unwrap();
        member::grant(&mut tx, &person.id, &mine, Role::Helper, 2).await.unwrap();
        tx.commit().await.unwrap();
        let mut browser = app.browser();
        assert_eq!(browser.get(&format!("/sell/{mine}")).await.status, 303, "first sign in");
        let mut browser = app.signed_in(MINE).await;
        assert_eq!(browser.get(&format!("/sell/{mine}")).await.text, mine.to_string());
        assert_eq!(browser.get(&format!("/sell/{other}")).await.status, 404);
        assert_eq!(browser.get("/sell/1%27%20or%201=1").await.status, 404);
        assert_eq!(member::stores_of(&app.base.db, &person.id).await.unwrap(), std::slice::from_ref(&mine));
        assert!(member::is_member(&app.base.db, &person.id, &mine).await.unwrap());
        assert!(!member::is_member(&app.base.db, &person.id, &other).await.unwrap());
    }
}

#[tokio::test]
async fn only_operators_stand_at_the_desk() {
    for app in App::each().await {
        let person = app.person("김정희", MINE).await;
        let mut browser = app.signed_in(MINE).await;
        assert_eq!(browser.get("/desk").await.status, 403);
        let mut tx = app.base.db.begin().await.unwrap();
        operator::appoint(&mut tx, &person.id, 1).await.unwrap();
        operator::appoint(&mut tx, &person.id, 1).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(browser.get("/desk").await.text, "김정희");
    }
}
