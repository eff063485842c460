//! Gathers what is wrong with a form, so that a person sees every mistake at once.

use crate::{Error, Result};

/// The fields that are wrong so far: name, and the slug of its words.
#[derive(Default)]
pub(crate) struct Faults(Vec<(String, &'static str)>);

impl Faults {
    /// Notes a fault.
    pub(crate) fn add(&mut self, field: impl Into<String>, slug: &'static str) {
        self.0.push((field.into(), slug));
    }

    /// Notes a fault unless `fine`.
    pub(crate) fn unless(&mut self, fine: bool, field: &str, slug: &'static str) {
        if !fine {
            self.add(field, slug);
        }
    }

    /// A text that has to be there: trimmed, at most `max` characters.
    pub(crate) fn needed(&mut self, field: &str, text: &str, max: usize) -> String {
        self.unless(!text.trim().is_empty(), field, "empty");
        self.optional(field, text, max)
    }

    /// A text that may be missing: trimmed, at most `max` characters, no control characters but newlines.
    pub(crate) fn optional(&mut self, field: &str, text: &str, max: usize) -> String {
        let text = text.trim().replace("\r\n", "\n");
        self.unless(text.chars().count() <= max, field, "too-long");
        self.unless(!text.chars().any(|c| c.is_control() && c != '\n'), field, "unreadable");
        text
    }

    /// A number within bounds.
    pub(crate) fn between(&mut self, field: &str, number: i64, low: i64, high: i64) -> i64 {
        self.unless((low..=high).contains(&number), field, "out-of-range");
        number.clamp(low, high)
    }

    /// All well, or everything that is not.
    pub(crate) fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
