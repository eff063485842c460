//! Promotions, coupons and limits through the till: the right price, and never one coupon too many.

use std::time::Duration;

use base::{Won, sql};
use shop::coupon::{self, Coupon, CouponFault, NewCoupon};
use shop::delivery::HandOver;
use shop::discount::{Gives, Rule};
use shop::order::{
    self, Asking, CanceledBy, NewLine, NewOrder, Order, OrderState, PaymentState, Placed, place,
};
use shop::payment::{self, APPROVE, IntentState, SILENT};
use shop::product::{self, Draft, NewVariant, VariantId};
use shop::promotion::{self, NewPromotion, Promotion};
use shop::text::Listing;
use shop::{Buyer, Error};

use crate::stall::{Stall, order_of};

const HOLD: Duration = Duration::from_secs(601);

fn percent(percent: i64) -> Rule {
    Rule { percent, ..Rule::default() }
}

fn amount(won: i64) -> Rule {
    Rule { gives: Gives::Amount, amount_won: Won(won), ..Rule::default() }
}

async fn promote(stall: &Stall, rule: Rule, more: impl FnOnce(NewPromotion) -> NewPromotion) -> Promotion {
    let new = more(NewPromotion { rule, ..NewPromotion::default() });
    promotion::create(&stall.shop, &stall.store, &stall.base.random.token::<8>(), new).await.unwrap()
}

async fn issue(stall: &Stall, code: &str, rule: Rule, quantity: i64) -> Coupon {
    let new = NewCoupon { code: code.into(), rule, quantity, ..NewCoupon::default() };
    coupon::create(&stall.shop, &stall.store, code, new).await.unwrap()
}

fn with(code: &str, order: NewOrder) -> NewOrder {
    NewOrder { coupon: Some(code.into()), ..order }
}

async fn placed(stall: &Stall, buyer: &Buyer, wanted: NewOrder) -> shop::Result<Placed> {
    place(&stall.shop, buyer, &stall.base.random.token::<8>(), wanted).await
}

async fn seen(stall: &Stall, buyer: &Buyer, placed: &Placed) -> Order {
    order::of_buyer(&stall.base.db, &buyer.ids(), &placed.order).await.unwrap()
}

async fn pay(stall: &Stall, placed: &Placed, card: &str) -> IntentState {
    let key = stall.base.random.token::<8>();
    payment::pay(&stall.shop, &placed.intent, &key, card).await.unwrap().state
}

async fn redeemed(stall: &Stall, coupon: &Coupon) -> i64 {
    coupon::of_store(&stall.base.db, &stall.store, &coupon.id).await.unwrap().redeemed
}

