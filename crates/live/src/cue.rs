//! The cue sheet: what a seller means to show and say, in order, with its minutes. It is laid out from the products'
//! own facts and stories, and from then on it is the seller's.

use base::{Db, Id, Won, sql};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shop::product::{self, ProductId};
use shop::store;
use web::{Lang, words};

use crate::broadcast::{self, Broadcast, BroadcastId};
use crate::{Error, Live, Result, text};

pub mod pages;

/// Names cues.
pub enum CueMark {}
/// A cue's id.
pub type CueId = Id<CueMark>;

/// Cues of one show; more nobody gets through.
pub const MAX_CUES: usize = 60;
/// The longest text of one, in letters: two minutes of speech.
pub const MAX_SAID: usize = 600;
/// The longest cue.
const MAX_SECONDS: i64 = 3_600;
/// Lengths of a show that can be laid out, in minutes.
pub const LENGTHS: [i64; 4] = [10, 20, 30, 60];
/// Letters of a story that are said; the rest is told freely.
const STORY: usize = 200;
/// No product gets less than this.
const SHORTEST_S: i64 = 45;

/// What a cue is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schema(as = CueKind)]
pub enum Kind {
    Opening,
    Product,
    Offer,
    Questions,
    Closing,
}

/// How a product is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A sentence that makes people stay.
    Hook,
    /// Hands and facts.
    Demonstration,
    /// Where it comes from.
    Story,
    /// The price.
    Offer,
}

impl Told {
    pub const ALL: [Told; 4] = [Told::Hook, Told::Demonstration, Told::Story, Told::Offer];

    pub fn word(self) -> &'static str {
        match self {
            Told::Hook => "hook",
            Told::Demonstration => "demonstration",
            Told::Story => "story",
            Told::Offer => "offer",
        }
    }

    pub fn of(word: &str) -> Option<Told> {
        Told::ALL.into_iter().find(|told| told.word() == word)
    }
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Opening => "opening",
            Kind::Product => "product",
            Kind::Offer => "offer",
            Kind::Questions => "questions",
            Kind::Closing => "closing",
        }
    }
}

/// A cue as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Cue {
    pub id: CueId,
    pub kind: Kind,
    pub product_id: Option<ProductId>,
    pub told: String,
    pub said: String,
    pub said_before: String,
    pub seconds: i64,
}

/// What a product gives to talk about.
#[derive(Clone, Debug)]
pub struct Goods {
    pub id: ProductId,
    pub name: String,
    pub unit: String,
    pub origin: String,
    pub won: Won,
    /// The price in shows, when it is lower.
    pub live_won: Option<Won>,
    pub story: String,
    /// A name and a value of its facts.
    pub fact: Option<(String, String)>,
}

impl Goods {
    /// The way that has most to say.
    pub fn best(&self) -> Told {
        match self {
            Goods { live_won: Some(_), .. } => Told::Offer,
            Goods { story, .. } if !story.is_empty() => Told::Story,
            Goods { fact: Some(_), .. } => Told::Demonstration,
            _ => Told::Hook,
        }
    }

    /// What is said of it.
    pub fn said(&self, told: Told, lang: Lang) -> String {
        let mut args = vec![
            ("name", self.name.as_str().into()),
            ("unit", self.unit.as_str().into()),
            ("origin", self.origin.as_str().into()),
            ("price", won(lang, self.won).into()),
        ];
        let key = match (told, self.live_won, &self.fact) {
            (Told::Offer, Some(live_won), _) => {
                args.push(("live", won(lang, live_won).into()));
                "live-cue-offer"
            }
            (Told::Offer, None, _) => "live-cue-price",
            (Told::Story, ..) if !self.story.is_empty() => {
                args.push(("story", self.story.as_str().into()));
                "live-cue-story"
            }
            (Told::Demonstration, _, Some((name, value))) => {
                args.push(("fact", name.as_str().into()));
                args.push(("value", value.as_str().into()));
                "live-cue-demonstration"
            }
            (Told::Demonstration, ..) => "live-cue-look",
            (Told::Story | Told::Hook, ..) => "live-cue-hook",
        };
        words::say(lang, key, args)
    }
}

/// A price as it is said.
fn won(lang: Lang, won: Won) -> String {
    match lang {
        Lang::Ko => format!("{won}원"),
        Lang::En => format!("₩{won}"),
    }
}

/// A cue that is not kept yet.
#[derive(Clone, Debug)]
pub struct NewCue {
    pub kind: Kind,
    pub product: Option<ProductId>,
    pub told: Option<Told>,
    pub said: String,
    pub seconds: i64,
}

