//! What buyers see of group purchases: those that are open, and the page of one that people share.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use super::selling::Row;
use super::{GroupPurchaseId, NewPledge, Tier, find, mine, open_ones, pledge};
use crate::delivery::{HandOver, Recipient};
use crate::order::{self, OrderId};
use crate::payment::{APPROVE, DECLINE, method};
use crate::product::{self, number};
use crate::store::{self, Store};
use crate::{Buyer, Error, Result, Shop};

/// Group purchases on one page.
const ROWS: i64 = 20;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().route("/together", get(all)).route("/together/{group}", get(one).post(join))
}

#[derive(Template)]
#[template(path = "group_purchase/all.html")]
struct AllPage {
    ui: Ui,
    rows: Vec<Row>,
    older: String,
}

async fn all(State(shop): State<Shop>, ui: Ui, Query(paging): Query<Paging>) -> Result<Response, Problem> {
    let found = open_ones(&shop.base.db, shop.base.clock.now_ms(), paging.after()?, ROWS + 1).await?;
    let listed = Listed::of(found, ROWS, |row| (row.closes_at_ms, row.id.to_string()));
    let mut rows = Vec::with_capacity(listed.items.len());
    for group in listed.items {
        rows.push(Row::of(&shop, group).await?);
    }
    let older = listed.next_cursor.map(|cursor| format!("/together?cursor={cursor}")).unwrap_or_default();
    Ok(web::page(&AllPage { ui, rows, older })?.into_response())
}

/// The form as it was sent; text, so that nothing typed is lost when it comes back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Filled {
    key: String,
    quantity: String,
    hand_over: String,
    #[serde(flatten)]
    to: Recipient,
    agreed: String,
    /// A card for practice that is left now.
    card: String,
}

impl Filled {
    fn by(&self) -> HandOver {
        if self.hand_over == HandOver::Pickup.slug() { HandOver::Pickup } else { HandOver::Parcel }
    }

    fn pledge(&self) -> NewPledge {
        NewPledge {
            quantity: number(&self.quantity).unwrap_or_default(),
            hand_over: self.by(),
            to: self.to.clone(),
            agreed: !self.agreed.is_empty(),
        }
    }
}

#[derive(Template)]
#[template(path = "group_purchase/page.html")]
struct SharePage {
    ui: Ui,
    row: Row,
    product: Option<product::Product>,
    store: Store,
    identity: Vec<(String, String)>,
    /// Orders of this reader in it.
    mine: Vec<OrderId>,
    has_card: bool,
    filled: Filled,
    problem: Option<Problem>,
}

impl SharePage {
    async fn of(
        shop: &Shop,
        ui: Ui,
        buyer: &Buyer,
        id: &GroupPurchaseId,
        filled: Filled,
    ) -> Result<SharePage> {
        let db = &shop.base.db;
        let group = find(db, id).await?;
        let store = store::find(db, &group.store_id).await?;
        let product = match product::find(db, &group.product_id).await {
            Ok(product) => Some(product),
            Err(Error::NotFound | Error::Gone) => None,
            Err(error) => return Err(error),
        };
        let mine = mine(db, id, &buyer.ids()).await?;
        let has_card = match &buyer.person {
            Some(person) => method::kept(db, &person.id, &group.store_id).await?.is_some(),
            None => false,
        };
        let identity = store.identity.lines(&ui);
        let row = Row::of(shop, group).await?;
        Ok(SharePage { ui, row, product, store, identity, mine, has_card, filled, problem: None })
    }

    fn is_open(&self) -> bool {
        self.row.group.is_open(self.ui.now_ms())
    }

    fn wrong(&self, field: &str) -> String {
        let words = |field| self.problem.as_ref()?.field_words(self.ui.language(), field);
        words(field).unwrap_or_default()
    }

    fn told(&self, problem: &Problem) -> String {
        let lang = self.ui.language();
        format!("{}. {}", problem.title(lang), problem.next(lang))
    }

