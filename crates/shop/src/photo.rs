//! Photos: judged by their content, turned upright, stripped of everything but the picture, and kept in
//! three widths under the hash of what was sent, so that the same photo is kept once and never changes.

use std::fmt;
use std::str::FromStr;

use base::{Tx, sql};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::PhotoFault;
use crate::{Error, Result, Shop, set};

pub(crate) mod api;
mod render;
pub(crate) mod serve;

/// The widths we keep. Smaller than the smallest, a picture is kept as it is.
pub const WIDTHS: [u32; 3] = [240, 480, 960];
/// The largest file of one photo.
pub const MAX_BYTES: usize = 15 * 1024 * 1024;
/// Hexadecimal digits of the hash that name a photo.
const ID: usize = 40;

/// A photo's id: the hash of the file it came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct PhotoId(String);

impl PhotoId {
    fn of(file: &[u8]) -> PhotoId {
        let hash: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
        PhotoId(hash[..ID].to_owned())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhotoId {
    type Err = base::id::NotAnId;
    fn from_str(text: &str) -> Result<PhotoId, base::id::NotAnId> {
        let fits = text.len() == ID && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if fits { Ok(PhotoId(text.to_owned())) } else { Err(base::id::NotAnId) }
    }
}

impl fmt::Display for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PhotoId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PhotoId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PhotoId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for PhotoId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <String as utoipa::PartialSchema>::schema()
    }
}

impl utoipa::ToSchema for PhotoId {}

/// Keeps a photo and gives its id. The same file gives the same id.
pub async fn add(shop: &Shop, file: Bytes) -> Result<PhotoId> {
    if file.len() > MAX_BYTES {
        return Err(Error::Photo(PhotoFault::TooManyBytes));
    }
    let id = PhotoId::of(&file);
    if is_kept(shop, &id).await? {
        return Ok(id);
    }
    let rendered = {
        // Decoding is the heaviest work of the shop: a few at once, never on the request threads.
        let _turn = shop.darkroom.acquire().await.map_err(|_| base::Error::Stopped)?;
        tokio::task::spawn_blocking(move || render::all(&file)).await.map_err(|_| base::Error::Stopped)??
    };
    for (width, jpeg) in rendered.jpegs {
        shop.base.blobs.put(&blob(&id, width), jpeg.into()).await?;
    }
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "insert into photos (id, width, height, added_at_ms) values ($1, $2, $3, $4) on conflict (id) do nothing",
        &id, rendered.width, rendered.height, shop.base.clock.now_ms())?;
    tx.commit().await?;
    Ok(id)
}

/// A photo in one of our widths.
pub async fn read(shop: &Shop, id: &PhotoId, width: u32) -> Result<Bytes> {
    if !WIDTHS.contains(&width) {
        return Err(Error::NotFound);
    }
    shop.base.blobs.get(&blob(id, width)).await?.ok_or(Error::NotFound)
}

/// Refuses photos that nobody uploaded.
pub(crate) async fn require(tx: &mut Tx, photos: &[PhotoId]) -> Result<()> {
    if photos.is_empty() {
        return Ok(());
    }
    let known: i64 = sql!(value tx,
        "select count(*) from photos where id in (select j.value ->> 'id' from json_each($1) as j)",
        set::ids(photos)?)?;
    let mut once: Vec<_> = photos.iter().collect();
    once.sort_unstable();
    once.dedup();
    if known == once.len() as i64 && once.len() == photos.len() {
        Ok(())
    } else {
        Err(Error::Invalid(vec![("photos".to_owned(), "unknown-photo")]))
    }
}

async fn is_kept(shop: &Shop, id: &PhotoId) -> Result<bool> {
    Ok(sql!(value & shop.base.db, "select exists (select 1 from photos where id = $1)", id)?)
}

fn blob(id: &PhotoId, width: u32) -> String {
    format!("photos/{id}/{width}.jpg")
}
