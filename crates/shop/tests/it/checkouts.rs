//! Checkouts: several stores ordered from in one go, all of them or none, each paid by itself.

use base::sql;
use shop::order::{Placed, Refused, place, place_all};
use shop::payment::{IntentState, pay};
use shop::{Buyer, Error, checkout};

use crate::stall::{Stall, order_of};

async fn orders(stall: &Stall) -> i64 {
    sql!(value & stall.base.db, "select count(*) from orders").unwrap()
}

async fn pay_for(stall: &Stall, placed: &Placed) {
    let paid = pay(&stall.shop, &placed.intent, "pay", "approve").await.unwrap();
    assert_eq!(paid.state, IntentState::Succeeded);
}

#[tokio::test]
async fn two_stores_are_ordered_from_at_once_and_paid_one_by_one() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 5).await;
        let rice = stall.goods_elsewhere("쌀", 30_000, 5).await;
        let buyer = stall.buyer("단골").await;
        let wanted = vec![order_of(&fish, 1), order_of(&rice, 2)];
        let placed = place_all(&stall.shop, &buyer, "k", wanted.clone()).await.unwrap();
        assert_eq!(
            (stall.stock(&fish).await, stall.stock(&rice).await),
            ((5, 1), (5, 2)),
            "{}",
            stall.engine
        );

        let id = &placed[0].order;
        let look = async || checkout::parts(&stall.base.db, &buyer.ids(), id).await.unwrap();
        let parts = look().await;
        assert_ne!(parts[0].summary.order.store_id, parts[1].summary.order.store_id);
        assert_eq!(checkout::due(&parts).0, 9_800 + 60_000);
        pay_for(&stall, &placed[0]).await;
        assert_eq!(checkout::due(&look().await).0, 60_000, "each store's money is its own");
        pay_for(&stall, &placed[1]).await;
        assert_eq!(checkout::due(&look().await).0, 0);
        stall.check().await;

        let again = place_all(&stall.shop, &buyer, "k", wanted).await.unwrap();
        let ids = |placed: &[Placed]| placed.iter().map(|one| one.order.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&again), ids(&placed), "the same key, the same orders");
        for other in [vec![order_of(&fish, 1), order_of(&rice, 1)], vec![order_of(&fish, 1)]] {
            let refused = place_all(&stall.shop, &buyer, "k", other).await;
            assert!(matches!(refused, Err(Refused { error: Error::KeyReused, .. })), "{}", stall.engine);
        }
        let rival = stall.buyer("남").await;
        assert!(matches!(checkout::parts(&stall.base.db, &rival.ids(), id).await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn when_one_store_cannot_nothing_is_held() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 5).await;
        let rice = stall.goods_elsewhere("쌀", 30_000, 1).await;
        let buyer = stall.buyer("단골").await;
        let wanted = vec![order_of(&fish, 1), order_of(&rice, 2)];
        let refused = place_all(&stall.shop, &buyer, "k", wanted).await.unwrap_err();
        assert_eq!(refused.at, 1, "{}", stall.engine);
        assert!(matches!(refused.error, Error::SoldOut { left: 1, .. }));
        assert_eq!((orders(&stall).await, stall.stock(&fish).await), (0, (5, 0)));
        // The key is free again: nothing stands under it.
        place(&stall.shop, &buyer, "k", order_of(&fish, 5)).await.unwrap();
        let wanted = vec![order_of(&rice, 1); 21];
        assert!(matches!(
            place_all(&stall.shop, &buyer, "many", wanted).await,
            Err(Refused { error: Error::Invalid(_), .. })
        ));
        stall.check().await;
    }
}

#[tokio::test]
async fn a_crowd_of_baskets_takes_exactly_what_both_stores_have() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 30).await;
        let rice = stall.goods_elsewhere("쌀", 30_000, 12).await;
        let mut asks = Vec::new();
        for n in 0..60 {
            let (shop, buyer) = (stall.shop.clone(), stall.buyer(&format!("손님{n}")).await);
            let wanted = match n % 3 {
                // One in three wants fish alone, and the stores come in either order.
                0 => vec![order_of(&fish, 1)],
                1 => vec![order_of(&fish, 1), order_of(&rice, 1)],
                _ => vec![order_of(&rice, 1), order_of(&fish, 1)],
            };
            asks.push(tokio::spawn(async move {
                place_all(&shop, &buyer, "k", wanted).await.map(|all| all.len())
            }));
        }
        let (mut alone, mut both) = (0, 0);
        for ask in asks {
            match ask.await.unwrap() {
                Ok(1) => alone += 1,
                Ok(_) => both += 1,
                Err(refused) => assert!(matches!(refused.error, Error::SoldOut { .. })),
            }
        }
        assert_eq!(both, 12, "{}", stall.engine);
        assert_eq!(stall.stock(&fish).await, (30, alone + both));
        assert_eq!(stall.stock(&rice).await, (12, 12));
        assert_eq!(orders(&stall).await, alone + 2 * both);
        stall.check().await;
    }
}

#[tokio::test]
async fn taps_on_one_basket_make_one_set_of_orders() {
    for stall in Stall::each().await {
        let fish = stall.goods("고등어", 9_800, 5).await;
        let rice = stall.goods_elsewhere("쌀", 30_000, 5).await;
        let buyer: Buyer = stall.buyer("단골").await;
        let taps = (0..20).map(|_| {
            let (shop, buyer) = (stall.shop.clone(), buyer.clone());
            let wanted = vec![order_of(&fish, 1), order_of(&rice, 1)];
            tokio::spawn(
                async move { place_all(&shop, &buyer, "tap", wanted).await.unwrap()[0].order.clone() },
            )
        });
        let mut ids = Vec::new();
        for tap in taps.collect::<Vec<_>>() {
            ids.push(tap.await.unwrap());
        }
        ids.dedup();
        assert_eq!((ids.len(), orders(&stall).await), (1, 2), "{}", stall.engine);
    }
}
