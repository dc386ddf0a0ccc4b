//! Whether something grows: a straight line through samples, and how sure its slope is.
//!
//! Invariant: least squares with the slope's standard error, so that noise is not called growth. It must never judge
//! from fewer than three samples.

/// Standard errors on each side of a slope between which the true one lies, 99 times of 100 for many samples.
const SURE: f64 = 2.6;
/// Fewer samples say nothing.
const LEAST_SAMPLES: usize = 3;

/// A line through samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The mean of the samples.
    pub mean: f64,
    /// Change per second.
    pub slope: f64,
    /// The standard error of the slope.
    pub error: f64,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Not more than may be, or not surely.
    None,
    /// It grows, by more than chance explains and more than may be.
    Grows,
    /// Too few samples.
    Unknown,
}

impl Line {
    /// The line of least squares through `(seconds, value)`; `None` for fewer than three moments.
    #[must_use]
    pub fn through(samples: &[(f64, f64)]) -> Option<Self> {
        if samples.len() < LEAST_SAMPLES {
            return None;
        }
        let count = samples.len() as f64;
        let mean_x = samples.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean = samples.iter().map(|(_, y)| y).sum::<f64>() / count;
        let spread: f64 = samples.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        if spread <= 0.0 {
            return None;
        }
        let along: f64 = samples.iter().map(|(x, y)| (x - mean_x) * (y - mean)).sum();
        let slope = along / spread;
        let rest: f64 = samples
            .iter()
            .map(|(x, y)| (y - mean - slope * (x - mean_x)).powi(2))
            .sum();
        let error = (rest / (count - 2.0).max(1.0) / spread).sqrt();
        Some(Self { mean, slope, error })
    }

    /// Change per hour.
    #[must_use]
    pub fn per_hour(&self) -> f64 {
        self.slope * 3_600.0
    }
}

/// Whether samples surely grow by more than `allowed_per_hour`.
#[must_use]
pub fn growth(samples: &[(f64, f64)], allowed_per_hour: f64) -> Growth {
    match Line::through(samples) {
        None => Growth::Unknown,
        Some(line) if (line.slope - SURE * line.error) * 3_600.0 > allowed_per_hour => Growth::Grows,
        Some(_) => Growth::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// An hour of samples, one each 10 s, around a line, each off by up to `noise`.
    fn hour(slope: f64, noise: f64) -> Vec<(f64, f64)> {
        let mut random = StdRng::seed_from_u64(1);
        (0..360)
            .map(|index| f64::from(index) * 10.0)
            .map(|x| (x, 100.0 + slope * x + random.random_range(-noise..=noise)))
            .collect()
    }

    #[test]
    fn the_line_is_that_of_least_squares() {
        let line = Line::through(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]).expect("three samples");
        assert!((line.slope - 2.0).abs() < 1e-9 && line.error < 1e-9 && (line.mean - 3.0).abs() < 1e-9);
        let line = Line::through(&[(0.0, 0.0), (1.0, 2.0), (2.0, 1.0)]).expect("three samples");
        assert!((line.slope - 0.5).abs() < 1e-9 && (line.error - 0.866).abs() < 0.001);
        assert_eq!(Line::through(&[(0.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(Line::through(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), None);
    }

    #[test]
    fn noise_is_no_growth_and_growth_is_found_in_noise() {
        assert_eq!(growth(&hour(0.0, 20.0), 0.0), Growth::None);
        assert_eq!(growth(&hour(0.01, 20.0), 10.0), Growth::Grows, "36 per hour");
        assert_eq!(growth(&hour(0.01, 20.0), 40.0), Growth::None, "less than may be");
        assert_eq!(growth(&hour(-0.01, 1.0), 0.0), Growth::None, "it shrinks");
        assert_eq!(growth(&hour(0.01, 1.0)[..2], 0.0), Growth::Unknown);
    }
}
