//! People who write in the room: signed in by rows, through the same functions as the sign-in page, because four
//! hundred codes from one address would meet the limit on codes.

use anyhow::Context;
use base::{Clock, Db, Random};
use people::{Address, People, session};

use crate::market::Market;

/// Signs `count` new people in and gives the tokens of their sessions.
pub(crate) async fn sign_in(market: &Market, count: usize) -> anyhow::Result<Vec<String>> {
    let db = Db::open(&market.database).await?;
    let (now_ms, random) = (Clock::system().now_ms(), Random::system());
    let mut tokens = Vec::with_capacity(count);
    let mut tx = db.begin().await?;
    for number in 0..count {
        let address = Address::read(&format!("writer{number}@bench.example")).context("no address")?;
        let person = People::create(&mut tx, &format!("손님 {number}"), &address, now_ms).await?;
        let token = session::open(&mut tx, &random, &person.id, "bench", now_ms).await?;
        tokens.push(token.reveal().to_owned());
    }
    tx.commit().await?;
    db.close().await;
    Ok(tokens)
}
