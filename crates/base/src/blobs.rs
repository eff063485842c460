//! Blobs: photos and recordings, in a folder or in S3.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

use crate::{Error, Result};

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
