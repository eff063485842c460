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

const STOCK: &str = include_str!("../../../../migrations/0006_stock.sql");
const DISCOUNTS: &str = include_str!("../../../../migrations/0007_discounts.sql");

/// An order and its line as the version before wrote them, `{n}` of them.
const ORDER: &str = "
insert into orders (id, store_id, number, buyer, key, body_hash, order_state, payment_state, fulfilment_state,
  canceled_for, hand_over, recipient, phone, postcode, address, address_detail, note, goods_won, delivery_won,
  total_won, pickup_code, tracking, withdrawal_agreed, broadcast, placed_at_ms, expires_at_ms, paid_at_ms, changed_at_ms)
values ('o{n}', 's', '1124-{n}', 'b', 'k{n}', 'h', 'confirmed', 'paid', 'new', '', 'parcel', 'r', 'p', '', '', '', '',
  5000, 400, 5400, '', '', false, null, 1, 2, 3, 3);
insert into order_lines (order_id, place, store_id, product_id, variant_id, product_name, product_name_en,
  variant_name, variant_name_en, unit, origin, withdrawal, cover, price_won, quantity, total_won)
values ('o{n}', 0, 's', 'p', 'v', '고등어', '', '', '', '', '', 'normal', null, 2500, 2, 5000)";

const ORDERS_SEEN: &str = "
select o.id || ' ' || o.total_won || ' ' || o.discount_won || ' ' || o.delivery_off_won || ' ' || l.total_won || ' '
  || l.discount_won || ' ' || coalesce(o.coupon_id, '-') as line
from orders o join order_lines l on l.order_id = o.id order by o.id";

const ORDERS_EXPECTED: [&str; 2] = ["o1 5400 0 0 5000 0 -", "o2 5400 0 0 5000 0 -"];

/// What the last net under a price refuses.
const WRONG_PRICES: [&str; 3] = [
    "update orders set total_won = 5399 where id = 'o1'",
    "update orders set discount_won = 5001, total_won = 399 where id = 'o1'",
    "update order_lines set discount_won = 1 where order_id = 'o1'",
];

#[tokio::test]
async fn old_orders_stay_and_the_version_before_may_still_order_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("old.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let (before, after) = (ORDER.replace("{n}", "1"), ORDER.replace("{n}", "2"));
    for text in BEFORE.into_iter().chain([PAYMENTS, STOCK, &before, DISCOUNTS, &after]) {
        let mut tx = pool.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
    let seen: Vec<String> = sqlx::query_scalar(ORDERS_SEEN).fetch_all(&pool).await.unwrap();
    assert_eq!(seen, ORDERS_EXPECTED);
    let broken: Vec<(String,)> =
        sqlx::query_as("select \"table\" from pragma_foreign_key_check").fetch_all(&pool).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
    for wrong in WRONG_PRICES {
        assert!(sqlx::query(wrong).execute(&pool).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn old_orders_stay_and_the_version_before_may_still_order_on_postgresql() {
    let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") else { return };
    let name = format!("grow{}", uuid::Uuid::new_v4().simple());
    let admin = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&admin).await.unwrap();
    admin.close().await;
    let (server, _) = url.rsplit_once('/').unwrap();
    let pool = sqlx::PgPool::connect(&format!("{server}/{name}")).await.unwrap();
    let (before, after) = (ORDER.replace("{n}", "1"), ORDER.replace("{n}", "2"));
    for text in BEFORE.into_iter().chain([PAYMENTS, STOCK, &before, DISCOUNTS, &after]) {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await.unwrap();
    }
    let seen: Vec<String> = sqlx::query_scalar(ORDERS_SEEN).fetch_all(&pool).await.unwrap();
    assert_eq!(seen, ORDERS_EXPECTED);
    for wrong in WRONG_PRICES {
        assert!(sqlx::query(wrong).execute(&pool).await.is_err(), "{wrong}");
    }
    pool.close().await;
}

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
