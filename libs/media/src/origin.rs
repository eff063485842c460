//! All streams of this process behind one UDP port.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::future::join_all;
use object_store::ObjectStore;
use str0m::crypto::dtls::DtlsCert;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::fmp4::VIDEO_SCALE;
use crate::net::Net;
use crate::recording::{self, Book, Manifest, Past, Recorder};
use crate::rendition::{Film, Rendition};
use crate::served::{Cache, Kind};
use crate::stream::{Parts, check_name};
use crate::{Config, Error, Reload, Served, State, Stream};

/// How long an ended stream keeps its last window in memory for viewers who are a little behind.
const LINGER: Duration = Duration::from_secs(60);

/// The streams of one process. Cheap to clone.
#[derive(Clone)]
pub struct Origin {
    home: Arc<Home>,
}

struct Home {
    config: Arc<Config>,
    store: Arc<dyn ObjectStore>,
    net: Net,
    cert: DtlsCert,
    streams: Mutex<HashMap<String, Arc<Stream>>>,
    /// Held while a stream is read from the store, so that two requests do not open it twice.
    opening: tokio::sync::Mutex<()>,
}

impl Origin {
    /// Bind the UDP port and make the certificate. Recordings go to `store` under `{stream id}/`.
    pub async fn new(config: Config, store: Arc<dyn ObjectStore>) -> Result<Origin, Error> {
        let crypto = str0m::crypto::from_feature_flags();
        // Making a certificate takes a tenth of a second: once, not for every publisher.
        let cert = crypto.dtls_provider.generate_certificate();
        let cert = cert.ok_or_else(|| Error::Setup { what: "the certificate", reason: "no key".into() })?;
        crypto.install_process_default();
        let net = Net::bind(&config).await?;
        let (config, streams, opening) = (Arc::new(config), Mutex::default(), tokio::sync::Mutex::default());
        Ok(Origin { home: Arc::new(Home { config, store, net, cert, streams, opening }) })
    }

    /// The stream `id`: the one already open, or resumed from what the store holds of it (numbers jump ahead
    /// so that no immutable URL is ever used twice, the epoch stays), or a new one.
    /// [`Error::Ended`] when its recording is finished. Ids are 1–64 letters, digits, `-` and `_`.
    pub async fn open(&self, id: &str) -> Result<Arc<Stream>, Error> {
        check_name("a stream's id", id)?;
        let home = &self.home;
        let _alone = home.opening.lock().await;
        if let Some(stream) = self.stream(id) {
            return Ok(stream);
        }
        let max = home.config.max_streams;
        if home.streams().values().filter(|stream| stream.state() != State::Ended).count() >= max {
            return Err(Error::TooManyStreams { max });
        }
        let past = Past::read(&home.store, id).await?;
        if past.as_ref().is_some_and(|past| past.manifest.ended) {
            return Err(Error::Ended { id: id.to_owned() });
        }
        let stream = home.make(id, past);
        home.streams().insert(id.to_owned(), stream.clone());
        tokio::spawn(forget_later(Arc::downgrade(home), stream.id().to_owned(), stream.watch()));
        Ok(stream)
    }

    /// The stream `id` if it is open here.
    pub fn stream(&self, id: &str) -> Option<Arc<Stream>> {
        self.home.streams().get(id).cloned()
    }

