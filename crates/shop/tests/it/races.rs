//! Races: two who want the same at the same moment, over and over, really at once. Whoever wins, the books agree.

use std::time::Duration;

use base::Won;
use people::PersonId;
use shop::order::{self, CanceledBy, NewLine, NewOrder, OrderState, PaymentState, Placed, place};
use shop::payment::refund::{self, NewRefund};
use shop::payment::{self, APPROVE, IntentState, SILENT};
use shop::product::VariantId;
use shop::stock::ledger::{self, Change, Reason};
use shop::{Buyer, Error};
use tokio::task::JoinSet;

use crate::stall::{Stall, order_of, person};

/// How often each race is run.
const ROUNDS: usize = 12;
const HOLD: Duration = Duration::from_secs(601);

/// One stall for each engine, with somebody who buys and somebody who sells.
async fn stalls() -> Vec<(Stall, Buyer, PersonId)> {
    let mut all = Vec::new();
    for stall in Stall::each().await {
        let buyer = stall.buyer("단골").await;
        let owner = person(&stall.base, "한파도").await.id;
        all.push((stall, buyer, owner));
    }
    all
}

async fn placed(stall: &Stall, buyer: &Buyer, wanted: NewOrder) -> Placed {
    place(&stall.shop, buyer, &stall.base.random.token::<8>(), wanted).await.unwrap()
}

async fn seen(stall: &Stall, buyer: &Buyer, placed: &Placed) -> order::Order {
    order::of_buyer(&stall.base.db, &buyer.ids(), &placed.order).await.unwrap()
}

/// What the payment company keeps of an order's tries.
async fn kept(stall: &Stall, placed: &Placed) -> i64 {
    let tries: Vec<String> = base::sql!(
        values & stall.base.db,
        "select id from payment_attempts where intent_id = $1",
        &placed.intent
    )
    .unwrap();
    let payments = stall.sandbox.payments();
    payments.iter().filter(|payment| tries.contains(&payment.order)).map(|payment| payment.kept).sum()
}

