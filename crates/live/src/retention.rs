//! Retention: how long a show can be seen again, how long it is kept after that, and what stops its erasure.
//!
//! A show that can be bought from is an advertisement, and who advertises keeps it for six months after it was last
//! seen (전자상거래법 시행령 §6). So a replay is withdrawn from the public first, by its store's policy or by hand, and
//! its recording is erased six months later, with what people said and chose in it. What remains are numbers. A show
//! in a dispute is held: nothing of it is erased while one hold stands.

use base::{Base, Db, Id, Tx, clock, jobs, sql};
use jiff::{Span, ToSpan};
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::broadcast::{self, Broadcast, BroadcastId, Stage};
use crate::clip::serve;
use crate::{Error, Live, Result, text};

pub mod api;
pub mod pages;

/// Names holds.
pub enum HoldMark {}
/// A hold's id.
pub type HoldId = Id<HoldMark>;

/// Months that a show is kept after it was last seen, at the least (전자상거래법 시행령 §6 ①).
pub const KEPT_MONTHS: i64 = 6;
/// What a store may choose, in months; 0: until somebody withdraws it.
pub const SHOWN_MONTHS: [i64; 6] = [1, 3, 6, 12, 36, 0];
/// What holds for a store that has chosen nothing.
pub const USUAL_MONTHS: i64 = 12;
/// A rehearsal was never seen by customers.
const REHEARSAL_DAYS: i64 = 7;
/// The longest reason of a hold, in letters.
pub const MAX_REASON: usize = 200;
/// Shows that are erased in one round; the next takes the rest.
const ROUND: i64 = 200;
const HOUR_MS: i64 = 3_600_000;

/// The round: withdraws what its policy withdraws, and has erased what is due.
pub(crate) const KEEP: &str = "live-keep";
/// Erases one show.
pub(crate) const ERASE: &str = "live-erase";

/// Which one.
#[derive(Deserialize, Serialize)]
pub(crate) struct Erase {
    pub broadcast: BroadcastId,
}

/// Where a show that is over stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Retention {
    /// `shown`, `withdrawn`, `erased`, `private` for a rehearsal, or `unrecorded`.
    pub state: &'static str,
    /// Until when customers can see it again, Unix milliseconds; absent: until somebody withdraws it.
    pub shown_until_ms: Option<i64>,
    /// When it is erased unless it is held; absent while it can be seen.
    pub erased_after_ms: Option<i64>,
    /// What stops its erasure.
    pub hold: Option<Hold>,
}

/// A reason to erase nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Hold {
    #[schema(value_type = String)]
    pub id: HoldId,
    pub reason: String,
    /// Placed by the market's operator, who alone may lift it.
    pub by_operator: bool,
    pub placed_at_ms: i64,
}

/// Who places and lifts holds.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    pub person: PersonId,
    pub is_operator: bool,
}

/// Where a show stands; [`Error::StillOn`] before its end.
pub async fn of(db: &Db, show: &Broadcast) -> Result<Retention> {
    let Stage::Ended { at_ms, replay } = show.stage else { return Err(Error::StillOn) };
    let shown_ms = show.shown_again_ms.unwrap_or(at_ms);
    let months = match policy(db, &show.store).await? {
        0 => None,
        months => Some(months),
    };
    let (state, shown_until_ms, erased_after_ms) = if show.erased_at_ms.is_some() {
        ("erased", None, None)
    } else if show.rehearses.is_some() {
        ("private", None, Some(after(at_ms, REHEARSAL_DAYS.days())))
    } else if let Some(withdrawn_ms) = show.withdrawn_at_ms {
        ("withdrawn", None, Some(after(withdrawn_ms, KEPT_MONTHS.months())))
    } else if replay.is_none() {
        ("unrecorded", None, Some(after(at_ms, KEPT_MONTHS.months())))
    } else {
        ("shown", months.map(|months| after(shown_ms, months.months())), None)
    };
    Ok(Retention { state, shown_until_ms, erased_after_ms, hold: hold(db, &show.id).await? })
}

