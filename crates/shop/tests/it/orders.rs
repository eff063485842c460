//! Orders: the last box once, one order a key, holds that end.

use std::time::Duration;

use base::{Won, sql};
use shop::Error;
use shop::order::{self, CanceledBy, NewLine, OrderState, place};
use shop::product::{self, Choice, Draft, NewVariant};
use shop::text::Text;

use crate::stall::{Stall, order_of};

#[tokio::test]
async fn the_last_box_is_sold_once() {
    for stall in Stall::each().await {
        let apples = stall.goods("사과", 10_000, 1).await;
        let (first, second) = (stall.buyer("가").await, stall.buyer("나").await);
        let (first, second) = tokio::join!(
            place(&stall.shop, &first, "k", order_of(&apples, 1)),
            place(&stall.shop, &second, "k", order_of(&apples, 1)),
        );
        let sold = [&first, &second].iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(sold, 1, "{}", stall.engine);
        let refused = if first.is_err() { first } else { second };
        assert!(matches!(refused, Err(Error::SoldOut { left: 0, .. })));
        assert_eq!(stall.stock(&apples).await, (1, 1));
        stall.check().await;
    }
}

#[tokio::test]
async fn a_crowd_gets_exactly_what_is_there() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 30).await;
        let mut asks = Vec::new();
        for n in 0..100 {
            let (shop, buyer, wanted) =
                (stall.shop.clone(), stall.buyer(&format!("손님{n}")).await, order_of(&fish, 1));
            asks.push(tokio::spawn(async move { place(&shop, &buyer, "k", wanted).await.is_ok() }));
        }
        let mut sold = 0;
        for ask in asks {
            sold += i64::from(ask.await.unwrap());
        }
        assert_eq!((sold, stall.stock(&fish).await), (30, (30, 30)), "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_hundred_taps_make_one_order() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 5).await;
        let buyer = stall.buyer("단골").await;
        let mut taps = Vec::new();
        for _ in 0..100 {
            let (shop, buyer, wanted) = (stall.shop.clone(), buyer.clone(), order_of(&fish, 1));
            taps.push(tokio::spawn(async move { place(&shop, &buyer, "tap", wanted).await.unwrap().order }));
        }
        let mut orders = Vec::new();
        for tap in taps {
            orders.push(tap.await.unwrap());
        }
        orders.dedup();
        assert_eq!(orders.len(), 1, "{}", stall.engine);
        assert_eq!(stall.stock(&fish).await, (5, 1));
        let other = place(&stall.shop, &buyer, "tap", order_of(&fish, 2)).await;
        assert!(matches!(other, Err(Error::KeyReused)));
    }
}

#[tokio::test]
async fn the_retry_of_the_last_box_is_not_told_sold_out() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let first = place(&stall.shop, &buyer, "k", order_of(&fish, 1)).await.unwrap();
        let again = place(&stall.shop, &buyer, "k", order_of(&fish, 1)).await.unwrap();
        assert_eq!(first.order, again.order);
    }
}

#[tokio::test]
async fn strange_quantities_are_refused() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 500).await;
        let buyer = stall.buyer("단골").await;
        for quantity in [-1, 0, 100, i64::MAX, i64::MIN] {
            let refused = place(&stall.shop, &buyer, "k", order_of(&fish, quantity)).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{quantity}");
        }
        assert_eq!(stall.stock(&fish).await, (500, 0));
    }
}

#[tokio::test]
async fn lines_on_one_thing_are_summed_before_they_are_admitted() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 3).await;
        let mut wanted = order_of(&fish, 2);
        wanted.lines.push(NewLine { variant: fish.clone(), quantity: 2 });
        let refused = place(&stall.shop, &stall.buyer("단골").await, "k", wanted).await;
        assert!(matches!(refused, Err(Error::SoldOut { left: 3, .. })));
        assert_eq!(stall.stock(&fish).await, (3, 0));
    }
}

#[tokio::test]
async fn nobody_pays_another_price_than_they_saw() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 3).await;
        let mut wanted = order_of(&fish, 1);
        wanted.expected_total_won = Some(Won(1));
        let refused = place(&stall.shop, &stall.buyer("단골").await, "k", wanted).await;
        assert!(matches!(refused, Err(Error::PriceChanged)));
    }
}

#[tokio::test]
async fn a_hold_that_is_not_paid_goes_back_on_the_stall() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("잊은 손님").await;
        let placed = place(&stall.shop, &buyer, "k", order_of(&fish, 1)).await.unwrap();
        stall.later(Duration::from_secs(601)).await;
        assert_eq!(stall.stock(&fish).await, (1, 0), "{}", stall.engine);
        let order = order::of_buyer(&stall.base.db, &buyer.ids(), &placed.order).await.unwrap();
        assert_eq!((order.order_state, order.canceled_for.as_str()), (OrderState::Canceled, "expired"));
        stall.check().await;
    }
}

#[tokio::test]
async fn the_next_buyer_lets_an_expired_hold_go() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        place(&stall.shop, &stall.buyer("잊은 손님").await, "k", order_of(&fish, 1)).await.unwrap();
        stall.base.clock.advance(Duration::from_secs(601));
        place(&stall.shop, &stall.buyer("다음 손님").await, "k", order_of(&fish, 1)).await.unwrap();
        assert_eq!(stall.stock(&fish).await, (1, 1), "{}", stall.engine);
    }
}

#[tokio::test]
async fn a_canceled_order_gives_the_goods_back_and_no_stranger_can_see_it() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let buyer = stall.buyer("단골").await;
        let placed = place(&stall.shop, &buyer, "k", order_of(&fish, 2)).await.unwrap();
        let stranger = stall.buyer("남").await;
        let hidden = order::of_buyer(&stall.base.db, &stranger.ids(), &placed.order).await;
        assert!(matches!(hidden, Err(Error::NotFound)));
        let order = order::of_buyer(&stall.base.db, &buyer.ids(), &placed.order).await.unwrap();
        order::cancel(&stall.shop, &order, CanceledBy::Buyer).await.unwrap();
        assert_eq!(stall.stock(&fish).await, (2, 0));
        let twice = order::cancel(&stall.shop, &order, CanceledBy::Buyer).await;
        assert!(matches!(twice, Err(Error::OrderMovedOn)));
        let events: i64 = sql!(value & stall.base.db, "select count(*) from events").unwrap();
        assert!(events > 0, "the store's screens are told what is left");
        stall.check().await;
    }
}

#[tokio::test]
async fn what_is_no_longer_offered_is_not_counted_as_left() {
    for stall in Stall::each().await {
        let (small, large) = (Text::from("작은 것"), Text::from("큰 것"));
        let variant =
            |at| NewVariant { pick: vec![at], price_won: Won(9_800), stock: 5, ..NewVariant::default() };
        let sizes = |values| vec![Choice { name: "크기".into(), values }];
        let both = Draft {
            name: "고등어".into(),
            origin: "국내산".into(),
            category: "other".into(),
            attributes: crate::stall::no_certificate(),
            options: sizes(vec![small.clone(), large]),
            variants: vec![variant(0), variant(1)],
            parcel: true,
            ..Draft::default()
        };
        let one = Draft { options: sizes(vec![small]), variants: vec![variant(0)], ..both.clone() };
        let product = product::create(&stall.shop, &stall.store, "fish", both).await.unwrap().id;
        let left = async || product::card(&stall.base.db, &product).await.unwrap().unwrap().left;
        assert_eq!(left().await, 10);
        product::change(&stall.shop, &stall.store, &product, one).await.unwrap();
        assert_eq!(left().await, 5, "{}", stall.engine);
    }
}
