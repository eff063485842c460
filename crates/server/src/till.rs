//! The stores' contracts with payment companies, and the tracking service: read from the operator's secret file, and
//! on the demo market filled up with a sandbox and a practice service of its own.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use base::Clock;
use parcels::Parcels;
use sandbox::Sandbox;
use serde::de::DeserializeOwned;
use shop::payment::Contracts;
use shop::payment::contract::File;
use shop::shipment::{Tracker, tracker};

/// The secret file's name in the data folder.
const FILE: &str = "payments.toml";

/// Reads the contracts. Without a file there are none, and no store takes money.
pub fn contracts(data: &Path) -> Result<Contracts> {
    let file: File = read(data)?;
    Contracts::of_file(file).context("The payment contracts are not as expected")
}

/// Reads who tracks parcels. Without an entry nobody does.
pub fn tracker(data: &Path) -> Result<Option<Tracker>> {
    let file: tracker::File = read(data)?;
    Ok(Tracker::of_file(file)?)
}

/// One part of the secret file; nothing where there is no file.
fn read<T: Default + DeserializeOwned>(data: &Path) -> Result<T> {
    let path = data.join(FILE);
    if !path.exists() {
        return Ok(T::default());
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("The payment contracts in {} could not be read", path.display()))?;
    secret(&path)?;
    // The parser's own words may repeat a line with a key in it, so only the place is told.
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count());
        anyhow::anyhow!("{} is not as expected near line {at}", path.display())
    })
}

/// Refuses keys that everybody on this machine can read.
#[cfg(unix)]
fn secret(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} holds keys and others may read it; run: chmod 600 {0}", path.display());
    }
    Ok(())
}

#[cfg(not(unix))]
fn secret(_: &Path) -> Result<()> {
    Ok(())
}

/// How long a parcel for practice stays at each of its six levels.
const PACE_MS: i64 = 30_000;

/// Starts the tracking service for practice: every number moves by itself and is there after some minutes.
pub async fn parcels(clock: Clock) -> Result<Parcels> {
    let settings = parcels::Settings { now: Arc::new(move || clock.now_ms()), pace_ms: Some(PACE_MS) };
    Parcels::start(settings).await.context("The practice tracking service could not be opened")
}

/// Starts the sandbox with its books in the data folder; it tells its news to the market on `port`.
pub async fn practice(data: &Path, clock: Clock, seed: u64, port: u16) -> Result<Sandbox> {
    let settings = sandbox::Settings {
        seed,
        now: Arc::new(move || clock.now_ms()),
        webhook: Some(format!("http://127.0.0.1:{port}/hooks/sandbox/{{merchant}}")),
        books: Some(data.join("sandbox.jsonl")),
        chaos_percent: 0,
    };
    Sandbox::start(settings).await.context("The practice payment company could not be opened")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE_TEXT: &str =
        "[stores.\"0198c0de-0000-7000-8000-000000000001\"]\nsecret_key = \"live_sk_verysecret\"\n";

    fn write(text: &str, mode: u32) -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    #[test]
    fn keys_are_read_from_a_file_of_ones_own_only() {
        let folder = write(FILE_TEXT, 0o600);
        let store = "0198c0de-0000-7000-8000-000000000001".parse().unwrap();
        assert!(contracts(folder.path()).unwrap().of(&store).is_some());
        let folder = write(FILE_TEXT, 0o644);
        assert!(contracts(folder.path()).unwrap_err().to_string().contains("chmod 600"));
        let empty = tempfile::tempdir().unwrap();
        assert!(contracts(empty.path()).unwrap().of(&store).is_none(), "no file, no contract");
    }

    #[test]
    fn a_broken_file_is_told_without_its_keys() {
        let folder = write("[stores]\nx = \"live_sk_verysecret\n", 0o600);
        let told = format!("{:?}", contracts(folder.path()).unwrap_err());
        assert!(told.contains("line 2") && !told.contains("verysecret"), "{told}");
    }
}
