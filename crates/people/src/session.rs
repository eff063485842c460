//! Sessions: one row per device somebody is signed in on, which the person sees and can end.
//!
//! The token is 32 random bytes. The browser holds it in a cookie, a program sends it as
//! `Authorization: Bearer`; the table keeps its SHA-256. A request is looked up once, and only when
//! it brings a token: pages for strangers never touch the database for it.

pub(crate) mod api;
pub(crate) mod pages;

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use base::gather::Lookup;
use base::{Clock, Db, Id, Random, Result, Secret, Tx, sql};
use serde_json::json;
use sqlx::FromRow;
use web::{Lang, Problem};

use crate::{People, Person, PersonId, asker, cookies, digest};

/// A device that is not used for so long is signed out.
pub(crate) const LASTS_MS: i64 = 90 * 24 * 3_600_000;
/// How precisely "last seen" is known. Writing it at every request would make every read a write.
const SEEN_EVERY_MS: i64 = 10 * 60_000;
/// Devices of one person. One more signs the longest unseen out.
const MOST: i64 = 50;
/// How long the browser keeps the cookie, in seconds: as long as browsers allow. The row decides how
/// long it is worth something, so the cookie need not be set again as the ninety days slide.
pub(crate) const COOKIE_S: i64 = 400 * 24 * 3_600;

pub enum SessionMark {}
/// The id of a session: not its token, and safe to show.
pub type SessionId = Id<SessionMark>;

/// The session of a request, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) session: SessionId,
    pub(crate) person: Person,
    pub(crate) lang: Option<Lang>,
    pub(crate) sells: bool,
    pub(crate) operates: bool,
}

/// What was found for this request, kept in its extensions so that it is looked up once.
#[derive(Clone)]
struct Found(Option<Current>);

/// As an extractor: the session of this request and whose it is, or a 401.
pub(crate) struct CurrentSession {
    pub(crate) id: SessionId,
    pub(crate) person: Person,
    pub(crate) sells: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<CurrentSession, Problem> {
        let current = current(parts).await?.ok_or_else(Problem::sign_in)?;
        Ok(CurrentSession { id: current.session, person: current.person, sells: current.sells })
    }
}

/// One device in the list of a person's devices.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// The device in words, as its browser described itself.
    pub(crate) device: String,
    pub(crate) created_at_ms: i64,
    pub(crate) seen_at_ms: i64,
}

/// Opens a session for a device and gives its token, the only time it can be seen.
pub async fn open(
    tx: &mut Tx,
    random: &Random,
    person: &PersonId,
    device: &str,
    now_ms: i64,
) -> Result<Secret> {
    let token = random.token::<32>();
    sql!(run &mut *tx,
        "delete from sessions where person_id = $1 and id not in
         (select id from sessions where person_id = $1 order by seen_at_ms desc, id desc limit $2)",
        person, MOST - 1)?;
    sql!(run tx,
        "insert into sessions (id, token_hash, person_id, device, created_at_ms, seen_at_ms, expires_at_ms)
         values ($1, $2, $3, $4, $5, $5, $6)",
        SessionId::new(now_ms), digest(&token), person, device, now_ms, now_ms + LASTS_MS)?;
    Ok(Secret::new(token))
}

/// The session of this request, if it has one.
pub(crate) async fn current(parts: &mut Parts) -> Result<Option<Current>, Problem> {
    if let Some(Found(found)) = parts.extensions.get() {
        return Ok(found.clone());
    }
    let Some(people) = parts.extensions.get::<People>().cloned() else {
        tracing::error!("The server has not put People into the request");
        return Err(Problem::broken());
    };
    find(&people, parts).await
}

/// As [`current`], for whoever holds `People` already.
pub(crate) async fn find(people: &People, parts: &mut Parts) -> Result<Option<Current>, Problem> {
    if let Some(Found(found)) = parts.extensions.get() {
        return Ok(found.clone());
    }
    let found = match token(parts) {
        Some(token) => look_up(people, digest(token.reveal())).await.map_err(Problem::internal)?,
        None => None,
    };
    parts.extensions.insert(Found(found.clone()));
    Ok(found)
}

