//! The till in memory: what a day's commands must come to, without a database, a clock or a payment company.
//!
//! What is decided at once (an order, a cancellation, a movement) is foretold to the word. What arrives by
//! itself (an answer that was lost, a hold that ran out) is taken over from the shop, if it was possible.

use std::collections::{BTreeMap, HashMap};

use shop::stock::ledger::Reason;

/// How long goods are held.
const HOLD_MS: i64 = 600_000;
/// Until when a movement may be taken back.
const UNDO_MS: i64 = 600_000;
/// The most that may be on hand.
const MOST_ON_HAND: i64 = 10_000_000;

/// A thing on the stall.
#[derive(Clone, Debug)]
pub(crate) struct Goods {
    pub(crate) price: i64,
    pub(crate) on_hand: i64,
    pub(crate) is_retired: bool,
}

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Held,
    Sold,
    Expired,
    Canceled,
}

/// Whether it can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Till {
    Open,
    /// A try is under way.
    Busy,
    Paid,
    Closed,
}

/// Where an order stands, in the shop as in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) place: Place,
    pub(crate) till: Till,
    /// Taken by the try that pays it, and set aside of that to go back.
    pub(crate) taken: i64,
    pub(crate) back: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) stand: Stand,
    lines: BTreeMap<usize, i64>,
    amount: i64,
    until_ms: i64,
    tries: HashMap<u8, &'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Movement {
    goods: usize,
    by: i64,
    at_ms: i64,
    is_undone: bool,
}

/// Things and how many of each.
type Lines = Vec<(usize, i64)>;

/// What was asked with a key, and what it became.
type Known<Asked> = (Asked, usize);

/// The whole till.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) now_ms: i64,
    pub(crate) goods: Vec<Goods>,
    pub(crate) orders: Vec<Order>,
    pub(crate) movements: Vec<Movement>,
    pub(crate) orders_by_key: HashMap<(u8, u8), Known<Lines>>,
    pub(crate) movements_by_key: HashMap<u8, Known<(usize, Reason, i64)>>,
    pub(crate) refunds_by_key: HashMap<u8, (usize, Option<i64>)>,
}

fn done() -> String {
    "done".to_owned()
}

impl Model {
    /// Promised of a thing.
    pub(crate) fn reserved(&self, goods: usize) -> i64 {
        let held = self.orders.iter().filter(|order| order.stand.place == Place::Held);
        held.filter_map(|order| order.lines.get(&goods)).sum()
    }

    fn available(&self, goods: usize) -> i64 {
        self.goods[goods].on_hand - self.reserved(goods)
    }

    /// Somebody orders. What comes back is what the shop must say.
    pub(crate) fn place(&mut self, buyer: u8, key: u8, lines: &[(usize, i64)]) -> String {
        if lines.iter().any(|(_, quantity)| !(1..=99).contains(quantity)) {
            return "invalid".to_owned();
        }
        for order in &mut self.orders {
            if order.stand.place == Place::Held && order.until_ms <= self.now_ms {
                order.stand.place = Place::Expired;
            }
        }
        if let Some((asked, order)) = self.orders_by_key.get(&(buyer, key)) {
            return if asked.as_slice() == lines {
                format!("order {order}")
            } else {
                "key-reused".to_owned()
            };
        }
        if lines.iter().any(|(goods, _)| self.goods[*goods].is_retired) {
            return "sold-out 0".to_owned();
        }
        let mut sums: Vec<(usize, i64)> = Vec::new();
        for (goods, quantity) in lines {
            match sums.iter_mut().find(|(known, _)| known == goods) {
                Some((_, sum)) => *sum += quantity,
                None => sums.push((*goods, *quantity)),
            }
        }
        if let Some((goods, _)) = sums.iter().find(|(goods, sum)| self.available(*goods) < *sum) {
            return format!("sold-out {}", self.available(*goods));
        }
        let amount = sums.iter().map(|(goods, sum)| self.goods[*goods].price * sum).sum();
        let number = self.orders.len();
        self.orders.push(Order {
            stand: Stand { place: Place::Held, till: Till::Open, taken: 0, back: 0 },
            lines: sums.into_iter().collect(),
            amount,
            until_ms: self.now_ms + HOLD_MS,
            tries: HashMap::new(),
        });
        self.orders_by_key.insert((buyer, key), (lines.to_vec(), number));
        format!("order {number}")
    }

    /// Somebody pays.
    pub(crate) fn pay(&mut self, order: usize, key: u8, card: &'static str) -> String {
        let one = &mut self.orders[order];
        if let Some(before) = one.tries.get(&key) {
            return if *before == card { "try".to_owned() } else { "key-reused".to_owned() };
        }
        if one.stand.till != Till::Open {
            return "busy".to_owned();
        }
        one.tries.insert(key, card);
        match card {
            "approve" | "twice" => self.charged(order),
            "decline" => {}
            _ => one.stand.till = Till::Busy,
        }
        "try".to_owned()
    }

