//! TLS to PostgreSQL, with a server of the test's own: encrypted and of the right name, or not at all.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gantry_db::{Databases, DbConfig, DbError, Engine, args, sql};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::support::{Room, SCHEMA, tenant};

/// A cluster of PostgreSQL, gone when dropped.
struct Cluster {
    home: tempfile::TempDir,
    programs: PathBuf,
    user: Option<u32>,
    running: Option<Child>,
    port: u16,
}

impl Cluster {
    /// `None` without the server's programs.
    fn new(certificate: &str, key: &str) -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let mut programs: Vec<PathBuf> = versions
            .map(|version| version.unwrap().path().join("bin"))
            .filter(|bin| bin.join("initdb").is_file())
            .collect();
        programs.sort();
        let home = tempfile::Builder::new().prefix("gtls").tempdir().unwrap();
        // PostgreSQL does not run as root.
        let user = rustix::process::geteuid().is_root().then(|| {
            let said = Command::new("id")
                .args(["-u", "postgres"])
                .output()
                .unwrap();
            let said = String::from_utf8(said.stdout).unwrap();
            said.trim().parse::<u32>().unwrap()
        });
        let cluster = Self {
            home,
            programs: programs.pop()?,
            user,
            running: None,
            port: 0,
        };
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = cluster.home.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            cluster.give(&path);
        }
        cluster.give(cluster.home.path());
        let mut made = cluster.command("initdb");
        made.args([
            "--username",
            "postgres",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
        ])
        .args(["--no-locale", "--no-sync", "--pgdata"])
        .arg(cluster.home.path().join("data"))
        .stdout(Stdio::null());
        assert!(made.status().unwrap().success(), "initdb failed");
        Some(cluster)
    }

    fn give(&self, path: &Path) {
        if self.user.is_some() {
            std::os::unix::fs::chown(path, self.user, None).unwrap();
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.home.path());
        if let Some(user) = self.user {
            command.uid(user);
        }
        command
    }

    async fn start(&mut self, tls: bool) {
        self.stop();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        self.port = free.local_addr().unwrap().port();
        drop(free);
        let home = self.home.path();
        let log = std::fs::File::create(home.join("log")).unwrap();
        let mut postgres = self.command("postgres");
        postgres
            .arg("-D")
            .arg(home.join("data"))
            .args(["-k", "", "-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .stdout(Stdio::null())
            .stderr(log);
        if tls {
            postgres.args(["-c", "ssl=on"]);
            for (setting, file) in [
                ("ssl_cert_file", "server.crt"),
                ("ssl_key_file", "server.key"),
            ] {
                let value = format!("{setting}={}", home.join(file).display());
                postgres.args(["-c", &value]);
            }
        }
        self.running = Some(postgres.spawn().unwrap());
        for _ in 0..600 {
            let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
            if tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("PostgreSQL did not start");
    }

    fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let pid = rustix::process::Pid::from_child(&running);
            rustix::process::kill_process(pid, rustix::process::Signal::QUIT).unwrap();
            running.wait().unwrap();
        }
    }

    async fn open(&self, host: &str, rest: &str) -> Result<Databases, DbError> {
        let url = format!("postgres://postgres@{host}:{}/gantry{rest}", self.port);
        let room = Room::new(Engine::Sqlite);
        room.open_with(DbConfig::postgres(url), [SCHEMA]).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_proves_its_name_or_is_not_spoken_to() {
    let (ours, theirs) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ours).unwrap();
    let Some(mut cluster) = Cluster::new(&certificate.pem(), &key.serialize_pem()) else {
        eprintln!("not run: the programs of a PostgreSQL server are not installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, issuer: &CertifiedIssuer<'static, KeyPair>| {
        let path = folder.path().join(name);
        std::fs::write(&path, issuer.pem()).unwrap();
        format!("?sslmode=verify-full&sslrootcert={}", path.display())
    };
    let (ours, theirs) = (file("ours.pem", &ours), file("theirs.pem", &theirs));

    cluster.start(true).await;
    let dbs = cluster.open("localhost", &ours).await.unwrap();
    let db = tenant(&dbs).await;
    let protected: Result<(bool,), DbError> = db
        .read(async |tx| {
            let asked = sql! {
                sqlite: "SELECT false",
                postgres: "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            };
            tx.one(asked, &args![]).await
        })
        .await;
    assert_eq!(protected.unwrap(), (true,));
    drop((db, dbs));
    let wrong_name = cluster.open("127.0.0.1", &ours).await.err();
    assert!(
        wrong_name
            .as_ref()
            .is_some_and(|why| why.to_string().contains("certificate")),
        "{wrong_name:?}"
    );
    let wrong_authority = cluster.open("localhost", &theirs).await.err();
    assert!(
        wrong_authority
            .as_ref()
            .is_some_and(|why| why.to_string().contains("certificate")),
        "{wrong_authority:?}"
    );

    cluster.start(false).await;
    let plain = cluster.open("localhost", &ours).await.err();
    assert!(
        plain
            .as_ref()
            .is_some_and(|why| why.to_string().contains("TLS")),
        "{plain:?}"
    );
    cluster.open("localhost", "?sslmode=disable").await.unwrap();
}
