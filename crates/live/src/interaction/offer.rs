//! First-come offers: a price for the first pieces of a product, with a countdown. The shop's till keeps and counts
//! them ([`shop::deal`]); here is what the room sees.

use base::{Tx, Won};
use serde::{Deserialize, Serialize};
use shop::ProductId;
use shop::deal::{self, NewDeal};

use super::{Interaction, InteractionId, Kind, MAX_SAID, NewInteraction, wrong};
use crate::broadcast::Broadcast;
use crate::{Live, Result, pin};

/// What is offered, as it stood when the offer opened: the replay shows it as it was.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Offered {
    pub product: ProductId,
    pub name: String,
    pub name_en: String,
    pub origin: String,
    pub origin_en: String,
    pub price_won: Won,
    /// What it costs without the offer.
    pub usual_won: Won,
    /// Pieces for one buyer; 0: no limit.
    pub per_buyer: i64,
    /// A picture's path, or empty.
    pub photo: String,
    pub url: String,
    pub buy: String,
}

impl Offered {
    /// The product's name for a reader.
    pub fn name_in(&self, korean: bool) -> &str {
        if korean { &self.name } else { &self.name_en }
    }

    /// The origin for a reader.
    pub fn origin_in(&self, korean: bool) -> &str {
        if korean { &self.origin } else { &self.origin_en }
    }
}

/// The deal that is asked for, when it is one.
pub(super) fn wanted(live: &Live, broadcast: &Broadcast, new: &NewInteraction) -> Result<Option<NewDeal>> {
    if new.kind != Kind::Offer {
        return Ok(None);
    }
    let now_ms = live.base.clock.now_ms();
    Ok(Some(NewDeal {
        id: InteractionId::new(now_ms).cast(),
        store: broadcast.store.clone(),
        show: broadcast.id.to_string(),
        variant: new.variant.clone().ok_or_else(|| wrong("variant", "interaction-variant"))?,
        price_won: new.price_won,
        quantity: new.quantity,
        per_buyer: new.per_buyer,
        opened_at_ms: now_ms,
        closes_at_ms: None,
    }))
}

/// Asks the shop, and writes into `made` what the room will see.
pub(super) async fn check(live: &Live, mut deal: NewDeal, made: &mut Interaction) -> Result<NewDeal> {
    let shop::deal::Offered { card, variant, usual_won } = deal::check(&live.base.db, &deal).await?;
    deal.id = made.id.cast();
    deal.closes_at_ms = made.closes_at_ms;
    made.quantity = deal.quantity;
    let either = |korean: &str, english: &str| match english {
        "" => korean.to_owned(),
        english => english.to_owned(),
    };
    let whole = |name: &str, variant: &str| format!("{name} {variant}").trim_end().to_owned();
    let name = whole(&card.name, &variant.name);
    if made.said.is_empty() {
        made.said = name.chars().take(MAX_SAID).collect();
    }
    made.offer = Some(Offered {
        name_en: whole(&either(&card.name, &card.name_en), &either(&variant.name, &variant.name_en)),
        name,
        origin_en: either(&card.origin, &card.origin_en),
        origin: card.origin.clone(),
        price_won: deal.price_won,
        usual_won,
        per_buyer: deal.per_buyer,
        photo: pin::photo(&card),
        url: card.href(),
        buy: pin::buy_path(&made.broadcast, &card.id),
        product: card.id,
    });
    Ok(deal)
}

/// Opens the deal in the transaction of its interaction.
pub(super) async fn open(tx: &mut Tx, deal: &NewDeal, made: &Interaction) -> Result<()> {
    let Some(offer) = &made.offer else { return Ok(()) };
    match deal::open(tx, deal, &offer.product).await {
        // The same goods are offered in another show of the store.
        Err(error) if error.is_unique() => Err(crate::Error::OneAtATime),
        opened => Ok(opened?),
    }
}
