//! The simulator: thousands of small markets, each wholly given by its seed. A few people buy, pay, change their
//! minds and press twice, their requests woven into one another at every crash point; requests to the payment
//! company go wrong, news comes late or never, the clock jumps, requests are cut off, the program ends and starts
//! again. In the evening every rule of the house must hold, and both books agree to the won.
//!
//! `./run drill seeds 10000` lives many; `DANGOL_SEEDS=1 DANGOL_SEED=77` lives the 77th again, told step by step.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Random, Won, sql};
use people::PersonId;
use serde_json::json;
use shop::order::{self, CanceledBy, NewLine, NewOrder, Order, OrderId, Placed, place};
use shop::payment::refund::{self, NewRefund};
use shop::payment::{self, IntentId, IntentState, RefundTo};
use shop::product::VariantId;
use shop::stock::ledger::{self, Change, Reason};
use shop::{Buyer, Error};

use crate::stage::{Act, Came, Stage};
use crate::stall::{Luck, Stall, engines, order_of, person};

/// Seeds when nobody says how many: a second for two of them on both engines.
const SEEDS: u64 = 40;
/// What happens in one market.
const STEPS: u64 = 60;
const BUYERS: u64 = 4;
/// Hours within which all is settled, however often a question is lost.
const HOURS: usize = 40;
const CARDS: [&str; 11] = [
    "approve",
    "approve",
    "approve",
    "decline",
    "silent",
    "lost",
    "broken",
    "busy",
    "wrong-amount",
    "late",
    "reordered",
];

/// What an act has to say at its end.
enum Said {
    Placed { buyer: usize, key: u64, wanted: Box<NewOrder>, told: Result<Placed, Error> },
    Paid { order: OrderId, told: Result<IntentState, Error> },
    Nothing,
}

/// An order that somebody was told of, and what they were told of its payment.
struct Told {
    buyer: usize,
    key: u64,
    wanted: NewOrder,
    order: OrderId,
    intent: IntentId,
    is_paid: bool,
}

struct Market {
    stall: Stall,
    stage: Stage,
    luck: Random,
    acts: Vec<Act<Said>>,
    buyers: Vec<Buyer>,
    goods: Vec<VariantId>,
    owner: PersonId,
    told: Vec<Told>,
    keys: u64,
    outside: reqwest::Client,
    is_loud: bool,
}

#[test]
fn whatever_goes_wrong_in_a_market_its_books_agree_in_the_evening() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = (number("DANGOL_SEED").unwrap_or(1), number("DANGOL_SEEDS").unwrap_or(SEEDS));
    let is_loud = count == 1;
    for engine in engines() {
        // Each market has a thread to itself, so that what happens in it is its seed's alone.
        let next = AtomicU64::new(first);
        let live_on = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count {
                    return;
                }
                if let Err(wrong) = alone(engine, seed, is_loud) {
                    next.store(first + count, Ordering::Relaxed);
                    panic!(
                        "seed {seed} on {engine}: {wrong}\nto see it again: ./run drill seeds 1 --from {seed}"
                    );
                }
                if seed.is_multiple_of(100) {
                    eprintln!("{engine}: {seed} markets came out");
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64).min(count);
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(live_on))));
    }
}

fn alone(engine: &'static str, seed: u64, is_loud: bool) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lived = AssertUnwindSafe(|| runtime.block_on(live(engine, seed, is_loud)));
    std::panic::catch_unwind(lived)
        .unwrap_or_else(|panic| Err(format!("{:?}", panic.downcast_ref::<String>())))
}

async fn live(engine: &'static str, seed: u64, is_loud: bool) -> Result<(), String> {
    let mut market = Market::open(engine, seed, is_loud).await;
    for _ in 0..STEPS {
        market.step().await;
    }
    market.evening().await
}

