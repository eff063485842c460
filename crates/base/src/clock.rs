//! The time, from one place, so that a test can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Tells the time: the machine's, or a test's own.
#[derive(Clone, Debug)]
pub struct Clock {
    mock_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock { mock_ms: None }
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn mock(now_ms: i64) -> Clock {
        Clock { mock_ms: Some(Arc::new(AtomicI64::new(now_ms))) }
    }

    /// Now, in Unix milliseconds, UTC.
    pub fn now_ms(&self) -> i64 {
        match &self.mock_ms {
            Some(ms) => ms.load(Ordering::SeqCst),
            None => system_now().as_millisecond(),
        }
    }

    /// Now, as a timestamp for formatting.
    pub fn now(&self) -> Timestamp {
        at(self.now_ms())
    }

    /// Moves a mock clock forward; the machine's clock cannot be moved and stays.
    pub fn advance(&self, by: Duration) {
        if let Some(ms) = &self.mock_ms {
            ms.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// Unix milliseconds as a timestamp; a nonsensical number becomes the epoch.
pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The market's time zone. Days, opening hours and legal night begin by it.
pub fn seoul() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(9))
}
