//! Interactions: what a seller does with the whole room. Announcements, polls, quizzes, draws, coupons that are handed
//! out, and first-come offers.
//!
//! One announcement and one card stand at a time. Both are stamped with the media clock where they open and close, so
//! that they come with their frame, live and in the replay. Everybody answers once ([`answer`]); what was counted
//! when an interaction closes is written down with it and told to all in one frame.

use base::{Db, Id, Tx, Won, events, jobs, sql};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shop::coupon::{self, CouponId};
use shop::{VariantId, deal};

use crate::broadcast::{Broadcast, BroadcastId};
use crate::host::Host;
use crate::limit::{self, Action};
use crate::{Error, Live, Result, key, text};

pub mod answer;
pub mod api;
pub mod draw;
pub mod offer;
pub mod pages;

/// Names interactions.
pub enum InteractionMark {}
/// An interaction's id.
pub type InteractionId = Id<InteractionMark>;

/// The longest announcement, question or prize, in letters.
pub const MAX_SAID: usize = 80;
/// The longest choice.
pub const MAX_CHOICE: usize = 20;
/// Choices of a poll or a quiz.
pub const CHOICES: std::ops::RangeInclusive<usize> = 2..=4;
/// Winners of one draw.
pub const MAX_WINNERS: i64 = 100;
/// Seconds until one closes by itself.
const SECONDS: std::ops::RangeInclusive<i64> = 10..=3_600;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schema(as = InteractionKind)]
pub enum Kind {
    /// A sentence over the picture.
    Announcement,
    /// A question without a right answer.
    Poll,
    /// A question with one.
    Quiz,
    /// Winners by lot, of whoever takes part; see [`draw`].
    Draw,
    /// A shop's coupon, for the first who take it.
    Coupon,
    /// A price for the first pieces of a product; see [`offer`].
    Offer,
}

impl Kind {
    /// The word in forms, frames and the database.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Announcement => "announcement",
            Kind::Poll => "poll",
            Kind::Quiz => "quiz",
            Kind::Draw => "draw",
            Kind::Coupon => "coupon",
            Kind::Offer => "offer",
        }
    }

    fn place(self) -> &'static str {
        if self == Kind::Announcement { "banner" } else { "card" }
    }

    fn has_choices(self) -> bool {
        matches!(self, Kind::Poll | Kind::Quiz)
    }
}

/// An interaction as it is kept.
#[derive(Clone, Debug)]
pub struct Interaction {
    pub id: InteractionId,
    pub broadcast: BroadcastId,
    pub kind: Kind,
    pub said: String,
    pub choices: Vec<String>,
    /// How often each choice was chosen; what has no choices has one count.
    pub counts: Vec<i64>,
    /// The right choice of a quiz. Told when it is closed.
    pub answer: Option<usize>,
    pub coupon: Option<CouponId>,
    /// Winners, coupons, or pieces of an offer; 0: no limit.
    pub quantity: i64,
    pub offer: Option<offer::Offered>,
    pub opened_at_ms: i64,
    pub closed_at_ms: Option<i64>,
    pub closes_at_ms: Option<i64>,
    /// Of a draw: SHA-256 of the seed.
    pub commitment: String,
    /// Of a draw that is closed.
    pub winners: Vec<draw::Winner>,
    seed: String,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: InteractionId,
    broadcast_id: BroadcastId,
    kind: Kind,
    said: String,
    choices: String,
    counts: String,
    answer: Option<i64>,
    coupon_id: Option<CouponId>,
    quantity: i64,
    opened_at_ms: i64,
    closed_at_ms: Option<i64>,
    closes_at_ms: Option<i64>,
    commitment: String,
    seed: String,
    winners: String,
    offer: String,
}

impl TryFrom<Row> for Interaction {
    type Error = base::Error;
    fn try_from(row: Row) -> base::Result<Interaction> {
        Ok(Interaction {
            id: row.id,
            broadcast: row.broadcast_id,
            kind: row.kind,
            said: row.said,
            choices: serde_json::from_str(&row.choices)?,
            counts: serde_json::from_str(&row.counts)?,
            answer: row.answer.and_then(|place| place.try_into().ok()),
            coupon: row.coupon_id,
            quantity: row.quantity,
            offer: match row.offer.as_str() {
                "" => None,
                offer => Some(serde_json::from_str(offer)?),
            },
            opened_at_ms: row.opened_at_ms,
            closed_at_ms: row.closed_at_ms,
            closes_at_ms: row.closes_at_ms,
            commitment: row.commitment,
            seed: row.seed,
            winners: serde_json::from_str(&row.winners)?,
        })
    }
}

