//! Pins: the product in front of the camera, stamped with the media clock, so that its card appears
//! with the frame it was pinned at, live and in the replay.

use base::{Db, Id, Tx, Won, events, sql};
use serde_json::{Value, json};
use shop::product::{self, Card, ProductId, label};

use crate::broadcast::{Broadcast, BroadcastId};
use crate::helper::Moderator;
use crate::limit::{self, Action};
use crate::{Error, Live, Result};

pub mod api;
pub mod pages;

/// Names pins.
pub enum PinMark {}
/// A pin's id.
pub type PinId = Id<PinMark>;

/// A change of the card: what stands there from `at_ms` on.
#[derive(Clone, Debug)]
pub struct Pin {
    pub id: PinId,
    /// Nothing: the card was taken down.
    pub product: Option<ProductId>,
    pub at_ms: i64,
    /// Which edition of the product's label the card stands for.
    pub label: Option<i64>,
}

/// Puts a product's card up. It must be one of the store's, and not removed.
pub async fn pin(live: &Live, by: &Moderator, product: &ProductId, key: Option<String>) -> Result<Value> {
    let shown = own(live, &by.broadcast, product).await?;
    let pin = change_by(live, by, Some(&shown), key).await?;
    Ok(shown.frame(&by.broadcast.id, pin.at_ms))
}

/// The same by the demo's script, which nobody signed in for.
pub(crate) async fn pin_by_script(live: &Live, broadcast: &Broadcast, product: &ProductId) -> Result<()> {
    let shown = own(live, broadcast, product).await?;
    change(live, broadcast, Some(&shown), None).await?;
    Ok(())
}

/// Takes the card down.
pub async fn unpin(live: &Live, by: &Moderator, key: Option<String>) -> Result<Value> {
    let pin = change_by(live, by, None, key).await?;
    Ok(json!({ "type": "unpin", "at_ms": pin.at_ms }))
}

/// Writes down what was shown in a show that is over.
pub(crate) async fn remember(
    live: &Live,
    broadcast: &BroadcastId,
    product: &ProductId,
    at_ms: i64,
) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "insert into pins (id, broadcast_id, product_id, at_ms, label_edition)
         values ($1, $2, $3, $4, (select max(edition) from label_records where product_id = $3))
         on conflict (broadcast_id, at_ms) do nothing", PinId::new(at_ms), broadcast, product, at_ms)?;
    Ok(tx.commit().await?)
}

/// The product, if the store of the broadcast still has it.
async fn own(live: &Live, broadcast: &Broadcast, product: &ProductId) -> Result<Shown> {
    let shown = find(&live.base.db, product).await?;
    let shown = shown.filter(|shown| shown.card.store_id == broadcast.store).ok_or(Error::ProductGone)?;
    Ok(shown.during(broadcast))
}

async fn change_by(live: &Live, by: &Moderator, shown: Option<&Shown>, key: Option<String>) -> Result<Pin> {
    limit::take(&live.lately, by.name(), Action::Pin, live.base.clock.now_ms())?;
    let key = key.map(|key| format!("{} {key}", by.name()));
    change(live, &by.broadcast, shown, key).await
}

async fn change(
    live: &Live,
    broadcast: &Broadcast,
    shown: Option<&Shown>,
    key: Option<String>,
) -> Result<Pin> {
    let product = shown.map(|shown| shown.card.id.clone());
    let media_ms = live.media_now_ms(&broadcast.id);

    let mut tx = live.base.db.begin().await?;
    // The row is locked by this, so that of two pins at once one comes after the other.
    let at_ms: Option<i64> = sql!(maybe &mut tx,
        "update broadcasts set pinned_product = $2,
                pinned_at_ms = case when pinned_at_ms >= $3 then pinned_at_ms + 1 else $3 end
         where id = $1 and stage <> 'ended' returning pinned_at_ms", &broadcast.id, &product, media_ms)?;
    let at_ms = at_ms.ok_or(Error::Over)?;
    if let Some(before) = made_before(&mut tx, &key).await? {
        // The second of two equal requests leaves no trace.
        tx.rollback().await?;
        return if before.product == product { Ok(before) } else { Err(Error::AnotherBody) };
    }
    let label = shown.and_then(|shown| shown.label);
    let pin = Pin { id: PinId::new(at_ms), product, at_ms, label };
    sql!(run &mut tx,
        "insert into pins (id, broadcast_id, product_id, at_ms, made_key, label_edition)
         values ($1, $2, $3, $4, $5, $6)",
        &pin.id, &broadcast.id, &pin.product, at_ms, &key, label)?;
    let told = frame(&broadcast.id, at_ms, shown);
    events::put(&mut tx, &broadcast.topic(), &told).await?;
    tx.commit().await?;

    mark(live, &broadcast.id, &pin, &told);
    Ok(pin)
}

async fn made_before(tx: &mut Tx, key: &Option<String>) -> Result<Option<Pin>> {
    let Some(key) = key else { return Ok(None) };
    let row: Option<(PinId, Option<ProductId>, i64, Option<i64>)> =
        sql!(opt tx, "select id, product_id, at_ms, label_edition from pins where made_key = $1", key)?;
    Ok(row.map(|(id, product, at_ms, label)| Pin { id, product, at_ms, label }))
}

/// The same in the playlists, for players that know nothing of our room.
fn mark(live: &Live, broadcast: &BroadcastId, pin: &Pin, told: &Value) {
    if let Some(stream) = live.stream(broadcast)
        && let Err(error) = stream.mark(pin.id.as_str(), pin.at_ms, &told.to_string())
    {
        tracing::warn!(%error, "A pin could not be written into the playlist");
    }
}

/// A product as a room shows it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub card: Card,
    /// Its variant, when it has only one: whose stock is counted down on the card.
    pub variant: String,
    /// The lowest price that holds only during a show.
    live_won: Option<Won>,
    /// Which edition of its label is told.
    pub label: Option<i64>,
}

