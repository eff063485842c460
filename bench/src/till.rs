//! The till: many buyers on one hot variant, each order through the whole path over HTTP (session, offer, price, a
//! promotion that applies, reservation, order, lines, intent, the events and jobs that follow), and then a rush on the
//! last hundred.
//!
//! The references are the same database's own limit in the same run: nothing but the conditional update of one row,
//! as many to a commit as there are buyers, and one to a commit.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, bail};
use base::{Db, sql};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    figure::{Figure, Show, say},
    histogram::Histogram,
    http::Connection,
    market::{Engine, Market},
    processor, writers,
};

/// More than anybody can buy while it is measured.
const PLENTY: i64 = 10_000_000;
const REFERENCE_TIME: Duration = Duration::from_secs(3);
const PROMISED_ORDERS: f64 = 5_000.0;
const PROMISED_P99_MS: f64 = 100.0;
const PROMISED_SHARE: f64 = 0.2;
/// The rush: so many are there…
const RUSH_STOCK: i64 = 100;
/// …for so many people, each on a try of their own…
const RUSH_BUYERS: usize = 10_000;
/// …within this time.
const RUSH_TIME: Duration = Duration::from_secs(10);
const PROMISED_RUSH_MS: f64 = 2_000.0;

/// What a crowd was told.
#[derive(Default)]
struct Told {
    sold: u64,
    refused: u64,
}

/// Runs the bench and prints its figures.
pub(crate) fn run(buyers: usize, time: Duration, engine: Engine, show: Show) -> anyhow::Result<()> {
    processor::allow_many_files(buyers as u64 * 4 + 1_024)?;
    say(&format!("starting a market on {engine}, and {buyers} people who buy"));
    let market = Market::start(engine, None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tokens = runtime.block_on(writers::sign_in(&market, buyers))?;
    let (hot, last) = runtime.block_on(async {
        let db = Db::open(&market.database).await?;
        // One of each of two products: the hot one, and the one that runs out.
        let found: Vec<(String,)> = sql!(
            all & db,
            "select variant_id from offers where is_open and pickup order by variant_id limit 2"
        )?;
        let [(hot,), (last,)] = found.try_into().ok().context("the demo has no two variants to sell")?;
        stock(&db, &hot, PLENTY).await?;
        stock(&db, &last, RUSH_STOCK).await?;
        promote(&db, &hot).await?;
        db.close().await;
        anyhow::Ok((hot, last))
    })?;

    say(&format!("{buyers} buyers, one variant, {} s", time.as_secs()));
    let before = processor::used_by(market.pid())?;
    let start = std::time::Instant::now();
    let (told, delays) = runtime.block_on(crowd(market.address, &tokens, &hot, time))?;
    let took = start.elapsed().as_secs_f64();
    let used = (processor::used_by(market.pid())? - before).as_secs_f64();

    say(&format!("the rush: {RUSH_BUYERS} people for the last {RUSH_STOCK}, in {} s", RUSH_TIME.as_secs()));
    let (rushed, answered) = runtime.block_on(rush(market.address, &tokens, &last))?;

    let kept = runtime.block_on(async {
        let db = Db::open(&market.database).await?;
        let kept: (i64, i64) = sql!(one &db,
            "select (select count(*) from orders), (select count(*) from stock_levels where reserved > on_hand)")?;
        let held: i64 = sql!(value &db,
            "select coalesce(cast(sum(quantity) as bigint), 0) from stock_reservations
             where variant_id = $1 and state = 'held'", &last)?;
        say("the references: one row of the same database, grouped and alone");
        let grouped = bare(&db, buyers).await?;
        let alone = bare(&db, 1).await?;
        db.close().await;
        anyhow::Ok((kept, held, grouped, alone))
    })?;
    let ((written, oversold), held, grouped, alone) = kept;
    if written < (told.sold + rushed.sold) as i64 || oversold > 0 || held > RUSH_STOCK {
        bail!("{written} orders written, {oversold} variants oversold, {held} of {RUSH_STOCK} held");
    }
    say(&format!(
        "{} orders acknowledged and {} refused; the rush sold {} of {RUSH_STOCK} and refused {}",
        told.sold, told.refused, rushed.sold, rushed.refused
    ));

    let rate = told.sold as f64 / took;
    let print = |name, value, unit, reference, against| {
        Figure::new(name, value, unit, reference, against).print(show)
    };
    print("till.orders", rate, "orders/s", PROMISED_ORDERS, "promise")?;
    print("till.p50", delays.quantile_ms(0.5), "ms", PROMISED_P99_MS, "promise for p99")?;
    print("till.p99", delays.quantile_ms(0.99), "ms", PROMISED_P99_MS, "promise")?;
    print(
        "till.cpu",
        used * 1e6 / told.sold as f64,
        "us/order",
        1e6 / PROMISED_ORDERS,
        "promise on one core",
    )?;
    print("till.of_grouped", rate, "orders/s", grouped, "bare updates, grouped alike")?;
    print("till.of_alone", rate, "orders/s", alone, "bare updates, one to a commit")?;
    print("till.share_promised", rate / grouped, "of grouped", PROMISED_SHARE, "promise")?;
    print("till.rush_sold", rushed.sold as f64, "sold", RUSH_STOCK as f64, "in stock")?;
    print("till.rush_slowest", answered.quantile_ms(1.0), "ms", PROMISED_RUSH_MS, "promise")
}

/// Sets what is there of a variant, by a movement as a receipt makes one.
async fn stock(db: &Db, variant: &str, wanted: i64) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    let (store, there): (String, i64) =
        sql!(one &mut tx, "select store_id, on_hand from stock_levels where variant_id = $1", variant)?;
    sql!(run &mut tx, "update stock_levels set on_hand = $2, reserved = 0 where variant_id = $1", variant, wanted)?;
    sql!(run &mut tx,
        "insert into stock_movements (id, store_id, variant_id, kind, quantity, order_id, at_ms)
         values ($1, $2, $3, 'adjustment', $4, null, 0)",
        format!("bench-{variant}"), store, variant, wanted - there)?;
    tx.commit().await?;
    Ok(())
}

/// Takes 10 % off everything of the store that sells a variant, as a seller's promotion does.
async fn promote(db: &Db, variant: &str) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    let store: String =
        sql!(value &mut tx, "select store_id from stock_levels where variant_id = $1", variant)?;
    sql!(run &mut tx,
        "insert into promotions (id, store_id, key, body_hash, name, name_en, gives, percent, amount_won, most_won,
             least_won, from_quantity, first_order, products, starts_at_ms, ends_at_ms, created_at_ms, changed_at_ms)
         values ('bench', $1, 'bench', '', '', '', 'percentage', 10, 0, 0, 0, 1, false, '[]', 0, null, 0, 0)", &store)?;
    sql!(run &mut tx, "update stores set promoted_until_ms = $2 where id = $1", &store, i64::MAX)?;
    tx.commit().await?;
    Ok(())
}

