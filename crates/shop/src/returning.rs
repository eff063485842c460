//! Returns: goods that go back, for money or for the same goods again.
//!
//! asked → accepted or refused → sent back → arrived → refunded or exchanged; the buyer takes it back before it is
//! sent. Each step is one conditional statement, with the order's row locked first. Pieces that are on their way
//! back are counted on the order's line, whose check is the last net under "never more than were bought". What the
//! law says of clocks and costs is in [`law`].

use base::{Db, Id, Tx, Won, events, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;
use web::Lang;

use crate::order::{Order, OrderId};
use crate::payment::refund::RefundId;
use crate::product::{VariantId, Withdrawal};
use crate::text::read;
use crate::{Error, Result, set};

mod ask;
mod rounds;
mod settle;

pub mod api;
pub mod law;
pub mod pages;
pub mod selling;

pub use ask::{NewReturn, Offered, Piece, ask, offer};
pub use rounds::begin_rounds;
pub(crate) use rounds::jobs;
pub use settle::{
    Answer, Dispatch, Goods, arrive, dispatch, exchange, pay_interest, refund, settle_answer, take_back,
};

/// Names a return in [`ReturnId`].
pub enum ReturnMark {}
/// The id of a return.
pub type ReturnId = Id<ReturnMark>;

/// What the buyer wants for it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Wish {
    #[default]
    Refund,
    /// The same goods again.
    Exchange,
}

/// Why it goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = ReturnReason)]
pub enum Reason {
    /// Changed one's mind.
    Mind,
    Faulty,
    /// Something else was sent, or it is not as described.
    Wrong,
    /// Came too late.
    Late,
}

impl Reason {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Reason; 4] = [Reason::Mind, Reason::Faulty, Reason::Wrong, Reason::Late];

    /// As forms and programs write it.
    pub fn slug(self) -> &'static str {
        match self {
            Reason::Mind => "mind",
            Reason::Faulty => "faulty",
            Reason::Wrong => "wrong",
            Reason::Late => "late",
        }
    }

    /// Whether it is the seller who did not keep to the contract.
    pub fn is_sellers(self) -> bool {
        self != Reason::Mind
    }

    /// The key of its words.
    pub fn words(self) -> &'static str {
        match self {
            Reason::Mind => "return-reason-mind",
            Reason::Faulty => "return-reason-faulty",
            Reason::Wrong => "return-reason-wrong",
            Reason::Late => "return-reason-late",
        }
    }
}

/// Who pays the carrier on the way back.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Postage {
    /// The buyer, when handing it over.
    #[default]
    Prepaid,
    /// The seller, when it comes; if it is the buyer's to pay it is taken from the refund.
    Collect,
}

/// Where a return stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum ReturnState {
    Asked,
    Accepted,
    Refused,
    SentBack,
    Arrived,
    Refunded,
    Exchanged,
    /// The buyer keeps the goods after all.
    TakenBack,
}

impl ReturnState {
    /// The key of the words for it.
    pub fn words(self) -> &'static str {
        match self {
            ReturnState::Asked => "return-is-asked",
            ReturnState::Accepted => "return-is-accepted",
            ReturnState::Refused => "return-is-refused",
            ReturnState::SentBack => "return-is-sent-back",
            ReturnState::Arrived => "return-is-arrived",
            ReturnState::Refunded => "return-is-refunded",
            ReturnState::Exchanged => "return-is-exchanged",
            ReturnState::TakenBack => "return-is-taken-back",
        }
    }

    /// Whether anything is still to be done.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            ReturnState::Asked | ReturnState::Accepted | ReturnState::SentBack | ReturnState::Arrived
        )
    }
}