fn refused(placed: shop::Result<Placed>) -> CouponFault {
    match placed {
        Err(Error::Coupon(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_promotion_is_frozen_in_the_order_and_its_lines_and_charged() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_990, 9).await;
        let squid = stall.goods("오징어", 5_005, 9).await;
        let made = promote(&stall, percent(10), |new| new).await;
        let buyer = stall.buyer("단골").await;
        let mut wanted = order_of(&fish, 1);
        wanted.lines.push(NewLine { variant: squid.clone(), quantity: 2 });
        let goods = 9_990 + 2 * 5_005;
        wanted.expected_total_won = Some(Won(goods - goods / 10));
        let order = placed(&stall, &buyer, wanted).await.unwrap();
        assert_eq!(pay(&stall, &order, APPROVE).await, IntentState::Succeeded);
        // A later change is another order's.
        promotion::change(
            &stall.shop,
            &stall.store,
            &made.id,
            NewPromotion { rule: percent(50), ..NewPromotion::default() },
        )
        .await
        .unwrap();
        let frozen = seen(&stall, &buyer, &order).await;
        assert_eq!((frozen.goods_won, frozen.discount_won), (Won(20_000), Won(2_000)), "{}", stall.engine);
        assert_eq!(frozen.total_won, Won(18_000));
        let lines = order::lines(&stall.base.db, &order.order).await.unwrap();
        assert_eq!(lines.iter().map(|line| line.discount_won.0).collect::<Vec<_>>(), [999, 1_001]);
        assert_eq!(lines.iter().map(|line| line.total_won.0).sum::<i64>(), 18_000);
        let named = order::discounts(&stall.base.db, &frozen).await.unwrap();
        assert_eq!((named[0].name.as_str(), named[0].won), ("10% 할인", Won(2_000)));
        let intent = payment::find(&stall.base.db, &order.intent).await.unwrap();
        assert_eq!(intent.amount_won, Won(18_000));
        let kept: i64 = stall.sandbox.payments().iter().map(|payment| payment.kept).sum();
        assert_eq!(kept, 18_000);
        let brought = promotion::list(&stall.base.db, &stall.store, None, 10).await.unwrap();
        assert_eq!(
            (brought[0].orders, brought[0].discount_won, brought[0].sold_won),
            (1, Won(2_000), Won(18_000))
        );
        stall.check().await;
    }
}

#[tokio::test]
async fn what_a_quote_says_is_what_an_order_costs() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 12_000, 99).await;
        promote(&stall, percent(10), |new| NewPromotion { from_quantity: Some(3), ..new }).await;
        promote(&stall, Rule { gives: Gives::FreeDelivery, ..Rule::default() }, |new| new).await;
        issue(&stall, "KIMJANG", amount(2_000), 50).await;
        let buyer = stall.buyer("단골").await;
        for quantity in [1, 3, 4] {
            let lines = [NewLine { variant: fish.clone(), quantity }];
            let asking = Asking { lines: &lines, broadcast: None, coupon: None };
            let quote = order::quote(&stall.shop, &buyer, asking).await.unwrap();
            for by in [HandOver::Parcel, HandOver::Pickup] {
                let mut wanted = order_of(&fish, quantity);
                wanted.hand_over = by;
                (wanted.to.postcode, wanted.to.address) = ("04600".into(), "너울포시 등대길 7".into());
                wanted.expected_total_won = Some(quote.total(by));
                placed(&stall, &buyer, wanted.clone()).await.unwrap();
                wanted.expected_total_won = Some(quote.total(by) - Won(1));
                let cheaper = placed(&stall, &buyer, wanted).await;
                assert!(matches!(cheaper, Err(Error::PriceChanged)), "a price is not the browser's to say");
            }
        }
        let quote = |quantity, coupon: Option<&'static str>| {
            let (shop, buyer, fish) = (stall.shop.clone(), buyer.clone(), fish.clone());
            async move {
                let lines = [NewLine { variant: fish, quantity }];
                let quote =
                    order::quote(&shop, &buyer, Asking { lines: &lines, broadcast: None, coupon }).await;
                let quote = quote.unwrap();
                (quote.total(HandOver::Parcel).0, quote.total(HandOver::Pickup).0)
            }
        };
        // One piece: the delivery is free. Three: 3,600 off is less than the delivery's 4,000, for a parcel.
        assert_eq!(quote(1, None).await, (12_000, 12_000), "{}", stall.engine);
        assert_eq!(quote(3, None).await, (36_000, 32_400));
        assert_eq!(quote(3, Some("kimjang")).await, (34_000, 30_400));
        stall.check().await;
    }
}

