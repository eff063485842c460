//! `dangol serve`: opens what state there is, starts the work, listens, and ends politely.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base::{Base, Blobs, Bus, Clock, Db, Random, events};
use people::Sender;
use people::sender::Settings;
use shop::shipment::Tracker;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use crate::app::{App, Wanted};
use crate::flags::{Serve, Store};
use crate::{banner, demo, listen, till, tls};

/// How long the last requests and jobs may take once we were told to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// Jobs done at the same time by this process.
const WORKERS: usize = 4;

/// Runs until told to stop.
pub async fn run(flags: Serve) -> Result<()> {
    logs(flags.log_json);
    web::metrics::install();
    std::fs::create_dir_all(&flags.store.data)
        .with_context(|| format!("The data folder {} could not be made", flags.store.data.display()))?;
    let base = open(&flags).await?;
    demo::guard(&base.db, flags.demo.is_some()).await?;

    let lan = tls::lan_address();
    let listener = TcpListener::bind(flags.listen)
        .await
        .with_context(|| format!("{} is taken; choose another address with --listen", flags.listen))?;
    let port = listener.local_addr()?.port();
    let mut contracts = till::contracts(&flags.store.data)?;
    let mut tracker = till::tracker(&flags.store.data)?;
    let mut practice = None;
    if flags.demo.is_some() {
        let seed = base.random.below(u64::MAX);
        let sandbox = till::practice(&flags.store.data, base.clock.clone(), seed, port).await?;
        contracts = contracts.with_practice(sandbox.url())?;
        practice = Some(sandbox);
        if tracker.is_none() {
            let parcels = till::parcels(base.clock.clone()).await?;
            tracker = Some(Tracker::practice(parcels.url(), parcels::KEY)?);
        }
    }
    let wanted = Wanted {
        demo: flags.demo.is_some(),
        media: media(&flags, port),
        sender: sender(&flags)?,
        contracts,
        tracker,
        search: Some(flags.store.data.join("search")),
    };
    let app = App::build(base, wanted).await?;

    let stop = CancellationToken::new();
    let work = TaskTracker::new();
    background(&app, &work, &stop);
    if let Some(sandbox) = practice {
        for old in shop::payment::practised_before(&app.base.db).await? {
            sandbox.adopt(old.store.as_str(), old.attempt.as_str(), old.amount.0, old.is_refunded);
        }
        tokio::spawn(sandbox.postman());
    }
    if let Some(domain) = &flags.domain {
        app.shop.set_here(&format!("https://{domain}"));
    }
    app.shop.begin_rounds().await?;
    app.live.begin_rounds().await?;
    if let Some(film) = &flags.demo {
        info!("Filling the demo market");
        demo::fill(&app, film.as_deref(), &stop).await.context("The demo market could not be filled")?;
    }
    let tls = certificate(&flags, lan)?;
    greet(&flags, lan, port)?;

    let serving = tokio::spawn(listen::serve(listener, Some(tls), app.door(), stop.clone()));
    told_to_stop().await;
    info!("Stopping: broadcasts end, requests and jobs finish");
    app.live.shutdown().await;
    stop.cancel();
    work.close();
    let ended = tokio::time::timeout(PATIENCE, async {
        let _ = serving.await;
        work.wait().await;
    });
    if ended.await.is_err() {
        warn!("Some connections did not end within {} s", PATIENCE.as_secs());
    }
    app.base.db.close().await;
    Ok(())
}

async fn open(flags: &Serve) -> Result<Base> {
    let db = Db::open(&database(&flags.store)?).await.context("The database could not be opened")?;
    let blobs = match &flags.blobs {
        Some(url) => Blobs::open(url)?,
        None => Blobs::folder(&flags.store.data.join("blobs"))?,
    };
    let bus = Bus::open(&flags.bus).await.context("The bus could not be reached")?;
    Ok(Base { db, bus, blobs, clock: Clock::system(), random: Random::system() })
}

/// The database's address: as given, or a file in the data folder.
pub fn database(store: &Store) -> Result<String> {
    if let Some(url) = &store.database {
        return Ok(url.clone());
    }
    std::fs::create_dir_all(&store.data)?;
    let Some(path) = store.data.join("dangol.db").to_str().map(str::to_owned) else {
        bail!("The data folder's name must be UTF-8");
    };
    Ok(format!("sqlite:{path}"))
}

fn sender(flags: &Serve) -> Result<Sender> {
    if flags.demo.is_some() {
        return Ok(Sender::Sandbox);
    }
    let settings = Settings {
        smtp_url: flags.smtp_url.clone(),
        mail_from: flags.mail_from.clone(),
        sms_url: flags.sms_url.clone(),
        sms_header: flags.sms_header.clone(),
        sms_body: flags.sms_body.clone(),
    };
    Sender::of(settings)
        .context("Codes cannot be sent: set DANGOL_SMTP_URL or DANGOL_SMS_URL, or start with --demo")
}

fn media(flags: &Serve, port: u16) -> media::Config {
    let udp = SocketAddr::new(flags.listen.ip(), flags.udp.unwrap_or(port));
    media::Config {
        udp,
        tcp_port: Some(port),
        advertise: flags.public_ip.clone(),
        whep_viewers: flags.whep,
        ..media::Config::default()
    }
}

fn certificate(flags: &Serve, lan: Option<IpAddr>) -> Result<Arc<rustls::ServerConfig>> {
    let folder = flags.store.data.join("tls");
    match &flags.domain {
        Some(domain) => tls::acme(&folder, domain),
        None => {
            let mut addresses = flags.public_ip.clone();
            addresses.extend(lan);
            tls::own(&folder, &addresses)
        }
    }
}

fn greet(flags: &Serve, lan: Option<IpAddr>, port: u16) -> Result<()> {
    use std::io::Write;
    let local = format!("http://localhost:{port}");
    let phone = match &flags.domain {
        Some(domain) => Some(format!("https://{domain}")),
        None if flags.listen.ip().is_loopback() => None,
        None => lan.map(|address| format!("https://{address}:{port}")),
    };
    let logins = if flags.demo.is_some() { demo::logins() } else { Vec::new() };
    let mut out = std::io::stdout();
    writeln!(out, "{}", banner::draw(&local, phone.as_deref(), &logins))?;
    out.flush()?;
    Ok(())
}

fn logs(json: bool) {
    let filter =
        EnvFilter::try_from_env("DANGOL_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,str0m=warn"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { subscriber.json().init() } else { subscriber.with_target(false).init() }
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        warn!("Signals cannot be heard; stop the process the hard way");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Starts the relay, the rooms and the workers.
pub fn background(app: &App, work: &TaskTracker, stop: &CancellationToken) {
    let base = &app.base;
    work.spawn(events::relay(base.db.clone(), base.bus.clone(), stop.clone()));
    work.spawn(app.live.clone().run(stop.clone()));
    work.spawn(shop::search::feed(app.shop.clone(), stop.clone()));
    tokio::spawn(app.hub.clone().carry(base.bus.subscribe()));
    for _ in 0..WORKERS {
        work.spawn(app.workers().work(base.db.clone(), base.clock.clone(), stop.clone()));
    }
}
