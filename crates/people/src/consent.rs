//! Consents: what a person agreed to, in which words, when and where. A ledger: rows are added, never
//! changed, so that what held on any day can be shown.

pub(crate) mod api;
pub(crate) mod pages;

use base::{Db, Tx, sql};
use sqlx::FromRow;

use crate::{Error, People, PersonId, Result};

/// What can be agreed to. Each is asked for by itself; only the first three are needed to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// That they are fourteen or older. The birth date is looked at once and not kept; this is.
    Age,
    Terms,
    Privacy,
    Marketing,
    /// Advertisements between nine in the evening and eight in the morning (정보통신망법 §50).
    NightMarketing,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Age => "age",
            Kind::Terms => "terms",
            Kind::Privacy => "privacy",
            Kind::Marketing => "marketing",
            Kind::NightMarketing => "night-marketing",
        }
    }

    /// The version of the text that is agreed to. A test holds each text to its version.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Kind::Age => "2026-11-22",
            Kind::Terms => "2026-11-22",
            Kind::Privacy => "2026-11-22",
            Kind::Marketing => "2026-11-22",
            Kind::NightMarketing => "2026-11-22",
        }
    }
}

/// Where it was agreed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Channel {
    Page,
    Api,
}

impl Channel {
    fn as_str(self) -> &'static str {
        match self {
            Channel::Page => "page",
            Channel::Api => "api",
        }
    }
}

/// What holds now for one kind.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Consent {
    pub(crate) kind: String,
    pub(crate) given: bool,
    pub(crate) text_version: String,
    pub(crate) at_ms: i64,
}

/// Writes down a consent or its withdrawal. What holds already is not written again.
pub(crate) async fn record(
    tx: &mut Tx,
    person: &PersonId,
    kind: Kind,
    given: bool,
    channel: Channel,
    now_ms: i64,
) -> base::Result<()> {
    sql!(run tx,
        "insert into consents (person_id, kind, turn, given, text_version, channel, at_ms)
         select $1, $2, coalesce(max(c.turn), 0) + 1, $3, $4, $5, $6
         from consents c where c.person_id = $1 and c.kind = $2
         having coalesce((select d.given from consents d where d.person_id = $1 and d.kind = $2
                          order by d.turn desc limit 1), false) <> $3
         on conflict do nothing",
        person, kind.as_str(), given, kind.version(), channel.as_str(), now_ms)?;
    Ok(())
}

/// What holds now, kind by kind.
pub(crate) async fn current(db: &Db, person: &PersonId) -> base::Result<Vec<Consent>> {
    sql!(all db,
        "select c.kind, c.given, c.text_version, c.at_ms from consents c
         where c.person_id = $1
           and c.turn = (select max(d.turn) from consents d where d.person_id = c.person_id and d.kind = c.kind)
         order by c.kind", person)
}

/// What somebody agreed to or withdrew, as it stands.
#[derive(Clone, Debug, FromRow)]
pub struct Agreed {
    pub person_id: PersonId,
    /// `marketing`, `night-marketing`.
    pub kind: String,
    pub given: bool,
    pub text_version: String,
    pub channel: String,
    pub at_ms: i64,
}

/// What several people agreed to be sent, as it stands. `people`: `[{"id": …}]`.
pub async fn wished_by(db: &Db, people: &str) -> base::Result<Vec<Agreed>> {
    sql!(all db,
        "select c.person_id, c.kind, c.given, c.text_version, c.channel, c.at_ms from consents c
         where c.person_id in (select j.value ->> 'id' from json_each($1) as j)
           and c.kind in ('marketing', 'night-marketing')
           and c.turn = (select max(d.turn) from consents d where d.person_id = c.person_id and d.kind = c.kind)
         order by c.person_id, c.kind", people)
}

/// What a person wants to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) marketing: bool,
    pub(crate) night_marketing: bool,
}

impl Wishes {
    /// Night is part of marketing: alone it would mean nothing.
    pub(crate) fn check(self) -> Result<Wishes> {
        if self.night_marketing && !self.marketing { Err(Error::NightAlone) } else { Ok(self) }
    }

    /// The wishes among what holds.
    pub(crate) fn of(consents: &[Consent]) -> Wishes {
        let given =
            |kind: Kind| consents.iter().any(|consent| consent.kind == kind.as_str() && consent.given);
        Wishes { marketing: given(Kind::Marketing), night_marketing: given(Kind::NightMarketing) }
    }

    pub(crate) async fn record(
        self,
        tx: &mut Tx,
        person: &PersonId,
        channel: Channel,
        now_ms: i64,
    ) -> base::Result<()> {
        record(tx, person, Kind::Marketing, self.marketing, channel, now_ms).await?;
        record(tx, person, Kind::NightMarketing, self.night_marketing, channel, now_ms).await
    }
}

/// Changes what a person wants to be sent: withdrawing takes exactly as much as giving.
pub(crate) async fn wish(people: &People, person: &PersonId, wishes: Wishes, channel: Channel) -> Result<()> {
    let wishes = wishes.check()?;
    let mut tx = people.base.db.begin().await?;
    wishes.record(&mut tx, person, channel, people.base.clock.now_ms()).await?;
    Ok(tx.commit().await?)
}
