//! The job that carries a code to its address, put down in the transaction that made the code.
//!
//! Its row holds the code until it is sent, and no longer than the code lives: after that the job is
//! dropped, for nothing is as useless as a code that came too late.

use base::jobs::{Job, Workers};
use base::{Result, Secret, Tx};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};
use web::{Lang, words};

use super::{Ask, CodeId};
use crate::{Address, People, code, outbox, sender, session};

const NAME: &str = "send-code";

#[derive(Serialize, Deserialize)]
struct SendCode {
    id: CodeId,
    address: String,
    code: String,
    lang: String,
    market: String,
    expires_at_ms: i64,
}

pub(crate) async fn put(
    tx: &mut Tx,
    id: &CodeId,
    address: &Address,
    code: String,
    expires_at_ms: i64,
    ask: &Ask<'_>,
) -> Result<()> {
    let job = SendCode {
        id: id.clone(),
        address: address.as_str().to_owned(),
        code,
        lang: ask.lang.tag().to_owned(),
        market: ask.market.to_owned(),
        expires_at_ms,
    };
    base::jobs::put(tx, NAME, &job).await
}

pub(crate) fn register(people: &People, workers: &mut Workers) {
    let people = people.clone();
    workers.on(NAME, move |job| send(people.clone(), job));
}

async fn send(people: People, job: Job) -> Result<(), sender::Error> {
    let SendCode { id, address, code, lang, market, expires_at_ms } = job.payload()?;
    let now_ms = people.base.clock.now_ms();
    let Some(address) = Address::read(&address).filter(|_| now_ms < expires_at_ms) else {
        warn!(code = %id, "The code {id} could not be sent in time and is dropped");
        return Ok(());
    };
    let lang = Lang::of_tag(&lang).unwrap_or_default();
    let say = |key: &str| words::say(lang, key, vec![("market", (&market).into()), ("code", (&code).into())]);
    let message = sender::Message {
        subject: say("people-code-subject"),
        text: say("people-code-message"),
        code: Some(Secret::new(code.clone())),
        stop: None,
    };
    if people.sender.send(&address, &message).await? == sender::Sent::Kept {
        let mut tx = people.base.db.begin().await?;
        outbox::put(&mut tx, id.as_str(), &address, &message, now_ms).await?;
        tx.commit().await?;
    }
    info!(code = %id, "The code {id} is on its way");
    let mut tx = people.base.db.begin().await?;
    code::sweep(&mut tx, now_ms).await?;
    session::sweep(&mut tx, now_ms).await?;
    outbox::sweep(&mut tx, now_ms).await?;
    tx.commit().await?;
    Ok(())
}
