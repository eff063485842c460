//! Broadcasts: a store's shows, from the notice on the calendar to the replay.
//!
//! A broadcast is scheduled, goes on air with its first picture, may wait for a publisher who has
//! vanished, and ends once. Every step is one conditional statement, so that it may be tried twice,
//! by two processes at once, or after a crash, and happens one time.

use base::{Db, Id, Secret, Tx, events, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shop::photo::PhotoId;
use shop::product::{Card, ProductId};
use web::{IdempotencyKey, Lang};

use crate::{Error, Live, Result, interaction, key, notice, room};

pub mod api;
pub mod pages;

/// Names broadcasts.
pub enum BroadcastMark {}
/// A broadcast's id.
pub type BroadcastId = Id<BroadcastMark>;

/// The longest title, in letters.
pub const MAX_TITLE: usize = 60;
/// The longest name of a sponsor.
pub const MAX_SPONSOR: usize = 30;
/// Products in one broadcast; more than that nobody can show.
pub const MAX_PRODUCTS: usize = 30;
/// How far ahead a broadcast may be announced.
const MAX_AHEAD_MS: i64 = 180 * 24 * 3_600_000;
/// How long after its hour an announced broadcast is still shown.
const LATE_MS: i64 = 3 * 3_600_000;

/// A broadcast.
#[derive(Clone, Debug)]
pub struct Broadcast {
    pub id: BroadcastId,
    pub store: StoreId,
    pub title: String,
    /// Empty when nobody translated it.
    pub title_en: String,
    /// A photo's id, or empty.
    pub poster: String,
    /// Who paid for it; empty: nobody did. Said on every screen (추천·보증 심사지침).
    pub sponsor: String,
    pub stage: Stage,
    /// Seconds between two lines of one person; 0: as they like.
    pub slow_s: i64,
    /// When it was announced for, or when it was made.
    pub starts_at_ms: i64,
    /// The product in front of the camera.
    pub pinned: Option<Pinned>,
    /// The show that this one only practises.
    pub rehearses: Option<BroadcastId>,
    /// When its replay went out of the public's sight.
    pub withdrawn_at_ms: Option<i64>,
    /// Since when it can be seen again after that.
    pub shown_again_ms: Option<i64>,
    /// When its recording was erased, and what people said in it.
    pub erased_at_ms: Option<i64>,
}

/// Where a broadcast stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Announced; nobody has sent a picture yet.
    Scheduled { starts_at_ms: i64 },
    /// On air since its first picture.
    Live { since_ms: i64 },
    /// On air, and the publisher has vanished.
    Waiting { since_ms: i64 },
    /// Over.
    Ended { at_ms: i64, replay: Option<Replay> },
}

/// What was recorded, on the media clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Replay {
    /// Unix time of media time zero.
    pub epoch_ms: i64,
    /// Unix time of the first recorded frame.
    pub from_ms: i64,
    /// Length, holes not counted.
    pub duration_ms: i64,
}

/// The product in front of the camera, since a moment of the media clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    pub product: ProductId,
    pub at_ms: i64,
}

impl Stage {
    /// The word for it in frames, addresses and the database.
    pub fn word(&self) -> &'static str {
        match self {
            Stage::Scheduled { .. } => "scheduled",
            Stage::Live { .. } => "live",
            Stage::Waiting { .. } => "waiting",
            Stage::Ended { .. } => "ended",
        }
    }

    /// Whether it is on air, a vanished publisher included.
    pub fn on_air(&self) -> bool {
        matches!(self, Stage::Live { .. } | Stage::Waiting { .. })
    }
}

impl Broadcast {
    /// The title for a reader.
    pub fn title_in(&self, lang: Lang) -> &str {
        if lang == Lang::Ko || self.title_en.is_empty() { &self.title } else { &self.title_en }
    }

    /// The recording as its customers may see it: until it is withdrawn.
    pub fn public_replay(&self) -> Option<Replay> {
        self.replay().filter(|_| self.withdrawn_at_ms.is_none())
    }

