//! Hosts: whoever may run a broadcast, proved by a type. Strangers may watch it and no more.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use people::{Person, member};
use web::Problem;

use crate::broadcast::{self, Broadcast, BroadcastId};
use crate::{Live, Result};

/// A member of the store whose broadcast stands in the path, `{broadcast}`.
#[derive(Clone, Debug)]
pub struct Host {
    pub person: Person,
    pub broadcast: Broadcast,
}

impl FromRequestParts<Live> for Host {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Host, Problem> {
        let person = Person::from_request_parts(parts, live).await?;
        let Shown(broadcast) = Shown::from_request_parts(parts, live).await?;
        match is_host(live, &person, &broadcast).await? {
            true => Ok(Host { person, broadcast }),
            false => Err(Problem::forbidden()),
        }
    }
}

/// Whether somebody works in the store whose broadcast this is.
pub(crate) async fn is_host(live: &Live, person: &Person, broadcast: &Broadcast) -> Result<bool> {
    Ok(member::is_member(&live.base.db, &person.id, &broadcast.store).await?)
}

/// The broadcast in the path, `{broadcast}`, for anybody.
#[derive(Clone, Debug)]
pub(crate) struct Shown(pub(crate) Broadcast);

impl FromRequestParts<Live> for Shown {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Shown, Problem> {
        let id = in_path(parts, live).await?;
        Ok(Shown(broadcast::find(&live.base.db, &id).await?))
    }
}

/// The same as it was at most a second ago: for talk, which comes by the hundred a second.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub(crate) Arc<Broadcast>);

impl FromRequestParts<Live> for Known {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Known, Problem> {
        let id = in_path(parts, live).await?;
        Ok(Known(live.rooms.known(live, &id).await?))
    }
}

async fn in_path(parts: &mut Parts, live: &Live) -> Result<BroadcastId, Problem> {
    let params = RawPathParams::from_request_parts(parts, live).await.map_err(|_| Problem::not_found())?;
    let id = params.iter().find(|(name, _)| *name == "broadcast").and_then(|(_, id)| id.parse().ok());
    id.ok_or_else(Problem::not_found)
}
