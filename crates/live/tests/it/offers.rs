//! First-come offers: opened with the show's other interactions, counted by the till.

use base::Won;
use futures::{StreamExt, stream};
use live::interaction::{self, Interaction, InteractionId};
use live::{Broadcast, broadcast};
use people::PersonId;
use shop::delivery::{HandOver, Recipient};
use shop::order::{self, Asking, CanceledBy, NewLine, NewOrder, Order, Placed};
use shop::{Buyer, VariantId, coupon};

use crate::interactions::{handed_out, open, opened, tap};
use crate::market::{Market, markets};
use crate::prices::sellable;

/// A show in which the first five mackerels cost 8,000 instead of 12,000, two for each.
async fn offering(market: &Market) -> (Broadcast, VariantId, InteractionId) {
    let variant = sellable(market, 40, None).await;
    let show = market.on_air().await;
    let form = [
        ("kind", "offer"),
        ("variant", variant.as_str()),
        ("price_won", "8,000"),
        ("quantity", "5"),
        ("per_buyer", "2"),
        ("seconds", "60"),
    ];
    let id = opened(market, &show, &form).await;
    (show, variant, id)
}

/// Somebody else each time.
fn buyer(market: &Market) -> Buyer {
    let person = people::Person { id: PersonId::new(1), ..market.shopper.person.clone() };
    Buyer::person(person, market.live.base.random.token::<16>())
}

async fn shown(market: &Market, buyer: &Buyer, show: &Broadcast, variant: &VariantId, quantity: i64) -> i64 {
    let lines = [NewLine { variant: variant.clone(), quantity }];
    let asking = Asking { lines: &lines, broadcast: Some(show.id.as_str()), coupon: None };
    order::quote(&market.shop, buyer, asking).await.unwrap().total(HandOver::Pickup).0
}

async fn buy(
    market: &Market,
    buyer: &Buyer,
    show: Option<&Broadcast>,
    (variant, quantity): (&VariantId, i64),
    expected_won: i64,
) -> shop::Result<Placed> {
    let to = Recipient { recipient: "영희".into(), phone: "010-1234-5678".into(), ..Recipient::default() };
    let wanted = NewOrder {
        lines: vec![NewLine { variant: variant.clone(), quantity }],
        hand_over: HandOver::Pickup,
        to,
        broadcast: show.map(|show| show.id.to_string()),
        expected_total_won: Some(Won(expected_won)),
        ..NewOrder::default()
    };
    order::place(&market.shop, buyer, &market.live.base.random.token::<8>(), wanted).await
}

async fn order(market: &Market, buyer: &Buyer, placed: &Placed) -> Order {
    order::of_buyer(&market.live.base.db, &buyer.ids(), &placed.order).await.unwrap()
}

async fn standing(market: &Market, show: &Broadcast) -> Interaction {
    interaction::standing(&market.live.base.db, &show.id).await.unwrap().remove(0)
}

#[tokio::test]
async fn the_first_pieces_cost_less_and_the_rest_of_an_order_the_usual_price() {
    for market in markets().await {
        let (show, variant, id) = offering(&market).await;
        let first = buyer(&market);
        assert_eq!(shown(&market, &first, &show, &variant, 1).await, 8_000, "{}", market.engine);
        assert_eq!(shown(&market, &first, &show, &variant, 3).await, 28_000, "two at the offer's price");
        assert!(buy(&market, &first, None, (&variant, 1), 8_000).await.is_err(), "past the show");

        let placed = buy(&market, &first, Some(&show), (&variant, 3), 28_000).await.unwrap();
        let lines = order::lines(&market.live.base.db, &placed.order).await.unwrap();
        let said: Vec<_> =
            lines.iter().map(|line| (line.price_won.0, line.quantity, line.deal_id.is_some())).collect();
        assert_eq!(said, [(8_000, 2, true), (12_000, 1, false)]);
        assert_eq!(standing(&market, &show).await.people(), 2);
        assert_eq!(shown(&market, &first, &show, &variant, 1).await, 12_000, "they have had theirs");
        assert_eq!(shown(&market, &buyer(&market), &show, &variant, 2).await, 16_000);

        let closed = interaction::close(&market.live, &show.id, &id).await.unwrap();
        assert_eq!((closed.people(), closed.quantity), (2, 5));
        assert_eq!(shown(&market, &buyer(&market), &show, &variant, 1).await, 12_000, "it is closed");
        let offer = closed.closing()["offer"].clone();
        assert_eq!((&offer["price_won"], &offer["usual_won"]), (&8_000.into(), &12_000.into()));
    }
}

