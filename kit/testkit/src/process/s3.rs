//! S3 by others: moto, a server from `PyPI` that `cargo xtask test` installs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::cache;

const SCRIPT: &str = include_str!("../../s3/peer.py");

/// A running server with an empty bucket, ended when it is dropped. It refuses every request that is not signed by the one
/// access key it knows.
#[derive(Debug)]
pub struct S3Peer {
    /// Where it listens: `http://127.0.0.1:...`.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The access key.
    pub id: String,
    /// Its secret.
    pub secret: String,
    process: Child,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl S3Peer {
    /// Starts it.
    pub fn start() -> Self {
        let mut process = Command::new(python())
            .args(["-c", SCRIPT])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting moto: {error}"));
        let input = process.stdin.take().expect("its input");
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let first = line(&mut output);
        let text = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
        Self {
            endpoint: text("endpoint"),
            bucket: text("bucket"),
            id: text("id"),
            secret: text("secret"),
            process,
            talk: Mutex::new((input, output)),
        }
    }

    /// The names of all objects, with their lengths.
    pub fn objects(&self) -> BTreeMap<String, u64> {
        let answer = self.ask(&json!({"ask": "objects"}));
        serde_json::from_value(answer).expect("names and lengths")
    }

    /// The objects of all uploads in parts that are not finished.
    pub fn uploads(&self) -> Vec<String> {
        let answer = self.ask(&json!({"ask": "uploads"}));
        serde_json::from_value(answer).expect("names")
    }

    /// Begins an upload in parts that nobody will finish.
    pub fn begin_upload(&self, key: &str) {
        self.ask(&json!({"ask": "begin_upload", "key": key}));
    }

    /// Flips a bit in the middle of an object.
    pub fn flip(&self, key: &str) {
        self.ask(&json!({"ask": "flip", "key": key}));
    }

    /// From now on the access key may only read and list.
    pub fn forbid_writing(&self) {
        self.ask(&json!({"ask": "forbid_writing"}));
    }

    fn ask(&self, what: &Value) -> Value {
        let mut talk = self.talk.lock().expect("one asks at a time");
        writeln!(talk.0, "{what}").expect("moto listens");
        talk.0.flush().expect("moto listens");
        line(&mut talk.1)
    }
}

impl Drop for S3Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> Value {
    let mut text = String::new();
    output.read_line(&mut text).expect("an answer of moto");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("moto said {text:?}: {error}"))
}

/// Where `cargo xtask test` puts it.
fn python() -> PathBuf {
    let python = cache("moto/bin/python");
    python.filter(|python| python.is_file()).unwrap_or_else(|| {
        panic!("PyPI's moto is not installed: run `cargo xtask s3-peer`, or `cargo xtask test`, which does that")
    })
}
