//! Push, against a push service of our own that speaks the protocol: it checks who sends, and opens what was sealed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;
use base::{jobs, sql};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use live::broadcast;
use live::push::MAX_BROWSERS;
use serde_json::{Value, json};

use crate::market::{Market, NOON_MS, Somebody, markets};
use crate::notices::{begin, letters, press, work};

/// A status, and when to come again.
type Reply = (u16, Option<&'static str>);

/// A push service: what it answers next, and what came.
#[derive(Clone, Default)]
struct Service {
    answers: Arc<Mutex<VecDeque<Reply>>>,
    got: Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>,
}

impl Service {
    async fn start() -> (Service, String) {
        let service = Service::default();
        let app = Router::new().route("/send/{browser}", post(receive)).with_state(service.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (service, format!("http://{address}"))
    }

    fn will_answer(&self, status: u16, retry_after: Option<&'static str>) {
        self.answers.lock().unwrap().push_back((status, retry_after));
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }
}

async fn receive(
    State(service): State<Service>,
    Path(browser): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    service.got.lock().unwrap().push((browser, headers, body));
    let (status, after) = service.answers.lock().unwrap().pop_front().unwrap_or((201, None));
    let mut headers = HeaderMap::new();
    if let Some(after) = after {
        headers.insert("retry-after", after.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), headers)
}

/// A browser with keys of its own.
struct Phone {
    key: PrivateKey,
    auth: [u8; 16],
    endpoint: String,
}

impl Phone {
    fn at(endpoint: String) -> Phone {
        Phone { key: PrivateKey::generate(&ECDH_P256).unwrap(), auth: [7; 16], endpoint }
    }

    fn point(&self) -> Vec<u8> {
        self.key.compute_public_key().unwrap().as_ref().to_vec()
    }

    fn described(&self) -> Value {
        let keys = json!({ "p256dh": text(&self.point()), "auth": text(&self.auth) });
        json!({ "endpoint": self.endpoint, "expirationTime": null, "keys": keys })
    }

    async fn announce(&self, market: &Market, who: &Somebody) {
        let answer = market.api(who, Method::PUT, "/api/v1/push", "", self.described()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    }

    /// Opens what was sealed, from the standard's words and not from our code.
    fn open(&self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        assert_eq!(rest[..5], [0, 0, 16, 0, 65]);
        let (theirs, sealed) = rest[5..].split_at(65);
        let ikm: Vec<u8> = agree(&self.key, UnparsedPublicKey::new(&ECDH_P256, theirs), (), |shared| {
            let first = Salt::new(HKDF_SHA256, &self.auth).extract(shared);
            Ok(expand(&first, &[&b"WebPush: info\0"[..], &self.point(), theirs].concat(), 32))
        })
        .unwrap();
        let second = Salt::new(HKDF_SHA256, salt).extract(&ikm);
        let key = expand(&second, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = expand(&second, b"Content-Encoding: nonce\0", 12);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut sealed).unwrap();
        let (mark, plain) = plain.split_last().unwrap();
        assert_eq!(*mark, 2, "the mark of the last record");
        serde_json::from_slice(plain).unwrap()
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(key: &Prk, info: &[u8], length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    key.expand(&[info], Length(length)).unwrap().fill(&mut out).unwrap();
    out
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The envelope says who we are, to this service alone.
fn assert_signed(line: &str, service: &str, key: &str) {
    let (token, named) = line.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(named, key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes(key));
    public.verify(signed.as_bytes(), &bytes(signature)).unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&bytes(head)).unwrap()["alg"], "ES256");
    let claims: Value = serde_json::from_slice(&bytes(claims)).unwrap();
    assert_eq!(claims["aud"], service);
    let lives_s = claims["exp"].as_i64().unwrap() - NOON_MS / 1_000;
    assert!((1..=86_400).contains(&lives_s), "{claims}");
    assert!(claims["sub"].as_str().unwrap().starts_with("http"), "{claims}");
}

#[tokio::test]
async fn a_push_reaches_its_browser_sealed_and_signed_and_once() {
    for market in markets().await {
        let (service, at) = Service::start().await;
        let phone = Phone::at(format!("{at}/send/phone"));
        phone.announce(&market, &market.shopper).await;
        phone.announce(&market, &market.shopper).await;
        let key = market.get("/api/v1/push").await.json()["key"].as_str().unwrap().to_owned();
        let reborn = market.reborn().await;
        assert_eq!(live::push::key(&reborn).await.unwrap(), key, "{}: made once", market.engine);

        let show = market.show().await;
        press(&market, &market.shopper, &show, "on").await;
        begin(&market, &show).await;
        work(&market.live).await;
        assert_eq!(service.count(), 1, "{}", market.engine);
        let (_, headers, body) = service.got.lock().unwrap()[0].clone();
        assert_signed(headers["authorization"].to_str().unwrap(), &at, &key);
        assert_eq!(headers["content-encoding"], "aes128gcm");
        assert_eq!(
            (&headers["ttl"], &headers["urgency"]),
            (&"1800".parse().unwrap(), &"high".parse().unwrap())
        );
        assert_eq!(headers["topic"].len(), 32);
        let said = phone.open(&body);
        assert_eq!((&said["body"], &said["url"]), (&json!("오늘 아침 고등어"), &json!(show.path())));
        assert!(!String::from_utf8_lossy(&body).contains("고등어"));
        assert!(letters(&market, &market.shopper).await.is_empty(), "one notice, not two");

        // The jobs once more, the show once more.
        let browser: String = sql!(value & market.live.base.db, "select id from push_browsers").unwrap();
        let mut tx = market.live.base.db.begin().await.unwrap();
        let push = json!({ "broadcast": show.id, "person": market.shopper.person.id, "browser": browser });
        jobs::put(&mut tx, "live-push", &push).await.unwrap();
        jobs::put(&mut tx, "live-notice", &push).await.unwrap();
        tx.commit().await.unwrap();
        broadcast::wait(&market.live.base.db, &show.id, NOON_MS).await.unwrap();
        begin(&market, &show).await;
        work(&market.live).await;
        work(&reborn).await;
        assert_eq!(
            (service.count(), letters(&market, &market.shopper).await.len()),
            (1, 0),
            "{}",
            market.engine
        );
    }
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten_and_a_letter_goes_instead() {
    for market in markets().await {
        for gone in [404, 410] {
            let (service, at) = Service::start().await;
            let (one, two) = (Phone::at(format!("{at}/send/one")), Phone::at(format!("{at}/send/two")));
            one.announce(&market, &market.shopper).await;
            two.announce(&market, &market.shopper).await;
            let before = letters(&market, &market.shopper).await.len();
            service.will_answer(gone, None);
            service.will_answer(gone, None);
            let show = market.show().await;
            press(&market, &market.shopper, &show, "on").await;
            begin(&market, &show).await;
            work(&market.live).await;
            assert_eq!(service.count(), 2, "{}", market.engine);
            let left: i64 = sql!(value & market.live.base.db, "select count(*) from push_browsers").unwrap();
            assert_eq!(left, 0, "{}", market.engine);
            assert_eq!(letters(&market, &market.shopper).await.len(), before + 1, "{}", market.engine);
            broadcast::end(&market.live.base.db, &show.id, NOON_MS).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    for market in markets().await {
        let (service, at) = Service::start().await;
        Phone::at(format!("{at}/send/phone")).announce(&market, &market.shopper).await;
        service.will_answer(429, Some("60"));
        service.will_answer(500, None);
        let show = market.show().await;
        press(&market, &market.shopper, &show, "on").await;
        begin(&market, &show).await;
        work(&market.live).await;
        assert_eq!(service.count(), 1);
        market.clock.advance(Duration::from_secs(30));
        work(&market.live).await;
        assert_eq!(service.count(), 1, "{}: it said when", market.engine);
        for tries in [2, 3, 3] {
            market.clock.advance(Duration::from_secs(61));
            work(&market.live).await;
            assert_eq!(service.count(), tries, "{}", market.engine);
        }
        assert!(letters(&market, &market.shopper).await.is_empty());
    }
}

#[tokio::test]
async fn one_browser_of_two_is_enough() {
    for market in markets().await {
        let (service, at) = Service::start().await;
        Phone::at(format!("{at}/send/one")).announce(&market, &market.shopper).await;
        Phone::at(format!("{at}/send/two")).announce(&market, &market.shopper).await;
        service.will_answer(201, None);
        service.will_answer(410, None);
        let show = market.show().await;
        press(&market, &market.shopper, &show, "on").await;
        begin(&market, &show).await;
        work(&market.live).await;
        assert_eq!(
            (service.count(), letters(&market, &market.shopper).await.len()),
            (2, 0),
            "{}",
            market.engine
        );
    }
}

#[tokio::test]
async fn what_is_no_browser_is_refused() {
    for market in markets().await {
        let good = Phone::at("http://127.0.0.1:9/send/x".into());
        let with = |field: &str, value: &str| {
            let mut described = good.described();
            *described.pointer_mut(field).unwrap() = json!(value);
            described
        };
        for described in [
            with("/keys/p256dh", ""),
            with("/keys/p256dh", &text(&[4; 65])),
            with("/keys/auth", &text(&[0; 15])),
            with("/endpoint", "no address"),
            with("/endpoint", &format!("http://127.0.0.1/{}", "a".repeat(2_000))),
        ] {
            let refused = market.api(&market.shopper, Method::PUT, "/api/v1/push", "", described).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
        }
        for n in 0..MAX_BROWSERS + 3 {
            Phone::at(format!("http://127.0.0.1:9/send/{n}")).announce(&market, &market.shopper).await;
        }
        let kept: i64 = sql!(value & market.live.base.db, "select count(*) from push_browsers").unwrap();
        assert_eq!(kept, MAX_BROWSERS);
        // The same browser in somebody else's hands is theirs.
        let last = Phone::at(format!("http://127.0.0.1:9/send/{}", MAX_BROWSERS + 2));
        last.announce(&market, &market.stranger).await;
        let theirs: i64 = sql!(
            value & market.live.base.db,
            "select count(*) from push_browsers where person_id = $1",
            &market.stranger.person.id
        )
        .unwrap();
        assert_eq!(theirs, 1);
    }
}
