//! Room for sockets: the number of files that the system lets this process open.
//!
//! Systems start processes with room for about a thousand and let them raise it themselves; a server that does not
//! runs out of sockets long before its own limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for everything that is no socket: databases, blob files, listeners, logs.
const BESIDE_SOCKETS: u64 = 256;

/// Raises the limit so that `sockets` fit, as far as the system allows, and logs when it does not.
pub fn make_room_for(sockets: usize) {
    let needed = (sockets as u64).saturating_add(BESIDE_SOCKETS);
    let limit = getrlimit(Resource::Nofile);
    // `None` is no limit.
    let Some(current) = limit.current.filter(|current| *current < needed) else {
        return;
    };
    let wanted = limit.maximum.map_or(needed, |maximum| needed.min(maximum));
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        },
    );
    let available = if raised.is_ok() { wanted } else { current };
    if available < needed {
        tracing::info!(
            available,
            needed,
            "the system allows fewer open files than limits.max_sockets needs"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_but_never_lowered() {
        let current = || getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let maximum = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        // Each test is a process of its own under nextest; under cargo test others only gain from more room.
        make_room_for(2_000);
        let raised = current();
        assert!(raised >= (2_000 + BESIDE_SOCKETS).min(maximum));
        make_room_for(1);
        assert_eq!(current(), raised);
    }
}
