//! What can be refused at the door.

use axum::http::StatusCode;
use web::Problem;

/// Why somebody could not come in, or could not change who they are.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("neither a mobile number nor an e-mail address")]
    Address,
    #[error("no way to send to such an address is set up")]
    NoSender,
    #[error("a code was asked for moments ago")]
    JustSent { wait_s: u32 },
    #[error("too many codes were asked for")]
    TooMany { wait_s: u32 },
    #[error("not six digits")]
    CodeShape,
    #[error("a wrong code; {left} tries are left")]
    CodeWrong { left: i64 },
    #[error("the code is used, replaced, expired or tried too often")]
    CodeOver,
    #[error("the address belongs to nobody yet")]
    JoinFirst,
    #[error("nothing was proved, or too long ago, to join with")]
    JoinOver,
    #[error("the form is not complete")]
    JoinUnfinished(Vec<(&'static str, &'static str)>),
    #[error("younger than fourteen")]
    UnderAge,
    #[error("a name of 1 to 40 letters is needed")]
    Name,
    #[error("advertisements at night need consent to advertisements")]
    NightAlone,
    #[error("the owner of a store cannot leave it behind")]
    OwnsStore,
    #[error(transparent)]
    Internal(#[from] base::Error),
}

/// A result whose failure is one of ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Address => Problem::invalid("sign-in-address").field("address", "sign-in-address"),
            Error::NoSender => Problem::invalid("no-sender").field("address", "no-sender"),
            Error::JustSent { wait_s } | Error::TooMany { wait_s } => Problem::too_many(wait_s),
            Error::CodeShape => Problem::invalid("code-shape").field("code", "code-shape"),
            Error::CodeWrong { left } => {
                Problem::invalid("code-wrong").with("left", left).field("code", "code-wrong")
            }
            Error::CodeOver => Problem::new(StatusCode::GONE, "code-over").field("code", "code-over"),
            Error::JoinFirst => Problem::conflict("join-first"),
            Error::JoinOver => Problem::new(StatusCode::GONE, "join-over"),
            Error::JoinUnfinished(fields) => {
                fields.into_iter().fold(Problem::invalid("join-unfinished"), |problem, (field, slug)| {
                    problem.field(field, slug)
                })
            }
            Error::UnderAge => Problem::invalid("under-age").field("birth", "under-age"),
            Error::Name => Problem::invalid("person-name").field("name", "person-name"),
            Error::NightAlone => Problem::invalid("night-alone").field("night_marketing", "night-alone"),
            Error::OwnsStore => Problem::conflict("owns-store"),
            Error::Internal(error) => Problem::internal(error),
        }
    }
}
