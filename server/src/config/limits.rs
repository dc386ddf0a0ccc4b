//! Bounds on everything that a client can make grow.
//!
//! The defaults and their reasons are in `default.toml`; the checks here keep combinations possible, such as a burst
//! that holds at least one message of the largest size.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::Checks;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// The section `[limits]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Largest message from a client, in bytes.
    pub max_message_bytes: usize,
    /// Largest document, in bytes of its encoded state.
    pub max_document_bytes: usize,
    /// Largest file that is attached to a document, in bytes.
    pub max_attachment_bytes: u64,
    /// What the attachments of one workspace may take together, in bytes.
    pub max_workspace_attachment_bytes: u64,
    /// How long the upload of a file may take, in seconds.
    pub upload_seconds: u64,
    /// Most bytes of one document's edits that wait for missing ones.
    pub max_pending_bytes: usize,
    /// Connections to one document.
    pub max_clients_per_document: usize,
    /// Documents over one socket.
    pub max_documents_per_socket: usize,
    /// Open sockets altogether.
    pub max_sockets: usize,
    /// Open sockets of one account.
    pub max_sockets_per_user: usize,
    /// Open WebSockets from one address that is not this machine's.
    pub max_sockets_per_address: usize,
    /// Sockets without a valid token yet.
    pub max_unauthenticated_sockets: usize,
    /// How long a socket may stay without a valid token, in seconds.
    pub authentication_timeout_seconds: u64,
    /// How long the head of a request may take, in seconds.
    pub header_timeout_seconds: u64,
    /// Largest head of a request, in bytes.
    pub max_header_bytes: usize,
    /// Messages per second from one connection.
    pub messages_per_second: u64,
    /// Messages at once from a connection that was quiet.
    pub messages_burst: u64,
    /// Bytes per second from one connection.
    pub bytes_per_second: u64,
    /// Bytes at once from a connection that was quiet.
    pub bytes_burst: u64,
    /// Largest presence state, in bytes.
    pub max_awareness_state_bytes: usize,
    /// Presence entries one connection may own in one document.
    pub max_awareness_clients_per_connection: usize,
    /// Bytes that may wait for one connection before they become one difference.
    pub outbox_bytes: usize,
    /// Silence towards a client after which it is sent an empty message, in seconds.
    pub keep_alive_seconds: u64,
    /// Time between pings, in seconds.
    pub ping_seconds: u64,
    /// Silence of a client after which it is closed, in seconds.
    pub unresponsive_seconds: u64,
    /// Depth of types in a document.
    pub max_nesting: usize,
    /// Messages kept while a token is checked.
    pub max_queued_messages_before_authentication: usize,
    /// Bytes kept while a token is checked.
    pub max_queued_bytes_before_authentication: usize,
    /// How long an edit may wait for storage, in seconds.
    pub storage_patience_seconds: u64,
    /// How long stopping may take, in seconds.
    pub shutdown_seconds: u64,
}

impl LimitsConfig {
    /// [`Self::authentication_timeout_seconds`].
    pub fn authentication_timeout(&self) -> Duration {
        Duration::from_secs(self.authentication_timeout_seconds)
    }

