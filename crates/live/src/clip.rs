//! Clips: short films of a show that is over, each about one product. They are found where the product was shown
//! and people bought, talked and cheered; the seller has one made, and puts it on the product's page.
//!
//! The rows are the truth: a clip that is made twice at once is made once, and one that was removed while it was
//! made is thrown away.

use base::{Db, Id, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shop::order;
use shop::product::{Card, ProductId};

use crate::broadcast::{Broadcast, BroadcastId};
use crate::{Error, Live, Result, chat, diagnosis, reaction, retention};

pub(crate) mod film;
pub mod moment;
pub mod pages;
pub(crate) mod serve;

use moment::{Happened, Moment};

/// Names clips.
pub enum ClipMark {}
/// A clip's id.
pub type ClipId = Id<ClipMark>;

/// Lengths of a clip.
pub const SHORTEST_MS: i64 = 10_000;
pub const LONGEST_MS: i64 = 120_000;
/// Clips of one show; what is found anew beyond that is left out.
const MOST: i64 = 20;
/// Clips on a product's page.
const SHOWN: i64 = 3;
/// Films that a search looks through.
const FILMS: i64 = 200;
/// Things that happened in a show that are looked through.
const EVENTS: i64 = 20_000;

/// Makes a clip.
pub(crate) const MAKE: &str = "live-clip";

/// Which one.
#[derive(Deserialize, Serialize)]
pub(crate) struct Make {
    pub clip: ClipId,
}

/// Where a clip stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Stage {
    /// Found, and nothing made of it.
    Proposed,
    Making,
    Ready,
    /// It could not be made; the seller may try again.
    Failed,
}

impl Stage {
    pub fn word(self) -> &'static str {
        match self {
            Stage::Proposed => "proposed",
            Stage::Making => "making",
            Stage::Ready => "ready",
            Stage::Failed => "failed",
        }
    }
}

/// A clip as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Clip {
    pub id: ClipId,
    pub broadcast_id: BroadcastId,
    pub product_id: ProductId,
    pub from_ms: i64,
    pub to_ms: i64,
    pub stage: Stage,
    pub progress: i64,
    pub drawn_won: i64,
    pub file: String,
    pub published_at_ms: Option<i64>,
    /// When it last left its product's page.
    pub left_at_ms: Option<i64>,
}

impl Clip {
    /// Where the film is, once it is ready. The address changes with the film, so that it may be kept for ever.
    pub fn address(&self) -> String {
        format!("/media/clips/{}", self.file)
    }
}

/// Looks through a show that is over, and writes down what would make a clip. Looking again adds what is new.
pub async fn propose(live: &Live, show: &Broadcast) -> Result<()> {
    let db = &live.base.db;
    let Some((from_ms, to_ms)) = span(db, show).await? else { return Ok(()) };
    let bands = diagnosis::shown(db, &show.id, (from_ms, to_ms)).await?;
    let bought = order::of_show(db, &show.store, show.id.as_str(), from_ms, to_ms).await?;
    let happened = Happened {
        orders: bought.into_iter().map(|line| (line.placed_at_ms, line.product_id)).collect(),
        chat: chat::moments(db, &show.id, EVENTS).await?,
        reactions: reaction::seconds(db, &show.id, EVENTS)
            .await?
            .into_iter()
            .map(|second| (second.at_ms, second.counts.values().sum()))
            .collect(),
    };
    let known = all(db, &show.id).await?;
    let is_new = |moment: &Moment| {
        known.iter().all(|clip| moment.to_ms <= clip.from_ms || clip.to_ms <= moment.from_ms)
    };
    let room = usize::try_from(MOST - known.len() as i64).unwrap_or_default();
    let mut tx = db.begin().await?;
    for moment in moment::choose(&bands, &happened).into_iter().filter(is_new).take(room) {
        sql!(run &mut tx,
            "insert into clips (id, broadcast_id, product_id, from_ms, to_ms, stage)
             values ($1, $2, $3, $4, $5, 'proposed') on conflict (broadcast_id, product_id, from_ms) do nothing",
            ClipId::new(live.base.clock.now_ms()), &show.id, &moment.product, moment.from_ms, moment.to_ms)?;
    }
    Ok(tx.commit().await?)
}

