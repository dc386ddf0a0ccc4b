//! Work on whole boards: thousands of cards are read, written or tried out at once.
//!
//! It is done beside the threads that answer requests, and by a few at a time: what one of them holds in memory is some
//! hundred megabytes at most.

use tokio::sync::Semaphore;

use crate::http::Problem;

/// How many whole boards are worked on at a time; more wait.
const AT_A_TIME: usize = 4;

static TURNS: Semaphore = Semaphore::const_new(AT_A_TIME);

/// Does `work` when it is its turn.
///
/// # Errors
/// 500 if the work fails by itself.
pub(super) async fn heavy<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let turn = TURNS.acquire().await.map_err(|_| Problem::INTERNAL)?;
    let done = tokio::task::spawn_blocking(move || {
        // The turn is over when the work is, also if nobody waits for it any more.
        let _turn = turn;
        work()
    });
    done.await.map_err(|_| Problem::INTERNAL)
}
