//! The bar on the terminal while a run goes on.
//!
//! Invariant: it is drawn on standard error only, and not at all where that is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, sleep_until};

/// Progress of one round against one target.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for one round, named by `title`.
    #[must_use]
    pub fn new(title: String) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(title);
        Self { bar }
    }

    /// Starts a phase of `steps` steps.
    pub fn phase(&self, name: &'static str, steps: u64) {
        self.bar.set_length(steps);
        self.bar.set_position(0);
        self.bar.set_message(name);
    }

    /// One more step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Waits for `duration`, showing the seconds that go by.
    pub async fn wait(&self, name: &'static str, duration: Duration) {
        self.phase(name, duration.as_secs());
        let start = Instant::now();
        let mut waited = Duration::ZERO;
        while waited < duration {
            waited = duration.min(waited + Duration::from_secs(1));
            sleep_until(start + waited).await;
            self.bar.set_position(waited.as_secs());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
