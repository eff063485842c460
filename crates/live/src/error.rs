//! What can go wrong around a broadcast, as data; the words are in `i18n`.

use axum::http::StatusCode;
use web::Problem;

use crate::chat::MAX_CHAT;
use crate::{helper, notice};

/// A refusal or a failure of this feature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no such broadcast")]
    NoBroadcast,
    #[error("no such chat line")]
    NoLine,
    #[error("no such cue")]
    NoCue,
    #[error("no such clip")]
    NoClip,
    /// Only a job meets it.
    #[error("the film could not be made: {reason}")]
    Filming { reason: String },
    #[error("no such question")]
    NoQuestion,
    #[error("the line holds a banned word")]
    BannedWord,
    #[error("the line holds a phone number")]
    PhoneNumber,
    #[error("the person is muted")]
    Muted,
    #[error("no such interaction")]
    NoInteraction,
    #[error("the broadcast has ended")]
    Over,
    #[error("the broadcast is not on air")]
    NotOnAir,
    #[error("a rehearsal gives nothing away")]
    OnlyRehearsed,
    #[error("another interaction is open")]
    OneAtATime,
    #[error("the interaction is closed")]
    InteractionClosed,
    #[error("something else was answered before")]
    AnsweredBefore,
    #[error("all coupons are taken")]
    CouponsGone,
    #[error("the broadcast is still on")]
    StillOn,
    #[error("the replay is withdrawn")]
    Withdrawn,
    #[error("the show is erased")]
    Erased,
    #[error("the market's operator holds the show")]
    HeldByOperator,
    #[error("the broadcast has begun already")]
    Begun,
    #[error("the person waits for too many broadcasts")]
    ManyNotices,
    #[error("the store is on air with another broadcast")]
    OnAirElsewhere,
    #[error("the invitation is used or too old")]
    StaleInvite,
    #[error("the broadcast has helpers enough")]
    ManyHelpers,
    #[error("the publish key is wrong")]
    WrongKey,
    #[error("the product is not part of this broadcast any more")]
    ProductGone,
    #[error("the request came before with another body")]
    AnotherBody,
    #[error("a push could not be sealed or signed")]
    Sealing,
    /// Only a job meets it, and tries again.
    #[error("the push service takes nothing now")]
    PushLater,
    /// Only a job meets it, and tries again.
    #[error("another process carries the stream")]
    CarriedElsewhere,
    #[error("{field}: {slug}")]
    Field { field: &'static str, slug: &'static str },
    #[error("too fast")]
    TooFast { retry_after_s: u32 },
    #[error(transparent)]
    Media(#[from] media::Error),
    #[error(transparent)]
    Shop(#[from] shop::Error),
    #[error(transparent)]
    Internal(#[from] base::Error),
}

/// A result whose failure is this feature's.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::NoBroadcast
            | Error::NoLine
            | Error::NoInteraction
            | Error::NoQuestion
            | Error::NoCue
            | Error::NoClip => Problem::not_found(),
            Error::BannedWord => Problem::invalid("chat-banned"),
            Error::PhoneNumber => Problem::invalid("chat-phone"),
            Error::Muted => Problem::new(StatusCode::FORBIDDEN, "chat-muted"),
            Error::NotOnAir => Problem::conflict("show-not-on-air"),
            Error::OnlyRehearsed => Problem::conflict("only-rehearsed"),
            Error::OneAtATime => Problem::conflict("interaction-one-at-a-time"),
            Error::InteractionClosed => Problem::conflict("interaction-closed"),
            Error::AnsweredBefore => Problem::conflict("answered-before"),
            Error::CouponsGone => Problem::conflict("coupons-gone"),
            Error::Over => Problem::new(StatusCode::GONE, "show-over"),
            Error::StillOn => Problem::conflict("show-still-on"),
            Error::Withdrawn => Problem::new(StatusCode::GONE, "replay-withdrawn"),
            Error::Erased => Problem::new(StatusCode::GONE, "show-erased"),
            Error::HeldByOperator => Problem::conflict("held-by-operator"),
            Error::Begun => Problem::conflict("show-begun"),
            Error::ManyNotices => Problem::conflict("notices-many").with("max", notice::MAX_ASKED),
            Error::OnAirElsewhere => Problem::conflict("on-air-elsewhere"),
            Error::StaleInvite => Problem::new(StatusCode::GONE, "helper-invite-stale"),
            Error::ManyHelpers => Problem::conflict("helpers-many").with("max", helper::MAX_HELPERS),
            Error::WrongKey => Problem::new(StatusCode::UNAUTHORIZED, "wrong-key"),
            Error::ProductGone => Problem::conflict("product-not-shown"),
            Error::CarriedElsewhere | Error::PushLater => Problem::busy(),
            Error::Sealing => {
                tracing::error!("A push could not be sealed or signed");
                Problem::broken()
            }
            Error::Filming { .. } => Problem::broken(),
            Error::AnotherBody => Problem::invalid("another-body"),
            Error::Field { field, slug } => {
                Problem::invalid("show-fields").with("max", MAX_CHAT).field(field, slug)
            }
            Error::TooFast { retry_after_s } => Problem::too_many(retry_after_s),
            Error::Media(error) => of_media(error),
            Error::Shop(error) => error.into(),
            Error::Internal(error) => Problem::internal(error),
        }
    }
}

/// What the media library refuses, in words for the person at the other end.
fn of_media(error: media::Error) -> Problem {
    use media::Error as E;
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match error {
        E::BrokenOffer { .. } => Problem::new(status, "broken-offer"),
        E::NoVideo => Problem::new(status, "no-video"),
        E::AlreadyPublishing { .. } => Problem::new(status, "already-publishing"),
        E::TooFar { .. } => Problem::new(status, "too-far"),
        E::NotYet { .. } => Problem::new(status, "not-yet"),
        E::Ended { .. } => Problem::new(status, "show-over"),
        E::NotByWebRtc { .. } | E::TooManyViewers { .. } => Problem::new(status, "by-parts-only"),
        E::TooManyStreams { .. } => Problem::new(status, "too-many-shows"),
        E::NoSession | E::NoStream { .. } | E::NoFile { .. } => Problem::not_found(),
        E::Refused { .. } => Problem::new(status, "unreadable"),
        E::Store(_) | E::Setup { .. } => {
            tracing::error!(%error, "The video failed inside: {error}");
            Problem::broken()
        }
    }
}

impl From<crate::chat::Refused> for Error {
    fn from(refused: crate::chat::Refused) -> Error {
        match refused {
            crate::chat::Refused::Over => Error::Over,
            crate::chat::Refused::AnotherBody => Error::AnotherBody,
        }
    }
}