fn two(one: &VariantId, other: &VariantId) -> NewOrder {
    let line = |variant: &VariantId| NewLine { variant: variant.clone(), quantity: 1 };
    NewOrder { lines: vec![line(one), line(other)], ..order_of(one, 1) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_of_two_things_goes_to_one_basket_whole() {
    for (stall, buyer, _) in stalls().await {
        for round in 0..ROUNDS {
            let fish = stall.goods(&format!("고등어 {round}"), 9_800, 1).await;
            let squid = stall.goods(&format!("오징어 {round}"), 4_000, 1).await;
            // Each takes them in another order, and one wants a single thing.
            let wishes = [two(&fish, &squid), two(&squid, &fish), order_of(&squid, 1), two(&fish, &squid)];
            let mut asks = JoinSet::new();
            for (turn, wanted) in wishes.into_iter().enumerate() {
                let (shop, buyer) = (stall.shop.clone(), buyer.clone());
                asks.spawn(async move { place(&shop, &buyer, &format!("{round}-{turn}"), wanted).await });
            }
            let answers = asks.join_all().await;
            assert_eq!(answers.iter().filter(|one| one.is_ok()).count(), 1, "{} {answers:?}", stall.engine);
            assert!(
                answers.iter().flat_map(|one| one.as_ref().err()).all(|e| matches!(e, Error::SoldOut { .. }))
            );
            assert_eq!(stall.stock(&squid).await, (1, 1), "{}", stall.engine);
        }
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_that_pay_at_once_pay_once() {
    for (stall, buyer, _) in stalls().await {
        let fish = stall.goods("고등어", 9_800, ROUNDS as i64).await;
        for round in 0..ROUNDS {
            let order = placed(&stall, &buyer, order_of(&fish, 1)).await;
            let cards = if round % 2 == 0 { [APPROVE, APPROVE] } else { [SILENT, APPROVE] };
            let (one, other) = tokio::join!(
                payment::pay(&stall.shop, &order.intent, "one", cards[0]),
                payment::pay(&stall.shop, &order.intent, "other", cards[1]),
            );
            assert!(one.is_ok() && other.is_ok(), "{}: {one:?} {other:?}", stall.engine);
            stall.later(Duration::from_secs(60)).await;
            assert_eq!(kept(&stall, &order).await, 9_800, "{}", stall.engine);
            assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid);
        }
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_that_overtakes_its_own_answer_is_one_sale() {
    for (mut stall, buyer, _) in stalls().await {
        stall.open_door().await;
        let fish = stall.goods("고등어", 9_800, ROUNDS as i64).await;
        for round in 0..ROUNDS {
            let order = placed(&stall, &buyer, order_of(&fish, 1)).await;
            let card = if round % 2 == 0 { "twice" } else { "reordered" };
            let (shop, intent) = (stall.shop.clone(), order.intent.clone());
            let paying = tokio::spawn(async move { payment::pay(&shop, &intent, "tap", card).await });
            // The postman and the workers do not wait for the answer.
            while !paying.is_finished() {
                stall.sandbox.deliver().await;
                stall.work_once().await;
            }
            paying.await.unwrap().unwrap();
            stall.sandbox.deliver().await;
            stall.later(Duration::from_secs(60)).await;
            assert_eq!(kept(&stall, &order).await, 9_800, "{} {card}", stall.engine);
            assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid);
        }
        assert_eq!(stall.stock(&fish).await, (0, 0), "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cancels_while_paying_has_the_goods_or_the_money() {
    for (stall, buyer, _) in stalls().await {
        let fish = stall.goods("고등어", 9_800, ROUNDS as i64).await;
        for round in 0..ROUNDS {
            let order = placed(&stall, &buyer, order_of(&fish, 1)).await;
            let card = [APPROVE, SILENT, "lost"][round % 3];
            let asked = seen(&stall, &buyer, &order).await;
            let (paid, _) = tokio::join!(
                payment::pay(&stall.shop, &order.intent, "tap", card),
                order::cancel(&stall.shop, &asked, CanceledBy::Buyer),
            );
            paid.unwrap();
            for _ in 0..3 {
                stall.later(Duration::from_secs(2_000)).await;
            }
            let now = seen(&stall, &buyer, &order).await;
            let expected = if now.order_state == OrderState::Confirmed { 9_800 } else { 0 };
            assert_eq!(kept(&stall, &order).await, expected, "{} {card} {now:?}", stall.engine);
            assert_ne!(now.order_state, OrderState::Pending);
        }
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_runs_out_while_it_is_canceled_or_paid_goes_back_once() {
    for (stall, buyer, _) in stalls().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        for round in 0..ROUNDS {
            let order = placed(&stall, &buyer, order_of(&fish, 2)).await;
            let asked = seen(&stall, &buyer, &order).await;
            stall.base.clock.advance(HOLD);
            // The next buyer lets the hold go; the job does; the first buyer calls it off, or pays after all.
            let next = stall.buyer("다음 손님").await;
            let first = async {
                if round % 2 == 0 {
                    let _ = order::cancel(&stall.shop, &asked, CanceledBy::Buyer).await;
                } else {
                    payment::pay(&stall.shop, &order.intent, "tap", APPROVE).await.unwrap();
                }
            };
            let (bought, _, ()) =
                tokio::join!(place(&stall.shop, &next, "k", order_of(&fish, 2)), stall.work_once(), first);
            stall.check().await;
            stall.later(Duration::from_secs(1)).await;
            let sold = seen(&stall, &buyer, &order).await.order_state == OrderState::Confirmed;
            assert!(!(sold && bought.is_ok()), "{}: sold twice", stall.engine);
            // Everything goes back on the stall for the next round.
            for (who, order) in [(&buyer, Some(&order)), (&next, bought.as_ref().ok())] {
                let Some(order) = order else { continue };
                let now = seen(&stall, who, order).await;
                let _ = order::cancel(&stall.shop, &now, CanceledBy::Seller).await;
            }
            stall.later(Duration::from_secs(1)).await;
            assert_eq!(stall.stock(&fish).await, (2, 0), "{} round {round}", stall.engine);
        }
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_off_while_it_is_ordered_goes_one_way() {
    for (stall, buyer, owner) in stalls().await {
        for round in 0..ROUNDS {
            let fish = stall.goods(&format!("고등어 {round}"), 9_800, 1).await;
            let reason = if round % 2 == 0 { Reason::Spoiled } else { Reason::Counted };
            let change = Change { reason, quantity: i64::from(reason == Reason::Spoiled) };
            let key = format!("k{round}");
            let (ordered, spoiled) = tokio::join!(
                place(&stall.shop, &buyer, &key, order_of(&fish, 1)),
                ledger::change(&stall.shop, &stall.store, &owner, &fish, &key, &change),
            );
            let there = stall.stock(&fish).await;
            match (&ordered, &spoiled) {
                (Ok(_), Err(Error::StockPromised)) => assert_eq!(there, (1, 1), "{}", stall.engine),
                (Err(Error::SoldOut { .. }), Ok(_)) => assert_eq!(there, (0, 0), "{}", stall.engine),
                other => panic!("{}: {other:?}", stall.engine),
            }
        }
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_is_taken_back_while_it_is_sold_goes_one_way() {
    for (stall, buyer, owner) in stalls().await {
        for round in 0..ROUNDS {
            let fish = stall.goods(&format!("고등어 {round}"), 9_800, 0).await;
            let key = format!("k{round}");
            let received = Change { reason: Reason::Received, quantity: 1 };
            let made =
                ledger::change(&stall.shop, &stall.store, &owner, &fish, &key, &received).await.unwrap();
            let sale = async {
                let placed = place(&stall.shop, &buyer, &key, order_of(&fish, 1)).await?;
                payment::pay(&stall.shop, &placed.intent, "tap", APPROVE).await
            };
            let twice = async {
                tokio::join!(
                    ledger::take_back(&stall.shop, &stall.store, &owner, &made.id),
                    ledger::take_back(&stall.shop, &stall.store, &owner, &made.id),
                )
            };
            let (sold, (one, other)) = tokio::join!(sale, twice);
            let undone = one.is_ok() || other.is_ok();
            assert_ne!(sold.is_ok(), undone, "{}: {sold:?} {one:?} {other:?}", stall.engine);
            assert_eq!(stall.stock(&fish).await, (0, 0), "{}", stall.engine);
        }
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refunds_of_the_same_money_are_one() {
    for (stall, buyer, _) in stalls().await {
        let fish = stall.goods("고등어", 9_800, ROUNDS as i64).await;
        for round in 0..ROUNDS {
            let order = placed(&stall, &buyer, order_of(&fish, 1)).await;
            payment::pay(&stall.shop, &order.intent, "tap", APPROVE).await.unwrap();
            let asked = seen(&stall, &buyer, &order).await;
            let all = |key: &str| {
                let (shop, store, order) = (stall.shop.clone(), stall.store.clone(), order.order.clone());
                let key = format!("{key}{round}");
                async move { refund::ask(&shop, &store, &order, &key, NewRefund::default()).await }
            };
            // Two by hand, and one because the order is called off.
            let (one, other, canceled) = tokio::join!(
                all("one"),
                all("other"),
                order::cancel(&stall.shop, &asked, CanceledBy::Seller)
            );
            canceled.unwrap();
            let given = [&one, &other].iter().filter(|asked| asked.is_ok()).count();
            assert!(given <= 1, "{}: {one:?} {other:?}", stall.engine);
            stall.later(Duration::from_secs(60)).await;
            assert_eq!(kept(&stall, &order).await, 0, "{}", stall.engine);
            let intent = payment::find(&stall.base.db, &order.intent).await.unwrap();
            assert_eq!((intent.state, intent.refunded_won), (IntentState::Refunded, Won(9_800)));
        }
        assert_eq!(stall.stock(&fish).await, (ROUNDS as i64, 0), "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refund_key_never_gives_back_on_two_orders() {
    for (stall, buyer, _) in stalls().await {
        let fish = stall.goods("고등어", 9_800, 8).await;
        let mut asks = JoinSet::new();
        let mut orders = Vec::new();
        for _ in 0..8 {
            let order = placed(&stall, &buyer, order_of(&fish, 1)).await;
            payment::pay(&stall.shop, &order.intent, "tap", APPROVE).await.unwrap();
            orders.push(order.order);
        }
        for order in orders {
            let (shop, store) = (stall.shop.clone(), stall.store.clone());
            asks.spawn(async move { refund::ask(&shop, &store, &order, "one", NewRefund::default()).await });
        }
        let answers = asks.join_all().await;
        let given = answers.iter().filter(|answer| answer.is_ok()).count();
        let refused = answers.iter().filter(|answer| matches!(answer, Err(Error::KeyReused))).count();
        assert_eq!((given, refused), (1, 7), "{}: {answers:?}", stall.engine);
        stall.later(Duration::from_secs(1)).await;
        let kept: i64 = stall.sandbox.payments().iter().map(|payment| payment.kept).sum();
        assert_eq!(kept, 7 * 9_800, "{}", stall.engine);
        stall.check().await;
    }
}