impl Market {
    async fn open(engine: &'static str, seed: u64, is_loud: bool) -> Market {
        let luck = Random::seeded(seed);
        let chaos_percent = [0, 0, 10, 33][luck.below(4) as usize];
        let mut stall = Stall::new(engine, Luck { seed: Some(seed), chaos_percent }).await;
        stall.open_door().await;
        payment::begin_rounds(&stall.shop).await.unwrap();
        let mut goods = Vec::new();
        for (name, price) in [("고등어", 9_800), ("갈치", 12_000)] {
            goods.push(stall.goods(name, price, 1 + luck.below(4) as i64).await);
        }
        let mut buyers = Vec::new();
        for number in 0..BUYERS {
            buyers.push(stall.buyer(&format!("손님 {number}")).await);
        }
        let owner = person(&stall.base, "한파도").await.id;
        let stage = Stage::on(&stall.base.db);
        let (acts, told, outside) = (Vec::new(), Vec::new(), reqwest::Client::new());
        Market { stall, stage, luck, acts, buyers, goods, owner, told, keys: 0, outside, is_loud }
    }

    fn say(&self, text: &str) {
        if self.is_loud {
            eprintln!("{text}");
        }
    }

    /// One thing happens, by the seed.
    async fn step(&mut self) {
        match self.luck.below(100) {
            0..=39 => self.go_on().await,
            40..=43 => self.cut_off(),
            44..=58 => self.order().await,
            59..=73 => self.pay().await,
            74..=77 => self.cancel().await,
            78..=80 => self.give_back().await,
            81..=83 => self.change().await,
            84..=87 => self.news().await,
            88..=93 => self.work().await,
            94..=95 => {
                self.say("the payment company's news is delivered");
                let sandbox = self.stall.sandbox.clone();
                let sent = async move {
                    sandbox.deliver().await;
                    Said::Nothing
                };
                self.begin("news".to_owned(), sent).await;
            }
            96..=98 => {
                let seconds = [3, 6, 70, 601, 1_900, 3_700][self.luck.below(6) as usize];
                self.say(&format!("{seconds} s pass"));
                self.stall.base.clock.advance(Duration::from_secs(seconds));
            }
            _ => self.restart().await,
        }
    }

    async fn begin(&mut self, name: String, doing: impl Future<Output = Said> + 'static) {
        self.say(&format!("{name} begins"));
        let came = self.stage.begin(name, doing).await;
        self.note(came);
    }

    fn note(&mut self, came: Came<Said>) {
        match came {
            Came::Waits(act) => {
                self.say(&format!("{} waits at {}", act.name, act.place));
                self.acts.push(act);
            }
            Came::Ended(Said::Placed { buyer, key, wanted, told: Ok(placed) }) => {
                self.say(&format!("buyer {buyer} has order {}", placed.order));
                if !self.told.iter().any(|one| one.order == placed.order) {
                    let Placed { order, intent, .. } = placed;
                    self.told.push(Told { buyer, key, wanted: *wanted, order, intent, is_paid: false });
                }
            }
            Came::Ended(Said::Paid { order, told: Ok(state) }) => {
                self.say(&format!("the payment of {order} is {state:?}"));
                let one = self.told.iter_mut().find(|one| one.order == order);
                if let Some(one) = one {
                    one.is_paid |= state == IntentState::Succeeded;
                }
            }
            Came::Ended(Said::Placed { told: Err(error), .. } | Said::Paid { told: Err(error), .. }) => {
                self.say(&format!("refused: {error}"));
                assert!(!matches!(error, Error::Internal(_)), "broken: {error}");
            }
            Came::Ended(Said::Nothing) => {}
        }
    }

    /// One of those who wait goes on.
    async fn go_on(&mut self) {
        if self.acts.is_empty() {
            return self.work().await;
        }
        let at = self.luck.below(self.acts.len() as u64) as usize;
        let act = self.acts.swap_remove(at);
        self.say(&format!("{} goes on", act.name));
        let came = self.stage.run(act).await;
        self.note(came);
    }

