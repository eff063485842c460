//! The form of a promotion and of a coupon as it is typed: read, shown again as it was, and turned into what is made.
//!
//! A form says one thing after the other: how much, on what condition, for which goods, until when. What does not
//! belong to the chosen kind is left alone, so that it is still there when the seller changes their mind.

use base::{Won, clock};
use jiff::Timestamp;
use jiff::civil::Date;
use web::Lang;

use super::{NewPromotion, Promotion};
use crate::coupon::{Coupon, NewCoupon};
use crate::discount::{Gives, Rule};
use crate::faults::Faults;
use crate::product::ProductId;
use crate::text::{Listing, Text};
use crate::{Error, Result};

/// Everything in the form, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub(crate) key: String,
    pub(crate) gives: Gives,
    pub(crate) percent: String,
    pub(crate) amount: String,
    pub(crate) most: String,
    pub(crate) least: String,
    pub(crate) products: Vec<ProductId>,
    pub(crate) name: String,
    pub(crate) name_en: String,
    pub(crate) ends: String,
    /// Of a promotion.
    pub(crate) from_quantity: String,
    pub(crate) first_order: bool,
    pub(crate) starts: String,
    /// Of a coupon.
    pub(crate) code: String,
    pub(crate) quantity: String,
    pub(crate) per_buyer: String,
    pub(crate) by_claim: bool,
}

impl Typed {
    /// A new form.
    pub(crate) fn new(key: String) -> Typed {
        Typed { key, per_buyer: "1".to_owned(), ..Typed::default() }
    }

    /// The form as it was sent.
    pub(crate) fn read(fields: Vec<(String, String)>) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in fields {
            match name.as_str() {
                "key" => typed.key = value,
                "gives" => typed.gives = gives(&value),
                "percent" => typed.percent = value,
                "amount_won" => typed.amount = value,
                "most_won" => typed.most = value,
                "least_won" => typed.least = value,
                "product" => typed.products.extend(value.parse::<ProductId>()),
                "name" => typed.name = value,
                "name_en" => typed.name_en = value,
                "ends_at" => typed.ends = value,
                "from_quantity" => typed.from_quantity = value,
                "first_order" => typed.first_order = true,
                "starts_at" => typed.starts = value,
                "code" => typed.code = value,
                "quantity" => typed.quantity = value,
                "per_buyer" => typed.per_buyer = value,
                "by_claim" => typed.by_claim = value == "on",
                _ => {}
            }
        }
        typed
    }

    /// The form of a promotion that is there.
    pub(crate) fn of_promotion(promotion: &Promotion) -> Typed {
        Typed {
            from_quantity: if promotion.from_quantity > 1 {
                promotion.from_quantity.to_string()
            } else {
                String::new()
            },
            first_order: promotion.first_order,
            starts: day(promotion.starts_at_ms),
            ends: promotion.ends_at_ms.map(last_day).unwrap_or_default(),
            ..Typed::of_rule(&promotion.rule, &promotion.name, &promotion.name_en, promotion.said(Lang::Ko))
        }
    }

    /// The form of a coupon that is there.
    pub(crate) fn of_coupon(coupon: &Coupon) -> Typed {
        Typed {
            code: coupon.code.clone(),
            quantity: coupon.quantity.to_string(),
            per_buyer: if coupon.per_buyer > 0 { coupon.per_buyer.to_string() } else { String::new() },
            by_claim: coupon.by_claim,
            ends: coupon.ends_at_ms.map(last_day).unwrap_or_default(),
            ..Typed::of_rule(&coupon.rule, &coupon.name, &coupon.name_en, coupon.said(Lang::Ko))
        }
    }

    /// A name that only says the rule is left out: it follows the rule when that changes.
    fn of_rule(rule: &Rule, name: &str, name_en: &str, said: String) -> Typed {
        let (name, name_en) = if name == said { ("", "") } else { (name, name_en) };
        let some = |number: i64| if number > 0 { number.to_string() } else { String::new() };
        Typed {
            gives: rule.gives,
            percent: some(rule.percent),
            amount: some(rule.amount_won.0),
            most: some(rule.most_won.0),
            least: some(rule.least_won.0),
            products: rule.products.to_vec(),
            name: name.to_owned(),
            name_en: name_en.to_owned(),
            ..Typed::default()
        }
    }

    pub(crate) fn gives(&self, gives: &str) -> bool {
        self.gives.slug() == gives
    }

    pub(crate) fn is_chosen(&self, product: &ProductId) -> bool {
        self.products.contains(product)
    }

    /// The promotion as typed, or what cannot be read in it.
    pub(crate) fn promotion(&self) -> Result<NewPromotion> {
        let mut faults = Faults::default();
        let new = NewPromotion {
            name: Text::new(&self.name, &self.name_en),
            rule: self.rule(&mut faults),
            from_quantity: Some(number(&self.from_quantity, "from_quantity", 1, &mut faults)),
            first_order: self.first_order,
            starts_at: midnight(&self.starts, "starts_at", 0, &mut faults),
            ends_at: midnight(&self.ends, "ends_at", 1, &mut faults),
        };
        faults.done()?;
        Ok(new)
    }

    /// The coupon as typed, or what cannot be read in it.
    pub(crate) fn coupon(&self) -> Result<NewCoupon> {
        let mut faults = Faults::default();
        let new = NewCoupon {
            code: self.code.trim().to_owned(),
            name: Text::new(&self.name, &self.name_en),
            rule: self.rule(&mut faults),
            quantity: number(&self.quantity, "quantity", 0, &mut faults),
            per_buyer: Some(number(&self.per_buyer, "per_buyer", 0, &mut faults)),
            by_claim: self.by_claim,
            ends_at: midnight(&self.ends, "ends_at", 1, &mut faults),
        };
        faults.done()?;
        Ok(new)
    }

    fn rule(&self, faults: &mut Faults) -> Rule {
        let is = |gives| self.gives == gives;
        // Only what the chosen kind asks for has to be readable.
        let percent = if is(Gives::Percentage) { number(&self.percent, "percent", 0, faults) } else { 0 };
        let amount = if is(Gives::Amount) { number(&self.amount, "amount_won", 0, faults) } else { 0 };
        let most = if is(Gives::Percentage) { number(&self.most, "most_won", 0, faults) } else { 0 };
        Rule {
            gives: self.gives,
            percent,
            amount_won: Won(amount),
            most_won: Won(most),
            least_won: Won(number(&self.least, "least_won", 0, faults)),
            products: Listing(self.products.clone()),
        }
    }
}

