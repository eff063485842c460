//! The operator's side: reviews that were reported, why, and hiding them with a reason.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::Operator;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::cursor::{Listed, Paging};
use web::{Form, Path, Problem, Query, Ui};

use super::judge::{Report, hide, reported, reports_of, show};
use super::{Review, ReviewId};
use crate::{Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/reviews/reported", get(all))
        .route("/reviews/{review}/hiding", post(put_away))
        .route("/reviews/{review}/showing", post(bring_back))
}

#[derive(Template)]
#[template(path = "review/office.html")]
struct OfficePage {
    ui: Ui,
    rows: Vec<(Review, Vec<Report>)>,
    older: String,
    problem: Option<Problem>,
}

impl OfficePage {
    fn error(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    async fn of(shop: &Shop, ui: Ui, paging: Paging) -> Result<OfficePage, Problem> {
        let db = &shop.base.db;
        let limit = paging.limit();
        let reviews = reported(db, paging.after()?, limit + 1).await?;
        let listed = Listed::of(reviews, limit, |review| (review.written_at_ms, review.id.to_string()));
        let older = listed.next_cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
        let reports = reports_of(db, &listed.items).await?;
        let of = |review: &Review| reports.iter().filter(|one| one.review_id == review.id).cloned().collect();
        let rows = listed.items.into_iter().map(|review| (review.clone(), of(&review))).collect();
        Ok(OfficePage { ui, rows, older, problem: None })
    }
}

async fn all(
    State(shop): State<Shop>,
    ui: Ui,
    _operator: Operator,
    Query(paging): Query<Paging>,
) -> Result<Response, Problem> {
    Ok(web::page(&OfficePage::of(&shop, ui, paging).await?)?.into_response())
}

#[derive(Deserialize)]
struct Why {
    reason: String,
}

async fn put_away(
    State(shop): State<Shop>,
    ui: Ui,
    operator: Operator,
    Path(id): Path<ReviewId>,
    Form(Why { reason }): Form<Why>,
) -> Result<Response, Problem> {
    match hide(&shop, &operator, &id, &reason).await {
        Ok(_) => Ok(Redirect::to("/reviews/reported").into_response()),
        Err(wrong @ Error::Invalid(_)) => {
            let page = OfficePage::of(&shop, ui, Paging::default()).await?;
            let page = OfficePage { problem: Some(wrong.into()), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn bring_back(
    State(shop): State<Shop>,
    operator: Operator,
    Path(id): Path<ReviewId>,
) -> Result<Redirect, Problem> {
    show(&shop, &operator, &id).await?;
    Ok(Redirect::to("/reviews/reported"))
}
