//! Discounts: what a promotion or a coupon takes off, and which line of an order bears how much of it.
//!
//! The rules, in one place: of several promotions the one that saves the buyer most applies, alone; a coupon comes on
//! top, off what is left. A discount is about the goods it names, never about the delivery unless it says so, and
//! leaves [`LEAST`] to pay, because no payment company takes less. What is taken off an order is shared out over its
//! lines in proportion, to the won, so that a return of one line knows what was paid for it.

use base::Won;
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::Lang;

use crate::coupon::Coupon;
use crate::delivery::{Fees, HandOver};
use crate::faults::Faults;
use crate::product::ProductId;
use crate::promotion::Promotion;
use crate::text::{Listing, read};

/// What the goods of an order come to at least, whatever is taken off: no card is charged less.
pub const LEAST: Won = Won(100);
/// Goods that one discount may name.
const MAX_PRODUCTS: usize = 200;
/// The highest amount a rule may name.
const MAX_WON: i64 = 10_000_000;

/// What is given.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum Gives {
    /// `percent` of the goods, at most `most_won`.
    #[default]
    Percentage,
    /// `amount_won` off the goods.
    Amount,
    /// The delivery. Promotions only.
    FreeDelivery,
}

impl Gives {
    /// As forms and the database write it.
    pub fn slug(self) -> &'static str {
        match self {
            Gives::Percentage => "percentage",
            Gives::Amount => "amount",
            Gives::FreeDelivery => "free-delivery",
        }
    }
}

/// What a promotion and a coupon have in common: how much is taken off which goods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromRow, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = DiscountRule)]
pub struct Rule {
    pub gives: Gives,
    /// 1 to 100, of a percentage.
    pub percent: i64,
    /// Of an amount.
    pub amount_won: Won,
    /// A percentage takes off at most this much; 0: no limit.
    pub most_won: Won,
    /// It holds from this much of the goods it is about.
    pub least_won: Won,
    /// The goods it is about; an empty list is about all.
    #[sqlx(try_from = "String")]
    #[schema(value_type = Vec<String>)]
    pub products: Listing<ProductId>,
}

impl Rule {
    /// Whether it is about this product.
    pub fn is_about(&self, product: &ProductId) -> bool {
        self.products.is_empty() || self.products.contains(product)
    }

    /// Checked, with what does not belong to its kind set to nothing.
    pub(crate) fn checked(self, faults: &mut Faults) -> Rule {
        let within = |won: Won, field: &str, low: i64, faults: &mut Faults| {
            Won(faults.between(field, won.0, low, MAX_WON))
        };
        faults.unless(self.products.len() <= MAX_PRODUCTS, "products", "too-many");
        let least_won = within(self.least_won, "least_won", 0, faults);
        let none = Rule { percent: 0, amount_won: Won::ZERO, most_won: Won::ZERO, ..self.clone() };
        match self.gives {
            Gives::Percentage => Rule {
                percent: faults.between("percent", self.percent, 1, 100),
                most_won: within(self.most_won, "most_won", 0, faults),
                least_won,
                ..none
            },
            Gives::Amount => {
                Rule { amount_won: within(self.amount_won, "amount_won", 1, faults), least_won, ..none }
            }
            Gives::FreeDelivery => Rule { least_won, ..none },
        }
    }

    /// What it takes off goods worth `goods`, before anything bounds it.
    pub(crate) fn off(&self, goods: Won) -> Won {
        match self.gives {
            Gives::Percentage => {
                let off = Won(goods.0 * self.percent / 100);
                if self.most_won > Won::ZERO { off.min(self.most_won) } else { off }
            }
            Gives::Amount => self.amount_won.min(goods),
            Gives::FreeDelivery => Won::ZERO,
        }
    }
}

/// A line of an order about to be priced.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) product: ProductId,
    pub(crate) quantity: i64,
    /// Price times quantity.
    pub(crate) won: Won,
}

