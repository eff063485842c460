//! Answers: votes, tickets and coupons, once for each person, counted exactly.
//!
//! A thousand thumbs come down within a second or two, so they are written by a group, as chat is. The interaction's
//! row is locked while a batch is counted and while it is closed, so that what is told at the end is what was counted.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use base::group::Batch;
use base::{Clock, Db, Group, Tx, events, sql};
use people::{Person, PersonId};
use serde::Serialize;
use serde_json::{Value, json};
use shop::coupon::{self, CouponId};

use super::{Interaction, InteractionId, Kind, draw, finish, lock};
use crate::broadcast::Broadcast;
use crate::limit::{self, Action};
use crate::{Error, Live, Result};

/// The writer of answers.
pub type Writer = Group<Answers>;

/// Starts the writer of this process.
pub fn writer(db: Db, clock: Clock) -> Writer {
    Group::start(db, Answers { clock })
}

/// How a batch of answers is written.
pub struct Answers {
    clock: Clock,
}

/// An answer on its way to the writer.
#[derive(Clone, Debug)]
pub struct Asked {
    pub interaction: InteractionId,
    pub person: PersonId,
    pub name: String,
    pub choice: usize,
    pub ticket: String,
    /// On the media clock.
    pub at_ms: i64,
}

/// What somebody's answer is, now and whenever they ask again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = InteractionAnswer)]
pub struct Given {
    #[schema(value_type = String)]
    pub interaction: InteractionId,
    pub choice: usize,
    /// Of a draw.
    pub ticket: String,
    /// Of a coupon that was taken: what to write into the order.
    pub code: Option<String>,
}

/// Why an answer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Closed,
    NoSuchChoice,
    /// Something else was answered before.
    AnsweredBefore,
    /// All coupons are taken.
    Gone,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        match refused {
            Refused::Closed => Error::InteractionClosed,
            Refused::NoSuchChoice => Error::Field { field: "choice", slug: "interaction-choice" },
            Refused::AnsweredBefore => Error::AnsweredBefore,
            Refused::Gone => Error::CouponsGone,
        }
    }
}

/// Answers for somebody. The same answer again gives the same; another one is refused.
pub async fn give(
    live: &Live,
    broadcast: &Broadcast,
    id: &InteractionId,
    person: &Person,
    choice: usize,
    ticket: &str,
) -> Result<Given> {
    limit::take(&live.lately, person.id.as_str(), Action::Answer, live.base.clock.now_ms())?;
    let found = super::of_broadcast(&live.base.db, &broadcast.id, id).await?;
    let asked = Asked {
        interaction: id.clone(),
        person: person.id.clone(),
        name: person.name.clone(),
        choice,
        ticket: ticket_of(live, &found, ticket),
        at_ms: live.media_now_ms(&broadcast.id),
    };
    let (choice, ticket) = match live.answers.ask(asked).await? {
        // A hand-out closes with its last coupon.
        Err(Refused::Closed) if found.kind == Kind::Coupon => return Err(Error::CouponsGone),
        told => told?,
    };
    Ok(Given { interaction: id.clone(), choice, ticket, code: code(&live.base.db, broadcast, &found).await? })
}

/// What the browser made, and a part of ours, so that no two are the same.
fn ticket_of(live: &Live, of: &Interaction, ticket: &str) -> String {
    let fits =
        draw::TICKET.contains(&ticket.len()) && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match of.kind {
        Kind::Draw if fits => format!("{}{}", ticket.to_ascii_lowercase(), live.base.random.token::<8>()),
        Kind::Draw => live.base.random.token::<16>(),
        _ => String::new(),
    }
}

/// What somebody answered, if they did.
pub async fn of(
    db: &Db,
    broadcast: &Broadcast,
    of: &Interaction,
    person: &PersonId,
) -> Result<Option<Given>> {
    let row: Option<(i64, String)> = sql!(opt db,
        "select choice, ticket from interaction_answers where interaction_id = $1 and person_id = $2",
        &of.id, person)?;
    let Some((choice, ticket)) = row else { return Ok(None) };
    let code = code(db, broadcast, of).await?;
    Ok(Some(Given { interaction: of.id.clone(), choice: choice.max(0) as usize, ticket, code }))
}

