//! The inbox: what payment companies tell us by webhook. It is stored as it came and answered 200; then the
//! company itself is asked, and only its answer is believed. What is forged, repeated or unknown changes nothing.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use base::{Id, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq;
use tracing::warn;
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem};

use super::gateway::Gateway;
use super::{attempt, poll};
use crate::{Result, Shop};

/// Names a letter in the inbox.
enum LetterMark {}
type LetterId = Id<LetterMark>;

/// The job that reads a letter.
pub(super) const READ: &str = "shop-payment-news";
/// The longest letter.
const BODY: usize = 64 * 1024;
/// Letters to one store in a minute; honest companies send far fewer, and repeat what was refused.
const RATE: i64 = 120;
const MINUTE_MS: i64 = 60_000;
/// How long letters are kept as evidence.
const KEPT_MS: i64 = 180 * 24 * 3_600_000;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/hooks/{gateway}/{store}", post(receive)).layer(DefaultBodyLimit::max(BODY))
}

#[derive(Deserialize)]
struct Hook {
    gateway: String,
    store: StoreId,
}

#[derive(Serialize, Deserialize)]
struct Read {
    letter: LetterId,
}

async fn receive(
    State(shop): State<Shop>,
    Path(hook): Path<Hook>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let contract = shop.contracts.of(&hook.store).filter(|contract| contract.name() == hook.gateway);
    if contract.is_none() {
        return Err(Problem::not_found());
    }
    match store(&shop, &hook, &String::from_utf8_lossy(&body)).await? {
        Stored::Now | Stored::Before => Ok(StatusCode::OK),
        Stored::TooMany => Err(Problem::too_many(60)),
    }
}

enum Stored {
    Now,
    /// The same letter, word for word.
    Before,
    TooMany,
}

/// Stores a letter with the job that reads it, in one transaction: a letter that is there will be read.
async fn store(shop: &Shop, hook: &Hook, body: &str) -> Result<Stored> {
    let now_ms = shop.base.clock.now_ms();
    let digest = attempt::hash(body);
    // What PostgreSQL cannot keep in a text.
    let body = body.replace('\0', "");
    let letter = LetterId::new(now_ms);
    let mut tx = shop.base.db.begin().await?;
    let stored = sql!(run &mut tx,
        "insert into payment_inbox (id, store_id, gateway, digest, body, received_at_ms, outcome)
         select $1, $2, $3, $4, $5, $6, ''
         where exists (select 1 from stores where id = $2)
           and (select count(*) from payment_inbox where store_id = $2 and received_at_ms > $7) < $8
         on conflict (store_id, digest) do nothing",
        &letter, &hook.store, &hook.gateway, &digest, &body, now_ms, now_ms - MINUTE_MS, RATE)?;
    if stored == 1 {
        jobs::put(&mut tx, READ, &Read { letter }).await?;
        tx.commit().await?;
        shop.base.db.reach("news-stored").await;
        return Ok(Stored::Now);
    }
    tx.rollback().await?;
    let known: i64 = sql!(
        value & shop.base.db,
        "select count(*) from payment_inbox where store_id = $1 and digest = $2",
        &hook.store,
        &digest
    )?;
    Ok(if known > 0 { Stored::Before } else { Stored::TooMany })
}

/// The job: reads a letter, and asks the company about what it names.
pub(super) async fn job(shop: &Shop, job: &jobs::Job) -> Result<()> {
    let Read { letter } = job.payload()?;
    let waiting: Option<(StoreId, String)> = sql!(
        opt & shop.base.db,
        "select store_id, body from payment_inbox where id = $1 and handled_at_ms is null",
        &letter
    )?;
    let Some((store, body)) = waiting else { return Ok(()) };
    let outcome = read(shop, &store, &body).await?;
    shop.base.db.reach("news-read").await;
    if outcome != "asked" {
        warn!(%store, outcome, "News of a payment changed nothing: {outcome}");
    }
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "update payment_inbox set handled_at_ms = $2, outcome = $3 where id = $1",
        &letter, shop.base.clock.now_ms(), outcome)?;
    Ok(tx.commit().await?)
}

async fn read(shop: &Shop, store: &StoreId, body: &str) -> Result<&'static str> {
    let Ok(body) = serde_json::from_str::<Value>(body) else { return Ok("unreadable") };
    let Some(news) = Gateway::parse_webhook(&body) else { return Ok("unreadable") };
    let Some(known) = attempt::of_order(&shop.base.db, store, &news.order).await? else {
        return Ok("unknown");
    };
    if let Some(secret) = &news.secret
        && !bool::from(attempt::hash(secret.reveal()).as_bytes().ct_eq(known.secret_hash.as_bytes()))
    {
        return Ok("forged");
    }
    poll::ask(shop, &known, 1).await?;
    Ok("asked")
}

/// Lets go of letters that have been evidence long enough.
pub(super) async fn sweep(shop: &Shop) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx, "delete from payment_inbox where received_at_ms < $1", shop.base.clock.now_ms() - KEPT_MS)?;
    Ok(tx.commit().await?)
}
