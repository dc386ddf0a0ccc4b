//! The server on one core, the load on another, so that neither takes the other's time.
//!
//! Invariant: a process keeps the cores it was started on; only the load generator itself is ever moved. It must never
//! pin silently: a core that is not there is an error.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which core serves and which one loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinning {
    /// The core of every server that is started.
    pub server: usize,
    /// The core of the load generator.
    pub load: usize,
}

/// Why cores could not be given out.
#[derive(Debug, thiserror::Error)]
pub enum PinningError {
    /// Not `SERVER,LOAD`.
    #[error("`{0}` is not SERVER,LOAD: two numbers of cores, as in 0,1")]
    Syntax(String),
    /// This process may not use that core.
    #[error("core {0} is not among those that this process may use")]
    NoSuchCore(usize),
    /// The system refused.
    #[error("cannot choose a core: {0}")]
    System(#[from] rustix::io::Errno),
}

impl std::str::FromStr for Pinning {
    type Err = PinningError;

    fn from_str(text: &str) -> Result<Self, PinningError> {
        let syntax = || PinningError::Syntax(text.to_owned());
        let (server, load) = text.split_once(',').ok_or_else(syntax)?;
        let core = |number: &str| number.trim().parse().map_err(|_| syntax());
        Ok(Self {
            server: core(server)?,
            load: core(load)?,
        })
    }
}

/// Checks that both cores may be used, and moves this thread to the load's; threads made later follow.
///
/// # Errors
/// If one of them is not there, or the system refuses.
pub fn take_places(pinning: Pinning) -> Result<(), PinningError> {
    let allowed = sched_getaffinity(None)?;
    for core in [pinning.server, pinning.load] {
        if core >= CpuSet::MAX_CPU || !allowed.is_set(core) {
            return Err(PinningError::NoSuchCore(core));
        }
    }
    move_to(pinning.load)
}

/// Does something, such as starting a process, with this thread on `core`: what is started stays there.
///
/// # Errors
/// If the system refuses.
pub fn started_on<T>(core: usize, start: impl FnOnce() -> T) -> Result<T, PinningError> {
    let before = sched_getaffinity(None)?;
    move_to(core)?;
    let started = start();
    sched_setaffinity(None, &before)?;
    Ok(started)
}

fn move_to(core: usize) -> Result<(), PinningError> {
    let mut only = CpuSet::new();
    only.set(core);
    Ok(sched_setaffinity(None, &only)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_are_two_cores_and_nothing_else_is() {
        let pinning: Pinning = "0,3".parse().expect("two numbers");
        assert_eq!(pinning, Pinning { server: 0, load: 3 });
        for nonsense in ["", "0", "0,", "a,b", "0;1", "-1,0"] {
            assert!(nonsense.parse::<Pinning>().is_err(), "{nonsense}");
        }
    }

    #[test]
    fn what_is_started_on_a_core_stays_there_and_the_starter_does_not() {
        let before = sched_getaffinity(None).expect("it runs somewhere");
        let core = (0..CpuSet::MAX_CPU)
            .find(|core| before.is_set(*core))
            .expect("there is a core");
        let within = started_on(core, || sched_getaffinity(None).expect("it runs somewhere"));
        let within = within.expect("the system allows it");
        assert!(within.is_set(core) && within.count() == 1);
        assert!(sched_getaffinity(None).expect("it runs somewhere") == before);
        let absent = Pinning {
            server: core,
            load: CpuSet::MAX_CPU,
        };
        assert!(matches!(take_places(absent), Err(PinningError::NoSuchCore(_))));
    }
}
