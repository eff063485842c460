//! Everything that goes wrong between us and a payment company, against one that speaks its protocol.

use std::time::Duration;

use base::{Won, sql};
use sandbox::Status;
use serde_json::{Value, json};
use shop::order::{self, CanceledBy, Order, OrderState, PaymentState, Placed, place};
use shop::payment::difference::{self, Kind};
use shop::payment::refund::{self, NewRefund, RefundState};
use shop::payment::{self, APPROVE, AttemptState, IntentState, Observed, RefundTo, SILENT, Seen};
use shop::product::VariantId;
use shop::{Buyer, Error};

use crate::stall::{Stall, order_of};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// An order for one thing, ready to be paid.
async fn placed(stall: &Stall, buyer: &Buyer, variant: &VariantId) -> Placed {
    place(&stall.shop, buyer, &stall.base.random.token::<8>(), order_of(variant, 1)).await.unwrap()
}

async fn seen(stall: &Stall, buyer: &Buyer, placed: &Placed) -> Order {
    order::of_buyer(&stall.base.db, &buyer.ids(), &placed.order).await.unwrap()
}

/// Pays with a key of its own.
async fn pay(stall: &Stall, placed: &Placed, card: &str) -> IntentState {
    let key = stall.base.random.token::<8>();
    payment::pay(&stall.shop, &placed.intent, &key, card).await.unwrap().state
}

/// Money at the payment company that nobody has given back, over all payments.
fn kept(stall: &Stall) -> i64 {
    stall.sandbox.payments().iter().map(|payment| payment.kept).sum()
}

/// A call to the payment company past us, as its own pages would make it.
async fn company(stall: &Stall, path: &str, body: &Value) -> Value {
    let answer = reqwest::Client::new()
        .post(format!("{}{path}", stall.sandbox.url()))
        .basic_auth(format!("test_sk_{}", stall.store), Some(""))
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// What is open, by kind.
async fn differences(stall: &Stall) -> Vec<Kind> {
    let all = difference::of_store(&stall.base.db, &stall.store, 100).await.unwrap();
    let mut kinds: Vec<_> = all.iter().filter(|one| one.is_open()).map(|one| one.kind).collect();
    kinds.sort_by_key(|kind| kind.words());
    kinds
}

fn back_to() -> RefundTo {
    RefundTo { bank: "90".into(), number: "333301234567".into(), holder: "김단골".into() }
}

#[tokio::test]
async fn whatever_happens_to_the_answer_there_is_one_charge_and_one_sale() {
    for card in ["approve", "silent", "lost", "broken", "busy", "twice", "late", "reordered"] {
        for stall in Stall::each().await {
            let fish = stall.goods("고등어", 9_800, 1).await;
            let buyer = stall.buyer("단골").await;
            let order = placed(&stall, &buyer, &fish).await;
            pay(&stall, &order, card).await;
            pay(&stall, &order, APPROVE).await;
            stall.later(MINUTE).await;
            stall.later(MINUTE).await;
            let order = seen(&stall, &buyer, &order).await;
            assert_eq!(order.payment_state, PaymentState::Paid, "{card} {}", stall.engine);
            assert_eq!(kept(&stall), 9_800, "{card} {}", stall.engine);
            assert_eq!(stall.stock(&fish).await, (0, 0));
            assert!(differences(&stall).await.is_empty());
            stall.check().await;
        }
    }
}

#[tokio::test]
async fn another_amount_than_the_orders_goes_back_whole_and_is_written_down() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall, &order, "wrong-amount").await;
        stall.later(MINUTE).await;
        assert_eq!(kept(&stall), 0, "{}", stall.engine);
        assert_eq!(differences(&stall).await, [Kind::Amount]);
        assert!(seen(&stall, &buyer, &order).await.is_payable(), "the buyer may try again");
        assert_eq!(pay(&stall, &order, APPROVE).await, IntentState::Succeeded);
        stall.check().await;
    }
}

