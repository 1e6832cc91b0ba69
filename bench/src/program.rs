//! The programs that are measured or needed: started, watched, stopped in order.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::failure::{Failure, Outcome};

/// A start may make a database cluster's first databases.
const START_LIMIT: Duration = Duration::from_mins(2);
/// A stop drains requests and jobs first.
const STOP_LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);
/// Lines of a log that are shown when something went wrong.
const SHOWN: usize = 30;

/// A child whose output goes to a file. Killed when dropped.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Program {
    pub(crate) fn start(name: &'static str, command: &mut Command, log: PathBuf) -> Outcome<Self> {
        let file = File::create(&log)
            .map_err(Failure::doing(format_args!("writing {}", log.display())))?;
        let errors = file
            .try_clone()
            .map_err(Failure::doing("a second handle on the log"))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(Failure::doing(format_args!("starting {name}")))?;
        Ok(Self { name, child, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What `find` sees in the output so far, as soon as it sees something.
    pub(crate) async fn wait_for<T>(
        &mut self,
        what: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Outcome<T> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(found) = find(&self.output()) {
                return Ok(found);
            }
            let ended = self.child.try_wait();
            let ended = ended.map_err(Failure::doing(format_args!("waiting for {}", self.name)))?;
            if ended.is_some() || Instant::now() > deadline {
                return Err(self.trouble(&format!("it has not told {what}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// A failure with the last lines of the program's output.
    pub(crate) fn trouble(&self, what: &str) -> Failure {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        let last = lines.len().saturating_sub(SHOWN);
        let shown = lines.get(last..).unwrap_or_default().join("\n");
        Failure::new(format!("{}: {what}; its last lines:\n{shown}", self.name))
    }

    fn output(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Asks it to end and waits; anything but an end in order is a failure.
    pub(crate) async fn stop(mut self) -> Outcome<()> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::new("a process without an id"))?;
        rustix::process::kill_process(pid, Signal::TERM)
            .map_err(Failure::doing(format_args!("stopping {}", self.name)))?;
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline {
            let ended = self.child.try_wait();
            match ended.map_err(Failure::doing(format_args!("stopping {}", self.name)))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.trouble(&format!("it ended with {status}"))),
                None => tokio::time::sleep(POLL).await,
            }
        }
        Err(self.trouble("it did not end when asked to"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Gone already, or about to be: either is what is wanted here.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The mail simulator, so that sign-ups can be confirmed.
pub(crate) struct Mail {
    pub(crate) smtp: SocketAddr,
    pub(crate) inbox: SocketAddr,
    _program: Program,
}

impl Mail {
    pub(crate) async fn start(program: &Path, folder: &Path) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        let log = folder.join("mail.log");
        let mut program = Program::start("the mail simulator", &mut command, log)?;
        let (smtp, inbox) = program.wait_for("where it listens", addresses).await?;
        Ok(Self {
            smtp,
            inbox,
            _program: program,
        })
    }
}

fn addresses(output: &str) -> Option<(SocketAddr, SocketAddr)> {
    let line = output.lines().next()?;
    let bound: serde_json::Value = serde_json::from_str(line).ok()?;
    let inbox = bound["http"].as_str()?;
    let inbox = inbox.strip_prefix("http://")?.trim_end_matches('/');
    Some((bound["smtp"].as_str()?.parse().ok()?, inbox.parse().ok()?))
}

/// The address in the line that says where Gantry listens.
pub(crate) fn listening(output: &str) -> Option<SocketAddr> {
    let line = output.lines().find(|line| line.contains(" listens on "))?;
    let (_, rest) = line.split_once("127.0.0.1:")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit());
    let port: u16 = rest.get(..end.unwrap_or(rest.len()))?.parse().ok()?;
    (port != 0).then(|| SocketAddr::from(([127, 0, 0, 1], port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_first_lines() {
        let line = r#"{"smtp":"127.0.0.1:2525","http":"http://127.0.0.1:8025/"}"#;
        let (smtp, inbox) = addresses(line).unwrap();
        assert_eq!((smtp.port(), inbox.port()), (2525, 8025));
        assert!(addresses("listening").is_none());
        let line = "gantry 0.1.0 listens on http://127.0.0.1:40123, people use https://a.example\n";
        assert_eq!(listening(line).unwrap().port(), 40123);
        assert!(listening("gantry listens on http://127.0.0.1:0\n").is_none());
    }
}
