//! The till on both engines: orders, holds and payments through the shop's own functions.
//! PostgreSQL joins when `DANGOL_TEST_POSTGRES` names a server.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod discounts;
mod growing;
mod money;
mod orders;
mod selling;
mod stall;
mod till;
mod tracking;
