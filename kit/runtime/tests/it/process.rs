//! A whole process: where it may listen, and how it stops.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gantry_kernel::Kernel;
use gantry_runtime::config::{ConfigError, Sources};
use gantry_runtime::{Ended, Registry, StartError, Stopper, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::sample::{Gate, gated};

/// Longer than anything here takes; a hang then fails the test instead of the run.
const PATIENCE: Duration = Duration::from_secs(30);

fn env(pairs: &[(&str, &str)]) -> Sources {
    let env: BTreeMap<String, String> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Sources {
        env,
        ..Sources::default()
    }
}

struct Running {
    stopper: Stopper,
    address: SocketAddr,
    lines: Vec<String>,
    ended: JoinHandle<Result<Ended, StartError>>,
}

async fn start(data: PathBuf, gate: &Arc<Gate>) -> Running {
    start_with(data, gate, &[]).await
}

async fn start_with(data: PathBuf, gate: &Arc<Gate>, more: &[(&str, &str)]) -> Running {
    let registry = Registry::new(vec![gated(gate)]).unwrap();
    let usual = [
        ("GANTRY_SERVER__LISTEN", "127.0.0.1:0"),
        ("GANTRY_LOG__LEVEL", "off"),
    ];
    let sources = env(&[&usual, more].concat());
    let config = registry.model().load(&sources).unwrap();
    let stopper = Stopper::new();
    let (told, announced) = oneshot::channel();
    let asked = stopper.clone();
    let ended = tokio::spawn(async move {
        let announce = move |address: SocketAddr, lines: &[String]| {
            told.send((address, lines.to_vec())).unwrap();
        };
        run(registry, config, &data, Kernel::system(), &asked, announce).await
    });
    let (address, lines) = tokio::time::timeout(PATIENCE, announced)
        .await
        .unwrap()
        .unwrap();
    Running {
        stopper,
        address,
        lines,
        ended,
    }
}

async fn send(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text))
        .await
        .unwrap()
        .unwrap();
    text
}

