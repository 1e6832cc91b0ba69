//! What Linux counts about a process.

use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::load::count;

/// Linux tells the times of a process in hundredths of a second (`USER_HZ`), taken from exact run times.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of a process so far, all its threads together.
pub(crate) fn cpu(pid: u32) -> Outcome<Duration> {
    let text = read(pid, "stat")?;
    ticks(&text)
        .map(|ticks| TICK * ticks)
        .ok_or_else(|| Failure::new(format!("/proc/{pid}/stat is not understood")))
}

/// Fields 14 and 15; the second field is a name in brackets that may hold spaces.
fn ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (times.next()?.parse().ok()?, times.next()?.parse().ok()?);
    Some(user + system)
}

/// Resident memory in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: f64,
    /// The most since the process began.
    pub(crate) peak: f64,
}

/// Resident memory of a process.
pub(crate) fn memory(pid: u32) -> Outcome<Memory> {
    let text = read(pid, "status")?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        kib.map(|kib: u64| count(kib) / 1024.0)
            .ok_or_else(|| Failure::new(format!("/proc/{pid}/status has no {name}")))
    };
    Ok(Memory {
        now: field("VmRSS:")?,
        peak: field("VmHWM:")?,
    })
}

fn read(pid: u32, name: &str) -> Outcome<String> {
    let path = format!("/proc/{pid}/{name}");
    std::fs::read_to_string(&path).map_err(Failure::doing(format_args!(
        "reading {path} (this tool needs Linux)"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 120 30 0 0 20 0 9";
        assert_eq!(ticks(stat), Some(150));
        assert_eq!(ticks("7 (a) S 1"), None);
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let memory = memory(std::process::id()).unwrap();
        assert!(
            memory.now > 0.0 && memory.peak >= memory.now / 2.0,
            "{memory:?}"
        );
        cpu(std::process::id()).unwrap();
    }
}