    fn offers(&self, by: HandOver) -> bool {
        self.product.as_ref().is_some_and(|product| match by {
            HandOver::Parcel => product.parcel,
            HandOver::Pickup => product.pickup,
        })
    }

    /// Whether the buyer has to agree that it does not go back by a change of mind.
    fn asks_agreement(&self) -> bool {
        self.product.as_ref().is_some_and(|product| product.withdrawal.is_exception())
    }

    fn withdrawal(&self, product: &product::Product) -> String {
        self.ui.t(&format!("shop-withdrawal-{}", product.withdrawal.slug()))
    }

    /// What comes next: "8개가 더 모이면 한 개에 9,000원이에요."
    fn next(&self) -> String {
        let (ui, pieces) = (&self.ui, self.row.pieces());
        match (self.row.group.next_tier(pieces), self.row.group.tier_of(pieces)) {
            (Some(next), _) => {
                ui.t2("group-next", "more", next.pieces - pieces, "won", ui.won(next.price_won))
            }
            (None, Some(tier)) => ui.t1("group-best", "won", ui.won(tier.price_won)),
            (None, None) => String::new(),
        }
    }

    /// "20개부터".
    fn from(&self, tier: &Tier) -> String {
        self.ui.t1("group-from", "pieces", tier.pieces)
    }

    fn is_reached(&self, tier: &Tier) -> bool {
        tier.pieces <= self.row.pieces()
    }

    /// What everybody pays, or at most pays.
    fn price(&self) -> i64 {
        let group = &self.row.group;
        let won = group.price_won.or(group.tier_of(self.row.pieces()).map(|tier| tier.price_won));
        won.or(group.tiers.first().map(|tier| tier.price_won)).map_or(0, |won| won.0)
    }

    fn page(self) -> Result<Response, Problem> {
        let status = if self.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok((status, web::page(&self)?).into_response())
    }
}

#[derive(Deserialize)]
struct Named {
    group: GroupPurchaseId,
}

async fn one(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(Named { group }): Path<Named>,
) -> Result<Response, Problem> {
    let last = order::last_recipient(&shop.base.db, &buyer.ids()).await?;
    let (by, to) = last.unwrap_or_default();
    let filled = Filled {
        key: shop.base.random.token::<16>(),
        quantity: "1".to_owned(),
        hand_over: by.slug().to_owned(),
        to,
        ..Filled::default()
    };
    let mut page = SharePage::of(&shop, ui, &buyer, &group, filled).await?;
    // What is not offered cannot be ticked beforehand.
    if !page.offers(page.filled.by()) {
        let other = if page.filled.by() == HandOver::Parcel { HandOver::Pickup } else { HandOver::Parcel };
        page.filled.hand_over = other.slug().to_owned();
    }
    page.page()
}

async fn join(
    State(shop): State<Shop>,
    ui: Ui,
    buyer: Buyer,
    Path(Named { group: id }): Path<Named>,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    let key = IdempotencyKey::of(&filled.key)?;
    let person = buyer.person.as_ref().ok_or(Error::SignIn)?;
    let group = find(&shop.base.db, &id).await?;
    let card = match filled.card.as_str() {
        "" => None,
        "decline" => Some(DECLINE),
        _ => Some(APPROVE),
    };
    if let Some(card) = card.filter(|_| group.is_open(shop.base.clock.now_ms())) {
        method::keep(&shop, &person.id, &group.store_id, card).await?;
    }
    match pledge(&shop, &buyer, &id, &key.0, filled.pledge()).await {
        Ok(placed) => Ok(Redirect::to(&format!("/orders/{}", placed.order)).into_response()),
        Err(Error::Internal(error)) => Err(Error::Internal(error).into()),
        Err(error) => {
            let page = SharePage::of(&shop, ui, &buyer, &id, filled).await?;
            SharePage { problem: Some(error.into()), ..page }.page()
        }
    }
}
