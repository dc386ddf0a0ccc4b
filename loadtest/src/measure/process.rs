//! The server's process as the kernel accounts for it: CPU time and resident memory from `/proc`.
//!
//! Invariant: read-only, and `None` where the kernel does not tell (other systems, a process that ended); a missing
//! figure is never replaced by a guess. CPU time has the kernel's resolution of 10 ms.

use std::fs;
use std::net::SocketAddr;

/// Kernel clock ticks per second in `/proc/PID/stat`: fixed at 100 for user space on Linux.
const TICKS_PER_SECOND: f64 = 100.0;
/// The state of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// A running process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pid: u32,
}

/// What a process has used up to one moment.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// User and system CPU time since the start, in seconds.
    pub cpu_s: f64,
    /// Resident memory, in KiB.
    pub resident_kib: f64,
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

    /// CPU time and memory up to now.
    #[must_use]
    pub fn usage(self) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        Some(Usage {
            cpu_s: cpu_seconds(&stat)?,
            resident_kib: resident_kib(&status)?,
        })
    }
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

fn resident_kib(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read_field_by_field() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20";
        assert_eq!(cpu_seconds(stat), Some(1.75));
        assert_eq!(resident_kib("Name:\tx\nVmRSS:\t  2048 kB\n"), Some(2048.0));
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
}