#[tokio::test]
async fn a_first_order_is_the_first_that_stands() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 10_000, 9).await;
        promote(&stall, amount(3_000), |new| NewPromotion { first_order: true, ..new }).await;
        let buyer = stall.buyer("새 손님").await;
        let total = async |placed: &Placed| seen(&stall, &buyer, placed).await.total_won.0;
        let first = placed(&stall, &buyer, order_of(&fish, 1)).await.unwrap();
        let second = placed(&stall, &buyer, order_of(&fish, 1)).await.unwrap();
        assert_eq!((total(&first).await, total(&second).await), (7_000, 10_000), "{}", stall.engine);
        for order in [&first, &second] {
            order::cancel(&stall.shop, &seen(&stall, &buyer, order).await, CanceledBy::Buyer).await.unwrap();
        }
        let third = placed(&stall, &buyer, order_of(&fish, 1)).await.unwrap();
        assert_eq!(total(&third).await, 7_000, "what was called off was no order");
        // Two at once by somebody new: one of them is the first.
        let other = stall.buyer("또 새 손님").await;
        let (one, two) = tokio::join!(
            placed(&stall, &other, order_of(&fish, 1)),
            placed(&stall, &other, order_of(&fish, 1))
        );
        let mut totals = [
            seen(&stall, &other, &one.unwrap()).await.total_won,
            seen(&stall, &other, &two.unwrap()).await.total_won,
        ];
        totals.sort_unstable();
        assert_eq!(totals, [Won(7_000), Won(10_000)]);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_promotion_has_its_time_its_goods_and_its_end() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 10_000, 9).await;
        let squid = stall.goods("오징어", 10_000, 9).await;
        let about = product_of(&stall, &fish).await;
        let rule = Rule { products: Listing(vec![about]), ..percent(20) };
        let (begins, ends) = (stall.base.clock.now_ms() + 1_000, stall.base.clock.now_ms() + 5_000);
        let made = promote(&stall, rule, |new| NewPromotion {
            starts_at: Some(base::clock::at(begins)),
            ends_at: Some(base::clock::at(ends)),
            ..new
        })
        .await;
        let buyer = stall.buyer("단골").await;
        let total = async |variant: &VariantId| {
            let order = placed(&stall, &buyer, order_of(variant, 1)).await.unwrap();
            seen(&stall, &buyer, &order).await.total_won.0
        };
        assert_eq!(total(&fish).await, 10_000, "{}: not yet", stall.engine);
        stall.base.clock.advance(Duration::from_secs(2));
        assert_eq!((total(&fish).await, total(&squid).await), (8_000, 10_000));
        promotion::end(&stall.shop, &stall.store, &made.id).await.unwrap();
        assert_eq!(total(&fish).await, 10_000, "ended");
        promotion::resume(&stall.shop, &stall.store, &made.id).await.unwrap();
        assert_eq!(total(&fish).await, 8_000, "and taken up again");
        stall.base.clock.advance(Duration::from_secs(5));
        assert_eq!(total(&fish).await, 10_000, "over");
        let nobody = shop::StoreId::new(1);
        for there in [
            promotion::end(&stall.shop, &nobody, &made.id).await.err(),
            promotion::of_store(&stall.base.db, &nobody, &made.id).await.err(),
        ] {
            assert!(matches!(there, Some(Error::NotFound)), "another store's is not there");
        }
        stall.check().await;
    }
}

async fn product_of(stall: &Stall, variant: &VariantId) -> product::ProductId {
    sql!(value & stall.base.db, "select product_id from variants where id = $1", variant).unwrap()
}

#[tokio::test]
async fn the_last_coupon_is_taken_once_by_twenty_buyers_at_once() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let coupon = issue(&stall, "LAST1", amount(1_000), 1).await;
        let mut asks = Vec::new();
        for n in 0..20 {
            let (shop, buyer) = (stall.shop.clone(), stall.buyer(&format!("손님{n}")).await);
            let wanted = with("last1", order_of(&fish, 1));
            asks.push(tokio::spawn(async move { place(&shop, &buyer, "k", wanted).await }));
        }
        let mut won = 0;
        for ask in asks {
            match ask.await.unwrap() {
                Ok(_) => won += 1,
                other => assert_eq!(refused(other), CouponFault::UsedUp),
            }
        }
        assert_eq!((won, redeemed(&stall, &coupon).await), (1, 1), "{}", stall.engine);
        assert_eq!(stall.stock(&fish).await, (50, 1), "who got no coupon holds no goods");
        stall.check().await;
    }
}

