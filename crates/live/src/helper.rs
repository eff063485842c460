//! Helpers: a nephew's phone that keeps the room in order, or is the second camera, for one show.
//!
//! The seller shows a square picture; whoever scans it first, within ten minutes, has a right of this show alone,
//! in a cookie, without an account. It ends with the show, or when the seller takes it back.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use base::{Db, Id, Secret, sql};
use people::cookies;
use web::Problem;

use crate::broadcast::{self, Broadcast, BroadcastId, Stage};
use crate::host::{self, Host};
use crate::{Error, Live, Result, key, text};

pub mod pages;

/// Names helpers.
pub enum HelperMark {}
/// A helper's id.
pub type HelperId = Id<HelperMark>;

/// What holds the helper's right in the browser.
pub(crate) const COOKIE: &str = "helper";
/// How long an invitation may wait to be scanned.
pub(crate) const INVITED_MS: i64 = 10 * 60_000;
/// How long a right lasts when nobody ends the show.
const LASTS_MS: i64 = 12 * 3_600_000;
/// Helpers of one show at a time.
pub const MAX_HELPERS: i64 = 5;
/// Invitations of one show that wait at a time: pages that were opened.
const MAX_INVITES: i64 = 4;
/// The longest name, in letters.
pub(crate) const MAX_NAME: usize = 20;

/// Somebody who helps in one show.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Helper {
    pub id: HelperId,
    pub name: String,
    pub joined_at_ms: i64,
}

/// What the square picture says; good once.
pub(crate) async fn invite(live: &Live, broadcast: &Broadcast) -> Result<Secret> {
    let token = live.base.random.token::<16>();
    let now_ms = live.base.clock.now_ms();
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "insert into helper_invites (hash, broadcast_id, until_ms) values ($1, $2, $3)",
        key::fingerprint(token.as_bytes()), &broadcast.id, now_ms + INVITED_MS)?;
    sql!(run &mut tx,
        "delete from helper_invites where broadcast_id = $1 and (until_ms <= $2 or hash not in
           (select hash from helper_invites where broadcast_id = $1 order by until_ms desc, hash limit $3))",
        &broadcast.id, now_ms, MAX_INVITES)?;
    // Names of helpers are kept no longer than their rights.
    sql!(run &mut tx, "delete from helpers where until_ms < $1", now_ms - LASTS_MS)?;
    tx.commit().await?;
    Ok(Secret::new(token))
}

/// Whether an invitation can still be taken.
pub(crate) async fn is_invited(live: &Live, broadcast: &Broadcast, token: &str) -> Result<bool> {
    let found: i64 = sql!(
        value & live.base.db,
        "select count(*) from helper_invites where hash = $1 and broadcast_id = $2 and until_ms > $3",
        key::fingerprint(token.as_bytes()),
        &broadcast.id,
        live.base.clock.now_ms()
    )?;
    Ok(found == 1)
}

/// Takes an invitation; what is returned goes into the helper's cookie.
pub async fn join(live: &Live, broadcast: &Broadcast, token: &str, name: &str) -> Result<Secret> {
    let name = text::plain(name);
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::Field { field: "name", slug: "helper-name" });
    }
    if matches!(broadcast.stage, Stage::Ended { .. }) {
        return Err(Error::Over);
    }
    let right = live.base.random.token::<32>();
    let now_ms = live.base.clock.now_ms();
    let mut tx = live.base.db.begin().await?;
    // One after the other: of six at once, each would count four.
    sql!(run &mut tx, "update broadcasts set closed = closed where id = $1", &broadcast.id)?;
    // The invitation is gone with the first who takes it: of two at once one gets nothing.
    let taken = sql!(run &mut tx,
        "delete from helper_invites where hash = $1 and broadcast_id = $2 and until_ms > $3",
        key::fingerprint(token.as_bytes()), &broadcast.id, now_ms)?;
    if taken == 0 {
        return Err(Error::StaleInvite);
    }
    let made = sql!(run &mut tx,
        "insert into helpers (id, broadcast_id, name, hash, joined_at_ms, until_ms)
         select $1, $2, $3, $4, $5, $6
         where (select count(*) from helpers
                where broadcast_id = $2 and removed_at_ms is null and until_ms > $5) < $7",
        HelperId::new(now_ms), &broadcast.id, &name, key::fingerprint(right.as_bytes()), now_ms,
        now_ms + LASTS_MS, MAX_HELPERS)?;
    if made == 0 {
        return Err(Error::ManyHelpers);
    }
    tx.commit().await?;
    Ok(Secret::new(right))
}

