//! The forms around interactions, and the page on which anybody checks a draw.

use askama::Template;
use axum::extract::{RawForm, State};
use axum::response::{Html, Response};
use axum::routing::{get, post};
use base::Won;
use people::{Person, PersonId};
use serde::Deserialize;
use shop::coupon::{self, Coupon};
use shop::deal;
use shop::product::Card;
use url::form_urlencoded;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, IdempotencyKey, Path, Problem, Ui, WantsJson};

use super::answer::{self, Given};
use super::draw::{self, Proof, Unfair};
use super::{Interaction, InteractionId, Kind, NewInteraction};
use crate::broadcast::Broadcast;
use crate::host::{Host, Shown};
use crate::{BroadcastId, Live, Result, interaction};

/// Coupons to choose from in the studio.
const COUPONS: i64 = 50;
/// Variants to choose from.
const VARIANTS: i64 = 200;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/interactions", post(open))
        .route("/live/{broadcast}/interactions/{interaction}/closing", post(close))
        .route("/live/{broadcast}/interactions/{interaction}/answer", post(give))
        .route("/live/{broadcast}/draws/{interaction}", get(check))
}

/// An interaction as a page shows it to one reader.
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) said: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) people: i64,
    pub(crate) quantity: i64,
    pub(crate) offer: Option<super::offer::Offered>,
    pub(crate) closes_at_ms: Option<i64>,
    /// What this reader answered.
    pub(crate) given: Option<Given>,
}

pub(crate) struct Choice {
    pub(crate) place: usize,
    pub(crate) words: String,
    pub(crate) count: i64,
    pub(crate) given: bool,
}

impl Standing {
    fn new(of: Interaction, given: Option<Given>) -> Standing {
        let is_given = |place| given.as_ref().is_some_and(|given| given.choice == place);
        let choices = of.choices.iter().zip(&of.counts).enumerate();
        Standing {
            id: of.id.to_string(),
            kind: of.kind,
            people: of.people(),
            choices: choices
                .map(|(place, (words, count))| Choice {
                    place,
                    words: words.clone(),
                    count: *count,
                    given: is_given(place),
                })
                .collect(),
            said: of.said,
            quantity: of.quantity,
            offer: of.offer,
            closes_at_ms: of.closes_at_ms,
            given,
        }
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind.word() == kind
    }
}

/// What stands open in a room, as one reader sees it.
pub(crate) async fn standing(
    live: &Live,
    broadcast: &Broadcast,
    reader: Option<&PersonId>,
) -> Result<Vec<Standing>> {
    let mut shown = Vec::new();
    for one in interaction::standing(&live.base.db, &broadcast.id).await? {
        let given = match reader {
            Some(person) => answer::of(&live.base.db, broadcast, &one, person).await?,
            None => None,
        };
        shown.push(Standing::new(one, given));
    }
    Ok(shown)
}

/// The coupons that a studio may hand out.
pub(crate) async fn coupons(live: &Live, broadcast: &Broadcast) -> Result<Vec<Coupon>> {
    let now_ms = live.base.clock.now_ms();
    Ok(coupon::claim::to_hand_out(&live.base.db, &broadcast.store, now_ms, COUPONS).await?)
}

/// The variants that a studio may offer.
pub(crate) async fn variants(live: &Live, goods: &[Card]) -> Result<Vec<deal::Choice>> {
    let products: Vec<_> = goods.iter().map(|card| card.id.clone()).collect();
    Ok(deal::choices(&live.base.db, &products, VARIANTS).await?)
}

/// `POST /live/{broadcast}/interactions`
async fn open(
    host: Host,
    State(live): State<Live>,
    json: WantsJson,
    RawForm(form): RawForm,
) -> Result<Response, Problem> {
    let (new, key) = read(&form)?;
    let made = interaction::open(&live, &host, new, &key.0).await?;
    Ok(Answer::to(json, &host.broadcast.studio_path(), made.frame()))
}

