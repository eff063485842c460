//! Days at the stall: random commands against the shop and against a model of it, which must agree after each.
//! What goes wrong is shrunk to the shortest day on which it still does.
//!
//! `DANGOL_DAYS` says how many days are lived on each engine, `DANGOL_SEED` where their chance begins.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use base::{Won, sql};
use people::PersonId;
use serde_json::json;
use shop::order::{self, CanceledBy, NewLine, OrderId, Placed, place};
use shop::payment::refund::{self, NewRefund};
use shop::payment::{self, AttemptId};
use shop::product::{self, Choice, Draft, NewVariant, ProductId, VariantId};
use shop::stock::MovementId;
use shop::stock::ledger::{self, Change, Reason};
use shop::text::Text;
use shop::{Buyer, Error};

use crate::model::{Goods, Model, Place, Stand, Till};
use crate::stall::{Luck, MORNING_MS, Stall, engines, order_of, person};

/// Days lived on each engine when nobody says how many.
const DAYS: u32 = 24;
/// Commands of one day at the most.
const COMMANDS: usize = 40;
const PRICES: [i64; 3] = [9_800, 4_000, 12_000];
const STOCK: i64 = 4;
const BUYERS: u8 = 3;
const CARDS: [&str; 9] =
    ["approve", "approve", "decline", "silent", "lost", "broken", "busy", "twice", "late"];

/// What somebody does. Numbers that name something are taken by the count of what there is.
#[derive(Clone, Debug)]
enum Command {
    Place {
        buyer: u8,
        key: u8,
        lines: Vec<(usize, i64)>,
    },
    Pay {
        order: usize,
        key: u8,
        card: &'static str,
    },
    Cancel {
        order: usize,
    },
    GiveBack {
        order: usize,
        key: u8,
        amount: Option<i64>,
    },
    Move {
        goods: usize,
        reason: Reason,
        quantity: i64,
        key: u8,
    },
    TakeBack {
        movement: usize,
    },
    /// The second size is taken out of the range, or put back.
    Retire {
        yes: bool,
    },
    /// News of an order's last try, true or not, from whoever sends it.
    News {
        order: usize,
        status: &'static str,
    },
    /// The payment company's own news is delivered, as far as it is due.
    Post,
    Pass {
        seconds: i64,
    },
    Work,
    Restart,
}

fn command() -> impl Strategy<Value = Command> {
    let quantity =
        prop_oneof![12 => 1..=3_i64, 1 => Just(0), 1 => Just(-1), 1 => Just(100), 1 => Just(i64::MAX)];
    let line = (0..PRICES.len(), quantity);
    let reason = prop::sample::select(Reason::ALL.to_vec());
    let amount = prop_oneof![
        2 => Just(None), 4 => (1..=9_800_i64).prop_map(Some), 1 => Just(Some(-1)), 1 => Just(Some(1_000_000))
    ];
    let seconds = prop_oneof![4 => 1..=20_i64, 2 => 21..=400_i64, 2 => 590..=700_i64, 1 => 3_500..=4_000_i64];
    let status = prop::sample::select(vec!["DONE", "CANCELED", "ABORTED", "nonsense"]);
    prop_oneof![
        8 => (0..BUYERS, 0..4_u8, prop::collection::vec(line, 1..=3))
            .prop_map(|(buyer, key, lines)| Command::Place { buyer, key, lines }),
        8 => (0..9_usize, 0..3_u8, prop::sample::select(CARDS.to_vec()))
            .prop_map(|(order, key, card)| Command::Pay { order, key, card }),
        3 => (0..9_usize).prop_map(|order| Command::Cancel { order }),
        3 => (0..9_usize, 0..5_u8, amount)
            .prop_map(|(order, key, amount)| Command::GiveBack { order, key, amount }),
        4 => (0..PRICES.len(), reason, prop_oneof![6 => 0..=5_i64, 1 => Just(-3), 1 => Just(99_999)], 0..6_u8)
            .prop_map(|(goods, reason, quantity, key)| Command::Move { goods, reason, quantity, key }),
        2 => (0..9_usize).prop_map(|movement| Command::TakeBack { movement }),
        1 => any::<bool>().prop_map(|yes| Command::Retire { yes }),
        3 => (0..9_usize, status).prop_map(|(order, status)| Command::News { order, status }),
        2 => Just(Command::Post),
        5 => seconds.prop_map(|seconds| Command::Pass { seconds }),
        6 => Just(Command::Work),
        1 => Just(Command::Restart),
    ]
}

