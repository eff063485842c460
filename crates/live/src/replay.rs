//! Replays: what was said, shown and cheered, each at its moment of the media clock, so that the
//! room lives again beside the recording.

use std::collections::HashMap;

use axum::extract::State;
use base::{Db, sql};
use serde::Serialize;
use serde_json::{Value, json};
use shop::product::ProductId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Problem};

use crate::broadcast::{Broadcast, BroadcastId};
use crate::chat::{self, Line};
use crate::pin::{Pin, Shown};
use crate::{Error, Live, Result, host, interaction, pin, question, reaction};

mod download;

/// Events of each kind in one replay: a bound for the busiest show, not a wish.
const MOST: i64 = 20_000;

/// A replay's room.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Remembered {
    /// Unix time of media time zero; absent when nothing was recorded.
    pub epoch_ms: Option<i64>,
    /// Unix time of the first recorded frame.
    pub from_ms: Option<i64>,
    pub duration_ms: Option<i64>,
    /// The room's frames in order: `chat`, `pin`, `unpin`, `interaction`, `interaction-closed`, `answered`, `reactions`, each with `at_ms` on the media
    /// clock (Unix milliseconds) and `after_ms` since media time zero.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Value>,
}

/// Everything that happened in the room, in order.
pub async fn remember(db: &Db, broadcast: &Broadcast) -> Result<Remembered> {
    if broadcast.stage.on_air() {
        return Err(Error::StillOn);
    }
    if broadcast.withdrawn_at_ms.is_some() {
        return Err(Error::Withdrawn);
    }
    let replay = broadcast.replay();
    let epoch_ms = replay.map(|replay| replay.epoch_ms);
    // Of one moment the card comes first: the talk is about it.
    let mut events = shown(db, broadcast).await?;
    for question in question::answered(db, &broadcast.id, MOST).await? {
        events.push(json!({ "type": "answered", "at_ms": question.answered_at_ms, "id": question.id,
                            "said": question.said, "asked": question.asked }));
    }
    for interaction in interaction::all(db, &broadcast.id, MOST).await? {
        events.push(interaction.first_frame());
        events.push(interaction.closing());
    }
    events.extend(said(db, broadcast).await?.iter().map(chat::frame));
    events.extend(
        reaction::seconds(db, &broadcast.id, MOST)
            .await?
            .into_iter()
            .map(|second| json!({ "type": "reactions", "at_ms": second.at_ms, "counts": second.counts })),
    );
    events.sort_by_key(at_ms);
    if let Some(epoch_ms) = epoch_ms {
        for event in &mut events {
            event["after_ms"] = (at_ms(event) - epoch_ms).into();
        }
    }
    Ok(Remembered {
        epoch_ms,
        from_ms: replay.map(|replay| replay.from_ms),
        duration_ms: replay.map(|replay| replay.duration_ms),
        events,
    })
}

/// Brings the replay to the loudness that everything else has. Idempotent.
pub(crate) async fn level(live: &Live, broadcast: &BroadcastId) -> Result<()> {
    if let Some(level) = media::level(&live.store, broadcast.as_str()).await? {
        let media::Level { lufs, gain_db } = level;
        tracing::info!(broadcast.id = %broadcast, lufs, gain_db, "Replay {broadcast} has its loudness");
    }
    Ok(())
}

fn at_ms(event: &Value) -> i64 {
    event["at_ms"].as_i64().unwrap_or_default()
}

async fn said(db: &Db, broadcast: &Broadcast) -> Result<Vec<Line>> {
    Ok(sql!(all db,
        "select id, name, said as text, at_ms, said_by as \"from\" from chat_lines
         where broadcast_id = $1 and hidden_at_ms is null order by id limit $2", &broadcast.id, MOST)?)
}

/// The cards that were up, with today's prices; a product that was removed leaves its place empty.
async fn shown(db: &Db, broadcast: &Broadcast) -> Result<Vec<Value>> {
    let pins = pin::all(db, &broadcast.id, MOST).await?;
    let mut known: HashMap<ProductId, Option<Shown>> = HashMap::new();
    for id in pins.iter().filter_map(|pin| pin.product.as_ref()) {
        if !known.contains_key(id) {
            known.insert(id.clone(), pin::find(db, id).await?);
        }
    }
    // Today's price, and the label as it stood then.
    let shown = |pin: &Pin| {
        let shown = known.get(pin.product.as_ref()?)?.as_ref()?;
        Some(shown.as_labelled(pin.label))
    };
    Ok(pins.iter().map(|pin| pin::frame(&broadcast.id, pin.at_ms, shown(pin).as_ref())).collect())
}

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/replay.json", axum::routing::get(page))
        .routes(routes!(get))
        .merge(download::routes())
}

/// `GET /live/{broadcast}/replay.json`
async fn page(
    State(live): State<Live>,
    host::Shown(broadcast): host::Shown,
) -> Result<Json<Remembered>, Problem> {
    Ok(Json(remember(&live.base.db, &broadcast).await?))
}

/// The room of a broadcast that is over, moment by moment.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/replay", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Remembered), (status = "4XX", body = Problem)))]
async fn get(
    State(live): State<Live>,
    host::Shown(broadcast): host::Shown,
) -> Result<Json<Remembered>, Problem> {
    Ok(Json(remember(&live.base.db, &broadcast).await?))
}
