//! Packing a store: a job reads it page by page into one file, keeps that among the blobs for three days, and throws it
//! away. Only the owner asks for it and only the owner fetches it; every step is written down.

use std::collections::BTreeSet;

use base::jobs::Job;
use base::{Db, Id, jobs, sql};
use bytes::{BufMut, Bytes, BytesMut};
use futures::stream;
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use tokio::io::AsyncReadExt;

use super::format::{FORMAT, Ground, Kind, LeftOut, Manifest, PastOrder, PastReview, Record, VERSION};
use super::pack::{Packer, hex};
use super::read::{self, first};
use super::{Logged, log, read_orders, unpack};
use crate::photo::{self, PhotoId};
use crate::product::ProductId;
use crate::{Error, Result, Shop, showing, store};

/// Names an export in [`ExportId`].
pub enum ExportMark {}
/// The id of an export.
pub type ExportId = Id<ExportMark>;

/// How long a file waits to be fetched.
pub(super) const KEPT_MS: i64 = 3 * 24 * 3_600_000;
/// Files a store may ask for in a day.
const A_DAY: i64 = 10;
const DAY_MS: i64 = 24 * 3_600_000;
/// Rows read at once.
const PAGE: i64 = 100;
/// Bytes read at once from the finished file.
const PIECE: usize = 256 * 1024;
const PACK: &str = "shop.pack-store";
const ERASE: &str = "shop.erase-packed-store";

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum State {
    Running,
    Ready,
    Failed,
    Erased,
}

/// An export as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Export {
    pub id: ExportId,
    pub store_id: StoreId,
    pub state: State,
    pub done: i64,
    pub total: i64,
    pub bytes: i64,
    pub sha256: String,
    pub asked_at_ms: i64,
    pub expires_at_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Named {
    export: ExportId,
}

/// Where the finished file lies.
fn blob(id: &ExportId) -> String {
    format!("moving/out/{id}.zip")
}

