//! Draws that anybody can check.
//!
//! The shop makes a seed when the draw opens, and tells its SHA-256 at once: from then on it cannot choose another.
//! Whoever takes part gets a ticket, which their browser made. When the draw closes, the seed and all tickets are
//! told, and the winners are the tickets whose score is lowest:
//!
//! ```text
//! entries = SHA-256(the tickets, sorted, each followed by a line feed)
//! score   = SHA-256(seed ":" entries ":" ticket)
//! ```
//!
//! What that proves: the winners follow from what was told, nobody was left out who has a ticket, and the seed is older
//! than every ticket. What it does not: whoever knows the seed and sends the very last ticket could choose that one.

use base::db::Run;
use base::{Db, sql};
use people::PersonId;
use serde::{Deserialize, Serialize};

use super::{Interaction, InteractionId, Kind};
use crate::broadcast::{self, BroadcastId};
use crate::key::fingerprint;
use crate::{Error, Result};

/// Letters of a browser's part of a ticket.
pub(crate) const TICKET: std::ops::RangeInclusive<usize> = 8..=64;

/// A ticket, and whose it is.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Ticket {
    pub(crate) ticket: String,
    pub(crate) person_id: PersonId,
    name: String,
}

/// A ticket that won.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Winner {
    pub ticket: String,
    /// The first letter of the name, and stars.
    pub name: String,
}

impl Ticket {
    pub(crate) fn winner(&self) -> Winner {
        Winner { ticket: self.ticket.clone(), name: masked(&self.name) }
    }
}

/// Everything a draw was made of, to be checked by anybody.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DrawProof)]
pub struct Proof {
    pub draw: String,
    pub prize: String,
    /// SHA-256 of the seed, told when the draw opened.
    pub commitment: String,
    /// Told when it was closed; empty before.
    pub seed: String,
    /// How many win.
    pub quantity: usize,
    /// Every ticket, sorted.
    pub tickets: Vec<String>,
    /// The tickets that won, the lowest score first.
    pub winners: Vec<String>,
}

/// What is wrong with a draw.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfair {
    #[error("the draw is still open: its seed is not told yet")]
    Open,
    #[error("the seed is not the one that was promised")]
    OtherSeed,
    #[error("a ticket stands there twice")]
    TwiceIn,
    #[error("these tickets have won instead: {0:?}")]
    OtherWinners(Vec<String>),
}

/// Draws once more from what was told.
pub fn verify(proof: &Proof) -> Result<(), Unfair> {
    if proof.seed.is_empty() {
        return Err(Unfair::Open);
    }
    if fingerprint(proof.seed.as_bytes()) != proof.commitment {
        return Err(Unfair::OtherSeed);
    }
    let mut tickets: Vec<&str> = proof.tickets.iter().map(String::as_str).collect();
    tickets.sort_unstable();
    tickets.dedup();
    if tickets.len() != proof.tickets.len() {
        return Err(Unfair::TwiceIn);
    }
    let won: Vec<String> =
        lowest(&proof.seed, &tickets, proof.quantity).into_iter().map(str::to_owned).collect();
    if won == proof.winners { Ok(()) } else { Err(Unfair::OtherWinners(won)) }
}

/// The tickets with the lowest scores, the lowest first.
fn lowest<'t>(seed: &str, tickets: &[&'t str], quantity: usize) -> Vec<&'t str> {
    let mut sorted = tickets.to_vec();
    sorted.sort_unstable();
    let list: String = sorted.iter().flat_map(|ticket| [ticket, "\n"]).collect();
    let entries = fingerprint(list.as_bytes());
    let score = |ticket: &&str| fingerprint(format!("{seed}:{entries}:{ticket}").as_bytes());
    sorted.sort_by_cached_key(score);
    sorted.truncate(quantity);
    sorted
}

pub(crate) fn winners<'t>(seed: &str, tickets: &'t [Ticket], quantity: usize) -> Vec<&'t Ticket> {
    let names: Vec<&str> = tickets.iter().map(|ticket| ticket.ticket.as_str()).collect();
    let of = |name: &str| tickets.iter().find(|ticket| ticket.ticket == name);
    lowest(seed, &names, quantity).into_iter().filter_map(of).collect()
}

