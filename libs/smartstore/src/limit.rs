//! A token bucket for each call, filled as the answers' headers say, so that one is seldom told to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

/// The longest that one waits for the bucket before asking anyway; the answer then says how it stands.
const MOST: Duration = Duration::from_secs(5);

struct Bucket {
    /// Requests a second that come back, and the most there are.
    rate: f64,
    most: f64,
    left: f64,
    seen: Instant,
}

#[derive(Default)]
pub(crate) struct Buckets(Mutex<HashMap<&'static str, Bucket>>);

impl Buckets {
    /// Takes one request of a call; gives how long to wait before it.
    pub(crate) fn take(&self, call: &'static str, now: Instant) -> Duration {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = all.get_mut(call) else { return Duration::ZERO };
        let passed = now.saturating_duration_since(bucket.seen).as_secs_f64();
        bucket.left = (bucket.left + passed * bucket.rate).min(bucket.most) - 1.0;
        bucket.seen = now;
        if bucket.left >= 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64((-bucket.left / bucket.rate).min(MOST.as_secs_f64()))
    }

    /// Reads how the bucket stands from an answer.
    pub(crate) fn read(&self, call: &'static str, headers: &HeaderMap, now: Instant) {
        let number = |name: &str| {
            let text = headers.get(format!("gncp-gw-ratelimit-{name}"))?.to_str().ok()?;
            text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
        };
        let (Some(rate), Some(left)) =
            (number("replenish-rate").filter(|rate| *rate > 0.0), number("remaining"))
        else {
            return;
        };
        let most = number("burst-capacity").unwrap_or(rate).max(1.0);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Requests that are on their way are counted in ours and not yet in theirs.
        let left = all.get(call).map_or(left, |known| known.left.min(left)).max(-most);
        all.insert(call, Bucket { rate, most, left, seen: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rate: &str, burst: &str, left: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("gncp-gw-ratelimit-replenish-rate", rate.parse().unwrap());
        headers.insert("gncp-gw-ratelimit-burst-capacity", burst.parse().unwrap());
        headers.insert("gncp-gw-ratelimit-remaining", left.parse().unwrap());
        headers
    }

    #[test]
    fn an_empty_bucket_is_waited_for_and_a_full_one_is_not() {
        let buckets = Buckets::default();
        let now = Instant::now();
        assert_eq!(buckets.take("orders", now), Duration::ZERO, "nothing is known yet");
        buckets.read("orders", &said("2", "4", "1"), now);
        assert_eq!(buckets.take("orders", now), Duration::ZERO);
        assert_eq!(buckets.take("orders", now), Duration::from_millis(500));
        assert_eq!(buckets.take("orders", now), Duration::from_secs(1), "each waits behind the one before");
        assert_eq!(buckets.take("products", now), Duration::ZERO, "each call has its own");
        let later = now + Duration::from_secs(60);
        for _ in 0..4 {
            assert_eq!(buckets.take("orders", later), Duration::ZERO);
        }
        assert_eq!(buckets.take("orders", later), Duration::from_millis(500), "never more than the burst");
    }

    #[test]
    fn headers_that_make_no_sense_change_nothing() {
        let buckets = Buckets::default();
        let now = Instant::now();
        for (rate, burst, left) in [("0", "4", "1"), ("x", "4", "1"), ("-2", "4", "1"), ("inf", "1", "1")] {
            buckets.read("orders", &said(rate, burst, left), now);
            assert_eq!(buckets.take("orders", now), Duration::ZERO);
        }
    }
}