/// The shop under test and the model beside it.
struct Day {
    stall: Stall,
    model: Model,
    owner: PersonId,
    sizes: ProductId,
    goods: Vec<VariantId>,
    buyers: Vec<Buyer>,
    orders: Vec<(usize, Placed)>,
    movements: Vec<MovementId>,
    tries: Vec<(usize, u8, AttemptId)>,
    outside: reqwest::Client,
}

#[test]
fn whatever_is_done_in_a_day_the_books_agree_with_the_model() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for engine in engines() {
        let config = Config {
            cases: number("DANGOL_DAYS").map_or(DAYS, |days| days as u32),
            rng_seed: RngSeed::Fixed(number("DANGOL_SEED").unwrap_or(4600)),
            failure_persistence: None,
            max_shrink_iters: 400,
            ..Config::default()
        };
        let days = prop::collection::vec(command(), 1..COMMANDS);
        TestRunner::new(config)
            .run(&days, |day| runtime.block_on(live(engine, &day)).map_err(TestCaseError::fail))
            .unwrap_or_else(|broken| panic!("{engine}: {broken}"));
    }
}

async fn live(engine: &'static str, commands: &[Command]) -> Result<(), String> {
    let mut day = Day::begin(engine).await;
    for (number, command) in commands.iter().enumerate() {
        let at = |wrong: String| format!("{wrong}, at command {number}: {command:?}");
        day.one(command).await.map_err(at)?;
        day.agree().await.map_err(at)?;
    }
    day.end().await
}

fn sizes(is_whole: bool) -> Draft {
    let (small, large) = (Text::from("작은 것"), Text::from("큰 것"));
    let variant = |at: usize| NewVariant {
        pick: vec![at],
        price_won: Won(PRICES[at + 1]),
        live_price_won: None,
        stock: STOCK,
    };
    let (values, variants) = if is_whole {
        (vec![small, large], vec![variant(0), variant(1)])
    } else {
        (vec![small], vec![variant(0)])
    };
    Draft {
        name: "갈치".into(),
        origin: "국내산".into(),
        category: "other".into(),
        attributes: crate::stall::no_certificate(),
        options: vec![Choice { name: "크기".into(), values }],
        variants,
        pickup: true,
        ..Draft::default()
    }
}

impl Day {
    async fn begin(engine: &'static str) -> Day {
        let mut stall = Stall::new(engine, Luck { seed: Some(1), chaos_percent: 0 }).await;
        stall.open_door().await;
        let owner = person(&stall.base, "한파도").await.id;
        let fish = stall.goods("고등어", PRICES[0], STOCK).await;
        let product = product::create(&stall.shop, &stall.store, "sizes", sizes(true)).await.unwrap().id;
        let variants = product::variants(&stall.base.db, &product).await.unwrap();
        let mut goods = vec![fish];
        goods.extend(variants.into_iter().map(|variant| variant.id));
        let mut buyers = Vec::new();
        for number in 0..BUYERS {
            buyers.push(stall.buyer(&format!("손님 {number}")).await);
        }
        let known = PRICES.map(|price| Goods { price, on_hand: STOCK, is_retired: false });
        let model = Model { now_ms: MORNING_MS, goods: known.to_vec(), ..Model::default() };
        let (orders, movements, tries) = (Vec::new(), Vec::new(), Vec::new());
        Day {
            stall,
            model,
            owner,
            sizes: product,
            goods,
            buyers,
            orders,
            movements,
            tries,
            outside: reqwest::Client::new(),
        }
    }

