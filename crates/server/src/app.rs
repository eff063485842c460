//! The app: every feature's state and routes put together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use base::jobs::{Job, Workers};
use base::{Base, Result, settings};
use live::Live;
use people::People;
use people::leaving::{self, Left};
use shop::Shop;
use shop::payment::Contracts;
use shop::shipment::Tracker;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use web::layers::Setting;
use web::{Hub, Market};

use crate::apidoc;
use crate::listen::Door;

/// What the app is to be.
pub struct Wanted {
    /// Whether this is the demo market, with its outbox.
    pub demo: bool,
    pub media: media::Config,
    /// Who carries codes; the demo keeps them in its outbox.
    pub sender: people::Sender,
    /// The stores' contracts with payment companies.
    pub contracts: Contracts,
    /// Who is asked where parcels are.
    pub tracker: Option<Tracker>,
    /// Where the search keeps its index; in memory when absent.
    pub search: Option<PathBuf>,
}

/// Everything that runs, put together. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub base: Base,
    pub hub: Hub,
    pub people: People,
    pub shop: Shop,
    pub live: Live,
    pub market: Arc<RwLock<Market>>,
    demo: bool,
}

impl App {
    /// Builds every feature on `base`. Nothing runs in the background yet.
    pub async fn build(base: Base, wanted: Wanted) -> anyhow::Result<App> {
        web::words::install(&[web::WORDS, people::WORDS, shop::WORDS, live::WORDS, crate::WORDS]);
        let market: Market = settings::get(&base.db, "market").await?.unwrap_or_default();
        let hub = Hub::default();
        let people = People::new(base.clone(), wanted.sender);
        let mut shop =
            Shop::with_contracts(base.clone(), hub.clone(), wanted.contracts).tracked_by(wanted.tracker);
        if let Some(folder) = &wanted.search {
            shop = shop.searched_in(folder);
        }
        let live = Live::new(base.clone(), hub.clone(), wanted.media).await?;
        shop.set_shows(Arc::new(live.clone()));
        Ok(App { base, hub, people, shop, live, market: Arc::new(RwLock::new(market)), demo: wanted.demo })
    }

    /// Everything, as it is listened for.
    pub fn door(&self) -> Door {
        Door {
            parts: self.live.part_door(),
            encoders: self.live.encoder_door(),
            webrtc: self.live.webrtc_door(),
            rest: self.router(),
            clock: self.base.clock.clone(),
        }
    }

    /// Pages, API, sockets and media.
    pub fn router(&self) -> Router {
        let (pages, api) = self.routes().split_for_parts();
        let api = Arc::new(described(api));
        let pages = pages
            .route(
                "/openapi.json",
                get({
                    let api = api.clone();
                    move || async move { axum::Json((*api).clone()) }
                }),
            )
            .route("/api", get(move |ui: web::Ui| async move { apidoc::page(ui, &api) }))
            .fallback(|| async { web::Problem::not_found() })
            .layer(Extension(self.people.clone()));
        let setting = Setting {
            clock: self.base.clock.clone(),
            market: self.market.clone(),
            greet: Some(Arc::new(self.people.clone())),
        };
        web::layers::dress(pages, setting)
            .merge(self.live.media_routes())
            .merge(self.shop.photo_routes())
            .route("/assets/{*path}", get(web::assets::serve))
            // Browsers ask for it on pages that name no icon.
            .route(
                "/favicon.ico",
                get(|| async { Redirect::permanent(&web::assets::address("favicon.svg")) }),
            )
            .route("/health/live", get(|| async { "ok" }))
            .route("/health/ready", get(ready).with_state(self.clone()))
            .route("/metrics", get(metrics))
    }

    fn routes(&self) -> OpenApiRouter {
        let mut all = OpenApiRouter::new()
            .merge(people::routes(self.people.clone()))
            .merge(shop::routes(self.shop.clone()))
            .merge(self.live.routes());
        if self.demo {
            all = all.merge(people::demo_routes(self.people.clone()));
        }
        all
    }

    /// Who does which job.
    pub fn workers(&self) -> Workers {
        let mut workers = Workers::default();
        self.people.jobs(&mut workers);
        self.shop.jobs(&mut workers);
        self.live.jobs(&mut workers);
        let (shop, live) = (self.shop.clone(), self.live.clone());
        workers.on(leaving::LEFT, move |job| forget(shop.clone(), live.clone(), job));
        workers
    }

    /// Takes up the market as it is now set.
    pub async fn reload_market(&self) -> Result<()> {
        let market = settings::get(&self.base.db, "market").await?.unwrap_or_default();
        *self.market.write().unwrap_or_else(std::sync::PoisonError::into_inner) = market;
        Ok(())
    }
}

/// Somebody has left: whatever the features still know of them goes.
async fn forget(shop: Shop, live: Live, job: Job) -> anyhow::Result<()> {
    let Left { person } = job.payload()?;
    shop::payment::method::forget_all(&shop, &person).await?;
    shop.forget(&person).await?;
    live.forget(&person).await?;
    Ok(())
}

/// The API's description, as `openapi.json` keeps it.
pub async fn describe() -> anyhow::Result<OpenApi> {
    let folder = std::env::temp_dir().join(format!("dangol-openapi-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let base = Base {
        db: base::Db::open("sqlite::memory:").await?,
        bus: base::Bus::local(),
        blobs: base::Blobs::folder(&folder)?,
        clock: base::Clock::system(),
        random: base::Random::system(),
    };
    let udp = SocketAddr::from(([127, 0, 0, 1], 0));
    let media = media::Config { udp, ..media::Config::default() };
    let sender = people::Sender::Sandbox;
    let contracts = Contracts::default();
    let wanted = Wanted { demo: false, media, sender, contracts, tracker: None, search: None };
    let app = App::build(base, wanted).await?;
    let (_, api) = app.routes().split_for_parts();
    std::fs::remove_dir_all(&folder)?;
    Ok(described(api))
}

/// Names the API in its description.
fn described(api: OpenApi) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Dangol")
        .version("1")
        .description(Some("Live commerce and digital shops that a traditional market runs itself."))
        .build();
    let mut named = OpenApiBuilder::new().info(info).build();
    named.merge(api);
    named
}

async fn ready(axum::extract::State(app): axum::extract::State<App>) -> Response {
    match app.base.db.ready().await {
        Ok(()) => "ok".into_response(),
        Err(error) => {
            tracing::warn!(%error, "Not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}

/// Counts are for the machine itself: a Prometheus beside us, or a tunnel.
async fn metrics(peer: Option<Extension<ConnectInfo<SocketAddr>>>) -> Response {
    let near = peer.is_none_or(|Extension(ConnectInfo(peer))| peer.ip().is_loopback());
    if !near {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], web::metrics::render().await).into_response()
}
