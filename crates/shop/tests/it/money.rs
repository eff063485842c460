//! Money: taken once, never lost, given back when the goods are gone.

use std::time::Duration;

use base::{Won, sql};
use shop::order::{self, CanceledBy, Order, OrderState, PaymentState, Placed, place};
use shop::payment::IntentId;
use shop::payment::refund::{self, NewRefund};
use shop::payment::{self, APPROVE, DECLINE, IntentState, SILENT};
use shop::product::VariantId;
use shop::{Buyer, Shop};

use crate::stall::{Stall, order_of};

async fn placed(stall: &Stall, buyer: &Buyer, variant: &VariantId) -> Placed {
    place(&stall.shop, buyer, &stall.base.random.token::<8>(), order_of(variant, 1)).await.unwrap()
}

async fn seen(stall: &Stall, buyer: &Buyer, placed: &Placed) -> Order {
    order::of_buyer(&stall.base.db, &buyer.ids(), &placed.order).await.unwrap()
}

/// Pays with a key of its own.
async fn pay(shop: &Shop, intent: &IntentId, card: &str) -> shop::Result<IntentState> {
    Ok(payment::pay(shop, intent, &uuid::Uuid::new_v4().to_string(), card).await?.state)
}

/// Payments the company has taken and not given back.
async fn charged(stall: &Stall) -> usize {
    stall.sandbox.payments().iter().filter(|payment| payment.kept > 0).count()
}

#[tokio::test]
async fn a_paid_order_is_a_sale_and_the_seller_hears_of_it() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        assert_eq!(pay(&stall.shop, &order.intent, APPROVE).await.unwrap(), IntentState::Succeeded);
        let order = seen(&stall, &buyer, &order).await;
        assert_eq!((order.order_state, order.payment_state), (OrderState::Confirmed, PaymentState::Paid));
        assert_eq!(order.total_won, Won(9_800));
        assert_eq!(stall.stock(&fish).await, (1, 0), "{}", stall.engine);
        let heard: String =
            sql!(value & stall.base.db, "select payload from events where payload like '%주문 들어왔어요%'")
                .unwrap();
        assert!(heard.contains("고등어 한 개"), "{heard}");
        stall.check().await;
    }
}

#[tokio::test]
async fn a_hundred_taps_on_pay_charge_once() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        let mut taps = Vec::new();
        for _ in 0..100 {
            let (shop, intent) = (stall.shop.clone(), order.intent.clone());
            taps.push(tokio::spawn(async move { pay(&shop, &intent, APPROVE).await.unwrap() }));
        }
        for tap in taps {
            assert!(matches!(tap.await.unwrap(), IntentState::Processing | IntentState::Succeeded));
        }
        assert_eq!(charged(&stall).await, 1, "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_declined_card_leaves_the_order_open_for_another() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        assert_eq!(pay(&stall.shop, &order.intent, DECLINE).await.unwrap(), IntentState::RequiresMethod);
        assert!(payment::was_declined(&stall.base.db, &order.intent).await.unwrap());
        assert!(seen(&stall, &buyer, &order).await.is_payable());
        assert_eq!(pay(&stall.shop, &order.intent, APPROVE).await.unwrap(), IntentState::Succeeded);
        stall.check().await;
    }
}

#[tokio::test]
async fn no_answer_is_unknown_until_it_is_asked_for_again() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 2).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall.shop, &order.intent, SILENT).await.unwrap();
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Unknown);
        // Whoever taps again meanwhile is not charged again.
        pay(&stall.shop, &order.intent, APPROVE).await.unwrap();
        stall.later(Duration::from_secs(6)).await;
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Paid, "{}", stall.engine);
        assert_eq!(charged(&stall).await, 1);
        stall.check().await;
    }
}

#[tokio::test]
async fn paying_late_takes_the_goods_again_if_they_are_there() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("느린 손님").await;
        let order = placed(&stall, &buyer, &fish).await;
        stall.later(Duration::from_secs(601)).await;
        pay(&stall.shop, &order.intent, APPROVE).await.unwrap();
        assert_eq!(seen(&stall, &buyer, &order).await.order_state, OrderState::Confirmed, "{}", stall.engine);
        assert_eq!(stall.stock(&fish).await, (0, 0));
        stall.check().await;
    }
}

#[tokio::test]
async fn paying_late_for_goods_that_are_gone_is_given_back() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let (slow, quick) = (stall.buyer("느린 손님").await, stall.buyer("빠른 손님").await);
        let late = placed(&stall, &slow, &fish).await;
        stall.later(Duration::from_secs(601)).await;
        let next = placed(&stall, &quick, &fish).await;
        pay(&stall.shop, &next.intent, APPROVE).await.unwrap();
        pay(&stall.shop, &late.intent, APPROVE).await.unwrap();
        stall.later(Duration::from_secs(1)).await;
        let order = seen(&stall, &slow, &late).await;
        assert_eq!((order.order_state, order.payment_state), (OrderState::Canceled, PaymentState::Refunded));
        assert_eq!(charged(&stall).await, 1, "{}", stall.engine);
        stall.check().await;
    }
}

#[tokio::test]
async fn a_paid_order_that_is_called_off_is_refunded_and_back_in_stock() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall.shop, &order.intent, APPROVE).await.unwrap();
        let paid = seen(&stall, &buyer, &order).await;
        order::cancel(&stall.shop, &paid, CanceledBy::Buyer).await.unwrap();
        stall.later(Duration::from_secs(1)).await;
        assert_eq!(seen(&stall, &buyer, &order).await.payment_state, PaymentState::Refunded);
        assert_eq!(stall.stock(&fish).await, (1, 0), "{}", stall.engine);
        assert_eq!(charged(&stall).await, 0);
        stall.check().await;
    }
}

#[tokio::test]
async fn what_was_paid_back_in_full_and_is_called_off_is_on_the_stall_again() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 1).await;
        let buyer = stall.buyer("단골").await;
        let order = placed(&stall, &buyer, &fish).await;
        pay(&stall.shop, &order.intent, APPROVE).await.unwrap();
        refund::ask(&stall.shop, &stall.store, &order.order, "all", NewRefund::default()).await.unwrap();
        stall.later(Duration::from_secs(1)).await;
        let paid = seen(&stall, &buyer, &order).await;
        assert_eq!(paid.payment_state, PaymentState::Refunded, "{}", stall.engine);
        order::cancel(&stall.shop, &paid, CanceledBy::Seller).await.unwrap();
        assert_eq!(stall.stock(&fish).await, (1, 0), "{}", stall.engine);
        stall.check().await;
    }
}
