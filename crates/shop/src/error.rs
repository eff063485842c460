//! Everything the shop refuses, and how each refusal is told.

use axum::http::StatusCode;
use web::Problem;

use crate::coupon::CouponFault;
use crate::sheet::read::SheetFault;

/// Why the shop said no.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no such thing here")]
    NotFound,
    #[error("the product was taken off sale")]
    Gone,
    #[error("the law wants more told about the product: {0:?}")]
    Incomplete(Vec<String>),
    #[error("the file is no table that we read: {0:?}")]
    Sheet(SheetFault),
    #[error("the table lacks the columns {0:?}")]
    NoColumns(Vec<&'static str>),
    #[error("some fields are wrong: {0:?}")]
    Invalid(Vec<(String, &'static str)>),
    #[error("the key was used for something else")]
    KeyReused,
    #[error("{name} is sold out, {left} left")]
    SoldOut { name: String, left: i64 },
    #[error("the price has changed")]
    PriceChanged,
    #[error("the order has moved on")]
    OrderMovedOn,
    #[error("the notice on withdrawal was not agreed to")]
    NotAgreed,
    #[error("the photo is not one we can read: {0:?}")]
    Photo(PhotoFault),
    #[error("the cart is full")]
    CartFull,
    #[error("the cart is empty")]
    CartEmpty,
    #[error("no payment method is kept")]
    NoMethod,
    #[error("stock cannot be less than what is promised to buyers")]
    StockPromised,
    #[error("the store has no contract with a payment company")]
    NoContract,
    #[error("the payment company did not answer")]
    GatewayAway,
    #[error("another try is still under way")]
    StillRunning,
    #[error("only {left} won can still go back")]
    RefundTooMuch { left: base::Won },
    #[error("nothing is left to give back")]
    NothingToRefund,
    #[error("the coupon does not count: {0:?}")]
    Coupon(CouponFault),
    #[error("one buyer may have {most} of {name}, and has {had}")]
    TooManyForOne { name: String, most: i64, had: i64 },
    #[error("too many promotions or coupons stand")]
    TooManyDiscounts,
    #[error("the order has not been sent yet")]
    NotYetSent,
    #[error("the parcel is known already, or there are too many")]
    ParcelKnown,
    #[error("{name} cannot go back by a change of mind")]
    NotReturnable { name: String },
    #[error("the time for sending it back is over")]
    ReturnTooLate,
    #[error("only {left} can still go back")]
    ReturnTooMany { left: i64 },
    #[error("the same goods are not there any more")]
    ExchangeSoldOut,
    #[error("the order is not paid")]
    NotPaid,
    #[error("the goods were handed over before")]
    HandedOverBefore,
    #[error("the order goes by parcel")]
    NotAPickup,
    #[error("the picture is not one that we drew")]
    NotOurCode,
    #[error("the order is another store's")]
    OtherStore { store: String },
    #[error("the proof of payment was shown too long ago")]
    ProofStale,
    #[error("the money of the order went back")]
    ProofRefunded,
    #[error("the time for the way back is over")]
    UndoLate,
    #[error("no order was ticked")]
    NoneTicked,
    #[error("more than {most} orders are asked for at once")]
    TooManyOrders { most: usize },
    #[error("none of the orders is a parcel to send")]
    NoParcel,
    #[error("no letters to print with were built into this program")]
    NoLetters,
    #[error("the line has a review already")]
    ReviewWritten,
    #[error("the goods are not in the buyer's hands yet")]
    NotReceived,
    #[error("the goods went back or the order was called off")]
    SentBack,
    #[error("the time for changing the review is over")]
    ReviewOver,
    #[error("who wrote a review does not find it helpful")]
    OwnReview,
    #[error("who works in the store does not praise it")]
    OwnStore,
    #[error("somebody has to sign in first")]
    SignIn,
    #[error("the group purchase is over")]
    GroupOver,
    #[error("fewer pieces are left in the group purchase")]
    GroupFull,
    #[error("fewer wanted it than the first tier")]
    GroupNotReached,
    #[error("the payment waits for its group")]
    GroupNotYet,
    #[error("the store's contract keeps no cards")]
    NoKeptCards,
    #[error("the store has written enough into its diary today")]
    DiaryFull,
    #[error("enough was asked for today")]
    AskedEnough,
    #[error("the question has been answered")]
    QuestionAnswered,
    #[error("too many codes were tried, wait {retry_after_s} s")]
    TooManyGuesses { retry_after_s: u32 },
    #[error("the file with the store is not there any more")]
    MovingGone,
    #[error("the store's file is too large")]
    MovingTooLarge,
    #[error("no file came along")]
    MovingNoFile,
    #[error("enough stores were packed or brought for now")]
    MovingEnough,
    #[error("what was brought has moved on")]
    MovingMovedOn,
    #[error(transparent)]
    Internal(#[from] base::Error),
}

/// What is wrong with a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoFault {
    /// Not a picture, whatever its name says.
    NotAPicture,
    /// A phone's HEIC, which browsers cannot show.
    Heic,
    /// A picture of a kind we do not take.
    OtherKind,
    /// Begins as a picture and then breaks off.
    Damaged,
    /// More pixels than a photo has.
    TooManyPixels,
    /// More bytes than one photo may have.
    TooManyBytes,
    /// More photos than a product may have.
    TooMany,
}

/// A result that may be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        Error::Internal(error.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::NotFound => Problem::not_found(),
            Error::Gone => Problem::new(StatusCode::GONE, "product-gone"),
            Error::Invalid(fields) => fields
                .into_iter()
                .fold(Problem::invalid("fields"), |problem, (field, slug)| problem.field(field, slug)),
            Error::Incomplete(lacking) => {
                lacking.into_iter().fold(Problem::invalid("product-incomplete"), |problem, id| {
                    match id.as_str() {
                        "category" => problem.field("category", "choose"),
                        id => problem.field(format!("attributes.{id}"), "needed"),
                    }
                })
            }
            Error::Sheet(fault) => sheet_problem(fault),
            Error::NoColumns(names) => Problem::invalid("sheet-columns").with("names", names.join(", ")),
            Error::KeyReused => Problem::invalid("key-reused"),
            Error::SoldOut { name, left: 0 } => Problem::conflict("sold-out").with("name", name),
            Error::SoldOut { name, left } => {
                Problem::conflict("few-left").with("name", name).with("left", left)
            }
            Error::PriceChanged => Problem::conflict("price-changed"),
            Error::OrderMovedOn => Problem::conflict("order-moved-on"),
            Error::NotAgreed => Problem::invalid("not-agreed").field("agreed", "not-agreed"),
            Error::Photo(fault) => photo_problem(fault),
            Error::CartFull => Problem::conflict("cart-full"),
            Error::CartEmpty => Problem::conflict("cart-empty"),
            Error::NoMethod => Problem::conflict("no-method"),
            Error::StockPromised => Problem::conflict("stock-promised"),
            Error::NoContract => Problem::conflict("no-contract"),
            Error::GatewayAway => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "gateway-away"),
            Error::StillRunning => Problem::conflict("still-running"),
            Error::RefundTooMuch { left } => {
                Problem::conflict("refund-too-much").with("left", left).field("amount_won", "refund-too-much")
            }
            Error::NothingToRefund => Problem::conflict("nothing-to-refund"),
            Error::Coupon(fault) => coupon_problem(fault),
            Error::TooManyForOne { name, most, had: 0 } => {
                Problem::conflict("too-many-for-one").with("name", name).with("most", most)
            }
            Error::TooManyForOne { name, most, had } => {
                Problem::conflict("had-enough").with("name", name).with("most", most).with("had", had)
            }
            Error::TooManyDiscounts => Problem::conflict("too-many-discounts"),
            Error::NotYetSent => Problem::conflict("not-yet-sent"),
            Error::ParcelKnown => Problem::conflict("parcel-known"),
            Error::NotReturnable { name } => Problem::conflict("not-returnable").with("name", name),
            Error::ReturnTooLate => Problem::conflict("return-too-late"),
            Error::ReturnTooMany { left } => Problem::conflict("return-too-many").with("left", left),
            Error::ExchangeSoldOut => Problem::conflict("exchange-sold-out"),
            Error::NotPaid => Problem::conflict("not-paid"),
            Error::HandedOverBefore => Problem::conflict("handed-over-before"),
            Error::NotAPickup => Problem::conflict("not-a-pickup"),
            Error::NotOurCode => Problem::invalid("not-our-code"),
            Error::OtherStore { store } => Problem::conflict("other-store").with("store", store),
            Error::ProofStale => Problem::conflict("proof-stale"),
            Error::ProofRefunded => Problem::conflict("proof-refunded"),
            Error::UndoLate => Problem::conflict("undo-late"),
            Error::NoneTicked => Problem::invalid("none-ticked"),
            Error::TooManyOrders { most } => Problem::invalid("too-many-orders").with("most", most),
            Error::NoParcel => Problem::invalid("no-parcel"),
            Error::NoLetters => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-letters"),
            Error::ReviewWritten => Problem::conflict("review-written"),
            Error::NotReceived => Problem::conflict("not-received"),
            Error::SentBack => Problem::conflict("sent-back"),
            Error::ReviewOver => Problem::conflict("review-over"),
            Error::OwnReview => Problem::conflict("own-review"),
            Error::OwnStore => Problem::conflict("own-store"),
            Error::SignIn => Problem::sign_in(),
            Error::GroupOver => Problem::conflict("group-over"),
            Error::GroupFull => Problem::conflict("group-full").field("quantity", "group-full"),
            Error::GroupNotReached => Problem::conflict("group-not-reached"),
            Error::GroupNotYet => Problem::conflict("group-not-yet"),
            Error::NoKeptCards => Problem::conflict("no-kept-cards"),
            Error::DiaryFull => Problem::conflict("diary-full"),
            Error::AskedEnough => Problem::conflict("asked-enough"),
            Error::QuestionAnswered => Problem::conflict("question-answered"),
            Error::TooManyGuesses { retry_after_s } => Problem::too_many(retry_after_s),
            Error::MovingGone => Problem::new(StatusCode::GONE, "moving-gone"),
            Error::MovingTooLarge => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "moving-too-large"),
            Error::MovingNoFile => Problem::invalid("moving-no-file"),
            Error::MovingEnough => Problem::conflict("moving-enough"),
            Error::MovingMovedOn => Problem::conflict("moving-moved-on"),
            Error::Internal(error) => Problem::internal(error),
        }
    }
}

