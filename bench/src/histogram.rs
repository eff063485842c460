//! A histogram of delays: fixed memory, a tenth of a millisecond apart, enough for what is promised in milliseconds.

/// Width of one bucket.
const BUCKET_US: u64 = 100;
/// Buckets: ten seconds; anything slower counts as ten seconds.
const BUCKETS: usize = 100_000;

/// Counts of delays.
pub(crate) struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

impl Histogram {
    /// An empty one.
    pub(crate) fn new() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0 }
    }

    /// Counts one delay.
    pub(crate) fn add(&mut self, us: u64) {
        let bucket = usize::try_from(us / BUCKET_US).unwrap_or(BUCKETS).min(BUCKETS - 1);
        self.counts[bucket] += 1;
        self.total += 1;
    }

    /// How many were counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The delay in milliseconds that a share of all stay under, 0.5 being the median.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted.max(1) {
                return (bucket as u64 + 1) as f64 * BUCKET_US as f64 / 1_000.0;
            }
        }
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_one_to_a_hundred_milliseconds() {
        let mut histogram = Histogram::new();
        for ms in 1..=100 {
            histogram.add(ms * 1_000 - 50);
        }
        assert_eq!(histogram.total(), 100);
        assert_eq!(histogram.quantile_ms(0.5), 50.0);
        assert_eq!(histogram.quantile_ms(0.99), 99.0);
        assert_eq!(histogram.quantile_ms(1.0), 100.0);
    }

    #[test]
    fn ten_seconds_is_the_end_of_the_scale() {
        let mut histogram = Histogram::new();
        histogram.add(u64::MAX);
        assert_eq!(histogram.quantile_ms(0.5), 10_000.0);
    }
}