/// Something that was taken off, under its name.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
#[schema(as = Discount)]
pub struct Cut {
    /// `promotion` or `coupon`.
    pub source: String,
    pub source_id: String,
    pub name: String,
    pub name_en: String,
    pub won: Won,
    /// Whether it was the delivery that got cheaper.
    pub on_delivery: bool,
}

impl Cut {
    /// The name for a reader.
    pub fn name_in(&self, lang: Lang) -> &str {
        read(lang, &self.name, &self.name_en)
    }
}

/// An order with its price: goods, what is off, delivery.
#[derive(Clone, Debug, Default)]
pub struct Priced {
    pub goods_won: Won,
    pub discount_won: Won,
    /// What is left of the fee.
    pub delivery_won: Won,
    pub delivery_off_won: Won,
    pub cuts: Vec<Cut>,
    /// Each line's share of what is off.
    pub(crate) shares: Vec<Won>,
}

impl Priced {
    /// What is charged.
    pub fn total(&self) -> Won {
        self.goods_won - self.discount_won + self.delivery_won
    }

    /// The fee as it would be without a discount.
    pub fn fee(&self) -> Won {
        self.delivery_won + self.delivery_off_won
    }
}

/// Why a coupon does not count for some goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// None of them is among those it is about.
    OtherGoods,
    /// There are not enough of them yet.
    TooLittle(Won),
}

/// Everything that makes a price, beside the lines.
pub(crate) struct Sale<'a> {
    pub(crate) store: &'a StoreId,
    pub(crate) fees: Fees,
    pub(crate) cold: bool,
    pub(crate) by: HandOver,
    /// Promotions that run now, of any store.
    pub(crate) promotions: &'a [Promotion],
    /// Whether it is the buyer's first order here.
    pub(crate) is_first: bool,
    pub(crate) coupon: Option<&'a Coupon>,
}

impl Sale<'_> {
    /// The price of `pieces`: the best promotion, then the coupon, then delivery.
    pub(crate) fn price(&self, pieces: &[Piece]) -> Result<Priced, Unfit> {
        let goods_won: Won = pieces.iter().map(|piece| piece.won).sum();
        let fee = self.fees.of(self.by, goods_won, self.cold);
        let mut priced = Priced {
            goods_won,
            delivery_won: fee,
            shares: vec![Won::ZERO; pieces.len()],
            ..Priced::default()
        };
        let running = self.promotions.iter().filter(|promotion| promotion.store_id == *self.store);
        let running = running.filter(|promotion| self.is_first || !promotion.first_order);
        let mut best: Option<(Won, &Promotion)> = None;
        for promotion in running {
            let saves = match promotion.rule.gives {
                Gives::FreeDelivery if eligible(promotion, pieces).is_ok() => fee,
                Gives::FreeDelivery => Won::ZERO,
                _ => eligible(promotion, pieces)
                    .map(|about| bounded(&promotion.rule, &about, pieces, &priced))
                    .unwrap_or_default(),
            };
            // Of two that save the same the older one counts, so that the name does not jump.
            if saves > Won::ZERO && best.is_none_or(|(most, _)| saves > most) {
                best = Some((saves, promotion));
            }
        }
        if let Some((saves, promotion)) = best {
            let cut = Cut::of_promotion(promotion, saves);
            if promotion.rule.gives == Gives::FreeDelivery {
                priced.delivery_won = Won::ZERO;
                priced.delivery_off_won = saves;
                priced.cuts.push(cut);
            } else {
                priced.take(cut, &eligible(promotion, pieces).unwrap_or_default(), pieces);
            }
        }
        if let Some(coupon) = self.coupon {
            let about = about(&coupon.rule, pieces, 1)?;
            let saves = bounded(&coupon.rule, &about, pieces, &priced);
            if saves == Won::ZERO {
                return Err(Unfit::OtherGoods);
            }
            priced.take(Cut::of_coupon(coupon, saves), &about, pieces);
        }
        Ok(priced)
    }
}

