//! Blobs: photos and recordings, in a folder or in S3.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use url::Url;

use crate::{Error, Result};

/// Parts of one upload that are on their way at once.
const PARTS: usize = 2;

/// Where large immutable things are kept. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// A folder, made if it is missing.
    pub fn folder(path: &Path) -> Result<Blobs> {
        std::fs::create_dir_all(path)
            .map_err(|error| Error::Address(format!("cannot make {}: {error}", path.display())))?;
        Ok(Blobs { store: Arc::new(LocalFileSystem::new_with_prefix(path)?) })
    }

    /// Opens `file:PATH`, or `s3://bucket?endpoint=…&region=…` with the usual AWS keys in the environment.
    pub fn open(url: &str) -> Result<Blobs> {
        if let Some(path) = url.strip_prefix("file:") {
            return Blobs::folder(Path::new(path.trim_start_matches("//")));
        }
        let url = Url::parse(url).map_err(|_| unknown())?;
        let (Some(bucket), "s3") = (url.host_str(), url.scheme()) else { return Err(unknown()) };
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        for (key, value) in url.query_pairs() {
            builder = match &*key {
                "endpoint" => builder.with_allow_http(value.starts_with("http://")).with_endpoint(value),
                "region" => builder.with_region(value),
                "key" => builder.with_access_key_id(value),
                "secret" => builder.with_secret_access_key(value),
                _ => return Err(Error::Address(format!("unknown blob setting {key}"))),
            };
        }
        Ok(Blobs { store: Arc::new(builder.build()?) })
    }

    /// Keeps `bytes` under `key`, replacing what was there.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.store.put(&key.into(), bytes.into()).await?;
        Ok(())
    }

    /// What is kept under `key`, or `None`.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        match self.store.get(&key.into()).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps what a stream gives under `key`, piece by piece, and says how many bytes it were. A stream that breaks off
    /// leaves nothing.
    pub async fn put_stream<S, E>(&self, key: &str, mut pieces: S) -> Result<u64, E>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: From<Error>,
    {
        let upload = self.store.put_multipart(&key.into()).await.map_err(Error::from)?;
        let mut writing = WriteMultipart::new(upload);
        let mut bytes = 0;
        while let Some(piece) = pieces.next().await {
            let kept = match piece {
                Ok(piece) => {
                    bytes += piece.len() as u64;
                    let room = writing.wait_for_capacity(PARTS).await.map_err(|error| E::from(error.into()));
                    room.map(|()| writing.put(piece))
                }
                Err(error) => Err(error),
            };
            if let Err(error) = kept {
                // What cannot be thrown away now is an unfinished upload: the store never shows it.
                let _ = writing.abort().await;
                return Err(error);
            }
        }
        writing.finish().await.map_err(Error::from)?;
        Ok(bytes)
    }

    /// What is kept under `key`, piece by piece, with its length; or `None`.
    pub async fn get_stream(&self, key: &str) -> Result<Option<(u64, BoxStream<'static, Result<Bytes>>)>> {
        match self.store.get(&key.into()).await {
            Ok(found) => {
                let bytes = found.meta.size;
                Ok(Some((bytes, found.into_stream().map_err(Error::from).boxed())))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets `key`; forgetting what is not there is no error.
    pub async fn delete(&self, key: &str) -> Result<()> {
        match self.store.delete(&key.into()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The store itself, for a library that writes through it (recordings).
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }
}

fn unknown() -> Error {
    Error::Address("a blob address begins with file: or s3://".into())
}
