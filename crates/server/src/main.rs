//! `dangol`: reads the flags and does what they say.

use anyhow::Context;
use base::{Clock, Db};
use clap::Parser;
use server::flags::{Command, Flags, Operator, Store};
use server::{app, serve};

/// Thousands of small things are allocated and dropped a second, on every thread: the C library's
/// allocator took a seventh of the time that viewers cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(flags.command))
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(flags) => serve::run(*flags).await,
        Command::Migrate(store) => {
            let db = open(&store).await?;
            db.close().await;
            say("The database is up to date.")
        }
        Command::Operator(Operator::Add { contact, store }) => {
            let db = open(&store).await?;
            let added = add_operator(&db, &contact).await?;
            db.close().await;
            match added {
                true => say("Done. They see the operator's door when they open a page next."),
                false => anyhow::bail!(
                    "Nobody has signed in as {contact} yet. Ask them to sign in once, then try again."
                ),
            }
        }
        Command::VerifyDraw { proof } => {
            let text = std::fs::read_to_string(&proof).context("The file could not be read")?;
            let proof = serde_json::from_str(&text).context("The file is not what a draw gives")?;
            live::interaction::draw::verify(&proof)
                .map_err(|unfair| anyhow::anyhow!("Not fair: {unfair}"))?;
            say("Fair: the same tickets win, and the seed is the one that was promised.")
        }
        Command::Openapi => {
            let json = serde_json::to_string_pretty(&app::describe().await?)?;
            say(&json)
        }
    }
}

/// Appoints somebody who has signed in before; `false` when nobody has this address.
async fn add_operator(db: &Db, contact: &str) -> anyhow::Result<bool> {
    let address =
        people::Address::read(contact).context("That is neither a phone number nor an e-mail address")?;
    let mut tx = db.begin().await?;
    let Some(person) = people::person::at(&mut tx, &address).await? else { return Ok(false) };
    people::operator::appoint(&mut tx, &person.id, Clock::system().now_ms()).await?;
    tx.commit().await?;
    Ok(true)
}

async fn open(store: &Store) -> anyhow::Result<Db> {
    let url = serve::database(store)?;
    Db::open(&url).await.context("The database could not be opened")
}

fn say(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}").map_err(Into::into)
}
