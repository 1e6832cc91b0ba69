//! Starts Gantry and the SMTP simulator on this machine, so that sign-up works at once.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::process::{Interrupt, Process, pause};
use crate::step::{Failure, Outcome, step};
use crate::workspace::{binaries, build_programs};

/// Gantry drains its requests and jobs before it ends.
const PATIENCE: Duration = Duration::from_secs(40);
const START_LIMIT: Duration = Duration::from_mins(1);
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_DATA: &str = "gantry-data";
const USUAL_INBOX: &str = "127.0.0.1:8025";

/// What `run` and `dev` start.
pub(crate) struct Stack {
    pub(crate) programs: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
}

impl Stack {
    /// Takes `--data` and `--listen` out of the arguments.
    pub(crate) fn from_args(args: &mut Args, release: bool) -> Result<Self, Failure> {
        let listen = args
            .value("--listen")?
            .unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
        let listen = loopback(&listen)?;
        let data = args
            .value("--data")?
            .unwrap_or_else(|| DEFAULT_DATA.to_owned());
        args.finish()?;
        Ok(Self {
            programs: binaries(release)?,
            data: PathBuf::from(data),
            listen,
        })
    }

    /// Starts Gantry against the simulator and waits until it can serve.
    pub(crate) fn start_gantry(
        &self,
        mail: &Simulator,
        settings: &[(&str, &str)],
        interrupt: &Interrupt,
    ) -> Result<Process, Failure> {
        let mut command = Command::new(self.programs.join("gantry"));
        command
            .arg("serve")
            .arg("--data")
            .arg(&self.data)
            .args(["--listen", &self.listen.to_string()])
            // Ours, and no key of Gantry's configuration.
            .env_remove("GANTRY_CACHE_DIR")
            .env("GANTRY_MAIL__HOST", mail.smtp.ip().to_string())
            .env("GANTRY_MAIL__PORT", mail.smtp.port().to_string())
            .env("GANTRY_MAIL__TLS", "none")
            .envs(settings.iter().copied());
        let mut gantry = Process::start("gantry", &mut command)?;
        let deadline = Instant::now() + START_LIMIT;
        while !ready(self.listen) {
            if let Some(status) = gantry.ended()? {
                return Err(Failure::new(
                    format!("gantry ended with {status}"),
                    "its last lines above say why",
                ));
            }
            if Instant::now() > deadline {
                return Err(Failure::new(
                    format!("gantry is not ready after {} s", START_LIMIT.as_secs()),
                    format!("http://{}/readyz says what it waits for", self.listen),
                ));
            }
            if !pause(interrupt) {
                break;
            }
        }
        Ok(gantry)
    }

    /// Says where things are.
    pub(crate) fn announce(&self, mail: &Simulator) {
        println!();
        println!("   Gantry      http://{}", self.listen);
        println!("   mail inbox  {}", mail.inbox);
        println!("   data        {}", self.data.display());
        println!("   Ctrl-C stops both");
        println!();
    }
}

pub(crate) fn run(mut args: Args) -> Outcome {
    let release = args.flag("--release");
    let stack = Stack::from_args(&mut args, release)?;
    crate::console::build()?;
    step("build", || build_programs(release))?;
    let interrupt = Interrupt::listen()?;
    let mut mail = Simulator::start(&stack.programs)?;
    let mut gantry = stack.start_gantry(&mail, &[], &interrupt)?;
    if !interrupt.is_set() {
        stack.announce(&mail);
    }
    while pause(&interrupt) {
        mail.check()?;
        if let Some(status) = gantry.ended()? {
            return Err(Failure::new(
                format!("gantry ended with {status}"),
                "its last lines above say why",
            ));
        }
    }
    stop(&mut gantry)
}

/// Stops Gantry; ending otherwise than in order is a failure worth seeing.
pub(crate) fn stop(gantry: &mut Process) -> Outcome {
    let status = gantry.stop(PATIENCE)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(
        format!("gantry ended with {status} when asked to stop"),
        "its last lines above say why; a stop in order ends with 0",
    ))
}

/// The running SMTP simulator.
pub(crate) struct Simulator {
    process: Process,
    smtp: SocketAddr,
    inbox: String,
}

