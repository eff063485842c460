//! What stands in the file: a manifest, and lines of JSON by kind. `docs/moving.md` describes it for others; a change that
//! an older program would misread makes it the next [`VERSION`].

use base::Won;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::discount::Rule;
use crate::hours::Hours;
use crate::photo::PhotoId;
use crate::product::label::Told;
use crate::product::{Draft, ProductId};
use crate::review::Answered;
use crate::store::Identity;
use crate::text::Text;

/// What the manifest calls the format.
pub const FORMAT: &str = "dangol-store";
/// The newest version that this program writes and reads.
pub const VERSION: u32 = 1;
/// The manifest's name in the file.
pub(super) const MANIFEST: &str = "manifest.json";
/// The note for whoever opens the file by hand.
pub(super) const README: &str = "README.txt";

/// What the lines of one file are about, in the order in which they are unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Store,
    Products,
    Labels,
    Prices,
    Promotions,
    Coupons,
    Orders,
    Customers,
    Reviews,
    Questions,
    Shows,
}

impl Kind {
    /// All of them, in the order in which they are unpacked.
    pub const ALL: [Kind; 11] = [
        Kind::Store,
        Kind::Products,
        Kind::Labels,
        Kind::Prices,
        Kind::Promotions,
        Kind::Coupons,
        Kind::Orders,
        Kind::Customers,
        Kind::Reviews,
        Kind::Questions,
        Kind::Shows,
    ];

    /// The end of its words' key, and its file's name.
    pub fn slug(self) -> &'static str {
        match self {
            Kind::Store => "store",
            Kind::Products => "products",
            Kind::Labels => "labels",
            Kind::Prices => "prices",
            Kind::Promotions => "promotions",
            Kind::Coupons => "coupons",
            Kind::Orders => "orders",
            Kind::Customers => "customers",
            Kind::Reviews => "reviews",
            Kind::Questions => "questions",
            Kind::Shows => "shows",
        }
    }

    /// Its file.
    pub(super) fn path(self) -> String {
        format!("data/{}.jsonl", self.slug())
    }

    pub(super) fn of_path(path: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.path() == path)
    }

    pub(super) fn of_slug(slug: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// Whether it is history, which is kept to be read and nothing else.
    pub fn is_history(self) -> bool {
        self >= Kind::Orders
    }
}

/// What is in the file, and on what ground.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: String,
    pub version: u32,
    pub made_at_ms: i64,
    /// `dangol 0.1.0`.
    pub program: String,
    /// The store's name, to recognise the file by.
    pub name: String,
    pub files: Vec<Listed>,
    /// Why each piece of personal data may be in here.
    #[serde(default)]
    pub grounds: Vec<Ground>,
    /// What was left out, and why.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// A file of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub path: String,
    pub bytes: u64,
    /// Lines of it; of a photo 1.
    pub rows: u64,
    /// In small hexadecimal digits.
    pub sha256: String,
}

/// Why something about a person is in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    pub kind: String,
    pub fields: Vec<String>,
    pub ground: String,
}

/// What is not in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub what: String,
    pub why: String,
}

/// One line.
pub(super) trait Record: Serialize + DeserializeOwned + Send + 'static {
    const KIND: Kind;
}

/// The store: one line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    pub slug: String,
    pub category: String,
    pub name: Text,
    pub line: Text,
    pub story: Text,
    pub pickup: Text,
    pub hours: Text,
    pub picture: Option<PhotoId>,
    pub identity: Identity,
    pub parcel_won: Won,
    pub parcel_cold_won: Won,
    pub parcel_free_from_won: Won,
    pub pickup_days: i64,
    /// When it is open and where it stands.
    pub opening: Hours,
    pub phrases: Vec<String>,
    pub rates: Vec<Rate>,
}

/// What the payment company takes, as the seller wrote it down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromRow)]
pub struct Rate {
    pub method: String,
    pub rate_ppm: i64,
    pub each_won: i64,
}

/// A product with what is free to sell of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goods {
    #[serde(rename = "ref")]
    pub id: ProductId,
    pub product: Draft,
    /// At this many left the seller is warned: one for each variant, in their order.
    #[serde(default)]
    pub low_at: Vec<i64>,
    pub created_at_ms: i64,
}

/// What was told about a product, edition by edition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    pub product: ProductId,
    pub edition: i64,
    pub told: Told,
    pub from_ms: i64,
}

