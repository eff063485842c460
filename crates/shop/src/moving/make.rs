//! Making a store of what was brought: phase by phase, some lines at a time, each step one transaction that also moves the
//! bookmark. A step that was committed is never done again, and one that was not leaves nothing.

use std::collections::HashMap;
use std::fs::File;

use base::{Tx, sql};
use people::StoreId;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::arrive::Arrival;
use super::format::{
    Follower, Goods, Kind, Label, PastOrder, PastQuestion, PastReview, PastShow, PriceChange, Profile, Promo,
    Record, Voucher,
};
use super::look::new_store;
use super::unpack::{Brought, Refusal};
use crate::discount::Rule;
use crate::photo::{self, PhotoId};
use crate::product::{Draft, ProductId, VariantId, draft, label};
use crate::store::{self, slug};
use crate::text::Listing;
use crate::{Error, Shop, coupon, hours, promotion, set};

/// The first phase: what everything else may show.
pub(super) const FIRST: &str = "photos";
/// Products in one step: a seller's tap in between waits for no more than these.
const PRODUCTS: usize = 10;
/// Lines of anything else in one step.
const LINES: usize = 200;

/// Why the making stops before its end.
pub(super) enum Stop {
    /// Somebody took it back or up meanwhile.
    Elsewhere,
    /// Something in the file cannot be made.
    Refused(Refusal),
    /// Something of ours is broken; it goes on later.
    Broken(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Broken(error)
    }
}

impl From<base::Error> for Stop {
    fn from(error: base::Error) -> Stop {
        Stop::Broken(error.into())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

type Made<T = ()> = std::result::Result<T, Stop>;

/// Makes everything that is not made yet.
pub(super) async fn everything(shop: &Shop, arrival: &Arrival, file: File) -> Made {
    let brought = blocking(move || Brought::open(file)).await??;
    let mut making = Making {
        shop,
        arrival,
        store: arrival.store_id.clone(),
        phase: arrival.phase.clone(),
        line: arrival.line as u64,
        products: HashMap::new(),
        photos: HashMap::new(),
        now_ms: shop.base.clock.now_ms(),
    };
    making.known().await?;
    let mut brought = making.pictures(brought).await?;
    for kind in Kind::ALL {
        brought = match kind {
            Kind::Store => making.phase::<Profile>(brought, 1).await?,
            Kind::Products => making.phase::<Goods>(brought, PRODUCTS).await?,
            Kind::Labels => making.phase::<Label>(brought, LINES).await?,
            Kind::Prices => making.phase::<PriceChange>(brought, LINES).await?,
            Kind::Promotions => making.phase::<Promo>(brought, LINES).await?,
            Kind::Coupons => making.phase::<Voucher>(brought, LINES).await?,
            Kind::Orders => making.phase::<PastOrder>(brought, LINES).await?,
            Kind::Customers => making.phase::<Follower>(brought, LINES).await?,
            Kind::Reviews => making.phase::<PastReview>(brought, LINES).await?,
            Kind::Questions => making.phase::<PastQuestion>(brought, LINES).await?,
            Kind::Shows => making.phase::<PastShow>(brought, LINES).await?,
        };
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Made<T> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| base::Error::Stopped)?)
}

/// What is being made, and where the bookmark is.
struct Making<'a> {
    shop: &'a Shop,
    arrival: &'a Arrival,
    store: Option<StoreId>,
    phase: String,
    line: u64,
    /// What the file's products and photos are here.
    products: HashMap<ProductId, ProductId>,
    photos: HashMap<PhotoId, PhotoId>,
    now_ms: i64,
}