/// Leaves the answers of somebody who left, for the count and for the draws, under a name that is nobody's.
pub(crate) async fn forget(live: &Live, person: &PersonId) -> Result<()> {
    let nobody = PersonId::new(live.base.clock.now_ms());
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "update interaction_answers set person_id = $2, name = '' where person_id = $1", person, nobody)?;
    Ok(tx.commit().await?)
}

async fn code(db: &Db, broadcast: &Broadcast, of: &Interaction) -> Result<Option<String>> {
    match (&of.coupon, of.kind) {
        (Some(id), Kind::Coupon) => Ok(Some(coupon::of_store(db, &broadcast.store, id).await?.code)),
        _ => Ok(None),
    }
}

/// What stood there, or what is now written: the choice and the ticket.
type Told = Result<(usize, String), Refused>;

impl Batch for Answers {
    type Ask = Asked;
    type Answer = Told;
    // Ten counts a second are told at most, however many answer.
    const PACE: Duration = Duration::from_millis(100);

    async fn apply(&self, tx: &mut Tx, asks: &[Asked]) -> base::Result<Vec<Told>> {
        let now_ms = self.clock.now_ms();
        let ids: HashSet<&InteractionId> = asks.iter().map(|ask| &ask.interaction).collect();
        let mut ids: Vec<InteractionId> = ids.into_iter().cloned().collect();
        ids.sort();
        let open = lock(tx, &ids).await?.into_iter().map(|open| (open.id.clone(), open)).collect();
        let before = before(tx, asks).await?;
        let mut count = Counting { open, before, fresh: Vec::new(), claims: Vec::new(), now_ms };
        let told = asks.iter().map(|ask| count.take(ask)).collect();
        count.write(tx).await?;
        Ok(told)
    }
}

/// What each of these people answered before.
async fn before(tx: &mut Tx, asks: &[Asked]) -> base::Result<Answered> {
    let rows: Vec<Value> =
        asks.iter().map(|ask| json!({ "interaction": ask.interaction, "person": ask.person })).collect();
    let found: Vec<(InteractionId, PersonId, i64, String)> = sql!(all tx,
        "select a.interaction_id, a.person_id, a.choice, a.ticket
         from json_each($1) as j
         join interaction_answers as a
             on a.interaction_id = j.value ->> 'interaction' and a.person_id = j.value ->> 'person'",
        serde_json::to_string(&rows)?)?;
    Ok(found
        .into_iter()
        .map(|(interaction, person, choice, ticket)| {
            ((interaction, person), (choice.max(0) as usize, ticket))
        })
        .collect())
}

type Answered = HashMap<(InteractionId, PersonId), (usize, String)>;

/// A batch while it is counted.
struct Counting {
    open: HashMap<InteractionId, Interaction>,
    before: Answered,
    fresh: Vec<Value>,
    claims: Vec<(CouponId, PersonId)>,
    now_ms: i64,
}

impl Counting {
    fn take(&mut self, ask: &Asked) -> Told {
        let who = (ask.interaction.clone(), ask.person.clone());
        let choice = |kind: Option<Kind>| if kind.is_none_or(Kind::has_choices) { ask.choice } else { 0 };
        if let Some((before, ticket)) = self.before.get(&who) {
            let kind = self.open.get(&ask.interaction).map(|open| open.kind);
            let same = *before == choice(kind) || kind.is_none_or(|kind| !kind.has_choices());
            return if same { Ok((*before, ticket.clone())) } else { Err(Refused::AnsweredBefore) };
        }
        let open = self.open.get_mut(&ask.interaction).ok_or(Refused::Closed)?;
        if matches!(open.kind, Kind::Announcement | Kind::Offer)
            || open.closes_at_ms.is_some_and(|closes| closes <= self.now_ms)
        {
            return Err(Refused::Closed);
        }
        if open.kind == Kind::Coupon && open.people() >= open.quantity {
            return Err(Refused::Gone);
        }
        let choice = if open.kind.has_choices() { ask.choice } else { 0 };
        *open.counts.get_mut(choice).ok_or(Refused::NoSuchChoice)? += 1;
        if let (Kind::Coupon, Some(coupon)) = (open.kind, &open.coupon) {
            self.claims.push((coupon.clone(), ask.person.clone()));
        }
        self.fresh.push(json!({ "interaction": ask.interaction, "person": ask.person, "choice": choice,
            "ticket": ask.ticket, "name": ask.name, "at_ms": ask.at_ms }));
        self.before.insert(who, (choice, ask.ticket.clone()));
        Ok((choice, ask.ticket.clone()))
    }

