//! What a report says of the machine it was made on: figures without it mean nothing.
//!
//! Invariant: read-only, and "unknown" where the system does not tell.

use std::fs;

use serde::Serialize;

/// The machine and how busy it was.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Cores that this process may see.
    pub cores: usize,
    /// Memory in GiB.
    pub memory_gib: f64,
    /// The kernel's release.
    pub kernel: String,
    /// Mean number of processes that wanted to run during the last minute, before the run.
    pub load_before: f64,
    /// The same after the run.
    pub load_after: f64,
}

impl Machine {
    /// Looks at this machine now.
    #[must_use]
    pub fn look() -> Self {
        let unknown = || "unknown".to_owned();
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory_kib = after(&read("/proc/meminfo"), "MemTotal")
            .and_then(|size| size.split_whitespace().next()?.parse::<f64>().ok())
            .unwrap_or(0.0);
        let processors = read("/proc/cpuinfo");
        Self {
            processor: after(&processors, "model name").unwrap_or_else(unknown),
            cores: processors
                .lines()
                .filter(|line| line.starts_with("processor"))
                .count(),
            memory_gib: memory_kib / 1_048_576.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: load(),
            load_after: 0.0,
        }
    }

    /// Looks again at how busy it is, when the run is over.
    pub fn look_again(&mut self) {
        self.load_after = load();
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "{}, {} cores, {:.0} GiB, Linux {}; load average {:.1} before, {:.1} after",
            self.processor, self.cores, self.memory_gib, self.kernel, self.load_before, self.load_after
        )
    }
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_was_found() {
        let machine = Machine::look();
        assert!(machine.cores > 0 && machine.memory_gib > 0.0, "{machine:?}");
        assert!(machine.line().contains("cores"), "{}", machine.line());
    }
}