    /// One of those who wait is never heard of again.
    fn cut_off(&mut self) {
        if !self.acts.is_empty() {
            let at = self.luck.below(self.acts.len() as u64) as usize;
            let act = self.acts.swap_remove(at);
            self.say(&format!("{} is cut off at {}", act.name, act.place));
        }
    }

    async fn restart(&mut self) {
        self.say("the program ends and starts again");
        self.acts.clear();
        self.stall.restart().await;
        self.stall.open_door().await;
        self.stage = Stage::on(&self.stall.base.db);
    }

    async fn order(&mut self) {
        let buyer = self.luck.below(BUYERS) as usize;
        // One in four is a second press of an older button.
        let again = (!self.told.is_empty() && self.luck.below(4) == 0)
            .then(|| self.luck.below(self.told.len() as u64) as usize);
        let (buyer, key, wanted) = match again.map(|at| &self.told[at]) {
            Some(one) => (one.buyer, one.key, one.wanted.clone()),
            None => {
                self.keys += 1;
                let mut wanted = order_of(&self.goods[self.luck.below(2) as usize], 1);
                if self.luck.below(3) == 0 {
                    let variant = self.goods[self.luck.below(2) as usize].clone();
                    wanted.lines.push(NewLine { variant, quantity: 1 });
                }
                (buyer, self.keys, wanted)
            }
        };
        let (shop, who) = (self.stall.shop.clone(), self.buyers[buyer].clone());
        self.begin(format!("order {key} of buyer {buyer}"), async move {
            let told = place(&shop, &who, &format!("key{key}"), wanted.clone()).await;
            Said::Placed { buyer, key, wanted: Box::new(wanted), told }
        })
        .await;
    }

    /// One of the orders that somebody knows of.
    fn any(&self) -> Option<usize> {
        (!self.told.is_empty()).then(|| self.luck.below(self.told.len() as u64) as usize)
    }

    async fn pay(&mut self) {
        let Some(at) = self.any() else { return };
        let card = CARDS[self.luck.below(CARDS.len() as u64) as usize];
        let is_deposit = self.luck.below(10) == 0;
        let key = format!("pay{}", self.luck.below(3));
        let (shop, order, intent) =
            (self.stall.shop.clone(), self.told[at].order.clone(), self.told[at].intent.clone());
        self.begin(format!("paying {order} by {card}"), async move {
            let told = if is_deposit {
                let to =
                    RefundTo { bank: "90".into(), number: "333301234567".into(), holder: "김단골".into() };
                payment::pay_by_account(&shop, &intent, &key, "11", to).await
            } else {
                payment::pay(&shop, &intent, &key, card).await
            };
            let told = match told {
                // A key that was used with another card, which a real buyer's page would not do.
                Err(Error::KeyReused) => Ok(IntentState::Processing),
                told => told.map(|paid| paid.state),
            };
            Said::Paid { order, told }
        })
        .await;
    }

    async fn seen(&self, at: usize) -> Order {
        let Told { buyer, order, .. } = &self.told[at];
        order::of_buyer(&self.stall.base.db, &self.buyers[*buyer].ids(), order).await.unwrap()
    }

    async fn cancel(&mut self) {
        let Some(at) = self.any() else { return };
        let (shop, order) = (self.stall.shop.clone(), self.seen(at).await);
        self.begin(format!("calling {} off", order.id), async move {
            let _ = order::cancel(&shop, &order, CanceledBy::Buyer).await;
            Said::Nothing
        })
        .await;
    }

    async fn give_back(&mut self) {
        let Some(at) = self.any() else { return };
        let (shop, store, order) =
            (self.stall.shop.clone(), self.stall.store.clone(), self.told[at].order.clone());
        let amount_won = (self.luck.below(2) == 0).then(|| Won(1 + self.luck.below(9_000) as i64));
        let key = format!("back{}", self.luck.below(6));
        self.begin(format!("giving {amount_won:?} of {order} back"), async move {
            let new = NewRefund { amount_won, reason: String::new() };
            let asked = refund::ask(&shop, &store, &order, &key, new).await;
            assert!(!matches!(asked, Err(Error::Internal(_))), "{asked:?}");
            Said::Nothing
        })
        .await;
    }

