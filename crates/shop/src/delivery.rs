//! How goods reach the buyer: by parcel to an address, or picked up at the stall with a code.

use base::Won;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::faults::Faults;

/// The longest name, and the longest line of an address.
const NAME: usize = 40;
const LINE: usize = 120;
const NOTE: usize = 200;

/// Parcel or pickup.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum HandOver {
    #[default]
    Parcel,
    Pickup,
}

impl HandOver {
    /// The value in a form and the end of its words' key.
    pub fn slug(self) -> &'static str {
        match self {
            HandOver::Parcel => "parcel",
            HandOver::Pickup => "pickup",
        }
    }
}

/// Who receives it and where. For a pickup only name and phone are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromRow, utoipa::ToSchema)]
#[serde(default)]
pub struct Recipient {
    pub recipient: String,
    pub phone: String,
    pub postcode: String,
    pub address: String,
    pub address_detail: String,
    /// A word to the seller.
    pub note: String,
}

impl Recipient {
    /// Trimmed and checked for the way it goes.
    pub(crate) fn checked(&self, by: HandOver, faults: &mut Faults) -> Recipient {
        let phone = faults.needed("phone", &self.phone, NAME);
        let digits = phone.chars().filter(char::is_ascii_digit).count();
        faults.unless(phone.is_empty() || (8..=15).contains(&digits), "phone", "phone");
        let at_home = by == HandOver::Parcel;
        let postcode = self.postcode.trim();
        if at_home {
            let fits = postcode.len() == 5 && postcode.bytes().all(|byte| byte.is_ascii_digit());
            faults.unless(fits, "postcode", "postcode");
        }
        Recipient {
            recipient: faults.needed("recipient", &self.recipient, NAME),
            phone,
            postcode: if at_home { postcode.to_owned() } else { String::new() },
            address: if at_home { faults.needed("address", &self.address, LINE) } else { String::new() },
            address_detail: if at_home {
                faults.optional("address_detail", &self.address_detail, LINE)
            } else {
                String::new()
            },
            note: faults.optional("note", &self.note, NOTE),
        }
    }
}

/// What a store asks for delivery.
#[derive(Clone, Copy, Debug)]
pub struct Fees {
    pub parcel_won: Won,
    pub parcel_cold_won: Won,
    pub parcel_free_from_won: Won,
}

impl Fees {
    /// The fee for goods worth `goods`, `cold` if any of them travels in an ice box.
    pub fn of(&self, by: HandOver, goods: Won, cold: bool) -> Won {
        match by {
            HandOver::Pickup => Won::ZERO,
            HandOver::Parcel if goods >= self.parcel_free_from_won => Won::ZERO,
            HandOver::Parcel if cold => self.parcel_cold_won,
            HandOver::Parcel => self.parcel_won,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_costs_until_the_order_is_large_and_pickup_never() {
        let fees =
            Fees { parcel_won: Won(4_000), parcel_cold_won: Won(5_000), parcel_free_from_won: Won(50_000) };
        for (by, goods, cold, fee) in [
            (HandOver::Parcel, 10_000, false, 4_000),
            (HandOver::Parcel, 10_000, true, 5_000),
            (HandOver::Parcel, 49_999, true, 5_000),
            (HandOver::Parcel, 50_000, true, 0),
            (HandOver::Pickup, 1_000, true, 0),
        ] {
            assert_eq!(fees.of(by, Won(goods), cold), Won(fee));
        }
    }
}