/// A change of price of the product's nth variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromRow)]
pub struct PriceChange {
    pub product: ProductId,
    pub variant: i64,
    pub was_won: Won,
    pub now_won: Won,
    pub at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promo {
    #[serde(rename = "ref")]
    pub id: String,
    pub name: Text,
    pub rule: Rule,
    pub from_quantity: i64,
    pub first_order: bool,
    pub starts_at_ms: i64,
    pub ends_at_ms: Option<i64>,
    pub ended: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Voucher {
    #[serde(rename = "ref")]
    pub id: String,
    pub code: String,
    pub name: Text,
    pub rule: Rule,
    /// How many are left; 0 when it is over.
    pub quantity: i64,
    pub per_buyer: i64,
    pub by_claim: bool,
    pub ends_at_ms: Option<i64>,
    pub ended: bool,
}

/// An order as it was: a record, nothing that could be paid or sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastOrder {
    pub number: String,
    /// The same for one buyer in this store, and nothing else.
    pub buyer: String,
    pub order_state: String,
    pub payment_state: String,
    pub fulfilment_state: String,
    #[serde(default)]
    pub canceled_for: String,
    pub hand_over: String,
    /// Who gets it: only as long as the law has such records kept, and only of orders that were paid.
    pub to: Option<To>,
    pub goods_won: Won,
    pub discount_won: Won,
    pub delivery_won: Won,
    pub delivery_off_won: Won,
    pub total_won: Won,
    pub placed_at_ms: i64,
    pub paid_at_ms: Option<i64>,
    pub received_at_ms: Option<i64>,
    pub lines: Vec<PastLine>,
    pub discounts: Vec<PastDiscount>,
    pub payments: Vec<PastPayment>,
    pub refunds: Vec<PastRefund>,
    pub parcels: Vec<PastParcel>,
    pub returns: Vec<PastReturn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct To {
    pub recipient: String,
    pub phone: String,
    pub postcode: String,
    pub address: String,
    pub address_detail: String,
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastLine {
    /// The product, where it is in the file, too.
    pub product: Option<ProductId>,
    pub name: Text,
    pub variant: Text,
    pub unit: String,
    pub origin: String,
    pub withdrawal: String,
    pub price_won: Won,
    pub quantity: i64,
    pub discount_won: Won,
    pub total_won: Won,
    pub returned: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastDiscount {
    pub source: String,
    pub name: Text,
    pub won: Won,
    pub on_delivery: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastPayment {
    pub gateway: String,
    pub method: String,
    pub state: String,
    pub captured_won: Won,
    /// The payment company's own key of it.
    pub provider_key: Option<String>,
    pub at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastRefund {
    pub amount_won: Won,
    pub reason: String,
    pub asked_by: String,
    pub state: String,
    pub at_ms: i64,
    pub done_at_ms: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastParcel {
    pub carrier: String,
    pub number: String,
    pub sent_at_ms: i64,
    pub delivered_at_ms: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastReturn {
    pub wish: String,
    pub reason: String,
    pub words: String,
    pub state: String,
    pub refund_won: Won,
    pub asked_at_ms: i64,
    pub settled_at_ms: Option<i64>,
}

/// Somebody who follows the store: without a name and without an address (see the manifest's `left_out`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Follower {
    /// The same as the buyer of an order, where they are one.
    pub customer: String,
    pub since_ms: i64,
    /// What they agreed to at the market they come from, and whether it stands.
    pub consents: Vec<PastConsent>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastConsent {
    pub kind: String,
    pub given: bool,
    pub text_version: String,
    pub channel: String,
    pub at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastReview {
    pub product: Option<ProductId>,
    pub order: String,
    /// Masked when it was written; empty: a regular.
    pub name: String,
    pub variant: Text,
    pub stars: i64,
    pub words: String,
    pub photos: Vec<PhotoId>,
    pub answers: Vec<Answered>,
    pub answer: String,
    pub answered_at_ms: Option<i64>,
    pub helpful: i64,
    /// Why the market hid it; empty: it is shown.
    pub hidden_for: String,
    pub written_at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastQuestion {
    pub product: Option<ProductId>,
    pub name: String,
    pub words: String,
    /// Only who asked and the seller read it.
    pub secret: bool,
    pub answer: String,
    pub answered_at_ms: Option<i64>,
    pub asked_at_ms: i64,
}

/// A show that was: what it was called, when, and what was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastShow {
    pub title: Text,
    pub starts_at_ms: i64,
    pub ended_at_ms: Option<i64>,
    pub replay_ms: Option<i64>,
    pub products: Vec<ProductId>,
}

macro_rules! records {
    ($($kind:ident: $record:ty),* $(,)?) => {
        $(impl Record for $record { const KIND: Kind = Kind::$kind; })*
    };
}

records! {
    Store: Profile,
    Products: Goods,
    Labels: Label,
    Prices: PriceChange,
    Promotions: Promo,
    Coupons: Voucher,
    Orders: PastOrder,
    Customers: Follower,
    Reviews: PastReview,
    Questions: PastQuestion,
    Shows: PastShow,
}