impl Interaction {
    /// Everybody who answered.
    pub fn people(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// What opens it on the screens.
    pub fn frame(&self) -> Value {
        json!({
            "type": "interaction", "id": self.id, "kind": self.kind, "at_ms": self.opened_at_ms, "said": self.said,
            "choices": self.choices, "counts": self.counts, "people": self.people(), "quantity": self.quantity,
            "closes_at_ms": self.closes_at_ms, "commitment": self.commitment, "offer": self.offer,
        })
    }

    /// The same as it was before anybody answered.
    pub(crate) fn first_frame(&self) -> Value {
        Interaction { counts: vec![0; self.counts.len()], ..self.clone() }.frame()
    }

    /// What is counted so far.
    pub(crate) fn tally(&self) -> Value {
        json!({ "type": "tally", "id": self.id, "counts": self.counts, "people": self.people() })
    }

    /// What closes it: the last count, the right answer, the winners, and what the draw was made of.
    pub fn closing(&self) -> Value {
        json!({
            "type": "interaction-closed", "id": self.id, "kind": self.kind, "at_ms": self.closed_at_ms,
            "said": self.said, "choices": self.choices, "counts": self.counts, "people": self.people(),
            "quantity": self.quantity, "answer": self.answer, "winners": self.winners,
            "commitment": self.commitment, "seed": self.seed, "offer": self.offer,
        })
    }
}

/// What a seller opens.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct NewInteraction {
    pub kind: Kind,
    /// The announcement, the question or the prize: 1 to 80 letters. A coupon says what it gives when it is empty.
    #[serde(default)]
    pub said: String,
    /// 2 to 4 choices of 1 to 20 letters, of a poll and a quiz.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The place of the right choice, from 0, of a quiz.
    pub answer: Option<usize>,
    /// The winners of a draw, 1 to 100.
    #[serde(default)]
    pub winners: i64,
    /// The coupon that is handed out, or that the winners of a draw get: one of the store's that are handed out in
    /// shows.
    #[schema(value_type = Option<String>)]
    pub coupon: Option<CouponId>,
    /// Of an offer: what is offered, one of the store's variants.
    #[schema(value_type = Option<String>)]
    pub variant: Option<VariantId>,
    /// Of an offer: its price, lower than the usual one.
    #[serde(default)]
    pub price_won: Won,
    /// Of an offer: its pieces, 1 to 9,999, not more than there are.
    #[serde(default)]
    pub quantity: i64,
    /// Of an offer: pieces for one buyer; 0: no limit.
    #[serde(default)]
    pub per_buyer: i64,
    /// Seconds until it closes by itself, 10 to 3,600; absent: until it is closed.
    pub seconds: Option<i64>,
}

