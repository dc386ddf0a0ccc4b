//! Room for connections: the number of files that the system lets this process, and the servers it starts, open.
//!
//! Invariant: the limit is only ever raised. A run that cannot fit says so before it starts; half a swarm measures
//! nothing.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for everything that is no connection: files, pipes, what a server's database needs.
const BESIDE_CONNECTIONS: u64 = 256;

/// There is no room for as many connections.
#[derive(Debug, thiserror::Error)]
#[error(
    "{connections} connections need {needed} open files, and the system allows {allowed}: ask for at most {fitting} \
     connections, or raise the hard limit (`ulimit -Hn`, as root)"
)]
pub struct NoRoom {
    connections: u64,
    needed: u64,
    allowed: u64,
    fitting: u64,
}

/// Raises the limit so that `connections` fit; what is started later inherits it.
///
/// # Errors
/// If the system does not allow so many.
pub fn make_room_for(connections: usize) -> Result<(), NoRoom> {
    let connections = connections as u64;
    let needed = connections.saturating_add(BESIDE_CONNECTIONS);
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else {
        return Ok(());
    };
    // As much as there is: a server may need more than the load.
    let wanted = limit.maximum.unwrap_or(needed.max(current));
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    let allowed = if current < wanted && setrlimit(Resource::Nofile, raised).is_ok() {
        wanted
    } else {
        current
    };
    if allowed < needed {
        return Err(NoRoom {
            connections,
            needed,
            allowed,
            fitting: allowed.saturating_sub(BESIDE_CONNECTIONS),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_the_number_that_would() {
        assert!(make_room_for(1).is_ok());
        let Some(hard) = getrlimit(Resource::Nofile).maximum else {
            return;
        };
        let refused = make_room_for(usize::try_from(hard).expect("a limit of this machine"));
        let text = refused.expect_err("more than there is").to_string();
        assert!(
            text.contains(&format!("at most {}", hard - BESIDE_CONNECTIONS)),
            "{text}"
        );
    }
}