#[tokio::test]
async fn the_reply_the_webhook_and_the_poll_at_once_are_one_sale() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall, &order, SILENT).await;
        let known = payment::last_attempt(&stall.base.db, &order.intent).await.unwrap().unwrap();
        assert_eq!(known.state, AttemptState::Unknown);
        let gateway = stall.contract();
        let observed = gateway.get(known.id.as_str()).await.unwrap().unwrap();
        let mut looks = Vec::new();
        for _ in 0..24 {
            let (shop, known, observed) = (stall.shop.clone(), known.clone(), observed.clone());
            looks.push(tokio::spawn(async move {
                payment::apply_observed_state(&shop, &known, observed).await.unwrap();
            }));
        }
        // Somebody calls the order off in the middle of it: whoever comes first, no money is lost.
        let (shop, asked) = (stall.shop.clone(), seen(&stall, &buyer, &order).await);
        let called_off = tokio::spawn(async move { order::cancel(&shop, &asked, CanceledBy::Buyer).await });
        for look in looks {
            look.await.unwrap();
        }
        let was_called_off = called_off.await.unwrap().is_ok();
        stall.later(MINUTE).await;
        let order = seen(&stall, &buyer, &order).await;
        if was_called_off {
            assert_eq!((order.payment_state, kept(&stall)), (PaymentState::Refunded, 0), "{}", stall.engine);
        } else {
            assert_eq!((order.payment_state, kept(&stall)), (PaymentState::Paid, 9_800), "{}", stall.engine);
        }
        let captures: i64 =
            sql!(value & stall.base.db, "select count(*) from ledger_transfers where kind = 'capture'")
                .unwrap();
        assert_eq!(captures, 1, "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_hundred_different_presses_of_pay_charge_once() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        let mut taps = Vec::new();
        for turn in 0..100 {
            let (shop, intent) = (stall.shop.clone(), order.intent.clone());
            let card = if turn % 3 == 0 { SILENT } else { APPROVE };
            taps.push(tokio::spawn(async move {
                payment::pay(&shop, &intent, &format!("tap{turn}"), card).await
            }));
        }
        for tap in taps {
            tap.await.unwrap().unwrap();
        }
        stall.later(MINUTE).await;
        assert_eq!(kept(&stall), 9_800, "{}", stall.engine);
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_key_is_one_try_and_another_body_is_refused() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        let (one, two) = tokio::join!(
            payment::pay(&stall.shop, &order.intent, "tap", "decline"),
            payment::pay(&stall.shop, &order.intent, "tap", "decline"),
        );
        let (one, two) = (one.unwrap().attempt.unwrap(), two.unwrap().attempt.unwrap());
        assert_eq!(one.id, two.id, "{}", stall.engine);
        let other = payment::pay(&stall.shop, &order.intent, "tap", APPROVE).await;
        assert!(matches!(other, Err(Error::KeyReused)));
        let again = payment::pay(&stall.shop, &order.intent, "tap", "decline").await.unwrap();
        assert_eq!(again.attempt.unwrap().state, AttemptState::Declined);
        assert_eq!(kept(&stall), 0);
    }
}

#[tokio::test]
async fn never_more_goes_back_than_was_paid_however_many_ask() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall, &order, APPROVE).await;
        let mut asks = Vec::new();
        for turn in 0..20 {
            let (shop, store, order) = (stall.shop.clone(), stall.store.clone(), order.order.clone());
            asks.push(tokio::spawn(async move {
                let new =
                    NewRefund { amount_won: Some(Won(3_000)), reason: "상한 것이 있어서".into() };
                refund::ask(&shop, &store, &order, &format!("refund{turn}"), new).await
            }));
        }
        let mut given = 0;
        for ask in asks {
            match ask.await.unwrap() {
                Ok(_) => given += 1,
                Err(Error::RefundTooMuch { left }) => assert!(left < Won(3_000)),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(given, 3, "{}", stall.engine);
        stall.later(MINUTE).await;
        assert_eq!(kept(&stall), 800, "{}", stall.engine);
        let intent = payment::find(&stall.base.db, &order.intent).await.unwrap();
        assert_eq!((intent.state, intent.refunded_won), (IntentState::Succeeded, Won(9_000)));
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid);

        let rest = refund::ask(&stall.shop, &stall.store, &order.order, "rest", NewRefund::default()).await;
        assert_eq!(rest.unwrap().amount_won, Won(800));
        stall.later(MINUTE).await;
        assert_eq!(kept(&stall), 0);
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Refunded);
        let more = refund::ask(&stall.shop, &stall.store, &order.order, "more", NewRefund::default()).await;
        assert!(matches!(more, Err(Error::NothingToRefund)));
        stall.check().await;
    }
}