/// A return.
#[derive(Clone, Debug, FromRow)]
pub struct Return {
    pub id: ReturnId,
    pub store_id: StoreId,
    pub order_id: OrderId,
    body_hash: String,
    pub wish: Wish,
    pub reason: Reason,
    pub words: String,
    pub postage: Postage,
    pub state: ReturnState,
    pub refusal: String,
    pub goods_won: Won,
    pub delivery_won: Won,
    pub fee_won: Won,
    /// What goes back, as it was told when it was asked for.
    pub refund_won: Won,
    pub carrier: String,
    pub number: String,
    pub refund_id: Option<RefundId>,
    /// What went back in the end.
    pub paid_won: Won,
    /// What the law adds when that was too late.
    pub interest_won: Won,
    pub interest_paid_at_ms: Option<i64>,
    pub asked_at_ms: i64,
    pub due_at_ms: i64,
    pub settled_at_ms: Option<i64>,
}

impl Return {
    /// Whether the buyer may still keep the goods.
    pub fn is_buyers(&self) -> bool {
        matches!(self.state, ReturnState::Asked | ReturnState::Accepted)
    }

    /// Whether the same goods are wanted again.
    pub fn is_exchange(&self) -> bool {
        self.wish == Wish::Exchange
    }

    /// What would be owed beside the money if it went back now.
    pub fn interest_at(&self, now_ms: i64) -> Won {
        match self.state {
            ReturnState::Arrived => law::interest(self.refund_won, self.due_at_ms, now_ms),
            _ => self.interest_won,
        }
    }

    /// Whether interest is owed that nobody has paid.
    pub fn owes_interest(&self) -> bool {
        self.interest_won > Won::ZERO && self.interest_paid_at_ms.is_none()
    }

    /// Who brings it back, or nothing.
    pub fn carrier_in(&self, lang: Lang) -> &'static str {
        crate::carrier::find(&self.carrier).map(|carrier| carrier.name_in(lang)).unwrap_or_default()
    }
}

/// A line of a return, with the words of the order's line.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
#[schema(as = ReturnLine)]
pub struct Line {
    pub variant_id: VariantId,
    pub product_name: String,
    pub product_name_en: String,
    pub variant_name: String,
    pub variant_name_en: String,
    pub quantity: i64,
    /// The line's share of what was paid.
    pub goods_won: Won,
}

impl Line {
    /// The product's name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.product_name, &self.product_name_en)
    }

    /// The variant's name for a reader.
    pub fn variant_in(&self, lang: Lang) -> &str {
        read(lang, &self.variant_name, &self.variant_name_en)
    }
}

/// A line of an order, as far as something may go back of it.
#[derive(Clone, Debug, FromRow)]
pub struct Item {
    place: i64,
    pub variant_id: VariantId,
    product_name: String,
    product_name_en: String,
    variant_name: String,
    variant_name_en: String,
    withdrawal: Withdrawal,
    quantity: i64,
    total_won: Won,
    returned: i64,
}

impl Item {
    /// The product's name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.product_name, &self.product_name_en)
    }

    /// The variant's name for a reader.
    pub fn variant_in(&self, lang: Lang) -> &str {
        read(lang, &self.variant_name, &self.variant_name_en)
    }

    /// Pieces that may still go back.
    pub fn left(&self) -> i64 {
        self.quantity - self.returned
    }
}

async fn items(tx: &mut Tx, order: &OrderId) -> Result<Vec<Item>> {
    Ok(sql!(all tx, "select * from order_lines where order_id = $1 order by place", order)?)
}

/// A return with the number of its order, in the seller's list.
#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    #[sqlx(flatten)]
    pub back: Return,
    /// What people call the order.
    pub order_number: String,
    pub recipient: String,
    pub first_name: String,
    pub first_name_en: String,
}

impl Listed {
    /// The first line's name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.first_name, &self.first_name_en)
    }
}

/// A buyer's return, under whichever name its order was placed.
pub async fn of_buyer(db: &Db, buyers: &[String], id: &ReturnId) -> Result<Return> {
    sql!(opt db,
        "select r.* from returns r join orders o on o.id = r.order_id
         where r.id = $1 and o.buyer in (select j.value ->> 'id' from json_each($2) as j)",
        id, set::ids(buyers)?)?
    .ok_or(Error::NotFound)
}

