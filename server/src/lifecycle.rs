//! Starting, stopping and failing: signals, tracked tasks, and what the process answers to them.
//!
//! A stop has two steps. *Soft*: take nothing new, finish and store what is there. *Hard*: drop everything. A task
//! that panics, or a pillar of the process that ends by itself, stops the process softly with an error code: a
//! supervisor can restart a process that is gone, not one that limps.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// After a hard stop, tasks have so long to notice before the process ends without them.
const HARD_STOP_PATIENCE: Duration = Duration::from_secs(2);

/// The life of the process, shared by everything that runs in it. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    failure: Arc<OnceLock<String>>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Lifecycle {
    /// A life that has just begun.
    pub fn new() -> Self {
        let soft = CancellationToken::new();
        let hard = CancellationToken::new();
        Self {
            soft,
            hard,
            tracker: TaskTracker::new(),
            failure: Arc::default(),
        }
    }

    /// Cancelled when the process shall take nothing new and finish.
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when there is no more time to finish. Comes after [`Self::soft`], never before.
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Tracks what must have ended before the process does.
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Runs a pillar of the process: if it panics, or ends before a stop, the process stops with an error.
    pub fn spawn_pillar<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let life = self.clone();
        self.tracker.spawn(async move {
            match AssertUnwindSafe(task).catch_unwind().await {
                Ok(()) if life.soft.is_cancelled() => {}
                Ok(()) => life.fail(format!("{name} ended unexpectedly")),
                Err(_) => life.fail(format!("{name} crashed")),
            }
        });
    }

    /// Runs a task that may end whenever it likes; if it panics, the process stops with an error.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let life = self.clone();
        self.tracker.spawn(async move {
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                life.fail(format!("{name} crashed"));
            }
        });
    }

    /// Stops the process softly with an error code. The first reason is kept.
    pub fn fail(&self, reason: String) {
        tracing::error!(reason, "stopping because of a failure");
        let _ = self.failure.set(reason);
        self.soft.cancel();
    }

    /// Waits for a signal or a failure, then for everything tracked to end: `patience` softly (a second signal ends
    /// it), then a moment after a hard stop. Returns the code for the system: failure if something crashed or had to
    /// be cut off.
    pub async fn run(&self, mut signals: Signals, patience: Duration) -> ExitCode {
        tokio::select! {
            name = signals.next() => tracing::info!(signal = name, "stopping"),
            () = self.soft.cancelled() => {}
        }
        self.soft.cancel();
        self.tracker.close();
        let ended_softly = tokio::select! {
            () = self.tracker.wait() => true,
            () = tokio::time::sleep(patience) => {
                tracing::error!(tasks = self.tracker.len(), "stopping took too long, cutting off what is left");
                false
            }
            name = signals.next() => {
                tracing::warn!(signal = name, tasks = self.tracker.len(), "second signal, cutting off what is left");
                false
            }
        };
        self.hard.cancel();
        if !ended_softly
            && tokio::time::timeout(HARD_STOP_PATIENCE, self.tracker.wait())
                .await
                .is_err()
        {
            tracing::error!(tasks = self.tracker.len(), "tasks did not end");
        }
        let well = ended_softly && self.failure.get().is_none();
        tracing::info!(well, "stopped");
        if well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// The signals that stop the process. To be had before the server says that it is ready: a signal that comes earlier
/// ends the process at once, without the steps of a stop.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over from the system.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn install() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // `ExitCode` cannot be compared, but its text can.
    async fn ending(life: &Lifecycle, patience: Duration) -> bool {
        let running = life.run(Signals::install().unwrap(), patience);
        let code = tokio::time::timeout(Duration::from_secs(10), running)
            .await
            .expect("it ends");
        format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
    }

    #[tokio::test]
    async fn tasks_that_finish_after_the_soft_stop_end_well() {
        let life = Lifecycle::new();
        let soft = life.soft().clone();
        life.spawn_pillar("pillar", async move { soft.cancelled().await });
        life.spawn("short", async {});
        life.soft().cancel();
        assert!(ending(&life, Duration::from_secs(5)).await);
        assert!(life.hard().is_cancelled());
    }

    #[tokio::test]
    async fn a_crash_stops_the_process_with_an_error() {
        let life = Lifecycle::new();
        life.spawn("crashing", async { panic!("on purpose") });
        assert!(!ending(&life, Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn a_pillar_that_ends_by_itself_is_a_failure() {
        let life = Lifecycle::new();
        life.spawn_pillar("pillar", async {});
        assert!(!ending(&life, Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn what_does_not_finish_is_cut_off() {
        let life = Lifecycle::new();
        let hard = life.hard().clone();
        life.spawn("slow", async move { hard.cancelled().await });
        life.spawn("deaf", std::future::pending());
        life.soft().cancel();
        assert!(!ending(&life, Duration::from_millis(20)).await);
        assert_eq!(life.tracker().len(), 1);
    }
}
