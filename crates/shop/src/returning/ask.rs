//! What may go back, until when, what it costs and what it comes to; and asking for it.

use std::collections::BTreeMap;

use base::{Db, Tx, Won, sql};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Item, Line, Postage, Reason, Return, ReturnId, Wish, items, law, tell};
use crate::faults::Faults;
use crate::order::{FulfilmentState, Order, OrderState};
use crate::payment::digest;
use crate::product::{VariantId, Withdrawal};
use crate::shipment::lock;
use crate::workdays::{Workdays, day_of};
use crate::{Error, Result, Shop, set};

/// The longest word to the seller.
const WORDS: usize = 500;
/// Lines of one return, as of an order.
const LINES: usize = 50;
/// Pieces of one line.
const MOST_PIECES: i64 = 9_999;
/// Returns of one order.
const MOST: i64 = 20;

/// A return as the buyer asks for it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewReturn {
    pub lines: Vec<Piece>,
    #[serde(default)]
    pub wish: Wish,
    pub reason: Reason,
    /// What is wrong, in the buyer's words.
    #[serde(default)]
    pub words: String,
    #[serde(default)]
    pub postage: Postage,
    /// The day on which the buyer saw that something is wrong, as 2026-11-24.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub noticed_on: Option<Date>,
}

/// So many of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReturnPiece)]
pub struct Piece {
    pub variant_id: VariantId,
    pub quantity: i64,
}

/// What may go back of an order at this moment.
#[derive(Clone, Debug)]
pub struct Offered {
    pub items: Vec<Item>,
    /// Until when one may change one's mind; `None`: the clock has not begun.
    pub mind_until_ms: Option<i64>,
    /// The same for what is not as described.
    pub fault_until_ms: Option<i64>,
    /// The buyer agreed that some things cannot go back by a change of mind.
    pub agreed: bool,
    /// What the way back costs when it is taken from the refund.
    pub fee_won: Won,
    pub delivery_won: Won,
    pub is_pickup: bool,
    paid_goods: Won,
    now_ms: i64,
}

impl Offered {
    /// Whether anything can still go back, for whatever reason.
    pub fn is_open(&self) -> bool {
        self.is_in_time(Reason::Faulty) && self.items.iter().any(|item| item.left() > 0)
    }

    /// Whether the clock for this reason still runs.
    pub fn is_in_time(&self, reason: Reason) -> bool {
        let until = if reason.is_sellers() { self.fault_until_ms } else { self.mind_until_ms };
        until.is_none_or(|until| self.now_ms <= until)
    }

    /// Whether this line may go back by a mere change of mind.
    pub fn is_free(&self, item: &Item) -> bool {
        item.withdrawal == Withdrawal::Normal || !self.agreed
    }

    /// What one piece of this line comes to.
    pub fn piece_won(&self, item: &Item) -> Won {
        share(&paid(&self.items, self.paid_goods), item, 1, Won::ZERO)
    }
}

/// What may go back of this order, for the buyer's page; `None`: nothing, for it has not been sent.
pub async fn offer(shop: &Shop, order: &Order) -> Result<Option<Offered>> {
    if !may_go_back(order) {
        return Ok(None);
    }
    let db = &shop.base.db;
    let items: Vec<Item> =
        sql!(all db, "select * from order_lines where order_id = $1 order by place", &order.id)?;
    let days = Workdays::of(db).await?;
    let received = received(db, order).await?;
    let until = |reason| received.map(|day| law::until(reason, day, None, &days));
    Ok(Some(Offered {
        mind_until_ms: until(Reason::Mind),
        fault_until_ms: until(Reason::Faulty),
        agreed: order.withdrawal_agreed,
        fee_won: sql!(value db, "select parcel_won from stores where id = $1", &order.store_id)?,
        delivery_won: order.delivery_won,
        is_pickup: order.is_pickup(),
        paid_goods: order.total_won - order.delivery_won,
        now_ms: shop.base.clock.now_ms(),
        items,
    }))
}

fn may_go_back(order: &Order) -> bool {
    order.is_paid()
        && matches!(order.order_state, OrderState::Confirmed | OrderState::Completed)
        && matches!(order.fulfilment_state, FulfilmentState::Sent | FulfilmentState::HandedOver)
}

async fn received(db: &Db, order: &Order) -> Result<Option<Date>> {
    let ms: Option<i64> = sql!(value db, "select received_at_ms from orders where id = $1", &order.id)?;
    Ok(ms.map(day_of))
}

