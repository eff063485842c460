//! The migration of payments on a database that has been in use: what was there stays, and what the version before
//! writes is still taken.

use base::sqlx::{self, AssertSqlSafe};

const BEFORE: [&str; 4] = [
    include_str!("../../../../migrations/0001_base.sql"),
    include_str!("../../../../migrations/0002_people.sql"),
    include_str!("../../../../migrations/0003_shop.sql"),
    include_str!("../../../../migrations/0004_live.sql"),
];
const PAYMENTS: &str = include_str!("../../../../migrations/0005_payments.sql");

/// Rows as the version before wrote them: one paid, one refunded, one that is not known.
const ROWS: &str = "
insert into payment_intents (id, store_id, order_id, amount_won, state, created_at_ms) values
  ('i1', 's', 'o1', 9800, 'succeeded', 1), ('i2', 's', 'o2', 500, 'refunded', 1), ('i3', 's', 'o3', 700, 'processing', 1);
insert into payment_attempts (id, store_id, intent_id, place, gateway, method, state, created_at_ms) values
  ('a0', 's', 'i1', 1, 'sandbox', 'x', 'declined', 1), ('a1', 's', 'i1', 2, 'sandbox', 'x', 'charged', 1),
  ('a2', 's', 'i2', 1, 'sandbox', 'x', 'refunded', 1), ('a3', 's', 'i3', 1, 'sandbox', 'x', 'unknown', 1);
insert into ledger_transfers (id, store_id, attempt_id, kind, at_ms) values ('t1', 's', 'a1', 'capture', 1);
insert into ledger_entries (transfer_id, store_id, account, amount_won) values
  ('t1', 's', 'psp-clearing', 9800), ('t1', 's', 'merchant-payable', -9800);
insert into stored_methods (id, person_id, gateway, token, label, kept_at_ms, removed_at_ms) values
  ('m1', 'p', 'sandbox', 'sandbox-approve', 'x', 1, null)";

/// What the version before writes while both run.
const AFTER: &str = "
insert into payment_intents (id, store_id, order_id, amount_won, state, created_at_ms) values
  ('i4', 's', 'o4', 100, 'requires-method', 2);
insert into payment_attempts (id, store_id, intent_id, place, gateway, method, state, created_at_ms) values
  ('a4', 's', 'i4', 1, 'sandbox', 'x', 'started', 2);
insert into ledger_transfers (id, store_id, attempt_id, kind, at_ms) values ('t4', 's', 'a4', 'capture', 2)";

/// What stands in the tables afterwards, a text a row.
const SEEN: &str = "
select 'intent ' || id || ' ' || state || ' ' || coalesce(paid_attempt, '-') || ' ' || refunded_won as line from payment_intents
union all
select 'attempt ' || id || ' ' || state || ' ' || captured_won || ' ' || refund_won from payment_attempts
union all
select 'entry ' || transfer_id || ' ' || account || ' ' || amount_won from ledger_entries
union all
select 'method ' || id || ' [' || store_id || ']' from stored_methods
order by line";

const EXPECTED: [&str; 12] = [
    "attempt a0 declined 0 0",
    "attempt a1 charged 9800 0",
    "attempt a2 refunded 500 500",
    "attempt a3 unknown 0 0",
    "attempt a4 started 0 0",
    "entry t1 merchant-payable -9800",
    "entry t1 psp-clearing 9800",
    "intent i1 succeeded a1 0",
    "intent i2 refunded a2 500",
    "intent i3 processing - 0",
    "intent i4 requires-method - 0",
    "method m1 []",
];

#[tokio::test]
async fn old_rows_stay_and_the_version_before_may_still_write_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("old.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    for text in BEFORE.into_iter().chain([ROWS, PAYMENTS, AFTER]) {
        let mut tx = pool.begin().await.unwrap();
        sqlx::raw_sql(text).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut seen: Vec<String> = sqlx::query_scalar(SEEN).fetch_all(&pool).await.unwrap();
    seen.sort_unstable();
    assert_eq!(seen, EXPECTED);
    let broken: Vec<(String,)> =
        sqlx::query_as("select \"table\" from pragma_foreign_key_check").fetch_all(&pool).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
    let more = "update payment_attempts set refund_won = 9801 where id = 'a1'";
    assert!(sqlx::query(more).execute(&pool).await.is_err(), "the last net holds");
}

#[tokio::test]
async fn old_rows_stay_and_the_version_before_may_still_write_on_postgresql() {
    let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") else { return };
    let name = format!("grow{}", uuid::Uuid::new_v4().simple());
    let admin = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&admin).await.unwrap();
    admin.close().await;
    let (server, _) = url.rsplit_once('/').unwrap();
    let pool = sqlx::PgPool::connect(&format!("{server}/{name}")).await.unwrap();
    for text in BEFORE.into_iter().chain([ROWS, PAYMENTS, AFTER]) {
        sqlx::raw_sql(text).execute(&pool).await.unwrap();
    }
    let mut seen: Vec<String> = sqlx::query_scalar(SEEN).fetch_all(&pool).await.unwrap();
    seen.sort_unstable();
    assert_eq!(seen, EXPECTED);
    let more = "update payment_attempts set refund_won = 9801 where id = 'a1'";
    assert!(sqlx::query(more).execute(&pool).await.is_err(), "the last net holds");
    pool.close().await;
}
