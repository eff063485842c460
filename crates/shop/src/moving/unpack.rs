//! Reading a file that somebody brings. Nothing in it is believed: not its names, not its sizes, not its sums, and nothing
//! is unpacked onto a disk. What is looked over here is only read again piece by piece.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::format::{FORMAT, Kind, Listed, MANIFEST, Manifest, README, Record, VERSION};
use super::pack::hex;
use crate::photo::PhotoId;

/// The longest file that is taken.
pub(super) const MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// Files in it; more than these would need a directory of another kind.
const MAX_FILES: usize = 60_000;
/// The directory at the end of it, which is read whole.
const MAX_DIRECTORY: u32 = 16 * 1024 * 1024;
/// The manifest, which is read whole.
const MAX_MANIFEST: u64 = 16 * 1024 * 1024;
/// One line, which is read whole.
const MAX_LINE: u64 = 1024 * 1024;
/// The lines of one kind, unpacked.
const MAX_KIND: u64 = 1024 * 1024 * 1024;
/// Everything together, unpacked.
const MAX_UNPACKED: u64 = 3 * 1024 * 1024 * 1024;

/// Why a file is not taken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The end of its words' key: `moving-fault-checksum`.
    pub slug: &'static str,
    /// The file and the line, as the program names them.
    pub at: String,
}

pub(super) fn refuse<T>(slug: &'static str, at: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { slug, at: at.into() })
}

/// A file that was found to be what it says.
pub(super) struct Brought {
    zip: ZipArchive<File>,
    pub(super) manifest: Manifest,
}

impl Brought {
    /// Opens a file and reads what it says of itself.
    pub(super) fn open(mut file: File) -> Result<Brought, Refusal> {
        small_directory(&mut file)?;
        let mut zip = ZipArchive::new(file).or_else(|_| refuse("not-a-file", ""))?;
        if zip.len() > MAX_FILES {
            return refuse("bomb", "");
        }
        // Two names for the same bytes are how a small file claims to be a huge one.
        if zip.has_duplicate_names() || zip.has_overlapping_entries().unwrap_or(true) {
            return refuse("bomb", "");
        }
        let strange = zip.file_names_raw().find(|name| !is_ours(name)).map(String::from_utf8_lossy);
        if let Some(name) = strange {
            return refuse(
                "strange-name",
                name.chars().filter(|c| !c.is_control()).take(80).collect::<String>(),
            );
        }
        let Ok(entry) = zip.by_name(MANIFEST) else { return refuse("no-manifest", MANIFEST) };
        let mut text = Vec::new();
        entry.take(MAX_MANIFEST + 1).read_to_end(&mut text).or_else(|_| refuse("not-a-file", MANIFEST))?;
        if text.len() as u64 > MAX_MANIFEST {
            return refuse("bomb", MANIFEST);
        }
        let said: Said = serde_json::from_slice(&text).or_else(|_| refuse("no-manifest", MANIFEST))?;
        if said.format != FORMAT {
            return refuse("other-format", said.format.chars().take(40).collect::<String>());
        }
        if said.version != u64::from(VERSION) {
            return refuse("other-version", said.version.to_string());
        }
        let manifest: Manifest =
            serde_json::from_slice(&text).or_else(|_| refuse("no-manifest", MANIFEST))?;
        Ok(Brought { zip, manifest })
    }

    /// Reads every byte once and holds it against what the manifest says.
    pub(super) fn verify(&mut self) -> Result<(), Refusal> {
        let listed: HashMap<String, Listed> =
            self.manifest.files.iter().map(|file| (file.path.clone(), file.clone())).collect();
        let there: HashSet<String> =
            self.zip.file_names_raw().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        if listed.len() != self.manifest.files.len() {
            return refuse("no-manifest", MANIFEST);
        }
        if let Some(path) = listed.keys().find(|path| !there.contains(*path)) {
            return refuse("missing", path.chars().filter(|c| !c.is_control()).take(80).collect::<String>());
        }
        let unlisted =
            there.iter().find(|path| !listed.contains_key(*path) && *path != MANIFEST && *path != README);
        if let Some(path) = unlisted {
            return refuse("strange-name", path.clone());
        }
        let mut left = MAX_UNPACKED;
        for (path, said) in &listed {
            let most = if path.starts_with("photos/") { crate::photo::MAX_BYTES as u64 } else { MAX_KIND };
            if said.bytes > most.min(left) {
                return refuse("bomb", path.clone());
            }
            let entry = self.zip.by_name(path).or_else(|_| refuse("not-a-file", path.clone()))?;
            let mut hashing = Hashing::default();
            let read = std::io::copy(&mut entry.take(said.bytes + 1), &mut hashing);
            let read = read.or_else(|_| refuse("checksum", path.clone()))?;
            if read != said.bytes || hex(&hashing.0.finalize()) != said.sha256 {
                return refuse("checksum", path.clone());
            }
            left -= read;
        }
        Ok(())
    }