#[tokio::test]
async fn a_refund_key_is_one_refund_and_another_store_has_no_say() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        let unpaid = refund::ask(&stall.shop, &stall.store, &order.order, "k", NewRefund::default()).await;
        assert!(matches!(unpaid, Err(Error::NothingToRefund)));
        pay(&stall, &order, APPROVE).await;
        let ask = |amount: i64| {
            let new = NewRefund { amount_won: Some(Won(amount)), reason: String::new() };
            refund::ask(&stall.shop, &stall.store, &order.order, "k", new)
        };
        let (one, two) = tokio::join!(ask(1_000), ask(1_000));
        assert_eq!(one.unwrap().id, two.unwrap().id, "{}", stall.engine);
        assert!(matches!(ask(2_000).await, Err(Error::KeyReused)));
        for strange in [-1, 0, i64::MAX] {
            let new = NewRefund { amount_won: Some(Won(strange)), reason: String::new() };
            let refused = refund::ask(&stall.shop, &stall.store, &order.order, "strange", new).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{strange}");
        }
        let rival = shop::StoreId::new(1);
        let refused = refund::ask(&stall.shop, &rival, &order.order, "r", NewRefund::default()).await;
        assert!(matches!(refused, Err(Error::NotFound)));
        stall.later(MINUTE).await;
        assert_eq!(kept(&stall), 8_800, "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_deposit_pays_and_a_bank_that_takes_it_back_makes_it_unpaid_again() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        let opened = payment::pay_by_account(&stall.shop, &order.intent, "k", "11", back_to()).await.unwrap();
        assert_eq!(opened.state, IntentState::AwaitingDeposit, "{}", stall.engine);
        let attempt = opened.attempt.unwrap();
        assert!(!attempt.account.is_empty());
        // The goods are held as long as the account is open, not ten minutes.
        stall.later(60 * MINUTE).await;
        assert_eq!(stall.stock(&fish).await, (1, 1), "{}", stall.engine);

        let deposit = json!({ "orderId": attempt.id });
        company(&stall, "/sandbox/deposits", &deposit).await;
        look(&stall, &order).await;
        let paid = seen(&stall, &buyer, &order).await;
        assert_eq!((paid.order_state, paid.payment_state), (OrderState::Confirmed, PaymentState::Paid));
        assert_eq!(stall.stock(&fish).await, (0, 0));

        company(&stall, "/sandbox/reversals", &deposit).await;
        look(&stall, &order).await;
        let unpaid = seen(&stall, &buyer, &order).await;
        assert_eq!((unpaid.order_state, unpaid.payment_state), (OrderState::Pending, PaymentState::Awaiting));
        assert_eq!(stall.stock(&fish).await, (1, 1), "{}", stall.engine);
        assert_eq!(differences(&stall).await, [Kind::Reverted]);
        stall.check().await;

        company(&stall, "/sandbox/deposits", &deposit).await;
        look(&stall, &order).await;
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid, "{}", stall.engine);
        stall.check().await;

        // A deposit goes back to the account the buyer named.
        order::cancel(&stall.shop, &seen(&stall, &buyer, &order).await, CanceledBy::Seller).await.unwrap();
        stall.later(MINUTE).await;
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Refunded);
        assert_eq!((kept(&stall), stall.stock(&fish).await), (0, (1, 0)), "{}", stall.engine);
        stall.check().await;
    }
}

/// Asks the company about the last try, as a webhook's job does.
async fn look(stall: &Stall, placed: &Placed) {
    let known = payment::last_attempt(&stall.base.db, &placed.intent).await.unwrap().unwrap();
    let observed = stall.contract().get(known.id.as_str()).await.unwrap().unwrap();
    payment::apply_observed_state(&stall.shop, &known, observed).await.unwrap();
}

#[tokio::test]
async fn an_old_answer_does_not_undo_a_deposit() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        payment::pay_by_account(&stall.shop, &order.intent, "k", "11", back_to()).await.unwrap();
        let known = payment::last_attempt(&stall.base.db, &order.intent).await.unwrap().unwrap();
        let waiting = stall.contract().get(known.id.as_str()).await.unwrap().unwrap();
        company(&stall, "/sandbox/deposits", &json!({ "orderId": known.id })).await;
        look(&stall, &order).await;
        payment::apply_observed_state(&stall.shop, &known, waiting).await.unwrap();
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid, "{}", stall.engine);
        assert!(differences(&stall).await.is_empty());
    }
}