impl Making<'_> {
    /// Reads what earlier steps made.
    async fn known(&mut self) -> Made {
        let db = &self.shop.base.db;
        let photos: Vec<(PhotoId, PhotoId)> = sql!(all db,
            "select ref, photo_id from arrival_photos where arrival_id = $1", &self.arrival.id)?;
        self.photos = photos.into_iter().collect();
        if let Some(store) = &self.store {
            let products: Vec<(String, ProductId)> = sql!(all db,
                "select key, id from products where store_id = $1 and key like 'moved:%'", store)?;
            let named =
                |(key, id): (String, ProductId)| Some((key.strip_prefix("moved:")?.parse().ok()?, id));
            self.products = products.into_iter().filter_map(named).collect();
        }
        Ok(())
    }

    /// Moves the bookmark within the step's transaction; whoever took the work back or up meanwhile is seen here.
    async fn mark(&self, tx: &mut Tx, line: u64, steps: usize) -> Made {
        let marked = sql!(run tx,
            "update arrivals set line = $4, done = done + $5, changed_at_ms = $6
             where id = $1 and state = 'running' and phase = $2 and line = $3",
            &self.arrival.id, &self.phase, self.line as i64, line as i64, steps as i64, self.now_ms)?;
        if marked == 1 { Ok(()) } else { Err(Stop::Elsewhere) }
    }

    /// Goes to the next phase.
    async fn turn(&mut self, next: &str) -> Made {
        let mut tx = self.shop.base.db.begin().await?;
        let turned = sql!(run &mut tx,
            "update arrivals set phase = $4, line = 0 where id = $1 and state = 'running' and phase = $2 and line = $3",
            &self.arrival.id, &self.phase, self.line as i64, next)?;
        if turned == 0 {
            return Err(Stop::Elsewhere);
        }
        tx.commit().await?;
        self.phase = next.to_owned();
        self.line = 0;
        Ok(())
    }

    /// Each photo is judged as if it were uploaded, and gets the name that its content gives it here.
    async fn pictures(&mut self, mut brought: Brought) -> Made<Brought> {
        if self.phase != FIRST {
            return Ok(brought);
        }
        let photos = brought.photos();
        for id in photos.into_iter().skip(self.line as usize) {
            let named = id.clone();
            let (back, jpeg) = blocking(move || {
                let jpeg = brought.photo(&named);
                (brought, jpeg)
            })
            .await?;
            brought = back;
            let here = match photo::add(self.shop, jpeg?.into()).await {
                Ok(here) => here,
                Err(Error::Photo(_)) => {
                    return Err(Refusal { slug: "photo", at: super::unpack::photo_path(&id) }.into());
                }
                Err(error) => return Err(error.into()),
            };
            let mut tx = self.shop.base.db.begin().await?;
            self.mark(&mut tx, self.line + 1, 1).await?;
            sql!(run &mut tx,
                "insert into arrival_photos (arrival_id, ref, photo_id) values ($1, $2, $3) on conflict do nothing",
                &self.arrival.id, &id, &here)?;
            tx.commit().await?;
            self.photos.insert(id, here);
            self.line += 1;
        }
        self.turn(Kind::Store.slug()).await?;
        Ok(brought)
    }

    /// The lines of one kind, unless they are behind the bookmark.
    async fn phase<R: Makes>(&mut self, brought: Brought, each: usize) -> Made<Brought> {
        if Kind::of_slug(&self.phase) != Some(R::KIND) {
            return Ok(brought);
        }
        let (mut batches, reading) = read::<R>(brought, self.line, each);
        while let Some(batch) = batches.recv().await {
            let Some((last, _)) = batch.last() else { continue };
            let last = *last;
            let mut tx = self.shop.base.db.begin().await?;
            self.mark(&mut tx, last, batch.len()).await?;
            Box::pin(R::make(self, &mut tx, batch)).await?;
            tx.commit().await?;
            self.line = last;
        }
        let brought = reading.await.map_err(|_| base::Error::Stopped)??;
        if let Some(next) = Kind::ALL.into_iter().find(|kind| *kind > R::KIND) {
            self.turn(next.slug()).await?;
        }
        Ok(brought)
    }

    fn store(&self) -> Made<&StoreId> {
        self.store.as_ref().ok_or(Stop::Elsewhere)
    }

    /// A photo of the file, as it is called here. The file was looked over: it is there.
    fn photo(&self, id: &PhotoId) -> Made<PhotoId> {
        let missing = || Stop::Refused(Refusal { slug: "photo-missing", at: id.to_string() });
        self.photos.get(id).cloned().ok_or_else(missing)
    }

    fn photos(&self, ids: &[PhotoId]) -> Made<Vec<PhotoId>> {
        let mut here = Vec::with_capacity(ids.len());
        for id in ids {
            let photo = self.photo(id)?;
            // Two photos of the file may have been the same picture.
            if !here.contains(&photo) {
                here.push(photo);
            }
        }
        Ok(here)
    }

    fn product(&self, id: &Option<ProductId>) -> Option<ProductId> {
        id.as_ref().and_then(|id| self.products.get(id).cloned())
    }

    /// A rule about the goods as they are called here; `true`: it is about nothing that came along.
    fn rule(&self, rule: &Rule) -> (Rule, bool) {
        let products: Vec<ProductId> =
            rule.products.iter().filter_map(|id| self.products.get(id).cloned()).collect();
        let is_pointless = products.is_empty() && !rule.products.is_empty();
        (Rule { products: Listing(products), ..rule.clone() }, is_pointless)
    }

    /// Keeps history: it is read, and taken along again.
    async fn keep<R: Record>(&self, tx: &mut Tx, records: Vec<(u64, R, Option<ProductId>)>) -> Made {
        let rows = records.iter().map(|(place, record, product)| {
            let body = serde_json::to_string(record)?;
            Ok(json!({ "place": place, "body": body, "product": product }))
        });
        let rows: Vec<_> = rows.collect::<serde_json::Result<_>>().map_err(base::Error::from)?;
        sql!(run tx,
            "insert into moved_records (store_id, kind, place, product_id, body)
             select $2, $3, cast(j.value ->> 'place' as bigint), j.value ->> 'product', j.value ->> 'body'
             from json_each($1) as j", set::of(&rows)?, self.store()?, R::KIND.slug())?;
        Ok(())
    }
}

