//! Banks: their codes as the payment company knows them, and the keys of their names.

/// Banks that open accounts for deposits.
const OPENING: [&str; 8] = ["11", "06", "88", "20", "03", "81", "71", "07"];

/// Every bank a refund can go to.
const ALL: [(&str, &str); 18] = [
    ("11", "bank-nonghyup"),
    ("06", "bank-kookmin"),
    ("88", "bank-shinhan"),
    ("20", "bank-woori"),
    ("03", "bank-ibk"),
    ("81", "bank-hana"),
    ("71", "bank-post"),
    ("07", "bank-suhyup"),
    ("90", "bank-kakao"),
    ("92", "bank-toss"),
    ("89", "bank-k"),
    ("45", "bank-saemaul"),
    ("48", "bank-shinhyup"),
    ("32", "bank-busan"),
    ("31", "bank-im"),
    ("34", "bank-gwangju"),
    ("39", "bank-kyongnam"),
    ("37", "bank-jeonbuk"),
];

/// Banks to choose from for a deposit: code, and the key of the name.
pub(super) fn opening() -> Vec<(&'static str, &'static str)> {
    ALL.into_iter().filter(|(code, _)| OPENING.contains(code)).collect()
}

/// Banks to choose from for a refund.
pub(super) fn all() -> &'static [(&'static str, &'static str)] {
    &ALL
}

/// Whether a deposit can be made at this bank.
pub(super) fn opens(code: &str) -> bool {
    OPENING.contains(&code)
}

/// Whether a refund can go to this bank.
pub(super) fn is_known(code: &str) -> bool {
    ALL.iter().any(|(known, _)| *known == code)
}

/// The key of a bank's name.
pub(super) fn name(code: &str) -> &'static str {
    ALL.iter().find(|(known, _)| *known == code).map_or("bank-other", |(_, name)| name)
}