    /// Answer a viewer's GET for the last part of a media URL: `join`, `live.m3u8`, `multi.m3u8`, `n{N}.m4s`,
    /// `h{N}.mp4` (all that a player lacks before part N), `i{K}.mp4`, `s{MSN}.m4s` or `vod.m3u8`. Where a phone sends
    /// a low picture too, its files begin with an `l`: `ljoin`, `llive.m3u8`, `ln{N}.m4s` and so on. Parts and
    /// blocking playlists are held until they exist; what has left memory, or ended, is read from the store.
    pub async fn serve(&self, id: &str, file: &str, reload: Reload) -> Result<Served, Error> {
        let stream = self.stream(id);
        let missing = || Error::NoFile { name: file.to_owned() };
        let open = |stream: Option<Arc<Stream>>| stream.ok_or_else(|| Error::NoStream { id: id.to_owned() });
        if let Some(low) = file.strip_prefix('l').filter(|_| file != "live.m3u8") {
            return open(stream)?.serve_low(low, reload).await;
        }
        let number = |letter, ending| recording::number(file, letter, ending);
        if let Some(n) = number('n', ".m4s") {
            return open(stream)?.part(n).await;
        }
        if let Some(next) = number('h', ".mp4") {
            return open(stream)?.catch_up(next);
        }
        let kept = match file {
            "join" => return Ok(open(stream)?.join()),
            "live.m3u8" => return open(stream)?.playlist(reload).await,
            "multi.m3u8" => return open(stream)?.multivariant().await,
            "vod.m3u8" => None,
            _ if let Some(msn) = number('s', ".m4s") => stream.and_then(|stream| stream.segment(msn)),
            _ if let Some(init) = number('i', ".mp4") => {
                stream.and_then(|stream| stream.init(u32::try_from(init).ok()?))
            }
            _ => return Err(missing()),
        };
        if let Some(kept) = kept {
            return Ok(kept);
        }
        check_name("a stream's id", id)?;
        let body = recording::read(&self.home.store, id, file).await?.ok_or_else(missing)?;
        Ok(match file {
            "vod.m3u8" => Served { body, kind: Kind::Playlist, cache: Cache::Second, init: None },
            _ => Served::immutable(body, None),
        })
    }

    /// Forget an ended stream now; otherwise its last window stays in memory for a minute for late viewers.
    pub fn forget(&self, id: &str) {
        let mut streams = self.home.streams();
        if streams.get(id).is_some_and(|stream| stream.state() == State::Ended) {
            streams.remove(id);
        }
    }

    /// Take a connection to [`Config::tcp_port`], by which a publisher or a viewer sends its packets, until it ends.
    /// Whoever names no session of this origin is let go at the first packet.
    pub async fn take_tcp<I: AsyncRead + AsyncWrite>(&self, io: I, from: SocketAddr) {
        self.home.net.take_tcp(io, from).await;
    }

    /// The UDP address publishers send to, to be opened in a firewall.
    pub fn udp(&self) -> SocketAddr {
        self.home.net.local()
    }

    /// End all streams and wait for their recordings: for a graceful shutdown with broadcasts over.
    pub async fn shutdown(&self) {
        let streams: Vec<_> = self.home.streams().values().cloned().collect();
        for ended in join_all(streams.iter().map(|stream| stream.end())).await {
            if let Err(error) = ended {
                tracing::error!("A stream could not be ended: {error}");
            }
        }
    }
}

impl Home {
    fn streams(&self) -> MutexGuard<'_, HashMap<String, Arc<Stream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, id: &str, past: Option<Past>) -> Arc<Stream> {
        let (film, first_init) = past.as_ref().map_or((Film::default(), 0), Past::film);
        let low = Film {
            prefix: "l",
            epoch_ms: film.epoch_ms,
            next_part: film.next_part,
            next_segment: film.next_segment,
            ..Film::default()
        };
        let (manifest, book) = past.map_or((Manifest::default(), Book::default()), |p| (p.manifest, p.book));
        let ends_ms = book.ends_ms().map_or(0, |ends| ends - film.epoch_ms);
        Stream::new(
            id,
            Parts {
                config: self.config.clone(),
                net: self.net.clone(),
                cert: self.cert.clone(),
                rendition: Rendition::new(&self.config, film),
                low: Rendition::new(&self.config, low),
                recorder: Recorder::start(self.store.clone(), id, manifest, book, self.config.record),
                first_init,
                ends: ends_ms * VIDEO_SCALE / 1000,
            },
        )
    }
}

/// Ended streams leave memory after a while.
async fn forget_later(home: Weak<Home>, id: String, mut state: watch::Receiver<State>) {
    if state.wait_for(|state| *state == State::Ended).await.is_ok() {
        tokio::time::sleep(LINGER).await;
        if let Some(home) = home.upgrade() {
            Origin { home }.forget(&id);
        }
    }
}