/// Months that a store's replays can be seen; 0: until somebody withdraws them.
pub async fn policy(db: &Db, store: &StoreId) -> Result<i64> {
    let chosen: Option<i64> =
        sql!(maybe db, "select shown_months from replay_policies where store_id = $1", store)?;
    Ok(chosen.unwrap_or(USUAL_MONTHS))
}

/// Chooses it. What it makes too old goes out of sight with the next round, not at once: a slip can be taken back.
pub async fn choose(base: &Base, store: &StoreId, months: i64) -> Result<()> {
    if !SHOWN_MONTHS.contains(&months) {
        return Err(Error::Field { field: "months", slug: "shown-months" });
    }
    let mut tx = base.db.begin().await?;
    sql!(run &mut tx,
        "insert into replay_policies (store_id, shown_months, set_at_ms) values ($1, $2, $3)
         on conflict (store_id) do update set shown_months = excluded.shown_months, set_at_ms = excluded.set_at_ms",
        store, months, base.clock.now_ms())?;
    Ok(tx.commit().await?)
}

/// Takes a replay and its clips out of the public's sight. Again: the first time counts.
pub async fn withdraw(live: &Live, show: &Broadcast) -> Result<()> {
    must_be_kept(show)?;
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "update broadcasts set withdrawn_at_ms = $2
         where id = $1 and stage = 'ended' and withdrawn_at_ms is null and rehearses is null",
        &show.id, live.base.clock.now_ms())?;
    tx.commit().await?;
    live.rooms.forget(&show.id);
    Ok(())
}

/// Shows it again; its time begins anew.
pub async fn show_again(live: &Live, show: &Broadcast) -> Result<()> {
    must_be_kept(show)?;
    let mut tx = live.base.db.begin().await?;
    let shown = sql!(run &mut tx,
        "update broadcasts set shown_again_ms = case when withdrawn_at_ms is null then shown_again_ms else $2 end,
                               withdrawn_at_ms = null
         where id = $1 and erased_at_ms is null", &show.id, live.base.clock.now_ms())?;
    tx.commit().await?;
    live.rooms.forget(&show.id);
    if shown == 1 { Ok(()) } else { Err(Error::Erased) }
}

/// Holds a show. One that is held stays held as it is.
pub(crate) async fn place(live: &Live, show: &Broadcast, keeper: &Keeper, reason: &str) -> Result<()> {
    must_be_kept(show)?;
    let reason = text::plain(reason);
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        return Err(Error::Field { field: "reason", slug: "hold-reason" });
    }
    let now_ms = live.base.clock.now_ms();
    let mut tx = live.base.db.begin().await?;
    if !lock(&mut tx, &show.id).await? {
        return Err(Error::Erased);
    }
    // An operator's hold takes the place of a seller's, which the seller could lift.
    if keeper.is_operator {
        sql!(run &mut tx,
            "update show_holds set lifted_at_ms = $2, lifted_by = $3
             where broadcast_id = $1 and lifted_at_ms is null and by_operator = false",
            &show.id, now_ms, &keeper.person)?;
    }
    sql!(run &mut tx,
        "insert into show_holds (id, broadcast_id, reason, placed_by, by_operator, placed_at_ms)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (broadcast_id) where lifted_at_ms is null do nothing",
        HoldId::new(now_ms), &show.id, &reason, &keeper.person, keeper.is_operator, now_ms)?;
    tx.commit().await?;
    info!(broadcast.id = %show.id, "Show {} is held", show.id);
    Ok(())
}

/// Lifts the hold that stands; an operator's only by an operator. None standing is no error.
pub(crate) async fn lift(live: &Live, show: &Broadcast, keeper: &Keeper) -> Result<()> {
    let Some(stands) = hold(&live.base.db, &show.id).await? else { return Ok(()) };
    if stands.by_operator && !keeper.is_operator {
        return Err(Error::HeldByOperator);
    }
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "update show_holds set lifted_at_ms = $2, lifted_by = $3 where id = $1 and lifted_at_ms is null",
        &stands.id, live.base.clock.now_ms(), &keeper.person)?;
    tx.commit().await?;
    info!(broadcast.id = %show.id, "Show {} is not held any more", show.id);
    Ok(())
}

