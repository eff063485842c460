//! Korean text as people type it: one spelling of it, its letters and first sounds, the keyboard it was meant for,
//! and how far one word is from another. It knows nothing of shops.
//!
//! Letters are the compatibility jamo (U+3131 to U+3163), which keyboards and people write: ㄱ, ㅏ.

mod distance;
pub mod hangul;
pub mod keyboard;
mod text;

pub use distance::distance;
pub use hangul::{chosung, jamo};
pub use text::{grams, normal, squeezed, words};