/// Records with the numbers of their lines, so many at a time.
type Batches<R> = mpsc::Receiver<Vec<(u64, R)>>;

/// Reads the lines of a kind on a thread of their own, so many at a time.
fn read<R: Record>(
    mut brought: Brought,
    from: u64,
    each: usize,
) -> (Batches<R>, JoinHandle<std::result::Result<Brought, Refusal>>) {
    let (batches, inbox) = mpsc::channel(2);
    let reading = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(each);
        brought.lines::<R>(from, u64::MAX, |number, record| {
            batch.push((number, record));
            if batch.len() == each {
                // Nobody listens any more: the work was stopped, and what is read is not used.
                let _ = batches.blocking_send(std::mem::take(&mut batch));
            }
            Ok(())
        })?;
        if !batch.is_empty() {
            let _ = batches.blocking_send(batch);
        }
        Ok(brought)
    });
    (inbox, reading)
}

/// Something that can be made of lines.
trait Makes: Record + Sized {
    fn make(
        making: &mut Making<'_>,
        tx: &mut Tx,
        batch: Vec<(u64, Self)>,
    ) -> impl Future<Output = Made> + Send;
}

impl Makes for Profile {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, Profile)>) -> Made {
        for (line, profile) in batch {
            let wrong =
                |_| Stop::Refused(Refusal { slug: "store", at: format!("{}:{line}", Kind::Store.path()) });
            let mut new = store::checked(new_store(&profile)).map_err(wrong)?;
            new.picture = profile.picture.as_ref().map(|id| making.photo(id)).transpose()?;
            let wished = if new.slug.is_empty() { slug::of(&new.name.ko) } else { new.slug.clone() };
            let address = slug::free(tx, &wished).await?;
            let id = StoreId::new(making.now_ms);
            let (owner, key) = (&making.arrival.person_id, format!("moved:{}", making.arrival.id));
            if !store::insert(tx, &id, owner, &key, &address, &new, making.now_ms).await? {
                return Err(Stop::Elsewhere);
            }
            // Shut until its owner opens it, whatever stands in the file.
            sql!(run &mut *tx,
                "update stores set listed = false, pickup_days = $2 where id = $1", &id, profile.pickup_days.clamp(1, 30))?;
            let opening = profile.opening.checked().map_err(wrong)?;
            hours::lay(tx, &id, &opening, making.now_ms).await?;
            for (place, words) in profile.phrases.iter().enumerate() {
                sql!(run &mut *tx,
                    "insert into phrases (id, store_id, words, made_at_ms) values ($1, $2, $3, $4) on conflict do nothing",
                    base::Id::<()>::new(making.now_ms).as_str(), &id, words, making.now_ms + place as i64)?;
            }
            for rate in &profile.rates {
                sql!(run &mut *tx,
                    "insert into settlement_rates (store_id, method, rate_ppm, each_won, changed_at_ms)
                     values ($1, $2, $3, $4, $5) on conflict do nothing",
                    &id, &rate.method, rate.rate_ppm, rate.each_won, making.now_ms)?;
            }
            sql!(run &mut *tx, "update arrivals set store_id = $2 where id = $1", &making.arrival.id, &id)?;
            making.store = Some(id);
        }
        Ok(())
    }
}

