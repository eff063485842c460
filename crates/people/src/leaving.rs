//! Leaving: an account is closed, and what is personal in it is gone at once (개인정보보호법 §21).
//!
//! Orders stay for as long as the law has them kept (전자상거래법 §6), under an id that is nobody's name any more.
//! What other features hold of the person they forget in a job that is put in the same transaction.

pub(crate) mod api;
pub(crate) mod pages;

use base::{jobs, sql};
use serde::{Deserialize, Serialize};

use crate::{Error, People, Person, PersonId, Result};

/// The job in which everybody else forgets who left.
pub const LEFT: &str = "person-left";

/// Who left.
#[derive(Debug, Serialize, Deserialize)]
pub struct Left {
    pub person: PersonId,
}

/// Closes the account. Whose store still stands cannot leave it behind without anybody in it.
pub(crate) async fn leave(people: &People, person: &Person) -> Result<()> {
    let mut tx = people.base.db.begin().await?;
    // Sessions, consents, and the places in stores and at the desk go with the row.
    let gone = sql!(run &mut tx,
        "delete from persons where id = $1
         and not exists (select 1 from members where person_id = $1 and role = 'owner')", &person.id)?;
    if gone == 0 {
        tx.rollback().await?;
        return Err(Error::OwnsStore);
    }
    for address in [&person.phone, &person.email].into_iter().flatten() {
        sql!(run &mut tx, "delete from codes where address = $1", address)?;
        sql!(run &mut tx, "delete from outbox where address = $1", address)?;
    }
    sql!(run &mut tx, "delete from codes where person_id = $1", &person.id)?;
    jobs::put(&mut tx, LEFT, &Left { person: person.id.clone() }).await?;
    Ok(tx.commit().await?)
}