impl Priced {
    /// Takes `cut` off, each of the lines `about` bearing its share.
    fn take(&mut self, cut: Cut, about: &[usize], pieces: &[Piece]) {
        let left: Vec<Won> = about.iter().map(|at| pieces[*at].won - self.shares[*at]).collect();
        for (at, share) in about.iter().zip(allocate(cut.won, &left)) {
            self.shares[*at] = self.shares[*at] + share;
        }
        self.discount_won = self.discount_won + cut.won;
        self.cuts.push(cut);
    }
}

impl Cut {
    fn of_promotion(promotion: &Promotion, won: Won) -> Cut {
        Cut {
            source: "promotion".to_owned(),
            source_id: promotion.id.to_string(),
            name: promotion.name.clone(),
            name_en: promotion.name_en.clone(),
            won,
            on_delivery: promotion.rule.gives == Gives::FreeDelivery,
        }
    }

    fn of_coupon(coupon: &Coupon, won: Won) -> Cut {
        Cut {
            source: "coupon".to_owned(),
            source_id: coupon.id.to_string(),
            name: coupon.name.clone(),
            name_en: coupon.name_en.clone(),
            won,
            on_delivery: false,
        }
    }
}

fn eligible(promotion: &Promotion, pieces: &[Piece]) -> Result<Vec<usize>, Unfit> {
    about(&promotion.rule, pieces, promotion.from_quantity)
}

/// Which lines a rule is about: those of its goods of which there are `from_quantity`.
fn about(rule: &Rule, pieces: &[Piece], from_quantity: i64) -> Result<Vec<usize>, Unfit> {
    let enough = |product: &ProductId| {
        let same = pieces.iter().filter(|piece| piece.product == *product);
        same.map(|piece| piece.quantity).sum::<i64>() >= from_quantity
    };
    let lines: Vec<usize> = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| rule.is_about(&piece.product) && enough(&piece.product))
        .map(|(at, _)| at)
        .collect();
    let worth: Won = lines.iter().map(|at| pieces[*at].won).sum();
    if lines.is_empty() {
        Err(Unfit::OtherGoods)
    } else if worth < rule.least_won {
        Err(Unfit::TooLittle(rule.least_won))
    } else {
        Ok(lines)
    }
}

/// What a rule takes off the lines it is about, after what is off already; the order keeps [`LEAST`].
fn bounded(rule: &Rule, about: &[usize], pieces: &[Piece], so_far: &Priced) -> Won {
    let left: Won = about.iter().map(|at| pieces[*at].won - so_far.shares[*at]).sum();
    let most = (so_far.goods_won - so_far.discount_won - LEAST).max(Won::ZERO);
    rule.off(left).min(left).min(most)
}