/// Opens an interaction. An announcement takes the place of the one before; a card waits until the other is closed.
pub async fn open(live: &Live, host: &Host, new: NewInteraction, key: &str) -> Result<Interaction> {
    limit::take(&live.lately, host.person.id.as_str(), Action::Pin, live.base.clock.now_ms())?;
    let made_key = format!("{} {key}", host.person.id);
    let made_of = key::fingerprint(&serde_json::to_vec(&new).map_err(base::Error::from)?);
    if let Some(before) = made_before(&live.base.db, &made_key, &made_of).await? {
        return Ok(before);
    }
    // Coupons and prices are the till's, and there is one of each: they are not for practising.
    if host.broadcast.rehearses.is_some() && (new.kind == Kind::Offer || new.coupon.is_some()) {
        return Err(Error::OnlyRehearsed);
    }
    let deal = offer::wanted(live, &host.broadcast, &new)?;
    let mut made = checked(live, &host.broadcast, new).await?;
    let deal = match deal {
        Some(deal) => Some(offer::check(live, deal, &mut made).await?),
        None => None,
    };
    let (broadcast, now_ms) = (&host.broadcast.id, live.base.clock.now_ms());
    let mut tx = live.base.db.begin().await?;
    // The row is locked by this: of two that open at once one comes after the other.
    let on_air = sql!(run &mut tx,
        "update broadcasts set pinned_at_ms = pinned_at_ms where id = $1 and stage in ('live', 'waiting')", broadcast)?;
    if on_air == 0 {
        return Err(if matches!(host.broadcast.stage, crate::Stage::Ended { .. }) {
            Error::Over
        } else {
            Error::NotOnAir
        });
    }
    made.opened_at_ms = live.media_now_ms(broadcast);
    if made.kind == Kind::Announcement {
        for before in open_in(&mut tx, broadcast, "banner").await? {
            finish(&mut tx, before, made.opened_at_ms, now_ms).await?;
        }
    }
    insert(&mut tx, &made, &made_key, &made_of).await?;
    if let Some(deal) = deal {
        offer::open(&mut tx, &deal, &made).await?;
    }
    events::put(&mut tx, &host.broadcast.topic(), &made.frame()).await?;
    if let Some(closes_at_ms) = made.closes_at_ms {
        let close = crate::jobs::CloseInteraction { interaction: made.id.clone() };
        jobs::put_at(&mut tx, crate::jobs::CLOSE_INTERACTION, &close, closes_at_ms).await?;
    }
    tx.commit().await?;
    Ok(made)
}

async fn insert(tx: &mut Tx, made: &Interaction, made_key: &str, made_of: &str) -> Result<()> {
    let inserted = sql!(run tx,
        "insert into interactions (id, broadcast_id, kind, place, said, choices, counts, answer, coupon_id, quantity,
             opened_at_ms, closes_at_ms, commitment, seed, winners, made_key, made_of, offer)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '[]', $15, $16, $17)",
        &made.id, &made.broadcast, made.kind, made.kind.place(), &made.said, to_json(&made.choices)?,
        to_json(&made.counts)?, made.answer.map(|place| place as i64), &made.coupon, made.quantity,
        made.opened_at_ms, made.closes_at_ms, &made.commitment, &made.seed, made_key, made_of,
        made.offer.as_ref().map(to_json).transpose()?.unwrap_or_default());
    match inserted {
        // The other of two equal requests, or another card.
        Err(error) if error.is_unique() => Err(Error::OneAtATime),
        inserted => {
            inserted?;
            Ok(())
        }
    }
}

async fn checked(live: &Live, broadcast: &Broadcast, new: NewInteraction) -> Result<Interaction> {
    let (kind, now_ms) = (new.kind, live.base.clock.now_ms());
    let coupon = match &new.coupon {
        Some(id) if matches!(kind, Kind::Coupon | Kind::Draw) => Some(handed_out(live, broadcast, id).await?),
        _ if kind == Kind::Coupon => return Err(wrong("coupon", "interaction-coupon")),
        _ => None,
    };
    let mut said = line(&new.said, MAX_SAID, "said")?;
    if let (true, Kind::Coupon, Some(coupon)) = (said.is_empty(), kind, &coupon) {
        said = coupon.name.clone();
    }
    // What is offered has its own name.
    if said.is_empty() && kind != Kind::Offer {
        return Err(wrong("said", "interaction-said"));
    }
    let choices = if kind.has_choices() { choices(&new.choices)? } else { Vec::new() };
    // Empty and equal choices are gone by now: the right one is found by its words.
    let right = new.answer.filter(|_| kind == Kind::Quiz).and_then(|place| new.choices.get(place));
    let answer = right.and_then(|right| choices.iter().position(|choice| *choice == text::plain(right)));
    if kind == Kind::Quiz && answer.is_none() {
        return Err(wrong("answer", "interaction-answer"));
    }
    let quantity = match (kind, &coupon) {
        (Kind::Draw, _) if (1..=MAX_WINNERS).contains(&new.winners) => new.winners,
        (Kind::Draw, _) => return Err(wrong("winners", "interaction-winners")),
        (Kind::Coupon, Some(coupon)) => coupon.quantity,
        _ => 0,
    };
    if new.seconds.is_some_and(|seconds| !SECONDS.contains(&seconds)) {
        return Err(wrong("seconds", "interaction-seconds"));
    }
    let seed = if kind == Kind::Draw { live.base.random.token::<32>() } else { String::new() };
    Ok(Interaction {
        id: InteractionId::new(now_ms),
        broadcast: broadcast.id.clone(),
        kind,
        said,
        counts: vec![0; choices.len().max(1)],
        choices,
        answer,
        coupon: coupon.map(|coupon| coupon.id),
        quantity,
        offer: None,
        opened_at_ms: now_ms,
        closed_at_ms: None,
        closes_at_ms: new.seconds.map(|seconds| now_ms + seconds * 1000),
        commitment: if seed.is_empty() { String::new() } else { key::fingerprint(seed.as_bytes()) },
        winners: Vec::new(),
        seed,
    })
}

