//! Ids: UUIDv7 as text, typed by what they name, so that a store's id never passes for an order's.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::database::Database;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;

/// The id of a `K`. Ids sort by the time they were made.
pub struct Id<K>(String, PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// A new id for something made at `now_ms`.
    pub fn new(now_ms: i64) -> Id<K> {
        let ms = now_ms.max(0) as u64;
        let time = uuid::Timestamp::from_unix(uuid::NoContext, ms / 1000, (ms % 1000) as u32 * 1_000_000);
        Id(uuid::Uuid::new_v7(time).to_string(), PhantomData)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same id read as naming something else, where one row owns two names.
    pub fn cast<L>(&self) -> Id<L> {
        Id(self.0.clone(), PhantomData)
    }
}

/// The text was not an id: a mistyped or hostile path.
#[derive(Debug, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl<K> FromStr for Id<K> {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Id<K>, NotAnId> {
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| NotAnId)?;
        Ok(Id(uuid.to_string(), PhantomData))
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Id<K> {
        Id(self.0.clone(), PhantomData)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Id<K>) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Id<K>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Id<K>) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id<K>, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<K, DB: Database> sqlx::Type<DB> for Id<K>
where
    String: sqlx::Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as sqlx::Type<DB>>::type_info()
    }
    fn compatible(ty: &DB::TypeInfo) -> bool {
        <String as sqlx::Type<DB>>::compatible(ty)
    }
}

impl<'q, K, DB: Database> sqlx::Encode<'q, DB> for Id<K>
where
    String: sqlx::Encode<'q, DB>,
{
    fn encode_by_ref(&self, buf: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.encode_by_ref(buf)
    }
}

impl<'r, K, DB: Database> sqlx::Decode<'r, DB> for Id<K>
where
    String: sqlx::Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Id<K>, BoxDynError> {
        Ok(Id(<String as sqlx::Decode<DB>>::decode(value)?, PhantomData))
    }
}

impl<K> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <String as utoipa::PartialSchema>::schema()
    }
}

impl<K> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fish;

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let (early, late) = (Id::<Fish>::new(1_000), Id::<Fish>::new(2_000));
        assert!(early < late);
        assert_eq!(early.to_string().parse::<Id<Fish>>().unwrap(), early);
    }

    #[test]
    fn a_path_that_is_no_id_is_refused() {
        for text in ["", "1", "../../etc/passwd", "' or 1=1 --"] {
            assert!(text.parse::<Id<Fish>>().is_err());
        }
    }
}
