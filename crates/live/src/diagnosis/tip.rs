//! Tips: what a show's numbers suggest for the next one. A closed list, each with the numbers it rests
//! on; where there are too few of them, nothing is said.

use serde::Serialize;
use shop::product::ProductId;

use super::{Band, Fall, Sold, Totals};

/// With fewer viewers at once and fewer orders than this, chance decides and nothing is said.
pub(super) const FEWEST_VIEWERS: i64 = 5;
const FEWEST_ORDERS: i64 = 3;
/// Tips in one diagnosis.
const MOST: usize = 3;
/// A product that so many looked at, and fewer than one in ten bought.
const LOOKED: i64 = 10;
/// A show whose first card comes later than this begins slowly.
const LATE_MS: i64 = 5 * 60_000;
/// Questions left open that are worth a word.
const UNANSWERED: i64 = 3;

/// Something to try next time, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Tip {
    /// Many left at one moment; what was pinned then.
    PeopleLeft {
        at_ms: i64,
        before: i64,
        after: i64,
        #[schema(value_type = Option<String>)]
        product: Option<ProductId>,
    },
    /// Many looked at it and hardly anybody bought it.
    LookedNotBought {
        #[schema(value_type = String)]
        product: ProductId,
        taps: i64,
        orders: i64,
    },
    /// It sold while it was shown, far beyond its share of the time.
    SoldWhileShown {
        #[schema(value_type = String)]
        product: ProductId,
        orders_shown: i64,
        all_orders: i64,
        shown_ms: i64,
        show_ms: i64,
    },
    /// It sold without ever being shown.
    SoldUnshown {
        #[schema(value_type = String)]
        product: ProductId,
        orders: i64,
    },
    /// The first card came late.
    ShownLate { after_ms: i64 },
    /// Questions nobody answered.
    Unanswered { questions: i64 },
}

/// What the tips are drawn from.
pub(super) struct Seen<'a> {
    pub from_ms: i64,
    pub to_ms: i64,
    pub totals: &'a Totals,
    pub pinned: &'a [Band],
    pub products: &'a [Sold],
    pub fall: Option<Fall>,
    pub unanswered: i64,
}

/// The weightiest tips.
pub(super) fn of(seen: &Seen) -> Vec<Tip> {
    if seen.totals.peak < FEWEST_VIEWERS && seen.totals.orders < FEWEST_ORDERS {
        return Vec::new();
    }
    let all = [
        people_left(seen),
        looked_not_bought(seen),
        sold_while_shown(seen),
        sold_unshown(seen),
        shown_late(seen),
        unanswered(seen),
    ];
    all.into_iter().flatten().take(MOST).collect()
}

fn people_left(seen: &Seen) -> Option<Tip> {
    let Fall { at_ms, before, after } = seen.fall?;
    let up = |band: &&Band| (band.from_ms..band.to_ms).contains(&at_ms);
    let product = seen.pinned.iter().find(up).map(|band| band.product.clone());
    Some(Tip::PeopleLeft { at_ms, before, after, product })
}

fn looked_not_bought(seen: &Seen) -> Option<Tip> {
    let looked = |sold: &&Sold| sold.taps >= LOOKED && sold.orders * 10 < sold.taps;
    let sold = seen.products.iter().filter(looked).max_by_key(|sold| sold.taps)?;
    Some(Tip::LookedNotBought { product: sold.product.clone(), taps: sold.taps, orders: sold.orders })
}

/// At least three orders while it was up, and half as many again as its share of the time would bring.
fn sold_while_shown(seen: &Seen) -> Option<Tip> {
    let (all_orders, show_ms) = (seen.totals.orders, seen.to_ms - seen.from_ms);
    let fits = |sold: &&Sold| {
        sold.orders_shown >= FEWEST_ORDERS
            && sold.orders_shown * show_ms * 2 >= all_orders * sold.shown_ms * 3
    };
    let sold = seen.products.iter().filter(fits).max_by_key(|sold| sold.orders_shown)?;
    Some(Tip::SoldWhileShown {
        product: sold.product.clone(),
        orders_shown: sold.orders_shown,
        all_orders,
        shown_ms: sold.shown_ms,
        show_ms,
    })
}

fn sold_unshown(seen: &Seen) -> Option<Tip> {
    let unshown = |sold: &&Sold| sold.shown_ms == 0 && sold.orders >= FEWEST_ORDERS;
    let sold = seen.products.iter().filter(unshown).max_by_key(|sold| sold.orders)?;
    Some(Tip::SoldUnshown { product: sold.product.clone(), orders: sold.orders })
}

fn shown_late(seen: &Seen) -> Option<Tip> {
    let first_ms = seen.pinned.first()?.from_ms;
    let after_ms = first_ms - seen.from_ms;
    (after_ms >= LATE_MS).then_some(Tip::ShownLate { after_ms })
}

fn unanswered(seen: &Seen) -> Option<Tip> {
    let questions = seen.unanswered;
    (questions >= UNANSWERED).then_some(Tip::Unanswered { questions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(orders: i64, orders_shown: i64, taps: i64, shown_min: i64) -> Sold {
        Sold {
            product: ProductId::new(orders),
            name: String::new(),
            name_en: String::new(),
            shown_ms: shown_min * 60_000,
            taps,
            orders,
            orders_shown,
            pieces: orders,
            sold_won: 0,
        }
    }

    fn tips(peak: i64, orders: i64, products: &[Sold], unanswered: i64) -> Vec<Tip> {
        let totals = Totals { peak, orders, ..Totals::default() };
        of(&Seen {
            from_ms: 0,
            to_ms: 3_600_000,
            totals: &totals,
            pinned: &[],
            products,
            fall: None,
            unanswered,
        })
    }

    #[test]
    fn nothing_is_said_of_too_few() {
        assert_eq!(tips(4, 2, &[product(2, 2, 30, 5)], 9), []);
        assert_eq!(tips(5, 0, &[], 2), []);
        assert_eq!(tips(5, 0, &[], 3), [Tip::Unanswered { questions: 3 }]);
        assert_eq!(tips(0, 3, &[], 3), [Tip::Unanswered { questions: 3 }]);
    }

    #[test]
    fn many_who_looked_and_few_who_bought_are_worth_a_word() {
        assert_eq!(tips(5, 0, &[product(0, 0, 9, 5)], 0), []);
        assert_eq!(tips(5, 1, &[product(1, 0, 10, 5)], 0), [], "one in ten bought");
        assert!(matches!(
            tips(5, 1, &[product(1, 0, 11, 5)], 0)[..],
            [Tip::LookedNotBought { taps: 11, orders: 1, .. }]
        ));
    }

    #[test]
    fn what_sold_beyond_its_time_is_named() {
        // Half of the orders in a third of the time; half of them in half of it is nothing.
        let of = |shown_min| tips(5, 6, &[product(3, 3, 0, shown_min)], 0);
        assert!(matches!(of(20)[..], [Tip::SoldWhileShown { orders_shown: 3, all_orders: 6, .. }]));
        assert_eq!(of(30), []);
        assert_eq!(tips(5, 4, &[product(2, 2, 0, 1)], 0), [], "fewer than three orders");
        assert!(matches!(tips(5, 3, &[product(3, 0, 0, 0)], 0)[..], [Tip::SoldUnshown { orders: 3, .. }]));
    }

    #[test]
    fn at_most_three_are_given() {
        let products = [product(3, 0, 0, 0), product(4, 4, 0, 1), product(1, 0, 40, 5)];
        assert_eq!(tips(5, 8, &products, 5).len(), 3);
    }
}