    async fn change(&mut self) {
        let variant = self.goods[self.luck.below(2) as usize].clone();
        let reason = Reason::ALL[self.luck.below(5) as usize];
        let change = Change { reason, quantity: self.luck.below(4) as i64 };
        let (shop, store, owner) = (self.stall.shop.clone(), self.stall.store.clone(), self.owner.clone());
        let (key, takes_back) = (format!("move{}", self.luck.below(20)), self.luck.below(3) == 0);
        self.begin(format!("{change:?}"), async move {
            if let Ok(made) = ledger::change(&shop, &store, &owner, &variant, &key, &change).await
                && takes_back
            {
                let _ = ledger::take_back(&shop, &store, &owner, &made.id).await;
            }
            Said::Nothing
        })
        .await;
    }

    /// Somebody says that a payment moved; the shop goes and looks.
    async fn news(&mut self) {
        let Some(at) = self.any() else { return };
        let intent = &self.told[at].intent;
        let Some(last) = payment::last_attempt(&self.stall.base.db, intent).await.unwrap() else { return };
        let data = json!({ "orderId": last.id, "turn": self.luck.below(1_000) });
        let news = json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": data }).to_string();
        let (outside, hook) = (self.outside.clone(), self.stall.hook());
        self.begin(format!("news of {}", last.id), async move {
            let _ = outside.post(hook).body(news).send().await;
            Said::Nothing
        })
        .await;
    }

    async fn work(&mut self) {
        let (workers, db, clock) =
            (self.stall.workers(), self.stall.base.db.clone(), self.stall.base.clock.clone());
        self.begin("a job".to_owned(), async move {
            workers.work_once(&db, &clock).await.unwrap();
            Said::Nothing
        })
        .await;
    }

    /// Who waits goes on or is gone; the hours pass, and whatever is open is asked about until it is known.
    async fn evening(mut self) -> Result<(), String> {
        while !self.acts.is_empty() && self.luck.below(8) > 0 {
            self.go_on().await;
        }
        self.acts.clear();
        self.stall.restart().await;
        self.stall.open_door().await;
        let mut hours = 0;
        while hours < 3 || (hours < HOURS && self.is_open().await) {
            hours += 1;
            self.stall.base.clock.advance(Duration::from_secs(3_700));
            self.stall.sandbox.deliver().await;
            while self.stall.work_once().await {}
        }
        self.say(&format!("{hours} hours later"));
        self.judge().await
    }

    async fn is_open(&self) -> bool {
        let open: i64 =
            sql!(value &self.stall.base.db,
            "select (select count(*) from payment_attempts where state in ('opened', 'started', 'unknown'))
                  + (select count(*) from refunds where state = 'asked')")
            .unwrap();
        open > 0
    }

    async fn judge(&self) -> Result<(), String> {
        let broken = self.stall.broken().await;
        if !broken.is_empty() {
            return Err(format!("{broken:#?}"));
        }
        if self.is_open().await {
            return Err("something is still open".to_owned());
        }
        let compared = self.stall.compared().await;
        if compared.unsettled > 0 {
            return Err(format!("{} charges are not settled", compared.unsettled));
        }
        for one in &self.told {
            let key = format!("key{}", one.key);
            let again = place(&self.stall.shop, &self.buyers[one.buyer], &key, one.wanted.clone());
            match again.await {
                Ok(placed) if placed.order == one.order => {}
                other => return Err(format!("the key of {} gives {other:?}", one.order)),
            }
            let intent = payment::find(&self.stall.base.db, &one.intent).await.map_err(|e| e.to_string())?;
            if one.is_paid && !matches!(intent.state, IntentState::Succeeded | IntentState::Refunded) {
                return Err(format!("{} was said to be paid and is {:?}", one.order, intent.state));
            }
        }
        Ok(())
    }
}