/// Asks for goods of an order to go back. The same key is the same return.
pub async fn ask(shop: &Shop, order: &Order, key: &str, new: NewReturn) -> Result<Return> {
    let new = checked(new)?;
    let now_ms = shop.base.clock.now_ms();
    let days = Workdays::of(&shop.base.db).await?;
    let body_hash = digest(&set::of(&new)?);
    let mut tx = shop.base.db.begin().await?;
    let order = lock(&mut tx, &order.store_id, &order.id).await?;
    let same: Option<Return> =
        sql!(opt &mut tx, "select * from returns where order_id = $1 and key = $2", &order.id, key)?;
    if let Some(same) = same {
        tx.rollback().await?;
        return if same.body_hash == body_hash { Ok(same) } else { Err(Error::KeyReused) };
    }
    let asking = Asking { order: &order, new: &new, key, body_hash: &body_hash, now_ms };
    match asking.write(&mut tx, &days).await {
        Ok(back) => {
            tell(&mut tx, &back, &order).await?;
            tx.commit().await?;
            Ok(back)
        }
        Err(refused) => {
            tx.rollback().await?;
            Err(refused)
        }
    }
}

/// What a return would come to, without asking for it: the same statements, rolled back.
pub(super) async fn look(shop: &Shop, order: &Order, new: NewReturn) -> Result<(Return, Vec<Line>)> {
    let new = checked(new)?;
    let now_ms = shop.base.clock.now_ms();
    let days = Workdays::of(&shop.base.db).await?;
    let mut tx = shop.base.db.begin().await?;
    let order = lock(&mut tx, &order.store_id, &order.id).await?;
    let key = shop.base.random.token::<16>();
    let asking = Asking { order: &order, new: &new, key: &key, body_hash: "", now_ms };
    let looked = match asking.write(&mut tx, &days).await {
        Ok(back) => super::lines_in(&mut tx, &back.id).await.map(|lines| (back, lines)),
        Err(refused) => Err(refused),
    };
    tx.rollback().await?;
    looked
}

/// Everything that makes one request, checked.
fn checked(new: NewReturn) -> Result<NewReturn> {
    let mut faults = Faults::default();
    let mut pieces: BTreeMap<VariantId, i64> = BTreeMap::new();
    faults.unless(new.lines.len() <= LINES, "lines", "too-many");
    for piece in &new.lines {
        faults.unless((1..=MOST_PIECES).contains(&piece.quantity), "lines", "quantity");
        let sum = pieces.entry(piece.variant_id.clone()).or_default();
        *sum = sum.saturating_add(piece.quantity);
    }
    faults.unless(!pieces.is_empty(), "lines", "return-nothing");
    let words = faults.optional("words", &new.words, WORDS);
    faults.done()?;
    let lines = pieces.into_iter().map(|(variant_id, quantity)| Piece { variant_id, quantity });
    Ok(NewReturn { lines: lines.collect(), words, ..new })
}

/// One wish, with the order's row locked.
struct Asking<'a> {
    order: &'a Order,
    new: &'a NewReturn,
    key: &'a str,
    body_hash: &'a str,
    now_ms: i64,
}

