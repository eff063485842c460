//! What a browser's push service must not read, sealed for the browser alone (RFC 8291, RFC 8188), and our name on the
//! envelope (VAPID, RFC 8292). The primitives are AWS-LC's, which TLS brings anyway.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

/// One record holds everything; services take 4096 octets at most.
const RECORD: u32 = 4096;
/// The longest text: a record without its header, its mark and its tag.
const MAX_TEXT: usize = 3_900;
/// How long our signature holds; a day at most (RFC 8292 §2).
const HOLDS_S: i64 = 12 * 3_600;
/// A point of P-256, uncompressed.
pub(super) const POINT: usize = 65;
/// The browser's secret.
pub(super) const AUTH: usize = 16;

pub(super) fn to_text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What browsers write, with or without padding.
pub(super) fn from_text(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(key: &Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut out = [0; N];
    key.expand(info, Length(N))?.fill(&mut out)?;
    Ok(out)
}

/// Seals a text for the browser with this key and secret.
pub(super) fn seal(browser: &[u8], auth: &[u8], text: &[u8], salt: [u8; 16]) -> Result<Vec<u8>, Unspecified> {
    seal_with(&PrivateKey::generate(&ECDH_P256)?, browser, auth, text, salt)
}

fn seal_with(
    ours: &PrivateKey,
    browser: &[u8],
    auth: &[u8],
    text: &[u8],
    salt: [u8; 16],
) -> Result<Vec<u8>, Unspecified> {
    if text.len() > MAX_TEXT {
        return Err(Unspecified);
    }
    let point = ours.compute_public_key()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, browser);
    let first = agreement::agree(ours, theirs, Unspecified, |shared| {
        Ok(Salt::new(HKDF_SHA256, auth).extract(shared))
    })?;
    let secret: [u8; 32] = expand(&first, &[b"WebPush: info\0", browser, point.as_ref()])?;
    let second = Salt::new(HKDF_SHA256, &salt).extract(&secret);
    let key: [u8; 16] = expand(&second, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = expand(&second, &[b"Content-Encoding: nonce\0"])?;

    // The mark of the last record stands behind the text.
    let mut sealed = [text, &[2]].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)?;
    let mut body = salt.to_vec();
    body.extend(RECORD.to_be_bytes());
    body.push(POINT as u8);
    body.extend(point.as_ref());
    body.extend(sealed);
    Ok(body)
}

/// The market's own key, by which push services know it again.
pub(super) struct Sign {
    pair: EcdsaKeyPair,
}

impl Sign {
    /// A new key, as it is kept.
    pub(super) fn make() -> Result<String, Unspecified> {
        let random = SystemRandom::new();
        Ok(to_text(EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?))
    }

    /// A kept key.
    pub(super) fn read(kept: &str) -> Option<Sign> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &from_text(kept)?).ok()?;
        Some(Sign { pair })
    }

    /// What browsers are given: `applicationServerKey`.
    pub(super) fn public(&self) -> String {
        to_text(self.pair.public_key())
    }

    /// The line that says to a push service who we are.
    pub(super) fn line(&self, service: &str, contact: &str, now_ms: i64) -> Result<String, Unspecified> {
        let head = to_text(json!({ "typ": "JWT", "alg": "ES256" }).to_string());
        let claims = json!({ "aud": service, "exp": now_ms / 1_000 + HOLDS_S, "sub": contact });
        let signed = format!("{head}.{}", to_text(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes())?;
        Ok(format!("vapid t={signed}.{}, k={}", to_text(signature), self.public()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8291, appendix A, octet by octet.
    #[test]
    fn the_standards_example_is_sealed_as_the_standard_says() {
        let ours = from_text("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap();
        let ours = PrivateKey::from_private_key(&ECDH_P256, &ours).unwrap();
        let browser = from_text(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let auth = from_text("BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        let salt = from_text("DGv6ra1nlYgDCS1FRnbzlw").unwrap().try_into().unwrap();
        let text = b"When I grow up, I want to be a watermelon";
        let body = seal_with(&ours, &browser.unwrap(), &auth, text, salt).unwrap();
        assert_eq!(
            to_text(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w\
             EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn a_key_that_is_no_key_is_refused() {
        assert!(seal(&[4; POINT], &[0; AUTH], b"x", [0; 16]).is_err(), "no point of the curve");
        assert!(seal(b"", &[0; AUTH], b"x", [0; 16]).is_err());
        assert!(Sign::read("").is_none() && Sign::read("AAAA").is_none());
    }
}