    fn charged(&mut self, order: usize) {
        let lines = self.orders[order].lines.clone();
        let has_goods = match self.orders[order].stand.place {
            Place::Held => true,
            Place::Expired => lines.iter().all(|(goods, quantity)| self.available(*goods) >= *quantity),
            Place::Sold | Place::Canceled => false,
        };
        let one = &mut self.orders[order];
        one.stand.till = Till::Paid;
        one.stand.taken = one.amount;
        if has_goods {
            self.moves(order, Place::Sold);
        } else {
            one.stand.back = one.amount;
        }
    }

    /// An order goes to its place, and its goods with it.
    fn moves(&mut self, order: usize, to: Place) {
        let one = &mut self.orders[order];
        let is_sold = |place| i64::from(place == Place::Sold);
        let sign = is_sold(one.stand.place) - is_sold(to);
        one.stand.place = to;
        for (goods, quantity) in &one.lines {
            self.goods[*goods].on_hand += sign * quantity;
        }
    }

    /// Somebody calls an order off.
    pub(crate) fn cancel(&mut self, order: usize) -> String {
        let stand = self.orders[order].stand;
        if matches!(stand.place, Place::Expired | Place::Canceled) {
            return "moved-on".to_owned();
        }
        self.moves(order, Place::Canceled);
        let one = &mut self.orders[order];
        one.stand.back = one.stand.taken;
        if one.stand.till == Till::Open {
            one.stand.till = Till::Closed;
        }
        done()
    }

    /// The seller gives money back.
    pub(crate) fn give_back(&mut self, order: usize, key: u8, amount: Option<i64>) -> String {
        if amount.is_some_and(|amount| amount < 1) {
            return "invalid".to_owned();
        }
        if let Some(before) = self.refunds_by_key.get(&key) {
            return if *before == (order, amount) { done() } else { "key-reused".to_owned() };
        }
        let stand = &mut self.orders[order].stand;
        let left = stand.taken - stand.back;
        if left == 0 {
            return "nothing".to_owned();
        }
        let wanted = amount.unwrap_or(left);
        if wanted > left {
            return format!("too-much {left}");
        }
        stand.back += wanted;
        self.refunds_by_key.insert(key, (order, amount));
        done()
    }

    /// The seller's hand on the stock.
    pub(crate) fn change(&mut self, goods: usize, reason: Reason, quantity: i64, key: u8) -> String {
        let least = i64::from(reason != Reason::Counted);
        if !(least..=99_999).contains(&quantity) {
            return "invalid".to_owned();
        }
        if let Some((asked, movement)) = self.movements_by_key.get(&key) {
            let is_same = *asked == (goods, reason, quantity);
            return if is_same { format!("movement {movement}") } else { "key-reused".to_owned() };
        }
        let on_hand = self.goods[goods].on_hand;
        let by = match reason {
            Reason::Received => quantity,
            Reason::Counted => quantity - on_hand,
            Reason::SoldHere | Reason::Spoiled | Reason::Tasted => -quantity,
        };
        if on_hand + by < self.reserved(goods) {
            return "promised".to_owned();
        }
        if on_hand + by > MOST_ON_HAND {
            return "invalid".to_owned();
        }
        self.goods[goods].on_hand += by;
        let number = self.movements.len();
        self.movements.push(Movement { goods, by, at_ms: self.now_ms, is_undone: false });
        self.movements_by_key.insert(key, ((goods, reason, quantity), number));
        format!("movement {number}")
    }

    /// How many movements were made by hand.
    pub(crate) fn movements(&self) -> usize {
        self.movements.len()
    }

    /// The seller takes a movement back.
    pub(crate) fn take_back(&mut self, movement: usize) -> String {
        let Movement { goods, by, at_ms, is_undone } = self.movements[movement];
        if at_ms <= self.now_ms - UNDO_MS {
            return "not-found".to_owned();
        }
        if is_undone {
            return done();
        }
        if self.goods[goods].on_hand - by < self.reserved(goods) {
            return "promised".to_owned();
        }
        self.goods[goods].on_hand -= by;
        self.movements[movement].is_undone = true;
        done()
    }

    /// Takes over where the shop says its orders stand, if each could have come there by itself.
    pub(crate) fn follow(&mut self, shop: &[Stand]) -> Result<(), String> {
        for (order, new) in shop.iter().enumerate() {
            let one = &self.orders[order];
            let old = one.stand;
            let is_due = one.until_ms <= self.now_ms;
            let was_busy = old.till == Till::Busy;
            let could_move = match (old.place, new.place) {
                (old, new) if old == new => true,
                (Place::Held, Place::Expired) => is_due,
                (Place::Held | Place::Expired, Place::Sold) => was_busy,
                _ => false,
            };
            let is_taken_well = new.taken == old.taken || (was_busy && new.taken == one.amount);
            let is_back_well =
                new.back == old.back || (was_busy && new.back == new.taken && new.place != Place::Sold);
            let could_settle = new.till == old.till || was_busy;
            if !(could_move && is_taken_well && is_back_well && could_settle) {
                return Err(format!("order {order} went from {old:?} to {new:?} by itself"));
            }
            self.moves(order, new.place);
            self.orders[order].stand = *new;
        }
        Ok(())
    }
}
