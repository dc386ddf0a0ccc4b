//! The server's process as the kernel accounts for it: CPU time, memory, threads and open files from `/proc`.
//!
//! A server may be several processes: whatever a process has started and still runs counts with it.
//! Invariant: read-only (apart from starting the kernel's own peak anew), and `None` where the kernel does not tell
//! (other systems, a process that ended); a missing figure is never replaced by a guess. CPU time has the kernel's
//! resolution of 10 ms.

use std::fs;
use std::net::SocketAddr;

use serde::Serialize;

/// Kernel clock ticks per second in `/proc/PID/stat`: fixed at 100 for user space on Linux.
const TICKS_PER_SECOND: f64 = 100.0;
/// The state of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";
/// Written to `/proc/PID/clear_refs`, this starts the peak of resident memory anew.
const START_PEAK_ANEW: &str = "5";

/// A running process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pid: u32,
}

/// What a process has used up to one moment, together with those it started.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Usage {
    /// User and system CPU time since the start, in seconds.
    pub cpu_s: f64,
    /// Resident memory, in KiB.
    pub resident_kib: f64,
    /// The most resident memory since the start or since the peak was started anew, in KiB.
    pub peak_kib: f64,
    /// Threads.
    pub threads: f64,
    /// Open files and sockets.
    pub descriptors: f64,
}

impl Process {
    /// The process with the id `pid`.
    #[must_use]
    pub fn of_pid(pid: u32) -> Self {
        Self { pid }
    }

    /// This process itself: the load generator.
    #[must_use]
    pub fn own() -> Self {
        Self {
            pid: std::process::id(),
        }
    }

    /// The process that listens on the port of `address`, if this user may see it.
    #[must_use]
    pub fn listening_on(address: SocketAddr) -> Option<Self> {
        let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .find_map(|table| listening_inode(&fs::read_to_string(table).ok()?, address.port()))?;
        let link = format!("socket:[{inode}]");
        fs::read_dir("/proc")
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .find(|pid| holds_descriptor(*pid, &link))
            .map(Self::of_pid)
    }

    /// What it and its children have used up to now.
    #[must_use]
    pub fn usage(self) -> Option<Usage> {
        let mut sum = usage_of_one(self.pid)?;
        for child in descendants(self.pid) {
            // One that ended a moment ago no longer counts.
            let Some(usage) = usage_of_one(child) else {
                continue;
            };
            sum.cpu_s += usage.cpu_s;
            sum.resident_kib += usage.resident_kib;
            sum.peak_kib += usage.peak_kib;
            sum.threads += usage.threads;
            sum.descriptors += usage.descriptors;
        }
        Some(sum)
    }

    /// Lets the kernel look for the peak of resident memory from now on; where it cannot, the peak is that since the start.
    pub fn start_peak_anew(self) {
        for pid in std::iter::once(self.pid).chain(descendants(self.pid)) {
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), START_PEAK_ANEW);
        }
    }
}

fn usage_of_one(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    Some(Usage {
        cpu_s: cpu_seconds(&stat)?,
        resident_kib: number_after(&status, "VmRSS:")?,
        peak_kib: number_after(&status, "VmHWM:")?,
        threads: number_after(&status, "Threads:")?,
        descriptors: descriptors.count() as f64,
    })
}

/// All processes that `pid` and its children started and that still run.
fn descendants(pid: u32) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut next = vec![pid];
    while let Some(parent) = next.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else {
            continue;
        };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let children: Vec<u32> = children
                .split_whitespace()
                .filter_map(|child| child.parse().ok())
                .collect();
            found.extend(&children);
            next.extend(&children);
        }
    }
    found
}

fn holds_descriptor(pid: u32, link: &str) -> bool {
    fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|descriptors| {
        descriptors
            .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
            .any(|path| path.as_os_str() == link)
    })
}

/// The inode of the socket that listens on `port`, from a table like `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let local = fields.nth(1)?;
        let state = fields.nth(1)?;
        let (_, local_port) = local.rsplit_once(':')?;
        let matches = state == LISTEN && u16::from_str_radix(local_port, 16) == Ok(port);
        matches.then(|| fields.nth(5).map(str::to_owned))?
    })
}

/// utime + stime of a `/proc/PID/stat` line; the command name in brackets may hold spaces and brackets.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

/// The number in the line of `/proc/PID/status` that begins with `name`.
fn number_after(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read_field_by_field() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20";
        assert_eq!(cpu_seconds(stat), Some(1.75));
        let status = "Name:\tx\nVmHWM:\t 4096 kB\nVmRSS:\t  2048 kB\nThreads:\t3\n";
        assert_eq!(number_after(status, "VmRSS:"), Some(2048.0));
        assert_eq!(number_after(status, "VmHWM:"), Some(4096.0));
        assert_eq!(number_after(status, "Threads:"), Some(3.0));
        assert_eq!(number_after(status, "VmSwap:"), None);
        let table = "  sl  local_address rem_address   st tx rx tr tm retr uid timeout inode\n\
            0: 0100007F:1F90 00000000:0000 01 0:0 00:00 0 0 0 11 1\n\
            1: 0100007F:1F90 00000000:0000 0A 0:0 00:00 0 0 0 77 1\n";
        assert_eq!(listening_inode(table, 8080), Some("77".to_owned()));
        assert_eq!(listening_inode(table, 8081), None);
    }

    #[test]
    fn a_listener_of_this_process_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let found = Process::listening_on(address).expect("this process listens");
        assert_eq!(found.pid, std::process::id());
        assert!(found.usage().expect("it runs").resident_kib > 0.0);
    }

    /// CPU that is burnt is counted, that of a child with it, and sleeping costs nothing.
    #[test]
    fn cpu_time_is_that_of_the_whole_family() {
        let burn = |what: &str| {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", what]).spawn().expect("there is a shell")
        };
        // A child of a child: the outer shell only waits.
        let mut busy = burn("sh -c 'while :; do :; done'; :");
        let mut lazy = burn("sleep 60; :");
        let busy_usage = Process::of_pid(busy.id());
        let spent = (0..600).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            busy_usage
                .usage()
                .map(|usage| usage.cpu_s)
                .filter(|cpu_s| *cpu_s >= 0.2)
        });
        let idle = Process::of_pid(lazy.id()).usage().expect("it runs");
        for pid in descendants(busy.id()).into_iter().chain(descendants(lazy.id())) {
            let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            let _ = rustix::process::kill_process(
                pid.expect("an id of a process"),
                rustix::process::Signal::KILL,
            );
        }
        for child in [&mut busy, &mut lazy] {
            let _ = child.kill();
            child.wait().expect("it ends");
        }
        assert!(spent.is_some(), "a busy child was not counted");
        assert!(idle.cpu_s < 0.1, "sleeping cost {} s", idle.cpu_s);
        assert!(
            busy_usage.usage().is_none(),
            "a process that ended has no figures"
        );
    }

    #[test]
    fn the_peak_is_that_since_it_was_started_anew() {
        let own = Process::own();
        let usage = || own.usage().expect("it runs");
        own.start_peak_anew();
        let before = usage().peak_kib;
        let block = vec![1_u8; 64 << 20];
        assert!(block.iter().map(|byte| u64::from(*byte)).sum::<u64>() > 0);
        drop(block);
        let peak = usage().peak_kib;
        assert!(peak >= before + 60_000.0, "{before} KiB, then {peak} KiB");
    }
}