    /// The recording of a show that is over, as its store has it.
    pub fn replay(&self) -> Option<Replay> {
        match &self.stage {
            Stage::Ended { replay, .. } => *replay,
            _ => None,
        }
    }

    /// The room's topic on the bus.
    pub fn topic(&self) -> String {
        crate::room::topic(&self.id)
    }

    /// The page where it is watched.
    pub fn path(&self) -> String {
        format!("/live/{}", self.id)
    }

    /// The seller's page.
    pub fn studio_path(&self) -> String {
        format!("/sell/{}/live/{}", self.store, self.id)
    }

    /// [`Error::Over`] once it has ended.
    pub(crate) fn must_go_on(&self) -> Result<()> {
        if matches!(self.stage, Stage::Ended { .. }) { Err(Error::Over) } else { Ok(()) }
    }

    /// The page of whoever keeps the room without a camera.
    pub fn desk_path(&self) -> String {
        format!("/live/{}/desk", self.id)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: BroadcastId,
    store_id: StoreId,
    title: String,
    title_en: String,
    poster: String,
    sponsor: String,
    slow_s: i64,
    stage: String,
    starts_at_ms: i64,
    live_since_ms: Option<i64>,
    waiting_since_ms: Option<i64>,
    ended_at_ms: Option<i64>,
    epoch_ms: Option<i64>,
    replay_from_ms: Option<i64>,
    replay_ms: Option<i64>,
    pinned_product: Option<ProductId>,
    pinned_at_ms: i64,
    rehearses: Option<BroadcastId>,
    withdrawn_at_ms: Option<i64>,
    shown_again_ms: Option<i64>,
    erased_at_ms: Option<i64>,
}

impl From<Row> for Broadcast {
    fn from(row: Row) -> Broadcast {
        let starts_at_ms = row.starts_at_ms;
        let replay = || {
            Some(Replay {
                epoch_ms: row.epoch_ms?,
                from_ms: row.replay_from_ms?,
                duration_ms: row.replay_ms?,
            })
        };
        let stage = match row.stage.as_str() {
            "live" => Stage::Live { since_ms: row.live_since_ms.unwrap_or(starts_at_ms) },
            "waiting" => Stage::Waiting { since_ms: row.waiting_since_ms.unwrap_or(starts_at_ms) },
            "ended" => Stage::Ended { at_ms: row.ended_at_ms.unwrap_or(starts_at_ms), replay: replay() },
            _ => Stage::Scheduled { starts_at_ms },
        };
        let at_ms = row.pinned_at_ms;
        Broadcast {
            id: row.id,
            store: row.store_id,
            title: row.title,
            title_en: row.title_en,
            poster: row.poster,
            sponsor: row.sponsor,
            slow_s: row.slow_s,
            stage,
            starts_at_ms,
            pinned: row.pinned_product.map(|product| Pinned { product, at_ms }),
            rehearses: row.rehearses,
            withdrawn_at_ms: row.withdrawn_at_ms,
            shown_again_ms: row.shown_again_ms,
            erased_at_ms: row.erased_at_ms,
        }
    }
}

/// The broadcast, or [`Error::NoBroadcast`].
pub async fn find(db: &Db, id: &BroadcastId) -> Result<Broadcast> {
    let mut found = find_all(db, std::slice::from_ref(id)).await?;
    found.pop().ok_or(Error::NoBroadcast)
}

/// The broadcasts of these ids, in their order; missing ones are left out.
async fn find_all(db: &Db, ids: &[BroadcastId]) -> Result<Vec<Broadcast>> {
    let ids: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
    let rows: Vec<Row> = sql!(all db,
        "select b.id, b.store_id, b.title, b.title_en, b.poster, b.sponsor, b.slow_s, b.stage, b.starts_at_ms, b.live_since_ms,
                b.waiting_since_ms, b.ended_at_ms, b.epoch_ms, b.replay_from_ms, b.replay_ms,
                b.pinned_product, b.pinned_at_ms, b.rehearses, b.withdrawn_at_ms, b.shown_again_ms,
                b.erased_at_ms
         from json_each($1) as j join broadcasts as b on b.id = j.value ->> 'id'
         order by j.key",
        to_json(&ids)?)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// What is on air, the longest first.
pub async fn on_air(db: &Db, limit: i64) -> Result<Vec<Broadcast>> {
    let ids: Vec<BroadcastId> = sql!(values db,
        "select id from broadcasts where stage in ('live', 'waiting') and rehearses is null
         order by live_since_ms, id limit $1", limit)?;
    find_all(db, &ids).await
}

/// What comes next. One that nobody began is shown for a while after its hour, in case they are late; one that was
/// made to begin at once is nobody's business before it does.
pub async fn upcoming(db: &Db, now_ms: i64, limit: i64) -> Result<Vec<Broadcast>> {
    let ids: Vec<BroadcastId> = sql!(values db,
        "select id from broadcasts where stage = 'scheduled' and starts_at_ms >= $1 and starts_at_ms > made_at_ms and rehearses is null
         order by starts_at_ms, id limit $2", now_ms - LATE_MS, limit)?;
    find_all(db, &ids).await
}

/// What can be seen again, the newest first.
pub async fn replays(db: &Db, limit: i64) -> Result<Vec<Broadcast>> {
    let ids: Vec<BroadcastId> = sql!(values db,
        "select id from broadcasts where stage = 'ended' and replay_ms is not null and rehearses is null
           and withdrawn_at_ms is null
         order by starts_at_ms desc, id desc limit $1", limit)?;
    find_all(db, &ids).await
}

/// Which broadcasts a list is about.
#[derive(Default)]
pub struct Wanted<'a> {
    pub store: Option<&'a StoreId>,
    /// `scheduled`, `live`, `waiting` or `ended`.
    pub stage: Option<&'a str>,
    /// Go on after this start and id.
    pub after: Option<(i64, String)>,
}

/// A list by start, the latest first.
pub async fn list(db: &Db, wanted: Wanted<'_>, limit: i64) -> Result<Vec<Broadcast>> {
    let store = wanted.store.map(StoreId::as_str).unwrap_or_default();
    let (after_ms, after_id) = wanted.after.unwrap_or((i64::MAX, String::new()));
    let ids: Vec<BroadcastId> = sql!(values db,
        "select id from broadcasts
         where ($1 = '' or store_id = $1) and ($2 = '' or stage = $2) and rehearses is null
           and (starts_at_ms < $3 or (starts_at_ms = $3 and id < $4))
         order by starts_at_ms desc, id desc limit $5",
        store, wanted.stage.unwrap_or_default(), after_ms, after_id, limit)?;
    find_all(db, &ids).await
}

/// The show of a store that is on air or comes next: what its page points at.
pub async fn of_store(db: &Db, store: &StoreId, now_ms: i64) -> Result<Option<Broadcast>> {
    let ids: Vec<BroadcastId> = sql!(values db,
        "select id from broadcasts
         where store_id = $1 and rehearses is null
           and (stage in ('live', 'waiting') or (stage = 'scheduled' and starts_at_ms >= $2 and starts_at_ms > made_at_ms))
         order by case when stage = 'scheduled' then 1 else 0 end, starts_at_ms, id limit 1",
        store, now_ms - LATE_MS)?;
    Ok(find_all(db, &ids).await?.pop())
}

/// What somebody wants to show.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct NewBroadcast {
    /// 1 to 60 letters.
    pub title: String,
    /// The same in English, if there is one.
    pub title_en: Option<String>,
    /// Products of the store, in the order they will be shown; at most 30.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub products: Vec<ProductId>,
    /// RFC 3339; absent: as soon as the first picture comes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<jiff::Timestamp>,
    /// A photo's id.
    pub poster: Option<String>,
    /// Who paid for the show, 1 to 30 letters; absent: nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sponsor: Option<String>,
}

/// Announces a broadcast, and gives the first key to publish it.
pub async fn create(
    live: &Live,
    store: &StoreId,
    key: IdempotencyKey,
    wanted: NewBroadcast,
) -> Result<(Broadcast, Secret)> {
    let starts_at_ms = starts_at(wanted.starts_at, live.base.clock.now_ms())?;
    create_at(live, store, key, wanted, starts_at_ms).await
}

/// The same for any hour, the past included: for shows that are brought from elsewhere.
pub async fn create_at(
    live: &Live,
    store: &StoreId,
    key: IdempotencyKey,
    wanted: NewBroadcast,
    starts_at_ms: i64,
) -> Result<(Broadcast, Secret)> {
    let now_ms = live.base.clock.now_ms();
    let title = one_line(&wanted.title)?;
    if title.is_empty() {
        return Err(Error::Field { field: "title", slug: "title-missing" });
    }
    let title_en = one_line(wanted.title_en.as_deref().unwrap_or_default())?;
    let sponsor = crate::text::plain(wanted.sponsor.as_deref().unwrap_or_default());
    if sponsor.chars().count() > MAX_SPONSOR {
        return Err(Error::Field { field: "sponsor", slug: "sponsor-long" });
    }
    let products = shown(live, store, &wanted.products).await?;
    let poster =
        poster(wanted.poster.as_deref())?.or_else(|| products.first().map(|card| card.cover_id().to_owned()));
    let made_of = key::fingerprint(to_json(&wanted)?.as_bytes());
    let made_key = format!("{store} {}", key.0);
    let id = BroadcastId::new(now_ms);

    let mut tx = live.base.db.begin().await?;
    let made = sql!(run &mut tx,
        "insert into broadcasts (id, store_id, title, title_en, poster, stage, starts_at_ms, closed,
                                 pinned_at_ms, made_key, made_of, made_at_ms, sponsor)
         values ($1, $2, $3, $4, $5, 'scheduled', $6, false, 0, $7, $8, $9, $10)
         on conflict (made_key) do nothing",
        &id, store, title, title_en, poster.unwrap_or_default(), starts_at_ms, &made_key, &made_of, now_ms, sponsor)?;
    let id = match made {
        1 => {
            put_products(&mut tx, &id, &products).await?;
            id
        }
        _ => made_before(&mut tx, &made_key, &made_of).await?,
    };
    let secret = key::issue(&mut tx, &live.base.random, &id, None, now_ms).await?;
    tx.commit().await?;
    Ok((find(&live.base.db, &id).await?, secret))
}

/// Announces it for another time, as long as it has not begun.
pub async fn reschedule(live: &Live, id: &BroadcastId, starts_at: jiff::Timestamp) -> Result<Broadcast> {
    let starts_at_ms = self::starts_at(Some(starts_at), live.base.clock.now_ms())?;
    let mut tx = live.base.db.begin().await?;
    let moved = sql!(run &mut tx,
        "update broadcasts set starts_at_ms = $2 where id = $1 and stage = 'scheduled'", id, starts_at_ms)?;
    tx.commit().await?;
    if moved == 0 { Err(Error::Begun) } else { find(&live.base.db, id).await }
}

/// The first picture has come, or the publisher has come back. `false`: nothing changed.
pub async fn begin(db: &Db, id: &BroadcastId, now_ms: i64) -> Result<bool> {
    let mut tx = db.begin().await?;
    let begun = sql!(run &mut tx,
        "update broadcasts set stage = 'live', live_since_ms = coalesce(live_since_ms, $2),
                               waiting_since_ms = null, heard_ms = $2
         where id = $1 and stage in ('scheduled', 'waiting')", id, now_ms);
    let begun = match begun {
        Err(error) if error.is_unique() => return Err(Error::OnAirElsewhere),
        begun => begun? == 1,
    };
    if begun {
        tell_stage(&mut tx, id, "live").await?;
        notice::begin(&mut tx, id).await?;
    }
    tx.commit().await?;
    Ok(begun)
}

/// The publisher has vanished; whoever comes back within the grace goes on with the same broadcast.
pub async fn wait(db: &Db, id: &BroadcastId, now_ms: i64) -> Result<bool> {
    let mut tx = db.begin().await?;
    let waits = sql!(run &mut tx,
        "update broadcasts set stage = 'waiting', waiting_since_ms = $2, heard_ms = $2
         where id = $1 and stage = 'live'", id, now_ms)?
        == 1;
    if waits {
        tell_stage(&mut tx, id, "waiting").await?;
    }
    tx.commit().await?;
    Ok(waits)
}

/// Ends it: the screens are told, and a job closes the recording whatever happens to this process.
/// Ending what has ended changes nothing. One that never began ends without a replay.
pub async fn end(db: &Db, id: &BroadcastId, now_ms: i64) -> Result<bool> {
    let mut tx = db.begin().await?;
    let ended = sql!(run &mut tx,
        "update broadcasts set stage = 'ended', ended_at_ms = $2, pinned_product = null
         where id = $1 and stage <> 'ended'", id, now_ms)?
        == 1;
    if ended {
        interaction::close_all(&mut tx, id, now_ms).await?;
        tell_stage(&mut tx, id, "ended").await?;
        jobs::put(&mut tx, crate::jobs::CLOSE, &crate::jobs::Close { broadcast: id.clone() }).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// The recording is final. Told twice it stays as it is.
pub async fn close(db: &Db, id: &BroadcastId, replay: Option<Replay>) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "update broadcasts set closed = true, epoch_ms = $2, replay_from_ms = $3, replay_ms = $4
         where id = $1 and stage = 'ended' and closed = false",
        id, replay.map(|replay| replay.epoch_ms), replay.map(|replay| replay.from_ms),
        replay.map(|replay| replay.duration_ms))?;
    tx.commit().await?;
    Ok(())
}

/// The process that carries a broadcast says that it still does.
pub async fn heard(db: &Db, id: &BroadcastId, now_ms: i64) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx, "update broadcasts set heard_ms = $2 where id = $1 and stage in ('live', 'waiting')",
        id, now_ms)?;
    tx.commit().await?;
    Ok(())
}

/// Broadcasts on air that nobody has carried since `before_ms`: their process died.
pub async fn unheard(db: &Db, before_ms: i64) -> Result<Vec<BroadcastId>> {
    Ok(sql!(values db,
        "select id from broadcasts where stage in ('live', 'waiting') and coalesce(heard_ms, 0) < $1
         order by id limit 100", before_ms)?)
}

/// Whether some process has carried it since `since_ms`, and has not closed it.
pub async fn is_heard(db: &Db, id: &BroadcastId, since_ms: i64) -> Result<bool> {
    let heard: i64 = sql!(value db,
        "select count(*) from broadcasts where id = $1 and closed = false and heard_ms >= $2", id, since_ms)?;
    Ok(heard == 1)
}

/// Whether its recording is final.
pub async fn is_closed(db: &Db, id: &BroadcastId) -> Result<bool> {
    Ok(sql!(maybe db, "select closed from broadcasts where id = $1", id)?.unwrap_or(false))
}

/// Whether another broadcast of the store is on air.
pub async fn elsewhere(db: &Db, broadcast: &Broadcast) -> Result<bool> {
    let others: i64 = sql!(value db,
        "select count(*) from broadcasts where store_id = $1 and id <> $2 and stage in ('live', 'waiting')",
        &broadcast.store, &broadcast.id)?;
    Ok(others > 0)
}

/// The products of a broadcast as they stand in the shop, in their order; removed ones are left out.
pub async fn products(db: &Db, id: &BroadcastId) -> Result<Vec<Card>> {
    let ids: Vec<ProductId> = sql!(values db,
        "select product_id from broadcast_products where broadcast_id = $1 order by place", id)?;
    Ok(shop::product::cards(db, &ids).await?)
}

/// A private twin of a show, to practise on. The one that was not ended yet is taken again.
pub(crate) async fn rehearse(live: &Live, show: &Broadcast) -> Result<BroadcastId> {
    let now_ms = live.base.clock.now_ms();
    let id = BroadcastId::new(now_ms);
    let mut tx = live.base.db.begin().await?;
    let open: Option<BroadcastId> = sql!(maybe &mut tx,
        "select id from broadcasts where rehearses = $1 and stage <> 'ended' order by made_at_ms desc limit 1",
        &show.id)?;
    if let Some(open) = open {
        return Ok(open);
    }
    sql!(run &mut tx,
        "insert into broadcasts (id, store_id, title, title_en, poster, stage, starts_at_ms, closed,
                                 pinned_at_ms, made_key, made_of, made_at_ms, sponsor, rehearses)
         select $1, store_id, title, title_en, poster, 'scheduled', $3, false, 0, $1, '', $3, sponsor, id
         from broadcasts where id = $2", &id, &show.id, now_ms)?;
    sql!(run &mut tx,
        "insert into broadcast_products (broadcast_id, place, product_id)
         select $1, place, product_id from broadcast_products where broadcast_id = $2", &id, &show.id)?;
    tx.commit().await?;
    Ok(id)
}

async fn tell_stage(tx: &mut Tx, id: &BroadcastId, stage: &str) -> Result<()> {
    Ok(events::put(tx, &room::topic(id), &json!({ "type": "stage", "stage": stage })).await?)
}

async fn put_products(tx: &mut Tx, id: &BroadcastId, products: &[Card]) -> Result<()> {
    let products: Vec<_> = products.iter().map(|card| json!({ "id": card.id })).collect();
    sql!(run tx,
        "insert into broadcast_products (broadcast_id, place, product_id)
         select $1, j.key, j.value ->> 'id' from json_each($2) as j", id, to_json(&products)?)?;
    Ok(())
}

async fn made_before(tx: &mut Tx, made_key: &str, made_of: &str) -> Result<BroadcastId> {
    let (id, of): (BroadcastId, String) =
        sql!(one tx, "select id, made_of from broadcasts where made_key = $1", made_key)?;
    if of == made_of { Ok(id) } else { Err(Error::AnotherBody) }
}

/// A title without control characters and loose ends.
fn one_line(typed: &str) -> Result<String> {
    let title = crate::text::plain(typed);
    let fits = title.chars().count() <= MAX_TITLE;
    if fits { Ok(title) } else { Err(Error::Field { field: "title", slug: "title-long" }) }
}

fn starts_at(wanted: Option<jiff::Timestamp>, now_ms: i64) -> Result<i64> {
    let Some(wanted) = wanted else { return Ok(now_ms) };
    let ms = wanted.as_millisecond();
    if ms < now_ms {
        return Err(Error::Field { field: "starts_at", slug: "starts-past" });
    }
    if ms > now_ms + MAX_AHEAD_MS {
        return Err(Error::Field { field: "starts_at", slug: "starts-far" });
    }
    Ok(ms)
}

/// A photo's id as it was asked for.
fn poster(wanted: Option<&str>) -> Result<Option<String>> {
    let wrong = Error::Field { field: "poster", slug: "poster-unknown" };
    match wanted.filter(|wanted| !wanted.is_empty()) {
        Some(wanted) => Ok(Some(wanted.parse::<PhotoId>().map_err(|_| wrong)?.to_string())),
        None => Ok(None),
    }
}

/// The products as they stand in the shop; one that is not this store's is refused.
async fn shown(live: &Live, store: &StoreId, wanted: &[ProductId]) -> Result<Vec<Card>> {
    let mut ids = wanted.to_vec();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    if ids.len() > MAX_PRODUCTS {
        return Err(Error::Field { field: "product", slug: "products-many" });
    }
    let cards = shop::product::cards(&live.base.db, &ids).await?;
    let all_theirs = cards.len() == ids.len() && cards.iter().all(|card| card.store_id == *store);
    if all_theirs { Ok(cards) } else { Err(Error::Field { field: "product", slug: "product-not-yours" }) }
}

fn to_json(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(value).map_err(base::Error::from)?)
}
