//! Broadcasts and their rooms through the front door, on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod broadcasts;
mod clips;
mod diagnosis;
mod helpers;
mod interactions;
mod market;
mod notices;
mod offers;
mod order;
mod prices;
mod pushes;
mod rehearsals;
mod retention;
mod room;
mod video;
