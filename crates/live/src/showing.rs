//! Shows for the market's home and for a stall's page, through the seam that the shop left for them.

use std::collections::HashMap;

use base::db::Run;
use base::{Db, Tx, sql};
use futures::future::BoxFuture;
use people::StoreId;
use serde_json::json;
use shop::moving::format::PastShow;
use shop::product::{Card, Product, ProductId};
use shop::showing::{Clip, OnAir, Showing, Shows, When};
use shop::sitemap::Place;
use shop::store;
use shop::text::Text;
use web::Lang;

use crate::broadcast::{self, Broadcast, BroadcastId, Stage};
use crate::{Live, Result, clip};

/// Shows of each kind in a strip.
const EACH: i64 = 6;
/// Shows that a store takes along when it moves, the oldest first.
const PAST: i64 = 10_000;
/// Shows of each kind that a search looks through.
const SEARCHED: i64 = 100;

impl Shows for Live {
    fn shows<'a>(
        &'a self,
        db: &'a Db,
        store: Option<&'a StoreId>,
        lang: Lang,
    ) -> BoxFuture<'a, Vec<Showing>> {
        Box::pin(async move {
            // A strip that cannot be read is left out; the page around it is worth more.
            found(self, db, store, lang, EACH).await.map(without_ids).unwrap_or_else(|error| {
                tracing::warn!(%error, "The shows could not be listed");
                Vec::new()
            })
        })
    }

    fn on_air<'a>(&'a self, tx: &'a mut Tx, shows: &'a [String]) -> BoxFuture<'a, base::Result<Vec<OnAir>>> {
        Box::pin(on_air(tx, shows))
    }

    fn seen_on_air<'a>(&'a self, db: &'a Db, shows: &'a [String]) -> BoxFuture<'a, base::Result<Vec<OnAir>>> {
        Box::pin(on_air(db, shows))
    }

    fn clips<'a>(&'a self, db: &'a Db, product: &'a Product) -> BoxFuture<'a, Vec<Clip>> {
        Box::pin(async move {
            let won = product.price_from_won.0;
            let clips = clip::published(db, &product.store_id, &product.id, won).await;
            let clips = clips.unwrap_or_else(|error| {
                tracing::warn!(%error, "The clips of a product could not be listed");
                Vec::new()
            });
            clips.into_iter().map(film).collect()
        })
    }

    fn searched<'a>(
        &'a self,
        db: &'a Db,
        store: Option<&'a StoreId>,
        lang: Lang,
    ) -> BoxFuture<'a, Vec<(Showing, Vec<ProductId>)>> {
        Box::pin(async move {
            searched(self, db, store, lang).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "The shows could not be searched");
                Vec::new()
            })
        })
    }

    fn films<'a>(&'a self, db: &'a Db, goods: &'a [Card]) -> BoxFuture<'a, Vec<(ProductId, Clip)>> {
        Box::pin(async move {
            let clips = clip::about(db, goods).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "The clips of several products could not be listed");
                Vec::new()
            });
            clips.into_iter().map(|clip| (clip.product_id.clone(), film(clip))).collect()
        })
    }

    fn past<'a>(&'a self, db: &'a Db, store: &'a StoreId) -> BoxFuture<'a, base::Result<Vec<PastShow>>> {
        Box::pin(past(db, store))
    }

    fn places<'a>(&'a self, db: &'a Db, after: &'a str, limit: i64) -> BoxFuture<'a, Vec<Place>> {
        Box::pin(async move {
            places(db, after, limit).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "The shows could not be listed for the sitemap");
                Vec::new()
            })
        })
    }

    fn tapped(&self, at: &OnAir, who: &str) {
        self.audience.tapped(at, who, self.base.clock.now_ms());
    }
}

async fn on_air<'a>(on: impl Run<'a>, shows: &[String]) -> base::Result<Vec<OnAir>> {
    let wanted: Vec<_> = shows.iter().map(|show| json!({ "id": show })).collect();
    sql!(all on,
        "select b.id as show, b.store_id as store, p.product_id as product
         from broadcasts b join broadcast_products p on p.broadcast_id = b.id
         where b.stage in ('live', 'waiting') and b.rehearses is null
           and b.id in (select j.value ->> 'id' from json_each($1) as j)",
        serde_json::to_string(&wanted)?)
}

#[derive(sqlx::FromRow)]
struct Over {
    id: BroadcastId,
    title: String,
    title_en: String,
    starts_at_ms: i64,
    ended_at_ms: Option<i64>,
    replay_ms: Option<i64>,
}