/// Shares `amount` out in proportion to `weights`, to the won: what rounding leaves goes to the largest remainders,
/// the first of equals. No share is larger than its weight while `amount` is not larger than all of them.
pub(crate) fn allocate(amount: Won, weights: &[Won]) -> Vec<Won> {
    let all: i128 = weights.iter().map(|weight| i128::from(weight.0)).sum();
    if all == 0 {
        return vec![Won::ZERO; weights.len()];
    }
    let exact = |weight: &Won| i128::from(amount.0) * i128::from(weight.0);
    let mut shares: Vec<Won> = weights.iter().map(|weight| Won((exact(weight) / all) as i64)).collect();
    let given: Won = shares.iter().copied().sum();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|at| std::cmp::Reverse(exact(&weights[*at]) % all));
    for at in by_remainder.into_iter().take((amount - given).0 as usize) {
        shares[at] = shares[at] + Won(1);
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fees() -> Fees {
        Fees { parcel_won: Won(4_000), parcel_cold_won: Won(5_000), parcel_free_from_won: Won(50_000) }
    }

    fn rule(gives: Gives, number: i64) -> Rule {
        match gives {
            Gives::Amount => Rule { gives, amount_won: Won(number), ..Rule::default() },
            _ => Rule { gives, percent: number, ..Rule::default() },
        }
    }

    fn promotion(store: &StoreId, rule: Rule, from_quantity: i64) -> Promotion {
        Promotion::sample(store, rule, from_quantity)
    }

    fn pieces(lines: &[(usize, i64, i64)]) -> Vec<Piece> {
        let products: Vec<ProductId> = (1..=3).map(ProductId::new).collect();
        lines
            .iter()
            .map(|(product, quantity, price)| Piece {
                product: products[*product].clone(),
                quantity: *quantity,
                won: Won(price * quantity),
            })
            .collect()
    }

    fn price(promotions: &[Promotion], store: &StoreId, coupon: Option<&Coupon>, pieces: &[Piece]) -> Priced {
        let sale = Sale {
            store,
            fees: fees(),
            cold: false,
            by: HandOver::Parcel,
            promotions,
            is_first: false,
            coupon,
        };
        sale.price(pieces).unwrap()
    }

    #[test]
    fn the_promotion_that_saves_most_applies_alone() {
        let store = StoreId::new(1);
        let goods = pieces(&[(0, 1, 20_000)]);
        let (ten, amount, free) = (
            promotion(&store, rule(Gives::Percentage, 10), 1),
            promotion(&store, rule(Gives::Amount, 3_000), 1),
            promotion(&store, rule(Gives::FreeDelivery, 0), 1),
        );
        let priced = price(&[ten.clone(), amount.clone()], &store, None, &goods);
        assert_eq!((priced.discount_won, priced.total()), (Won(3_000), Won(21_000)));
        let priced = price(&[ten, amount, free], &store, None, &goods);
        assert_eq!((priced.discount_won, priced.delivery_won), (Won::ZERO, Won::ZERO));
        assert_eq!((priced.fee(), priced.total(), priced.cuts.len()), (Won(4_000), Won(20_000), 1));
    }

    #[test]
    fn a_rule_has_its_conditions() {
        let store = StoreId::new(1);
        let off = |promotion: Promotion, lines: &[(usize, i64, i64)]| {
            price(&[promotion], &store, None, &pieces(lines)).discount_won.0
        };
        let three = || promotion(&store, rule(Gives::Percentage, 10), 3);
        let capped = Rule { most_won: Won(500), ..rule(Gives::Percentage, 10) };
        let large = Rule { least_won: Won(15_000), ..rule(Gives::Amount, 1_000) };
        let first = || Promotion { first_order: true, ..promotion(&store, rule(Gives::Percentage, 10), 1) };
        for (promotion, lines, expected) in [
            (three(), &[(0, 2, 1_000)][..], 0),
            (three(), &[(0, 3, 1_000)][..], 300),
            // Two variants of one product count together, and another product does not.
            (three(), &[(0, 1, 1_000), (0, 2, 2_000), (1, 2, 9_000)][..], 500),
            (promotion(&store, capped, 1), &[(0, 1, 9_000)][..], 500),
            (promotion(&store, large.clone(), 1), &[(0, 1, 14_999)][..], 0),
            (promotion(&store, large, 1), &[(0, 1, 15_000)][..], 1_000),
            (first(), &[(0, 1, 9_000)][..], 0),
            // Never less than the smallest payment.
            (promotion(&store, rule(Gives::Amount, 9_999), 1), &[(0, 1, 1_000)][..], 900),
            (promotion(&store, rule(Gives::Percentage, 100), 1), &[(0, 1, 50)][..], 0),
            (promotion(&StoreId::new(9), rule(Gives::Percentage, 50), 1), &[(0, 1, 9_000)][..], 0),
        ] {
            assert_eq!(off(promotion, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_coupon_comes_off_what_the_promotion_left_and_says_why_it_does_not() {
        let store = StoreId::new(1);
        let goods = pieces(&[(0, 1, 10_000), (1, 1, 5_000)]);
        let ten = promotion(&store, rule(Gives::Percentage, 10), 1);
        let only = Listing(vec![goods[1].product.clone()]);
        let coupon = Coupon::sample(Rule { products: only.clone(), ..rule(Gives::Percentage, 50) });
        let priced = price(&[ten], &store, Some(&coupon), &goods);
        assert_eq!(priced.shares, [Won(1_000), Won(500 + 2_250)]);
        assert_eq!(priced.total(), Won(15_000 - 3_750 + 4_000));
        let other =
            Coupon::sample(Rule { products: Listing(vec![ProductId::new(99)]), ..rule(Gives::Amount, 100) });
        let large =
            Coupon::sample(Rule { least_won: Won(5_001), products: only, ..rule(Gives::Amount, 100) });
        for (coupon, why) in [(other, Unfit::OtherGoods), (large, Unfit::TooLittle(Won(5_001)))] {
            let sale = Sale {
                store: &store,
                fees: fees(),
                cold: false,
                by: HandOver::Pickup,
                promotions: &[],
                is_first: true,
                coupon: Some(&coupon),
            };
            assert_eq!(sale.price(&goods).unwrap_err(), why);
        }
    }

    proptest! {
        #[test]
        fn shares_come_to_the_whole_and_none_is_larger_than_its_line(
            weights in prop::collection::vec(0_i64..=1_000_000_000, 1..50), part in 0.0..=1.0_f64,
        ) {
            let weights: Vec<Won> = weights.into_iter().map(Won).collect();
            let all: Won = weights.iter().copied().sum();
            let amount = Won((all.0 as f64 * part) as i64).min(all);
            let shares = allocate(amount, &weights);
            prop_assert_eq!(shares.iter().copied().sum::<Won>(), if all == Won::ZERO { Won::ZERO } else { amount });
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!(Won::ZERO <= *share && share <= weight);
            }
        }

        #[test]
        fn whatever_is_offered_the_sums_hold_and_nothing_falls_below_the_least(
            lines in prop::collection::vec((0_usize..3, 1_i64..99, 1_i64..200_000), 1..8),
            rules in prop::collection::vec((0..3_i64, 1_i64..=100, 1_i64..=40_000, 0_i64..30_000, 1_i64..4), 0..5),
            coupon in prop::option::of((any::<bool>(), 1_i64..=100, 0_i64..20_000)),
            pickup in any::<bool>(),
        ) {
            let store = StoreId::new(1);
            let goods = pieces(&lines);
            let promotions: Vec<Promotion> = rules.into_iter().map(|(kind, percent, amount, least, from)| {
                let rule = Rule {
                    gives: [Gives::Percentage, Gives::Amount, Gives::FreeDelivery][kind as usize],
                    percent, amount_won: Won(amount), least_won: Won(least), ..Rule::default()
                };
                promotion(&store, rule, from)
            }).collect();
            let coupon = coupon.map(|(is_amount, percent, most)| Coupon::sample(Rule {
                    gives: if is_amount { Gives::Amount } else { Gives::Percentage },
                    percent, amount_won: Won(percent * 500), most_won: Won(most), ..Rule::default()
                }));
            let by = if pickup { HandOver::Pickup } else { HandOver::Parcel };
            let sale = Sale {
                store: &store, fees: fees(), cold: false, by, promotions: &promotions, is_first: true,
                coupon: coupon.as_ref(),
            };
            let Ok(priced) = sale.price(&goods) else { return Ok(()) };
            prop_assert_eq!(priced.shares.iter().copied().sum::<Won>(), priced.discount_won);
            let named: Won = priced.cuts.iter().filter(|cut| !cut.on_delivery).map(|cut| cut.won).sum();
            prop_assert_eq!(named, priced.discount_won);
            prop_assert!(priced.goods_won - priced.discount_won >= LEAST.min(priced.goods_won));
            prop_assert_eq!(priced.fee(), fees().of(by, priced.goods_won, false));
            for (share, piece) in priced.shares.iter().zip(&goods) {
                prop_assert!(Won::ZERO <= *share && *share <= piece.won);
            }
        }
    }
}
