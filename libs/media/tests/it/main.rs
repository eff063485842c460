//! The library through its front door, with real ffmpeg on both ends.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bench;
mod clips;
mod downloads;
mod layers;
mod levels;
mod life;
mod players;
mod publisher;
mod rtmp;
mod walls;
mod whep;
mod whip;
