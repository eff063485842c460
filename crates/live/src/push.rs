//! Push: a notice on the phone's own screen, through the service that its browser trusts (RFC 8030). What is said is
//! sealed for the browser; the service sees that something comes, and from whom.

use std::sync::Arc;

use base::{Db, Id, Tx, jobs, settings, sql};
use people::PersonId;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use crate::broadcast::BroadcastId;
use crate::notice::{self, Said};
use crate::{Error, Live, Result};

pub(crate) mod api;
mod crypt;
mod door;

pub use door::Reach;

use crypt::Sign;

/// Browsers of one person; the oldest goes when another comes.
pub const MAX_BROWSERS: i64 = 10;
/// The setting that holds the market's key.
const KEY: &str = "push-key";
/// How long a push is remembered: longer than any is worth sending.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;
/// One browser is told.
pub(crate) const PUSH: &str = "live-push";

pub(crate) enum BrowserMark {}
/// A browser that may be told.
pub(crate) type BrowserId = Id<BrowserMark>;

/// Which browser is told of what.
#[derive(Deserialize, Serialize)]
pub(crate) struct Push {
    pub broadcast: BroadcastId,
    pub person: PersonId,
    pub browser: BrowserId,
}

/// The way out, and the key that stands on every envelope.
#[derive(Clone)]
pub(crate) struct Pusher {
    reach: Reach,
    client: reqwest::Client,
    sign: Arc<OnceCell<Sign>>,
}

impl Pusher {
    pub(crate) fn new(reach: Reach) -> Result<Pusher> {
        let client = door::client(reach).map_err(|_| Error::Sealing)?;
        Ok(Pusher { reach, client, sign: Arc::default() })
    }
}

/// A browser as it describes itself (`PushSubscription.toJSON()`).
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewBrowser {
    /// Where its push service takes messages: `https://…`.
    pub endpoint: String,
    pub keys: Keys,
}

/// What messages to a browser are sealed with, in base64url.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct Keys {
    pub p256dh: String,
    pub auth: String,
}

/// The key that browsers subscribe with, made once for the market.
pub async fn key(live: &Live) -> Result<String> {
    Ok(sign(live).await?.public())
}

async fn sign(live: &Live) -> Result<&Sign> {
    let made = live.push.sign.get_or_try_init(|| async {
        let db = &live.base.db;
        if settings::get::<String>(db, KEY).await?.is_none() {
            let made = Sign::make().map_err(|_| Error::Sealing)?;
            let mut tx = db.begin().await?;
            settings::put_once(&mut tx, KEY, &made).await?;
            tx.commit().await?;
        }
        // What is kept counts: another process may have been first.
        let kept: Option<String> = settings::get(db, KEY).await?;
        kept.and_then(|kept| Sign::read(&kept)).ok_or(Error::Sealing)
    });
    made.await
}

/// Remembers a browser for whoever is signed in there now.
pub async fn add(live: &Live, person: &PersonId, wanted: &NewBrowser) -> Result<()> {
    let wrong = || Error::Field { field: "endpoint", slug: "push-unusable" };
    let endpoint = door::read(&wanted.endpoint, live.push.reach).ok_or_else(wrong)?;
    let (point, auth) = bytes(&wanted.keys.p256dh, &wanted.keys.auth).ok_or_else(wrong)?;
    // A key that nothing can be sealed with is refused now, not when the show begins.
    crypt::seal(&point, &auth, b"", [0; 16]).map_err(|_| wrong())?;
    let now_ms = live.base.clock.now_ms();
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "insert into push_browsers (id, person_id, endpoint, point, auth, made_at_ms) values ($1, $2, $3, $4, $5, $6)
         on conflict (endpoint) do update set person_id = excluded.person_id, point = excluded.point,
                                              auth = excluded.auth, made_at_ms = excluded.made_at_ms",
        BrowserId::new(now_ms), person, endpoint.as_str(), crypt::to_text(point), crypt::to_text(auth), now_ms)?;
    sql!(run &mut tx,
        "delete from push_browsers where person_id = $1 and id not in
           (select id from push_browsers where person_id = $1 order by made_at_ms desc, id desc limit $2)",
        person, MAX_BROWSERS)?;
    Ok(tx.commit().await?)
}

/// Forgets the browsers of somebody who left.
pub(crate) async fn forget(tx: &mut Tx, person: &PersonId) -> Result<()> {
    sql!(run tx, "delete from push_browsers where person_id = $1", person)?;
    Ok(())
}

/// The browsers of a person.
pub(crate) async fn browsers(tx: &mut Tx, person: &PersonId) -> Result<Vec<BrowserId>> {
    Ok(sql!(values tx, "select id from push_browsers where person_id = $1 order by id", person)?)
}

fn bytes(point: &str, auth: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let point = crypt::from_text(point).filter(|point| point.len() == crypt::POINT)?;
    let auth = crypt::from_text(auth).filter(|auth| auth.len() == crypt::AUTH)?;
    Some((point, auth))
}

#[derive(FromRow)]
struct Browser {
    endpoint: String,
    point: String,
    auth: String,
}

