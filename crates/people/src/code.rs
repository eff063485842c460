//! Codes: six digits to a phone or an e-mail address, the main door.
//!
//! A code lives five minutes and five tries, one per address at a time, and only in the browser that
//! asked: what is stored is a hash of the code together with that browser's secret, so neither the
//! table nor a guess from elsewhere opens anything. Whether the address has an account changes nothing
//! that the asker can see until the code is proved.
//!
//! Asking again is its own retry (it replaces the code), so no idempotency key is kept here: what
//! a replay would have to return is a secret that is nowhere stored.

pub(crate) mod api;
pub(crate) mod jobs;
pub(crate) mod pages;

use base::{Db, Id, Secret, Tx, sql};
use sqlx::FromRow;
use subtle::ConstantTimeEq;
use web::Lang;

use crate::{Address, Error, People, Person, PersonId, Result, digest, person, session};

const DIGITS: u32 = 6;
const LIVES_MS: i64 = 5 * MINUTE_MS;
const TRIES: i64 = 5;
/// A second code within this is a double tap, not a lost message.
const PAUSE_MS: i64 = 30_000;
/// How long somebody who proved an address may take to join.
const JOIN_MS: i64 = 30 * MINUTE_MS;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// How long a row counts towards a limit, and is kept for it.
const KEPT_MS: i64 = 2 * DAY_MS;

pub(crate) enum CodeMark {}
pub(crate) type CodeId = Id<CodeMark>;

/// Who asks, and how they are to be spoken to.
pub(crate) struct Ask<'a> {
    pub(crate) browser: &'a Secret,
    pub(crate) client: Option<&'a str>,
    pub(crate) lang: Lang,
    pub(crate) market: &'a str,
}

/// Sends a code to an address, within the limits; gives the time it lives until.
pub(crate) async fn ask(people: &People, address: &Address, ask: Ask<'_>) -> Result<i64> {
    if !people.sender.reaches(address) {
        return Err(Error::NoSender);
    }
    let now_ms = people.base.clock.now_ms();
    let mut tx = people.base.db.begin().await?;
    let person = person::at(&mut tx, address).await?.map(|person| person.id);
    keep_limits(&mut tx, address, person.as_ref(), ask.client, now_ms).await?;
    let (id, code) = (CodeId::new(now_ms), people.base.random.digits(DIGITS));
    sql!(run &mut tx, "update codes set live = false where address = $1 and live", address.as_str())?;
    sql!(run &mut tx,
        "insert into codes (id, address, person_id, client, browser_hash, code_hash, asked_at_ms,
                            expires_at_ms, tries, live)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 0, true)",
        &id, address.as_str(), person, ask.client.unwrap_or_default(), digest(ask.browser.reveal()),
        seal(ask.browser, &code), now_ms, now_ms + LIVES_MS)?;
    let expires_at_ms = now_ms + LIVES_MS;
    jobs::put(&mut tx, &id, address, code, expires_at_ms, &ask).await?;
    tx.commit().await?;
    Ok(expires_at_ms)
}

/// The hash of a code in the hands of one browser. Six digits alone could be tried out by whoever
/// reads the table; with 32 random bytes of the browser's they cannot.
fn seal(browser: &Secret, code: &str) -> String {
    digest(&format!("{}:{code}", browser.reveal()))
}

/// So many codes in so long a time.
struct Limit {
    most: i64,
    within_ms: i64,
}

const PER_ADDRESS: [Limit; 2] =
    [Limit { most: 3, within_ms: 10 * MINUTE_MS }, Limit { most: 10, within_ms: DAY_MS }];
/// A person may have both a phone and an e-mail address.
const PER_PERSON: [Limit; 2] =
    [Limit { most: 5, within_ms: 10 * MINUTE_MS }, Limit { most: 15, within_ms: DAY_MS }];
const PER_CLIENT: [Limit; 1] = [Limit { most: 30, within_ms: 60 * MINUTE_MS }];