/// The faults of a form, and only those.
pub(crate) fn told(error: Error) -> Result<Error> {
    match error {
        Error::Invalid(_) | Error::TooManyDiscounts => Ok(error),
        error => Err(error),
    }
}

fn gives(typed: &str) -> Gives {
    [Gives::Amount, Gives::FreeDelivery].into_iter().find(|gives| gives.slug() == typed).unwrap_or_default()
}

/// A number as people type it; `none` where nothing is typed.
fn number(typed: &str, field: &str, none: i64, faults: &mut Faults) -> i64 {
    if typed.trim().is_empty() {
        return none;
    }
    let plain = typed.trim().trim_end_matches('%');
    crate::product::number(plain).unwrap_or_else(|| {
        faults.add(field, "number");
        none
    })
}

/// A day as a form writes it, as the midnight `days` after it begins.
fn midnight(typed: &str, field: &str, days: i64, faults: &mut Faults) -> Option<Timestamp> {
    if typed.trim().is_empty() {
        return None;
    }
    let at = || {
        let day: Date = typed.trim().parse().ok()?;
        let day = day.checked_add(jiff::Span::new().days(days)).ok()?;
        Some(day.to_zoned(clock::seoul()).ok()?.timestamp())
    };
    let at = at();
    faults.unless(at.is_some(), field, "day");
    at
}

fn day(ms: i64) -> String {
    clock::at(ms).to_zoned(clock::seoul()).date().to_string()
}

/// The last day of something that ends at `ms`.
fn last_day(ms: i64) -> String {
    day(ms - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_whole_of_it_in_seoul() {
        let typed = Typed {
            percent: "10%".into(),
            starts: "2026-11-25".into(),
            ends: "2026-11-25".into(),
            ..Typed::default()
        };
        let new = typed.promotion().unwrap();
        let (starts, ends) = (new.starts_at.unwrap(), new.ends_at.unwrap());
        assert_eq!((starts.to_string().as_str(), new.rule.percent), ("2026-11-24T15:00:00Z", 10));
        assert_eq!(ends.as_millisecond() - starts.as_millisecond(), 24 * 3600 * 1000);
        assert_eq!(last_day(ends.as_millisecond()), "2026-11-25");
    }

    #[test]
    fn what_cannot_be_read_is_named_at_once() {
        let typed =
            Typed { percent: "많이".into(), ends: "곧".into(), least: "x".into(), ..Typed::default() };
        let Err(Error::Invalid(faults)) = typed.promotion() else { panic!("it was read") };
        let fields: Vec<_> = faults.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["percent", "least_won", "ends_at"]);
    }
}
