//! Notices: somebody asks to be told when a show begins, and is told, once.
//!
//! The row is the promise. It is marked in the transaction in which the show begins; jobs carry it on, each step one
//! conditional statement, so that whatever is repeated, or does not live to see its end, finds the step taken or takes
//! it once. A show that waits for its publisher and goes on marks nothing again: nobody can ask once it has begun.
//!
//! A notice is not an advertisement: it says what was asked for, that this show has begun, and how to be told no more.

use base::{Db, Tx, jobs, sql};
use people::PersonId;
use people::letter::{self, Letter};
use serde::{Deserialize, Serialize};
use shop::store;
use sqlx::FromRow;
use tracing::info;
use web::{Lang, words};

use crate::broadcast::{self, Broadcast, BroadcastId, Stage};
use crate::push::{BrowserId, Push};
use crate::{Error, Live, Result, push};

pub(crate) mod api;
pub(crate) mod pages;

/// Shows that one person may wait for at a time.
pub const MAX_ASKED: i64 = 50;
/// After this the beginning of a show is no news any more.
const NEWS_MS: i64 = 30 * 60_000;
/// People whose notices are put in one transaction.
const AT_ONCE: i64 = 200;

/// Marks are handed out: one job a person.
pub(crate) const SPREAD: &str = "live-notices";
/// One person is told.
pub(crate) const TELL: &str = "live-notice";

/// Whose notices are handed out.
#[derive(Deserialize, Serialize)]
pub(crate) struct Spread {
    pub broadcast: BroadcastId,
}

/// Who is told of what.
#[derive(Deserialize, Serialize)]
pub(crate) struct Tell {
    pub broadcast: BroadcastId,
    pub person: PersonId,
}

/// Who asks, and how they are to be spoken to.
pub struct Asking<'a> {
    pub person: &'a PersonId,
    pub lang: Lang,
    /// The market's address as their browser knows it: `https://market.example`.
    pub home: &'a str,
}

/// Promises to tell somebody. Asked twice it is one promise.
pub async fn ask(live: &Live, broadcast: &BroadcastId, asking: Asking<'_>) -> Result<()> {
    let stop_key = live.base.random.token::<24>();
    let mut tx = live.base.db.begin().await?;
    // Touched, so that a show which begins at the same moment waits for us or we for it.
    let is_coming = sql!(run &mut tx,
        "update broadcasts set starts_at_ms = starts_at_ms where id = $1 and stage = 'scheduled'", broadcast)?;
    if is_coming == 0 {
        return Err(Error::Begun);
    }
    let asked: i64 = sql!(value &mut tx,
        "select count(*) from notices where person_id = $1 and state = 'asked' and broadcast_id <> $2",
        asking.person, broadcast)?;
    if asked >= MAX_ASKED {
        return Err(Error::ManyNotices);
    }
    sql!(run &mut tx,
        "insert into notices (broadcast_id, person_id, lang, home, stop_key, state, asked_at_ms)
         values ($1, $2, $3, $4, $5, 'asked', $6) on conflict (broadcast_id, person_id) do nothing",
        broadcast, asking.person, asking.lang.tag(), asking.home, stop_key, live.base.clock.now_ms())?;
    Ok(tx.commit().await?)
}

/// Takes the promise back, as long as it was not kept.
pub async fn withdraw(db: &Db, broadcast: &BroadcastId, person: &PersonId) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "delete from notices where broadcast_id = $1 and person_id = $2 and state in ('asked', 'due', 'queued')",
        broadcast, person)?;
    Ok(tx.commit().await?)
}

/// Whether somebody waits to be told.
pub async fn is_asked(db: &Db, broadcast: &BroadcastId, person: &PersonId) -> Result<bool> {
    Ok(sql!(value db,
        "select exists (select 1 from notices where broadcast_id = $1 and person_id = $2 and state = 'asked')",
        broadcast, person)?)
}