/// Everybody's ticket.
pub(crate) async fn tickets<'a>(on: impl Run<'a>, id: &InteractionId) -> base::Result<Vec<Ticket>> {
    sql!(all on,
        "select ticket, person_id, name from interaction_answers where interaction_id = $1 order by ticket", id)
}

/// What can be checked of a draw.
pub async fn proof(db: &Db, broadcast: &BroadcastId, id: &InteractionId) -> Result<(Interaction, Proof)> {
    let draw = super::of_broadcast(db, broadcast, id).await?;
    if draw.kind != Kind::Draw {
        return Err(Error::NoInteraction);
    }
    if broadcast::find(db, broadcast).await?.erased_at_ms.is_some() {
        return Err(Error::Erased);
    }
    // Before the end nobody learns the tickets: who knew them all and the seed could choose the last.
    let closed = draw.closed_at_ms.is_some();
    let tickets = if closed { tickets(db, id).await? } else { Vec::new() };
    let proof = Proof {
        draw: draw.id.to_string(),
        prize: draw.said.clone(),
        commitment: draw.commitment.clone(),
        seed: if closed { draw.seed.clone() } else { String::new() },
        quantity: draw.quantity as usize,
        tickets: tickets.into_iter().map(|ticket| ticket.ticket).collect(),
        winners: draw.winners.iter().map(|winner| winner.ticket.clone()).collect(),
    };
    Ok((draw, proof))
}

/// A name that its owner knows and others do not.
fn masked(name: &str) -> String {
    let mut letters = name.chars();
    let first: String = letters.next().into_iter().collect();
    first + &"*".repeat(letters.count().clamp(1, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof() -> Proof {
        let tickets: Vec<String> = (0..50).map(|n| format!("ticket-{n:02}")).collect();
        let names: Vec<&str> = tickets.iter().map(String::as_str).collect();
        let winners = lowest("seed", &names, 3).into_iter().map(str::to_owned).collect();
        let commitment = fingerprint(b"seed");
        let (draw, prize, seed) = ("1".into(), "굴비 한 두름".into(), "seed".into());
        Proof { draw, prize, commitment, seed, quantity: 3, tickets, winners }
    }

    #[test]
    fn whoever_draws_again_draws_the_same() {
        assert_eq!(verify(&proof()), Ok(()));
        let mut shuffled = proof();
        shuffled.tickets.reverse();
        assert_eq!(verify(&shuffled), Ok(()));
    }

    #[test]
    fn a_draw_that_was_touched_is_found_out() {
        let right = proof();
        let seed = Proof { seed: "other".into(), ..right.clone() };
        assert_eq!(verify(&seed), Err(Unfair::OtherSeed));
        let mut left_out = right.clone();
        left_out.tickets.retain(|ticket| *ticket != right.winners[0]);
        assert!(matches!(verify(&left_out), Err(Unfair::OtherWinners(_))));
        let mut twice = right.clone();
        twice.tickets.push(right.tickets[0].clone());
        assert_eq!(verify(&twice), Err(Unfair::TwiceIn));
        let friend = Proof { winners: right.tickets[..3].to_vec(), ..right.clone() };
        assert!(matches!(verify(&friend), Err(Unfair::OtherWinners(_))));
        assert_eq!(verify(&Proof { seed: String::new(), ..right }), Err(Unfair::Open));
    }

    #[test]
    fn every_ticket_has_the_same_chance() {
        let tickets: Vec<String> = (0..10).map(|n| format!("ticket-{n}")).collect();
        let names: Vec<&str> = tickets.iter().map(String::as_str).collect();
        let mut won = [0_u32; 10];
        for seed in 0..10_000 {
            let first = lowest(&format!("seed-{seed}"), &names, 1)[0];
            won[names.iter().position(|name| *name == first).unwrap_or_default()] += 1;
        }
        // Chi-squared with nine degrees of freedom: 27.9 is passed once in a thousand; the seeds are fixed.
        let chi: f64 = won.iter().map(|n| (f64::from(*n) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 27.9, "{won:?}");
    }

    #[test]
    fn a_name_is_hidden_but_for_its_first_letter() {
        for (name, shown) in [("영희", "영*"), ("김", "김*"), ("남궁선생님", "남***"), ("", "*")] {
            assert_eq!(masked(name), shown);
        }
    }
}
