//! `gantry serve` as a process: on either engine, killed and started again over the same data.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use gantry_db::Engine;

use super::{Child, SmtpSim, program};
use crate::{Client, TestDatabases, eventually};

/// A start migrates control, and several tests share two cores.
const START_LIMIT: Duration = Duration::from_mins(1);
/// A stop drains requests and jobs first.
const STOP_LIMIT: Duration = Duration::from_secs(45);
/// A master key for tests, 32 bytes in base64: the same after every restart.
const MASTER_KEY: &str = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtISE=";

/// What a server is started with.
#[derive(Debug)]
pub struct ServerOptions {
    databases: TestDatabases,
    env: Vec<(String, String)>,
}

impl ServerOptions {
    /// Fresh databases on this engine, mail not configured, everything else at its default.
    pub fn new(engine: Engine) -> Self {
        let databases = TestDatabases::new(engine);
        let mut env = vec![("GANTRY_MASTER_KEY".to_owned(), MASTER_KEY.to_owned())];
        if let Some(url) = databases.control_url() {
            env.push(("GANTRY_DATABASE__URL".to_owned(), url.to_owned()));
            // The tests' server may be a container beside this one.
            let allowed = "GANTRY_DATABASE__POSTGRES__ALLOW_PLAINTEXT".to_owned();
            env.push((allowed, "true".to_owned()));
        }
        Self { databases, env }
    }

    /// Mail goes to this simulator.
    #[must_use]
    pub fn mail(self, mail: &SmtpSim) -> Self {
        let (host, port) = mail
            .address()
            .rsplit_once(':')
            .expect("the simulator's address");
        let (host, port) = (host.to_owned(), port.to_owned());
        self.env("GANTRY_MAIL__HOST", host)
            .env("GANTRY_MAIL__PORT", port)
            .env("GANTRY_MAIL__TLS", "none")
    }

    /// Its databases, to be.
    pub fn databases(&self) -> &TestDatabases {
        &self.databases
    }

    /// Sets an environment variable of the server, such as `GANTRY_LOG__LEVEL`.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(self) -> Server {
        let mut server = self.start_unready();
        server.wait_ready().await;
        server
    }

    /// Starts the server without waiting; for tests of the start itself.
    pub fn start_unready(self) -> Server {
        let log = self.databases.folder().join("gantry.log");
        let child = spawn(&self.databases, &self.env, "127.0.0.1:0", &log);
        Server {
            child,
            address: None,
            env: self.env,
            log,
            databases: Arc::new(self.databases),
        }
    }
}

/// A running `gantry serve`; killed when dropped, its last lines shown if the test failed.
#[derive(Debug)]
pub struct Server {
    // Before the databases: a process must be gone before what it uses.
    child: Child,
    address: Option<String>,
    env: Vec<(String, String)>,
    log: PathBuf,
    databases: Arc<TestDatabases>,
}

impl Server {
    /// Starts one with mail going to `mail`; the usual case.
    pub async fn start(engine: Engine, mail: &SmtpSim) -> Self {
        ServerOptions::new(engine).mail(mail).start().await
    }

