//! The price of a show: the shop asks who is on air in the order's own transaction.

use std::sync::Arc;

use base::Won;
use live::broadcast;
use shop::delivery::{HandOver, Recipient};
use shop::order::{self, Asking, NewLine, NewOrder};
use shop::product::{self, Draft, NewVariant};
use shop::store::{self, Identity};
use shop::{Buyer, VariantId, stock};

use crate::market::{Market, markets};

/// Makes the mackerel something that can be bought: its seller has said who they are, and so many are there.
pub(crate) async fn sellable(market: &Market, pieces: i64, live_price_won: Option<Won>) -> VariantId {
    market.shop.set_shows(Arc::new(market.live.clone()));
    let mackerel = product::find(&market.live.base.db, &market.mackerel).await.unwrap();
    let variant =
        NewVariant { price_won: Won(12_000), live_price_won, stock: pieces, ..NewVariant::default() };
    let draft = Draft {
        name: mackerel.name.as_str().into(),
        origin: mackerel.origin.as_str().into(),
        category: mackerel.category.clone(),
        attributes: mackerel.attributes.clone(),
        variants: vec![variant],
        parcel: true,
        pickup: true,
        ..Draft::default()
    };
    product::change(&market.shop, &market.store, &market.mackerel, draft).await.unwrap();
    let identity = Identity {
        company: "파도네".into(),
        representative: "한파도".into(),
        address: "등대길 7".into(),
        phone: "010-0000-0011".into(),
        business_number: "000-00-00015".into(),
        mail_order_exempt: true,
        ..Identity::default()
    };
    store::identify(&market.shop, &market.store, identity).await.unwrap();
    let variants = product::variants(&market.live.base.db, &market.mackerel).await.unwrap();
    let variant = variants.into_iter().next().unwrap();
    stock::adjust(&market.shop, &market.store, &variant.id, pieces - variant.left).await.unwrap();
    variant.id
}

#[tokio::test]
async fn the_price_of_a_show_holds_while_it_is_on_air_and_only_there() {
    for market in markets().await {
        let variant = sellable(&market, 5, Some(Won(9_000))).await;
        let buyer = Buyer::person(market.shopper.person.clone(), market.live.base.random.token::<16>());
        let total = async |show: Option<&str>| {
            let lines = [NewLine { variant: variant.clone(), quantity: 1 }];
            let asking = Asking { lines: &lines, broadcast: show, coupon: None };
            let quote = order::quote(&market.shop, &buyer, asking).await.unwrap();
            let wanted = NewOrder {
                lines: lines.to_vec(),
                hand_over: HandOver::Pickup,
                to: Recipient {
                    recipient: "영희".into(),
                    phone: "010-1234-5678".into(),
                    ..Recipient::default()
                },
                broadcast: show.map(str::to_owned),
                expected_total_won: Some(quote.total(HandOver::Pickup)),
                ..NewOrder::default()
            };
            let key = market.live.base.random.token::<8>();
            let placed = order::place(&market.shop, &buyer, &key, wanted).await.unwrap();
            order::of_buyer(&market.live.base.db, &buyer.ids(), &placed.order).await.unwrap().total_won.0
        };
        let announced = market.show().await;
        assert_eq!(total(Some(announced.id.as_str())).await, 12_000, "{}: not yet on air", market.engine);
        let show = market.on_air().await;
        assert_eq!(total(Some(show.id.as_str())).await, 9_000);
        assert_eq!(total(None).await, 12_000, "{}: past the show", market.engine);
        assert_eq!(total(Some("019358f0-0000-7000-8000-000000000000")).await, 12_000, "a show that is none");
        broadcast::end(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap();
        assert_eq!(total(Some(show.id.as_str())).await, 12_000, "{}: the show is over", market.engine);
    }
}