#[tokio::test]
async fn the_last_coupon_is_taken_once_between_two_processes() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let squid = stall.goods("오징어", 9_800, 50).await;
        let coupon = issue(&stall, "LAST3", amount(1_000), 3).await;
        let there = shop::Shop::new(stall.base.clone(), web::Hub::default());
        let mut asks = Vec::new();
        for n in 0..20 {
            let shop = if n % 2 == 0 { stall.shop.clone() } else { there.clone() };
            // Other goods, so that the stock does not make them wait for each other.
            let goods = if n % 2 == 0 { &fish } else { &squid };
            let (buyer, wanted) = (stall.buyer(&format!("손님{n}")).await, with("LAST3", order_of(goods, 1)));
            asks.push(tokio::spawn(async move { place(&shop, &buyer, "k", wanted).await.is_ok() }));
        }
        let mut won = 0;
        for ask in asks {
            won += i64::from(ask.await.unwrap());
        }
        assert_eq!((won, redeemed(&stall, &coupon).await), (3, 3), "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_buyer_uses_a_coupon_as_often_as_one_may_also_at_once() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let coupon = issue(&stall, "ONCE", amount(1_000), 9).await;
        let buyer = stall.buyer("단골").await;
        let (one, two) = tokio::join!(
            placed(&stall, &buyer, with("ONCE", order_of(&fish, 1))),
            placed(&stall, &buyer, with("once", order_of(&fish, 1))),
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{}", stall.engine);
        let late = if one.is_ok() { two } else { one };
        assert_eq!(refused(late), CouponFault::AlreadyUsed);
        assert_eq!(redeemed(&stall, &coupon).await, 1);
        // Somebody else is not hindered, and the same request again finds its own order.
        let other = stall.buyer("다른 손님").await;
        let first = place(&stall.shop, &other, "k", with("ONCE", order_of(&fish, 1))).await.unwrap();
        let again = place(&stall.shop, &other, "k", with("ONCE", order_of(&fish, 1))).await.unwrap();
        assert_eq!((first.order, redeemed(&stall, &coupon).await), (again.order, 2));
        stall.check().await;
    }
}

/// The same browser before somebody signed in.
fn unsigned(buyer: &Buyer) -> Buyer {
    let mut guest = buyer.clone();
    guest.person = None;
    guest
}

#[tokio::test]
async fn a_guest_who_signs_in_is_the_same_buyer() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        issue(&stall, "ONCE", amount(1_000), 9).await;
        let signed_in = stall.buyer("단골").await;
        let guest = unsigned(&signed_in);
        placed(&stall, &guest, with("ONCE", order_of(&fish, 1))).await.unwrap();
        let again = placed(&stall, &signed_in, with("ONCE", order_of(&fish, 1))).await;
        assert_eq!(refused(again), CouponFault::AlreadyUsed, "{}", stall.engine);
    }
}

#[tokio::test]
async fn a_coupon_that_is_handed_out_is_of_no_use_to_others() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let new = NewCoupon {
            code: "SHOW".into(),
            rule: amount(1_000),
            quantity: 9,
            by_claim: true,
            ..NewCoupon::default()
        };
        let coupon = coupon::create(&stall.shop, &stall.store, "SHOW", new).await.unwrap();
        let (taker, other) = (stall.buyer("받은 손님").await, stall.buyer("들은 손님").await);
        let mut tx = stall.base.db.begin().await.unwrap();
        let person = taker.person.clone().unwrap().id;
        for _ in 0..2 {
            let claims = [(coupon.id.clone(), person.clone())];
            coupon::claim::put(&mut tx, &claims, stall.base.clock.now_ms()).await.unwrap();
        }
        tx.commit().await.unwrap();
        let refused_one = placed(&stall, &other, with("SHOW", order_of(&fish, 1))).await;
        assert_eq!(refused(refused_one), CouponFault::NotTaken, "{}", stall.engine);
        let guest = placed(&stall, &unsigned(&taker), with("SHOW", order_of(&fish, 1))).await;
        assert_eq!(refused(guest), CouponFault::NotTaken);
        placed(&stall, &taker, with("SHOW", order_of(&fish, 1))).await.unwrap();
        assert_eq!(redeemed(&stall, &coupon).await, 1);
        let held = coupon::claim::to_hand_out(&stall.base.db, &stall.store, 0, 9).await.unwrap();
        assert_eq!(held.len(), 1);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_coupon_goes_with_its_order_and_comes_back_with_it() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let coupon = issue(&stall, "ONLY1", amount(1_000), 1).await;
        let (first, second) = (stall.buyer("가").await, stall.buyer("나").await);
        let wanted = || with("ONLY1", order_of(&fish, 1));

        // A hold that ends lets it go, by the next buyer.
        let held = placed(&stall, &first, wanted()).await.unwrap();
        assert_eq!(refused(placed(&stall, &second, wanted()).await), CouponFault::UsedUp);
        stall.base.clock.advance(HOLD);
        let next = placed(&stall, &second, wanted()).await.unwrap();
        assert_eq!(redeemed(&stall, &coupon).await, 1, "{}", stall.engine);

        // The first pays after all: the goods are there, the coupon is not, so the money goes back.
        pay(&stall, &held, APPROVE).await;
        stall.later(Duration::from_secs(60)).await;
        let late = seen(&stall, &first, &held).await;
        assert_eq!((late.order_state, late.payment_state), (OrderState::Canceled, PaymentState::Refunded));
        stall.check().await;

        // A cancellation lets it go, before the payment and after it.
        order::cancel(&stall.shop, &seen(&stall, &second, &next).await, CanceledBy::Buyer).await.unwrap();
        assert_eq!(redeemed(&stall, &coupon).await, 0);
        let paid = placed(&stall, &second, wanted()).await.unwrap();
        assert_eq!(pay(&stall, &paid, APPROVE).await, IntentState::Succeeded);
        stall.base.clock.advance(HOLD);
        assert_eq!(refused(placed(&stall, &first, wanted()).await), CouponFault::UsedUp, "it is spent");
        order::cancel(&stall.shop, &seen(&stall, &second, &paid).await, CanceledBy::Seller).await.unwrap();
        assert_eq!(redeemed(&stall, &coupon).await, 0);

        // A payment that comes in after the hold takes it again, if it is there.
        let slow = placed(&stall, &first, wanted()).await.unwrap();
        stall.later(HOLD).await;
        assert_eq!(redeemed(&stall, &coupon).await, 0, "the job lets it go too");
        pay(&stall, &slow, SILENT).await;
        stall.later(Duration::from_secs(60)).await;
        let slow = seen(&stall, &first, &slow).await;
        assert_eq!((slow.payment_state, redeemed(&stall, &coupon).await), (PaymentState::Paid, 1));
        stall.check().await;
    }
}