    /// A second process over the same databases, on another port and ready. PostgreSQL only: on SQLite it is refused.
    pub async fn another(&self) -> Self {
        let log = self.databases.folder().join("gantry-2.log");
        // One installation has one address, whatever its processes listen on: it is the issuer of the tokens.
        let mut env = self.env.clone();
        let public_url = "GANTRY_SERVER__PUBLIC_URL";
        if !env.iter().any(|(name, _)| name == public_url) {
            env.push((public_url.to_owned(), self.url()));
        }
        let mut second = Self {
            child: spawn(&self.databases, &env, "127.0.0.1:0", &log),
            address: None,
            env,
            log,
            databases: Arc::clone(&self.databases),
        };
        second.wait_ready().await;
        second
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn url(&self) -> String {
        let address = self.address.as_ref().expect("the server was waited for");
        format!("http://{address}")
    }

    /// A client without credentials.
    pub fn client(&self) -> Client {
        Client::new(self.url())
    }

    /// The folder given as `--data`.
    pub fn data_dir(&self) -> PathBuf {
        self.databases.data_dir()
    }

    /// Its databases.
    pub fn databases(&self) -> &TestDatabases {
        &self.databases
    }

    /// Everything the present process has written.
    pub fn output(&self) -> String {
        self.child.output()
    }

    /// Waits until it listens and `/readyz` answers 200. A process that ends meanwhile is a panic.
    pub async fn wait_ready(&mut self) {
        let http = crate::client::plain_http();
        let address = eventually("a ready server", START_LIMIT, async || {
            assert!(
                self.child.ended().is_none(),
                "gantry ended\n{}",
                self.child.tail()
            );
            let address = match &self.address {
                Some(address) => address.clone(),
                None => {
                    listening(&self.child.output()).ok_or("it has not said where it listens")?
                }
            };
            let reply = http.get(format!("http://{address}/readyz")).send().await;
            match reply {
                Ok(reply) if reply.status().is_success() => Ok(address),
                Ok(reply) => Err(format!("/readyz answers {}", reply.status())),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
        self.address = Some(address);
    }

    /// SIGKILL: what a power cut or the out-of-memory killer does. Returns once it is gone.
    pub fn kill9(&mut self) {
        self.child.kill();
    }

    /// Starts it again over the same data and on the same port, and waits until it is ready. The
    /// earlier process must have been killed or stopped.
    pub async fn restart(&mut self) {
        self.restart_unready();
        self.wait_ready().await;
    }

    /// Like [`restart`](Self::restart), without waiting.
    pub fn restart_unready(&mut self) {
        assert!(
            self.child.ended().is_some(),
            "the server still runs: kill9() or stop() it first"
        );
        let listen = self
            .address
            .clone()
            .unwrap_or_else(|| "127.0.0.1:0".to_owned());
        self.child = spawn(&self.databases, &self.env, &listen, &self.log);
    }

    /// Changes an environment variable for the next start.
    pub fn set_env(&mut self, name: &str, value: impl Into<String>) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.into()));
    }

    /// SIGTERM; asserts that it ends with 0 within the bound.
    pub async fn stop(&mut self) {
        let status = self.child.terminate(STOP_LIMIT).await;
        assert!(
            status.success(),
            "gantry ended with {status}\n{}",
            self.child.tail()
        );
    }

    /// SIGTERM, without waiting for what comes of it.
    pub fn ask_to_stop(&self) {
        self.child.signal(rustix::process::Signal::TERM);
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        self.child.signal(signal);
    }

    /// Waits for the process to end by itself; the answer is its exit code (None: by a signal).
    pub async fn wait_end(&mut self, deadline: Duration) -> Option<i32> {
        let ended = async || self.child.ended().ok_or_else(|| self.child.tail());
        eventually("the end of gantry", deadline, ended)
            .await
            .code()
    }

    /// Runs `gantry <arguments>` over the same data, as an administrator would at the console;
    /// panics unless it ends with 0. The answer is its standard output.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.try_command(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "gantry {arguments:?}: {}\n{out}{err}",
            output.status
        );
        out
    }

    /// Like [`command`](Self::command), for one that may be refused; waits for its end.
    pub fn try_command(&self, arguments: &[&str]) -> std::process::Output {
        self.command_beside(arguments)
            .output()
            .expect("running gantry")
    }

    /// The same, not started yet.
    pub fn command_beside(&self, arguments: &[&str]) -> Command {
        let mut command = program_command(&self.env);
        command.args(arguments).arg("--data").arg(self.data_dir());
        command
    }
}

fn spawn(databases: &TestDatabases, env: &[(String, String)], listen: &str, log: &Path) -> Child {
    let mut command = program_command(env);
    command
        .arg("serve")
        .arg("--data")
        .arg(databases.data_dir())
        .args(["--listen", listen]);
    Child::start("gantry", &mut command, log)
}

/// `gantry` with the test's environment, and nothing that the surroundings set for another.
fn program_command(env: &[(String, String)]) -> Command {
    let mut command = Command::new(program("GANTRY_BIN", "gantry"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GANTRY_") {
            command.env_remove(name);
        }
    }
    command.envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// The address in the line that says where the server listens.
fn listening(output: &str) -> Option<String> {
    const LOOPBACK: &str = "127.0.0.1:";
    let line = output.lines().find(|line| line.contains(" listens on "))?;
    let port: String = line
        .split(LOOPBACK)
        .nth(1)?
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (port.parse::<u16>().ok()? != 0).then(|| format!("{LOOPBACK}{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_first_lines() {
        let text = "gantry 0.1.0 listens on http://127.0.0.1:40123\nmail is held\n";
        assert_eq!(listening(text).as_deref(), Some("127.0.0.1:40123"));
        let bare = "gantry 0.1.0 listens on 127.0.0.1:40124\n";
        assert_eq!(listening(bare).as_deref(), Some("127.0.0.1:40124"));
        assert_eq!(listening("mail goes to 127.0.0.1:25\n"), None);
        assert_eq!(listening("gantry listens on http://127.0.0.1:0\n"), None);
        assert_eq!(listening("gantry listens on a socket\n"), None);
    }
}
