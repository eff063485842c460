//! Group commit: never oversold, poisoned requests fail alone, reads are refused to write.

use base::group::Batch;
use base::{Group, Result, Tx, sql};
use serde_json::json;

struct Take;

struct Ask {
    key: String,
    quantity: i64,
}

#[derive(Debug, PartialEq)]
enum Answer {
    Sold,
    SoldOut,
}

impl Batch for Take {
    type Ask = Ask;
    type Answer = Answer;

    async fn apply(&self, tx: &mut Tx, asks: &[Ask]) -> Result<Vec<Answer>> {
        let mut left: i64 =
            sql!(value &mut *tx, "update stock set on_hand = on_hand where sku = 'a' returning on_hand")?;
        let mut rows = Vec::new();
        let mut answers = Vec::new();
        for ask in asks {
            if ask.quantity > left {
                answers.push(Answer::SoldOut);
                continue;
            }
            left -= ask.quantity;
            rows.push(json!({ "key": ask.key, "quantity": ask.quantity }));
            answers.push(Answer::Sold);
        }
        sql!(run &mut *tx, "update stock set on_hand = $1 where sku = 'a'", left)?;
        sql!(run &mut *tx,
            "insert into sold (key, sku, quantity)
             select j.value ->> 'key', 'a', cast(j.value ->> 'quantity' as bigint) from json_each($1) as j",
            serde_json::to_string(&rows)?)?;
        Ok(answers)
    }
}

#[tokio::test]
async fn a_hundred_are_sold_to_a_thousand_buyers_exactly_once() {
    for (engine, db, _folder) in crate::engines().await {
        crate::scratch(&db).await;
        let mut tx = db.begin().await.unwrap();
        sql!(run &mut tx, "insert into stock values ('a', 100)").unwrap();
        tx.commit().await.unwrap();

        let group = Group::start(db.clone(), Take);
        let mut buyers = tokio::task::JoinSet::new();
        for number in 0..1000 {
            let group = group.clone();
            buyers.spawn(
                async move { group.ask(Ask { key: format!("k{number}"), quantity: 1 }).await.unwrap() },
            );
        }
        let answers = buyers.join_all().await;
        assert_eq!(answers.iter().filter(|answer| **answer == Answer::Sold).count(), 100, "{engine}");
        let left: i64 = sql!(value & db, "select on_hand from stock").unwrap();
        let sold: i64 = sql!(value & db, "select count(*) from sold").unwrap();
        assert_eq!((left, sold), (0, 100), "{engine}");
    }
}

#[tokio::test]
async fn a_poisoned_request_fails_alone() {
    for (engine, db, _folder) in crate::engines().await {
        crate::scratch(&db).await;
        let mut tx = db.begin().await.unwrap();
        sql!(run &mut tx, "insert into stock values ('a', 100)").unwrap();
        sql!(run &mut tx, "insert into sold values ('taken', 'a', 1)").unwrap();
        tx.commit().await.unwrap();

        let group = Group::start(db.clone(), Take);
        let mut buyers = tokio::task::JoinSet::new();
        for key in ["one", "taken", "two", "three"] {
            let group = group.clone();
            buyers.spawn(async move { group.ask(Ask { key: key.into(), quantity: 1 }).await.is_ok() });
        }
        let well = buyers.join_all().await.into_iter().filter(|ok| *ok).count();
        assert_eq!(well, 3, "{engine}");
        let left: i64 = sql!(value & db, "select on_hand from stock").unwrap();
        assert_eq!(left, 97, "{engine}");
    }
}

#[tokio::test]
async fn writing_outside_a_transaction_is_refused_by_sqlite() {
    let (_, db, _folder) = crate::engines().await.swap_remove(0);
    assert!(sql!(run & db, "delete from jobs").is_err());
}