#[tokio::test]
async fn a_coupon_that_does_not_count_is_refused_by_its_reason() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let squid = stall.goods("오징어", 3_000, 50).await;
        let only_squid = Rule { products: Listing(vec![product_of(&stall, &squid).await]), ..amount(500) };
        let ends = stall.base.clock.now_ms() + 1_000;
        let new = NewCoupon {
            code: "SHORT".into(),
            rule: amount(500),
            quantity: 5,
            ends_at: Some(base::clock::at(ends)),
            ..NewCoupon::default()
        };
        coupon::create(&stall.shop, &stall.store, "short", new).await.unwrap();
        issue(&stall, "SQUID", only_squid, 5).await;
        issue(&stall, "LARGE", Rule { least_won: Won(10_000), ..amount(500) }, 5).await;
        let ended = issue(&stall, "ENDED", amount(500), 5).await;
        coupon::end(&stall.shop, &stall.store, &ended.id).await.unwrap();
        elsewhere(&stall).await;
        stall.base.clock.advance(Duration::from_secs(1));
        let buyer = stall.buyer("단골").await;
        for (code, fault) in [
            ("SHORT", CouponFault::Over),
            ("ENDED", CouponFault::Over),
            ("SQUID", CouponFault::OtherGoods),
            ("LARGE", CouponFault::TooLittle(Won(10_000))),
            ("ELSEWHERE", CouponFault::Unknown),
            ("NOWHERE", CouponFault::Unknown),
            ("'; drop table coupons", CouponFault::Unknown),
        ] {
            let placed = placed(&stall, &buyer, with(code, order_of(&fish, 1))).await;
            assert_eq!(refused(placed), fault, "{code} {}", stall.engine);
        }
        assert_eq!(stall.stock(&fish).await, (50, 0));
        let blank = placed(&stall, &buyer, with("  ", order_of(&fish, 1))).await.unwrap();
        assert_eq!(seen(&stall, &buyer, &blank).await.total_won, Won(9_800), "an empty field is no coupon");
        stall.check().await;
    }
}

/// Another store of the market, with a coupon of its own.
async fn elsewhere(stall: &Stall) {
    let owner = crate::stall::person(&stall.base, "옆 가게").await;
    let new =
        shop::store::NewStore { category: "fish".into(), name: "옆 가게".into(), ..Default::default() };
    let store = shop::store::create(&stall.shop, &owner.id, "other", new).await.unwrap();
    let new = NewCoupon { code: "ELSEWHERE".into(), rule: amount(500), quantity: 5, ..NewCoupon::default() };
    coupon::create(&stall.shop, &store.id, "k", new).await.unwrap();
}

