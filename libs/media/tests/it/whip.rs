//! WHIP.
