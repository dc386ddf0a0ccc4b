//! Collects everything that is wrong with a configuration, so that one start shows all of it.
//!
//! Every message names the key and what is allowed. It never contains a value that could be a secret.

use std::ops::RangeInclusive;

use super::ConfigError;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Checks {
    problems: Vec<String>,
}

impl Checks {
    /// `value` of `key` must lie in `allowed`.
    pub(super) fn range(&mut self, key: &str, value: impl TryInto<u64>, allowed: RangeInclusive<u64>) {
        let value = value.try_into().unwrap_or(u64::MAX);
        if !allowed.contains(&value) {
            let (low, high) = allowed.into_inner();
            self.problems.push(format!(
                "{key} = {value} is out of range: it must be {low} to {high}"
            ));
        }
    }

    /// Adds `message` unless `holds`.
    pub(super) fn require(&mut self, holds: bool, message: impl FnOnce() -> String) {
        if !holds {
            self.problems.push(message());
        }
    }

    /// All problems as one error, if there are any.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Problems(self.problems))
        }
    }
}