    async fn write(self, tx: &mut Tx) -> base::Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        sql!(run &mut *tx,
            "insert into interaction_answers (interaction_id, person_id, choice, ticket, name, at_ms)
             select j.value ->> 'interaction', j.value ->> 'person', cast(j.value ->> 'choice' as bigint),
                    j.value ->> 'ticket', j.value ->> 'name', cast(j.value ->> 'at_ms' as bigint)
             from json_each($1) as j", serde_json::to_string(&self.fresh)?)?;
        coupon::claim::put(&mut *tx, &self.claims, self.now_ms).await?;
        let touched: HashSet<&str> =
            self.fresh.iter().filter_map(|row| row["interaction"].as_str()).collect();
        let at_ms = self.fresh.iter().filter_map(|row| row["at_ms"].as_i64()).max().unwrap_or(self.now_ms);
        let open = self.open.into_values().filter(|open| touched.contains(open.id.as_str()));
        for open in open {
            sql!(run &mut *tx, "update interactions set counts = $2 where id = $1",
                &open.id, serde_json::to_string(&open.counts)?)?;
            events::put(&mut *tx, &crate::room::topic(&open.broadcast), &open.tally()).await?;
            if open.kind == Kind::Coupon && open.people() >= open.quantity {
                finish(&mut *tx, open, at_ms, self.now_ms).await?;
            }
        }
        Ok(())
    }
}

/// For `fuzz/` alone: a room with one interaction of each kind, one whose time is over and one that is not there, and
/// answers of three bytes each: which, whose, what. Everybody counts once, and nothing counts that was not taken.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    const KINDS: [Kind; 7] =
        [Kind::Poll, Kind::Quiz, Kind::Draw, Kind::Coupon, Kind::Announcement, Kind::Offer, Kind::Poll];
    const NOW_MS: i64 = 1_000;
    fn id<T>(number: u8) -> base::Id<T> {
        let text = format!("01900000-0000-7000-8000-0000000000{number:02x}");
        text.parse().unwrap_or_else(|_| unreachable!("{text} is an id"))
    }
    let interaction = |(place, kind): (usize, Kind)| Interaction {
        id: id(place as u8),
        broadcast: id(0),
        kind,
        said: String::new(),
        choices: Vec::new(),
        counts: vec![0; if kind.has_choices() { 3 } else { 1 }],
        answer: None,
        coupon: (kind == Kind::Coupon).then(|| id(0)),
        quantity: 5,
        offer: None,
        opened_at_ms: 0,
        closed_at_ms: None,
        closes_at_ms: (place == KINDS.len() - 1).then_some(NOW_MS),
        commitment: String::new(),
        winners: Vec::new(),
        seed: String::new(),
    };
    let open = KINDS.into_iter().enumerate().map(interaction).map(|open| (open.id.clone(), open)).collect();
    let mut count =
        Counting { open, before: HashMap::new(), fresh: Vec::new(), claims: Vec::new(), now_ms: NOW_MS };
    let mut taken = HashMap::new();
    for ask in bytes.chunks_exact(3) {
        let which = usize::from(ask[0]) % (KINDS.len() + 1);
        let asked = Asked {
            interaction: id(which as u8),
            person: id(ask[1]),
            name: String::new(),
            choice: usize::from(ask[2]),
            ticket: format!("{:02x}", ask[2]),
            at_ms: 0,
        };
        if let Ok(told) = count.take(&asked) {
            assert_eq!(
                *taken.entry((which, ask[1])).or_insert_with(|| told.clone()),
                told,
                "a second answer"
            );
        }
    }
    assert_eq!(count.fresh.len(), taken.len());
    for (place, kind) in KINDS.into_iter().enumerate() {
        let people = count.open[&id(place as u8)].people();
        assert_eq!(
            people,
            taken.keys().filter(|(which, _)| *which == place).count() as i64,
            "{kind:?} {place}"
        );
        assert!(kind != Kind::Coupon || (people <= 5 && people == count.claims.len() as i64));
        assert!(people == 0 || (place < 4), "{kind:?} {place} takes no answers");
    }
}
