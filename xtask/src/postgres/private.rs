//! A PostgreSQL cluster that lives as long as one run: own folder, own port, no durability.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::Source;
use crate::node;
use crate::process::{Process, exists, send};
use crate::step::{Failure, Outcome, sh};

const PREFIX: &str = "gantry-postgres-";
const START_LIMIT: Duration = Duration::from_mins(1);

/// Speed over safety: the cluster is thrown away. The connection limit leaves room for several
/// servers under test at once, each with its own pool.
const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=128MB",
    "max_wal_size=2GB",
    "log_min_messages=warning",
];

/// A running private server.
pub(crate) struct Server {
    home: PathBuf,
    port: u16,
    programs: PathBuf,
    process: Option<Process>,
}

impl Server {
    /// Starts a cluster from installed programs, or from the npm package where there are none.
    pub(crate) fn start(source: Source) -> Result<Self, Failure> {
        remove_leftovers()?;
        let found = if source == Source::Npm {
            None
        } else {
            installed()
        };
        match found {
            Some(programs) => Self::start_from(&programs, false),
            None if source == Source::Local => Err(Failure::new(
                "no PostgreSQL programs (initdb, postgres) on this machine",
                "install PostgreSQL 15 or newer, or use --postgres npm",
            )),
            None => Self::start_from(&node::embedded_postgres()?.join("bin"), true),
        }
    }

    fn start_from(programs: &Path, movable: bool) -> Result<Self, Failure> {
        let owner = Owner::pick()?;
        let home = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        std::fs::create_dir(&home)
            .map_err(Failure::io(format_args!("creating {}", home.display())))?;
        let mut server = Self {
            home,
            port: 0,
            programs: programs.to_owned(),
            process: None,
        };
        if movable && owner.is_other() {
            server.copy_programs(programs)?;
        }
        owner.give(&server.home)?;
        server.init(&owner)?;
        // The port is free when we look and may be taken when PostgreSQL binds: hence the retries.
        let mut last = None;
        for _ in 0..3 {
            server.port = free_port()?;
            match server.run(&owner) {
                Ok(()) => return Ok(server),
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(|| Failure::new("PostgreSQL did not start", "see its log")))
    }

    /// The cache may lie where the unprivileged user cannot look, such as below `/root`.
    fn copy_programs(&mut self, programs: &Path) -> Outcome {
        let native = programs.parent().unwrap_or(programs);
        let copy = self.home.join("postgresql");
        sh(
            Command::new("cp").arg("-a").arg(native).arg(&copy),
            "free some space in the temporary folder",
        )?;
        self.programs = copy.join("bin");
        Ok(())
    }

    fn init(&self, owner: &Owner) -> Outcome {
        let mut initdb = self.command("initdb", owner);
        initdb
            .args([
                "--username",
                "postgres",
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
            ])
            .args(["--no-locale", "--no-sync", "--pgdata"])
            .arg(self.data())
            .stdout(Stdio::null());
        sh(
            &mut initdb,
            "set GANTRY_TEST_POSTGRES_URL to a server the tests may use",
        )
    }

    fn run(&mut self, owner: &Owner) -> Outcome {
        let log = self.home.join("log");
        let file = std::fs::File::create(&log).map_err(Failure::io("creating PostgreSQL's log"))?;
        let copy = file
            .try_clone()
            .map_err(Failure::io("sharing PostgreSQL's log"))?;
        let mut postgres = self.command("postgres", owner);
        postgres
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(&self.home);
        postgres.args(["-p", &self.port.to_string()]);
        for setting in SETTINGS {
            postgres.args(["-c", setting]);
        }
        postgres.stdout(file).stderr(copy);
        // SIGQUIT = stop at once: nothing in this cluster is worth a checkpoint.
        let mut process = Process::start("PostgreSQL", &mut postgres)?.stops_on(Signal::QUIT);
        let deadline = Instant::now() + START_LIMIT;
        while !self.is_ready() {
            let ended = process.ended()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(Failure::new(
                    format!("the private PostgreSQL did not start:\n{log}"),
                    "set GANTRY_TEST_POSTGRES_URL to a server the tests may use",
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        Ok(())
    }

    /// The eighth line of `postmaster.pid` is the server's own word on its state.
    fn is_ready(&self) -> bool {
        std::fs::read_to_string(self.data().join("postmaster.pid")).is_ok_and(|text| {
            text.lines()
                .nth(7)
                .is_some_and(|state| state.trim() == "ready")
        })
    }

    fn command(&self, program: &str, owner: &Owner) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .env_clear();
        for name in ["PATH", "TZ", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        owner.apply(&mut command);
        command
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn description(&self) -> String {
        format!("{} from {}", self.url(), self.programs.display())
    }

    /// Stops the server and removes its folder.
    pub(crate) fn stop(mut self) -> Outcome {
        if let Some(mut process) = self.process.take() {
            process.stop(Duration::from_secs(20))?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.take());
        if let Err(error) = std::fs::remove_dir_all(&self.home) {
            eprintln!("xtask: removing {}: {error}", self.home.display());
        }
    }
}

/// The user the server runs as: PostgreSQL refuses to run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn pick() -> Result<Self, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        let passwd = std::fs::read_to_string("/etc/passwd").map_err(Failure::io("/etc/passwd"))?;
        unprivileged(&passwd)
            .map(|ids| Self(Some(ids)))
            .ok_or_else(|| {
                Failure::new(
                    "PostgreSQL does not run as root, and there is no user postgres or nobody",
                    "run as an ordinary user, or set GANTRY_TEST_POSTGRES_URL",
                )
            })
    }

    fn is_other(&self) -> bool {
        self.0.is_some()
    }

    fn give(&self, path: &Path) -> Outcome {
        let Some((user, group)) = self.0 else {
            return Ok(());
        };
        std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(Failure::io(format_args!(
            "giving {} to PostgreSQL's user",
            path.display()
        )))
    }

    fn apply(&self, command: &mut Command) {
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
    }
}

/// User and group id of `postgres`, else of `nobody`.
fn unprivileged(passwd: &str) -> Option<(u32, u32)> {
    ["postgres", "nobody"].iter().find_map(|name| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some((user, group))
        })
    })
}