async fn end(ended: JoinHandle<Result<Ended, StartError>>) -> Ended {
    tokio::time::timeout(PATIENCE, ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_was_accepted_and_frees_the_data() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let gate = Gate::new();
    let running = start(data.clone(), &gate).await;
    assert!(
        running.lines.iter().any(|line| line == "hello from sample"),
        "{:?}",
        running.lines
    );
    let key = |running: &Running| {
        let mut lines = running.lines.iter();
        lines.any(|line| line.starts_with("a master key was made in "))
    };
    assert!(key(&running), "{:?}", running.lines);
    assert!(
        answer(send(running.address, "/readyz").await)
            .await
            .starts_with("HTTP/1.1 200")
    );
    let waiting = send(running.address, "/api/v1/wait").await;
    tokio::time::timeout(PATIENCE, gate.arrived.acquire())
        .await
        .unwrap()
        .unwrap()
        .forget();
    running.stopper.ask();
    gate.open.add_permits(1);
    let text = answer(waiting).await;
    assert!(
        text.starts_with("HTTP/1.1 200") && text.ends_with("\"finished\""),
        "{text}"
    );
    assert_eq!(end(running.ended).await, Ended::Drained);
    assert!(
        TcpStream::connect(running.address).await.is_err(),
        "nobody listens any more"
    );
    let again = start(data, &gate).await;
    assert!(!key(&again), "{:?}", again.lines);
    again.stopper.ask();
    assert_eq!(end(again.ended).await, Ended::Drained);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_twice_does_not_wait() {
    let parent = tempfile::tempdir().unwrap();
    let gate = Gate::new();
    let running = start(parent.path().join("data"), &gate).await;
    let _waiting = send(running.address, "/api/v1/wait").await;
    tokio::time::timeout(PATIENCE, gate.arrived.acquire())
        .await
        .unwrap()
        .unwrap()
        .forget();
    running.stopper.ask();
    running.stopper.ask();
    assert_eq!(end(running.ended).await, Ended::Cut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_serves_one_process_and_an_address_too() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let gate = Gate::new();
    let running = start(data.clone(), &gate).await;
    let second = async |listen: &str, data: PathBuf| {
        let registry = Registry::new(vec![gated(&gate)]).unwrap();
        let sources = env(&[
            ("GANTRY_SERVER__LISTEN", listen),
            ("GANTRY_LOG__LEVEL", "off"),
        ]);
        let config = registry.model().load(&sources).unwrap();
        run(
            registry,
            config,
            &data,
            Kernel::system(),
            &Stopper::new(),
            |_, _| (),
        )
        .await
        .unwrap_err()
    };
    let taken = second("127.0.0.1:0", data).await;
    assert!(
        taken.to_string().contains("another gantry server uses"),
        "{taken}"
    );
    assert_eq!(taken.exit_code(), 78);
    let busy = second(&running.address.to_string(), parent.path().join("other")).await;
    assert!(matches!(busy, StartError::Listen { .. }), "{busy}");
    assert!(
        !parent.path().join("other").exists(),
        "nothing is made for a process that cannot listen"
    );
    running.stopper.ask();
    assert_eq!(end(running.ended).await, Ended::Drained);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_here_may_call_an_undecided_address_localhost() {
    let parent = tempfile::tempdir().unwrap();
    let gate = Gate::new();
    let status = async |address: SocketAddr, origin: &str| {
        let request = format!(
            "POST /api/v1/write HTTP/1.1\r\nhost: {address}\r\norigin: {origin}\r\nconnection: close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        answer(stream).await[9..12].to_owned()
    };
    let undecided = start(parent.path().join("undecided"), &gate).await;
    let (address, port) = (undecided.address, undecided.address.port());
    for (host, expected) in [
        ("127.0.0.1", "204"),
        ("localhost", "204"),
        ("[::1]", "204"),
        ("localhost.example.org", "403"),
    ] {
        let origin = format!("http://{host}:{port}");
        assert_eq!(status(address, &origin).await, expected, "{origin}");
    }
    assert_eq!(status(address, "http://localhost").await, "403");
    undecided.stopper.ask();
    assert_eq!(end(undecided.ended).await, Ended::Drained);

    let decided = ("GANTRY_SERVER__PUBLIC_URL", "https://gantry.example.com");
    let decided = start_with(parent.path().join("decided"), &gate, &[decided]).await;
    let origin = format!("http://localhost:{}", decided.address.port());
    assert_eq!(status(decided.address, &origin).await, "403");
    let own = "https://gantry.example.com";
    assert_eq!(status(decided.address, own).await, "204");
    decided.stopper.ask();
    assert_eq!(end(decided.ended).await, Ended::Drained);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_that_others_can_look_into_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let gate = Gate::new();
    let line = format!(
        "others can look into the data directory: run chmod 700 {}",
        data.display()
    );
    for (mode, said) in [(0o750, true), (0o701, true), (0o700, false)] {
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(mode)).unwrap();
        let running = start(data.clone(), &gate).await;
        let lines = &running.lines;
        assert_eq!(lines.contains(&line), said, "{mode:o}: {lines:?}");
        running.stopper.ask();
        assert_eq!(end(running.ended).await, Ended::Drained);
    }
}

#[test]
fn listening_beyond_this_machine_needs_a_proxy_and_an_https_address() {
    let registry = Registry::new(vec![gated(&Gate::new())]).unwrap();
    let outcome = |pairs: &[(&str, &str)]| match registry.model().load(&env(pairs)) {
        Ok(_) => None,
        Err(ConfigError::Faults(faults)) => Some(faults[0].to_string()),
        Err(other) => panic!("{other}"),
    };
    let open = ("GANTRY_SERVER__LISTEN", "0.0.0.0:8080");
    let proxy = ("GANTRY_SERVER__BEHIND_PROXY", "true");
    let https = ("GANTRY_SERVER__PUBLIC_URL", "https://gantry.example.com");
    let http = ("GANTRY_SERVER__PUBLIC_URL", "http://gantry.example.com");
    let trusted = ("GANTRY_SERVER__TRUSTED_PROXIES", "10.0.0.7");
    assert_eq!(outcome(&[open, proxy, https, trusted]), None);
    let nobody = outcome(&[open, proxy, https]).unwrap();
    assert!(
        nobody.contains("server.trusted_proxies: must name the proxies in front")
            && nobody.contains("requests to 0.0.0.0:8080 come from other machines")
            && nobody.contains("everybody behind the proxy is one address"),
        "{nobody}"
    );
    assert_eq!(
        outcome(&[proxy, https]),
        None,
        "the proxy is on this machine"
    );
    assert_eq!(outcome(&[("GANTRY_SERVER__LISTEN", "[::1]:8080")]), None);
    for refused in [
        &[open][..],
        &[open, proxy],
        &[open, https],
        &[open, proxy, http],
        &[open, proxy, trusted, http],
    ] {
        let why = outcome(refused).unwrap();
        assert!(
            why.starts_with("GANTRY_SERVER__LISTEN: server.listen: 0.0.0.0:8080 can be reached"),
            "{why}"
        );
        assert!(why.contains("does not speak TLS itself"), "{why}");
    }
    let app = ("GANTRY_SERVER__CORS_ORIGINS", "https://app.example.com");
    assert_eq!(outcome(&[app]), None);
    let untrusted = ("GANTRY_SERVER__TRUSTED_PROXIES", "10.0.0.0/8");
    assert!(
        outcome(&[untrusted])
            .unwrap()
            .contains("has no effect without --behind-proxy")
    );
}

#[test]
fn what_only_the_edge_understands_is_refused_before_a_start_too() {
    let registry = Registry::new(vec![gated(&Gate::new())]).unwrap();
    let sources = env(&[
        (
            "GANTRY_SERVER__PUBLIC_URL",
            "https://gantry.example.com/app",
        ),
        (
            "GANTRY_SERVER__CORS_ORIGINS",
            "https://app.example.com, app.example.org",
        ),
        ("GANTRY_SERVER__BEHIND_PROXY", "true"),
        ("GANTRY_SERVER__TRUSTED_PROXIES", "10.0.0.0/99"),
        ("GANTRY_HTTP__MAX_BODY_SIZE", "1B"),
        ("GANTRY_HTTP__SECURITY_CONTACT", "security@example.com"),
    ]);
    let refused = registry.model().load(&sources);
    let Err(ConfigError::Faults(faults)) = refused else {
        panic!("{refused:?}")
    };
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "GANTRY_SERVER__PUBLIC_URL: server.public_url: must look like https://gantry.example.com, without a path, \
             not \"https://gantry.example.com/app\"",
            "GANTRY_SERVER__TRUSTED_PROXIES: server.trusted_proxies: must be addresses or networks such as 10.0.0.0/8, \
             not \"10.0.0.0/99\"",
            "GANTRY_SERVER__CORS_ORIGINS: server.cors_origins: must be origins such as https://app.example.com, \
             not \"app.example.org\"",
            "GANTRY_HTTP__SECURITY_CONTACT: http.security_contact: must begin with mailto: or https:",
            "GANTRY_HTTP__MAX_BODY_SIZE: http.max_body_size: must be at least 1KiB",
        ]
    );
}