impl Asking<'_> {
    async fn write(&self, tx: &mut Tx, days: &Workdays) -> Result<Return> {
        let items = items(tx, &self.order.id).await?;
        let chosen = self.chosen(&items)?;
        self.in_time(tx, days).await?;
        let left: Option<Won> = sql!(maybe &mut *tx,
            "select a.captured_won - a.refund_won from payment_attempts a
             join payment_intents i on i.paid_attempt = a.id where i.order_id = $1", &self.order.id)?;
        if left.unwrap_or_default() == Won::ZERO {
            return Err(Error::NothingToRefund);
        }
        let sums = self.sums(tx, &items, &chosen).await?;
        let id = ReturnId::new(self.now_ms);
        let back = self.insert(tx, &id, &sums, days).await?;
        self.insert_lines(tx, &id, &sums.lines).await?;
        Ok(back)
    }

    /// The order's lines that are meant, each with how many.
    fn chosen<'i>(&self, items: &'i [Item]) -> Result<Vec<(&'i Item, i64)>> {
        if !may_go_back(self.order) {
            return Err(if self.order.is_paid() { Error::NotYetSent } else { Error::NothingToRefund });
        }
        let mut chosen = Vec::with_capacity(self.new.lines.len());
        for piece in &self.new.lines {
            let item =
                items.iter().find(|item| item.variant_id == piece.variant_id).ok_or(Error::NotFound)?;
            if piece.quantity > item.left() {
                return Err(Error::ReturnTooMany { left: item.left() });
            }
            let is_exception = item.withdrawal.is_exception() && self.order.withdrawal_agreed;
            if is_exception && !self.new.reason.is_sellers() {
                return Err(Error::NotReturnable { name: item.product_name.clone() });
            }
            chosen.push((item, piece.quantity));
        }
        Ok(chosen)
    }

    async fn in_time(&self, tx: &mut Tx, days: &Workdays) -> Result<()> {
        let received: Option<i64> =
            sql!(value tx, "select received_at_ms from orders where id = $1", &self.order.id)?;
        let today = day_of(self.now_ms);
        if self.new.noticed_on.is_some_and(|noticed| noticed > today) {
            return Err(Error::Invalid(vec![("noticed_on".to_owned(), "return-noticed")]));
        }
        let Some(received) = received.map(day_of) else { return Ok(()) };
        let until_ms = law::until(self.new.reason, received, self.new.noticed_on, days);
        if self.now_ms > until_ms { Err(Error::ReturnTooLate) } else { Ok(()) }
    }

    /// What it comes to. The last piece of a line takes what is left of the line, so that all of them together
    /// never come to more than was paid for it.
    async fn sums<'i>(&self, tx: &mut Tx, items: &'i [Item], chosen: &[(&'i Item, i64)]) -> Result<Sums<'i>> {
        let before: Vec<(i64, i64)> = sql!(all &mut *tx,
            "select l.place, cast(sum(l.goods_won) as bigint) from return_lines l join returns r on r.id = l.return_id
             where l.order_id = $1 and r.state not in ('refused', 'taken-back') group by l.place", &self.order.id)?;
        let before: BTreeMap<i64, i64> = before.into_iter().collect();
        let paid = paid(items, self.order.total_won - self.order.delivery_won);
        let lines: Vec<(&Item, i64, Won)> = chosen
            .iter()
            .map(|(item, quantity)| {
                let gone = Won(before.get(&item.place).copied().unwrap_or_default());
                (*item, *quantity, share(&paid, item, *quantity, gone))
            })
            .collect();
        let goods: Won = lines.iter().map(|(_, _, won)| *won).sum();
        let left: i64 = items.iter().map(Item::left).sum();
        let is_all = left == chosen.iter().map(|(_, quantity)| quantity).sum::<i64>();
        let delivery = if is_all && self.new.reason.is_sellers() {
            let gone: i64 = sql!(value &mut *tx,
                "select cast(coalesce(sum(delivery_won), 0) as bigint) from returns
                 where order_id = $1 and state not in ('refused', 'taken-back')", &self.order.id)?;
            Won((self.order.delivery_won.0 - gone).max(0))
        } else {
            Won::ZERO
        };
        let is_collected = self.new.postage == Postage::Collect && !self.order.is_pickup();
        let fee = if is_collected && !self.new.reason.is_sellers() {
            let parcel: Won =
                sql!(value tx, "select parcel_won from stores where id = $1", &self.order.store_id)?;
            parcel.min(goods)
        } else {
            Won::ZERO
        };
        Ok(Sums { lines, goods, delivery, fee })
    }

    async fn insert(&self, tx: &mut Tx, id: &ReturnId, sums: &Sums<'_>, days: &Workdays) -> Result<Return> {
        let new = self.new;
        let back: Option<Return> = sql!(opt tx,
            "insert into returns (id, store_id, order_id, key, body_hash, wish, reason, words, postage, state,
                 goods_won, delivery_won, fee_won, refund_won, asked_at_ms, due_at_ms)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, 'asked', $10, $11, $12, $13, $14, $15
             where (select count(*) from returns where order_id = $3) < $16 returning *",
            id, &self.order.store_id, &self.order.id, self.key, self.body_hash, new.wish, new.reason, &new.words,
            new.postage, sums.goods, sums.delivery, sums.fee, sums.goods + sums.delivery - sums.fee, self.now_ms,
            law::answer_due(self.now_ms, days), MOST)?;
        back.ok_or_else(|| Error::Invalid(vec![("lines".to_owned(), "too-many")]))
    }

    async fn insert_lines(&self, tx: &mut Tx, id: &ReturnId, lines: &[(&Item, i64, Won)]) -> Result<()> {
        let rows: Vec<_> = lines
            .iter()
            .map(|(item, quantity, won)| {
                json!({ "place": item.place, "variant": item.variant_id, "quantity": quantity, "won": won })
            })
            .collect();
        let rows = set::of(&rows)?;
        let counted = sql!(run &mut *tx,
            "update order_lines set returned = returned + r.quantity
             from (select cast(j.value ->> 'place' as bigint) as place, cast(j.value ->> 'quantity' as bigint) as quantity
                   from json_each($1) as j) as r
             where order_lines.order_id = $2 and order_lines.place = r.place
               and order_lines.returned + r.quantity <= order_lines.quantity", &rows, &self.order.id)?;
        if counted != lines.len() as u64 {
            return Err(Error::ReturnTooMany { left: 0 });
        }
        sql!(run tx,
            "insert into return_lines (return_id, place, store_id, order_id, variant_id, quantity, goods_won)
             select $2, cast(j.value ->> 'place' as bigint), $3, $4, j.value ->> 'variant',
                 cast(j.value ->> 'quantity' as bigint), cast(j.value ->> 'won' as bigint)
             from json_each($1) as j", &rows, id, &self.order.store_id, &self.order.id)?;
        Ok(())
    }
}

struct Sums<'i> {
    lines: Vec<(&'i Item, i64, Won)>,
    goods: Won,
    delivery: Won,
    fee: Won,
}

/// What was paid for each line, by its place: its share of what was paid for all goods. Where a discount lowered
/// the sum, every line bears its part of it.
fn paid(items: &[Item], goods: Won) -> BTreeMap<i64, Won> {
    let all: i128 = items.iter().map(|item| i128::from(item.total_won.0)).sum();
    let (mut sum, mut before) = (0_i128, 0_i64);
    let mut paid = BTreeMap::new();
    for item in items {
        sum += i128::from(item.total_won.0);
        let upto = (i128::from(goods.0) * sum / all.max(1)) as i64;
        paid.insert(item.place, Won(upto - before));
        before = upto;
    }
    paid
}

/// What so many pieces of a line come to, of which `gone` was promised before.
fn share(paid: &BTreeMap<i64, Won>, item: &Item, quantity: i64, gone: Won) -> Won {
    let all = paid.get(&item.place).copied().unwrap_or_default();
    let left = Won((all - gone).0.max(0));
    if quantity >= item.left() && gone > Won::ZERO || quantity >= item.quantity {
        return left;
    }
    Won((i128::from(all.0) * i128::from(quantity) / i128::from(item.quantity.max(1))) as i64).min(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(place: i64, quantity: i64, total: i64, returned: i64) -> Item {
        Item {
            place,
            variant_id: VariantId::new(place),
            product_name: String::new(),
            product_name_en: String::new(),
            variant_name: String::new(),
            variant_name_en: String::new(),
            withdrawal: Withdrawal::Normal,
            quantity,
            total_won: Won(total),
            returned,
        }
    }

    #[test]
    fn a_discount_is_borne_by_every_line_and_nothing_is_lost() {
        let items = [item(0, 3, 10_000, 0), item(1, 1, 5_000, 0), item(2, 7, 3_333, 0)];
        for goods in [18_333, 18_332, 16_000, 7, 0] {
            let paid = paid(&items, Won(goods));
            assert_eq!(paid.values().copied().sum::<Won>(), Won(goods));
        }
        assert_eq!(paid(&items, Won(18_333))[&1], Won(5_000));
    }

    #[test]
    fn the_last_piece_takes_what_is_left_of_the_line() {
        let paid = BTreeMap::from([(0, Won(100))]);
        assert_eq!(share(&paid, &item(0, 3, 100, 0), 1, Won::ZERO), Won(33));
        assert_eq!(share(&paid, &item(0, 3, 100, 1), 1, Won(33)), Won(33));
        assert_eq!(share(&paid, &item(0, 3, 100, 2), 1, Won(66)), Won(34));
        assert_eq!(share(&paid, &item(0, 3, 100, 2), 1, Won(67)), Won(33));
        assert_eq!(share(&paid, &item(0, 3, 100, 0), 3, Won::ZERO), Won(100));
    }
}
