//! Why somebody bought: one tap on the order, and the seller sees the shares, never who said what.

use base::{Db, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};

use crate::order::{Order, OrderId};
use crate::{Error, Result, Shop};

pub mod api;
pub mod pages;

/// From so many answers on the shares are shown: fewer would tell who said what.
pub const LEAST: i64 = 5;

/// Why it was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = BuyingReason)]
pub enum Reason {
    /// What the seller said of it.
    Explained,
    Price,
    Fresh,
    /// One buys there anyway.
    Regular,
    Review,
    Recommended,
    Show,
    Other,
}

impl Reason {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Reason; 8] = [
        Reason::Explained,
        Reason::Price,
        Reason::Fresh,
        Reason::Regular,
        Reason::Review,
        Reason::Recommended,
        Reason::Show,
        Reason::Other,
    ];

    /// As forms and programs write it.
    pub fn slug(self) -> &'static str {
        match self {
            Reason::Explained => "explained",
            Reason::Price => "price",
            Reason::Fresh => "fresh",
            Reason::Regular => "regular",
            Reason::Review => "review",
            Reason::Recommended => "recommended",
            Reason::Show => "show",
            Reason::Other => "other",
        }
    }

    /// Whether this is what was said.
    pub fn is_said(self, said: &Option<Reason>) -> bool {
        *said == Some(self)
    }

    /// The key of its words.
    pub fn words(self) -> &'static str {
        match self {
            Reason::Explained => "reason-explained",
            Reason::Price => "reason-price",
            Reason::Fresh => "reason-fresh",
            Reason::Regular => "reason-regular",
            Reason::Review => "reason-review",
            Reason::Recommended => "reason-recommended",
            Reason::Show => "reason-show",
            Reason::Other => "reason-other",
        }
    }
}

/// Whether this order's buyer is asked.
pub fn is_asked(order: &Order) -> bool {
    order.is_paid()
}

/// Says why; said again it is changed. One answer an order.
pub async fn tell(shop: &Shop, order: &Order, reason: Reason) -> Result<()> {
    let mut tx = shop.base.db.begin().await?;
    let told = sql!(run &mut tx,
        "insert into reasons (order_id, store_id, reason, at_ms)
         select id, store_id, $2, $3 from orders where id = $1 and payment_state = 'paid'
         on conflict (order_id) do update set reason = excluded.reason, at_ms = excluded.at_ms",
        &order.id, reason, shop.base.clock.now_ms())?;
    if told == 0 {
        tx.rollback().await?;
        return Err(Error::NotPaid);
    }
    Ok(tx.commit().await?)
}

/// What was said of an order.
pub async fn of_order(db: &Db, order: &OrderId) -> Result<Option<Reason>> {
    Ok(sql!(maybe db, "select reason from reasons where order_id = $1", order)?)
}

/// How many said one reason.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BuyingReasonShare)]
pub struct Share {
    pub reason: Reason,
    pub count: i64,
    /// Of all who said one.
    pub percent: i64,
}

/// Why a store's customers bought.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BuyingReasons)]
pub struct Shares {
    /// How many answered; 0 while they are fewer than five.
    pub answers: i64,
    /// The most said first; empty while fewer than five answered.
    pub items: Vec<Share>,
}

/// Why a store's customers bought, once five have said so.
pub async fn shares(db: &Db, store: &StoreId) -> Result<Shares> {
    let said: Vec<(Reason, i64)> = sql!(all db,
        "select reason, count(*) from reasons where store_id = $1 group by reason order by 2 desc, 1", store)?;
    let answers: i64 = said.iter().map(|(_, count)| count).sum();
    if answers < LEAST {
        return Ok(Shares { answers: 0, items: Vec::new() });
    }
    let share = |(reason, count)| Share { reason, count, percent: (count * 100 + answers / 2) / answers };
    Ok(Shares { answers, items: said.into_iter().map(share).collect() })
}