/// The hold that stands.
pub async fn hold(db: &Db, show: &BroadcastId) -> Result<Option<Hold>> {
    Ok(sql!(opt db,
        "select id, reason, by_operator, placed_at_ms from show_holds
         where broadcast_id = $1 and lifted_at_ms is null", show)?)
}

/// Keeps a film that customers saw until then, and its seller does not want any more.
pub(crate) async fn keep_film(tx: &mut Tx, show: &BroadcastId, file: &str, left_at_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into kept_films (file, broadcast_id, left_at_ms) values ($1, $2, $3) on conflict (file) do nothing",
        file, show, left_at_ms)?;
    Ok(())
}

/// Throws away the kept films whose time is over, and whose shows nobody holds.
async fn throw_films(live: &Live) -> Result<()> {
    let db = &live.base.db;
    let over: Vec<String> = sql!(values db,
        "select file from kept_films
         where left_at_ms <= $1 and not exists
           (select 1 from show_holds h where h.broadcast_id = kept_films.broadcast_id and h.lifted_at_ms is null)
         order by left_at_ms, file limit $2", ago(live, KEPT_MONTHS.months()), ROUND)?;
    for file in over {
        live.base.blobs.delete(&serve::key(&file)).await?;
        let mut tx = db.begin().await?;
        sql!(run &mut tx, "delete from kept_films where file = $1", file)?;
        tx.commit().await?;
    }
    Ok(())
}

/// Puts the next round into the queue, unless it is there.
pub async fn begin_rounds(base: &Base) -> Result<()> {
    let mut tx = base.db.begin().await?;
    jobs::put_round(&mut tx, KEEP, HOUR_MS, base.clock.now_ms()).await?;
    Ok(tx.commit().await?)
}

/// Every hour: withdraws what its policy withdraws, and has erased what is due. Most hours find nothing.
pub(crate) async fn round(live: &Live) -> Result<()> {
    begin_rounds(&live.base).await?;
    let now_ms = live.base.clock.now_ms();
    let mut withdrawn = Vec::new();
    let mut tx = live.base.db.begin().await?;
    for months in SHOWN_MONTHS.into_iter().filter(|months| *months > 0) {
        let gone: Vec<BroadcastId> = sql!(values &mut tx,
            "update broadcasts set withdrawn_at_ms = $1
             where stage = 'ended' and erased_at_ms is null and withdrawn_at_ms is null and replay_ms is not null
               and rehearses is null and ended_at_ms <= $2 and coalesce(shown_again_ms, 0) <= $2
               and coalesce((select p.shown_months from replay_policies p where p.store_id = broadcasts.store_id), $3)
                   = $4
             returning id",
            now_ms, ago(live, months.months()), USUAL_MONTHS, months)?;
        for id in &gone {
            info!(broadcast.id = %id, months, "The replay of {id} was seen for {months} months and is withdrawn");
        }
        withdrawn.extend(gone);
    }
    let due: Vec<BroadcastId> = sql!(values &mut tx,
        "select id from broadcasts
         where stage = 'ended' and erased_at_ms is null
           and (case when rehearses is not null then ended_at_ms <= $1
                     when withdrawn_at_ms is not null then withdrawn_at_ms <= $2
                     else replay_ms is null and closed and ended_at_ms <= $2 end)
           and not exists (select 1 from show_holds h where h.broadcast_id = broadcasts.id and h.lifted_at_ms is null)
         order by ended_at_ms, id limit $3",
        ago(live, REHEARSAL_DAYS.days()), ago(live, KEPT_MONTHS.months()), ROUND)?;
    for broadcast in due {
        jobs::put(&mut tx, ERASE, &Erase { broadcast }).await?;
    }
    tx.commit().await?;
    withdrawn.iter().for_each(|id| live.rooms.forget(id));
    throw_films(live).await
}

/// Erases a show that is due: the rows first, so that nobody sees a show whose files are half gone, then the files.
/// Tried again it goes on with the files.
pub(crate) async fn erase(live: &Live, id: &BroadcastId) -> Result<()> {
    let show = broadcast::find(&live.base.db, id).await?;
    let mut tx = live.base.db.begin().await?;
    let is_kept = lock(&mut tx, id).await?;
    if is_kept && !is_due(live, id).await? {
        return Ok(());
    }
    let films: Vec<String> = sql!(values &mut tx, "select file from clips where broadcast_id = $1
         union select file from kept_films where broadcast_id = $1", id)?;
    if is_kept {
        forget(&mut tx, id, live.base.clock.now_ms()).await?;
    }
    tx.commit().await?;
    live.rooms.forget(id);
    for film in films.iter().filter(|film| !film.is_empty()) {
        live.base.blobs.delete(&serve::key(film)).await?;
    }
    let files = media::erase(&live.store, id.as_str()).await?;
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "delete from clips where broadcast_id = $1", id)?;
    sql!(run &mut tx, "delete from kept_films where broadcast_id = $1", id)?;
    tx.commit().await?;
    match files {
        0 => warn!(broadcast.id = %id, "Show {id} had no recording to erase"),
        _ => info!(broadcast.id = %id, files, store.id = %show.store, "Show {id} is erased"),
    }
    Ok(())
}

/// Asked again under the lock: it may have been held, or shown again, since the round.
async fn is_due(live: &Live, id: &BroadcastId) -> Result<bool> {
    let db = &live.base.db;
    let stands = of(db, &broadcast::find(db, id).await?).await?;
    let now_ms = live.base.clock.now_ms();
    Ok(stands.hold.is_none() && stands.erased_after_ms.is_some_and(|due_ms| due_ms <= now_ms))
}

/// What says who said or chose something goes; counts, cues and cards stay.
async fn forget(tx: &mut Tx, id: &BroadcastId, now_ms: i64) -> Result<()> {
    sql!(run &mut *tx, "delete from chat_lines where broadcast_id = $1", id)?;
    sql!(run &mut *tx, "delete from questions where broadcast_id = $1", id)?;
    sql!(run &mut *tx, "delete from mutes where broadcast_id = $1", id)?;
    sql!(run &mut *tx, "delete from notices where broadcast_id = $1", id)?;
    sql!(run &mut *tx, "delete from pushes where broadcast_id = $1", id)?;
    sql!(run &mut *tx, "delete from helpers where broadcast_id = $1", id)?;
    sql!(run &mut *tx, "delete from helper_invites where broadcast_id = $1", id)?;
    sql!(run &mut *tx, "delete from publish_keys where broadcast_id = $1", id)?;
    // A film that is being made is thrown away when it is made.
    sql!(run &mut *tx, "update clips set stage = 'failed' where broadcast_id = $1 and stage = 'making'", id)?;
    sql!(run &mut *tx,
        "delete from interaction_answers where interaction_id in
           (select id from interactions where broadcast_id = $1)", id)?;
    sql!(run tx,
        "update broadcasts set erased_at_ms = $2, withdrawn_at_ms = coalesce(withdrawn_at_ms, $2),
                               epoch_ms = null, replay_from_ms = null, replay_ms = null
         where id = $1", id, now_ms)?;
    Ok(())
}

/// Keeps the row from others; `false`: the show is erased.
async fn lock(tx: &mut Tx, id: &BroadcastId) -> Result<bool> {
    let locked =
        sql!(run tx, "update broadcasts set closed = closed where id = $1 and erased_at_ms is null", id)?;
    Ok(locked == 1)
}

fn must_be_kept(show: &Broadcast) -> Result<()> {
    match show.stage {
        _ if show.erased_at_ms.is_some() => Err(Error::Erased),
        Stage::Ended { .. } => Ok(()),
        _ => Err(Error::StillOn),
    }
}

/// A calendar's length after a moment, by Korea's days.
fn after(ms: i64, length: Span) -> i64 {
    let from = clock::at(ms).to_zoned(clock::seoul());
    from.checked_add(length).map_or(i64::MAX, |at| at.timestamp().as_millisecond())
}

/// A calendar's length before now.
fn ago(live: &Live, length: Span) -> i64 {
    let now = live.base.clock.now().to_zoned(clock::seoul());
    now.checked_sub(length).map_or(0, |at| at.timestamp().as_millisecond())
}