/// What became of a push.
enum Outcome {
    Taken,
    /// The browser is not there any more.
    Gone,
    /// Not now; so many milliseconds later, if the service said when.
    Later(Option<i64>),
}

/// Tells one browser. Its push is written down before it is sent, and struck out only when the service surely did not
/// take it: a crash in between may lose one, and never shows two.
pub(crate) async fn carry(live: &Live, push: &Push) -> Result<()> {
    let Push { broadcast, person, browser } = push;
    let db = &live.base.db;
    let found: Option<Browser> = sql!(opt db,
        "select endpoint, point, auth from push_browsers where id = $1 and person_id = $2", browser, person)?;
    let Some(found) = found else { return notice::fall_back(live, broadcast, person, None).await };
    let Some(said) = notice::said_to(live, broadcast, person).await? else {
        return notice::settle(live, broadcast, person, "lost").await;
    };
    if !take(live, push).await? {
        return Ok(());
    }
    let outcome = match send(live, &found, &said, broadcast).await {
        Ok(outcome) => outcome,
        Err(error) => {
            give_back(db, push).await?;
            return Err(error);
        }
    };
    match outcome {
        Outcome::Taken => notice::settle(live, broadcast, person, "told").await,
        Outcome::Gone => notice::fall_back(live, broadcast, person, Some(browser)).await,
        Outcome::Later(None) => {
            give_back(db, push).await?;
            Err(Error::PushLater)
        }
        Outcome::Later(Some(after_ms)) => {
            let mut tx = db.begin().await?;
            strike(&mut tx, push).await?;
            jobs::put_at(&mut tx, PUSH, push, live.base.clock.now_ms() + after_ms).await?;
            Ok(tx.commit().await?)
        }
    }
}

async fn send(live: &Live, to: &Browser, said: &Said, broadcast: &BroadcastId) -> Result<Outcome> {
    let Some(url) = door::read(&to.endpoint, live.push.reach) else { return Ok(Outcome::Gone) };
    let Some((point, auth)) = bytes(&to.point, &to.auth) else { return Ok(Outcome::Gone) };
    let text = json!({ "title": said.subject, "body": said.title, "url": said.path, "tag": broadcast });
    let text = text.to_string();
    let body =
        crypt::seal(&point, &auth, text.as_bytes(), live.base.random.bytes()).map_err(|_| Error::Sealing)?;
    let now_ms = live.base.clock.now_ms();
    let line = sign(live).await?.line(&url.origin().ascii_serialization(), &said.home, now_ms);
    let request = live
        .push
        .client
        .post(url)
        .header("authorization", line.map_err(|_| Error::Sealing)?)
        .header("content-type", "application/octet-stream")
        .header("content-encoding", "aes128gcm")
        .header("ttl", ((said.until_ms - now_ms) / 1_000).max(0).to_string())
        .header("urgency", "high")
        // A service that still holds the last one replaces it.
        .header("topic", broadcast.as_str().replace('-', ""))
        .body(body);
    match request.send().await {
        Ok(answer) => Ok(judge(&answer)),
        // Whether it was taken is not known: better lost than shown twice.
        Err(error) if !error.is_connect() => {
            warn!(error = %error.without_url(), "A push service did not answer");
            Ok(Outcome::Taken)
        }
        Err(_) => Ok(Outcome::Later(None)),
    }
}

fn judge(answer: &reqwest::Response) -> Outcome {
    let status = answer.status();
    if status.is_success() {
        return Outcome::Taken;
    }
    if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
        // 404 and 410 say that the browser left; with any other refusal it is as good as gone.
        info!(status = status.as_u16(), "A push service knows a browser no more");
        return Outcome::Gone;
    }
    let after = answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse::<u32>().ok());
    Outcome::Later(after.map(|seconds| i64::from(seconds.clamp(1, 3_600)) * 1_000))
}

async fn take(live: &Live, push: &Push) -> Result<bool> {
    let now_ms = live.base.clock.now_ms();
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "delete from pushes where at_ms < $1", now_ms - KEPT_MS)?;
    let is_new = sql!(run &mut tx,
        "insert into pushes (broadcast_id, browser_id, at_ms) values ($1, $2, $3)
         on conflict (broadcast_id, browser_id) do nothing", &push.broadcast, &push.browser, now_ms)?;
    tx.commit().await?;
    Ok(is_new == 1)
}

async fn strike(tx: &mut Tx, push: &Push) -> Result<()> {
    sql!(run tx, "delete from pushes where broadcast_id = $1 and browser_id = $2", &push.broadcast, &push.browser)?;
    Ok(())
}

async fn give_back(db: &Db, push: &Push) -> Result<()> {
    let mut tx = db.begin().await?;
    strike(&mut tx, push).await?;
    Ok(tx.commit().await?)
}

/// Forgets a browser that is gone.
pub(crate) async fn drop_browser(tx: &mut Tx, browser: &BrowserId) -> Result<()> {
    sql!(run tx, "delete from push_browsers where id = $1", browser)?;
    Ok(())
}
