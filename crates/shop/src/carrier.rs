//! Carriers: who brings parcels, how each writes its numbers, and what the tracking services call it.
//!
//! The list is data. Sweettracker's codes and Delivery Tracker's ids are theirs; the numbers' lengths are what the
//! carriers print, and only catch a slip of the thumb.

use serde::Serialize;
use web::Lang;

use crate::text::read;

/// Who brings a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Carrier {
    /// How we write it.
    pub slug: &'static str,
    pub name: &'static str,
    pub name_en: &'static str,
    /// Sweettracker's code; empty when it knows nothing of it.
    pub sweettracker: &'static str,
    /// Delivery Tracker's id.
    pub delivery_tracker: &'static str,
    /// Digits of a number: at least and at most.
    pub digits: [usize; 2],
    /// The carrier's own page, before the number.
    pub link: &'static str,
}

/// The seller brings it himself: there is no number, and nobody to ask.
pub const DIRECT: &str = "direct";

/// Every carrier, in the order in which they are offered.
pub static ALL: [Carrier; 14] = [
    carrier("cj", "CJ대한통운", "CJ Logistics", "04", "kr.cjlogistics", [10, 12])
        .at("https://trace.cjlogistics.com/next/tracking.html?wblNo="),
    carrier("epost", "우체국택배", "Korea Post", "01", "kr.epost", [13, 13])
        .at("https://service.epost.go.kr/trace.RetrieveDomRigiTraceList.comm?sid1="),
    carrier("hanjin", "한진택배", "Hanjin", "05", "kr.hanjin", [10, 14]).at(
        "https://www.hanjin.com/kor/CMS/DeliveryMgr/WaybillResult.do?mCode=MN038&schLang=KR&wblnumText2=",
    ),
    carrier("lotte", "롯데택배", "Lotte", "08", "kr.lotte", [10, 13])
        .at("https://www.lotteglogis.com/home/reservation/tracking/linkView?InvNo="),
    carrier("logen", "로젠택배", "Logen", "06", "kr.logen", [10, 11])
        .at("https://www.ilogen.com/web/personal/trace/"),
    carrier("cu", "CU 편의점택배", "CU parcel", "46", "kr.cupost", [10, 12])
        .at("https://www.cupost.co.kr/postbox/delivery/localResult.cupost?invoice_no="),
    carrier("gs", "GS25 편의점택배", "GS25 parcel", "24", "kr.cvsnet", [10, 13])
        .at("https://www.cvsnet.co.kr/invoice/tracking.do?invoice_no="),
    carrier("kdexp", "경동택배", "Kyungdong", "23", "kr.kdexp", [8, 16])
        .at("https://kdexp.com/service/delivery/delivery_result.do?barcode="),
    carrier("daesin", "대신택배", "Daesin", "22", "kr.daesin", [13, 13])
        .at("https://www.ds3211.co.kr/freight/internalFreightSearch.ht?billno="),
    carrier("ilyang", "일양로지스", "Ilyang", "11", "kr.ilyanglogis", [9, 13])
        .at("https://www.ilyanglogis.com/functionality/card_form_waybill.asp?hawb_no="),
    carrier("hdexp", "합동택배", "Hapdong", "32", "kr.hdexp", [9, 16])
        .at("https://hdexp.co.kr/deliverySearch2.hd?barcode="),
    carrier("chunil", "천일택배", "Chunil", "17", "kr.chunilps", [11, 11])
        .at("https://www.chunil.co.kr/HTrace/HTrace.jsp?transNo="),
    carrier("kunyoung", "건영택배", "Kunyoung", "18", "kr.kunyoung", [10, 10])
        .at("https://www.kunyoung.com/goods/goods_01.php?mulno="),
    carrier(DIRECT, "직접 전해요", "By hand", "", "", [0, 0]),
];

const fn carrier(
    slug: &'static str,
    name: &'static str,
    name_en: &'static str,
    sweettracker: &'static str,
    delivery_tracker: &'static str,
    digits: [usize; 2],
) -> Carrier {
    Carrier { slug, name, name_en, sweettracker, delivery_tracker, digits, link: "" }
}

impl Carrier {
    const fn at(self, link: &'static str) -> Carrier {
        Carrier { link, ..self }
    }

    /// Its name for a reader.
    pub fn name_in(&self, lang: Lang) -> &'static str {
        read(lang, self.name, self.name_en)
    }

    /// Whether somebody can be asked where its parcels are.
    pub fn is_tracked(&self) -> bool {
        !self.delivery_tracker.is_empty()
    }

    /// Where a person looks by themselves, or nothing.
    pub fn page(&self, number: &str) -> String {
        if self.link.is_empty() { String::new() } else { format!("{}{number}", self.link) }
    }

    /// A number as it was typed, without spaces and dashes; `None`: it is none of this carrier's.
    pub fn read_number(&self, typed: &str) -> Option<String> {
        let number: String = typed.chars().filter(|one| !matches!(one, '-' | ' ')).collect();
        let [least, most] = self.digits;
        let fits = (least..=most).contains(&number.len()) && number.bytes().all(|one| one.is_ascii_digit());
        fits.then_some(number)
    }
}

/// The carrier we write this way.
pub fn find(slug: &str) -> Option<&'static Carrier> {
    ALL.iter().find(|carrier| carrier.slug == slug)
}

/// The carrier Delivery Tracker calls this.
pub(crate) fn of_delivery_tracker(id: &str) -> Option<&'static Carrier> {
    ALL.iter().find(|carrier| carrier.is_tracked() && carrier.delivery_tracker == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_type_it_and_a_slip_is_seen() {
        for (slug, typed, number) in [
            ("cj", "6012-3456-7890", Some("601234567890")),
            ("cj", " 6012345678 ", Some("6012345678")),
            ("cj", "60123", None),
            ("cj", "60123456789O", None),
            ("epost", "6012345678901", Some("6012345678901")),
            ("epost", "601234567890", None),
            (DIRECT, "", Some("")),
            (DIRECT, "123", None),
        ] {
            assert_eq!(find(slug).unwrap().read_number(typed).as_deref(), number, "{slug} {typed}");
        }
    }

    #[test]
    fn each_carrier_is_there_once() {
        for (at, one) in ALL.iter().enumerate() {
            for other in &ALL[at + 1..] {
                assert_ne!(one.slug, other.slug);
                assert_ne!(one.delivery_tracker, other.delivery_tracker);
                assert_ne!(one.sweettracker, other.sweettracker);
            }
        }
        assert_eq!(of_delivery_tracker("kr.cjlogistics").unwrap().slug, "cj");
        assert!(of_delivery_tracker("").is_none());
    }
}
