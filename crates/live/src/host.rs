//! Hosts: whoever may run a broadcast, proved by a type. Strangers may watch it and no more.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use people::{Operator, Person, PersonId, Seller, member};
use web::Problem;

use crate::broadcast::{self, Broadcast, BroadcastId};
use crate::helper::Moderator;
use crate::retention::Keeper;
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
        let broadcast = broadcast::find(&live.base.db, &in_path(parts, live).await?).await?;
        match is_host(live, &person, &broadcast).await? {
            true => Ok(Host { person, broadcast }),
            false => Err(Problem::forbidden()),
        }
    }
}

/// The broadcast in the path, `{broadcast}`, of the store in the path, `{store}`, for the store's people: to everybody
/// else, and at another store, it is not there.
#[derive(Clone, Debug)]
pub(crate) struct Own(pub(crate) Broadcast);

impl FromRequestParts<Live> for Own {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Own, Problem> {
        let seller = Seller::from_request_parts(parts, live).await?;
        let broadcast = broadcast::find(&live.base.db, &in_path(parts, live).await?).await?;
        if broadcast.store == seller.store { Ok(Own(broadcast)) } else { Err(Problem::not_found()) }
    }
}

/// The broadcast in the path, `{broadcast}`, for its store's people and for the market's operators.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) keeper: Keeper,
    pub(crate) broadcast: Broadcast,
}

impl FromRequestParts<Live> for Kept {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Kept, Problem> {
        let person = Person::from_request_parts(parts, live).await?;
        let is_operator = Operator::from_request_parts(parts, live).await.is_ok();
        let broadcast = broadcast::find(&live.base.db, &in_path(parts, live).await?).await?;
        match is_operator || is_host(live, &person, &broadcast).await? {
            true => Ok(Kept { keeper: Keeper { person: person.id, is_operator }, broadcast }),
            false => Err(Problem::not_found()),
        }
    }
}

/// Whether somebody works in the store whose broadcast this is.
pub(crate) async fn is_host(live: &Live, person: &Person, broadcast: &Broadcast) -> Result<bool> {
    is_member(live, &person.id, broadcast).await
}

/// The same, of somebody whose id is known.
pub(crate) async fn is_member(live: &Live, person: &PersonId, broadcast: &Broadcast) -> Result<bool> {
    Ok(member::is_member(&live.base.db, person, &broadcast.store).await?)
}

/// The broadcast in the path, `{broadcast}`, for anybody.
#[derive(Clone, Debug)]
pub(crate) struct Shown(pub(crate) Broadcast);

impl FromRequestParts<Live> for Shown {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Shown, Problem> {
        let id = in_path(parts, live).await?;
        let broadcast = broadcast::find(&live.base.db, &id).await?;
        may_see(parts, live, &broadcast).await?;
        Ok(Shown(broadcast))
    }
}

/// The same as it was at most a second ago: for talk, which comes by the hundred a second.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub(crate) Arc<Broadcast>);

impl FromRequestParts<Live> for Known {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, live: &Live) -> Result<Known, Problem> {
        let id = in_path(parts, live).await?;
        let known = live.rooms.known(live, &id).await?;
        may_see(parts, live, &known).await?;
        Ok(Known(known))
    }
}

/// A rehearsal is nobody's business but the store's: to others it is not there.
async fn may_see(parts: &mut Parts, live: &Live, broadcast: &Broadcast) -> Result<(), Problem> {
    if broadcast.rehearses.is_none() || Moderator::from_request_parts(parts, live).await.is_ok() {
        return Ok(());
    }
    Err(Problem::not_found())
}

pub(crate) async fn in_path(parts: &mut Parts, live: &Live) -> Result<BroadcastId, Problem> {
    let params = RawPathParams::from_request_parts(parts, live).await.map_err(|_| Problem::not_found())?;
    let id = params.iter().find(|(name, _)| *name == "broadcast").and_then(|(_, id)| id.parse().ok());
    id.ok_or_else(Problem::not_found)
}