/// A product by its id; `None` when it was removed.
pub async fn find(db: &Db, id: &ProductId) -> Result<Option<Shown>> {
    let Some(card) = product::card(db, id).await? else { return Ok(None) };
    let variants = product::variants(db, id).await?;
    let live_won = variants.iter().filter_map(|variant| variant.live_price_won).min();
    let variant = match variants.as_slice() {
        [only] => only.id.to_string(),
        _ => String::new(),
    };
    let label = label::newest(db, id).await?;
    Ok(Some(Shown { card, variant, live_won, label }))
}

impl Shown {
    /// The card at the price it has in this show, while that is on air.
    fn during(mut self, broadcast: &Broadcast) -> Shown {
        if let Some(won) = self.live_won.filter(|_| broadcast.stage.on_air()) {
            self.card.price_from_won = won.min(self.card.price_from_won);
        }
        self
    }

    /// The frame that puts the card up: `{"type":"pin","at_ms":…,"product":{…}}`.
    pub fn frame(&self, broadcast: &BroadcastId, at_ms: i64) -> Value {
        json!({ "type": "pin", "at_ms": at_ms, "product": self.product(broadcast) })
    }

    /// The product in both languages; the page's template takes what it needs.
    fn product(&self, broadcast: &BroadcastId) -> Value {
        let card = &self.card;
        let either = |korean: &str, english: &str| match english {
            "" => korean.to_owned(),
            english => english.to_owned(),
        };
        json!({
            "id": card.id, "variant": self.variant, "name": card.name,
            "name_en": either(&card.name, &card.name_en), "price_won": card.price_from_won,
            "stock": card.left, "origin": card.origin, "origin_en": either(&card.origin, &card.origin_en),
            "photo": photo(card), "url": card.href(), "buy": buy_path(broadcast, &card.id),
            "label": self.label, "label_url": self.label_path(),
        })
    }

    /// The same with the label it had then.
    pub(crate) fn as_labelled(&self, label: Option<i64>) -> Shown {
        Shown { label, ..self.clone() }
    }

    /// Where that edition can be read, or nothing.
    pub fn label_path(&self) -> String {
        self.label.map(|edition| format!("{}/labels/{edition}", self.card.href())).unwrap_or_default()
    }
}

/// The small picture of a card, or nothing.
pub(crate) fn photo(card: &Card) -> String {
    match card.cover_id() {
        "" => String::new(),
        id => format!("/photos/{id}/240.jpg"),
    }
}

/// The frame that changes the card: up with a product, or down.
pub fn frame(broadcast: &BroadcastId, at_ms: i64, shown: Option<&Shown>) -> Value {
    match shown {
        Some(shown) => shown.frame(broadcast, at_ms),
        None => json!({ "type": "unpin", "at_ms": at_ms }),
    }
}

/// The sheet that opens over the picture.
pub fn buy_path(broadcast: &BroadcastId, product: &ProductId) -> String {
    format!("/products/{product}/buy?broadcast={broadcast}")
}

/// The product that is pinned now; one that was removed meanwhile is not.
pub async fn shown_now(db: &Db, broadcast: &Broadcast) -> Result<Option<Shown>> {
    match &broadcast.pinned {
        Some(pinned) => Ok(find(db, &pinned.product).await?.map(|shown| shown.during(broadcast))),
        None => Ok(None),
    }
}

/// The same as the hello frame says it.
pub async fn now(db: &Db, broadcast: &Broadcast) -> Result<Option<Value>> {
    let at_ms = broadcast.pinned.as_ref().map(|pinned| pinned.at_ms);
    let shown = shown_now(db, broadcast).await?;
    Ok(shown.map(|shown| json!({ "at_ms": at_ms, "product": shown.product(&broadcast.id) })))
}

/// Every change of the card, in order.
pub async fn all(db: &Db, broadcast: &BroadcastId, limit: i64) -> Result<Vec<Pin>> {
    let rows: Vec<(PinId, Option<ProductId>, i64, Option<i64>)> = sql!(all db,
        "select id, product_id, at_ms, label_edition from pins where broadcast_id = $1 order by at_ms limit $2",
        broadcast, limit)?;
    Ok(rows.into_iter().map(|(id, product, at_ms, label)| Pin { id, product, at_ms, label }).collect())
}
