//! PgBouncer in transaction mode before the tests' PostgreSQL, as a process.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::TempDir;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::config::Host;

use super::Child;
use crate::{eventually, postgres, postgres_url};

/// Names the program, or says `none` where `cargo xtask test` found none and said so.
const VARIABLE: &str = "GANTRY_TEST_PGBOUNCER";
const START_LIMIT: Duration = Duration::from_secs(20);
/// Few connections to the server for many callers: each is handed around all the time, so what one leaves behind on it
/// meets another.
const SERVER_SIDE: usize = 2;

/// A running pooler; ends when dropped.
#[derive(Debug)]
pub struct PgBouncer {
    child: Child,
    port: u16,
    user: String,
    password: String,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one on a port of its own before the tests' server. `None`, with a line that says so, where the test run was
    /// told that there is none; a panic with what to do where nothing was said.
    pub async fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("PgBouncer is left out: there is none on this machine");
            return None;
        };
        let server: tokio_postgres::Config = postgres_url().parse().expect("the server's URL");
        let folder = tempfile::tempdir().expect("a folder for the pooler");
        // It gives up root, and reads its files as who it is then.
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
        };
        open(folder.path(), 0o755);
        let user = server.get_user().unwrap_or("postgres").to_owned();
        let password = server.get_password().unwrap_or_default();
        let password = String::from_utf8_lossy(password).into_owned();
        let users = folder.path().join("users.txt");
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let line = format!("{} {}\n", quoted(&user), quoted(&password));
        std::fs::write(&users, line).expect("the pooler's users");
        open(&users, 0o644);
        // The port is free when we look and may be taken when it is bound: hence the second attempt.
        for attempt in 0..2 {
            let port = free_port();
            let ini = folder.path().join(format!("pgbouncer-{attempt}.ini"));
            std::fs::write(&ini, settings(&server, &users, port)).expect("the pooler's settings");
            open(&ini, 0o644);
            let mut command = Command::new(&program);
            if rustix::process::geteuid().is_root() {
                command.args(["-u", "nobody"]);
            }
            command.arg(&ini);
            let log = folder.path().join("pgbouncer.log");
            let mut child = Child::start("pgbouncer", &mut command, &log);
            if ready(&mut child, &url_of(&user, &password, port, "postgres")).await {
                return Some(Self {
                    child,
                    port,
                    user,
                    password,
                    _folder: folder,
                });
            }
            eprintln!("{}", child.tail());
        }
        panic!("pgbouncer does not start: see above what it wrote");
    }

    /// The address of a database of the server, through the pooler.
    pub fn url(&self, database: &str) -> String {
        url_of(&self.user, &self.password, self.port, database)
    }

    /// What is left on each of its connections to a database by those who had them: prepared statements, and the limits for
    /// statements and for locks in milliseconds.
    pub async fn left_behind(&self, database: &str) -> Vec<[String; 3]> {
        let left = look(&self.url(database)).await;
        left.unwrap_or_else(|error| panic!("{database}: {error}\n{}", self.child.tail()))
    }
}

async fn look(url: &str) -> Result<Vec<[String; 3]>, tokio_postgres::Error> {
    let look = "select (select count(*) from pg_prepared_statements), \
        (select setting from pg_settings where name = 'statement_timeout'), \
        (select setting from pg_settings where name = 'lock_timeout')";
    let mut open = Vec::new();
    for _ in 0..SERVER_SIDE {
        let client = postgres::connect(url).await?;
        // Each keeps its own until all were asked.
        client.batch_execute("begin").await?;
        open.push(client);
    }
    let mut left = Vec::new();
    for client in &open {
        for message in client.simple_query(look).await? {
            if let SimpleQueryMessage::Row(row) = message {
                left.push([0, 1, 2].map(|at| row.get(at).unwrap_or_default().to_owned()));
            }
        }
    }
    Ok(left)
}

fn url_of(user: &str, password: &str, port: u16, database: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let secret = match password {
        "" => String::new(),
        password => format!(":{}", encoded(password)),
    };
    format!(
        "postgres://{}{secret}@127.0.0.1:{port}/{database}",
        encoded(user)
    )
}

fn settings(server: &tokio_postgres::Config, users: &Path, port: u16) -> String {
    let host = match server.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "127.0.0.1".to_owned(),
    };
    let upstream = server.get_ports().first().copied().unwrap_or(5432);
    format!(
        "[databases]\n* = host={host} port={upstream}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
         pool_mode = transaction\ndefault_pool_size = {SERVER_SIDE}\nmax_client_conn = 500\n",
        users.display()
    )
}

/// Whether it lets callers through to the server; `false` when it ended.
async fn ready(child: &mut Child, url: &str) -> bool {
    eventually("a ready pooler", START_LIMIT, async || {
        if child.ended().is_some() {
            return Ok(false);
        }
        let connected = postgres::connect(url).await;
        let client = connected.map_err(|error| error.to_string())?;
        let asked = client.simple_query("select 1").await;
        asked.map(|_| true).map_err(|error| error.to_string())
    })
    .await
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        if named == "none" {
            return None;
        }
        let named = PathBuf::from(named);
        assert!(
            named.is_file(),
            "{VARIABLE} names {}, which is no program",
            named.display()
        );
        return Some(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut files = folders.map(|folder| folder.join("pgbouncer"));
    let found = files.find(|file| file.is_file());
    Some(found.unwrap_or_else(|| {
        panic!(
            "no PgBouncer: install it (Debian: apt-get install pgbouncer), name one in {VARIABLE}, or say \
             {VARIABLE}=none to leave it out"
        )
    }))
}