/// A return of this store's.
pub async fn of_store(db: &Db, store: &StoreId, id: &ReturnId) -> Result<Return> {
    sql!(opt db, "select * from returns where id = $1 and store_id = $2", id, store)?.ok_or(Error::NotFound)
}

/// An order's returns, oldest first.
pub async fn of_order(db: &Db, order: &OrderId) -> Result<Vec<Return>> {
    Ok(sql!(all db, "select * from returns where order_id = $1 order by asked_at_ms, id", order)?)
}

/// A store's returns, newest first, after the row `(asked_at_ms, id)`; `open`: only those with something to do.
pub async fn list(
    db: &Db,
    store: &StoreId,
    open: bool,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let (ms, id) = after.unwrap_or((i64::MAX, String::new()));
    Ok(sql!(all db,
        "select r.*, o.number as order_number, o.recipient, l.product_name as first_name,
             l.product_name_en as first_name_en
         from returns r join orders o on o.id = r.order_id
         join order_lines l on l.order_id = r.order_id and l.place =
             (select min(n.place) from return_lines n where n.return_id = r.id)
         where r.store_id = $1 and (not $2 or r.state in ('asked', 'accepted', 'sent-back', 'arrived')
                or (r.state = 'exchanged' and not exists (select 1 from shipments s where s.return_id = r.id)
                    and o.hand_over = 'parcel')
                or (r.interest_won > 0 and r.interest_paid_at_ms is null))
           and (r.asked_at_ms, r.id) < ($3, $4)
         order by r.asked_at_ms desc, r.id desc limit $5", store, open, ms, id, limit)?)
}

/// How many wait for the seller.
pub async fn open_count(db: &Db, store: &StoreId) -> Result<i64> {
    Ok(sql!(value db,
        "select count(*) from returns where store_id = $1 and state in ('asked', 'arrived')", store)?)
}

/// The lines of a return.
pub async fn lines(db: &Db, id: &ReturnId) -> Result<Vec<Line>> {
    Ok(sql!(all db, LINES, id)?)
}

async fn lines_in(tx: &mut Tx, id: &ReturnId) -> Result<Vec<Line>> {
    Ok(sql!(all tx, LINES, id)?)
}

const LINES: &str =
    "select r.variant_id, l.product_name, l.product_name_en, l.variant_name, l.variant_name_en, r.quantity,
             r.goods_won
         from return_lines r join order_lines l on l.order_id = r.order_id and l.place = r.place
         where r.return_id = $1 order by r.place";

/// Gives the pieces of a return that does not happen back to the order's lines.
async fn let_go(tx: &mut Tx, id: &ReturnId) -> Result<()> {
    sql!(run tx,
        "update order_lines set returned = returned - r.quantity
         from (select order_id, place, quantity from return_lines where return_id = $1) as r
         where order_lines.order_id = r.order_id and order_lines.place = r.place", id)?;
    Ok(())
}

/// Tells the seller's screens and the buyer's page.
async fn tell(tx: &mut Tx, back: &Return, order: &Order) -> Result<()> {
    // Read aloud: what the seller himself did needs no voice.
    let said = match back.state {
        ReturnState::Asked => "반품 신청이 들어왔어요",
        ReturnState::SentBack => "반품이 오고 있어요",
        _ => "",
    };
    let event = json!({
        "type": "return", "id": back.id, "state": back.state, "number": order.number, "said": said,
        "href": format!("/sell/{}/returns/{}", back.store_id, back.id),
    });
    events::put(tx, &format!("store:{}", back.store_id), &event).await?;
    let moved = json!({ "type": "order-moved", "stage": "return" });
    Ok(events::put(tx, &format!("order:{}", back.order_id), &moved).await?)
}