async fn past(db: &Db, store: &StoreId) -> base::Result<Vec<PastShow>> {
    let over: Vec<Over> = sql!(all db,
        "select id, title, title_en, starts_at_ms, ended_at_ms, replay_ms from broadcasts
         where store_id = $1 and stage = 'ended' and rehearses is null order by starts_at_ms, id limit $2",
        store, PAST)?;
    let shown: Vec<(BroadcastId, ProductId)> = sql!(all db,
        "select p.broadcast_id, p.product_id from broadcast_products p
         join broadcasts b on b.id = p.broadcast_id
         where b.store_id = $1 order by p.broadcast_id, p.place", store)?;
    let mut goods: HashMap<BroadcastId, Vec<ProductId>> = HashMap::new();
    for (show, product) in shown {
        goods.entry(show).or_default().push(product);
    }
    let told = over.into_iter().map(|show| PastShow {
        title: Text::new(show.title, show.title_en),
        starts_at_ms: show.starts_at_ms,
        ended_at_ms: show.ended_at_ms,
        replay_ms: show.replay_ms,
        products: goods.remove(&show.id).unwrap_or_default(),
    });
    Ok(told.collect())
}

fn film(clip: clip::Clip) -> Clip {
    Clip {
        film: clip.address(),
        show: format!("/live/{}", clip.broadcast_id),
        since_ms: clip.published_at_ms.unwrap_or(clip.from_ms),
        length_ms: clip.to_ms - clip.from_ms,
    }
}

/// Shows that are announced, on air, or to be seen again; no rehearsals and nothing that was withdrawn.
async fn places(db: &Db, after: &str, limit: i64) -> Result<Vec<Place>> {
    let rows: Vec<(String, i64, i64)> = sql!(all db,
        "select b.id, b.starts_at_ms, coalesce(b.ended_at_ms, 0) as ended
         from broadcasts b join stores s on s.id = b.store_id
         where s.listed = true and b.rehearses is null and b.withdrawn_at_ms is null and b.id > $1
           and (b.stage in ('live', 'waiting') or (b.stage = 'ended' and b.replay_ms is not null)
             or (b.stage = 'scheduled' and b.starts_at_ms > b.made_at_ms))
         order by b.id limit $2", after, limit)?;
    let place = |(id, starts_at_ms, ended_at_ms): (String, i64, i64)| {
        // One that is to come changed when it was made, which its id tells no better than this.
        let changed_at_ms = if ended_at_ms > 0 { ended_at_ms } else { starts_at_ms };
        Place { path: format!("/live/{id}"), id, changed_at_ms }
    };
    Ok(rows.into_iter().map(place).collect())
}

fn without_ids(shows: Vec<(BroadcastId, Showing)>) -> Vec<Showing> {
    shows.into_iter().map(|(_, show)| show).collect()
}

async fn searched(
    live: &Live,
    db: &Db,
    store: Option<&StoreId>,
    lang: Lang,
) -> Result<Vec<(Showing, Vec<ProductId>)>> {
    let shows = found(live, db, store, lang, SEARCHED).await?;
    let ids: Vec<_> = shows.iter().map(|(id, _)| json!({ "id": id })).collect();
    let shown: Vec<(BroadcastId, ProductId)> = sql!(all db,
        "select broadcast_id, product_id from broadcast_products
         where broadcast_id in (select j.value ->> 'id' from json_each($1) as j)",
        serde_json::to_string(&ids).map_err(base::Error::from)?)?;
    let mut goods: HashMap<BroadcastId, Vec<ProductId>> = HashMap::new();
    for (show, product) in shown {
        goods.entry(show).or_default().push(product);
    }
    Ok(shows.into_iter().map(|(id, show)| (show, goods.remove(&id).unwrap_or_default())).collect())
}

async fn found(
    live: &Live,
    db: &Db,
    store: Option<&StoreId>,
    lang: Lang,
    each: i64,
) -> Result<Vec<(BroadcastId, Showing)>> {
    let now_ms = live.base.clock.now_ms();
    let (on_air, next, replays) = tokio::try_join!(
        broadcast::on_air(db, each),
        broadcast::upcoming(db, now_ms, each),
        broadcast::replays(db, each)
    )?;
    let mut all: Vec<Broadcast> = on_air.into_iter().chain(next).chain(replays).collect();
    if let Some(store) = store {
        all.retain(|broadcast| broadcast.store == *store);
    }
    let ids: Vec<StoreId> = all.iter().map(|broadcast| broadcast.store.clone()).collect();
    let stores = store::by_ids(db, &ids).await?;
    let names: HashMap<_, _> =
        stores.iter().map(|store| (store.id.clone(), store.name_in(lang).to_owned())).collect();
    Ok(all
        .into_iter()
        .map(|broadcast| {
            let show = Showing {
                href: broadcast.path(),
                title: broadcast.title_in(lang).to_owned(),
                store_name: names.get(&broadcast.store).cloned().unwrap_or_default(),
                poster: broadcast.poster.clone(),
                stage: match broadcast.stage {
                    Stage::Live { .. } | Stage::Waiting { .. } => When::Live,
                    Stage::Scheduled { .. } => When::Next,
                    Stage::Ended { .. } => When::Replay,
                },
                at_ms: broadcast.starts_at_ms,
                viewers: live.rooms.viewers(&broadcast.id) as i64,
            };
            (broadcast.id, show)
        })
        .collect())
}
