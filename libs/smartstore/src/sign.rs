//! The signature that a token is asked with: bcrypt of `{client id}_{time}`, salted with the client's secret, in base64.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use bcrypt::Version;

use crate::Error;

/// What bcrypt writes its salts in. The 22nd letter carries four bits too many; as in crypt(3), they are not looked at.
const SALT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
/// Letters of a salt.
const LETTERS: usize = 22;
/// Nobody is kept waiting by a secret that asks for hours of work.
const COSTS: std::ops::RangeInclusive<u32> = 4..=12;

/// Signs the client's id at a time. A secret that is no salt is refused, and not repeated.
pub fn sign(client_id: &str, secret: &str, at_ms: i64) -> Result<String, Error> {
    let mut parts = secret.strip_prefix('$').unwrap_or_default().splitn(3, '$');
    let version = match parts.next() {
        Some("2a") => Version::TwoA,
        Some("2b") => Version::TwoB,
        Some("2y") => Version::TwoY,
        _ => return Err(Error::Secret),
    };
    let cost: u32 = parts.next().and_then(|cost| cost.parse().ok()).ok_or(Error::Secret)?;
    let salt = parts
        .next()
        .filter(|salt| salt.is_ascii())
        .and_then(|salt| salt.get(..LETTERS))
        .ok_or(Error::Secret)?;
    let salt = SALT.decode(salt).map_err(|_| Error::Secret)?;
    let salt: [u8; 16] = salt.try_into().map_err(|_| Error::Secret)?;
    if !COSTS.contains(&cost) {
        return Err(Error::Secret);
    }
    let hashed =
        bcrypt::hash_with_salt(format!("{client_id}_{at_ms}"), cost, salt).map_err(|_| Error::Secret)?;
    Ok(STANDARD.encode(hashed.format_for_version(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Naver's own document.
    const SECRET: &str = "$2a$10$abcdefghijklmnopqrstuv";

    #[test]
    fn it_signs_as_navers_own_document_does() {
        assert_eq!(
            sign("aaaabbbbcccc", SECRET, 1_643_961_623_299).unwrap(),
            "JDJhJDEwJGFiY2RlZmdoaWprbG1ub3BxcnN0dXVCVldZSk42T0VPdEx1OFY0cDQxa2IuTnpVaUEzbmsy"
        );
    }

    #[test]
    fn another_id_another_time_and_another_secret_sign_otherwise() {
        let usual = sign("aaaabbbbcccc", SECRET, 1_643_961_623_299).unwrap();
        for (id, secret, at_ms) in [
            ("aaaabbbbcccd", SECRET, 1_643_961_623_299),
            ("aaaabbbbcccc", SECRET, 1_643_961_623_300),
            ("aaaabbbbcccc", "$2a$10$bbcdefghijklmnopqrstuv", 1_643_961_623_299),
        ] {
            assert_ne!(sign(id, secret, at_ms).unwrap(), usual);
        }
    }

    #[test]
    fn what_is_no_salt_is_refused_and_never_repeated() {
        for secret in [
            "",
            "open sesame",
            "$2a$10$short",
            "$2a$31$abcdefghijklmnopqrstuv",
            "$1$10$abcdefghijklmnopqrstuv",
            "$2a$10$가나다라마바사아자차카타파하가나다라마바사아",
        ] {
            let error = sign("id", secret, 0).unwrap_err();
            assert!(secret.is_empty() || !format!("{error} {error:?}").contains(secret), "{secret}");
        }
    }
}
