//! The search for programs.

use axum::extract::State;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{Json, Problem, Query, Ui};

use super::facets::{self, Counted};
use super::pages::{Asked, ids, store_of};
use super::{Ask, Door, How, find};
use crate::Shop;
use crate::product::{self, Card};

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(search))
}

/// What was found.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SearchResults)]
struct Results {
    items: Vec<Card>,
    /// Send it back as `?cursor=`; absent on the last page.
    next_cursor: Option<String>,
    /// Products that answer, in all.
    total: usize,
    facets: Vec<Counted>,
    /// How the question was read.
    how: How,
    /// The question as it was read.
    text: String,
}

/// Search the market's products.
///
/// Every other parameter is an attribute with one of its values, as `facets` names them; named again, one of its values
/// is enough. A question is read up to its hundredth character.
#[utoipa::path(get, path = "/api/v1/search", tag = "shop",
    params(("q" = Option<String>, Query, description = "What is looked for, as people type it; everything when absent"),
        ("store" = Option<String>, Query, description = "Only in the store with this slug"),
        ("category" = Option<String>, Query, description = "Only in this category and those below it"),
        ("price_to" = Option<i64>, Query, description = "Only up to this price, in won"),
        ("sort" = Option<super::Sort>, Query, description = "`best` when absent"),
        Paging),
    responses((status = 200, body = Results), (status = "4XX", body = Problem)))]
async fn search(
    State(shop): State<Shop>,
    ui: Ui,
    door: Door,
    Query(paging): Query<Paging>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Results>, Problem> {
    door.count(&shop)?;
    let asked = Asked::of(pairs);
    let store = store_of(&shop, &asked.store).await?;
    let from = match paging.after()? {
        Some((from, _)) => usize::try_from(from).unwrap_or_default().min(super::DEEPEST),
        None => 0,
    };
    let limit = paging.limit();
    let most = (limit as usize + 1).min(super::DEEPEST - from);
    let ask = Ask {
        text: asked.text,
        store: store.map(|store| store.id.to_string()),
        facets: asked.facets,
        price_to: asked.price_to,
        sort: asked.sort,
        from,
        most,
    };
    let chosen = ask.facets.clone();
    let found = find(&shop, ask).await?;
    let next = Listed::of(found.products.clone(), limit, |_| ((from + limit as usize) as i64, String::new()));
    let items = product::cards_on_sale(&shop.base.db, &ids(&next.items)).await?;
    Ok(Json(Results {
        items,
        next_cursor: next.next_cursor,
        total: found.total,
        facets: facets::counted(&found.facets, &chosen, ui.language()),
        how: found.how,
        text: found.text,
    }))
}
