//! How much of a product is told, and what each gap costs: the shoppers who choose by it do not see the product.

use base::{Db, sql};

use super::{Ask, Attribute, asks, schema};
use crate::Result;
use crate::product::Product;

/// What a question of the law, one that shoppers choose by, and any other counts for.
const MUST: usize = 3;
const FACET: usize = 2;
const OTHER: usize = 1;
/// What a first photo, a third one and a story count for.
const PHOTO: usize = 3;
const PHOTOS: usize = 2;
const STORY: usize = 3;
/// So many photos are enough.
const ENOUGH_PHOTOS: usize = 3;

/// How much of a product is told.
pub struct Completeness {
    /// Of a hundred.
    pub score: i64,
    /// What is not answered, the costliest first.
    pub gaps: Vec<Gap>,
    /// Photos that would still help, up to three.
    pub photos_short: i64,
    pub has_story: bool,
}

impl Completeness {
    /// Whether everything is answered that the law wants.
    pub fn may_go_up(&self) -> bool {
        !self.gaps.iter().any(|gap| gap.needed)
    }

    /// So many answers keep it back.
    pub fn needed(&self) -> i64 {
        self.gaps.iter().filter(|gap| gap.needed).count() as i64
    }
}

/// A question without an answer.
pub struct Gap {
    pub attribute: &'static Attribute,
    /// Whether the product is kept back by it.
    pub needed: bool,
    /// So many goods of the same branch are found by it meanwhile; of questions that nobody chooses by, none.
    pub rivals: i64,
}

/// How much of it is told.
pub async fn completeness(db: &Db, product: &Product) -> Result<Completeness> {
    let asks = asks(&product.category);
    let open: Vec<&Ask> =
        asks.iter().filter(|ask| !ask.is_said(&product.attributes, &product.unit)).collect();
    let worth = |ask: &Ask| match ask {
        Ask { must: true, .. } => MUST,
        Ask { attribute, .. } if attribute.facet => FACET,
        Ask { .. } => OTHER,
    };
    let all = asks.iter().map(worth).sum::<usize>() + PHOTO + PHOTOS + STORY;
    let mut lost: usize = open.iter().copied().map(worth).sum();
    if product.photos.is_empty() {
        lost += PHOTO;
    }
    if product.photos.len() < ENOUGH_PHOTOS {
        lost += PHOTOS;
    }
    if product.stories.is_empty() {
        lost += STORY;
    }
    let mut gaps = Vec::new();
    for ask in open {
        let rivals = if ask.attribute.facet { rivals(db, product, ask.attribute).await? } else { 0 };
        gaps.push(Gap { attribute: ask.attribute, needed: ask.is_needed(), rivals });
    }
    // Those of the law stay in the order in which they are asked.
    gaps.sort_by_key(|gap| if gap.needed { (0, false, 0) } else { (1, !gap.attribute.facet, -gap.rivals) });
    Ok(Completeness {
        score: if asks.is_empty() { 0 } else { ((all - lost) * 100 / all) as i64 },
        gaps,
        photos_short: (ENOUGH_PHOTOS.saturating_sub(product.photos.len())) as i64,
        has_story: !product.stories.is_empty(),
    })
}

/// So many goods of the branch, in the whole market, that shoppers find by this question.
async fn rivals(db: &Db, product: &Product, attribute: &Attribute) -> Result<i64> {
    let root = schema().category(&product.category).map_or("", super::Category::root);
    let (beneath, told) = (format!("{root}.%"), format!("%\"{}\":%", attribute.id));
    Ok(sql!(value db,
        "select count(*) from products
         where on_sale = true and id <> $1 and (category = $2 or category like $3) and attributes like $4",
        &product.id, root, beneath, told)?)
}
