//! A child process whose output goes to a file, and which ends with the test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::eventually;

/// Enough to see why, little enough to read.
const SHOWN_LINES: usize = 80;
/// Long enough to drain, short enough not to stall a run when it does not.
const ORDERLY_END: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Child {
    name: String,
    process: std::process::Child,
    log: PathBuf,
    /// The output of earlier processes in the same file ends here.
    start: usize,
}

impl Child {
    /// Starts `command`; what it writes is added to `log`. Nothing named `GANTRY_*` is inherited:
    /// the surroundings of a test run are no configuration.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log);
        let file = file.unwrap_or_else(|error| panic!("the log {}: {error}", log.display()));
        let start = file.metadata().map_or(0, |metadata| metadata.len());
        let copy = file.try_clone().expect("a second handle on the log");
        let process = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .unwrap_or_else(|error| panic!("starting {name}: {error}"));
        Self {
            name: name.to_owned(),
            process,
            log: log.to_owned(),
            start: usize::try_from(start).unwrap_or(usize::MAX),
        }
    }

    /// What this process has written so far.
    pub(crate) fn output(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(self.start..).unwrap_or_default()).into_owned()
    }

    /// The last lines, for a message.
    pub(crate) fn tail(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        let from = lines.len().saturating_sub(SHOWN_LINES);
        format!(
            "--- last lines of {}:\n{}\n---",
            self.name,
            lines[from..].join("\n")
        )
    }

    /// The exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.process
            .try_wait()
            .expect("the state of a child process")
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        let sent = pid.map(|pid| rustix::process::kill_process(pid, signal));
        assert!(
            matches!(sent, Some(Ok(()))),
            "signalling {}: {sent:?}",
            self.name
        );
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("killing a child process");
        self.process.wait().expect("waiting for a killed child");
    }

    /// When coverage is measured, a killed process would leave none: it is written at the exit.
    fn end_in_order(&mut self) {
        let deadline = Instant::now() + ORDERLY_END;
        if self.ended().is_none() {
            self.signal(Signal::TERM);
        }
        while self.ended().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGTERM; the exit status once it has ended, a panic if that takes longer than `bound`.
    pub(crate) async fn terminate(&mut self, bound: Duration) -> ExitStatus {
        if let Some(status) = self.ended() {
            return status;
        }
        self.signal(Signal::TERM);
        let what = format!("the end of {} after SIGTERM", self.name);
        eventually(&what, bound, async || {
            self.ended().ok_or_else(|| self.tail())
        })
        .await
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.tail());
        }
        if std::env::var_os("LLVM_PROFILE_FILE").is_some() {
            self.end_in_order();
        }
        // Gone already, or about to be: either is what is wanted here.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Child {
        Child::start("sh", Command::new("sh").args(["-c", script]), log)
    }

    async fn says(child: &Child, text: &str) {
        eventually(text, Duration::from_secs(10), async || {
            if child.output().contains(text) {
                Ok(())
            } else {
                Err(child.output())
            }
        })
        .await;
    }

    #[tokio::test]
    async fn both_streams_are_kept_and_each_process_sees_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut first = shell("echo out; echo err >&2; sleep 60", &log);
        says(&first, "err").await;
        assert!(first.output().contains("out"));
        first.kill();
        let second = shell("echo again; sleep 60", &log);
        says(&second, "again").await;
        assert_eq!(second.output(), "again\n");
    }

    #[tokio::test]
    async fn terminate_reports_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done";
        let mut child = shell(script, &folder.path().join("log"));
        says(&child, "ready").await;
        let status = child.terminate(Duration::from_secs(10)).await;
        assert_eq!(status.code(), Some(7));
        assert_eq!(
            child.terminate(Duration::from_secs(1)).await.code(),
            Some(7)
        );
    }

    #[tokio::test]
    #[should_panic(expected = "the end of sh after SIGTERM did not come")]
    async fn terminate_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
        let mut child = shell(script, &folder.path().join("log"));
        says(&child, "ready").await;
        child.terminate(Duration::from_millis(100)).await;
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let child = shell("exec sleep 60", &folder.path().join("log"));
        let pid = i32::try_from(child.process.id())
            .ok()
            .and_then(Pid::from_raw)
            .unwrap();
        drop(child);
        assert!(rustix::process::test_kill_process(pid).is_err());
    }
}
