//! Chat: short lines on the media clock, written by POST and heard on the room's socket.
//!
//! A busy room says hundreds of lines a second, so they are written by a group: one statement and
//! one commit for everybody who wrote meanwhile, and each is answered when its line is durable.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::group::Batch;
use base::{Clock, Db, Group, Id, Tx, events, sql};
use people::{PersonId, SignedIn};
use serde::Serialize;
use serde_json::{Value, json};
use web::Lang;

use crate::broadcast::{Broadcast, BroadcastId};
use crate::limit::{self, Action};
use crate::{Error, Live, Result, host, moderation, question, room, text};

pub mod api;
pub mod pages;

/// Names chat lines.
pub enum LineMark {}
/// A chat line's id.
pub type LineId = Id<LineMark>;

/// The longest line, in letters.
pub const MAX_CHAT: usize = 200;
/// Lines a listener gets when they come.
pub const RECENT: i64 = 50;

/// Who a line is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum From {
    Shopper,
    Seller,
    Helper,
}

impl From {
    fn word(self) -> &'static str {
        match self {
            From::Shopper => "shopper",
            From::Seller => "seller",
            From::Helper => "helper",
        }
    }
}

/// A line as everybody sees it.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Line {
    #[schema(value_type = String)]
    pub id: LineId,
    pub name: String,
    pub text: String,
    /// On the media clock, Unix milliseconds.
    pub at_ms: i64,
    /// `shopper`, `seller` or `helper`.
    pub from: String,
}

/// The writer of chat lines.
pub type Writer = Group<Lines>;

/// Starts the writer of this process.
pub fn writer(db: Db, clock: Clock) -> Writer {
    Group::start(db, Lines { clock, last_ms: AtomicI64::new(0) })
}

/// A line on its way to the writer.
#[derive(Clone, Debug)]
pub struct Saying {
    pub broadcast: BroadcastId,
    /// Nobody for a line of the demo's script.
    pub person: Option<PersonId>,
    pub name: String,
    pub text: String,
    pub from: From,
    pub at_ms: i64,
    /// Recognises the request when it comes twice.
    pub key: Option<String>,
}

/// Why a line was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Over,
    AnotherBody,
}

/// How a batch of lines is written.
pub struct Lines {
    clock: Clock,
    last_ms: AtomicI64,
}

#[derive(sqlx::FromRow)]
struct Taken {
    #[sqlx(flatten)]
    line: Line,
    made_key: Option<String>,
}

impl Batch for Lines {
    type Ask = Saying;
    type Answer = Result<Line, Refused>;
    // Less than the room's own tick, so that nobody waits longer for it; a fifth of the commits.
    const PACE: Duration = Duration::from_millis(20);

    async fn apply(&self, tx: &mut Tx, asks: &[Saying]) -> base::Result<Vec<Self::Answer>> {
        let rows: Vec<Value> = self.ids(asks.len()).into_iter().zip(asks).map(row).collect();
        let mut taken: Vec<Taken> = sql!(all &mut *tx,
            "insert into chat_lines (id, broadcast_id, person_id, name, said_by, said, at_ms, made_key)
             select j.value ->> 'id', b.id, j.value ->> 'person', j.value ->> 'name', j.value ->> 'from',
                    j.value ->> 'text', cast(j.value ->> 'at_ms' as bigint), j.value ->> 'key'
             from json_each($1) as j join broadcasts as b on b.id = j.value ->> 'broadcast'
             where b.stage <> 'ended'
             on conflict (made_key) do nothing
             returning id, name, said as text, at_ms, said_by as \"from\", made_key",
            serde_json::to_string(&rows)?)?;
        taken.sort_by(|a, b| a.line.id.cmp(&b.line.id));
        let frames: Vec<(String, Value)> = rows
            .iter()
            .zip(asks)
            .filter_map(|(row, ask)| {
                let id = row["id"].as_str()?;
                let found = taken.binary_search_by(|taken| taken.line.id.as_str().cmp(id)).ok()?;
                Some((room::topic(&ask.broadcast), frame(&taken[found].line)))
            })
            .collect();
        events::put_all(&mut *tx, &frames).await?;
        let said: Vec<_> = rows
            .iter()
            .zip(asks)
            .filter(|(row, ask)| {
                ask.from == From::Shopper && taken.iter().any(|taken| row["id"] == taken.line.id.as_str())
            })
            .map(|(row, ask)| question::Heard {
                broadcast: ask.broadcast.clone(),
                line: row["id"].as_str().unwrap_or_default(),
                said: &ask.text,
                at_ms: ask.at_ms,
            })
            .collect();
        question::gather(&mut *tx, &said, self.clock.now_ms()).await?;
        self.answer(tx, asks, &rows, taken).await
    }
}