async fn keep_limits(
    tx: &mut Tx,
    address: &Address,
    person: Option<&PersonId>,
    client: Option<&str>,
    now_ms: i64,
) -> Result<()> {
    // Always in this order, so that two who wait for each other's turns cannot both wait for ever.
    take_turn(tx, "address", address.as_str(), now_ms).await?;
    let last: Option<i64> =
        sql!(value &mut *tx, "select max(asked_at_ms) from codes where address = $1", address.as_str())?;
    if let Some(wait_ms) = last.map(|last| last + PAUSE_MS - now_ms).filter(|wait| *wait > 0) {
        return Err(Error::JustSent { wait_s: seconds(wait_ms) });
    }
    for limit in PER_ADDRESS {
        let asked = sql!(one &mut *tx,
            "select count(*), min(asked_at_ms) from codes where address = $1 and asked_at_ms > $2",
            address.as_str(), now_ms - limit.within_ms)?;
        limit.keep(asked, now_ms)?;
    }
    if let Some(person) = person {
        take_turn(tx, "person", person.as_str(), now_ms).await?;
        for limit in PER_PERSON {
            let asked = sql!(one &mut *tx,
                "select count(*), min(asked_at_ms) from codes where person_id = $1 and asked_at_ms > $2",
                person, now_ms - limit.within_ms)?;
            limit.keep(asked, now_ms)?;
        }
    }
    if let Some(client) = client {
        take_turn(tx, "client", client, now_ms).await?;
        for limit in PER_CLIENT {
            let asked = sql!(one &mut *tx,
                "select count(*), min(asked_at_ms) from codes where client = $1 and asked_at_ms > $2",
                client, now_ms - limit.within_ms)?;
            limit.keep(asked, now_ms)?;
        }
    }
    Ok(())
}

impl Limit {
    fn keep(&self, (asked, first_ms): (i64, Option<i64>), now_ms: i64) -> Result<()> {
        if asked < self.most {
            return Ok(());
        }
        Err(Error::TooMany { wait_s: seconds(first_ms.unwrap_or(now_ms) + self.within_ms - now_ms) })
    }
}

/// Makes others who ask for the same subject wait until this transaction ends, on every engine.
async fn take_turn(tx: &mut Tx, kind: &str, subject: &str, now_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into code_turns (subject, at_ms) values ($1, $2)
         on conflict (subject) do update set at_ms = excluded.at_ms",
        format!("{kind} {subject}"), now_ms)?;
    Ok(())
}

fn seconds(ms: i64) -> u32 {
    u32::try_from((ms + 999) / 1000).unwrap_or(1).max(1)
}

/// What a right code opens.
pub(crate) enum Entered {
    /// Somebody we know: the token of their new session.
    Known(Secret, Person),
    /// An address without an account: its browser may join now.
    New,
}

#[derive(FromRow)]
struct Tried {
    id: CodeId,
    address: String,
    code_hash: String,
    tries: i64,
}

/// Tries a code in the browser that asked for it. The try is counted before anything is compared.
pub(crate) async fn enter(people: &People, browser: &Secret, typed: &str, device: &str) -> Result<Entered> {
    let code = read(typed).ok_or(Error::CodeShape)?;
    let now_ms = people.base.clock.now_ms();
    let mut tx = people.base.db.begin().await?;
    let tried: Option<Tried> = sql!(opt &mut tx,
        "update codes set tries = tries + 1, live = tries + 1 < $3
         where id = (select id from codes where browser_hash = $1 and live and expires_at_ms > $2
                     order by asked_at_ms desc, id desc limit 1)
           and live and tries < $3
         returning id, address, code_hash, tries",
        digest(browser.reveal()), now_ms, TRIES)?;
    let Some(tried) = tried else { return Err(Error::CodeOver) };
    if !bool::from(seal(browser, &code).as_bytes().ct_eq(tried.code_hash.as_bytes())) {
        tx.commit().await?;
        let left = TRIES - tried.tries;
        return Err(if left > 0 { Error::CodeWrong { left } } else { Error::CodeOver });
    }
    let known = match Address::read(&tried.address) {
        Some(address) => person::at(&mut tx, &address).await?,
        None => None,
    };
    let spent_at_ms = known.as_ref().map(|_| now_ms);
    sql!(run &mut tx,
        "update codes set live = false, proved_at_ms = $2, spent_at_ms = $3 where id = $1",
        &tried.id, now_ms, spent_at_ms)?;
    let entered = match known {
        Some(person) => {
            let token = session::open(&mut tx, &people.base.random, &person.id, device, now_ms).await?;
            Entered::Known(token, person)
        }
        None => Entered::New,
    };
    tx.commit().await?;
    Ok(entered)
}