#[tokio::test]
async fn an_account_nobody_pays_into_lets_the_goods_go() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let (slow, gone) = (stall.buyer("느린 손님").await, stall.buyer("마음 바뀐 손님").await);
        let late = placed(&stall, &slow, &fish).await;
        let left = placed(&stall, &gone, &fish).await;
        for order in [&late, &left] {
            payment::pay_by_account(&stall.shop, &order.intent, "k", "11", back_to()).await.unwrap();
        }
        order::cancel(&stall.shop, &seen(&stall, &gone, &left).await, CanceledBy::Buyer).await.unwrap();
        stall.later(MINUTE).await;
        let closed = stall.sandbox.payments().iter().filter(|one| one.status == Status::Canceled).count();
        assert_eq!(closed, 1, "{}: the account is closed with its order", stall.engine);
        stall.later(DAY).await;
        stall.later(60 * MINUTE).await;
        assert_eq!(seen(&stall, &slow, &late).await.canceled_for, "expired", "{}", stall.engine);
        assert_eq!(stall.stock(&fish).await, (2, 0));
        let intent = payment::find(&stall.base.db, &late.intent).await.unwrap();
        assert_eq!(intent.state, IntentState::RequiresMethod);
        stall.check().await;
    }
}

#[tokio::test]
async fn the_window_takes_nothing_until_the_buyer_comes_back_with_the_right_amount() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        let here = "http://localhost/pay/x/window";
        let opened = payment::pay_at_window(&stall.shop, &order.intent, "k", here).await.unwrap();
        let window = opened.window.unwrap();
        let page = reqwest::get(&window).await.unwrap().text().await.unwrap();
        assert!(page.contains("9800"), "{page}");
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let back = client.post(&window).body("answer=approve").send().await.unwrap();
        let back = back.headers()["location"].to_str().unwrap().to_owned();
        assert!(back.starts_with("http://localhost/pay/x/window/done?"), "{back}");
        let key = back.split("paymentKey=").nth(1).unwrap().split('&').next().unwrap();
        let name = opened.attempt.unwrap().id;
        for (key, amount) in [(key, 1), ("pay_other", 9_800)] {
            let changed =
                payment::returned(&stall.shop, &order.intent, key, name.as_str(), Won(amount)).await;
            assert!(matches!(changed, Err(Error::PriceChanged)), "{key} {amount}");
        }
        assert_eq!(kept(&stall), 0, "{}", stall.engine);
        let mut backs = Vec::new();
        for _ in 0..5 {
            let (shop, intent, key, name) =
                (stall.shop.clone(), order.intent.clone(), key.to_owned(), name.to_string());
            backs.push(tokio::spawn(async move {
                payment::returned(&shop, &intent, &key, &name, Won(9_800)).await.unwrap()
            }));
        }
        for back in backs {
            back.await.unwrap();
        }
        assert_eq!(kept(&stall), 9_800, "{}", stall.engine);
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid);
        stall.check().await;
    }
}

#[tokio::test]
async fn who_leaves_the_window_may_pay_another_way_and_the_first_try_is_over() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        let opened = payment::pay_at_window(&stall.shop, &order.intent, "k", "http://localhost/x").await;
        let opened = opened.unwrap().attempt.unwrap();
        assert_eq!(pay(&stall, &order, APPROVE).await, IntentState::Succeeded, "{}", stall.engine);
        let key = opened.provider_key.unwrap();
        let late = payment::returned(&stall.shop, &order.intent, &key, opened.id.as_str(), Won(9_800)).await;
        assert!(matches!(late, Err(Error::NotFound)));
        assert_eq!(kept(&stall), 9_800);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_charge_we_had_given_up_is_still_money() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall, &order, SILENT).await;
        let known = payment::last_attempt(&stall.base.db, &order.intent).await.unwrap().unwrap();
        let never = Observed::only(Seen::Declined("NEVER_ARRIVED".into()));
        payment::apply_observed_state(&stall.shop, &known, never).await.unwrap();
        assert_eq!(pay(&stall, &order, APPROVE).await, IntentState::Succeeded);
        assert_eq!(kept(&stall), 19_600, "the company took it twice");
        look_at(&stall, &known).await;
        stall.later(MINUTE).await;
        assert_eq!(kept(&stall), 9_800, "{}: the second went back", stall.engine);
        assert_eq!(differences(&stall).await, [Kind::Twice]);
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid);
        stall.check().await;
    }
}

