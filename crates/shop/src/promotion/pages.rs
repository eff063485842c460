//! The seller's page of discounts: promotions and coupons with what each brought, and the form of a promotion.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, IdempotencyKey, Path, Problem, Query, Ui};

use super::form::{Typed, told};
use super::{Brought, Promotion, PromotionId, change, create, end, list, of_store, resume};
use crate::coupon::{self, CouponId};
use crate::product::{self, Card};
use crate::store::{self, Store};
use crate::{Error, Result, Shop, StoreId};

/// Promotions and coupons on one page.
const ROWS: i64 = 30;
/// Goods to choose from.
const GOODS: i64 = 200;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/promotions", get(all))
        .route("/sell/{store}/promotions/new", get(blank).post(make))
        .route("/sell/{store}/promotions/{promotion}", get(edit).post(save))
        .route("/sell/{store}/promotions/{promotion}/ending", post(ending))
        .route("/sell/{store}/promotions/{promotion}/resumption", post(resumption))
}

#[derive(Template)]
#[template(path = "discount/list.html")]
struct ListPage {
    ui: Ui,
    base: String,
    store: Store,
    promotions: Vec<Brought>,
    coupons: Vec<coupon::Brought>,
    older: String,
    older_coupons: String,
    done: Option<Done>,
}

/// What was just done, with its way back.
struct Done {
    words: String,
    undo: String,
}

impl ListPage {
    /// The key of the words for where something stands.
    fn stands(&self, standing: super::Standing) -> String {
        format!("discount-is-{}", standing.slug())
    }

    fn promotion_stands(&self, one: &Promotion) -> String {
        self.stands(one.standing(self.ui.now_ms()))
    }

    fn coupon_stands(&self, one: &coupon::Coupon) -> String {
        self.stands(one.standing(self.ui.now_ms()))
    }

    /// "주문 3건 · 판 돈 30,000원 · 깎아 드린 돈 3,000원".
    fn brought(&self, orders: &i64, sold: &base::Won, off: &base::Won) -> String {
        let orders = self.ui.t1("discount-orders", "count", orders);
        let money = self.ui.t2("discount-brought", "sold", self.ui.won(sold), "off", self.ui.won(off));
        format!("{orders} · {money}")
    }

    /// What a seller sends to their customers.
    fn share(&self, coupon: &coupon::Coupon) -> String {
        let lang = self.ui.language();
        let said = self.ui.t2("coupon-share", "said", coupon.said(lang), "code", coupon.code.as_str());
        format!("[{}] {said} {}", self.store.name_in(lang), self.ui.absolute(&self.store.path()))
    }
}

#[derive(Deserialize)]
struct Just {
    saved: Option<PromotionId>,
    ended: Option<PromotionId>,
    resumed: Option<PromotionId>,
    coupon_saved: Option<CouponId>,
    coupon_ended: Option<CouponId>,
    coupon_resumed: Option<CouponId>,
    cursor: Option<String>,
    coupons: Option<String>,
}

async fn all(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Query(just): Query<Just>,
) -> Result<Response, Problem> {
    let db = &shop.base.db;
    let base = path(&seller.store);
    let store = store::find(db, &seller.store).await?;
    let paging = Paging { limit: Some(ROWS), cursor: just.cursor.clone() };
    let rows = list(db, &seller.store, paging.after()?, ROWS + 1).await?;
    let promotions =
        Listed::of(rows, ROWS, |row| (row.promotion.created_at_ms, row.promotion.id.to_string()));
    let paging = Paging { limit: Some(ROWS), cursor: just.coupons.clone() };
    let rows = coupon::list(db, &seller.store, paging.after()?, ROWS + 1).await?;
    let coupons = Listed::of(rows, ROWS, |row| (row.coupon.created_at_ms, row.coupon.id.to_string()));
    let older = |name: &str, cursor: Option<String>| {
        cursor.map(|cursor| format!("{base}?{name}={cursor}")).unwrap_or_default()
    };
    let page = ListPage {
        done: done(&shop, &seller.store, &ui, &just).await,
        older: older("cursor", promotions.next_cursor),
        older_coupons: older("coupons", coupons.next_cursor),
        promotions: promotions.items,
        coupons: coupons.items,
        base,
        store,
        ui,
    };
    Ok(web::page(&page)?.into_response())
}

async fn done(shop: &Shop, store: &StoreId, ui: &Ui, just: &Just) -> Option<Done> {
    let (db, lang) = (&shop.base.db, ui.language());
    let told = [
        (&just.saved, "discount-done-saved", ""),
        (&just.ended, "discount-done-ended", "resumption"),
        (&just.resumed, "discount-done-resumed", "ending"),
    ];
    if let Some((id, key, undo)) =
        told.into_iter().find_map(|(id, key, undo)| Some((id.as_ref()?, key, undo)))
    {
        let name = of_store(db, store, id).await.ok()?.name_in(lang).to_owned();
        let undo = if undo.is_empty() { String::new() } else { format!("{}/{id}/{undo}", path(store)) };
        return Some(Done { words: ui.t1(key, "name", name), undo });
    }
    let told = [
        (&just.coupon_saved, "discount-done-saved", ""),
        (&just.coupon_ended, "discount-done-ended", "resumption"),
        (&just.coupon_resumed, "discount-done-resumed", "ending"),
    ];
    let (id, key, undo) = told.into_iter().find_map(|(id, key, undo)| Some((id.as_ref()?, key, undo)))?;
    let name = coupon::of_store(db, store, id).await.ok()?.name_in(lang).to_owned();
    let undo = if undo.is_empty() { String::new() } else { format!("/sell/{store}/coupons/{id}/{undo}") };
    Some(Done { words: ui.t1(key, "name", name), undo })
}