/// A coupon of the store that may be handed out, and was not yet.
async fn handed_out(live: &Live, broadcast: &Broadcast, id: &CouponId) -> Result<coupon::Coupon> {
    let found = coupon::of_store(&live.base.db, &broadcast.store, id).await;
    let coupon = found.map_err(|_| wrong("coupon", "interaction-coupon"))?;
    let before: i64 =
        sql!(value & live.base.db, "select count(*) from interactions where coupon_id = $1", id)?;
    let now_ms = live.base.clock.now_ms();
    let fits =
        coupon.by_claim && before == 0 && coupon.standing(now_ms) == shop::promotion::Standing::Running;
    if fits { Ok(coupon) } else { Err(wrong("coupon", "interaction-coupon")) }
}

fn choices(typed: &[String]) -> Result<Vec<String>> {
    let mut choices = Vec::new();
    for choice in typed {
        let choice = line(choice, MAX_CHOICE, "choice")?;
        if !choice.is_empty() && !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    if CHOICES.contains(&choices.len()) { Ok(choices) } else { Err(wrong("choice", "interaction-choices")) }
}

fn line(typed: &str, most: usize, field: &'static str) -> Result<String> {
    if typed.len() > most * 64 {
        return Err(wrong(field, "interaction-long"));
    }
    let line = text::plain(typed);
    if line.chars().count() > most { Err(wrong(field, "interaction-long")) } else { Ok(line) }
}

fn wrong(field: &'static str, slug: &'static str) -> Error {
    Error::Field { field, slug }
}

/// Closes an interaction. Closed twice it stays as it was.
pub async fn close(live: &Live, broadcast: &BroadcastId, id: &InteractionId) -> Result<Interaction> {
    let found = of_broadcast(&live.base.db, broadcast, id).await?;
    if found.closed_at_ms.is_some() {
        return Ok(found);
    }
    let at_ms = live.media_now_ms(broadcast).max(found.opened_at_ms);
    let mut tx = live.base.db.begin().await?;
    for open in lock(&mut tx, std::slice::from_ref(id)).await? {
        finish(&mut tx, open, at_ms, live.base.clock.now_ms()).await?;
    }
    tx.commit().await?;
    of_broadcast(&live.base.db, broadcast, id).await
}

/// Closes one whose time is over, wherever it is; one that is gone needs no closing.
pub(crate) async fn close_late(live: &Live, id: &InteractionId) -> Result<()> {
    let broadcast: Option<BroadcastId> =
        sql!(maybe & live.base.db, "select broadcast_id from interactions where id = $1", id)?;
    match broadcast {
        Some(broadcast) => close(live, &broadcast, id).await.map(drop),
        None => Ok(()),
    }
}

/// Closes whatever stands open in a broadcast that ends, in the transaction of its end.
pub(crate) async fn close_all(tx: &mut Tx, broadcast: &BroadcastId, now_ms: i64) -> base::Result<()> {
    for place in ["banner", "card"] {
        for open in open_in(tx, broadcast, place).await? {
            let at_ms = now_ms.max(open.opened_at_ms);
            finish(tx, open, at_ms, now_ms).await?;
        }
    }
    Ok(())
}

/// Writes the end of a locked interaction, and tells it.
pub(crate) async fn finish(tx: &mut Tx, mut open: Interaction, at_ms: i64, now_ms: i64) -> base::Result<()> {
    if open.kind == Kind::Draw {
        let tickets = draw::tickets(&mut *tx, &open.id).await?;
        let won = draw::winners(&open.seed, &tickets, open.quantity as usize);
        if let Some(coupon) = &open.coupon {
            let claims: Vec<_> =
                won.iter().map(|ticket| (coupon.clone(), ticket.person_id.clone())).collect();
            coupon::claim::put(&mut *tx, &claims, now_ms).await?;
        }
        open.winners = won.iter().map(|ticket| ticket.winner()).collect();
    }
    if open.kind == Kind::Offer {
        open.counts = vec![deal::close(&mut *tx, &open.id.cast(), now_ms).await?];
    }
    open.closed_at_ms = Some(at_ms);
    sql!(run &mut *tx, "update interactions set closed_at_ms = $2, winners = $3, counts = $4 where id = $1",
        &open.id, at_ms, serde_json::to_string(&open.winners)?, serde_json::to_string(&open.counts)?)?;
    events::put(tx, &crate::room::topic(&open.broadcast), &open.closing()).await
}

/// Those of `ids` that are open, locked until the commit.
pub(crate) async fn lock(tx: &mut Tx, ids: &[InteractionId]) -> base::Result<Vec<Interaction>> {
    let ids: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
    let rows: Vec<Row> = sql!(all tx,
        "update interactions set counts = counts
         where id in (select j.value ->> 'id' from json_each($1) as j) and closed_at_ms is null
         returning id, broadcast_id, kind, said, choices, counts, answer, coupon_id, quantity, opened_at_ms,
             closed_at_ms, closes_at_ms, commitment, seed, winners, offer", serde_json::to_string(&ids)?)?;
    rows.into_iter().map(Interaction::try_from).collect()
}

async fn open_in(tx: &mut Tx, broadcast: &BroadcastId, place: &str) -> base::Result<Vec<Interaction>> {
    let ids: Vec<InteractionId> = sql!(values &mut *tx,
        "select id from interactions where broadcast_id = $1 and place = $2 and closed_at_ms is null",
        broadcast, place)?;
    lock(tx, &ids).await
}

/// The interaction of this broadcast, or [`Error::NoInteraction`].
pub async fn of_broadcast(db: &Db, broadcast: &BroadcastId, id: &InteractionId) -> Result<Interaction> {
    let row: Option<Row> = sql!(opt db,
        "select * from interactions where id = $1 and broadcast_id = $2", id, broadcast)?;
    Ok(row.ok_or(Error::NoInteraction)?.try_into()?)
}

/// What stands open in a room, the announcement first.
pub async fn standing(db: &Db, broadcast: &BroadcastId) -> Result<Vec<Interaction>> {
    let rows: Vec<Row> = sql!(all db,
        "select * from interactions where broadcast_id = $1 and closed_at_ms is null order by place", broadcast)?;
    let mut standing: Vec<Interaction> =
        rows.into_iter().map(Interaction::try_from).collect::<base::Result<_>>()?;
    // While it is open, the till counts.
    for one in standing.iter_mut().filter(|one| one.kind == Kind::Offer) {
        one.counts = vec![deal::taken(db, &one.id.cast()).await?];
    }
    Ok(standing)
}

/// Everything of a show, in order.
pub async fn all(db: &Db, broadcast: &BroadcastId, limit: i64) -> Result<Vec<Interaction>> {
    let rows: Vec<Row> = sql!(all db,
        "select * from interactions where broadcast_id = $1 order by opened_at_ms, id limit $2", broadcast, limit)?;
    Ok(rows.into_iter().map(Interaction::try_from).collect::<base::Result<_>>()?)
}

async fn made_before(db: &Db, made_key: &str, made_of: &str) -> Result<Option<Interaction>> {
    let before: Option<String> =
        sql!(maybe db, "select made_of from interactions where made_key = $1", made_key)?;
    match before {
        None => Ok(None),
        Some(of) if of != made_of => Err(Error::AnotherBody),
        Some(_) => {
            let row: Row = sql!(one db, "select * from interactions where made_key = $1", made_key)?;
            Ok(Some(row.try_into()?))
        }
    }
}

fn to_json(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(value).map_err(base::Error::from)?)
}
