//! The crash drill: the real program under real orders and payments, killed with `kill -9` at moments nobody
//! chose, started again on what it left, and looked at: whatever a buyer was told is there, every rule of the house
//! holds, and the payment company's books are ours. With PostgreSQL, that is killed too, while the program lives.

mod cluster;
mod load;

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use base::{Db, Random, sql};
use sandbox::{Sandbox, Settings};
use serde::Serialize;
use shop::audit::{self, Broken, Charge, Rule};

use self::{cluster::Cluster, load::Load};
use crate::{
    figure::{Show, say},
    market::Market,
    processor, writers,
};

/// Of the program's own lines only what broke; that it was cut off is no news.
const LOG: &str = "off";
/// How long a market may sell nothing before the drill is called stuck.
const STUCK: Duration = Duration::from_secs(90);
/// The longest moment from the last counted order to the kill.
const MOMENT_MS: u64 = 40;
/// Every so many kills the money is gone through, and the stock every time: it is a pass over all rows.
const MONEY_EVERY: usize = 10;
/// On PostgreSQL every so many kills are the database's.
const POSTGRES_EVERY: usize = 3;
/// Acknowledged orders looked up with one statement.
const LOOK: usize = 2_000;
/// More than anybody can buy in a drill, and what comes in of the scarce things after every kill.
const PLENTY: i64 = 5_000_000;
const SCARCE: i64 = 12;
/// Things on the stall that is drilled; the first two are plenty.
const THINGS: usize = 5;

/// What a drill is to be.
pub(crate) struct Plan {
    pub(crate) kills: usize,
    pub(crate) orders: u64,
    pub(crate) buyers: usize,
    pub(crate) settle: Duration,
    pub(crate) seed: Option<u64>,
    pub(crate) postgres: bool,
}

/// What came of it.
#[derive(Default, Serialize)]
struct Report {
    engine: &'static str,
    seed: u64,
    seconds: u64,
    server_kills: usize,
    postgres_kills: usize,
    /// Orders that a buyer was told of, payments that a buyer was told are made, and what ran out.
    acknowledged: u64,
    paid: u64,
    sold_out: u64,
    /// Requests that were cut off and sent again with the same key.
    sent_again: u64,
    /// Acknowledged orders and payments that are not there.
    lost: usize,
    oversold: usize,
    ledger_sum_won: i64,
    double_charges: usize,
    /// Charges in the payment company's books, and those whose end we do not know yet.
    charges: usize,
    unsettled: usize,
    /// Everything that broke a rule, in words.
    broken: Vec<String>,
}

/// Runs the drill, prints its report, and fails if anything was lost.
pub(crate) fn run(plan: &Plan, show: Show) -> anyhow::Result<()> {
    processor::allow_many_files(plan.buyers as u64 * 4 + 1_024)?;
    let begun = Instant::now();
    let seed = plan.seed.unwrap_or_else(|| Random::system().below(1 << 32));
    let mut cluster = if plan.postgres { Some(Cluster::start()?) } else { None };
    let data = tempfile::Builder::new().prefix("dangol-drill-").tempdir()?;
    let database = match &cluster {
        Some(cluster) => cluster.url(),
        None => format!("sqlite:{}", data.path().join("dangol.db").display()),
    };
    say(&format!("starting a market; chance begins at {seed}"));
    let mut market = Market::on(data, database, None, LOG)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let engine = if plan.postgres { "postgresql" } else { "sqlite" };
    let mut report = Report { engine, seed, ..Report::default() };
    runtime.block_on(drill(plan, &mut market, cluster.as_mut(), &mut report))?;
    report.seconds = begun.elapsed().as_secs();
    report.print(show)?;
    if report.is_clean(plan) { Ok(()) } else { bail!("the drill found something; see the report") }
}

