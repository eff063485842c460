//! The detail page: what a product's page tells below its price, block by block. It is composed from what is known of
//! the product; its seller puts the blocks in order, hides some, and writes where they want to.
//!
//! What the law wants told, what it costs to have it sent, and what others asked can be moved and never hidden.
//! A seller works on a draft, looks at it, and shows it; what stood there before comes back with one tap.

use base::{Db, Tx, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::faults::Faults;
use crate::photo::{self, PhotoId};
use crate::product::ProductId;
use crate::text::Text;
use crate::{Error, Result, Shop};

pub(crate) mod api;
pub(crate) mod compose;
pub(crate) mod pages;
pub(crate) mod turn;

/// The longest sentence at the top.
pub(crate) const HOOK: usize = 80;
/// The longest text on keeping and using it.
pub(crate) const CARE: usize = 2_000;
/// Rows of a size table, its heading among them, and cells of a row.
const MAX_ROWS: usize = 25;
const MAX_CELLS: usize = 8;
/// The longest cell.
const CELL: usize = 30;
/// Pictures of a full turn: fewer jump, more nobody sees.
pub(crate) const MOST_TURN: usize = 36;
pub(crate) const LEAST_TURN: usize = 8;

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DetailBlock)]
pub enum Block {
    /// One sentence that makes people stay.
    Hook,
    /// The turn, and large photos.
    Pictures,
    /// How it is made: story blocks and the diary.
    Story,
    /// What the law wants told.
    Ingredients,
    Sizes,
    /// How it is kept and used.
    Care,
    /// Sending, picking up and sending back.
    Delivery,
    /// What was asked about it.
    Questions,
}

impl Block {
    /// The usual order.
    pub const ALL: [Block; 8] = [
        Block::Hook,
        Block::Pictures,
        Block::Story,
        Block::Ingredients,
        Block::Sizes,
        Block::Care,
        Block::Delivery,
        Block::Questions,
    ];

    /// The word for it in forms, and the end of its words' keys.
    pub fn word(self) -> &'static str {
        match self {
            Block::Hook => "hook",
            Block::Pictures => "pictures",
            Block::Story => "story",
            Block::Ingredients => "ingredients",
            Block::Sizes => "sizes",
            Block::Care => "care",
            Block::Delivery => "delivery",
            Block::Questions => "questions",
        }
    }

    /// The block of a word.
    pub fn of(word: &str) -> Option<Block> {
        Block::ALL.into_iter().find(|block| block.word() == word)
    }

    /// Whether a seller may leave it out.
    pub fn may_hide(self) -> bool {
        !matches!(self, Block::Ingredients | Block::Delivery | Block::Questions)
    }
}

/// How a seller lays a product's page out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = DetailPage)]
pub struct Detail {
    /// Blocks in order; those that are not named follow in their usual order.
    pub order: Vec<Block>,
    pub hidden: Vec<Block>,
    /// The seller's own sentence; empty: one is made from the facts.
    pub hook: Text,
    /// The seller's own words on keeping it; empty: the answers that tell of it.
    pub care: Text,
    /// Rows of equal length; the first names the columns.
    pub sizes: Vec<Vec<String>>,
    /// Photos of a full turn, in order.
    pub turn: Vec<PhotoId>,
}