/// The folder with `initdb` and `postgres`: on the search path, else the newest where Debian and
/// Homebrew put them.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).filter_map(|dir| {
        dir.join("initdb")
            .canonicalize()
            .ok()?
            .parent()
            .map(Path::to_owned)
    });
    let mut versions = Vec::new();
    for root in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
        let Ok(entries) = std::fs::read_dir(root) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let digits = name.strip_prefix("postgresql@").unwrap_or(&name);
            if let Ok(version) = digits.parse::<u32>() {
                versions.push((version, entry.path().join("bin")));
            }
        }
    }
    versions.sort();
    on_path
        .chain(versions.into_iter().rev().map(|(_, dir)| dir))
        .find(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file())
}

fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::io("looking for a port"))?;
    let address = listener
        .local_addr()
        .map_err(Failure::io("looking for a port"))?;
    Ok(address.port())
}

/// A run that was killed leaves its cluster; the next run ends it.
fn remove_leftovers() -> Outcome {
    let temp = std::env::temp_dir();
    let entries = std::fs::read_dir(&temp).map_err(Failure::io("reading the temporary folder"))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(run) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        if run.parse().is_ok_and(exists) {
            continue;
        }
        let home = entry.path();
        if let Some(pid) = postmaster(&home) {
            send(pid, Signal::QUIT);
            let deadline = Instant::now() + Duration::from_secs(10);
            while exists(pid) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // Somebody else's leftovers are theirs to remove.
        if std::fs::remove_dir_all(&home).is_ok() {
            println!("   removed {} of a run that was killed", home.display());
        }
    }
    Ok(())
}

/// The process serving `home`, if it really is that: process ids are used again.
fn postmaster(home: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(home.join("data/postmaster.pid")).ok()?;
    let pid: u32 = text.lines().next()?.trim().parse().ok()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).into_owned();
    command.contains(home.to_str()?).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_user_is_preferred_to_nobody() {
        let nobody = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:n:/:/bin/false\n";
        assert_eq!(unprivileged(nobody), Some((65534, 65533)));
        let both = format!("{nobody}postgres:x:104:112::/var/lib/postgresql:/bin/bash\n");
        assert_eq!(unprivileged(&both), Some((104, 112)));
        assert_eq!(unprivileged("root:x:0:0::/:/bin/sh\n"), None);
    }

    #[test]
    fn a_foreign_process_is_not_taken_for_a_leftover_server() {
        let home = std::env::temp_dir().join(format!("gantry-xtask-unit-{}", std::process::id()));
        std::fs::create_dir_all(home.join("data")).unwrap();
        let pid_file = home.join("data/postmaster.pid");
        std::fs::write(&pid_file, format!("{}\n", std::process::id())).unwrap();
        let found = postmaster(&home);
        std::fs::remove_dir_all(&home).unwrap();
        assert_eq!(found, None);
    }
}
