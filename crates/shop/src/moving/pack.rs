//! Packing: a thread that writes the ZIP, fed piece by piece, so that neither the file nor a kind of it is ever in memory
//! whole. It counts and hashes what it writes; the manifest comes last, when that is known.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::format::{Listed, MANIFEST, Manifest, README};
use crate::{Error, Result};

/// Pieces that wait for the writer.
const WAITING: usize = 4;

enum Piece {
    /// The next file; a photo is packed already.
    Begin {
        path: String,
        packs: bool,
    },
    Bytes {
        bytes: Bytes,
        rows: u64,
    },
    Manifest(Box<Manifest>),
}

/// A file that is being packed.
pub(super) struct Packer {
    pieces: mpsc::Sender<Piece>,
    writing: JoinHandle<std::io::Result<File>>,
}

impl Packer {
    /// Begins a file in the machine's folder for such; it is gone when it is dropped.
    pub(super) fn begin(readme: String) -> Result<Packer> {
        let file = tempfile::tempfile().map_err(broken)?;
        let (pieces, inbox) = mpsc::channel(WAITING);
        let writing = tokio::task::spawn_blocking(move || write(file, &readme, inbox));
        Ok(Packer { pieces, writing })
    }

    pub(super) async fn file(&mut self, path: &str, packs: bool) -> Result<()> {
        self.send(Piece::Begin { path: path.to_owned(), packs }).await
    }

    pub(super) async fn bytes(&mut self, bytes: Bytes, rows: u64) -> Result<()> {
        self.send(Piece::Bytes { bytes, rows }).await
    }

    async fn send(&mut self, piece: Piece) -> Result<()> {
        // The writer is only away when it failed, which `end` tells.
        self.pieces.send(piece).await.map_err(|_| Error::Internal(base::Error::Stopped))
    }

    /// Writes the manifest with what was counted and gives the file, at its beginning.
    pub(super) async fn end(mut self, manifest: Manifest) -> Result<File> {
        self.send(Piece::Manifest(Box::new(manifest))).await?;
        drop(self.pieces);
        self.writing.await.map_err(|_| base::Error::Stopped)?.map_err(broken)
    }
}

fn broken(error: std::io::Error) -> Error {
    tracing::error!(%error, "A store could not be packed: {error}");
    Error::Internal(base::Error::Stopped)
}

fn write(file: File, readme: &str, mut inbox: mpsc::Receiver<Piece>) -> std::io::Result<File> {
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(file);
    zip.start_file(README, packed)?;
    zip.write_all(readme.as_bytes())?;
    let mut listed: Vec<Listed> = Vec::new();
    let mut hash = Sha256::new();
    while let Some(piece) = inbox.blocking_recv() {
        match piece {
            Piece::Begin { path, packs } => {
                close(&mut listed, &mut hash);
                zip.start_file(&path, if packs { packed } else { stored })?;
                listed.push(Listed { path, bytes: 0, rows: 0, sha256: String::new() });
            }
            Piece::Bytes { bytes, rows } => {
                zip.write_all(&bytes)?;
                hash.update(&bytes);
                if let Some(last) = listed.last_mut() {
                    last.bytes += bytes.len() as u64;
                    last.rows += rows;
                }
            }
            Piece::Manifest(manifest) => {
                close(&mut listed, &mut hash);
                zip.start_file(MANIFEST, packed)?;
                let manifest = Manifest { files: std::mem::take(&mut listed), ..*manifest };
                serde_json::to_writer_pretty(&mut zip, &manifest)?;
                let mut file = zip.finish()?;
                file.seek(SeekFrom::Start(0))?;
                return Ok(file);
            }
        }
    }
    Err(std::io::Error::other("nobody finished it"))
}

fn close(listed: &mut [Listed], hash: &mut Sha256) {
    let digest = std::mem::take(hash).finalize();
    if let Some(last) = listed.last_mut().filter(|last| last.sha256.is_empty()) {
        last.sha256 = hex(&digest);
    }
}

/// Small hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