    async fn one(&mut self, command: &Command) -> Result<(), String> {
        match command {
            Command::Place { buyer, key, lines } => self.place(*buyer, *key, lines).await,
            Command::Move { goods, reason, quantity, key } => {
                self.change(*goods, *reason, *quantity, *key).await
            }
            Command::TakeBack { movement } => self.take_back(*movement).await,
            Command::Retire { yes } => {
                let draft = sizes(!*yes);
                product::change(&self.stall.shop, &self.stall.store, &self.sizes, draft).await.unwrap();
                self.model.goods[2].is_retired = *yes;
                Ok(())
            }
            Command::Pass { seconds } => {
                self.stall.base.clock.advance(std::time::Duration::from_secs(*seconds as u64));
                self.model.now_ms += seconds * 1_000;
                Ok(())
            }
            Command::Work => {
                while self.stall.work_once().await {}
                self.follow().await
            }
            Command::Post => {
                self.stall.sandbox.deliver().await;
                Ok(())
            }
            Command::Restart => {
                self.stall.restart().await;
                self.stall.open_door().await;
                Ok(())
            }
            Command::Pay { order, .. }
            | Command::Cancel { order }
            | Command::GiveBack { order, .. }
            | Command::News { order, .. } => {
                let Some(at) = order.checked_rem(self.orders.len()) else { return Ok(()) };
                self.with_order(at, command).await
            }
        }
    }

    async fn with_order(&mut self, at: usize, command: &Command) -> Result<(), String> {
        let (buyer, placed) = self.orders[at].clone();
        match command {
            Command::Pay { key, card, .. } => self.pay(at, &placed, *key, card).await,
            Command::Cancel { .. } => {
                let ids = self.buyers[buyer].ids();
                let order = order::of_buyer(&self.stall.base.db, &ids, &placed.order).await.unwrap();
                let said =
                    told(order::cancel(&self.stall.shop, &order, CanceledBy::Buyer).await.map(|()| done()));
                same(&self.model.cancel(at), &said)
            }
            Command::GiveBack { key, amount, .. } => {
                let new = NewRefund { amount_won: amount.map(Won), reason: String::new() };
                let (shop, store) = (&self.stall.shop, &self.stall.store);
                let asked = refund::ask(shop, store, &placed.order, &format!("back{key}"), new).await;
                same(&self.model.give_back(at, *key, *amount), &told(asked.map(|_| done())))
            }
            Command::News { status, .. } => {
                let last = payment::last_attempt(&self.stall.base.db, &placed.intent).await.unwrap();
                let Some(last) = last else { return Ok(()) };
                let data = json!({ "orderId": last.id, "status": status });
                let news = json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": data });
                let sent = self.outside.post(self.stall.hook()).body(news.to_string()).send().await.unwrap();
                let taken = sent.status();
                if taken == 200 { Ok(()) } else { Err(format!("news was answered with {taken}")) }
            }
            _ => Ok(()),
        }
    }

    async fn place(&mut self, buyer: u8, key: u8, lines: &[(usize, i64)]) -> Result<(), String> {
        let mut wanted = order_of(&self.goods[0], 1);
        wanted.lines = lines
            .iter()
            .map(|(goods, quantity)| NewLine { variant: self.goods[*goods].clone(), quantity: *quantity })
            .collect();
        let who = usize::from(buyer);
        let placed = place(&self.stall.shop, &self.buyers[who], &format!("order{key}"), wanted).await;
        let expected = self.model.place(buyer, key, lines);
        let said = told(placed.map(|placed| {
            let known = self.orders.iter().position(|(_, known)| known.order == placed.order);
            let number = known.unwrap_or(self.orders.len());
            if known.is_none() {
                self.orders.push((who, placed));
            }
            format!("order {number}")
        }));
        same(&expected, &said)
    }

    async fn pay(&mut self, at: usize, placed: &Placed, key: u8, card: &'static str) -> Result<(), String> {
        let paid = payment::pay(&self.stall.shop, &placed.intent, &format!("pay{key}"), card).await;
        let expected = self.model.pay(at, key, card);
        let attempt = paid.as_ref().ok().and_then(|paid| paid.attempt.clone());
        same(
            &expected,
            &told(paid.map(|paid| if paid.attempt.is_some() { "try" } else { "busy" }.to_owned())),
        )?;
        let Some(attempt) = attempt else { return Ok(()) };
        let before = self.tries.iter().find(|(order, known, _)| (*order, *known) == (at, key));
        match before {
            Some((_, _, before)) if *before != attempt.id => Err("one key made two tries".to_owned()),
            Some(_) => Ok(()),
            None => {
                self.tries.push((at, key, attempt.id));
                Ok(())
            }
        }
    }