impl Simulator {
    /// Starts it, its inbox on the usual port if that is free, and reads the addresses from its first line.
    pub(crate) fn start(programs: &Path) -> Result<Self, Failure> {
        let inbox = if TcpListener::bind(USUAL_INBOX).is_ok() {
            USUAL_INBOX
        } else {
            "127.0.0.1:0"
        };
        let mut command = Command::new(programs.join("gantry-sim-smtp"));
        command
            .args(["--listen", "127.0.0.1:0", "--http", inbox])
            .stdout(Stdio::piped());
        let mut process = Process::start("the SMTP simulator", &mut command)?;
        let stdout = process.child().stdout.take();
        let line = first_line(stdout.ok_or_else(|| Failure::new("no pipe", "try again"))?)?;
        Self::parse(&line)
            .map(|(smtp, inbox)| Self {
                process,
                smtp,
                inbox,
            })
            .ok_or_else(|| {
                Failure::new(
                    format!("the SMTP simulator said {line:?}"),
                    "it must print one JSON line with `smtp` and `http`",
                )
            })
    }

    fn parse(line: &str) -> Option<(SocketAddr, String)> {
        let bound: serde_json::Value = serde_json::from_str(line).ok()?;
        let smtp = bound["smtp"].as_str()?.parse().ok()?;
        Some((
            smtp,
            bound["http"].as_str()?.trim_end_matches('/').to_owned(),
        ))
    }

    /// The address of its inbox, for people and programs.
    pub(crate) fn inbox(&self) -> &str {
        &self.inbox
    }

    /// Fails when the simulator is gone.
    pub(crate) fn check(&mut self) -> Outcome {
        match self.process.ended()? {
            None => Ok(()),
            Some(status) => Err(Failure::new(
                format!("the SMTP simulator ended with {status}"),
                "its last lines above say why",
            )),
        }
    }
}

/// The first line; what follows is passed on to our own standard output.
fn first_line(stdout: std::process::ChildStdout) -> Result<String, Failure> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        let read = reader.read_line(&mut line);
        if send.send(read.map(|_| line)).is_ok() {
            for line in reader.lines().map_while(Result::ok) {
                println!("{line}");
            }
        }
    });
    let line = receive.recv_timeout(START_LIMIT).map_err(|_| {
        Failure::new(
            "the SMTP simulator said nothing",
            "run its program by hand to see why",
        )
    })?;
    line.map_err(Failure::io("reading from the SMTP simulator"))
}

fn loopback(listen: &str) -> Result<SocketAddr, Failure> {
    let address: SocketAddr = listen.parse().map_err(|_| {
        Failure::new(
            format!("{listen:?} is no address"),
            format!("write --listen {DEFAULT_LISTEN}"),
        )
    })?;
    let local = match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    };
    if local && address.port() != 0 {
        return Ok(address);
    }
    Err(Failure::new(
        format!("{listen} is not a port on this machine's loopback"),
        "this command is for trying things out; `gantry serve` is for the network",
    ))
}

/// True when `/readyz` answers 200.
fn ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let limit = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        let request =
            format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_with_a_port() {
        assert!(loopback("127.0.0.1:8080").is_ok());
        assert!(loopback("[::1]:8080").is_ok());
        for refused in ["0.0.0.0:8080", "192.0.2.1:80", "127.0.0.1:0", "localhost"] {
            assert!(loopback(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_simulators_line_is_read() {
        let line = r#"{"smtp":"127.0.0.1:2525","http":"http://127.0.0.1:8025/"}"#;
        let (smtp, inbox) = Simulator::parse(line).unwrap();
        assert_eq!(smtp.port(), 2525);
        assert_eq!(inbox, "http://127.0.0.1:8025");
        assert!(Simulator::parse("listening").is_none());
    }

    #[test]
    fn ready_means_200() {
        for (status, expected) in [("200 OK", true), ("503 Service Unavailable", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                // Closing with part of the request unread would reset the connection.
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.extend(byte);
                }
                // In one piece: whoever asks goes once it has read the first line.
                let reply = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(reply.as_bytes()).unwrap();
            });
            assert_eq!(ready(address), expected);
            server.join().unwrap();
        }
    }
}
