//! How the process begins and ends: what it says, what it waits for, what it refuses, what it finishes.

use std::time::Duration;

use gantry_testkit::{Engine, Owner, Server, ServerOptions, both_engines, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::gantry;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A sign-up whose body the server is waiting for.
struct Slow {
    stream: TcpStream,
    body: String,
}

impl Slow {
    async fn begin(server: &Server, handle: &str) -> Self {
        let body = Owner::new(&server.client(), handle)
            .sign_up_body()
            .to_string();
        let address = server.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let head = format!(
            "POST /api/v1/auth/sign-ups HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nexpect: 100-continue\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server says so once the request is under way.
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, body }
    }

    async fn finish(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = self.stream.read_to_string(&mut answer);
        tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
        answer
    }
}

/// The first signal has arrived when nobody can connect any more.
async fn closed(server: &Server) {
    let address = server.url().trim_start_matches("http://").to_owned();
    eventually(
        "a closed door",
        PATIENCE,
        async || match TcpStream::connect(&address).await {
            Ok(_) => Err("it still accepts"),
            Err(_) => Ok(()),
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_says_where_it_listens_and_what_is_not_configured() {
    let options = ServerOptions::new(Engine::Sqlite).env("GANTRY_LOG__LEVEL", "off");
    let mut server = options.start().await;
    let mut said = server.output();
    let folder = server.databases().folder().to_str().unwrap().to_owned();
    for (what, shown) in [(server.url(), "http://127.0.0.1:PORT"), (folder, "FOLDER")] {
        assert!(said.contains(&what), "{what} is not in\n{said}");
        said = said.replace(&what, shown);
    }
    let link = said
        .split_once("#token=")
        .map(|(_, rest)| rest.split_whitespace().next().unwrap().to_owned());
    said = said.replace(&link.unwrap(), "TOKEN");
    insta::assert_snapshot!("first_start", said);
    server.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_it_makes_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mut server = ServerOptions::new(Engine::Sqlite).start().await;
    let mut left = vec![server.data_dir()];
    let mut seen = Vec::new();
    while let Some(path) = left.pop() {
        let metadata = std::fs::metadata(&path).unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
        if metadata.is_dir() {
            left.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        seen.push(path);
    }
    let control = server.data_dir().join("control.db");
    assert!(seen.contains(&control), "{seen:?}");
    server.stop().await;
}

both_engines! {
    async fn a_stop_finishes_what_was_begun_and_ends_with_0(engine: Engine) {
        let mut server = ServerOptions::new(engine).start().await;
        let slow = Slow::begin(&server, "late").await;
        server.ask_to_stop();
        closed(&server).await;
        let answer = slow.finish().await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        assert_eq!(server.wait_end(PATIENCE).await, Some(0));
        assert!(server.output().contains("\"message\":\"stopped\""), "{}", server.output());
    }

    async fn another_master_key_is_refused_and_changes_nothing(engine: Engine) {
        let mut server = ServerOptions::new(engine).start().await;
        server.stop().await;
        let good = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtISE=";
        server.set_env("GANTRY_MASTER_KEY", "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItISE=");
        server.restart_unready();
        assert_eq!(server.wait_end(PATIENCE).await, Some(78));
        assert!(server.output().contains("sealed under another master key"), "{}", server.output());
        server.set_env("GANTRY_MASTER_KEY", good);
        server.restart().await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_does_not_wait() {
    let mut server = ServerOptions::new(Engine::Sqlite).start().await;
    let slow = Slow::begin(&server, "never").await;
    server.ask_to_stop();
    // Two signals of one kind that arrive together are one.
    closed(&server).await;
    server.ask_to_stop();
    assert_eq!(server.wait_end(PATIENCE).await, Some(1));
    let output = server.output();
    assert!(output.contains("asked twice to stop"), "{output}");
    drop(slow);
}

#[test]
fn a_database_that_does_not_answer_is_waited_for_and_then_said_in_one_line() {
    // Port 1 of this machine: nobody listens there.
    let env = [
        (
            "GANTRY_DATABASE__URL",
            "postgres://gantry@127.0.0.1:1/gantry",
        ),
        ("GANTRY_DATABASE__START_TIMEOUT", "2s"),
    ];
    let said = gantry(&["serve", "--listen", "127.0.0.1:0"], &env).ends(69);
    let tries = said.out.matches("does not answer yet; trying again");
    assert!(tries.count() >= 1, "{}", said.out);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert!(said.err.starts_with("gantry: "), "{}", said.err);
}