    async fn change(&mut self, goods: usize, reason: Reason, quantity: i64, key: u8) -> Result<(), String> {
        let (shop, store, variant) = (&self.stall.shop, &self.stall.store, &self.goods[goods]);
        let change = Change { reason, quantity };
        let made = ledger::change(shop, store, &self.owner, variant, &format!("move{key}"), &change).await;
        let expected = self.model.change(goods, reason, quantity, key);
        let said = told(made.map(|made| {
            let known = self.movements.iter().position(|known| *known == made.id);
            let number = known.unwrap_or(self.movements.len());
            if known.is_none() {
                self.movements.push(made.id);
            }
            format!("movement {number}")
        }));
        same(&expected, &said)
    }

    async fn take_back(&mut self, movement: usize) -> Result<(), String> {
        let Some(at) = movement.checked_rem(self.model.movements()) else { return Ok(()) };
        let (shop, store) = (&self.stall.shop, &self.stall.store);
        let undone = ledger::take_back(shop, store, &self.owner, &self.movements[at]).await;
        same(&self.model.take_back(at), &told(undone.map(|_| done())))
    }

    /// Where every order stands in the shop.
    async fn stands(&self) -> Vec<Stand> {
        type Row = (OrderId, String, String, String, i64, i64);
        let rows: Vec<Row> = sql!(all &self.stall.base.db,
            "select o.id, o.order_state, o.canceled_for, i.state, coalesce(a.captured_won, 0), coalesce(a.refund_won, 0)
             from orders o join payment_intents i on i.order_id = o.id
             left join payment_attempts a on a.id = i.paid_attempt")
        .unwrap();
        let stand = |(_, order): &(usize, Placed)| {
            let (_, state, reason, till, taken, back) = rows.iter().find(|row| row.0 == order.order).unwrap();
            let place = match (state.as_str(), reason.as_str()) {
                ("pending", _) => Place::Held,
                ("canceled", "expired") => Place::Expired,
                ("canceled", _) => Place::Canceled,
                _ => Place::Sold,
            };
            let till = match till.as_str() {
                "requires-method" => Till::Open,
                "processing" => Till::Busy,
                "canceled" => Till::Closed,
                _ => Till::Paid,
            };
            Stand { place, till, taken: *taken, back: *back }
        };
        self.orders.iter().map(stand).collect()
    }

    async fn follow(&mut self) -> Result<(), String> {
        let stands = self.stands().await;
        self.model.follow(&stands)
    }

    /// The shop and the model say the same of every order and every thing, and every rule of the house holds.
    async fn agree(&self) -> Result<(), String> {
        let expected: Vec<Stand> = self.model.orders.iter().map(|order| order.stand).collect();
        let stands = self.stands().await;
        if stands != expected {
            return Err(format!("orders stand at {stands:?} and not at {expected:?}"));
        }
        for (at, goods) in self.goods.iter().enumerate() {
            let (there, expected) =
                (self.stall.stock(goods).await, (self.model.goods[at].on_hand, self.model.reserved(at)));
            if there != expected {
                return Err(format!("of goods {at} there are {there:?} and not {expected:?}"));
            }
        }
        let broken = self.stall.broken().await;
        if broken.is_empty() { Ok(()) } else { Err(format!("{broken:?}")) }
    }

    /// A few hours later nothing is open any more, and their books are ours.
    async fn end(&mut self) -> Result<(), String> {
        for _ in 0..3 {
            self.one(&Command::Pass { seconds: 3_700 }).await?;
            self.one(&Command::Post).await?;
            self.one(&Command::Work).await?;
        }
        self.agree().await?;
        match self.stall.compared().await.unsettled {
            0 => Ok(()),
            open => Err(format!("{open} charges are not settled in the evening")),
        }
    }
}

fn done() -> String {
    "done".to_owned()
}

fn same(expected: &str, said: &str) -> Result<(), String> {
    if expected == said { Ok(()) } else { Err(format!("the shop says {said:?} and not {expected:?}")) }
}

/// What the shop says, in the model's words.
fn told(said: shop::Result<String>) -> String {
    match said {
        Ok(said) => said,
        Err(Error::Invalid(_)) => "invalid".to_owned(),
        Err(Error::KeyReused) => "key-reused".to_owned(),
        Err(Error::SoldOut { left, .. }) => format!("sold-out {left}"),
        Err(Error::StockPromised) => "promised".to_owned(),
        Err(Error::OrderMovedOn) => "moved-on".to_owned(),
        Err(Error::NothingToRefund) => "nothing".to_owned(),
        Err(Error::RefundTooMuch { left }) => format!("too-much {}", left.0),
        Err(Error::NotFound) => "not-found".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}