impl Makes for Goods {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, Goods)>) -> Made {
        let store = making.store()?.clone();
        for (line, goods) in batch {
            let wrong = || {
                Stop::Refused(Refusal { slug: "product", at: format!("{}:{line}", Kind::Products.path()) })
            };
            let photos = making.photos(&goods.product.photos)?;
            let draft = draft::checked(Draft { photos, ..goods.product }).map_err(|_| wrong())?;
            // This market may want more told than the one it comes from.
            let resting = draft.resting || !draft.lacking().is_empty();
            let draft = Draft { resting, ..draft };
            let key = format!("moved:{}", goods.id);
            let id = match draft::create_in(tx, &store, &key, &draft, making.now_ms).await {
                Ok(id) => id,
                Err(Error::Invalid(_)) => return Err(wrong()),
                Err(error) => return Err(error.into()),
            };
            // Out of sight until all of the store is there.
            sql!(run &mut *tx,
                "update products set removed_at_ms = $2, created_at_ms = $3 where id = $1",
                &id, making.now_ms, goods.created_at_ms.clamp(0, making.now_ms))?;
            let lows: Vec<_> = goods
                .low_at
                .iter()
                .enumerate()
                .map(|(place, low)| json!({ "place": place, "low": low }))
                .collect();
            sql!(run &mut *tx,
                "update stock_levels set low_at = (
                     select cast(j.value ->> 'low' as bigint) from json_each($2) as j
                     join variants v on v.place = cast(j.value ->> 'place' as bigint)
                     where v.id = stock_levels.variant_id)
                 where product_id = $1 and variant_id in (
                     select v.id from variants v
                     where v.product_id = $1 and v.place in (
                         select cast(j.value ->> 'place' as bigint) from json_each($2) as j))", &id, set::of(&lows)?)?;
            making.products.insert(goods.id, id);
        }
        Ok(())
    }
}

impl Makes for Label {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, Label)>) -> Made {
        for (_, said) in batch {
            let Some(id) = making.products.get(&said.product) else { continue };
            // The making of the product wrote its first edition; the history takes that one's place, and the words of
            // today are the last edition whatever the file says.
            let told = serde_json::to_string(&said.told).map_err(base::Error::from)?;
            sql!(run &mut *tx,
                "insert into label_records (product_id, edition, store_id, told, from_ms) values ($1, $2, $3, $4, $5)
                 on conflict (product_id, edition) do update set told = excluded.told, from_ms = excluded.from_ms",
                id, said.edition, making.store()?, &told, said.from_ms.clamp(0, making.now_ms))?;
            let product: crate::product::Product =
                sql!(one &mut *tx, "select * from products where id = $1", id)?;
            let now = serde_json::to_string(&label::Told::of(&product)).map_err(base::Error::from)?;
            if told != now {
                label::keep(tx, id, &label::Told::of(&product), making.now_ms).await?;
            }
        }
        Ok(())
    }
}

impl Makes for PriceChange {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, PriceChange)>) -> Made {
        let wanted: Vec<_> =
            batch.iter().filter_map(|(_, said)| making.products.get(&said.product)).collect();
        let variants: Vec<(ProductId, i64, VariantId)> = sql!(all &mut *tx,
            "select product_id, place, id from variants
             where retired = false and product_id in (select j.value ->> 'id' from json_each($1) as j)",
            set::ids(wanted)?)?;
        let variants: HashMap<(ProductId, i64), VariantId> =
            variants.into_iter().map(|(product, place, id)| ((product, place), id)).collect();
        let rows = batch.iter().filter_map(|(_, said)| {
            let product = making.products.get(&said.product)?;
            let variant = variants.get(&(product.clone(), said.variant))?;
            let at_ms = said.at_ms.clamp(0, making.now_ms);
            Some(json!({
                "id": base::Id::<()>::new(at_ms).as_str(), "variant": variant, "was": said.was_won,
                "now": said.now_won, "at": at_ms,
            }))
        });
        let rows: Vec<_> = rows.collect();
        sql!(run &mut *tx,
            "insert into price_changes (id, batch, store_id, variant_id, was_won, now_won, at_ms)
             select j.value ->> 'id', 'moved:' || (j.value ->> 'id'), $2, j.value ->> 'variant',
                 cast(j.value ->> 'was' as bigint), cast(j.value ->> 'now' as bigint),
                 cast(j.value ->> 'at' as bigint)
             from json_each($1) as j", set::of(&rows)?, making.store()?)?;
        Ok(())
    }
}

