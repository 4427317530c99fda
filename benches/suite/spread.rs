//! Many measurements of one thing, and how they are spread.

use std::time::Duration;

/// Sorted measurements, in microseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    pub(crate) fn of(measured: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = measured.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self(sorted)
    }

    pub(crate) fn of_durations(measured: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(measured.into_iter().map(|one| one.as_secs_f64() * 1e6))
    }

    /// The value that this part of all is not over, such as 0.99; in microseconds.
    pub(crate) fn at(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of few")]
        #[allow(clippy::cast_precision_loss, reason = "an index of few")]
        let index = (last as f64 * part).round() as usize;
        self.0.get(index).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.at(0.99)
    }

    pub(crate) fn worst(&self) -> f64 {
        self.at(1.0)
    }
}