#[tokio::test]
async fn of_five_pieces_sixty_hands_get_five() {
    for market in markets().await {
        let (show, variant, id) = offering(&market).await;
        let got = stream::iter(0..60)
            .map(|_| {
                let (market, show, variant) = (&market, &show, &variant);
                async move {
                    match buy(market, &buyer(market), Some(show), (variant, 1), 8_000).await {
                        Ok(_) => true,
                        Err(shop::Error::PriceChanged) => false,
                        Err(error) => panic!("{error}"),
                    }
                }
            })
            .buffer_unordered(20)
            .filter(|got| futures::future::ready(*got))
            .count();
        assert_eq!(got.await, 5, "{}", market.engine);
        assert_eq!(shown(&market, &buyer(&market), &show, &variant, 1).await, 12_000);
        assert_eq!(interaction::close(&market.live, &show.id, &id).await.unwrap().people(), 5);
    }
}

#[tokio::test]
async fn what_is_called_off_or_never_paid_is_there_for_the_next() {
    for market in markets().await {
        let (show, variant, _) = offering(&market).await;
        let (one, two, three) = (buyer(&market), buyer(&market), buyer(&market));
        let first = buy(&market, &one, Some(&show), (&variant, 2), 16_000).await.unwrap();
        buy(&market, &two, Some(&show), (&variant, 2), 16_000).await.unwrap();
        buy(&market, &three, Some(&show), (&variant, 1), 8_000).await.unwrap();
        assert_eq!(shown(&market, &buyer(&market), &show, &variant, 1).await, 12_000);

        let called_off = order(&market, &one, &first).await;
        order::cancel(&market.shop, &called_off, CanceledBy::Buyer).await.unwrap();
        assert_eq!(standing(&market, &show).await.people(), 3, "{}", market.engine);
        assert_eq!(shown(&market, &one, &show, &variant, 2).await, 16_000, "also for whoever called off");

        // Nobody paid: the hold ends, and with it the claim on the price. The offer's own minute is over as well.
        market.clock.advance(std::time::Duration::from_secs(11 * 60));
        let last = buyer(&market);
        buy(&market, &last, Some(&show), (&variant, 1), 12_000).await.unwrap();
        assert_eq!(standing(&market, &show).await.people(), 0);
    }
}

