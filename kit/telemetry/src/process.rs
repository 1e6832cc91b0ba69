//! What the operating system says about this process, under the names that Prometheus gave these things.

use std::time::Duration;

use gantry_kernel::{Kernel, Timestamp};

use crate::{Family, Kind, Source, Value};

/// Memory, processor time and open files of this process. On another system than Linux it tells only since when it runs.
pub struct Process {
    kernel: Kernel,
    started: Timestamp,
    began: Duration,
}

/// What the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Usage {
    resident_bytes: u64,
    virtual_bytes: u64,
    cpu_seconds: f64,
    threads: u64,
    open_files: u64,
    max_files: Option<u64>,
}

impl Process {
    /// Of a process that starts now.
    pub fn starting(kernel: &Kernel) -> Self {
        Self {
            started: kernel.now(),
            began: kernel.clock.monotonic(),
            kernel: kernel.clone(),
        }
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process")
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

impl Source for Process {
    fn families(&self) -> Vec<Family> {
        let up = self.kernel.clock.monotonic().saturating_sub(self.began);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a second more or less in thousands of years"
        )]
        let started = self.started.as_micros() as f64 / 1e6;
        let mut all = vec![
            Family::gauge(
                "process_start_time_seconds",
                "When the process started, in seconds since 1970",
                started,
            ),
            Family::gauge(
                "process_uptime_seconds",
                "How long the process has been running",
                up.as_secs_f64(),
            ),
        ];
        if let Some(usage) = usage() {
            all.extend(usage.families());
        }
        all
    }
}

impl Usage {
    fn families(self) -> Vec<Family> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a floating point number"
        )]
        let level = |value: u64| value as f64;
        let mut cpu = Family::new(
            Kind::Counter,
            "process_cpu_seconds_total",
            "Processor time that was used",
        );
        cpu.push([], Value::Amount(self.cpu_seconds));
        let mut all = vec![
            cpu,
            Family::gauge(
                "process_resident_memory_bytes",
                "Memory that is really in use",
                level(self.resident_bytes),
            ),
            Family::gauge(
                "process_virtual_memory_bytes",
                "Memory that is reserved",
                level(self.virtual_bytes),
            ),
            Family::gauge("process_threads", "Threads", level(self.threads)),
            Family::gauge("process_open_fds", "Open files", level(self.open_files)),
        ];
        if let Some(most) = self.max_files {
            all.push(Family::gauge(
                "process_max_fds",
                "Files that may be open",
                level(most),
            ));
        }
        all
    }
}

#[cfg(target_os = "linux")]
fn usage() -> Option<Usage> {
    use rustix::process::{Resource, getrlimit};

    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    let mut usage = parse(
        &stat,
        rustix::param::clock_ticks_per_second(),
        rustix::param::page_size(),
    )?;
    usage.open_files = u64::try_from(files).unwrap_or(u64::MAX);
    usage.max_files = getrlimit(Resource::Nofile).current;
    Some(usage)
}

#[cfg(not(target_os = "linux"))]
fn usage() -> Option<Usage> {
    None
}

/// The line of `/proc/self/stat` (proc(5)): the name in it may hold anything, even brackets, so it is read from the end.
#[cfg(target_os = "linux")]
fn parse(stat: &str, ticks_per_second: u64, page_size: usize) -> Option<Usage> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    #[expect(
        clippy::cast_precision_loss,
        reason = "processor time in hundredths of a second"
    )]
    let cpu_seconds = (number(11)? + number(12)?) as f64 / ticks_per_second.max(1) as f64;
    Some(Usage {
        cpu_seconds,
        threads: number(17)?,
        virtual_bytes: number(20)?,
        resident_bytes: number(21)?.saturating_mul(u64::try_from(page_size).ok()?),
        ..Usage::default()
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_system_is_read_whatever_the_name() {
        let line = "4711 (a) b ( c) S 1 4711 4711 0 -1 4194560 900 0 1 0 150 50 0 0 20 0 7 0 1234 1048576 256 184 1 1";
        let usage = parse(line, 100, 4096).unwrap();
        assert_eq!(
            usage,
            Usage {
                resident_bytes: 1_048_576,
                virtual_bytes: 1_048_576,
                cpu_seconds: 2.0,
                threads: 7,
                open_files: 0,
                max_files: None,
            }
        );
        assert_eq!(parse("4711 (short) S 1", 100, 4096), None);
    }

    #[test]
    fn this_process_has_memory_and_files() {
        let usage = usage().unwrap();
        assert!(usage.resident_bytes > 0 && usage.open_files > 2 && usage.threads > 0);
    }
}
