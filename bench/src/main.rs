//! `bench`: the figures that Dangol promises, each measured beside a reference in the same run.
//!
//! A bench starts the real program on throw-away data, puts load on it from the outside, over loopback only, and
//! reads the program's CPU time from the kernel. `./run bench NAME` builds everything and calls this; the benches
//! that need a browser (`live`, `pages`) are scripts beside this crate's folder.

mod crowd;
mod drill;
mod egress;
mod figure;
mod film;
mod histogram;
mod http;
mod line;
mod market;
mod processor;
mod reads;
mod room;
mod search;
mod sockets;
mod till;
mod writers;
mod writes;

use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::{figure::Show, market::Engine};

/// The figures that Dangol promises, each beside its reference.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Print one JSON object a line: name, value, unit, reference, ratio.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Chat fan-out: many sockets in one room, messages written by POST, beside a bare write(2) loop.
    Room {
        /// Sockets that listen.
        #[arg(long, default_value_t = 2_000)]
        sockets: usize,
        /// Messages offered a second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// Seconds of load.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Video out: viewers on the chain of parts, beside a bare tokio server of the same bytes.
    Egress {
        /// Viewers.
        #[arg(long, default_value_t = 1_000)]
        viewers: usize,
        /// Seconds of load.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// A join storm: many people open one show at once, beside those who watch it already.
    Crowd {
        /// People who come.
        #[arg(long, default_value_t = 800)]
        people: usize,
    },
    /// Orders: many buyers on one hot variant, beside the bare limit of the same database.
    Till {
        /// People who buy at once.
        #[arg(long, default_value_t = 256)]
        buyers: usize,
        /// Seconds of load.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
        /// On a throw-away PostgreSQL instead of SQLite.
        #[arg(long)]
        postgres: bool,
    },
    /// A product's page and its API answer, read from the database at every request.
    Reads {
        /// Connections that ask.
        #[arg(long, default_value_t = 16)]
        connections: usize,
        /// Seconds of load, for each of the two.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// On a throw-away PostgreSQL instead of SQLite.
        #[arg(long)]
        postgres: bool,
    },
    /// The search: questions as people type them, over a large market, beside the database's own full text.
    Search {
        /// Products in the market.
        #[arg(long, default_value_t = 100_000)]
        products: usize,
        /// On a throw-away PostgreSQL instead of SQLite.
        #[arg(long)]
        postgres: bool,
    },
    /// The crash drill: kills the program, and PostgreSQL, under load, and counts what was lost.
    Drill {
        /// How often something is killed.
        #[arg(long, default_value_t = 100)]
        kills: usize,
        /// Orders acknowledged from one kill to the next, more or less.
        #[arg(long, default_value_t = 1_100)]
        orders: u64,
        /// People who buy at once.
        #[arg(long, default_value_t = 48)]
        buyers: usize,
        /// Seconds within which every open payment has to be settled at the end; 0 asks only that it will be.
        #[arg(long, default_value_t = 180)]
        settle: u64,
        /// Where chance begins; another one every time when absent.
        #[arg(long)]
        seed: Option<u64>,
        /// On a PostgreSQL of its own, which is killed too.
        #[arg(long)]
        postgres: bool,
    },
    /// A bad line to another network namespace, for the benches with a browser; it lasts as long as our input.
    #[command(hide = true)]
    Line {
        /// The namespace, which is made.
        name: String,
        /// Milliseconds, one way.
        #[arg(long)]
        delay_ms: u64,
        /// Percent of the packets, each way.
        #[arg(long)]
        loss: f64,
    },
    /// The bare server that `egress` compares with; it starts this itself.
    #[command(hide = true)]
    BareEgress {
        /// Bytes of each part.
        #[arg(long)]
        part_bytes: usize,
        /// Milliseconds from one part to the next.
        #[arg(long)]
        part_ms: u64,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let show = if arguments.json { Show::Json } else { Show::Text };
    match arguments.bench {
        Bench::Room { sockets, rate, seconds } => {
            room::run(sockets, rate, Duration::from_secs(seconds), show)
        }
        Bench::Crowd { people } => crowd::run(people, show),
        Bench::Egress { viewers, seconds } => egress::run(viewers, Duration::from_secs(seconds), show),
        Bench::Till { buyers, seconds, postgres } => {
            let engine = if postgres { Engine::Postgres } else { Engine::Sqlite };
            till::run(buyers, Duration::from_secs(seconds), engine, show)
        }
        Bench::Reads { connections, seconds, postgres } => {
            let engine = if postgres { Engine::Postgres } else { Engine::Sqlite };
            reads::run(connections, Duration::from_secs(seconds), engine, show)
        }
        Bench::Search { products, postgres } => {
            let engine = if postgres { Engine::Postgres } else { Engine::Sqlite };
            search::run(products, engine, show)
        }
        Bench::Drill { kills, orders, buyers, settle, seed, postgres } => {
            let plan =
                drill::Plan { kills, orders, buyers, settle: Duration::from_secs(settle), seed, postgres };
            drill::run(&plan, show)
        }
        Bench::Line { name, delay_ms, loss } => {
            line::run(&name, line::Quality { delay: Duration::from_millis(delay_ms), loss })
        }
        Bench::BareEgress { part_bytes, part_ms } => egress::bare(part_bytes, Duration::from_millis(part_ms)),
    }
}