impl Detail {
    /// Every block once, in the seller's order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut all = Vec::with_capacity(Block::ALL.len());
        for block in self.order.iter().copied().chain(Block::ALL) {
            if !all.contains(&block) {
                all.push(block);
            }
        }
        all
    }

    /// Whether shoppers see a block.
    pub fn shows(&self, block: Block) -> bool {
        !block.may_hide() || !self.hidden.contains(&block)
    }

    /// Puts a block at a place, from 0 on.
    pub(crate) fn place(&mut self, block: Block, to: usize) {
        let mut all = self.blocks();
        all.retain(|other| *other != block);
        all.insert(to.min(all.len()), block);
        self.order = all;
    }

    /// Shows or hides a block.
    pub(crate) fn set_hidden(&mut self, block: Block, hidden: bool) {
        self.hidden.retain(|other| *other != block);
        if hidden && block.may_hide() {
            self.hidden.push(block);
        }
    }

    /// Refuses what is too much, or no table.
    fn checked(self) -> Result<Detail> {
        let mut faults = Faults::default();
        let once = |list: &[Block]| list.iter().enumerate().all(|(at, one)| !list[..at].contains(one));
        faults.unless(once(&self.order), "order", "block-twice");
        faults.unless(once(&self.hidden), "hidden", "block-twice");
        faults.unless(self.hidden.iter().all(|block| block.may_hide()), "hidden", "block-needed");
        let hook = Text::new(
            faults.optional("hook", &self.hook.ko, HOOK).replace('\n', " "),
            faults.optional("hook_en", &self.hook.en, HOOK * 2).replace('\n', " "),
        );
        let care = Text::new(
            faults.optional("care", &self.care.ko, CARE),
            faults.optional("care_en", &self.care.en, CARE * 2),
        );
        let sizes: Vec<Vec<String>> = self
            .sizes
            .iter()
            .take(MAX_ROWS + 1)
            .map(|row| {
                row.iter().take(MAX_CELLS + 1).map(|cell| faults.optional("sizes", cell, CELL)).collect()
            })
            .collect();
        faults.unless(sizes.len() <= MAX_ROWS, "sizes", "sizes-many");
        let width = sizes.first().map_or(0, Vec::len);
        faults.unless(width <= MAX_CELLS, "sizes", "sizes-wide");
        let is_table = sizes.is_empty() || sizes.len() > 1 && width > 1;
        let heads = sizes.first().is_none_or(|heads| heads.iter().all(|head| !head.is_empty()));
        faults.unless(
            is_table && heads && sizes.iter().all(|row| row.len() == width),
            "sizes",
            "sizes-shape",
        );
        faults.unless(self.turn.len() <= MOST_TURN, "turn", "turn-many");
        faults.done()?;
        Ok(Detail { hook, care, sizes, ..self })
    }

    fn to_column(&self) -> Result<String> {
        Ok(serde_json::to_string(self).map_err(base::Error::from)?)
    }
}

/// Reads what is kept; nothing for an empty column.
fn read(column: &str) -> Result<Option<Detail>> {
    if column.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(column).map_err(base::Error::from)?))
}

/// A page on its seller's desk.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    pub shown: Detail,
    /// What the seller is working on.
    pub draft: Option<Detail>,
    /// What was shown before.
    pub before: Option<Detail>,
    pub edition: i64,
}

impl Desk {
    /// What the seller's next touch changes.
    pub fn worked_on(&self) -> &Detail {
        self.draft.as_ref().unwrap_or(&self.shown)
    }
}

#[derive(FromRow)]
struct Kept {
    shown: String,
    draft: String,
    before: String,
    edition: i64,
}

impl Kept {
    fn desk(self) -> Result<Desk> {
        Ok(Desk {
            shown: read(&self.shown)?.unwrap_or_default(),
            draft: read(&self.draft)?,
            before: read(&self.before)?,
            edition: self.edition,
        })
    }
}

/// What shoppers see of a product's page, and which edition of its label is told now.
pub async fn of_product(db: &Db, product: &ProductId) -> Result<(Detail, i64)> {
    let (shown, edition): (String, i64) = sql!(one db,
        "select coalesce(d.shown, '') as shown,
             (select coalesce(max(r.edition), 0) from label_records r where r.product_id = p.id) as edition
         from products p left join product_pages d on d.product_id = p.id where p.id = $1", product)?;
    Ok((read(&shown)?.unwrap_or_default(), edition))
}

/// A product's page with its draft. The caller has made sure whose product it is.
pub async fn desk(db: &Db, store: &StoreId, product: &ProductId) -> Result<Desk> {
    let kept: Option<Kept> = sql!(opt db,
        "select shown, draft, before, edition from product_pages where product_id = $1 and store_id = $2",
        product, store)?;
    kept.map(Kept::desk).unwrap_or(Ok(Desk::default()))
}

/// Changes the draft, which begins as what is shown.
pub async fn draft(
    shop: &Shop,
    store: &StoreId,
    product: &ProductId,
    edit: impl FnOnce(&mut Detail) + Send,
) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let mut draft = locked(&mut tx, store, product).await?.worked_on().clone();
    edit(&mut draft);
    let draft = draft.checked()?;
    photo::require(&mut tx, &draft.turn).await?;
    sql!(run &mut tx,
        "insert into product_pages (product_id, store_id, shown, draft, changed_at_ms) values ($1, $2, '', $3, $4)
         on conflict (product_id) do update set draft = excluded.draft, changed_at_ms = excluded.changed_at_ms",
        product, store, draft.to_column()?, shop.base.clock.now_ms())?;
    Ok(tx.commit().await?)
}

/// Shows the draft to everybody. Without one nothing changes.
pub async fn show(shop: &Shop, store: &StoreId, product: &ProductId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    if let Some(draft) = locked(&mut tx, store, product).await?.draft {
        put(&mut tx, store, product, &draft, shop.base.clock.now_ms()).await?;
    }
    Ok(tx.commit().await?)
}

