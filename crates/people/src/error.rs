//! What can be refused at the door.

use web::Problem;

/// Why somebody could not come in, or could not change who they are.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Internal(#[from] base::Error),
}

/// A result whose failure is one of ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Internal(error) => Problem::internal(error),
        }
    }
}