async fn look_at(stall: &Stall, known: &payment::Attempt) {
    let observed = stall.contract().get(known.id.as_str()).await.unwrap().unwrap();
    payment::apply_observed_state(&stall.shop, known, observed).await.unwrap();
}

#[tokio::test]
async fn a_payment_that_is_not_the_one_we_asked_about_changes_nothing() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let buyer = stall.buyer("단골").await;
        let (mine, other) = (placed(&stall, &buyer, &fish).await, placed(&stall, &buyer, &fish).await);
        pay(&stall, &other, APPROVE).await;
        let foreign = payment::last_attempt(&stall.base.db, &other.intent).await.unwrap().unwrap();
        let foreign = stall.contract().get(foreign.id.as_str()).await.unwrap().unwrap();
        pay(&stall, &mine, "decline").await;
        let known = payment::last_attempt(&stall.base.db, &mine.intent).await.unwrap().unwrap();
        payment::apply_observed_state(&stall.shop, &known, foreign).await.unwrap();
        assert!(seen(&stall, &buyer, &mine).await.is_payable(), "{}", stall.engine);
        assert_eq!(differences(&stall).await, [Kind::NotOurs]);
        stall.check().await;
    }
}

#[tokio::test]
async fn the_hourly_round_takes_up_what_stayed_unknown() {
    for stall in Stall::each().await {
        payment::begin_rounds(&stall.shop).await.unwrap();
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall, &order, SILENT).await;
        // As if every question so far had been lost with a machine.
        let mut tx = stall.base.db.begin().await.unwrap();
        sql!(run &mut tx, "delete from jobs where name = 'shop-poll-payment'").unwrap();
        tx.commit().await.unwrap();
        stall.later(61 * MINUTE).await;
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid, "{}", stall.engine);
        payment::begin_rounds(&stall.shop).await.unwrap();
        let rounds: i64 =
            sql!(value & stall.base.db, "select count(*) from jobs where name = 'shop-payments-hourly'")
                .unwrap();
        assert_eq!(rounds, 1, "one round waits, however often it was put");
        stall.check().await;
    }
}

