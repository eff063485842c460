//! All streams of this process behind one UDP port.

use std::net::SocketAddr;
use std::sync::Arc;

use object_store::ObjectStore;

use crate::{Config, Error, Reload, Served, Stream};

/// The streams of one process. Cheap to clone.
#[derive(Clone)]
pub struct Origin {
    config: Arc<Config>,
    store: Arc<dyn ObjectStore>,
}

impl Origin {
    /// Bind the UDP port and make the certificate. Recordings go to `store` under `{stream id}/`.
    pub async fn new(config: Config, store: Arc<dyn ObjectStore>) -> Result<Origin, Error> {
        Ok(Origin { config: Arc::new(config), store })
    }

    /// The stream `id`: the one already open, or resumed from what the store holds of it (numbers jump ahead
    /// so that no immutable URL is ever used twice, the epoch stays), or a new one.
    /// [`Error::Ended`] when its recording is finished. Ids are 1–64 letters, digits, `-` and `_`.
    pub async fn open(&self, id: &str) -> Result<Arc<Stream>, Error> {
        let _ = (&self.config, &self.store);
        Err(Error::NoStream { id: id.into() })
    }

    /// The stream `id` if it is open here.
    pub fn stream(&self, id: &str) -> Option<Arc<Stream>> {
        let _ = id;
        None
    }

    /// Answer a viewer's GET for the last part of a media URL: `join`, `live.m3u8`, `multi.m3u8`, `n{N}.m4s`,
    /// `i{K}.mp4`, `s{MSN}.m4s` or `vod.m3u8`. Parts and blocking playlists are held until they exist; what
    /// has left memory, or ended, is read from the store.
    pub async fn serve(&self, id: &str, file: &str, reload: Reload) -> Result<Served, Error> {
        let _ = (file, reload);
        Err(Error::NoStream { id: id.into() })
    }

    /// Forget an ended stream now; otherwise its last window stays in memory for a minute for late viewers.
    pub fn forget(&self, id: &str) {
        let _ = id;
    }

    /// The UDP address publishers send to, to be opened in a firewall.
    pub fn udp(&self) -> SocketAddr {
        self.config.udp
    }

    /// End all streams and wait for their recordings: for a graceful shutdown with broadcasts over.
    pub async fn shutdown(&self) {}
}