/// Asks for the file. The same `key` gives the same export, and one that is under way is the one.
pub(super) async fn ask(shop: &Shop, store: &StoreId, owner: &PersonId, key: &str) -> Result<ExportId> {
    let now_ms = shop.base.clock.now_ms();
    let id = ExportId::new(now_ms);
    let total = read::total(&shop.base.db, store).await?;
    let mut tx = shop.base.db.begin().await?;
    // Of two taps at once the second waits here and finds what the first made.
    sql!(run &mut tx, "update stores set changed_at_ms = changed_at_ms where id = $1", store)?;
    let known: Option<ExportId> = sql!(maybe &mut tx,
        "select id from exports where store_id = $1 and (key = $2 or state = 'running')
         order by case when key = $2 then 0 else 1 end limit 1", store, key)?;
    if let Some(known) = known {
        tx.rollback().await?;
        return Ok(known);
    }
    let today: i64 = sql!(value &mut tx,
        "select count(*) from exports where store_id = $1 and asked_at_ms > $2", store, now_ms - DAY_MS)?;
    if today >= A_DAY {
        tx.rollback().await?;
        return Err(Error::MovingEnough);
    }
    sql!(run &mut tx,
        "insert into exports (id, store_id, key, asked_by, state, total, asked_at_ms)
         values ($1, $2, $3, $4, 'running', $5, $6)", &id, store, key, owner, total, now_ms)?;
    log(&mut tx, Some(store), owner, id.as_str(), Logged::Asked, now_ms).await?;
    jobs::put(&mut tx, PACK, &Named { export: id.clone() }).await?;
    tx.commit().await?;
    Ok(id)
}

/// An export of this store and no other.
pub(super) async fn find(db: &Db, store: &StoreId, id: &ExportId) -> Result<Export> {
    sql!(opt db, "select * from exports where id = $1 and store_id = $2", id, store)?.ok_or(Error::NotFound)
}

/// The latest exports of a store.
pub(super) async fn latest(db: &Db, store: &StoreId, most: i64) -> Result<Vec<Export>> {
    Ok(sql!(all db,
        "select * from exports where store_id = $1 order by asked_at_ms desc, id desc limit $2", store, most)?)
}

/// The file, piece by piece; it is written down who took it.
pub(super) async fn fetch(
    shop: &Shop,
    store: &StoreId,
    owner: &PersonId,
    id: &ExportId,
) -> Result<(u64, stream::BoxStream<'static, base::Result<Bytes>>)> {
    let now_ms = shop.base.clock.now_ms();
    let export = find(&shop.base.db, store, id).await?;
    let is_there = export.state == State::Ready && export.expires_at_ms.is_some_and(|at| at > now_ms);
    if !is_there {
        return Err(Error::MovingGone);
    }
    let file = shop.base.blobs.get_stream(&blob(id)).await?.ok_or(Error::MovingGone)?;
    let mut tx = shop.base.db.begin().await?;
    log(&mut tx, Some(store), owner, id.as_str(), Logged::Fetched, now_ms).await?;
    tx.commit().await?;
    Ok(file)
}

/// Throws the file away, now.
pub(super) async fn erase(shop: &Shop, store: &StoreId, owner: &PersonId, id: &ExportId) -> Result<()> {
    let export = find(&shop.base.db, store, id).await?;
    if export.state == State::Erased {
        return Ok(());
    }
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let erased =
        sql!(run &mut tx, "update exports set state = 'erased' where id = $1 and state <> 'erased'", id)?;
    if erased == 1 {
        log(&mut tx, Some(store), owner, id.as_str(), Logged::Erased, now_ms).await?;
    }
    tx.commit().await?;
    Ok(shop.base.blobs.delete(&blob(id)).await?)
}

pub(super) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let packing = shop.clone();
    workers.on(PACK, move |job: Job| {
        let shop = packing.clone();
        async move {
            let Named { export } = job.payload()?;
            Box::pin(run(&shop, &export)).await
        }
    });
    let erasing = shop.clone();
    workers.on(ERASE, move |job: Job| {
        let shop = erasing.clone();
        async move {
            let Named { export } = job.payload()?;
            let mut tx = shop.base.db.begin().await?;
            sql!(run &mut tx, "update exports set state = 'erased' where id = $1", &export)?;
            tx.commit().await?;
            shop.base.blobs.delete(&blob(&export)).await?;
            Ok::<_, Error>(())
        }
    });
}

/// The job: what broke off is begun anew, because a half-packed file is none.
async fn run(shop: &Shop, id: &ExportId) -> Result<()> {
    let found: Option<Export> =
        sql!(opt & shop.base.db, "select * from exports where id = $1 and state = 'running'", id)?;
    let Some(export) = found else { return Ok(()) };
    match pack(shop, &export).await {
        Ok(Some((bytes, sha256))) => {
            let now_ms = shop.base.clock.now_ms();
            let mut tx = shop.base.db.begin().await?;
            let ready = sql!(run &mut tx,
                "update exports set state = 'ready', bytes = $2, sha256 = $3, ready_at_ms = $4, expires_at_ms = $5,
                     total = done
                 where id = $1 and state = 'running'", id, bytes as i64, sha256, now_ms, now_ms + KEPT_MS)?;
            jobs::put_at(&mut tx, ERASE, &Named { export: id.clone() }, now_ms + KEPT_MS).await?;
            tx.commit().await?;
            if ready == 0 {
                shop.base.blobs.delete(&blob(id)).await?;
            }
            Ok(())
        }
        // It was thrown away meanwhile.
        Ok(None) => Ok(()),
        Err(Error::MovingTooLarge) => {
            let mut tx = shop.base.db.begin().await?;
            sql!(run &mut tx, "update exports set state = 'failed' where id = $1 and state = 'running'", id)?;
            tx.commit().await?;
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// What is being packed.
struct Packing<'a> {
    shop: &'a Shop,
    export: &'a Export,
    packer: Packer,
    photos: BTreeSet<PhotoId>,
    now_ms: i64,
    key: aws_lc_rs::hmac::Key,
    done: i64,
}

async fn pack(shop: &Shop, export: &Export) -> Result<Option<(u64, String)>> {
    let store = store::find(&shop.base.db, &export.store_id).await?;
    let mut packing = Packing {
        shop,
        export,
        packer: Packer::begin(readme(&store.name))?,
        photos: BTreeSet::new(),
        now_ms: shop.base.clock.now_ms(),
        key: shop.seal.key(&shop.base).await?,
        done: 0,
    };
    if !packing.everything(&store).await? {
        return Ok(None);
    }
    let manifest = manifest(&store.name, packing.now_ms);
    let file = packing.packer.end(manifest).await?;
    let bytes = file.metadata().map(|known| known.len()).unwrap_or(u64::MAX);
    if bytes > unpack::MAX_BYTES {
        return Err(Error::MovingTooLarge);
    }
    let hash = std::sync::Arc::new(std::sync::Mutex::new(Sha256::new()));
    let hashing = hash.clone();
    let pieces = stream::try_unfold(tokio::fs::File::from_std(file), move |mut file| {
        let hashing = hashing.clone();
        async move {
            let mut piece = BytesMut::with_capacity(PIECE);
            let read = file.read_buf(&mut piece).await.map_err(|_| Error::Internal(base::Error::Stopped))?;
            if let Ok(mut hash) = hashing.lock() {
                hash.update(&piece);
            }
            Ok::<_, Error>((read > 0).then(|| (piece.freeze(), file)))
        }
    });
    let kept = shop.base.blobs.put_stream(&blob(&export.id), Box::pin(pieces)).await?;
    let digest = hash.lock().map(|hash| hash.clone().finalize()).map_err(|_| base::Error::Stopped)?;
    Ok(Some((kept, hex(&digest))))
}

impl Packing<'_> {
    /// `false`: nobody wants it any more.
    async fn everything(&mut self, store: &store::Store) -> Result<bool> {
        let (db, id) = (&self.shop.base.db, &self.export.store_id);
        let profile = read::profile(db, store).await?;
        self.photos.extend(profile.picture.clone());
        self.begin(Kind::Store).await?;
        self.lines(&[profile]).await?;

        let mut products: Vec<ProductId> = Vec::new();
        self.begin(Kind::Products).await?;
        let mut after = first();
        loop {
            let page = read::goods(db, id, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.created_at_ms, last.id.to_string());
            products.extend(page.iter().map(|goods| goods.id.clone()));
            self.photos.extend(page.iter().flat_map(|goods| goods.product.photos.iter().cloned()));
            if !self.counted(&page).await? {
                return Ok(false);
            }
        }
        self.begin(Kind::Labels).await?;
        for some in products.chunks(PAGE as usize) {
            self.lines(&read::labels(db, some).await?).await?;
        }
        self.begin(Kind::Prices).await?;
        for some in products.chunks(PAGE as usize) {
            self.lines(&read::prices(db, some).await?).await?;
        }
        drop(products);
        self.begin(Kind::Promotions).await?;
        self.lines(&read::promotions(db, id, self.now_ms).await?).await?;
        self.begin(Kind::Coupons).await?;
        self.lines(&read::coupons(db, id, self.now_ms).await?).await?;
        Ok(self.history().await? && self.pictures().await?)
    }

    async fn history(&mut self) -> Result<bool> {
        let (db, id) = (&self.shop.base.db, &self.export.store_id);
        let key = self.key.clone();
        let named = |buyer: &str| customer(&key, id, buyer);

        self.begin(Kind::Orders).await?;
        if !self.moved(Kind::Orders).await? {
            return Ok(false);
        }
        let mut after = Some(first());
        while let Some(place) = after {
            let (page, next) = read_orders::orders(db, id, &place, PAGE, self.now_ms, named).await?;
            after = next;
            if !self.counted(&page).await? {
                return Ok(false);
            }
        }
        self.begin(Kind::Customers).await?;
        let mut going = self.moved(Kind::Customers).await?;
        let mut after = Some(first());
        while let Some(place) = after.filter(|_| going) {
            let (page, next) = read::followers(db, id, &place, PAGE, named).await?;
            after = next;
            going = self.counted(&page).await?;
        }
        self.begin(Kind::Reviews).await?;
        going = going && self.moved(Kind::Reviews).await?;
        let mut after = Some(first());
        while let Some(place) = after.filter(|_| going) {
            let (page, next) = read::reviews(db, id, &place, PAGE).await?;
            after = next;
            self.photos.extend(page.iter().flat_map(|review| review.photos.iter().cloned()));
            going = self.counted(&page).await?;
        }
        self.begin(Kind::Questions).await?;
        going = going && self.moved(Kind::Questions).await?;
        let mut after = Some(first());
        while let Some(place) = after.filter(|_| going) {
            let (page, next) = read::questions(db, id, &place, PAGE).await?;
            after = next;
            going = self.counted(&page).await?;
        }
        self.begin(Kind::Shows).await?;
        going = going && self.moved(Kind::Shows).await?;
        self.lines(&showing::past(self.shop, id).await?).await?;
        Ok(going)
    }

    /// The photos, each in the largest width that is kept.
    async fn pictures(&mut self) -> Result<bool> {
        let photos = std::mem::take(&mut self.photos);
        for (at, id) in photos.iter().enumerate() {
            let jpeg = match photo::read(self.shop, id, photo::WIDTHS[photo::WIDTHS.len() - 1]).await {
                Ok(jpeg) => jpeg,
                // Lost from the blobs: the rest is worth more than a file that is never finished.
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            self.packer.file(&unpack::photo_path(id), false).await?;
            self.packer.bytes(jpeg, 1).await?;
            self.done += 1;
            if at % PAGE as usize == 0 && !self.tell().await? {
                return Ok(false);
            }
        }
        self.tell().await
    }

    /// What the store brought along from elsewhere stands before what it did here.
    async fn moved(&mut self, kind: Kind) -> Result<bool> {
        let (db, id) = (&self.shop.base.db, &self.export.store_id);
        let mut after = -1;
        loop {
            let page = read::moved(db, id, kind, after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(true) };
            after = *last;
            let mut bytes = BytesMut::new();
            for (_, body) in &page {
                let body = self.renewed(kind, body)?;
                bytes.put_slice(body.as_bytes());
                bytes.put_u8(b'\n');
            }
            self.packer.bytes(bytes.freeze(), page.len() as u64).await?;
            self.done += page.len() as i64;
            if !self.tell().await? {
                return Ok(false);
            }
        }
    }

    /// A record from elsewhere as it may be taken along today.
    fn renewed(&mut self, kind: Kind, body: &str) -> Result<String> {
        match kind {
            Kind::Orders => {
                let mut order: PastOrder = serde_json::from_str(body).map_err(base::Error::from)?;
                if order.placed_at_ms <= self.now_ms - read_orders::KEPT_MS {
                    order.to = None;
                }
                Ok(serde_json::to_string(&order).map_err(base::Error::from)?)
            }
            Kind::Reviews => {
                let review: PastReview = serde_json::from_str(body).map_err(base::Error::from)?;
                self.photos.extend(review.photos);
                Ok(body.to_owned())
            }
            _ => Ok(body.to_owned()),
        }
    }

    async fn begin(&mut self, kind: Kind) -> Result<()> {
        self.packer.file(&kind.path(), true).await
    }

    async fn lines<R: Record>(&mut self, records: &[R]) -> Result<()> {
        let mut bytes = BytesMut::new();
        for record in records {
            serde_json::to_writer((&mut bytes).writer(), record).map_err(base::Error::from)?;
            bytes.put_u8(b'\n');
        }
        self.packer.bytes(bytes.freeze(), records.len() as u64).await
    }

    /// Lines that the progress counts. `false`: nobody wants the file any more.
    async fn counted<R: Record>(&mut self, records: &[R]) -> Result<bool> {
        self.lines(records).await?;
        self.done += records.len() as i64;
        if records.is_empty() { Ok(true) } else { self.tell().await }
    }

    async fn tell(&self) -> Result<bool> {
        let mut tx = self.shop.base.db.begin().await?;
        let told = sql!(run &mut tx,
            "update exports set done = $2 where id = $1 and state = 'running'", &self.export.id, self.done)?;
        tx.commit().await?;
        Ok(told == 1)
    }
}

/// A buyer's name in the file: the same for all they bought here, and nothing that leads back to them.
fn customer(key: &aws_lc_rs::hmac::Key, store: &StoreId, buyer: &str) -> String {
    let tag = aws_lc_rs::hmac::sign(key, format!("moving {store} {buyer}").as_bytes());
    hex(&tag.as_ref()[..12])
}

fn readme(name: &str) -> String {
    format!(
        "{name}\n\nThis file is a whole store of Dangol: open it with Dangol, at /sell/import, or read it with any program.\n\
         manifest.json says what is in it; data/*.jsonl hold one JSON object a line; photos/ holds the photos.\n\
         It holds names, phones and addresses of customers: keep it where nobody else gets at it.\n"
    )
}

fn manifest(name: &str, now_ms: i64) -> Manifest {
    let ground = |kind: Kind, fields: &[&str], ground: &str| Ground {
        kind: kind.slug().to_owned(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        ground: ground.to_owned(),
    };
    let left_out = |what: &str, why: &str| LeftOut { what: what.to_owned(), why: why.to_owned() };
    Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        made_at_ms: now_ms,
        program: format!("dangol {}", env!("CARGO_PKG_VERSION")),
        name: name.to_owned(),
        files: Vec::new(),
        grounds: vec![
            ground(
                Kind::Store,
                &["identity"],
                "전자상거래법 §10: the seller's own particulars, which every page shows",
            ),
            ground(
                Kind::Orders,
                &["to"],
                "개인정보보호법 §15(1)4, 전자상거래법 §6 and its decree §6: the seller's records of contract, payment and delivery, five years; \
                 only of orders that were paid",
            ),
            ground(
                Kind::Orders,
                &["buyer"],
                "a name made up for this store, which says only that two orders are one buyer's",
            ),
            ground(
                Kind::Orders,
                &["returns.words"],
                "전자상거래법 §6 and its decree §6: records of complaints, three years at least",
            ),
            ground(
                Kind::Customers,
                &["customer", "since_ms", "consents"],
                "to follow is the follower's own act; no name and no address goes along",
            ),
            ground(
                Kind::Reviews,
                &["name", "words", "photos"],
                "published by its writer, with a masked name",
            ),
            ground(
                Kind::Questions,
                &["name", "words"],
                "asked of this seller; a secret one is marked as such",
            ),
        ],
        left_out: vec![
            left_out(
                "names, phones and e-mail addresses of followers",
                "what they agreed to, they agreed with the market; giving it to another needs their own consent (개인정보보호법 §17)",
            ),
            left_out("who buyers are at the market", "an account is between the market and its holder"),
            left_out(
                "receipts' addresses of orders that were never paid",
                "no contract came about that would need them",
            ),
            left_out(
                "keys and contracts with payment companies",
                "they are the store's with that market's operator",
            ),
            left_out("recordings and short films", "their size; each can be saved by itself at the show"),
            left_out("chat", "what people said in a show is theirs, and is erased with it"),
        ],
    }
}
