//! Letters: what somebody asked to be told, carried to the address they joined with.
//!
//! A letter is put into the transaction that owes it, and goes out once. Before it is handed to a provider its id is
//! written down; only a provider that surely did not take it gives the id back. A crash in between may lose a letter,
//! which is a smaller harm than a phone that rings twice for one thing.

use base::jobs::{Job, Workers};
use base::{Db, Result, Tx, sql};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::{Address, People, Person, PersonId, outbox, person, sender};

const NAME: &str = "send-letter";
/// How long an id is remembered: longer than any letter is worth sending.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// Something to tell one person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Letter {
    /// One id, one letter, however often it is put.
    pub id: String,
    pub person: PersonId,
    pub subject: String,
    pub text: String,
    /// Where one request stops more of the kind (RFC 8058).
    pub stop: String,
    /// After this it is worth nothing.
    pub until_ms: i64,
}

/// Puts a letter into the transaction.
pub async fn put(tx: &mut Tx, letter: &Letter) -> Result<()> {
    base::jobs::put(tx, NAME, letter).await
}

pub(crate) fn register(people: &People, workers: &mut Workers) {
    let people = people.clone();
    workers.on(NAME, move |job| send(people.clone(), job));
}

async fn send(people: People, job: Job) -> Result<(), sender::Error> {
    let letter: Letter = job.payload()?;
    let now_ms = people.base.clock.now_ms();
    let to = person::find(&people.base.db, &letter.person).await?;
    let to = to.and_then(|person| address(&people, &person)).filter(|_| now_ms < letter.until_ms);
    let Some(to) = to else {
        warn!(letter.id, "The letter {} has nowhere to go any more and is dropped", letter.id);
        return Ok(());
    };
    if !take(&people, &letter, &to, now_ms).await? {
        return Ok(());
    }
    let message = message(&letter);
    match people.sender.send(&to, &message).await {
        Ok(_) => info!(letter.id, "The letter {} is on its way", letter.id),
        Err(error) if error.is_certain() => {
            give_back(&people.base.db, &letter).await?;
            return Err(error);
        }
        Err(error) => warn!(letter.id, %error, "Whether the letter {} arrived is not known", letter.id),
    }
    Ok(())
}

/// Where a person is reached. A mail costs the market nothing, so it comes first.
fn address(people: &People, person: &Person) -> Option<Address> {
    let all = [&person.email, &person.phone].into_iter().flatten().filter_map(|text| Address::read(text));
    all.into_iter().find(|address| people.sender.reaches(address))
}

fn message(letter: &Letter) -> sender::Message {
    let Letter { subject, text, stop, .. } = letter.clone();
    sender::Message { subject, text, code: None, stop: Some(stop) }
}

/// Writes the letter's id down; `false`: it stood there already. The sandbox keeps the letter in the same step.
async fn take(people: &People, letter: &Letter, to: &Address, now_ms: i64) -> Result<bool> {
    let mut tx = people.base.db.begin().await?;
    sql!(run &mut tx, "delete from letters where at_ms < $1", now_ms - KEPT_MS)?;
    outbox::sweep(&mut tx, now_ms).await?;
    let is_new = sql!(run &mut tx,
        "insert into letters (id, at_ms) values ($1, $2) on conflict (id) do nothing", &letter.id, now_ms)?
        == 1;
    if is_new && people.sender.keeps() {
        outbox::put(&mut tx, &letter.id, to, &message(letter), now_ms).await?;
    }
    tx.commit().await?;
    Ok(is_new)
}

async fn give_back(db: &Db, letter: &Letter) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx, "delete from letters where id = $1", &letter.id)?;
    tx.commit().await
}
