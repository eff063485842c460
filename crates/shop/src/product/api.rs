//! Products for programs.

use axum::extract::State;
use axum::http::StatusCode;
use base::Won;
use people::{MaybePerson, Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::selling::shelf_of;
use super::{
    Card, Choice, Draft, Fact, Product, ProductId, Story, Variant, VariantId, Withdrawal, change, create,
    fresh, on_sale_in, remove, restore, sheet, variants,
};
use crate::category::{self, Answers, Kind};
use crate::photo::PhotoId;
use crate::store::api::is_theirs;
use crate::text::Text;
use crate::{Error, Shop, store};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(list_fresh))
        .routes(routes!(list_categories))
        .routes(routes!(read))
        .routes(routes!(list, put_up))
        .routes(routes!(replace, take_down))
        .routes(routes!(put_back))
}

/// A product as programs see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductView {
    pub id: ProductId,
    pub store_id: StoreId,
    pub name: Text,
    pub unit: Text,
    /// 원산지.
    pub origin: Text,
    pub photos: Vec<PhotoId>,
    pub options: Vec<Choice>,
    pub variants: Vec<VariantView>,
    pub stories: Vec<Story>,
    pub facts: Vec<Fact>,
    /// Its place in the category tree; empty for one from before there was a tree.
    pub category: String,
    pub attributes: Answers,
    /// The seller's own number of it.
    pub code: Option<String>,
    pub withdrawal: Withdrawal,
    pub parcel: bool,
    pub pickup: bool,
    pub cold: bool,
    /// So many pieces one buyer may have; 0: no limit.
    pub per_buyer: i64,
    pub on_sale: bool,
    /// RFC 3339.
    pub created_at: String,
}

/// A variant as programs see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Variant)]
pub(crate) struct VariantView {
    pub id: VariantId,
    /// Its values in order; empty when there is nothing to choose.
    pub name: Text,
    pub price_won: Won,
    /// The price for orders from a show, while it is on air.
    pub live_price_won: Option<Won>,
    /// On hand and not promised to anybody.
    pub left: i64,
}

impl ProductView {
    fn of(product: Product, variants: Vec<Variant>) -> ProductView {
        ProductView {
            id: product.id,
            store_id: product.store_id,
            name: Text::new(product.name, product.name_en),
            unit: Text::new(product.unit, product.unit_en),
            origin: Text::new(product.origin, product.origin_en),
            photos: product.photos.0,
            options: product.options.0,
            variants: variants.into_iter().map(VariantView::from).collect(),
            stories: product.stories.0,
            facts: product.facts.0,
            category: product.category,
            attributes: product.attributes,
            code: product.code,
            withdrawal: product.withdrawal,
            parcel: product.parcel,
            pickup: product.pickup,
            cold: product.cold,
            per_buyer: product.per_buyer,
            on_sale: product.on_sale,
            created_at: base::clock::at(product.created_at_ms).to_string(),
        }
    }
}

impl From<Variant> for VariantView {
    fn from(variant: Variant) -> VariantView {
        VariantView {
            id: variant.id,
            name: Text::new(variant.name, variant.name_en),
            price_won: variant.price_won,
            live_price_won: variant.live_price_won,
            left: variant.left,
        }
    }
}

/// The ids in the path.
#[derive(Deserialize)]
struct InStore {
    store: StoreId,
}

/// The ids in the path.
#[derive(Deserialize)]
struct Named {
    product: ProductId,
}

/// What came in last in the whole market, newest first.
#[utoipa::path(get, path = "/api/v1/products", tag = "shop", params(Paging),
    responses((status = 200, body = Listed<Card>), (status = "4XX", body = Problem)))]
async fn list_fresh(
    State(shop): State<Shop>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<Card>>, Problem> {
    let cards = fresh(&shop.base.db, paging.after()?, paging.limit() + 1).await?;
    Ok(Json(page(cards, &paging)))
}

fn page(cards: Vec<Card>, paging: &Paging) -> Listed<Card> {
    Listed::of(cards, paging.limit(), |card| (card.created_at_ms, card.id.to_string()))
}

/// A place in the category tree, and what it asks.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Category)]
struct CategoryView {
    id: &'static str,
    name: &'static Text,
    /// The item of the notice on product information that it follows.
    law: &'static str,
    asks: Vec<AskView>,
}

/// A question of a category.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Question)]
struct AskView {
    id: &'static str,
    name: &'static Text,
    kind: Kind,
    /// Whether a product without an answer is refused.
    needed: bool,
    /// Whether shoppers choose by it.
    facet: bool,
    /// Whether own words may stand instead of a value.
    free: bool,
    values: Vec<ValueView>,
}

/// A value to choose.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = QuestionValue)]
struct ValueView {
    id: &'static str,
    name: &'static Text,
}

/// The category tree, with what each place asks about a product.
#[utoipa::path(get, path = "/api/v1/categories", tag = "shop",
    responses((status = 200, body = Vec<CategoryView>), (status = "4XX", body = Problem)))]
