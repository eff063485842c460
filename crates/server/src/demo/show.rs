//! The demo's shows: one always on air with its chat, and those announced for tomorrow.

use std::collections::HashMap;

use anyhow::{Context, Result};
use base::clock;
use bytes::Bytes;
use jiff::civil::Time;
use live::broadcast::{self, BroadcastId, NewBroadcast};
use live::chat::From;
use live::demo::{Act, Cue};
use people::StoreId;
use shop::product::{self, ProductId};
use shop::store;
use tokio_util::sync::CancellationToken;
use web::{IdempotencyKey, Said};

use super::content::{Content, OnAir, Stall};
use super::fill;
use crate::app::App;

/// Products of a stall the demo knows of.
const MOST: i64 = 100;

/// Announces what is to come, and starts what is always on.
pub(super) async fn start(app: &App, content: &Content, clip: Bytes, stop: &CancellationToken) -> Result<()> {
    for upcoming in &content.upcoming {
        let stall = Told::find(app, content, &upcoming.stall).await?;
        let time: Time = upcoming.at.parse().context("a time that is none")?;
        let now = app.base.clock.now().to_zoned(clock::seoul());
        let day = now.date().checked_add(jiff::Span::new().days(upcoming.day_offset))?;
        let starts_at = day.to_datetime(time).to_zoned(clock::seoul())?.timestamp();
        // One announcement a day: a market that runs for a week announces tomorrow's show each start.
        let key = format!("demo-{}-{day}", upcoming.stall);
        let products = upcoming.products.iter().filter_map(|slug| stall.product(slug)).collect();
        stall.show(app, &key, &upcoming.title, &upcoming.poster, products, Some(starts_at)).await?;
    }
    on_air(app, content, clip, stop).await
}

async fn on_air(app: &App, content: &Content, clip: Bytes, stop: &CancellationToken) -> Result<()> {
    let show = &content.live;
    let stall = Told::find(app, content, &show.stall).await?;
    let products = stall.stall.products.iter().filter_map(|product| stall.product(&product.slug)).collect();
    let id = stall.show(app, "demo-on-air", &show.title, &show.poster, products, None).await?;
    app.live.demo(id, clip).await?;
    let (cues, length_s) = (cues(show, &stall), show.chat_loop_s);
    let (live, stop) = (app.live.clone(), stop.clone());
    tokio::spawn(async move { live.demo_script(cues, length_s, stop).await });
    Ok(())
}

/// The chat, and the pins once for each turn of the clip.
fn cues(show: &OnAir, stall: &Told<'_>) -> Vec<Cue> {
    let lines = show.chat.iter().map(|line| Cue {
        at_s: line.at_s,
        act: Act::Say {
            name: line.who.ko.clone(),
            text: line.text.ko.clone(),
            from: if line.kind == "seller" { From::Seller } else { From::Shopper },
        },
    });
    let turns = (0..show.chat_loop_s).step_by(show.clip_s.max(1) as usize);
    let pins = turns.flat_map(|turn| {
        show.pins.iter().filter_map(move |pin| {
            Some(Cue { at_s: turn + pin.at_s, act: Act::Pin { product: stall.product(&pin.product)? } })
        })
    });
    lines.chain(pins).collect()
}

/// A stall of the demo as it stands in the database.
struct Told<'c> {
    stall: &'c Stall,
    store: StoreId,
    products: HashMap<String, ProductId>,
}

impl<'c> Told<'c> {
    async fn find(app: &App, content: &'c Content, slug: &str) -> Result<Told<'c>> {
        let stall = content.stalls.iter().find(|stall| stall.slug == slug).context("an unknown stall")?;
        let store = store::by_slug(&app.base.db, slug).await?.id;
        let cards = product::all_in(&app.base.db, &store, MOST).await?;
        let products = cards.into_iter().map(|card| (card.name, card.id)).collect();
        Ok(Told { stall, store, products })
    }

    /// A product by its name in the content: slugs are the content's own and stay there.
    fn product(&self, slug: &str) -> Option<ProductId> {
        let product = self.stall.products.iter().find(|product| product.slug == slug)?;
        self.products.get(&product.name.ko).cloned()
    }

    async fn show(
        &self,
        app: &App,
        key: &str,
        title: &Said,
        poster: &str,
        products: Vec<ProductId>,
        starts_at: Option<jiff::Timestamp>,
    ) -> Result<BroadcastId> {
        let wanted = NewBroadcast {
            title: title.ko.clone(),
            title_en: Some(title.en.clone()),
            poster: Some(fill::picture(app, poster).await?.to_string()),
            products,
            starts_at,
            sponsor: None,
        };
        let key = IdempotencyKey(key.to_owned());
        let (broadcast, _) = broadcast::create(&app.live, &self.store, key, wanted).await?;
        Ok(broadcast.id)
    }
}