    /// The photos, in the manifest's order.
    pub(super) fn photos(&self) -> Vec<PhotoId> {
        self.manifest.files.iter().filter_map(|file| photo_of(&file.path)).collect()
    }

    /// A photo's bytes.
    pub(super) fn photo(&mut self, id: &PhotoId) -> Result<Vec<u8>, Refusal> {
        let path = photo_path(id);
        let most = crate::photo::MAX_BYTES as u64;
        let entry = self.zip.by_name(&path).or_else(|_| refuse("missing", path.clone()))?;
        let mut bytes = Vec::new();
        entry.take(most + 1).read_to_end(&mut bytes).or_else(|_| refuse("checksum", path.clone()))?;
        if bytes.len() as u64 > most { refuse("bomb", path) } else { Ok(bytes) }
    }

    /// Reads the lines of a kind from `from` on, at most `most`, and gives each to `each` with its number, 1 the first.
    pub(super) fn lines<R: Record>(
        &mut self,
        from: u64,
        most: u64,
        mut each: impl FnMut(u64, R) -> Result<(), Refusal>,
    ) -> Result<u64, Refusal> {
        let path = R::KIND.path();
        let Some(at) = self.zip.index_for_name(&path) else { return Ok(0) };
        let entry = self.zip.by_index(at).or_else(|_| refuse("not-a-file", path.clone()))?;
        let mut reader = BufReader::new(entry.take(MAX_KIND + 1));
        let (mut number, mut given) = (0, 0);
        while given < most {
            let mut line = Vec::new();
            let read = (&mut reader).take(MAX_LINE + 1).read_until(b'\n', &mut line);
            let read = read.or_else(|_| refuse("checksum", path.clone()))?;
            if read == 0 {
                break;
            }
            number += 1;
            let place = format!("{path}:{number}");
            if line.len() as u64 > MAX_LINE {
                return refuse("line-long", place);
            }
            if number <= from || line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            each(number, parsed(&line, &place)?)?;
            given += 1;
        }
        Ok(given)
    }
}

fn parsed<R: DeserializeOwned>(line: &[u8], place: &str) -> Result<R, Refusal> {
    serde_json::from_slice(line).or_else(|_| refuse("line-wrong", place))
}

/// The first things that are read of a manifest: one of another version may say the rest otherwise.
#[derive(serde::Deserialize)]
struct Said {
    format: String,
    version: u64,
}

/// A photo in the file.
pub(super) fn photo_path(id: &PhotoId) -> String {
    format!("photos/{id}.jpg")
}

fn photo_of(path: &str) -> Option<PhotoId> {
    path.strip_prefix("photos/")?.strip_suffix(".jpg")?.parse().ok()
}

/// Whether a name is one that we give. Everything else, and every way out of the folder, is none.
fn is_ours(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    name == MANIFEST || name == README || Kind::of_path(name).is_some() || photo_of(name).is_some()
}

/// The directory is read whole by the library, so its size is looked at first: at the very end of the file, where we
/// write it, with the counts that stand there.
fn small_directory(file: &mut File) -> Result<(), Refusal> {
    const END: usize = 22;
    let bytes = file.metadata().map(|known| known.len()).unwrap_or_default();
    if bytes > MAX_BYTES {
        return refuse("bomb", "");
    }
    let mut end = [0; END];
    let read = bytes.checked_sub(END as u64).map(|at| {
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut end)?;
        file.seek(SeekFrom::Start(0))
    });
    let short = |at: usize| u16::from_le_bytes([end[at], end[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]);
    match read {
        Some(Ok(_)) if end.starts_with(b"PK\x05\x06") && short(20) == 0 => {}
        _ => return refuse("not-a-file", ""),
    }
    let begins = u64::from(long(16)) + u64::from(long(12));
    let fits =
        usize::from(short(10)) <= MAX_FILES && long(12) <= MAX_DIRECTORY && begins == bytes - END as u64;
    if fits { Ok(()) } else { refuse("bomb", "") }
}

#[derive(Default)]
struct Hashing(Sha256);

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