/// Shares the minutes out: a greeting, each product, the offer, the questions, a goodbye.
pub fn plan(goods: &[Goods], store: &str, minutes: i64, lang: Lang) -> Vec<NewCue> {
    let total_s = minutes * 60;
    let edge_s = if minutes <= 10 { 30 } else { 60 };
    let offered = goods.iter().find(|goods| goods.live_won.is_some());
    let part_s = (total_s / 10).max(60);
    let left_s = total_s - 2 * edge_s - part_s - if offered.is_some() { part_s } else { 0 };
    let each_s = (left_s / goods.len().max(1) as i64).max(SHORTEST_S);
    let names: Vec<&str> = goods.iter().take(3).map(|goods| goods.name.as_str()).collect();
    let say = |key: &str, args| words::say(lang, key, args);
    let plain = |kind, said, seconds| NewCue { kind, product: None, told: None, said, seconds };
    let opening = match names.as_slice() {
        [] => say("live-cue-opening-bare", vec![("store", store.into())]),
        names => say("live-cue-opening", vec![("store", store.into()), ("names", names.join(", ").into())]),
    };
    let mut cues = vec![plain(Kind::Opening, opening, edge_s)];
    for one in goods {
        // What is on offer comes as an offer of its own; before it, it is told another way.
        let told = match one.best() {
            Told::Offer => Goods { live_won: None, ..one.clone() }.best(),
            best => best,
        };
        cues.push(NewCue {
            kind: Kind::Product,
            product: Some(one.id.clone()),
            told: Some(told),
            said: one.said(told, lang),
            seconds: each_s,
        });
    }
    if let Some(one) = offered {
        cues.push(NewCue {
            kind: Kind::Offer,
            product: Some(one.id.clone()),
            told: Some(Told::Offer),
            said: one.said(Told::Offer, lang),
            seconds: part_s,
        });
    }
    cues.push(plain(Kind::Questions, say("live-cue-questions", vec![]), part_s));
    cues.push(plain(Kind::Closing, say("live-cue-closing", vec![("store", store.into())]), edge_s));
    cues
}