#[tokio::test]
async fn a_coupon_is_issued_once_a_key_and_never_below_what_is_used() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let new = || NewCoupon { rule: percent(10), quantity: 2, ..NewCoupon::default() };
        let (one, two) = tokio::join!(
            coupon::create(&stall.shop, &stall.store, "tap", new()),
            coupon::create(&stall.shop, &stall.store, "tap", new()),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!((&one.id, &one.code), (&two.id, &two.code), "{}", stall.engine);
        let other = NewCoupon { quantity: 3, ..new() };
        let reused = coupon::create(&stall.shop, &stall.store, "tap", other).await;
        assert!(matches!(reused, Err(Error::KeyReused)));
        let same_code = NewCoupon { code: one.code.to_lowercase(), ..new() };
        let taken = coupon::create(&stall.shop, &stall.store, "other", same_code).await;
        assert!(matches!(taken, Err(Error::Invalid(_))));
        for name in ["가", "나"] {
            placed(&stall, &stall.buyer(name).await, with(&one.code, order_of(&fish, 1))).await.unwrap();
        }
        let fewer =
            coupon::change(&stall.shop, &stall.store, &one.id, NewCoupon { quantity: 1, ..new() }).await;
        assert!(matches!(fewer, Err(Error::Invalid(_))));
        let more =
            coupon::change(&stall.shop, &stall.store, &one.id, NewCoupon { quantity: 3, ..new() }).await;
        assert_eq!(more.unwrap().quantity, 3);
        placed(&stall, &stall.buyer("다").await, with(&one.code, order_of(&fish, 1))).await.unwrap();
        let mut tx = stall.base.db.begin().await.unwrap();
        let forced = sql!(run &mut tx, "update coupons set redeemed = redeemed + 1 where id = $1", &one.id);
        assert!(forced.is_err(), "the last net holds");
        tx.rollback().await.unwrap();
        stall.check().await;
    }
}

#[tokio::test]
async fn strange_rules_are_refused() {
    for stall in Stall::each().await {
        let foreign = Rule { products: Listing(vec![product::ProductId::new(1)]), ..percent(10) };
        for rule in [percent(0), percent(101), percent(-5), amount(0), amount(-1), amount(i64::MAX), foreign]
        {
            let new = NewPromotion { rule: rule.clone(), ..NewPromotion::default() };
            let made = promotion::create(&stall.shop, &stall.store, "k", new).await;
            assert!(matches!(made, Err(Error::Invalid(_))), "{rule:?}");
            let new = NewCoupon { rule: rule.clone(), quantity: 1, ..NewCoupon::default() };
            let made = coupon::create(&stall.shop, &stall.store, "k", new).await;
            assert!(matches!(made, Err(Error::Invalid(_))), "{rule:?}");
        }
        for quantity in [0, -1, i64::MAX] {
            let new = NewCoupon { rule: percent(10), quantity, ..NewCoupon::default() };
            let made = coupon::create(&stall.shop, &stall.store, "k", new).await;
            assert!(matches!(made, Err(Error::Invalid(_))), "{quantity}");
        }
        let free = Rule { gives: Gives::FreeDelivery, ..Rule::default() };
        let new = NewCoupon { rule: free, quantity: 1, ..NewCoupon::default() };
        assert!(coupon::create(&stall.shop, &stall.store, "k", new).await.is_err());
    }
}

/// A product of two variants, of which one buyer may have so many.
async fn limited(stall: &Stall, per_buyer: i64) -> (VariantId, VariantId) {
    let variant =
        |at| NewVariant { pick: vec![at], price_won: Won(9_800), stock: 50, ..NewVariant::default() };
    let draft = Draft {
        name: "굴비".into(),
        origin: "국내산".into(),
        category: "other".into(),
        attributes: crate::stall::no_certificate(),
        options: vec![product::Choice {
            name: "크기".into(),
            values: vec!["작은 것".into(), "큰 것".into()],
        }],
        variants: vec![variant(0), variant(1)],
        pickup: true,
        per_buyer,
        ..Draft::default()
    };
    let made = product::create(&stall.shop, &stall.store, "limited", draft).await.unwrap();
    let mut variants = product::variants(&stall.base.db, &made.id).await.unwrap();
    let large = variants.pop().unwrap().id;
    (variants.pop().unwrap().id, large)
}

