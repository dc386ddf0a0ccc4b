//! Boards on real `yrs` documents: keys, moves, what happens when people do things at the same time, random runs of
//! many replicas, hostile documents, and the file by which the TypeScript side is held to the same view.
//!
//! `WEFT_BOARD_ROUNDS` is the number of random rounds, `WEFT_SEED` where the random numbers begin. A failure prints the
//! seed of its round; with that seed and one round it happens again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod check;
mod conflicts;
mod exact;
mod forge;
mod hostile;
mod keys;
mod moved;
mod moves;
mod ops;
mod plans;
mod random;
mod refresh;
mod support;
mod vectors;