#[tokio::test]
async fn the_daily_round_finds_every_difference_once() {
    for stall in Stall::each().await {
        payment::begin_rounds(&stall.shop).await.unwrap();
        let fish = stall.goods("고등어", 9_800, 9).await;
        let buyer = stall.buyer("단골").await;
        let mut paid = Vec::new();
        for _ in 0..4 {
            let order = placed(&stall, &buyer, &fish).await;
            pay(&stall, &order, APPROVE).await;
            paid.push(payment::last_attempt(&stall.base.db, &order.intent).await.unwrap().unwrap());
        }
        // The seller gives one back on the company's own page.
        let cancel = format!("/v1/payments/{}/cancel", paid[0].provider_key.as_ref().unwrap());
        company(&stall, &cancel, &json!({ "cancelReason": "직접", "cancelAmount": 1_000 })).await;
        // The company has a charge we never asked for.
        let new = json!({ "orderId": "somebody-elses", "amount": 5_000, "orderName": "?", "metadata": { "card": "approve" } });
        let foreign = company(&stall, "/v1/payments", &new).await;
        let confirm =
            json!({ "paymentKey": foreign["paymentKey"], "orderId": "somebody-elses", "amount": 5_000 });
        company(&stall, "/v1/payments/confirm", &confirm).await;
        // Our books lose a charge, and invent another.
        let mut tx = stall.base.db.begin().await.unwrap();
        sql!(run &mut tx, "update payment_attempts set captured_won = 700 where id = $1", &paid[1].id)
            .unwrap();
        let invented = payment::AttemptId::new(1);
        sql!(run &mut tx,
            "insert into payment_attempts (id, store_id, intent_id, place, gateway, method, state, created_at_ms, captured_won)
             select $1, store_id, intent_id, 9, gateway, method, 'charged', created_at_ms, 300
             from payment_attempts where id = $2", &invented, &paid[2].id).unwrap();
        sql!(run &mut tx,
            "insert into ledger_transfers (id, store_id, attempt_id, kind, at_ms) values ('invented', $1, $2, 'capture', $3)",
            &stall.store, &invented, stall.base.clock.now_ms()).unwrap();
        tx.commit().await.unwrap();

        let expected = [
            Kind::MissingThere,
            Kind::RefundedElsewhere,
            Kind::ReturnedSum,
            Kind::TakenSum,
            Kind::UnknownThere,
        ];
        stall.later(DAY).await;
        assert_eq!(differences(&stall).await, expected, "{}", stall.engine);
        let refunded = refund::of_order(&stall.base.db, &order_id(&stall, &paid[0]).await).await.unwrap();
        assert_eq!((refunded[0].amount_won, refunded[0].state), (Won(1_000), RefundState::Done));
        stall.later(DAY).await;
        assert_eq!(differences(&stall).await.len(), expected.len(), "the next day finds nothing new");
        let all = difference::of_store(&stall.base.db, &stall.store, 100).await.unwrap();
        let owner = stall.buyer("사장").await.person.unwrap();
        difference::settle(&stall.shop, &stall.store, &all[0].id, &owner.id).await.unwrap();
        assert_eq!(differences(&stall).await.len(), expected.len() - 1);
    }
}

async fn order_id(stall: &Stall, attempt: &payment::Attempt) -> order::OrderId {
    payment::find(&stall.base.db, &attempt.intent_id).await.unwrap().order_id
}

#[tokio::test]
async fn a_stall_without_a_contract_takes_nothing_and_says_so() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let order = placed(&stall, &stall.buyer("단골").await, &fish).await;
        let unsigned = shop::Shop::new(stall.base.clone(), web::Hub::default());
        let refused = payment::pay(&unsigned, &order.intent, "k", APPROVE).await;
        assert!(matches!(refused, Err(Error::NoContract)), "{}", stall.engine);
        let intent = payment::find(&stall.base.db, &order.intent).await.unwrap();
        assert_eq!(intent.state, IntentState::RequiresMethod);
    }
}

#[tokio::test]
async fn a_third_of_all_requests_may_go_wrong_and_no_money_is_lost() {
    for stall in Stall::with_chaos(33).await {
        payment::begin_rounds(&stall.shop).await.unwrap();
        let fish = stall.goods("고등어", 9_800, 40).await;
        let mut tries = Vec::new();
        for turn in 0..40 {
            let buyer = stall.buyer(&format!("손님{turn}")).await;
            let order = placed(&stall, &buyer, &fish).await;
            tries.push((buyer, order));
        }
        let mut running = Vec::new();
        for (turn, (buyer, order)) in tries.iter().enumerate() {
            let (shop, intent) = (stall.shop.clone(), order.intent.clone());
            let card = ["approve", "decline", "silent", "wrong-amount"][turn % 4];
            running.push(tokio::spawn(async move { payment::pay(&shop, &intent, "k", card).await }));
            if turn % 5 == 0 {
                let (shop, order) = (stall.shop.clone(), seen(&stall, buyer, order).await);
                running.push(tokio::spawn(async move {
                    let _ = order::cancel(&shop, &order, CanceledBy::Buyer).await;
                    Err(Error::NotFound)
                }));
            }
        }
        for one in running {
            let _ = one.await.unwrap();
        }
        for _ in 0..30 {
            stall.later(61 * MINUTE).await;
        }
        for (buyer, order) in &tries {
            let order_now = seen(&stall, buyer, order).await;
            let attempts: Vec<String> = sql!(
                values & stall.base.db,
                "select id from payment_attempts where intent_id = $1",
                &order.intent
            )
            .unwrap();
            let kept: i64 = stall
                .sandbox
                .payments()
                .iter()
                .filter(|payment| attempts.contains(&payment.order))
                .map(|payment| payment.kept)
                .sum();
            let expected = if order_now.payment_state == PaymentState::Paid { 9_800 } else { 0 };
            assert_eq!(kept, expected, "{}: {order_now:?}", stall.engine);
        }
        stall.check().await;
    }
}
