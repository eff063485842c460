//! Request tests: the whole app on a temporary database, through the front door.
//!
//! Each test runs on SQLite, and on PostgreSQL too when `DANGOL_TEST_POSTGRES` names a server
//! (`./run test` starts one).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod app;
mod bad_input;
mod checkouts;
mod counter;
mod deal;
mod desk;
mod discounts;
mod follows;
mod group_purchases;
mod handovers;
mod hours;
mod pages;
mod payments;
mod questions;
mod returns;
mod reviews;
mod rivals;
mod sale;
mod search;
mod settlement;
mod shipments;
mod till;
mod video;