impl Makes for Promo {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, Promo)>) -> Made {
        let store = making.store()?.clone();
        for (line, promo) in batch {
            let (rule, is_pointless) = making.rule(&promo.rule);
            let ended = (promo.ended || is_pointless).then_some(making.now_ms);
            sql!(run &mut *tx,
                "insert into promotions (id, store_id, key, body_hash, name, name_en, gives, percent, amount_won, most_won,
                     least_won, from_quantity, first_order, products, starts_at_ms, ends_at_ms, ended_at_ms,
                     created_at_ms, changed_at_ms)
                 values ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
                base::Id::<()>::new(making.now_ms).as_str(), &store, format!("moved:{}", promo.id), &promo.name.ko,
                &promo.name.en, rule.gives, rule.percent, rule.amount_won, rule.most_won, rule.least_won,
                promo.from_quantity, promo.first_order, rule.products.to_column(), promo.starts_at_ms,
                promo.ends_at_ms, ended, making.now_ms + line as i64, making.now_ms)?;
        }
        promotion::tell_store(tx, &store).await?;
        Ok(())
    }
}

impl Makes for Voucher {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, Voucher)>) -> Made {
        let store = making.store()?.clone();
        for (line, voucher) in batch {
            let (rule, is_pointless) = making.rule(&voucher.rule);
            let ended = (voucher.ended || is_pointless).then_some(making.now_ms);
            sql!(run &mut *tx,
                "insert into coupons (id, store_id, key, body_hash, code, code_key, name, name_en, gives, percent,
                     amount_won, most_won, least_won, products, quantity, redeemed, per_buyer, ends_at_ms, ended_at_ms,
                     created_at_ms, changed_at_ms, by_claim)
                 values ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16, $17, $18, $19, $20)",
                base::Id::<()>::new(making.now_ms).as_str(), &store, format!("moved:{}", voucher.id), &voucher.code,
                coupon::key_of(&voucher.code), &voucher.name.ko, &voucher.name.en, rule.gives, rule.percent,
                rule.amount_won, rule.most_won, rule.least_won, rule.products.to_column(), voucher.quantity.max(1),
                voucher.per_buyer, voucher.ends_at_ms, ended, making.now_ms + line as i64, making.now_ms,
                voucher.by_claim)?;
        }
        Ok(())
    }
}

impl Makes for PastOrder {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, PastOrder)>) -> Made {
        let records = batch.into_iter().map(|(line, mut order)| {
            for bought in &mut order.lines {
                bought.product = making.product(&bought.product);
            }
            (line, order, None)
        });
        let records = records.collect();
        making.keep(tx, records).await
    }
}

impl Makes for Follower {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, Follower)>) -> Made {
        making.keep(tx, batch.into_iter().map(|(line, record)| (line, record, None)).collect()).await
    }
}

impl Makes for PastReview {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, PastReview)>) -> Made {
        let mut records = Vec::with_capacity(batch.len());
        for (line, review) in batch {
            let photos = making.photos(&review.photos)?;
            let product = making.product(&review.product);
            records.push((line, PastReview { photos, product: product.clone(), ..review }, product));
        }
        making.keep(tx, records).await
    }
}

impl Makes for PastQuestion {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, PastQuestion)>) -> Made {
        let records = batch.into_iter().map(|(line, question)| {
            let product = making.product(&question.product);
            (line, PastQuestion { product: product.clone(), ..question }, product)
        });
        let records = records.collect();
        making.keep(tx, records).await
    }
}

impl Makes for PastShow {
    async fn make(making: &mut Making<'_>, tx: &mut Tx, batch: Vec<(u64, PastShow)>) -> Made {
        let records = batch.into_iter().map(|(line, show)| {
            let products = show.products.iter().filter_map(|id| making.products.get(id).cloned()).collect();
            (line, PastShow { products, ..show }, None)
        });
        let records = records.collect();
        making.keep(tx, records).await
    }
}
