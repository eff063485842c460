//! What search engines may read: `robots.txt`, and the sitemap with everything that is public, in pages of at most 50,000
//! addresses (sitemaps.org), each with the moment it changed last.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::{Db, clock, sql};
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem, Ui};

use crate::payment::digest;
use crate::{Result, Shop, showing};

/// Addresses on one page, by the protocol.
pub const MOST: i64 = 50_000;
/// The first page of a kind; the others are named by the last id of the page before.
const FIRST: &str = "0";

/// Rooms of one's own, and what only leads on: nothing to find there.
const CLOSED: [&str; 10] =
    ["/sell", "/me", "/cart", "/checkout", "/orders", "/pay", "/sign-in", "/join", "/office", "/search"];

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/robots.txt", get(robots))
        .route("/sitemap.xml", get(index))
        .route("/sitemaps/{file}", get(page))
}

/// What a page lists.
#[derive(Clone, Copy)]
enum Kind {
    Stores,
    Products,
    Shows,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Stores, Kind::Products, Kind::Shows];

    fn word(self) -> &'static str {
        match self {
            Kind::Stores => "stores",
            Kind::Products => "products",
            Kind::Shows => "shows",
        }
    }
}

/// An address, and when it changed last.
pub struct Place {
    pub id: String,
    pub path: String,
    pub changed_at_ms: i64,
}

/// `GET /robots.txt`
async fn robots(ui: Ui) -> Response {
    let mut text = String::from("User-agent: *\n");
    for path in CLOSED {
        let _ = writeln!(text, "Disallow: {path}");
    }
    // The API is for programs that ask for it; photos and pages are what a search engine shows.
    let _ = writeln!(text, "Disallow: /api/v1/\n\nSitemap: {}", ui.absolute("/sitemap.xml"));
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, text).into_response()
}

/// `GET /sitemap.xml`: which pages there are.
async fn index(State(shop): State<Shop>, ui: Ui, headers: HeaderMap) -> Result<Response, Problem> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for kind in Kind::ALL {
        for after in pages(&shop, kind).await? {
            let address = ui.absolute(&format!("/sitemaps/{}-{after}.xml", kind.word()));
            let _ = writeln!(xml, "<sitemap><loc>{}</loc></sitemap>", escaped(&address));
        }
    }
    xml.push_str("</sitemapindex>\n");
    Ok(answer(&headers, xml))
}

/// `GET /sitemaps/{kind}-{after}.xml`
async fn page(
    State(shop): State<Shop>,
    ui: Ui,
    headers: HeaderMap,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let named = file.strip_suffix(".xml").and_then(|name| name.split_once('-'));
    let (word, after) = named.ok_or_else(Problem::not_found)?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(Problem::not_found)?;
    let after = if after == FIRST { "" } else { after };
    let places = places(&shop, kind, after, MOST).await?;
    if places.is_empty() && !after.is_empty() {
        return Err(Problem::not_found());
    }
    let mut xml = String::with_capacity(128 + places.len() * 128);
    xml.push_str(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for place in places {
        let (address, changed) = (ui.absolute(&place.path), clock::at(place.changed_at_ms));
        let _ = writeln!(xml, "<url><loc>{}</loc><lastmod>{changed}</lastmod></url>", escaped(&address));
    }
    xml.push_str("</urlset>\n");
    Ok(answer(&headers, xml))
}

/// The page, or that it is as it was.
fn answer(asked: &HeaderMap, xml: String) -> Response {
    let tag = format!("\"{}\"", &digest(&xml)[..32]);
    // Compression on the way makes a tag weak.
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let mut response = if known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&format!("W/{tag}")) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=600"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The names of a kind's pages: where each begins.
async fn pages(shop: &Shop, kind: Kind) -> Result<Vec<String>> {
    let ends = match kind {
        Kind::Stores | Kind::Products => every(&shop.base.db, kind).await?,
        Kind::Shows => {
            let mut ends: Vec<String> = Vec::new();
            loop {
                let after = ends.last().cloned().unwrap_or_default();
                let page = showing::places(shop, &after, MOST + 1).await;
                if page.len() as i64 <= MOST {
                    break ends;
                }
                ends.push(page[MOST as usize - 1].id.clone());
            }
        }
    };
    Ok([FIRST.to_owned()].into_iter().chain(ends).collect())
}

/// The last id of every full page behind which there is another.
async fn every(db: &Db, kind: Kind) -> Result<Vec<String>> {
    let ends: Vec<String> = match kind {
        Kind::Stores => sql!(values db,
            "select n.id from (select id, row_number() over (order by id) as nth, count(*) over () as all_of
                 from stores where listed = true) as n
             where n.nth % $1 = 0 and n.nth < n.all_of order by n.id", MOST)?,
        _ => sql!(values db,
            "select n.id from (select p.id, row_number() over (order by p.id) as nth, count(*) over () as all_of
                 from products p join stores s on s.id = p.store_id
                 where s.listed = true and p.on_sale = true and p.removed_at_ms is null) as n
             where n.nth % $1 = 0 and n.nth < n.all_of order by n.id", MOST)?,
    };
    Ok(ends)
}

async fn places(shop: &Shop, kind: Kind, after: &str, limit: i64) -> Result<Vec<Place>> {
    let db = &shop.base.db;
    let rows: Vec<(String, String, i64)> = match kind {
        Kind::Stores => sql!(all db,
            "select id, slug, changed_at_ms from stores where listed = true and id > $1 order by id limit $2",
            after, limit)?,
        Kind::Products => sql!(all db,
            "select p.id, p.id as named, p.changed_at_ms from products p join stores s on s.id = p.store_id
             where s.listed = true and p.on_sale = true and p.removed_at_ms is null and p.id > $1
             order by p.id limit $2", after, limit)?,
        Kind::Shows => return Ok(showing::places(shop, after, limit).await),
    };
    let place = |(id, named, changed_at_ms): (String, String, i64)| Place {
        path: format!("/{}/{named}", kind.word()),
        id,
        changed_at_ms,
    };
    Ok(rows.into_iter().map(place).collect())
}
