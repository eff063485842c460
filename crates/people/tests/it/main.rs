//! The door, tried from outside: every test runs on SQLite and, when `DANGOL_TEST_POSTGRES` names a
//! throw-away server, on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod app;
mod codes;
mod consents;
mod joining;
mod leaving;
mod letters;
mod rights;
mod senders;
mod sessions;