#[tokio::test]
async fn one_buyer_has_no_more_than_one_may_over_all_orders() {
    for stall in Stall::each().await {
        let (small, large) = limited(&stall, 3).await;
        let buyer = stall.buyer("단골").await;
        let guest = unsigned(&buyer);
        let mut both = order_of(&small, 2);
        both.lines.push(NewLine { variant: large.clone(), quantity: 2 });
        let too_many = placed(&stall, &buyer, both).await;
        assert!(matches!(too_many, Err(Error::TooManyForOne { most: 3, had: 0, .. })), "{}", stall.engine);
        let first = placed(&stall, &guest, order_of(&small, 2)).await.unwrap();
        let more = placed(&stall, &buyer, order_of(&large, 2)).await;
        assert!(matches!(more, Err(Error::TooManyForOne { most: 3, had: 2, .. })));
        let asked = [NewLine { variant: large.clone(), quantity: 2 }];
        let quote =
            order::quote(&stall.shop, &buyer, Asking { lines: &asked, broadcast: None, coupon: None }).await;
        assert!(matches!(quote, Err(Error::TooManyForOne { .. })), "the review says so before");
        placed(&stall, &buyer, order_of(&large, 1)).await.unwrap();
        placed(&stall, &stall.buyer("다른 손님").await, order_of(&large, 3)).await.unwrap();
        order::cancel(&stall.shop, &seen(&stall, &guest, &first).await, CanceledBy::Buyer).await.unwrap();
        placed(&stall, &buyer, order_of(&large, 2)).await.unwrap();
        stall.check().await;
    }
}

#[tokio::test]
async fn a_limit_holds_for_one_buyer_at_once_in_two_processes() {
    for stall in Stall::each().await {
        let (small, large) = limited(&stall, 1).await;
        let there = shop::Shop::new(stall.base.clone(), web::Hub::default());
        for turn in 0..8 {
            let buyer = stall.buyer(&format!("손님{turn}")).await;
            let (one, two) = tokio::join!(
                place(&stall.shop, &buyer, "one", order_of(&small, 1)),
                place(&there, &buyer, "two", order_of(&large, 1)),
            );
            assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{}", stall.engine);
        }
        stall.check().await;
    }
}

#[tokio::test]
async fn whoever_guesses_codes_is_made_to_wait() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 50).await;
        let guesser = stall.buyer("남").await;
        let lines = [NewLine { variant: fish.clone(), quantity: 1 }];
        let ask = async |code: &str| {
            order::quote(&stall.shop, &guesser, Asking { lines: &lines, broadcast: None, coupon: Some(code) })
                .await
        };
        for n in 0..20 {
            assert_eq!(ask(&format!("GUESS{n}")).await.unwrap().coupon_fault(), Some(CouponFault::Unknown));
        }
        assert!(matches!(ask("GUESS20").await, Err(Error::TooManyGuesses { .. })), "{}", stall.engine);
        let mut wanted = order_of(&fish, 1);
        wanted.coupon = Some("GUESS21".into());
        let refused = place(&stall.shop, &guesser, "k", wanted).await;
        assert!(matches!(refused, Err(Error::TooManyGuesses { .. })));
        place(&stall.shop, &guesser, "k", order_of(&fish, 1)).await.unwrap();
        stall.base.clock.advance(std::time::Duration::from_secs(600));
        assert!(ask("GUESS22").await.is_ok(), "after ten minutes one may try again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_grant_one_first_order() {
    // SQLite has one process only.
    for stall in Stall::each().await.into_iter().filter(|stall| stall.engine == "postgres") {
        promote(&stall, amount(3_000), |new| NewPromotion { first_order: true, ..new }).await;
        let (fish, squid) = (stall.goods("고등어", 9_800, 50).await, stall.goods("오징어", 9_800, 50).await);
        let beside = stall.beside().await;
        for n in 0..12 {
            let buyer = stall.buyer(&format!("손님{n}")).await;
            let (here, there) = tokio::join!(
                place(&stall.shop, &buyer, "here", order_of(&fish, 1)),
                place(&beside, &buyer, "there", order_of(&squid, 1)),
            );
            let off = async |placed: Placed| seen(&stall, &buyer, &placed).await.discount_won.0;
            assert_eq!(off(here.unwrap()).await + off(there.unwrap()).await, 3_000);
        }
        stall.check().await;
    }
}
