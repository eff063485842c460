//! Printing: a slip for each box (A4), a label for each parcel (A6), and signs for the stall, as PDF with the letters in
//! it, so that any printer at the stall prints Korean as it is meant.
//!
//! A slip says what goes into the box; a label says where it goes. Neither says more of a buyer than that.

use people::StoreId;
use web::Ui;

use crate::order::{Line, Order, OrderId, lines_of, picked};
use crate::store::{self, Store};
use crate::{Error, Result, Shop};

pub(crate) mod card;
mod face;
mod label;
pub(crate) mod pages;
mod paper;
mod sign;
mod slip;

use paper::Letters;
use sign::Size;

/// Orders in one print.
pub const MOST: usize = 100;

/// What is printed of an order.
pub(crate) struct Job {
    order: Order,
    lines: Vec<Line>,
}

/// The store's orders that were ticked, oldest first.
async fn gather(shop: &Shop, store: &StoreId, ids: &[OrderId]) -> Result<(Store, Vec<Job>)> {
    if ids.is_empty() {
        return Err(Error::NoneTicked);
    }
    if ids.len() > MOST {
        return Err(Error::TooManyOrders { most: MOST });
    }
    let db = &shop.base.db;
    let rows = picked(db, store, ids).await?;
    let ids: Vec<_> = rows.iter().map(|row| &row.order.id).collect();
    let mut lines = lines_of(db, &ids).await?;
    let jobs: Vec<Job> = rows
        .into_iter()
        .map(|row| Job { lines: lines.remove(&row.order.id).unwrap_or_default(), order: row.order })
        .collect();
    if jobs.is_empty() {
        return Err(Error::NotFound);
    }
    Ok((store::find(db, store).await?, jobs))
}

/// Slips for the orders that were ticked.
pub async fn slips(shop: &Shop, ui: Ui, store: &StoreId, ids: &[OrderId]) -> Result<Vec<u8>> {
    let (store, jobs) = gather(shop, store, ids).await?;
    draw(shop, move |letters| slip::draw(letters, &ui, &store, &jobs)).await
}

/// Labels for the parcels among them that are paid.
pub async fn labels(shop: &Shop, ui: Ui, store: &StoreId, ids: &[OrderId]) -> Result<Vec<u8>> {
    let (store, mut jobs) = gather(shop, store, ids).await?;
    jobs.retain(|job| !job.order.is_pickup() && job.order.is_paid());
    if jobs.is_empty() {
        return Err(Error::NoParcel);
    }
    draw(shop, move |letters| label::draw(letters, &ui, &store, &jobs)).await
}

/// Signs of the stall, on A4, A6 or labels; those that are not this store's are left out.
pub async fn signs(shop: &Shop, ui: Ui, store: &StoreId, codes: &[String], size: &str) -> Result<Vec<u8>> {
    let size = Size::of(size).ok_or_else(|| Error::Invalid(vec![("size".to_owned(), "choose")]))?;
    if codes.is_empty() {
        return Err(Error::NoneTicked);
    }
    if codes.len() > MOST {
        return Err(Error::TooManyOrders { most: MOST });
    }
    let signs = crate::sign::picked(&shop.base.db, store, codes).await?;
    if signs.is_empty() {
        return Err(Error::NotFound);
    }
    let store = store::find(&shop.base.db, store).await?;
    draw(shop, move |letters| sign::draw(letters, &ui, &store, &signs, size)).await
}

/// Draws beside the requests, two at a time: a hundred pages take a moment.
async fn draw(
    shop: &Shop,
    drawing: impl FnOnce(&Letters) -> Option<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>> {
    let _turn = shop.darkroom.acquire().await.map_err(|_| Error::Internal(base::Error::Busy))?;
    let drawn = tokio::task::spawn_blocking(move || drawing(&Letters::load()?));
    drawn.await.map_err(|_| Error::Internal(base::Error::Busy))?.ok_or(Error::NoLetters)
}
