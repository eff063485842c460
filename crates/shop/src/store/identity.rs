//! Who sells, by law: what every page must show (전자상거래법 §10, §12).

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use web::{Lang, Ui};

use crate::faults::Faults;
use crate::text::read;

/// The longest of these texts.
const LONGEST: usize = 120;

/// A seller's legal identity. Empty until the seller fills it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, FromRow, utoipa::ToSchema)]
#[serde(default)]
pub struct Identity {
    /// 상호.
    pub company: String,
    pub company_en: String,
    /// 대표자.
    pub representative: String,
    pub representative_en: String,
    /// 사업장 주소.
    pub address: String,
    pub address_en: String,
    pub phone: String,
    pub email: String,
    /// 사업자등록번호, written `000-00-00000`.
    pub business_number: String,
    /// 통신판매업 신고번호; empty when exempt.
    pub mail_order_number: String,
    pub mail_order_number_en: String,
    /// The seller declares to be too small to report (전자상거래법 §12 단서).
    pub mail_order_exempt: bool,
}

impl Identity {
    /// Whether the law is satisfied, so that the store may be listed.
    pub fn is_whole(&self) -> bool {
        let said = [&self.company, &self.representative, &self.address, &self.phone, &self.business_number];
        said.iter().all(|text| !text.is_empty())
            && (self.mail_order_exempt || !self.mail_order_number.is_empty())
    }

    /// The lines of the law, labelled, in the reader's language; what is missing is left out.
    pub fn lines(&self, ui: &Ui) -> Vec<(String, String)> {
        let lang = ui.language();
        let company = read(lang, &self.company, &self.company_en);
        let representative = read(lang, &self.representative, &self.representative_en);
        let number = read(lang, &self.mail_order_number, &self.mail_order_number_en);
        let mail_order = if number.is_empty() && self.mail_order_exempt {
            ui.t("store-mail-order-exempt")
        } else {
            number.to_owned()
        };
        [
            (ui.t("store-company"), company.to_owned()),
            (ui.t("store-representative"), representative.to_owned()),
            (ui.t("store-address"), self.address_in(lang).to_owned()),
            (ui.t("store-phone"), self.phone.clone()),
            (ui.t("store-email"), self.email.clone()),
            (ui.t("store-business-number"), self.business_number.clone()),
            (ui.t("store-mail-order-number"), mail_order),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
    }

    /// The address for a reader.
    pub fn address_in(&self, lang: Lang) -> &str {
        read(lang, &self.address, &self.address_en)
    }

    /// Trimmed and checked; what is not said stays empty.
    pub(crate) fn checked(self, faults: &mut Faults) -> Identity {
        let number = self.business_number.trim();
        faults.unless(
            number.is_empty() || business_number_is_whole(number),
            "business_number",
            "business-number",
        );
        let email = faults.optional("email", &self.email, LONGEST);
        faults.unless(email.is_empty() || email.contains('@'), "email", "email");
        Identity {
            company: faults.optional("company", &self.company, LONGEST),
            company_en: faults.optional("company_en", &self.company_en, LONGEST),
            representative: faults.optional("representative", &self.representative, LONGEST),
            representative_en: faults.optional("representative_en", &self.representative_en, LONGEST),
            address: faults.optional("address", &self.address, LONGEST),
            address_en: faults.optional("address_en", &self.address_en, LONGEST),
            phone: faults.optional("phone", &self.phone, LONGEST),
            email,
            business_number: written(number),
            mail_order_number: faults.optional("mail_order_number", &self.mail_order_number, LONGEST),
            mail_order_number_en: faults.optional(
                "mail_order_number_en",
                &self.mail_order_number_en,
                LONGEST,
            ),
            mail_order_exempt: self.mail_order_exempt,
        }
    }
}

/// Whether the ten digits of a business number carry their check digit.
pub fn business_number_is_whole(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != 10 || text.chars().any(|c| !c.is_ascii_digit() && c != '-' && c != ' ') {
        return false;
    }
    let weights = [1, 3, 7, 1, 3, 7, 1, 3, 5];
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    (10 - (sum + digits[8] * 5 / 10) % 10) % 10 == digits[9]
}

/// `0000000015` as it is written on the certificate: `000-00-00015`.
fn written(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        10 => format!("{}-{}-{}", &digits[..3], &digits[3..5], &digits[5..]),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_business_number_carries_its_check_digit() {
        for (number, whole) in [
            ("000-00-00015", true),
            ("0000000029", true),
            ("220-81-62517", true),
            ("220-81-62518", false),
            ("22081625", false),
            ("000-00-0001５", false),
            ("", false),
        ] {
            assert_eq!(business_number_is_whole(number), whole, "{number}");
        }
    }

    #[test]
    fn a_number_is_written_as_on_the_certificate() {
        assert_eq!(written("2208162517"), "220-81-62517");
    }
}
