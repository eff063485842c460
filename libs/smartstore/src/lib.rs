//! Naver's Commerce API (SmartStore), as a seller's program speaks it: a token by a bcrypt signature, products, orders by a
//! polling cursor, confirming and dispatching with an answer for every line, and no more requests than it allows.
//!
//! It knows nothing of ours. [`practice`] is a server of our own that speaks the same protocol and fails when asked to.
//! Paths, the token's rules, headers and error codes follow Naver's documents; the names of fields that those leave open are
//! read leniently, and what is not understood is an error rather than a guess.

mod client;
mod limit;
pub mod practice;
mod sign;

use std::fmt;

pub use client::{
    Changed, Changes, Client, Cursor, Dispatch, Goods, Listed, Ordered, Outcome, Refused, Settings,
};
pub use sign::sign;

/// Where the real one is.
pub const NAVER: &str = "https://api.commerce.naver.com/external";

/// A client's secret: prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why it did not work. None of it holds a secret, a token or a customer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The secret is not one that Naver gives.
    #[error("the client's secret is not as expected")]
    Secret,
    /// Naver said no. The trace is what its support asks for.
    #[error("{code}: {message} (trace {trace})")]
    Refused { status: u16, code: String, message: String, trace: String },
    /// It was asked too often, and waiting did not help.
    #[error("asked too often (trace {trace})")]
    Busy { trace: String },
    /// Whether it arrived is not known.
    #[error("no answer")]
    Away,
    /// An answer that is not as documented.
    #[error("the answer could not be read (trace {trace})")]
    Strange { trace: String },
}
