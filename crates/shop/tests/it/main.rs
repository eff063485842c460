//! The till on both engines: orders, holds and payments through the shop's own functions.
//! PostgreSQL joins when `DANGOL_TEST_POSTGRES` names a server.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod catalogue;
mod checkouts;
mod crash;
mod days;
mod detail;
mod discounts;
mod growing;
mod model;
mod money;
mod moving;
mod orders;
mod races;
mod search;
mod selling;
mod simulator;
mod stage;
mod stall;
mod till;
mod tracking;