/// The cues of a show, in order.
pub async fn all(db: &Db, broadcast: &BroadcastId) -> Result<Vec<Cue>> {
    Ok(sql!(all db,
        "select id, kind, product_id, told, said, said_before, seconds from cues
         where broadcast_id = $1 order by place, id", broadcast)?)
}

/// What the show's products give to talk about.
pub async fn goods(db: &Db, broadcast: &BroadcastId, lang: Lang) -> Result<Vec<Goods>> {
    let mut goods = Vec::new();
    for card in broadcast::products(db, broadcast).await? {
        let (product, variants) =
            tokio::try_join!(product::find(db, &card.id), product::variants(db, &card.id))?;
        let story = product.stories.first().map(|story| first_letters(story.body.read(lang)));
        let fact = product.facts.first();
        let live_won = variants.iter().filter_map(|variant| variant.live_price_won).min();
        goods.push(Goods {
            name: product.name_in(lang).to_owned(),
            unit: product.unit_in(lang).to_owned(),
            origin: card.origin_in(lang).to_owned(),
            won: card.price_from_won,
            live_won: live_won.filter(|won| *won < card.price_from_won),
            story: story.unwrap_or_default(),
            fact: fact.map(|fact| (fact.name.read(lang).to_owned(), fact.value.read(lang).to_owned())),
            id: card.id,
        });
    }
    Ok(goods)
}

/// The first sentences of a story, cut between words.
fn first_letters(story: &str) -> String {
    let story = text::plain(story);
    if story.chars().count() <= STORY {
        return story;
    }
    let cut: String = story.chars().take(STORY).collect();
    let end = cut.rfind(['.', '!', '?', '。']).map(|end| end + 1).or_else(|| cut.rfind(' '));
    cut[..end.unwrap_or(cut.len())].trim_end().to_owned()
}

/// Lays the sheet out anew; what stood there is gone.
pub async fn lay_out(live: &Live, broadcast: &Broadcast, minutes: i64, lang: Lang) -> Result<()> {
    if !LENGTHS.contains(&minutes) {
        return Err(Error::Field { field: "minutes", slug: "cue-minutes" });
    }
    let db = &live.base.db;
    let store = store::find(db, &broadcast.store).await?;
    let goods = goods(db, &broadcast.id, lang).await?;
    let cues = plan(&goods, store.name_in(lang), minutes, lang);
    let now_ms = live.base.clock.now_ms();
    let rows: Vec<_> = cues
        .iter()
        .enumerate()
        .map(|(place, cue)| {
            json!({ "id": CueId::new(now_ms), "place": place, "kind": cue.kind.word(), "product": cue.product,
                    "told": cue.told.map_or("", Told::word), "said": cue.said, "seconds": cue.seconds })
        })
        .collect();
    let mut tx = db.begin().await?;
    sql!(run &mut tx, "delete from cues where broadcast_id = $1", &broadcast.id)?;
    sql!(run &mut tx,
        "insert into cues (id, broadcast_id, place, kind, product_id, told, said, seconds)
         select j.value ->> 'id', $1, cast(j.value ->> 'place' as bigint), j.value ->> 'kind',
                j.value ->> 'product', j.value ->> 'told', j.value ->> 'said',
                cast(j.value ->> 'seconds' as bigint)
         from json_each($2) as j", &broadcast.id, serde_json::to_string(&rows).map_err(base::Error::from)?)?;
    Ok(tx.commit().await?)
}

/// What is written in one cue.
#[derive(Clone, Debug)]
pub struct Written {
    pub said: String,
    pub seconds: i64,
}

/// Writes a cue; what stood there can be brought back.
pub async fn write(live: &Live, broadcast: &BroadcastId, id: &CueId, written: &Written) -> Result<()> {
    let said: Vec<String> = written.said.lines().map(text::plain).collect();
    let said = said.join("\n").trim().to_owned();
    if said.chars().count() > MAX_SAID {
        return Err(Error::Field { field: "said", slug: "cue-said" });
    }
    if !(5..=MAX_SECONDS).contains(&written.seconds) {
        return Err(Error::Field { field: "seconds", slug: "cue-seconds" });
    }
    change(live, broadcast, id, "", &said, Some(written.seconds)).await
}

/// Tells a product another way.
pub async fn tell(live: &Live, broadcast: &BroadcastId, id: &CueId, told: Told, lang: Lang) -> Result<()> {
    let db = &live.base.db;
    let product: Option<ProductId> = sql!(maybe db,
        "select product_id from cues where id = $1 and broadcast_id = $2 and product_id is not null",
        id, broadcast)?;
    let goods = goods(db, broadcast, lang).await?;
    let one = goods.iter().find(|one| product.as_ref() == Some(&one.id)).ok_or(Error::ProductGone)?;
    change(live, broadcast, id, told.word(), &one.said(told, lang), None).await
}

async fn change(
    live: &Live,
    broadcast: &BroadcastId,
    id: &CueId,
    told: &str,
    said: &str,
    seconds: Option<i64>,
) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    let changed = sql!(run &mut tx,
        "update cues set said_before = case when said <> $4 then said else said_before end, said = $4,
                told = case when $3 <> '' then $3 when said <> $4 then '' else told end,
                seconds = coalesce($5, seconds)
         where id = $1 and broadcast_id = $2", id, broadcast, told, said, seconds)?;
    tx.commit().await?;
    if changed == 0 { Err(Error::NoCue) } else { Ok(()) }
}

/// Brings back what stood in a cue before; once more, and it is as it was.
pub async fn bring_back(live: &Live, broadcast: &BroadcastId, id: &CueId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "update cues set said = said_before, said_before = said, told = ''
         where id = $1 and broadcast_id = $2 and said_before <> ''", id, broadcast)?;
    Ok(tx.commit().await?)
}

/// Puts a cue at another place.
pub async fn place(live: &Live, broadcast: &BroadcastId, id: &CueId, to: usize) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    let mut ids = locked(&mut tx, broadcast).await?;
    let from = ids.iter().position(|one| one == id).ok_or(Error::NoCue)?;
    let cue = ids.remove(from);
    ids.insert(to.min(ids.len()), cue);
    number(&mut tx, broadcast, &ids).await?;
    Ok(tx.commit().await?)
}

/// Adds an empty cue at the end, for a product or for nothing in particular.
pub async fn add(live: &Live, broadcast: &BroadcastId, product: Option<&ProductId>) -> Result<CueId> {
    let id = CueId::new(live.base.clock.now_ms());
    let kind = if product.is_some() { Kind::Product } else { Kind::Questions };
    let mut tx = live.base.db.begin().await?;
    let place = locked(&mut tx, broadcast).await?.len();
    if place >= MAX_CUES {
        return Err(Error::Field { field: "product", slug: "cue-many" });
    }
    sql!(run &mut tx,
        "insert into cues (id, broadcast_id, place, kind, product_id, told, said, seconds)
         values ($1, $2, $3, $4, $5, '', '', 120)", &id, broadcast, place as i64, kind.word(), product)?;
    tx.commit().await?;
    Ok(id)
}

/// Takes a cue out.
pub async fn remove(live: &Live, broadcast: &BroadcastId, id: &CueId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    let mut ids = locked(&mut tx, broadcast).await?;
    ids.retain(|one| one != id);
    sql!(run &mut tx, "delete from cues where id = $1 and broadcast_id = $2", id, broadcast)?;
    number(&mut tx, broadcast, &ids).await?;
    Ok(tx.commit().await?)
}

/// The ids in order, with the show locked, so that two hands move one after the other.
async fn locked(tx: &mut base::Tx, broadcast: &BroadcastId) -> Result<Vec<CueId>> {
    sql!(run &mut *tx, "update broadcasts set slow_s = slow_s where id = $1", broadcast)?;
    Ok(sql!(values &mut *tx, "select id from cues where broadcast_id = $1 order by place, id", broadcast)?)
}

async fn number(tx: &mut base::Tx, broadcast: &BroadcastId, ids: &[CueId]) -> Result<()> {
    for (place, id) in ids.iter().enumerate() {
        sql!(run &mut *tx, "update cues set place = $3 where id = $1 and broadcast_id = $2",
            id, broadcast, place as i64)?;
    }
    Ok(())
}