/// How many wait to be told.
pub async fn count(db: &Db, broadcast: &BroadcastId) -> Result<i64> {
    Ok(sql!(value db,
        "select count(*) from notices where broadcast_id = $1 and state = 'asked'", broadcast)?)
}

/// Takes back everything that the person behind a link waits for. A key that nobody has does the same: nothing shows.
pub async fn stop(db: &Db, stop_key: &str) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "delete from notices where state in ('asked', 'due', 'queued')
           and person_id = (select person_id from notices where stop_key = $1)", stop_key)?;
    Ok(tx.commit().await?)
}

/// Forgets what somebody who left was told.
pub async fn forget(live: &Live, person: &PersonId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "delete from notices where person_id = $1", person)?;
    push::forget(&mut tx, person).await?;
    Ok(tx.commit().await?)
}

/// The show begins in this transaction: whoever waits is due. The second beginning finds nobody.
pub(crate) async fn begin(tx: &mut Tx, broadcast: &BroadcastId) -> Result<()> {
    let due = sql!(run &mut *tx,
        "update notices set state = 'due' where broadcast_id = $1 and state = 'asked'", broadcast)?;
    if due > 0 {
        jobs::put(tx, SPREAD, &Spread { broadcast: broadcast.clone() }).await?;
    }
    Ok(())
}

