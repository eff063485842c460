//! Gathered reads: everybody gets their own row, as fresh as if they had read alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::gather::Lookup;
use base::{Db, Gathered, Result, sql};
use serde_json::json;

struct OnHand {
    statements: Arc<AtomicUsize>,
}

impl Lookup for OnHand {
    type Key = String;
    type Row = i64;

    async fn look_up(&self, db: &Db, skus: &[String]) -> Result<HashMap<String, i64>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let wanted: Vec<_> = skus.iter().map(|sku| json!({ "sku": sku })).collect();
        let rows: Vec<(String, i64)> = sql!(all db,
            "select sku, on_hand from stock where sku in (select j.value ->> 'sku' from json_each($1) as j)",
            serde_json::to_string(&wanted)?)?;
        Ok(rows.into_iter().collect())
    }
}

#[tokio::test]
async fn a_thousand_ask_at_once_and_each_gets_their_own() {
    for (engine, db, _folder) in crate::engines().await {
        crate::scratch(&db).await;
        let mut tx = db.begin().await.unwrap();
        for sku in 0..100_i64 {
            sql!(run &mut tx, "insert into stock values ($1, $2)", format!("s{sku}"), sku).unwrap();
        }
        tx.commit().await.unwrap();
        let statements = Arc::new(AtomicUsize::new(0));
        let rows = Gathered::start(db.clone(), OnHand { statements: statements.clone() });
        let mut asking = tokio::task::JoinSet::new();
        for n in 0..1_000_i64 {
            let rows = rows.clone();
            // Twenty of them ask for what is not there.
            asking.spawn(async move { (n % 102, rows.get(format!("s{}", n % 102)).await.unwrap()) });
        }
        for (sku, found) in asking.join_all().await {
            assert_eq!(found, (sku < 100).then_some(sku), "{engine}");
        }
        assert!(statements.load(Ordering::Relaxed) < 1_000, "{engine}: some were read together");

        let mut tx = db.begin().await.unwrap();
        sql!(run &mut tx, "delete from stock where sku = 's1'").unwrap();
        tx.commit().await.unwrap();
        assert_eq!(rows.get("s1".into()).await.unwrap(), None, "{engine}: nothing is remembered");

        let mut tx = db.begin().await.unwrap();
        sql!(run &mut tx, "drop table stock").unwrap();
        tx.commit().await.unwrap();
        let broken = rows.get("s2".into()).await.unwrap_err();
        assert!(broken.to_string().contains("stock"), "{engine}: the reason is told, {broken}");
    }
}
