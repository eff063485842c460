//! What goes out to viewers: a shared body and the few words an HTTP front says about it.

use bytes::Bytes;

/// One answer to a viewer. The body is shared by everybody who asks for the same thing. An empty one answers
/// who asked for the next part when there is none any more: not a 404, which caches would keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The bytes.
    pub body: Bytes,
    /// What they are.
    pub kind: Kind,
    /// How long others may keep them.
    pub cache: Cache,
    /// For a part: number of the init segment it needs, to be sent as `x-init`.
    pub init: Option<u32>,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Fragmented MP4: an init segment, a part or a segment.
    Mp4,
    /// A playlist.
    Playlist,
    /// JSON, the answer to `join`.
    Json,
}

/// How long a cache may keep a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Never changes: inits, parts and segments.
    Immutable,
    /// A playlist that answered a blocking request: fixed for that address, useless soon.
    Short,
    /// True for this second only.
    Second,
}

/// `_HLS_msn` and `_HLS_part` of a blocking playlist reload, when the request has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reload {
    /// Hold until this segment…
    pub msn: Option<u64>,
    /// …or this part of it exists.
    pub part: Option<u64>,
}

impl Served {
    /// Value of `content-type`.
    pub fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Mp4 => "video/mp4",
            Kind::Playlist => "application/vnd.apple.mpegurl",
            Kind::Json => "application/json",
        }
    }

    /// Value of `cache-control`.
    pub fn cache_control(&self) -> &'static str {
        match self.cache {
            Cache::Immutable => "public, max-age=31536000, immutable",
            Cache::Short => "public, max-age=6",
            Cache::Second => "public, max-age=0, s-maxage=1",
        }
    }

    pub(crate) fn nothing() -> Served {
        Served { body: Bytes::new(), kind: Kind::Mp4, cache: Cache::Second, init: None }
    }

    pub(crate) fn immutable(body: Bytes, init: Option<u32>) -> Served {
        Served { body, kind: Kind::Mp4, cache: Cache::Immutable, init }
    }
}