async fn drill(
    plan: &Plan,
    market: &mut Market,
    mut cluster: Option<&mut Cluster>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let chance = Random::seeded(report.seed);
    let tokens = writers::sign_in(market, plan.buyers).await?;
    let things = stock_up(market).await?;
    let load = Arc::new(Load::new(market.address, things.clone(), report.seed));
    load.open();
    let buyers: Vec<_> = tokens
        .iter()
        .enumerate()
        .map(|(index, token)| tokio::spawn(load.clone().buy(index, token.clone())))
        .collect();
    for kill in 1..=plan.kills {
        // From half to one and a half of what was wanted, so that a hundred kills come to a hundred times that.
        let wanted = plan.orders / 2 + chance.below(plan.orders + 1);
        let from = load.acknowledged();
        wait_for(&load, from + wanted, market).await?;
        tokio::time::sleep(Duration::from_millis(chance.below(MOMENT_MS))).await;
        match &mut cluster {
            Some(cluster) if kill % POSTGRES_EVERY == 0 => {
                cluster.kill(chance.below(2) == 0)?;
                tokio::time::sleep(Duration::from_millis(chance.below(1_500))).await;
                load.close();
                cluster.again()?;
                market.wait_until_ready()?;
                report.postgres_kills += 1;
            }
            _ => {
                market.kill()?;
                load.close();
                market.restart(LOG)?;
                report.server_kills += 1;
            }
        }
        let is_whole = kill % MONEY_EVERY == 0 || kill == plan.kills || plan.kills <= MONEY_EVERY;
        let round = Round { load: &load, market, things: &things, number: kill, is_whole };
        round.look(report).await?;
        if kill % MONEY_EVERY == 0 || plan.kills <= MONEY_EVERY {
            let (acknowledged, lost) = (load.acknowledged(), report.lost);
            say(&format!("{kill} of {} kills, {acknowledged} orders acknowledged, {lost} lost", plan.kills));
        }
        load.open();
    }
    // One more stretch in peace: whoever was cut off gets an answer.
    wait_for(&load, load.acknowledged() + plan.orders.min(200), market).await?;
    load.end();
    for buyer in buyers {
        buyer.await??;
    }
    finish(plan, market, &load, report).await
}

/// Waits until so many orders are acknowledged.
async fn wait_for(load: &Load, wanted: u64, market: &Market) -> anyhow::Result<()> {
    let (mut seen, mut since) = (load.acknowledged(), Instant::now());
    while seen < wanted {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let now = load.acknowledged();
        if now > seen {
            (seen, since) = (now, Instant::now());
        } else if since.elapsed() > STUCK {
            bail!(
                "nothing was sold for {} s by process {}: {}",
                STUCK.as_secs(),
                market.pid(),
                load.last_word()
            );
        }
    }
    Ok(())
}

/// Chooses the stall with the most things to pick up, and fills it.
async fn stock_up(market: &Market) -> anyhow::Result<Vec<String>> {
    let db = Db::open(&market.database).await?;
    let things: Vec<(String,)> = sql!(
        all & db,
        "select variant_id from offers where is_open and pickup and store_id =
           (select store_id from offers where is_open and pickup group by store_id
            order by count(*) desc, store_id limit 1)
         order by variant_id limit $1",
        THINGS as i64
    )?;
    let things: Vec<String> = things.into_iter().map(|(thing,)| thing).collect();
    if things.len() < 3 {
        bail!("the demo has no stall with three things to pick up");
    }
    for thing in &things[..2] {
        receive(&db, thing, PLENTY, 0).await?;
    }
    db.close().await;
    Ok(things)
}

/// A delivery comes in, past the program: its movement and the stock in one transaction, as the program writes it.
async fn receive(db: &Db, variant: &str, count: i64, round: usize) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    let store: String = sql!(value &mut tx,
        "update stock_levels set on_hand = on_hand + $2 where variant_id = $1 returning store_id", variant, count)?;
    sql!(run &mut tx,
        "insert into stock_movements (id, store_id, variant_id, kind, quantity, order_id, at_ms)
         values ($1, $2, $3, 'receipt', $4, null, 0)", format!("drill-{round}-{variant}"), store, variant, count)?;
    tx.commit().await?;
    Ok(())
}

/// One look after one kill.
struct Round<'a> {
    load: &'a Load,
    market: &'a Market,
    things: &'a [String],
    number: usize,
    is_whole: bool,
}

impl Round<'_> {
    async fn look(&self, report: &mut Report) -> anyhow::Result<()> {
        let db = Db::open(&self.market.database).await?;
        report.lost += lost(&db, self.load).await?;
        report.note(audit::stock(&db).await?);
        if self.is_whole {
            report.note(audit::money(&db).await?);
        }
        for thing in &self.things[2..] {
            receive(&db, thing, SCARCE, self.number).await?;
        }
        db.close().await;
        Ok(())
    }
}

