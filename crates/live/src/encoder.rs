//! Encoders: programs (OBS, Prism) and cameras that send a show by RTMP. Their door is the market's one port, as
//! RTMP or, within TLS, as RTMPS; what opens it is the show's stream key.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use media::rtmp::{self, Broken, Hello};
use tokio::io::{AsyncRead, AsyncWrite};
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Ui};

use crate::broadcast::{self, Broadcast};
use crate::host::Own;
use crate::{Error, Live, Result, key, stream};

pub use media::rtmp::FIRST_BYTE;

/// The path of the address that sellers type.
const APP: &str = "live";
/// A house's own network has no certificate that a program would trust.
const RTMPS_PORT: u16 = 443;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/sell/{store}/live/{broadcast}/encoder", get(page).post(make_key))
}

/// Where encoders are taken, at the socket.
#[derive(Clone)]
pub struct EncoderDoor(Live);

impl EncoderDoor {
    pub(crate) fn new(live: Live) -> EncoderDoor {
        EncoderDoor(live)
    }

    /// Takes one encoder until it leaves.
    pub async fn take<I: AsyncRead + AsyncWrite + Unpin>(&self, io: I, from: SocketAddr) {
        let live = self.0.clone();
        let ended = rtmp::take(io, async |hello| admit(&live, &hello).await.map_err(reason)).await;
        match ended {
            Ok(()) | Err(Broken::Left) => tracing::info!("The encoder at {from} left"),
            Err(error) => tracing::info!("The encoder at {from} was let go: {error}"),
        }
    }
}

/// The stream that an encoder's key opens. It is followed from now on.
async fn admit(live: &Live, hello: &Hello) -> Result<std::sync::Arc<media::Stream>> {
    let broadcast = match key::opened_by(&live.base.db, &hello.key).await? {
        Some(id) if hello.app.trim_matches('/') == APP => broadcast::find(&live.base.db, &id).await?,
        _ => return Err(Error::WrongKey),
    };
    stream::open(live, &broadcast).await
}

/// What an encoder shows to whoever holds it. Programs print plain ASCII at best.
fn reason(error: Error) -> String {
    match error {
        Error::Internal(error) => {
            tracing::error!(%error, "An encoder could not be let in");
            "something broke here; please try again".into()
        }
        error => error.to_string(),
    }
}

#[derive(Template)]
#[template(path = "studio/encoder.html")]
struct EncoderPage {
    ui: Ui,
    title: String,
    studio: String,
    desk: String,
    /// What is typed into the program as the server's address.
    server: String,
    /// The key that was made just now; it is not shown again.
    key: String,
    /// When the key was made that is good now.
    since: String,
    /// What comes in, in words; empty: nothing does.
    uplink: String,
}

/// `GET /sell/{store}/live/{broadcast}/encoder`
async fn page(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    broadcast.must_go_on()?;
    show(&live, ui, &broadcast, String::new()).await
}

/// `POST /sell/{store}/live/{broadcast}/encoder`: a new key, shown once.
async fn make_key(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    broadcast.must_go_on()?;
    let key = key::for_encoder(&live, &broadcast.id).await?;
    show(&live, ui, &broadcast, key.reveal().to_owned()).await
}

async fn show(live: &Live, ui: Ui, broadcast: &Broadcast, key: String) -> Result<Html<String>, Problem> {
    let since_ms = key::encoder_since_ms(&live.base.db, &broadcast.id).await?;
    let stats = live.stream(&broadcast.id).map(|stream| stream.stats()).filter(|stats| stats.kbps > 0);
    web::page(&EncoderPage {
        title: broadcast.title_in(ui.language()).to_owned(),
        studio: broadcast.studio_path(),
        desk: broadcast.desk_path(),
        server: server(&ui.absolute("/")),
        key,
        since: since_ms.map(|since| ui.time(&since)).unwrap_or_default(),
        uplink: stats
            .map(|now| format!("{}×{} · {} fps · {} kbps", now.width, now.height, now.fps, now.kbps))
            .unwrap_or_default(),
        ui,
    })
}

/// The market's own address, as a program takes it.
fn server(here: &str) -> String {
    let Ok(url) = url::Url::parse(here) else { return String::new() };
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(RTMPS_PORT) if url.domain().is_some() => format!("rtmps://{host}/{APP}"),
        Some(port) => format!("rtmp://{host}:{port}/{APP}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::server;

    #[test]
    fn a_program_is_told_where_to_send() {
        assert_eq!(server("https://market.example/"), "rtmps://market.example/live");
        assert_eq!(server("https://192.168.0.7:4600/"), "rtmp://192.168.0.7:4600/live");
        assert_eq!(server("http://localhost:4600/"), "rtmp://localhost:4600/live");
    }
}