/// A coupon that does not count is told beside its field.
fn coupon_problem(fault: CouponFault) -> Problem {
    let problem = match fault {
        CouponFault::Unknown => Problem::conflict("coupon-unknown"),
        CouponFault::Over => Problem::conflict("coupon-over"),
        CouponFault::UsedUp => Problem::conflict("coupon-used-up"),
        CouponFault::AlreadyUsed => Problem::conflict("coupon-already-used"),
        CouponFault::NotTaken => Problem::conflict("coupon-not-taken"),
        CouponFault::OtherGoods => Problem::conflict("coupon-other-goods"),
        CouponFault::TooLittle(least) => Problem::conflict("coupon-too-little").with("least", least),
    };
    problem.field("coupon", fault.slug())
}

fn sheet_problem(fault: SheetFault) -> Problem {
    match fault {
        SheetFault::TooManyBytes => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "sheet-bytes"),
        SheetFault::Bomb => Problem::invalid("sheet-bomb"),
        SheetFault::TooManyCells => Problem::invalid("sheet-cells"),
        SheetFault::OldExcel => Problem::invalid("sheet-old-excel"),
        SheetFault::NotATable => Problem::invalid("sheet-not-a-table"),
        SheetFault::Letters => Problem::invalid("sheet-letters"),
        SheetFault::Empty => Problem::invalid("sheet-empty"),
    }
}

fn photo_problem(fault: PhotoFault) -> Problem {
    match fault {
        PhotoFault::NotAPicture => Problem::invalid("photo-not-a-picture"),
        PhotoFault::Heic => Problem::invalid("photo-heic"),
        PhotoFault::OtherKind => Problem::invalid("photo-kind"),
        PhotoFault::Damaged => Problem::invalid("photo-damaged"),
        PhotoFault::TooManyPixels => Problem::invalid("photo-pixels"),
        PhotoFault::TooManyBytes => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "photo-bytes"),
        PhotoFault::TooMany => Problem::invalid("photo-count"),
    }
}