/// Hands the marks out, some at a time: each goes into one job, in the same transaction.
pub(crate) async fn spread(db: &Db, broadcast: &BroadcastId) -> Result<()> {
    let mut tx = db.begin().await?;
    let taken: Vec<PersonId> = sql!(values &mut tx,
        "update notices set state = 'queued'
         where broadcast_id = $1 and state = 'due'
           and person_id in (select person_id from notices where broadcast_id = $1 and state = 'due'
                             order by person_id limit $2)
         returning person_id", broadcast, AT_ONCE)?;
    for person in &taken {
        jobs::put(&mut tx, TELL, &Tell { broadcast: broadcast.clone(), person: person.clone() }).await?;
    }
    if taken.len() as i64 == AT_ONCE {
        jobs::put(&mut tx, SPREAD, &Spread { broadcast: broadcast.clone() }).await?;
    }
    Ok(tx.commit().await?)
}

#[derive(FromRow)]
struct Promised {
    lang: String,
    home: String,
    stop_key: String,
}

/// What one person is told.
pub(crate) struct Said {
    pub subject: String,
    pub title: String,
    text: String,
    /// The link that stops notices.
    stop: String,
    /// The market's address, and the show's there.
    pub home: String,
    pub path: String,
    /// After this it is no news.
    pub until_ms: i64,
}

/// What is to be said to somebody who was promised it; `None`: nothing was, or it is no news any more.
pub(crate) async fn said_to(live: &Live, id: &BroadcastId, person: &PersonId) -> Result<Option<Said>> {
    let db = &live.base.db;
    let broadcast = broadcast::find(db, id).await?;
    let promised: Option<Promised> = sql!(opt db,
        "select lang, home, stop_key from notices where broadcast_id = $1 and person_id = $2", id, person)?;
    let until_ms = news_until(&broadcast).filter(|until_ms| live.base.clock.now_ms() < *until_ms);
    let (Some(promised), Some(until_ms)) = (promised, until_ms) else { return Ok(None) };
    let store = store::find(db, &broadcast.store).await?;
    let lang = Lang::of_tag(&promised.lang).unwrap_or_default();
    Ok(Some(said(&broadcast, store.name_in(lang), promised, lang, until_ms)))
}

/// Tells one person that a show has begun, by whatever reaches them: every way out goes through here. Who has a
/// browser that may show it gets it there, on all of theirs; everybody else gets a letter.
pub(crate) async fn tell(live: &Live, id: &BroadcastId, person: &PersonId) -> Result<()> {
    let said = said_to(live, id, person).await?;
    let mut tx = live.base.db.begin().await?;
    let browsers = push::browsers(&mut tx, person).await?;
    let (Some(said), false) = (&said, browsers.is_empty()) else {
        end(&mut tx, live, id, person, "queued", said).await?;
        return Ok(tx.commit().await?);
    };
    if move_on(&mut tx, live, id, person, ("queued", "pushed")).await? {
        info!(broadcast = %id, until_ms = said.until_ms, "A notice goes to {} browsers", browsers.len());
        for browser in browsers {
            let push = Push { broadcast: id.clone(), person: person.clone(), browser };
            jobs::put(&mut tx, push::PUSH, &push).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// A browser's service has taken it (`told`), or none did while it was news (`lost`).
pub(crate) async fn settle(live: &Live, id: &BroadcastId, person: &PersonId, to: &str) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    move_on(&mut tx, live, id, person, ("pushed", to)).await?;
    Ok(tx.commit().await?)
}

/// A browser is gone. When it was the last one and none has taken the notice, a letter goes instead.
pub(crate) async fn fall_back(
    live: &Live,
    id: &BroadcastId,
    person: &PersonId,
    gone: Option<&BrowserId>,
) -> Result<()> {
    let said = said_to(live, id, person).await?;
    let mut tx = live.base.db.begin().await?;
    // Touched first, so that of two browsers which go at once the second sees that the first is gone.
    let (from, to) = ("pushed", "pushed");
    let is_open = move_on(&mut tx, live, id, person, (from, to)).await?;
    if let Some(gone) = gone {
        push::drop_browser(&mut tx, gone).await?;
    }
    if is_open && push::browsers(&mut tx, person).await?.is_empty() {
        end(&mut tx, live, id, person, from, said).await?;
    }
    Ok(tx.commit().await?)
}

/// Ends a promise by a letter, or, with nothing left to say, without one.
async fn end(
    tx: &mut Tx,
    live: &Live,
    id: &BroadcastId,
    person: &PersonId,
    from: &str,
    said: Option<Said>,
) -> Result<()> {
    let to = if said.is_some() { "told" } else { "lost" };
    if let (true, Some(said)) = (move_on(tx, live, id, person, (from, to)).await?, said) {
        let Said { subject, text, stop, until_ms, .. } = said;
        let id = format!("notice:{id}:{person}");
        letter::put(tx, &Letter { id, person: person.clone(), subject, text, stop, until_ms }).await?;
    }
    Ok(())
}

/// One step of a promise; `false`: it was taken already.
async fn move_on(
    tx: &mut Tx,
    live: &Live,
    id: &BroadcastId,
    person: &PersonId,
    (from, to): (&str, &str),
) -> Result<bool> {
    Ok(sql!(run tx,
        "update notices set state = $4, told_at_ms = $5
         where broadcast_id = $1 and person_id = $2 and state = $3",
        id, person, from, to, live.base.clock.now_ms())?
        == 1)
}

/// Until when it is news that a show has begun; `None`: it is over, or never began.
fn news_until(broadcast: &Broadcast) -> Option<i64> {
    match broadcast.stage {
        Stage::Live { since_ms } | Stage::Waiting { since_ms } => Some(since_ms + NEWS_MS),
        _ => None,
    }
}

fn said(broadcast: &Broadcast, store: &str, promised: Promised, lang: Lang, until_ms: i64) -> Said {
    let Promised { home, stop_key, .. } = promised;
    let (title, path) = (broadcast.title_in(lang).to_owned(), broadcast.path());
    let stop = format!("{home}{}", pages::stop_path(&stop_key));
    let url = format!("{home}{path}");
    let say = |key: &str| {
        let args = vec![
            ("store", store.into()),
            ("title", (&title).into()),
            ("url", (&url).into()),
            ("stop", (&stop).into()),
        ];
        words::say(lang, key, args)
    };
    let (subject, text) = (say("live-notice-subject"), say("live-notice-text"));
    Said { subject, text, title, stop, home, path, until_ms }
}
