//! Where a request comes from and whose it is, for whatever is written down while it is answered.
//!
//! It goes with the task that answers, so that what changes something need not hand it through every call. Invariant: only the outermost
//! layer of the REST API sets it; work without a request has none, and is the server's own doing. It decides nothing.

use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use uuid::Uuid;
use weft_storage::records::AuditOrigin;

tokio::task_local! {
    static ORIGIN: Arc<Origin>;
}

/// Who does something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The server itself.
    #[default]
    System,
    /// Somebody who has not shown who they are.
    Nobody,
    /// The owner of an account.
    User(Uuid),
    /// An application that acts for itself.
    Client(Uuid),
    /// Somebody for whom an application's backend vouches.
    Named,
}

impl Actor {
    /// As an entry has it.
    pub(super) fn parts(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::System => ("system", None),
            Self::Nobody => ("nobody", None),
            Self::User(id) => ("user", Some(id)),
            Self::Client(id) => ("client", Some(id)),
            Self::Named => ("named", None),
        }
    }
}

/// Where a request comes from, and whose it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// Whose it is.
    pub(crate) actor: Actor,
    /// The address that it came from.
    pub(crate) address: Option<IpAddr>,
    /// What its client says that it is.
    pub(crate) user_agent: Option<String>,
    /// Its id.
    pub(crate) request_id: Option<String>,
}

impl Origin {
    /// As entries have it.
    pub(super) fn into_stored(self) -> AuditOrigin {
        AuditOrigin {
            address: self.address.map(written),
            user_agent: self.user_agent,
            request_id: self.request_id,
        }
    }
}

/// Does something as part of a request.
pub(crate) async fn within<T>(origin: Origin, work: impl Future<Output = T>) -> T {
    ORIGIN.scope(Arc::new(origin), work).await
}

/// What is done now is part of this.
pub(super) fn current() -> Origin {
    ORIGIN
        .try_with(|origin| Origin::clone(origin))
        .unwrap_or_default()
}

/// An address, as limits see it: all of IPv4, and the half of IPv6 that stands for one person.
fn written(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            format!("{}/64", Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_no_more_than_limits_know() {
        let of = |text: &str| written(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }
}
