//! The seller's form of a group purchase as it is typed.

use base::{Won, clock};
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{NewGroupPurchase, Tier};
use crate::product::number;

/// Tiers that the form has room for.
pub(crate) const ROOMS: usize = 3;
/// When it closes unless somebody says otherwise: so many days from now, at nine in the evening.
const DAYS: i64 = 3;
const HOUR: i8 = 21;

/// Everything in the form, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub(crate) key: String,
    pub(crate) variant: String,
    pub(crate) tiers: [(String, String); ROOMS],
    pub(crate) most: String,
    pub(crate) per_buyer: String,
    pub(crate) closes: String,
    pub(crate) words: String,
}

impl Typed {
    /// A new form.
    pub(crate) fn new(key: String, now_ms: i64) -> Typed {
        let day = clock::at(now_ms).to_zoned(clock::seoul()).date();
        let day = day.checked_add(jiff::Span::new().days(DAYS)).unwrap_or(day);
        Typed { key, closes: local(day.at(HOUR, 0, 0, 0)), ..Typed::default() }
    }

    /// The form as it was sent.
    pub(crate) fn read(fields: Vec<(String, String)>) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in fields {
            match name.as_str() {
                "key" => typed.key = value,
                "variant_id" => typed.variant = value,
                "most" => typed.most = value,
                "per_buyer" => typed.per_buyer = value,
                "closes_at" => typed.closes = value,
                "words" => typed.words = value,
                name => {
                    let room = |start| name.strip_prefix(start)?.parse::<usize>().ok();
                    if let Some(tier) = room("pieces_").and_then(|at| typed.tiers.get_mut(at)) {
                        tier.0 = value;
                    } else if let Some(tier) = room("price_").and_then(|at| typed.tiers.get_mut(at)) {
                        tier.1 = value;
                    }
                }
            }
        }
        typed
    }

    /// What it asks for. A number that is none is a zero, which is refused with its words.
    pub(crate) fn offer(&self) -> NewGroupPurchase {
        let filled = self.tiers.iter().filter(|(pieces, price)| !(pieces.is_empty() && price.is_empty()));
        let tier = |(pieces, price): &(String, String)| Tier {
            pieces: number(pieces).unwrap_or_default(),
            price_won: Won(number(price).unwrap_or_default()),
        };
        NewGroupPurchase {
            variant_id: self.variant.clone(),
            tiers: filled.map(tier).collect(),
            most: number(&self.most).unwrap_or_default(),
            per_buyer: if self.per_buyer.trim().is_empty() {
                0
            } else {
                number(&self.per_buyer).unwrap_or(-1)
            },
            closes_at: moment(&self.closes),
            words: self.words.clone(),
        }
    }
}

/// As `datetime-local` has it.
fn local(at: DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}

fn moment(typed: &str) -> Option<Timestamp> {
    let at: DateTime = typed.trim().parse().ok()?;
    at.to_zoned(clock::seoul()).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_as_it_is_said() {
        let fields = [
            ("pieces_0", "20개"),
            ("price_0", "9,000원"),
            ("pieces_1", ""),
            ("price_1", ""),
            ("pieces_9", "1"),
            ("most", "100"),
            ("closes_at", "2026-11-30T21:00"),
        ];
        let typed = Typed::read(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        let offer = typed.offer();
        assert_eq!(offer.tiers, [Tier { pieces: 20, price_won: Won(9_000) }]);
        assert_eq!((offer.most, offer.per_buyer), (100, 0));
        assert_eq!(offer.closes_at.map(|at| at.to_string()).as_deref(), Some("2026-11-30T12:00:00Z"));
        assert_eq!(Typed::new("k".into(), 1_795_471_200_000).closes, "2026-11-27T21:00");
    }
}