/// Whoever helps now.
pub async fn all(live: &Live, broadcast: &BroadcastId) -> Result<Vec<Helper>> {
    Ok(sql!(
        all & live.base.db,
        "select id, name, joined_at_ms from helpers
         where broadcast_id = $1 and removed_at_ms is null and until_ms > $2 order by joined_at_ms",
        broadcast,
        live.base.clock.now_ms()
    )?)
}

/// Takes a right back, and the keys of its camera.
pub async fn remove(live: &Live, broadcast: &BroadcastId, helper: &HelperId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "update helpers set removed_at_ms = $3 where id = $1 and broadcast_id = $2 and removed_at_ms is null",
        helper, broadcast, live.base.clock.now_ms())?;
    key::take_back(&mut tx, helper).await?;
    Ok(tx.commit().await?)
}

async fn find(db: &Db, broadcast: &BroadcastId, right: &str, now_ms: i64) -> Result<Option<Helper>> {
    Ok(sql!(opt db,
        "select id, name, joined_at_ms from helpers
         where hash = $1 and broadcast_id = $2 and removed_at_ms is null and until_ms > $3",
        key::fingerprint(right.as_bytes()), broadcast, now_ms)?)
}

/// Whoever may keep the room in order: the store's people, or a helper.
#[derive(Clone, Debug)]
pub struct Moderator {
    pub broadcast: Broadcast,
    pub by: By,
}

/// In whose right.
#[derive(Clone, Debug)]
pub enum By {
    Host(people::Person),
    Helper(Helper),
}

impl Moderator {
    /// Where a form without JavaScript leads back to.
    pub(crate) fn page(&self) -> String {
        match self.by {
            By::Host(_) => self.broadcast.studio_path(),
            By::Helper(_) => self.broadcast.desk_path(),
        }
    }

    /// A name for limits and repeated requests.
    pub(crate) fn name(&self) -> &str {
        match &self.by {
            By::Host(person) => person.id.as_str(),
            By::Helper(helper) => helper.id.as_str(),
        }
    }

    /// The helper, if it is one.
    pub(crate) fn helper(&self) -> Option<&HelperId> {
        match &self.by {
            By::Host(_) => None,
            By::Helper(helper) => Some(&helper.id),
        }
    }
}

impl From<Host> for Moderator {
    fn from(host: Host) -> Moderator {
        Moderator { broadcast: host.broadcast, by: By::Host(host.person) }
    }
}

impl FromRequestParts<Live> for Moderator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Moderator, Problem> {
        let refused = match Host::from_request_parts(parts, live).await {
            Ok(host) => return Ok(host.into()),
            Err(refused) => refused,
        };
        let Some(right) = right(&parts.headers).map(str::to_owned) else { return Err(refused) };
        let broadcast = broadcast::find(&live.base.db, &host::in_path(parts, live).await?).await?;
        let now_ms = live.base.clock.now_ms();
        let found = find(&live.base.db, &broadcast.id, &right, now_ms).await?;
        match found.filter(|_| !matches!(broadcast.stage, Stage::Ended { .. })) {
            Some(helper) => Ok(Moderator { broadcast, by: By::Helper(helper) }),
            None => Err(refused),
        }
    }
}

fn right(headers: &HeaderMap) -> Option<&str> {
    cookies::read(headers, COOKIE).filter(|right| right.len() <= 128)
}
