//! `throwaway-s3 FOLDER`: an S3-speaking server over a folder, for the storage tests.
//!
//! It lives in this crate because nothing of the product may depend on it, and `bench` is the one crate that is
//! never shipped. It listens on a free port of 127.0.0.1, prints its URL with the keys and the bucket on standard
//! output, and serves until it is stopped. Nothing about it is meant to last: the keys are fixed, the folder is
//! the caller's.

use std::{io::Write, path::PathBuf};

use anyhow::Context;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

const ACCESS_KEY: &str = "dangol";
const SECRET_KEY: &str = "throw-away";
const BUCKET: &str = "dangol";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("throwaway-s3 FOLDER")?);
    // The file system server takes every folder at its root for a bucket.
    std::fs::create_dir_all(folder.join(BUCKET))?;
    let files = FileSystem::new(&folder)
        .map_err(|error| anyhow::anyhow!("cannot serve {}: {error:?}", folder.display()))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // The form that `base::Blobs` opens.
    writeln!(
        std::io::stdout(),
        "s3://{BUCKET}?endpoint=http://{address}&region=local&key={ACCESS_KEY}&secret={SECRET_KEY}"
    )?;
    loop {
        let (socket, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            // A client that goes away in the middle is its own business.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
