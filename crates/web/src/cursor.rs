//! Cursors: where a list goes on. Opaque to the reader; inside, the last row's sort key and id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// Rows on a page when nobody says.
const DEFAULT_LIMIT: i64 = 20;
/// Rows on a page at the most.
pub const MAX_LIMIT: i64 = 100;

/// `?limit=` and `?cursor=` of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
pub struct Paging {
    /// How many, 1 to 100; 20 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Paging {
    /// The limit, within bounds.
    pub fn limit(&self) -> i64 {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
    }

    /// The sort key and id after which to go on; a damaged cursor is a 400.
    pub fn after(&self) -> Result<Option<(i64, String)>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Problem::bad_request("cursor"))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|_| Problem::bad_request("cursor"))
    }
}

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// Send it back as `?cursor=`; absent on the last page.
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// A page of `limit` rows out of up to `limit + 1` that were read; `key` gives a row's sort key and id.
    pub fn of(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> (i64, String)) -> Listed<T> {
        let more = items.len() as i64 > limit;
        items.truncate(limit.max(0) as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&key(last)).expect("a pair of plain values is JSON"))
        });
        Listed { items, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_a_damaged_one_is_refused() {
        let page = Listed::of(vec![3, 2, 1], 2, |n| (*n, format!("id{n}")));
        assert_eq!(page.items, [3, 2]);
        let paging = Paging { limit: None, cursor: page.next_cursor };
        assert_eq!(paging.after().unwrap(), Some((2, "id2".to_owned())));
        let damaged = Paging { limit: None, cursor: Some("!".into()) };
        assert!(damaged.after().is_err());
        assert_eq!(Listed::of(vec![1], 2, |n| (*n, String::new())).next_cursor, None);
    }
}
