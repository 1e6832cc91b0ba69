//! Child processes that end with us: each in its own process group, told to stop politely, killed
//! after a bound. Ctrl-C sets a flag that the waiting loops read.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt as _;

use rustix::process::{Pid, Signal};

use crate::step::Failure;

const POLL: Duration = Duration::from_millis(50);

/// Set once SIGINT or SIGTERM arrived.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on SIGINT and SIGTERM no longer end this process; the second one does.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // Order matters: the handler that ends the process looks at the flag first.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
                .map_err(Failure::io("listening for signals"))?;
        }
        Ok(Self(flag))
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A running child that is stopped when dropped.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    polite: Signal,
}

impl Process {
    /// Starts `command` without standard input, in a process group of its own, so that a Ctrl-C at
    /// the terminal reaches it through [`Process::stop`] and in order.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self, Failure> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(Failure::io(format_args!("starting {name}")))?;
        Ok(Self {
            name,
            child,
            polite: Signal::TERM,
        })
    }

    /// The signal that asks this child to stop, where SIGTERM means something else to it.
    pub(crate) fn stops_on(mut self, signal: Signal) -> Self {
        self.polite = signal;
        self
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status, if the child has ended.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        self.child
            .try_wait()
            .map_err(Failure::io(format_args!("waiting for {}", self.name)))
    }

    /// Asks with a signal, waits for `patience`, then kills. Returns the exit status.
    pub(crate) fn stop(&mut self, patience: Duration) -> Result<ExitStatus, Failure> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        send(self.child.id(), self.polite);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            std::thread::sleep(POLL);
        }
        eprintln!(
            "xtask: {} did not stop within {} s, killing it",
            self.name,
            patience.as_secs()
        );
        let waiting = format!("killing {}", self.name);
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .map_err(Failure::io(waiting))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(failure) = self.stop(Duration::from_secs(10)) {
            eprintln!("xtask: {failure}");
        }
    }
}

/// Sends a signal that asks to stop; a process that is gone already is what was wanted.
pub(crate) fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(Err(error)) = pid.map(|pid| rustix::process::kill_process(pid, signal))
        && error != rustix::io::Errno::SRCH
    {
        eprintln!("xtask: signalling process: {error}");
    }
}

/// True while a process with this id exists (its owner does not matter).
pub(crate) fn exists(pid: u32) -> bool {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .is_some_and(|pid| match rustix::process::test_kill_process(pid) {
            Ok(()) => true,
            Err(error) => error == rustix::io::Errno::PERM,
        })
}

/// Sleeps one polling interval; false when interrupted.
pub(crate) fn pause(interrupt: &Interrupt) -> bool {
    std::thread::sleep(POLL);
    !interrupt.is_set()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_ends_a_polite_child_by_signal() {
        let mut child = Process::start("sleep", Command::new("sleep").arg("60")).unwrap();
        assert!(child.ended().unwrap().is_none());
        let start = Instant::now();
        let status = child.stop(Duration::from_secs(30)).unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(15)
        );
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn stop_kills_a_child_that_ignores_it() {
        let script = "trap '' TERM; echo ready; while :; do sleep 1; done";
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        let mut child = Process::start("stubborn", &mut command).unwrap();
        let mut ready = [0; 6];
        let stdout = child.child().stdout.as_mut().unwrap();
        std::io::Read::read_exact(stdout, &mut ready).unwrap();
        let status = child.stop(Duration::from_millis(300)).unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9)
        );
    }

    #[test]
    fn exists_tells_the_living_from_the_dead() {
        assert!(exists(std::process::id()));
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(!exists(pid));
    }
}
