//! How documents live in memory and when their logs are folded.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::Checks;

/// The section `[rooms]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RoomsConfig {
    /// A document without connections leaves memory after so many seconds.
    pub idle_unload_seconds: u64,
    /// Log rows after which a snapshot is taken.
    pub compact_after_rows: u64,
    /// Log bytes after which a snapshot is taken.
    pub compact_after_bytes: u64,
    /// Messages that may wait for one document.
    pub mailbox_messages: usize,
    /// The longest that a document rests after it has sent something to many, in milliseconds.
    pub longest_rest_ms: u64,
    /// How long a save for which nobody waits may wait for others, in milliseconds.
    pub gather_saves_ms: u64,
    /// A board that has outgrown what it shows is made anew when it is opened after so many seconds without an edit.
    pub renew_boards_after_seconds: u64,
}

impl RoomsConfig {
    /// [`Self::idle_unload_seconds`].
    pub fn idle_unload(&self) -> Duration {
        Duration::from_secs(self.idle_unload_seconds)
    }

    /// [`Self::longest_rest_ms`].
    pub fn longest_rest(&self) -> Duration {
        Duration::from_millis(self.longest_rest_ms)
    }

    /// [`Self::gather_saves_ms`].
    pub fn gather_saves(&self) -> Duration {
        Duration::from_millis(self.gather_saves_ms)
    }

    /// [`Self::renew_boards_after_seconds`].
    pub fn renew_boards_after(&self) -> Duration {
        Duration::from_secs(self.renew_boards_after_seconds)
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        checks.range("rooms.idle_unload_seconds", self.idle_unload_seconds, 0..=86_400);
        checks.range("rooms.compact_after_rows", self.compact_after_rows, 1..=1_000_000);
        checks.range(
            "rooms.compact_after_bytes",
            self.compact_after_bytes,
            1_024..=1_073_741_824,
        );
        checks.range("rooms.mailbox_messages", self.mailbox_messages, 1..=65_536);
        checks.range("rooms.longest_rest_ms", self.longest_rest_ms, 0..=1_000);
        checks.range("rooms.gather_saves_ms", self.gather_saves_ms, 0..=1_000);
        checks.range(
            "rooms.renew_boards_after_seconds",
            self.renew_boards_after_seconds,
            0..=3_153_600_000,
        );
    }
}