/// From the first recorded picture to the end of the show; `None` when nothing was recorded, or it only practised.
pub(crate) async fn span(db: &Db, show: &Broadcast) -> Result<Option<(i64, i64)>> {
    let Some(replay) = show.replay().filter(|_| show.rehearses.is_none()) else { return Ok(None) };
    let on_air = diagnosis::span(db, &show.id).await?;
    Ok(on_air
        .map(|(from_ms, to_ms)| (from_ms.max(replay.from_ms), to_ms))
        .filter(|(from_ms, to_ms)| to_ms > from_ms))
}

/// All of a show, in the order of the show.
pub async fn all(db: &Db, show: &BroadcastId) -> Result<Vec<Clip>> {
    Ok(sql!(all db,
        "select id, broadcast_id, product_id, from_ms, to_ms, stage, progress, drawn_won, file, published_at_ms, left_at_ms
         from clips where broadcast_id = $1 order by from_ms, id", show)?)
}

/// A clip, unless it was removed.
pub async fn find(db: &Db, id: &ClipId) -> Result<Option<Clip>> {
    Ok(sql!(opt db,
        "select id, broadcast_id, product_id, from_ms, to_ms, stage, progress, drawn_won, file, published_at_ms, left_at_ms
         from clips where id = $1", id)?)
}

/// Has a clip made between two moments. A second tap changes nothing.
pub async fn make(live: &Live, show: &Broadcast, id: &ClipId, (from_ms, to_ms): (i64, i64)) -> Result<()> {
    let db = &live.base.db;
    let (first_ms, last_ms) = span(db, show).await?.ok_or(Error::NoClip)?;
    let length_ms = to_ms.checked_sub(from_ms).unwrap_or_default();
    if !(SHORTEST_MS..=LONGEST_MS).contains(&length_ms) {
        return Err(Error::Field { field: "to", slug: "clip-length" });
    }
    if from_ms < first_ms || to_ms > last_ms {
        return Err(Error::Field { field: "from", slug: "clip-outside" });
    }
    let mut tx = db.begin().await?;
    let begun = sql!(run &mut tx,
        "update clips set stage = 'making', progress = 0, from_ms = $3, to_ms = $4
         where id = $1 and broadcast_id = $2 and stage in ('proposed', 'failed')
           and not exists (select 1 from clips other where other.broadcast_id = $2 and other.id <> $1
                           and other.product_id = clips.product_id and other.from_ms = $3)",
        id, &show.id, from_ms, to_ms)?;
    if begun == 1 {
        jobs::put(&mut tx, MAKE, &Make { clip: id.clone() }).await?;
    }
    tx.commit().await?;
    match begun {
        1 => Ok(()),
        _ => own(db, show, id).await.map(|_| ()),
    }
}

/// Puts a clip on its product's page. Again: it stays where it is.
pub async fn publish(live: &Live, show: &Broadcast, id: &ClipId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update clips set published_at_ms = coalesce(published_at_ms, $3)
         where id = $1 and broadcast_id = $2 and stage = 'ready'", id, &show.id, live.base.clock.now_ms())?;
    tx.commit().await?;
    if done == 1 { Ok(()) } else { Err(Error::NoClip) }
}

/// Takes it from there.
pub async fn withdraw(live: &Live, show: &Broadcast, id: &ClipId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update clips set left_at_ms = case when published_at_ms is null then left_at_ms else $3 end,
                          published_at_ms = null
         where id = $1 and broadcast_id = $2", id, &show.id, live.base.clock.now_ms())?;
    tx.commit().await?;
    if done == 1 { Ok(()) } else { Err(Error::NoClip) }
}

/// Removes a clip. Its film goes with it, unless customers saw it: then it is kept like the show.
pub async fn remove(live: &Live, show: &Broadcast, id: &ClipId) -> Result<()> {
    let now_ms = live.base.clock.now_ms();
    let mut tx = live.base.db.begin().await?;
    let removed: Option<(String, Option<i64>, Option<i64>)> = sql!(opt &mut tx,
        "delete from clips where id = $1 and broadcast_id = $2 returning file, published_at_ms, left_at_ms",
        id, &show.id)?;
    let (file, published_at_ms, left_at_ms) = removed.ok_or(Error::NoClip)?;
    let seen_ms = if published_at_ms.is_some() { Some(now_ms) } else { left_at_ms };
    if let Some(seen_ms) = seen_ms {
        retention::keep_film(&mut tx, &show.id, &file, seen_ms).await?;
    }
    tx.commit().await?;
    if seen_ms.is_none() && !file.is_empty() {
        live.base.blobs.delete(&serve::key(&file)).await?;
    }
    Ok(())
}

/// Says how far the making is.
pub(crate) async fn tell(live: &Live, id: &ClipId, progress: i64) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "update clips set progress = $2 where id = $1 and stage = 'making'", id, progress)?;
    Ok(tx.commit().await?)
}

/// The film is there. `false`: nobody wants it any more.
pub(crate) async fn made(live: &Live, id: &ClipId, file: &str, drawn_won: i64) -> Result<bool> {
    let mut tx = live.base.db.begin().await?;
    let wanted = sql!(run &mut tx,
        "update clips set stage = 'ready', progress = 100, file = $2, drawn_won = $3
         where id = $1 and stage = 'making'", id, file, drawn_won)?;
    tx.commit().await?;
    Ok(wanted == 1)
}

/// It could not be made.
pub(crate) async fn failed(live: &Live, id: &ClipId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "update clips set stage = 'failed' where id = $1 and stage = 'making'", id)?;
    Ok(tx.commit().await?)
}

/// Not yet: another film is being made here.
pub(crate) async fn later(live: &Live, id: &ClipId, at_ms: i64) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    jobs::put_at(&mut tx, MAKE, &Make { clip: id.clone() }, at_ms).await?;
    Ok(tx.commit().await?)
}

/// What stands on a product's page, newest first. A film with another price than today's is left out: it would
/// promise what does not hold.
pub(crate) async fn published(db: &Db, store: &StoreId, product: &ProductId, won: i64) -> Result<Vec<Clip>> {
    Ok(sql!(all db,
        "select c.id, c.broadcast_id, c.product_id, c.from_ms, c.to_ms, c.stage, c.progress, c.drawn_won, c.file,
                c.published_at_ms, c.left_at_ms
         from clips c join broadcasts b on b.id = c.broadcast_id
         where c.product_id = $1 and c.stage = 'ready' and c.published_at_ms is not null and b.store_id = $2
           and b.withdrawn_at_ms is null
           and c.drawn_won in (0, $3)
         order by c.published_at_ms desc, c.id desc limit $4", product, store, won, SHOWN)?)
}

/// The newest film of each of these goods that stands on its page with today's price.
pub(crate) async fn about(db: &Db, goods: &[Card]) -> Result<Vec<Clip>> {
    let wanted: Vec<_> = goods
        .iter()
        .map(|card| json!({ "id": card.id, "store": card.store_id, "won": card.price_from_won }))
        .collect();
    let wanted = serde_json::to_string(&wanted).map_err(base::Error::from)?;
    let mut clips: Vec<Clip> = sql!(all db,
        "select c.id, c.broadcast_id, c.product_id, c.from_ms, c.to_ms, c.stage, c.progress, c.drawn_won, c.file,
                c.published_at_ms, c.left_at_ms
         from json_each($1) as j join clips c on c.product_id = j.value ->> 'id'
         join broadcasts b on b.id = c.broadcast_id
         where c.stage = 'ready' and c.published_at_ms is not null and b.store_id = j.value ->> 'store'
           and b.withdrawn_at_ms is null and c.drawn_won in (0, cast(j.value ->> 'won' as bigint))
         order by c.published_at_ms desc, c.id desc limit $2", wanted, FILMS)?;
    let mut seen = std::collections::HashSet::new();
    clips.retain(|clip| seen.insert(clip.product_id.clone()));
    Ok(clips)
}

async fn own(db: &Db, show: &Broadcast, id: &ClipId) -> Result<Clip> {
    find(db, id).await?.filter(|clip| clip.broadcast_id == show.id).ok_or(Error::NoClip)
}