    /// [`Self::header_timeout_seconds`].
    pub fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_seconds)
    }

    /// [`Self::keep_alive_seconds`].
    pub fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_seconds)
    }

    /// [`Self::ping_seconds`].
    pub fn ping(&self) -> Duration {
        Duration::from_secs(self.ping_seconds)
    }

    /// [`Self::unresponsive_seconds`].
    pub fn unresponsive(&self) -> Duration {
        Duration::from_secs(self.unresponsive_seconds)
    }

    /// [`Self::storage_patience_seconds`].
    pub fn storage_patience(&self) -> Duration {
        Duration::from_secs(self.storage_patience_seconds)
    }

    /// [`Self::upload_seconds`].
    pub fn upload(&self) -> Duration {
        Duration::from_secs(self.upload_seconds)
    }

    /// [`Self::shutdown_seconds`].
    pub fn shutdown(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        self.check_sizes(checks);
        self.check_counts(checks);
        self.check_times(checks);
        self.check_combinations(checks);
    }

    fn check_sizes(&self, checks: &mut Checks) {
        checks.range("limits.max_message_bytes", self.max_message_bytes, 4 * KIB..=GIB);
        checks.range(
            "limits.max_document_bytes",
            self.max_document_bytes,
            4 * KIB..=GIB,
        );
        checks.range(
            "limits.max_attachment_bytes",
            self.max_attachment_bytes,
            KIB..=64 * GIB,
        );
        checks.range(
            "limits.max_workspace_attachment_bytes",
            self.max_workspace_attachment_bytes,
            KIB..=KIB * KIB * GIB,
        );
        checks.range("limits.max_pending_bytes", self.max_pending_bytes, KIB..=GIB);
        // The HTTP library cannot work with less than 8 KiB.
        checks.range("limits.max_header_bytes", self.max_header_bytes, 8 * KIB..=MIB);
        checks.range("limits.bytes_per_second", self.bytes_per_second, KIB..=64 * GIB);
        checks.range("limits.bytes_burst", self.bytes_burst, KIB..=64 * GIB);
        checks.range(
            "limits.max_awareness_state_bytes",
            self.max_awareness_state_bytes,
            64..=16 * MIB,
        );
        checks.range("limits.outbox_bytes", self.outbox_bytes, KIB..=GIB);
        checks.range(
            "limits.max_queued_bytes_before_authentication",
            self.max_queued_bytes_before_authentication,
            KIB..=GIB,
        );
    }

    fn check_counts(&self, checks: &mut Checks) {
        checks.range(
            "limits.max_clients_per_document",
            self.max_clients_per_document,
            1..=1_000_000,
        );
        checks.range(
            "limits.max_documents_per_socket",
            self.max_documents_per_socket,
            1..=10_000,
        );
        checks.range("limits.max_sockets", self.max_sockets, 1..=1_000_000);
        checks.range(
            "limits.max_sockets_per_user",
            self.max_sockets_per_user,
            1..=1_000_000,
        );
        checks.range(
            "limits.max_sockets_per_address",
            self.max_sockets_per_address,
            1..=1_000_000,
        );
        checks.range(
            "limits.max_unauthenticated_sockets",
            self.max_unauthenticated_sockets,
            1..=1_000_000,
        );
        checks.range(
            "limits.messages_per_second",
            self.messages_per_second,
            1..=1_000_000_000,
        );
        checks.range("limits.messages_burst", self.messages_burst, 1..=1_000_000_000);
        checks.range(
            "limits.max_awareness_clients_per_connection",
            self.max_awareness_clients_per_connection,
            1..=10_000,
        );
        // Deeper ones would exhaust the stack of the thread that walks them.
        checks.range("limits.max_nesting", self.max_nesting, 1..=500);
        checks.range(
            "limits.max_queued_messages_before_authentication",
            self.max_queued_messages_before_authentication,
            3..=1_000_000,
        );
    }

    fn check_times(&self, checks: &mut Checks) {
        checks.range(
            "limits.authentication_timeout_seconds",
            self.authentication_timeout_seconds,
            1..=600,
        );
        checks.range(
            "limits.header_timeout_seconds",
            self.header_timeout_seconds,
            1..=600,
        );
        checks.range("limits.upload_seconds", self.upload_seconds, 1..=86_400);
        // Clients leave after 30 seconds of silence.
        checks.range("limits.keep_alive_seconds", self.keep_alive_seconds, 1..=25);
        checks.range("limits.ping_seconds", self.ping_seconds, 1..=3_600);
        checks.range(
            "limits.unresponsive_seconds",
            self.unresponsive_seconds,
            2..=7_200,
        );
        checks.range(
            "limits.storage_patience_seconds",
            self.storage_patience_seconds,
            1..=600,
        );
        checks.range("limits.shutdown_seconds", self.shutdown_seconds, 1..=600);
    }

    fn check_combinations(&self, checks: &mut Checks) {
        checks.require(self.bytes_burst >= self.max_message_bytes as u64, || {
            format!(
                "limits.bytes_burst = {} must be at least limits.max_message_bytes = {}, or the largest message could \
                 never be read",
                self.bytes_burst, self.max_message_bytes
            )
        });
        checks.require(self.messages_burst >= self.messages_per_second, || {
            format!(
                "limits.messages_burst = {} must be at least limits.messages_per_second = {}",
                self.messages_burst, self.messages_per_second
            )
        });
        checks.require(self.bytes_burst >= self.bytes_per_second, || {
            format!(
                "limits.bytes_burst = {} must be at least limits.bytes_per_second = {}",
                self.bytes_burst, self.bytes_per_second
            )
        });
        checks.require(self.unresponsive_seconds > self.ping_seconds, || {
            format!(
                "limits.unresponsive_seconds = {} must be more than limits.ping_seconds = {}, or sockets would be \
                 closed before they could answer",
                self.unresponsive_seconds, self.ping_seconds
            )
        });
        checks.require(self.max_awareness_state_bytes <= self.max_message_bytes, || {
            "limits.max_awareness_state_bytes must not be more than limits.max_message_bytes".to_owned()
        });
    }
}
