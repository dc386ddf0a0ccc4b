//! Why the server ends a connection, and the code that says so.
//!
//! Invariant: y-websocket 3.1 and later never reconnect after a code from 4400 to 4499, so such a code stands only for
//! what does not pass by itself; everything that passes is 1xxx or 45xx. Reasons are stable: clients compare them.

/// Why the server ends a connection.
///
/// "Reconnects" is what y-websocket does by itself after 0.2 to 2.5 s, and Hocuspocus providers 3 and 4 after every
/// code after 1 to 30 s. "Stops" is what y-websocket 3.1 does; its older versions reconnect here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// 1012: the server restarts or shuts down. The client reconnects and finds everything it had saved.
    Restart,
    /// 1002: a frame could not be read. The client reconnects and syncs afresh.
    ProtocolError,
    /// 1003: a text frame came where only binary ones have a meaning. The client reconnects.
    TextFrame,
    /// 4401: no token, or one that does not hold. The client stops: the application has to get a new one.
    Unauthorized,
    /// 4403: a good token that does not open this document. The client stops.
    Forbidden,
    /// 4403: the right to this document, which there was, is taken away. The client stops.
    AccessRevoked,
    /// 4404: the name in the URL can never be a document's. The client stops.
    InvalidDocumentName,
    /// 4413: one message was above the limit; it would come again after every reconnect. The client stops.
    MessageTooLarge,
    /// 4413: the document would outgrow its limit; the edit would come again after every reconnect. The client stops.
    DocumentTooLarge,
    /// 1013: as many clients as the document may have. The client tries again until one leaves.
    DocumentFull,
    /// 1013: as many clients as the server may have. The client tries again until one leaves.
    ServerFull,
    /// 1013: as many sockets as one user may have. The client tries again until one closes.
    TooManySockets,
    /// 4508: no authentication in time. The client reconnects.
    AuthenticationTimeout,
    /// 4503: the document cannot be read or saved now. The client keeps its edits, reconnects and sends them again.
    StorageUnavailable,
    /// 4510: the document's stored bytes do not load, and it is locked until somebody repairs it. The client
    /// reconnects, so that it is back when the repair is done.
    DocumentQuarantined,
    /// 4400: an update broke the rules of [`crate::scan`]; it would come again. The client stops.
    HostileUpdate,
    /// 4514: no sign of life from the client. If it lives after all, it reconnects.
    Unresponsive,
    /// 4400: an update would nest types deeper than a document may; it would come again. The client stops.
    NestedTooDeep,
    /// 4409: what the client has is the document from before it was made anew (see [`crate::renewal`]); together they
    /// would be everything twice. The client stops: the application has to load the document into an empty one.
    DocumentRenewed,
    /// 1011: the server made a mistake. The client reconnects.
    InternalError,
}

impl CloseReason {
    /// Every reason, for tables and metrics.
    pub const ALL: [Self; 20] = [
        Self::Restart,
        Self::ProtocolError,
        Self::TextFrame,
        Self::Unauthorized,
        Self::Forbidden,
        Self::AccessRevoked,
        Self::InvalidDocumentName,
        Self::MessageTooLarge,
        Self::DocumentTooLarge,
        Self::DocumentFull,
        Self::ServerFull,
        Self::TooManySockets,
        Self::AuthenticationTimeout,
        Self::StorageUnavailable,
        Self::DocumentQuarantined,
        Self::HostileUpdate,
        Self::Unresponsive,
        Self::NestedTooDeep,
        Self::DocumentRenewed,
        Self::InternalError,
    ];

    /// The WebSocket close code.
    pub const fn code(self) -> u16 {
        match self {
            Self::ProtocolError => 1002,
            Self::TextFrame => 1003,
            Self::InternalError => 1011,
            Self::Restart => 1012,
            Self::DocumentFull | Self::ServerFull | Self::TooManySockets => 1013,
            Self::HostileUpdate | Self::NestedTooDeep => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden | Self::AccessRevoked => 4403,
            Self::InvalidDocumentName => 4404,
            Self::DocumentRenewed => 4409,
            Self::MessageTooLarge | Self::DocumentTooLarge => 4413,
            Self::StorageUnavailable => 4503,
            Self::AuthenticationTimeout => 4508,
            Self::DocumentQuarantined => 4510,
            Self::Unresponsive => 4514,
        }
    }

    /// The reason that goes with the code: short, stable, at most 123 bytes as WebSockets demand.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "server-restart",
            Self::ProtocolError => "malformed-message",
            Self::TextFrame => "text-frames-not-supported",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::AccessRevoked => "access-revoked",
            Self::InvalidDocumentName => "invalid-document-name",
            Self::MessageTooLarge => "message-too-large",
            Self::DocumentTooLarge => "document-too-large",
            Self::DocumentFull => "document-full",
            Self::ServerFull => "server-full",
            Self::TooManySockets => "too-many-sockets",
            Self::AuthenticationTimeout => "authentication-timeout",
            Self::StorageUnavailable => "storage-unavailable",
            Self::DocumentQuarantined => "document-quarantined",
            Self::HostileUpdate => "update-refused",
            Self::Unresponsive => "unresponsive",
            Self::NestedTooDeep => "nested-too-deep",
            Self::DocumentRenewed => "document-renewed",
            Self::InternalError => "internal-error",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Whether trying again later, with the same token and the same edits, can succeed.
    fn passes(reason: CloseReason) -> bool {
        match reason {
            CloseReason::Unauthorized
            | CloseReason::Forbidden
            | CloseReason::AccessRevoked
            | CloseReason::InvalidDocumentName
            | CloseReason::MessageTooLarge
            | CloseReason::DocumentTooLarge
            | CloseReason::HostileUpdate
            | CloseReason::NestedTooDeep
            | CloseReason::DocumentRenewed => false,
            CloseReason::Restart
            | CloseReason::ProtocolError
            | CloseReason::TextFrame
            | CloseReason::DocumentFull
            | CloseReason::ServerFull
            | CloseReason::TooManySockets
            | CloseReason::AuthenticationTimeout
            | CloseReason::StorageUnavailable
            | CloseReason::DocumentQuarantined
            | CloseReason::Unresponsive
            | CloseReason::InternalError => true,
        }
    }

    #[test]
    fn only_what_does_not_pass_stops_a_client_for_good() {
        for reason in CloseReason::ALL {
            let stops = (4400..=4499).contains(&reason.code());
            assert_eq!(stops, !passes(reason), "{reason:?}");
        }
    }

    #[test]
    fn codes_and_reasons_fit_a_close_frame() {
        let mut seen = HashSet::new();
        for reason in CloseReason::ALL {
            assert!(
                matches!(reason.code(), 1002 | 1003 | 1011..=1013 | 4000..=4999),
                "{reason:?}"
            );
            let text = reason.as_str();
            assert!(!text.is_empty() && text.len() <= 123);
            assert!(
                text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{text}"
            );
            assert!(seen.insert(text), "{text} stands for two reasons");
        }
    }
}