/// Six digits out of what was typed: spaces and full-width digits are the keyboard's, not the person's.
fn read(typed: &str) -> Option<String> {
    if typed.len() > 64 {
        return None;
    }
    let mut code = String::new();
    for letter in typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
        match letter {
            '0'..='9' => code.push(letter),
            '０'..='９' => code.push(char::from(b'0' + (letter as u32 - '０' as u32) as u8)),
            _ => return None,
        }
    }
    (code.len() == DIGITS as usize).then_some(code)
}

/// The last code a browser asked for: what the page that waits for it shows.
#[derive(FromRow)]
pub(crate) struct Asked {
    pub(crate) address: String,
    asked_at_ms: i64,
    proved_at_ms: Option<i64>,
    spent_at_ms: Option<i64>,
}

impl Asked {
    /// Whether its browser may join with it now.
    pub(crate) fn may_join(&self, now_ms: i64) -> bool {
        self.spent_at_ms.is_none() && self.proved_at_ms.is_some_and(|proved| proved > now_ms - JOIN_MS)
    }

    /// Whether it is over: its page would wait for nothing.
    pub(crate) fn is_past(&self, now_ms: i64) -> bool {
        self.spent_at_ms.is_some() || self.asked_at_ms < now_ms - JOIN_MS
    }
}

/// The last code of a browser.
pub(crate) async fn asked(db: &Db, browser: &Secret) -> base::Result<Option<Asked>> {
    sql!(opt db,
        "select address, asked_at_ms, proved_at_ms, spent_at_ms from codes where browser_hash = $1
         order by asked_at_ms desc, id desc limit 1", digest(browser.reveal()))
}

/// Spends what a browser proved, once, and gives the address it proved.
pub(crate) async fn spend(tx: &mut Tx, browser: &Secret, now_ms: i64) -> Result<Address> {
    let address: Option<String> = sql!(maybe tx,
        "update codes set spent_at_ms = $2
         where id = (select id from codes where browser_hash = $1 order by asked_at_ms desc, id desc limit 1)
           and proved_at_ms > $3 and spent_at_ms is null
         returning address", digest(browser.reveal()), now_ms, now_ms - JOIN_MS)?;
    address.and_then(|address| Address::read(&address)).ok_or(Error::JoinOver)
}

/// Forgets codes that no longer count towards a limit.
pub(crate) async fn sweep(tx: &mut Tx, now_ms: i64) -> base::Result<()> {
    sql!(run &mut *tx, "delete from codes where asked_at_ms < $1", now_ms - KEPT_MS)?;
    sql!(run tx, "delete from code_turns where at_ms < $1", now_ms - KEPT_MS)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn six_digits_are_read_however_they_are_typed() {
        for typed in ["012345", " 012 345 ", "012-345", "０１２３４５"] {
            assert_eq!(read(typed).as_deref(), Some("012345"), "{typed}");
        }
        for typed in ["", "12345", "1234567", "12345a", "' or 1=1 --", &"1".repeat(10_000)] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