/// How many of the newly acknowledged orders and payments are not there.
async fn lost(db: &Db, load: &Load) -> anyhow::Result<usize> {
    let mut lost = 0;
    for some in load.take_told().chunks(LOOK) {
        let there: i64 = sql!(value db,
            "select count(*) from json_each($1) as j
             join orders o on o.id = j.value ->> 'order'
             where j.value ->> 'paid' = '0' or o.payment_state in ('paid', 'refunding', 'refunded')",
            serde_json::to_string(some)?)?;
        lost += some.len() - there as usize;
    }
    Ok(lost)
}

/// Waits until nothing is open, ends the program for good, and opens the payment company's books.
async fn finish(plan: &Plan, market: &mut Market, load: &Load, report: &mut Report) -> anyhow::Result<()> {
    let db = Db::open(&market.database).await?;
    let end = Instant::now() + plan.settle;
    say("waiting until every payment is known");
    while Instant::now() < end && open(&db).await? > 0 {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    market.kill()?;
    report.server_kills += 1;
    report.lost += lost(&db, load).await?;
    report.note(audit::books(&db).await?);
    report.ledger_sum_won =
        sql!(value & db, "select cast(coalesce(sum(amount_won), 0) as bigint) from ledger_entries")?;
    let charges = charges(market).await?;
    let compared = audit::company(&db, &charges).await?;
    (report.charges, report.unsettled) =
        (charges.iter().filter(|one| one.taken > 0).count(), compared.unsettled);
    report.note(compared.broken);
    load.report(|counts| {
        report.acknowledged = counts.acknowledged;
        report.paid = counts.paid;
        report.sold_out = counts.sold_out;
        report.sent_again = counts.sent_again;
        report.broken.extend(counts.wrong.iter().cloned());
    });
    db.close().await;
    Ok(())
}

async fn open(db: &Db) -> anyhow::Result<i64> {
    Ok(sql!(value db,
        "select (select count(*) from payment_attempts where state in ('started', 'unknown'))
              + (select count(*) from refunds where state = 'asked')")?)
}

/// The payment company's books, as it left them.
async fn charges(market: &Market) -> anyhow::Result<Vec<Charge>> {
    let books = market.data().join("sandbox.jsonl");
    let settings =
        Settings { seed: 0, now: Arc::new(|| 0), webhook: None, books: Some(books), chaos_percent: 0 };
    let company = Sandbox::start(settings).await.context("the payment company's books")?;
    company.stop();
    let seen = company.payments().into_iter();
    Ok(seen.map(|one| Charge { order: one.order, taken: one.taken, kept: one.kept }).collect())
}

impl Report {
    fn note(&mut self, broken: Vec<Broken>) {
        for one in broken {
            match one.rule {
                Rule::Oversold | Rule::Movements | Rule::Promised | Rule::Sold | Rule::Holds => {
                    self.oversold += 1
                }
                Rule::ChargedTwice => self.double_charges += 1,
                _ => {}
            }
            self.broken.push(one.to_string());
        }
    }

    fn is_clean(&self, plan: &Plan) -> bool {
        let is_settled = self.unsettled == 0 || plan.settle.is_zero();
        let nothing = self.lost + self.oversold + self.double_charges + self.broken.len();
        nothing == 0 && self.ledger_sum_won == 0 && is_settled
    }

    fn print(&self, show: Show) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match show {
            Show::Json => writeln!(out, "{}", serde_json::to_string(self)?)?,
            Show::Text => {
                let rows: [(&str, String); 13] = [
                    ("engine", self.engine.to_owned()),
                    ("seed", self.seed.to_string()),
                    ("seconds", self.seconds.to_string()),
                    ("kills of the program", self.server_kills.to_string()),
                    ("kills of PostgreSQL", self.postgres_kills.to_string()),
                    ("acknowledged orders", self.acknowledged.to_string()),
                    ("acknowledged payments", self.paid.to_string()),
                    ("requests sent again", self.sent_again.to_string()),
                    ("lost", self.lost.to_string()),
                    ("oversold", self.oversold.to_string()),
                    ("sum of the ledger", self.ledger_sum_won.to_string()),
                    ("double charges", format!("{} of {}", self.double_charges, self.charges)),
                    ("not settled", self.unsettled.to_string()),
                ];
                for (name, value) in rows {
                    writeln!(out, "{name:<24} {value}")?;
                }
                for broken in &self.broken {
                    writeln!(out, "broken: {broken}")?;
                }
            }
        }
        Ok(())
    }
}
