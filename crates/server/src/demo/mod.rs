//! The demo: fills an empty database with the market of `demo/`, through the same functions a
//! seller's own pages call, and keeps one show on air.

mod content;
mod fill;
mod show;

use std::path::Path;

use anyhow::{Result, bail};
use base::{Db, settings, sql};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::banner::Login;

/// The setting that marks a database as the demo's: what has been filled so far.
const MARK: &str = "demo";

/// Refuses to mix: the demo never touches a database that is not its own.
pub async fn guard(db: &Db, wanted: bool) -> Result<()> {
    let is_demo = settings::get::<bool>(db, MARK).await?.is_some();
    let people: i64 = sql!(value db, "select count(*) from persons")?;
    if wanted && !is_demo && people > 0 {
        bail!(
            "This database holds a real market. Start without --demo, or choose another folder with --data."
        );
    }
    if !wanted && is_demo {
        bail!(
            "This database holds the demo market. Start with --demo, or choose another folder with --data."
        );
    }
    if wanted && !is_demo {
        let mut tx = db.begin().await?;
        settings::put(&mut tx, MARK, &false).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Fills the market once, and starts its show every time: `film`, or our own clip.
pub async fn fill(app: &App, film: Option<&Path>, stop: &CancellationToken) -> Result<()> {
    let content = content::read()?;
    if settings::get::<bool>(&app.base.db, MARK).await? != Some(true) {
        fill::fill(app, &content).await?;
        let mut tx = app.base.db.begin().await?;
        settings::put(&mut tx, MARK, &true).await?;
        tx.commit().await?;
    }
    app.reload_market().await?;
    show::start(app, &content, content::clip(film)?, stop).await
}

/// Who can sign in on the demo.
pub fn logins() -> Vec<Login> {
    let Ok(content) = content::read() else { return Vec::new() };
    let mut seen = Vec::new();
    // The stall that is always on air cannot go on air once more: another seller is named.
    let busy = content.live.stall;
    let accounts = content.accounts.into_iter().filter(|account| {
        if account.stall.as_deref() == Some(&busy) {
            return false;
        }
        let first = !seen.contains(&account.role);
        seen.push(account.role.clone());
        first
    });
    accounts
        .map(|account| Login {
            contact: format!("{}   {}", account.phone, account.name.ko),
            role: account.role,
        })
        .collect()
}