/// The token a request brings; one that cannot be ours is not looked up.
fn token(parts: &Parts) -> Option<Secret> {
    let bearer = || {
        let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        value.strip_prefix("Bearer ")
    };
    bearer().or_else(|| cookies::read(&parts.headers, cookies::SESSION)).and_then(asker::token)
}

/// A session with whose it is, as it is looked up.
#[derive(Clone, FromRow)]
pub(crate) struct Row {
    token_hash: String,
    session_id: SessionId,
    seen_at_ms: i64,
    lang: Option<String>,
    sells: bool,
    operates: bool,
    #[sqlx(flatten)]
    person: Person,
}

/// Sessions by the hash of their token: every request of somebody who is signed in asks.
pub(crate) struct ByToken {
    pub(crate) clock: Clock,
}

impl Lookup for ByToken {
    type Key = String;
    type Row = Row;

    async fn look_up(&self, db: &Db, hashes: &[String]) -> Result<HashMap<String, Row>> {
        let now_ms = self.clock.now_ms();
        let wanted: Vec<_> = hashes.iter().map(|hash| json!({ "hash": hash })).collect();
        let rows: Vec<Row> = sql!(
            all db,
            "select s.token_hash, s.id as session_id, s.seen_at_ms, p.id, p.name, p.phone, p.email, p.lang,
                    exists (select 1 from members m where m.person_id = p.id) as sells,
                    exists (select 1 from operators o where o.person_id = p.id) as operates
             from sessions s join persons p on p.id = s.person_id
             where s.token_hash in (select j.value ->> 'hash' from json_each($1) as j) and s.expires_at_ms > $2",
            serde_json::to_string(&wanted)?,
            now_ms
        )?;
        Ok(rows.into_iter().map(|row| (row.token_hash.clone(), row)).collect())
    }
}

async fn look_up(people: &People, token_hash: String) -> Result<Option<Current>> {
    let now_ms = people.base.clock.now_ms();
    let Some(row) = people.sessions.get(token_hash).await? else { return Ok(None) };
    if row.seen_at_ms <= now_ms - SEEN_EVERY_MS {
        see(&people.base.db, &row.session_id, now_ms).await?;
    }
    Ok(Some(Current {
        session: row.session_id,
        lang: row.lang.as_deref().and_then(Lang::of_tag),
        sells: row.sells,
        operates: row.operates,
        person: row.person,
    }))
}

/// Writes down that the device was here, which also gives it another ninety days.
async fn see(db: &Db, session: &SessionId, now_ms: i64) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "update sessions set seen_at_ms = $2, expires_at_ms = $3 where id = $1 and seen_at_ms <= $4",
        session, now_ms, now_ms + LASTS_MS, now_ms - SEEN_EVERY_MS)?;
    tx.commit().await
}

/// The devices of a person, the last seen first, from `after` on.
pub(crate) async fn list(
    people: &People,
    person: &PersonId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Session>> {
    let (seen_at_ms, id) = after.unwrap_or((i64::MAX, String::new()));
    sql!(
        all & people.base.db,
        "select id, device, created_at_ms, seen_at_ms from sessions
         where person_id = $1 and expires_at_ms > $2
           and (seen_at_ms < $3 or (seen_at_ms = $3 and id < $4))
         order by seen_at_ms desc, id desc limit $5",
        person,
        people.base.clock.now_ms(),
        seen_at_ms,
        id,
        limit
    )
}

/// Ends one session of a person. `false`: it was not theirs, or not there.
pub(crate) async fn end(people: &People, person: &PersonId, session: &SessionId) -> Result<bool> {
    let mut tx = people.base.db.begin().await?;
    let ended = sql!(run &mut tx, "delete from sessions where id = $1 and person_id = $2", session, person)?;
    tx.commit().await?;
    Ok(ended == 1)
}

/// Ends every session of a person but one.
pub(crate) async fn end_others(people: &People, person: &PersonId, kept: &SessionId) -> Result<()> {
    let mut tx = people.base.db.begin().await?;
    sql!(run &mut tx, "delete from sessions where person_id = $1 and id <> $2", person, kept)?;
    tx.commit().await
}

/// Forgets sessions that ran out.
pub(crate) async fn sweep(tx: &mut Tx, now_ms: i64) -> Result<()> {
    sql!(run tx, "delete from sessions where expires_at_ms < $1", now_ms)?;
    Ok(())
}