fn path(store: &StoreId) -> String {
    format!("/sell/{store}/promotions")
}

/// Back to the list, which says what was done.
pub(crate) fn back(store: &StoreId, how: &str, id: &impl std::fmt::Display) -> Response {
    Redirect::to(&format!("{}?{how}={id}", path(store))).into_response()
}

/// The form of a promotion or of a coupon.
#[derive(Template)]
#[template(path = "discount/edit.html")]
pub(crate) struct Edit {
    pub(crate) ui: Ui,
    pub(crate) action: String,
    pub(crate) back: String,
    pub(crate) is_coupon: bool,
    /// Whether it is there already.
    pub(crate) is_known: bool,
    /// Whether it was ended; of one that is there.
    pub(crate) is_ended: bool,
    pub(crate) goods: Vec<Card>,
    pub(crate) typed: Typed,
    pub(crate) problem: Option<Problem>,
}

impl Edit {
    /// The form with the store's goods to choose from.
    pub(crate) async fn of(
        shop: &Shop,
        ui: Ui,
        store: &StoreId,
        room: &str,
        id: Option<String>,
        typed: Typed,
    ) -> Result<Edit> {
        let base = format!("/sell/{store}/{room}");
        let is_known = id.is_some();
        Ok(Edit {
            ui,
            action: format!("{base}/{}", id.as_deref().unwrap_or("new")),
            back: path(store),
            is_coupon: room == "coupons",
            is_known,
            is_ended: false,
            goods: product::all_in(&shop.base.db, store, GOODS).await?,
            typed,
            problem: None,
        })
    }

    fn wrong(&self, field: &str) -> String {
        let words = |field| self.problem.as_ref()?.field_words(self.ui.language(), field);
        words(field).unwrap_or_default()
    }

    fn title(&self) -> &'static str {
        match (self.is_coupon, self.is_known) {
            (true, true) => "coupon-edit",
            (true, false) => "coupon-new",
            (false, true) => "promotion-edit",
            (false, false) => "promotion-new",
        }
    }

    /// What went wrong, over the form.
    fn told(&self) -> String {
        match &self.problem {
            Some(problem) if problem.slug() == "too-many-discounts" => {
                let lang = self.ui.language();
                format!("{}. {}", problem.title(lang), problem.next(lang))
            }
            Some(_) => self.ui.t("sell-look-again"),
            None => String::new(),
        }
    }

    pub(crate) fn page(self) -> Result<Response, Problem> {
        let status = if self.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok((status, web::page(&self)?).into_response())
    }

    /// The same with what is wrong beside it.
    pub(crate) fn refused(self, error: Error) -> Result<Response, Problem> {
        Edit { problem: Some(told(error)?.into()), ..self }.page()
    }
}

/// The promotion in the path; the store in front of it is the seller's.
#[derive(Deserialize)]
struct Named {
    promotion: PromotionId,
}

async fn blank(seller: Seller, ui: Ui, State(shop): State<Shop>) -> Result<Response, Problem> {
    let typed = Typed::new(shop.base.random.token::<16>());
    Edit::of(&shop, ui, &seller.store, "promotions", None, typed).await?.page()
}

async fn make(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed::read(fields);
    let key = IdempotencyKey::of(&typed.key)?;
    let made = match typed.promotion() {
        Ok(new) => create(&shop, &seller.store, &key.0, new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(promotion) => Ok(back(&seller.store, "saved", &promotion.id)),
        Err(error) => Edit::of(&shop, ui, &seller.store, "promotions", None, typed).await?.refused(error),
    }
}

async fn edit(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { promotion: id }): Path<Named>,
) -> Result<Response, Problem> {
    let promotion = of_store(&shop.base.db, &seller.store, &id).await?;
    let typed = Typed::of_promotion(&promotion);
    let page = Edit::of(&shop, ui, &seller.store, "promotions", Some(id.to_string()), typed).await?;
    Edit { is_ended: promotion.ended_at_ms.is_some(), ..page }.page()
}

async fn save(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { promotion: id }): Path<Named>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let known = of_store(&shop.base.db, &seller.store, &id).await?;
    let typed = Typed::read(fields);
    let saved = match typed.promotion() {
        Ok(new) => change(&shop, &seller.store, &id, new).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(back(&seller.store, "saved", &id)),
        Err(error) => {
            let page = Edit::of(&shop, ui, &seller.store, "promotions", Some(id.to_string()), typed).await?;
            Edit { is_ended: known.ended_at_ms.is_some(), ..page }.refused(error)
        }
    }
}

async fn ending(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { promotion: id }): Path<Named>,
) -> Result<Response, Problem> {
    end(&shop, &seller.store, &id).await?;
    Ok(back(&seller.store, "ended", &id))
}

async fn resumption(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { promotion: id }): Path<Named>,
) -> Result<Response, Problem> {
    resume(&shop, &seller.store, &id).await?;
    Ok(back(&seller.store, "resumed", &id))
}