#[tokio::test]
async fn an_offer_ends_with_its_countdown_and_with_its_show() {
    for market in markets().await {
        let (show, variant, id) = offering(&market).await;
        market.clock.advance(std::time::Duration::from_secs(59));
        assert_eq!(shown(&market, &buyer(&market), &show, &variant, 1).await, 8_000);
        market.clock.advance(std::time::Duration::from_secs(1));
        assert_eq!(shown(&market, &buyer(&market), &show, &variant, 1).await, 12_000, "{}", market.engine);
        interaction::close(&market.live, &show.id, &id).await.unwrap();

        let form =
            [("kind", "offer"), ("variant", variant.as_str()), ("price_won", "9000"), ("quantity", "3")];
        opened(&market, &show, &form).await;
        assert_eq!(
            shown(&market, &buyer(&market), &show, &variant, 3).await,
            27_000,
            "no limit for one buyer"
        );
        broadcast::end(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap();
        assert_eq!(shown(&market, &buyer(&market), &show, &variant, 1).await, 12_000, "the show is over");
    }
}

#[tokio::test]
async fn what_cannot_be_offered_is_refused_by_its_field() {
    for market in markets().await {
        let variant = sellable(&market, 5, Some(Won(10_000))).await;
        let kimchi =
            shop::product::variants(&market.live.base.db, &market.kimchi).await.unwrap().remove(0).id;
        let show = market.on_air().await;
        let refused = async |variant: &VariantId, price: &str, quantity: &str, field: &str| {
            let form = [
                ("kind", "offer"),
                ("variant", variant.as_str()),
                ("price_won", price),
                ("quantity", quantity),
            ];
            let answer = open(&market, &show, &form).await;
            assert_eq!(answer.status, 422, "{field}: {}", answer.text());
            assert_eq!(answer.json()["fields"][0]["field"], field, "{}", answer.text());
        };
        refused(&variant, "10000", "3", "price_won").await;
        refused(&variant, "99", "3", "price_won").await;
        refused(&variant, "eight", "3", "price_won").await;
        refused(&variant, "-1", "3", "price_won").await;
        refused(&variant, "8000", "6", "quantity").await;
        refused(&variant, "8000", "0", "quantity").await;
        refused(&kimchi, "8000", "1", "variant").await;
        let form =
            [("kind", "offer"), ("variant", variant.as_str()), ("price_won", "8000"), ("quantity", "5")];
        opened(&market, &show, &form).await;
        assert_eq!(open(&market, &show, &form).await.json()["type"], "/problems/interaction-one-at-a-time");
        // Nobody takes an offer by answering it.
        let id = standing(&market, &show).await.id;
        assert_eq!(
            tap(&market, &market.shopper, &show, &id, "0").await.json()["type"],
            "/problems/interaction-closed"
        );
    }
}

#[tokio::test]
async fn a_coupon_that_was_taken_counts_by_itself_and_once() {
    for market in markets().await {
        let variant = sellable(&market, 5, None).await;
        let show = market.on_air().await;
        let coupon = handed_out(&market, 10).await;
        let drop = opened(&market, &show, &[("kind", "coupon"), ("coupon", coupon.id.as_str())]).await;
        let taker = Buyer::person(market.shopper.person.clone(), market.live.base.random.token::<16>());
        let price = async |buyer: &Buyer| {
            let quotes =
                order::each(&market.shop, buyer, Some(show.id.as_str()), std::slice::from_ref(&variant))
                    .await;
            quotes.unwrap()[&variant].total(HandOver::Pickup).0
        };
        assert_eq!(price(&taker).await, 12_000);
        assert_eq!(tap(&market, &market.shopper, &show, &drop, "0").await.status, 200);
        assert_eq!(price(&taker).await, 11_000, "{}", market.engine);
        assert_eq!(price(&buyer(&market)).await, 12_000, "only for whoever took one");

        let lines = [NewLine { variant: variant.clone(), quantity: 1 }];
        let (quote, code) = order::with_taken(&market.shop, &taker, &lines, None).await.unwrap();
        assert_eq!((quote.total(HandOver::Pickup).0, code.as_deref()), (11_000, Some(coupon.code.as_str())));
        let wanted = NewOrder {
            lines: lines.to_vec(),
            hand_over: HandOver::Pickup,
            to: Recipient {
                recipient: "영희".into(), phone: "010-1234-5678".into(), ..Recipient::default()
            },
            expected_total_won: Some(Won(11_000)),
            coupon: code,
            ..NewOrder::default()
        };
        order::place(&market.shop, &taker, "with-coupon", wanted).await.unwrap();
        assert_eq!(price(&taker).await, 12_000, "it is used up");
        let stands = coupon::of_store(&market.live.base.db, &market.store, &coupon.id).await.unwrap();
        assert_eq!(stands.redeemed, 1);
    }
}