impl Lines {
    /// Ids that rise from line to line, also between two batches of one millisecond.
    fn ids(&self, count: usize) -> Vec<LineId> {
        let now_ms = self.clock.now_ms().max(self.last_ms.load(Ordering::Relaxed) + 1);
        self.last_ms.store(now_ms, Ordering::Relaxed);
        let mut ids: Vec<LineId> = (0..count).map(|_| LineId::new(now_ms)).collect();
        ids.sort();
        ids
    }

    /// What was not inserted came before under its key, or came too late.
    async fn answer(
        &self,
        tx: &mut Tx,
        asks: &[Saying],
        rows: &[Value],
        mut taken: Vec<Taken>,
    ) -> base::Result<Vec<Result<Line, Refused>>> {
        if taken.len() < asks.len() {
            let keys: Vec<_> =
                asks.iter().filter_map(|ask| ask.key.as_ref()).map(|key| json!({ "key": key })).collect();
            let before: Vec<Taken> = sql!(all &mut *tx,
                "select c.id, c.name, c.said as text, c.at_ms, c.said_by as \"from\", c.made_key
                 from json_each($1) as j join chat_lines as c on c.made_key = j.value ->> 'key'",
                serde_json::to_string(&keys)?)?;
            taken.extend(before);
        }
        let told = rows.iter().zip(asks).map(|(row, ask)| {
            let found = taken.iter().find(|taken| {
                row["id"] == taken.line.id.as_str() || (ask.key.is_some() && taken.made_key == ask.key)
            });
            match found {
                None => Err(Refused::Over),
                Some(taken) if taken.line.text != ask.text => Err(Refused::AnotherBody),
                Some(taken) => Ok(taken.line.clone()),
            }
        });
        Ok(told.collect())
    }
}

fn row((id, ask): (LineId, &Saying)) -> Value {
    json!({ "id": id, "broadcast": ask.broadcast, "person": ask.person, "name": ask.name, "text": ask.text,
            "from": ask.from.word(), "at_ms": ask.at_ms, "key": ask.key })
}

/// A line as the room hears it.
pub fn frame(line: &Line) -> Value {
    json!({ "type": "chat", "id": line.id, "name": line.name, "text": line.text, "at_ms": line.at_ms,
            "from": line.from })
}

/// Says something in a broadcast's room. The line is durable when this returns.
pub async fn say(
    live: &Live,
    broadcast: &Broadcast,
    by: &SignedIn,
    typed: &str,
    key: Option<String>,
) -> Result<Line> {
    let text = line(typed)?;
    let person = &by.person;
    limit::take(&live.lately, person.id.as_str(), Action::Chat, live.base.clock.now_ms())?;
    let sells_here = by.sells && host::is_host(live, person, broadcast).await?;
    let (name, from) = match sells_here {
        true => (shop::store::find(&live.base.db, &broadcast.store).await?.name, From::Seller),
        false => (person.name.clone(), From::Shopper),
    };
    if from == From::Shopper {
        moderation::allow(live, broadcast, &person.id, &text).await?;
        limit::slow(&live.lately, person.id.as_str(), broadcast.slow_s, live.base.clock.now_ms())?;
    }
    let saying = Saying {
        broadcast: broadcast.id.clone(),
        person: Some(person.id.clone()),
        name,
        text,
        from,
        at_ms: live.media_now_ms(&broadcast.id),
        key: key.map(|key| format!("{} {key}", person.id)),
    };
    Ok(live.chat.ask(saying).await??)
}

/// What was typed, as one line that fits.
pub(crate) fn line(typed: &str) -> Result<String> {
    // A flood is refused before it is copied letter by letter.
    if typed.len() > MAX_CHAT * 64 {
        return Err(Error::Field { field: "text", slug: "chat-long" });
    }
    let line = text::plain(typed);
    match line.chars().count() {
        0 => Err(Error::Field { field: "text", slug: "chat-empty" }),
        1..=MAX_CHAT => Ok(line),
        _ => Err(Error::Field { field: "text", slug: "chat-long" }),
    }
}