/// A form in which `choice` stands several times. Empty fields are left out, but for choices, whose place counts.
fn read(form: &[u8]) -> Result<(NewInteraction, IdempotencyKey), Problem> {
    let (mut kind, mut key) = (None, String::new());
    let mut new = NewInteraction {
        kind: Kind::Announcement,
        said: String::new(),
        choices: Vec::new(),
        answer: None,
        winners: 0,
        coupon: None,
        variant: None,
        price_won: Won::ZERO,
        quantity: 0,
        per_buyer: 0,
        seconds: None,
    };
    for (name, value) in form_urlencoded::parse(form) {
        match &*name {
            name if name != "choice" && value.trim().is_empty() => {}
            "kind" => kind = serde_json::from_value(value.as_ref().into()).ok(),
            "said" => new.said = value.into_owned(),
            "choice" => new.choices.push(value.into_owned()),
            "answer" => new.answer = value.parse().ok(),
            "winners" => new.winners = number(&value),
            "coupon" => new.coupon = value.parse().ok(),
            "variant" => new.variant = value.parse().ok(),
            "price_won" => new.price_won = Won(number(&value)),
            "quantity" => new.quantity = number(&value),
            "per_buyer" => new.per_buyer = number(&value),
            "seconds" => new.seconds = value.parse().ok(),
            "key" => key = value.into_owned(),
            _ => {}
        }
    }
    new.kind = kind.ok_or_else(|| Problem::bad_request("unreadable"))?;
    Ok((new, IdempotencyKey::of(&key)?))
}

/// A number as it was typed, with or without commas; what is none is 0, which no field accepts.
fn number(typed: &str) -> i64 {
    typed.replace(',', "").trim().parse().unwrap_or_default()
}

/// `POST /live/{broadcast}/interactions/{interaction}/closing`
async fn close(
    host: Host,
    State(live): State<Live>,
    Path((_, id)): Path<(BroadcastId, InteractionId)>,
    json: WantsJson,
) -> Result<Response, Problem> {
    let closed = interaction::close(&live, &host.broadcast.id, &id).await?;
    Ok(Answer::to(json, &host.broadcast.studio_path(), closed.closing()))
}

#[derive(Deserialize)]
struct Tapped {
    #[serde(default)]
    choice: usize,
    #[serde(default)]
    ticket: String,
}

/// `POST /live/{broadcast}/interactions/{interaction}/answer`
async fn give(
    person: Person,
    State(live): State<Live>,
    Shown(broadcast): Shown,
    Path((_, id)): Path<(BroadcastId, InteractionId)>,
    json: WantsJson,
    Form(tapped): Form<Tapped>,
) -> Result<Response, Problem> {
    let given = answer::give(&live, &broadcast, &id, &person, tapped.choice, &tapped.ticket).await?;
    Ok(Answer::to(json, &broadcast.path(), given))
}

#[derive(Template)]
#[template(path = "draw.html")]
struct DrawPage {
    ui: Ui,
    broadcast: BroadcastId,
    proof: Proof,
    winners: Vec<draw::Winner>,
    is_open: bool,
    is_fair: bool,
}

/// `GET /live/{broadcast}/draws/{interaction}`
async fn check(
    ui: Ui,
    State(live): State<Live>,
    Path((broadcast, id)): Path<(BroadcastId, InteractionId)>,
) -> Result<Html<String>, Problem> {
    let (draw, proof) = draw::proof(&live.base.db, &broadcast, &id).await?;
    let found = draw::verify(&proof);
    if let Err(unfair) = &found
        && *unfair != Unfair::Open
    {
        tracing::error!(%unfair, "The draw {id} cannot be repeated");
    }
    let (is_open, is_fair) = (found == Err(Unfair::Open), found.is_ok());
    web::page(&DrawPage { ui, broadcast, proof, winners: draw.winners, is_open, is_fair })
}