async fn list_categories() -> Json<Vec<CategoryView>> {
    let schema = category::schema();
    let law = |id| schema.category(id).map(|one| one.law.as_str()).unwrap_or_default();
    let view = |one: &'static category::Category| CategoryView {
        id: &one.id,
        name: &one.name,
        law: if one.law.is_empty() { law(one.root()) } else { &one.law },
        asks: category::asks(&one.id).into_iter().map(AskView::of).collect(),
    };
    Json(schema.categories.iter().map(view).collect())
}

impl AskView {
    fn of(ask: category::Ask) -> AskView {
        let attribute = ask.attribute;
        let values = attribute.values.iter().map(|value| ValueView { id: &value.id, name: &value.name });
        AskView {
            id: &attribute.id,
            name: &attribute.name,
            kind: attribute.kind,
            needed: ask.is_needed(),
            facet: attribute.facet,
            free: attribute.free,
            values: values.collect(),
        }
    }
}

/// A product, whole.
#[utoipa::path(get, path = "/api/v1/products/{product}", tag = "shop",
    params(("product" = String, Path, description = "The product's id")),
    responses((status = 200, body = ProductView), (status = "4XX", body = Problem)))]
async fn read(
    MaybePerson(person): MaybePerson,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Json<ProductView>, Problem> {
    let sheet = sheet(&shop.base.db, &product).await?;
    if !sheet.store.listed && !is_theirs(&shop, person.as_ref(), &sheet.store.id).await? {
        return Err(Problem::not_found());
    }
    Ok(Json(ProductView::of(sheet.product, sheet.variants)))
}

/// What a store sells, newest first; its own people see what rests, too.
#[utoipa::path(get, path = "/api/v1/stores/{store}/products", tag = "shop",
    params(("store" = String, Path, description = "The store's id"), Paging),
    responses((status = 200, body = Listed<Card>), (status = "4XX", body = Problem)))]
async fn list(
    MaybePerson(person): MaybePerson,
    State(shop): State<Shop>,
    Path(InStore { store }): Path<InStore>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<Card>>, Problem> {
    let (db, after, limit) = (&shop.base.db, paging.after()?, paging.limit() + 1);
    let store = store::find(db, &store).await?;
    let cards = if is_theirs(&shop, person.as_ref(), &store.id).await? {
        shelf_of(db, &store.id, after, limit).await?
    } else if store.listed {
        on_sale_in(db, &store.id, after, limit).await?
    } else {
        return Err(Problem::not_found());
    };
    Ok(Json(page(cards, &paging)))
}

/// Put a product on the stall.
#[utoipa::path(post, path = "/api/v1/stores/{store}/products", tag = "shop", request_body = Draft,
    params(("store" = String, Path, description = "The store's id"),
        ("Idempotency-Key" = String, Header, description = "The same key gives the same product")),
    responses((status = 201, body = ProductView), (status = "4XX", body = Problem)))]
async fn put_up(
    seller: Seller,
    State(shop): State<Shop>,
    key: IdempotencyKey,
    Json(draft): Json<Draft>,
) -> Result<(StatusCode, Json<ProductView>), Problem> {
    let (name, origin) = (draft.name.ko.trim().to_owned(), draft.origin.ko.trim().to_owned());
    let product = create(&shop, &seller.store, &key.0, draft).await?;
    if product.name != name || product.origin != origin {
        return Err(Error::KeyReused.into());
    }
    let variants = variants(&shop.base.db, &product.id).await?;
    Ok((StatusCode::CREATED, Json(ProductView::of(product, variants))))
}

/// Change a product, whole.
///
/// Variants are known by their values: those named again keep their ids and their stock.
#[utoipa::path(put, path = "/api/v1/stores/{store}/products/{product}", tag = "shop", request_body = Draft,
    params(("store" = String, Path, description = "The store's id"),
        ("product" = String, Path, description = "The product's id")),
    responses((status = 200, body = ProductView), (status = "4XX", body = Problem)))]
async fn replace(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Json(draft): Json<Draft>,
) -> Result<Json<ProductView>, Problem> {
    let product = change(&shop, &seller.store, &product, draft).await?;
    let variants = variants(&shop.base.db, &product.id).await?;
    Ok(Json(ProductView::of(product, variants)))
}

/// Take a product off the stall.
#[utoipa::path(delete, path = "/api/v1/stores/{store}/products/{product}", tag = "shop",
    params(("store" = String, Path, description = "The store's id"),
        ("product" = String, Path, description = "The product's id")),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn take_down(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<StatusCode, Problem> {
    remove(&shop, &seller.store, &product).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a product back that was taken off.
#[utoipa::path(post, path = "/api/v1/stores/{store}/products/{product}/restoration", tag = "shop",
    params(("store" = String, Path, description = "The store's id"),
        ("product" = String, Path, description = "The product's id")),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn put_back(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<StatusCode, Problem> {
    restore(&shop, &seller.store, &product).await?;
    Ok(StatusCode::NO_CONTENT)
}