/// The last lines, the oldest first.
pub async fn recent(db: &Db, broadcast: &BroadcastId) -> Result<Vec<Line>> {
    let mut lines: Vec<Line> = sql!(all db,
        "select id, name, said as text, at_ms, said_by as \"from\" from chat_lines
         where broadcast_id = $1 and hidden_at_ms is null order by id desc limit $2", broadcast, RECENT)?;
    lines.reverse();
    Ok(lines)
}

/// Lines after one, the oldest first.
pub async fn after(db: &Db, broadcast: &BroadcastId, after: &str, limit: i64) -> Result<Vec<Line>> {
    Ok(sql!(all db,
        "select id, name, said as text, at_ms, said_by as \"from\" from chat_lines
         where broadcast_id = $1 and hidden_at_ms is null and id > $2 order by id limit $3",
        broadcast, after, limit)?)
}

/// How many lines were said, hidden ones left out.
pub async fn count(db: &Db, broadcast: &BroadcastId) -> Result<i64> {
    Ok(sql!(value db,
        "select count(*) from chat_lines where broadcast_id = $1 and hidden_at_ms is null", broadcast)?)
}

/// Takes a line out of the room, for the seller. Hidden twice it stays hidden.
pub async fn hide(live: &Live, broadcast: &Broadcast, line: &LineId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    let hidden = sql!(run &mut tx,
        "update chat_lines set hidden_at_ms = $3 where id = $1 and broadcast_id = $2 and hidden_at_ms is null",
        line, &broadcast.id, live.base.clock.now_ms())?;
    if hidden == 1 {
        events::put(&mut tx, &broadcast.topic(), &json!({ "type": "hidden", "id": line })).await?;
        question::hide(&mut tx, &broadcast.id, line.as_str(), true).await?;
    }
    tx.commit().await?;
    find(live, broadcast, line).await.map(drop)
}

/// Puts a hidden line back: this one, or the one that was hidden last. Nothing hidden: nothing happens.
pub async fn show(live: &Live, broadcast: &Broadcast, line: Option<&LineId>) -> Result<()> {
    let line = match line {
        Some(line) => line.clone(),
        None => {
            let last: Option<LineId> = sql!(
                maybe & live.base.db,
                "select id from chat_lines where broadcast_id = $1 and hidden_at_ms is not null
                 order by hidden_at_ms desc, id desc limit 1",
                &broadcast.id
            )?;
            let Some(last) = last else { return Ok(()) };
            last
        }
    };
    let found = find(live, broadcast, &line).await?;
    let mut tx = live.base.db.begin().await?;
    let shown = sql!(run &mut tx,
        "update chat_lines set hidden_at_ms = null
         where id = $1 and broadcast_id = $2 and hidden_at_ms is not null", &line, &broadcast.id)?;
    if shown == 1 {
        events::put(&mut tx, &broadcast.topic(), &frame(&found)).await?;
        question::hide(&mut tx, &broadcast.id, line.as_str(), false).await?;
    }
    Ok(tx.commit().await?)
}

/// Leaves what somebody who left has said, but not their name beside it.
pub async fn forget(live: &Live, person: &PersonId) -> Result<()> {
    let name = web::words::say(Lang::Ko, "live-somebody", Vec::new());
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "update chat_lines set person_id = null, name = $2, made_key = null where person_id = $1", person, name)?;
    Ok(tx.commit().await?)
}

async fn find(live: &Live, broadcast: &Broadcast, line: &LineId) -> Result<Line> {
    let found: Option<Line> = sql!(
        opt & live.base.db,
        "select id, name, said as text, at_ms, said_by as \"from\" from chat_lines
         where id = $1 and broadcast_id = $2",
        line,
        &broadcast.id
    )?;
    found.ok_or(Error::NoLine)
}

/// When customers said what stands, in order.
pub(crate) async fn moments(db: &Db, broadcast: &BroadcastId, limit: i64) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = sql!(all db,
        "select at_ms from chat_lines
         where broadcast_id = $1 and said_by = 'shopper' and hidden_at_ms is null order by id limit $2",
        broadcast, limit)?;
    Ok(rows.into_iter().map(|(at_ms,)| at_ms).collect())
}