/// Throws the draft away.
pub async fn drop_draft(shop: &Shop, store: &StoreId, product: &ProductId) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    locked(&mut tx, store, product).await?;
    sql!(run &mut tx, "update product_pages set draft = '' where product_id = $1", product)?;
    Ok(tx.commit().await?)
}

/// Brings back what was shown before `edition`; a second tap finds another edition and does nothing.
pub async fn bring_back(shop: &Shop, store: &StoreId, product: &ProductId, edition: i64) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let desk = locked(&mut tx, store, product).await?;
    if let Some(before) = desk.before.filter(|_| desk.edition == edition) {
        put(&mut tx, store, product, &before, shop.base.clock.now_ms()).await?;
    }
    Ok(tx.commit().await?)
}

/// Lays a page out anew and shows it at once.
pub async fn replace(shop: &Shop, store: &StoreId, product: &ProductId, detail: Detail) -> Result<Detail> {
    let detail = detail.checked()?;
    let mut tx = shop.base.db.begin().await?;
    let desk = locked(&mut tx, store, product).await?;
    photo::require(&mut tx, &detail.turn).await?;
    if desk.shown != detail || desk.draft.is_some() {
        put(&mut tx, store, product, &detail, shop.base.clock.now_ms()).await?;
    }
    tx.commit().await?;
    Ok(detail)
}

async fn put(tx: &mut Tx, store: &StoreId, product: &ProductId, detail: &Detail, now_ms: i64) -> Result<()> {
    // The usual layout is written out, so that there is something to come back to.
    let usual = Detail::default().to_column()?;
    sql!(run &mut *tx,
        "insert into product_pages (product_id, store_id, shown, before, edition, changed_at_ms)
         values ($1, $2, $3, $4, 1, $5)
         on conflict (product_id) do update set
             before = case when product_pages.shown = '' then excluded.before else product_pages.shown end,
             shown = excluded.shown, draft = '', edition = product_pages.edition + 1,
             changed_at_ms = excluded.changed_at_ms",
        product, store, detail.to_column()?, usual, now_ms)?;
    sql!(run &mut *tx, "update products set changed_at_ms = $2 where id = $1", product, now_ms)?;
    Ok(())
}

/// The page of a product of this store, which nobody else changes until the transaction ends.
async fn locked(tx: &mut Tx, store: &StoreId, product: &ProductId) -> Result<Desk> {
    let there = sql!(run &mut *tx,
        "update products set changed_at_ms = changed_at_ms
         where id = $1 and store_id = $2 and removed_at_ms is null", product, store)?;
    if there == 0 {
        return Err(Error::NotFound);
    }
    let kept: Option<Kept> = sql!(opt &mut *tx,
        "select shown, draft, before, edition from product_pages where product_id = $1", product)?;
    kept.map(Kept::desk).unwrap_or(Ok(Desk::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_stand_where_they_are_put_and_each_stands_once() {
        let mut detail = Detail { order: vec![Block::Care], ..Detail::default() };
        assert_eq!(detail.blocks()[..3], [Block::Care, Block::Hook, Block::Pictures]);
        detail.place(Block::Questions, 0);
        detail.place(Block::Questions, 0);
        detail.place(Block::Care, 99);
        let all = detail.blocks();
        assert_eq!((all[0], all[7], all.len()), (Block::Questions, Block::Care, Block::ALL.len()));
        detail.set_hidden(Block::Hook, true);
        detail.set_hidden(Block::Ingredients, true);
        assert!(!detail.shows(Block::Hook) && detail.shows(Block::Ingredients));
        assert_eq!(detail.hidden, [Block::Hook]);
    }

    #[test]
    fn a_table_has_rows_of_equal_length() {
        let table = |rows: &[&[&str]]| Detail {
            sizes: rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect(),
            ..Detail::default()
        };
        assert!(table(&[]).checked().is_ok());
        assert!(table(&[&["크기", "총장"], &["M", "70"]]).checked().is_ok());
        for wrong in [
            &[&["크기", "총장"] as &[&str], &["M"]] as &[&[&str]],
            &[&["크기", "총장"]],
            &[&["크기"], &["M"]],
            &[&["", "총장"], &["M", "70"]],
        ] {
            assert!(table(wrong).checked().is_err(), "{wrong:?}");
        }
        let many: Vec<&[&str]> = vec![&["크기", "총장"]; MAX_ROWS + 1];
        assert!(table(&many).checked().is_err());
    }
}