/// Everybody buys one piece after another until the time is over.
async fn crowd(
    address: SocketAddr,
    tokens: &[String],
    variant: &str,
    time: Duration,
) -> anyhow::Result<(Told, Histogram)> {
    let told = Arc::new(Mutex::new((Told::default(), Histogram::new())));
    let end = Instant::now() + time;
    let mut people = JoinSet::new();
    for token in tokens {
        let (told, token, variant) = (told.clone(), token.clone(), variant.to_owned());
        people.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for turn in 0.. {
                let asked = Instant::now();
                if asked >= end {
                    break;
                }
                let sold = buy(&mut connection, address, &token, &variant, turn).await?;
                count(&told, sold, asked);
            }
            anyhow::Ok(())
        });
    }
    join(people).await?;
    take(told)
}

/// Ten thousand tries for the last hundred, each due at its own moment; a delay counts from there.
async fn rush(address: SocketAddr, tokens: &[String], variant: &str) -> anyhow::Result<(Told, Histogram)> {
    let told = Arc::new(Mutex::new((Told::default(), Histogram::new())));
    let start = Instant::now();
    let mut people = JoinSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let (told, token, variant, step) = (told.clone(), token.clone(), variant.to_owned(), tokens.len());
        people.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for turn in (index..RUSH_BUYERS).step_by(step) {
                let due = start + RUSH_TIME.mul_f64(turn as f64 / RUSH_BUYERS as f64);
                tokio::time::sleep_until(due).await;
                let sold = buy(&mut connection, address, &token, &variant, turn).await?;
                count(&told, sold, due);
            }
            anyhow::Ok(())
        });
    }
    join(people).await?;
    take(told)
}

/// One order of one piece: whether it was sold, or refused because none is left.
async fn buy(
    connection: &mut Connection,
    address: SocketAddr,
    token: &str,
    variant: &str,
    turn: usize,
) -> anyhow::Result<bool> {
    let body = format!(
        r#"{{"lines":[{{"variant_id":"{variant}","quantity":1}}],"hand_over":"pickup","recipient":"김단골","phone":"010-0000-0077","agreed":true}}"#
    );
    let request = format!(
        "POST /api/v1/orders HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         idempotency-key: bench-{variant}-{turn}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = connection.send(request.as_bytes()).await?;
    match answer.status {
        200 | 201 => Ok(true),
        409 => Ok(false),
        status => bail!(
            "an order was answered with {status}: {}",
            String::from_utf8_lossy(connection.body(&answer))
        ),
    }
}

fn count(told: &Mutex<(Told, Histogram)>, sold: bool, since: Instant) {
    let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if sold {
        told.0.sold += 1;
    } else {
        told.0.refused += 1;
    }
    told.1.add(u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX));
}

async fn join(mut people: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(person) = people.join_next().await {
        person??;
    }
    Ok(())
}

fn take(told: Arc<Mutex<(Told, Histogram)>>) -> anyhow::Result<(Told, Histogram)> {
    let told = Arc::into_inner(told).context("somebody still buys")?;
    Ok(told.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Updates a second of one row, `size` to a durable commit.
async fn bare(db: &Db, size: usize) -> anyhow::Result<f64> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx, "create table if not exists bench_stock (id bigint primary key, left_over bigint not null)")?;
    sql!(run &mut tx, "insert into bench_stock (id, left_over) values (1, $1) on conflict do nothing", PLENTY)?;
    tx.commit().await?;
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < REFERENCE_TIME {
        let mut tx = db.begin().await?;
        for _ in 0..size {
            sql!(run &mut tx,
                "update bench_stock set left_over = left_over - $1 where id = 1 and left_over >= $1", 1_i64)?;
        }
        tx.commit().await?;
        done += size;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}
