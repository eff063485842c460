//! The ground on both engines, on NATS and on S3. `./run test` starts the servers and names them in
//! the environment; without them the same tests run on SQLite, in process and in a folder.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod blobs;
mod bus;
mod events;
mod gather;
mod group;
mod jobs;

use base::{Db, sql};

/// An empty database of each engine that is at hand, named for the messages.
pub(crate) async fn engines() -> Vec<(&'static str, Db, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let sqlite = Db::open(&format!("sqlite:{}", path.display())).await.unwrap();
    let mut all = vec![("sqlite", sqlite, Some(folder))];
    if let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") {
        all.push(("postgres", Db::open(&fresh_postgres(&url).await).await.unwrap(), None));
    }
    all
}

/// Makes a database of its own on the throw-away server, and gives its address.
pub(crate) async fn fresh_postgres(url: &str) -> String {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let admin = base::sqlx::PgPool::connect(url).await.unwrap();
    base::sqlx::query(base::sqlx::AssertSqlSafe(format!("create database {name}")))
        .execute(&admin)
        .await
        .unwrap();
    admin.close().await;
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// A table of the tests' own.
pub(crate) async fn scratch(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    sql!(run &mut tx, "create table stock (sku text primary key, on_hand bigint not null check (on_hand >= 0))")
        .unwrap();
    sql!(run &mut tx, "create table sold (key text primary key, sku text not null, quantity bigint not null)")
        .unwrap();
    tx.commit().await.unwrap();
}
