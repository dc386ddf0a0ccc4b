//! Why a request to elsewhere gave no answer.

/// What went wrong. None of it repeats the address: it may carry secrets.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// It is no address that could be asked: not http or https, with a user, or without a host.
    #[error("this is not an address that can be asked")]
    Address,
    /// Plain http is only for networks that the operator named.
    #[error("only https addresses are asked")]
    NotEncrypted,
    /// The name is unknown.
    #[error("the name of the host cannot be resolved")]
    Unresolved,
    /// The host is inside of a network that must not be reached.
    #[error("this address must not be reached")]
    Forbidden,
    /// Nobody answered the connection.
    #[error("no connection: {0}")]
    Connect(std::io::Error),
    /// The certificate or the handshake is no good.
    #[error("no encrypted connection: {0}")]
    Tls(std::io::Error),
    /// What came is no HTTP, or it ended in the middle.
    #[error("the exchange failed: {0}")]
    Http(#[from] hyper::Error),
    /// The request cannot be put together.
    #[error("the request is malformed: {0}")]
    Request(#[from] hyper::http::Error),
    /// It took too long, as a whole.
    #[error("the answer took too long")]
    Timeout,
    /// The answer is larger than allowed, and all of it was needed.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer has a status that says no.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The answer is not the JSON that was expected.
    #[error("the answer is not the JSON that was expected")]
    Json,
}
