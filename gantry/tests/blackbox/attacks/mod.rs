//! What somebody with bad intentions tries, one test per attack, against the real program from outside.
//!
//! Each test is named after what must hold. Where an attack has several shapes, one server takes all of them in a row.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what does not hold ends the test, in its helpers too"
)]

mod accounts;
mod bodies;
mod browser;
mod console;
mod content;
mod factors;
mod idempotency;
mod isolation;
mod keys;
mod lockout;
mod logs;
mod mails;
mod papers;
mod paths;
mod privilege;
mod races;
mod secrets;
mod slow;
mod spoofing;
mod tokens;
mod wire;

use std::fmt::Write as _;
use std::time::Duration;

use gantry_testkit::{Answer, Client, Engine, Owner, SecondFactor, Server, ServerOptions, SmtpSim};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Mail and databases are made by jobs, and many tests share two cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// A password that offends no rule.
pub(crate) const PASSWORD: &str = "copper-kettle-on-the-hill";

/// A server with mail. Limits that would get in the way of many attempts are wide, unless a test is about them.
pub(crate) struct World {
    pub(crate) mail: SmtpSim,
    pub(crate) server: Server,
}

impl World {
    pub(crate) async fn open(engine: Engine) -> Self {
        Self::with(engine, &[]).await
    }

    pub(crate) async fn with(engine: Engine, env: &[(&str, &str)]) -> Self {
        let mail = SmtpSim::start().await;
        let wide = [
            ("GANTRY_HTTP__LIMITS__OFF", "true"),
            ("GANTRY_IDENTITY__LOG_IN_PER_ACCOUNT", "10000/15m"),
            ("GANTRY_IDENTITY__FAILED_LOG_IN_PER_ADDRESS", "10000/15m"),
            ("GANTRY_IDENTITY__RESET_PER_ACCOUNT", "10000/15m"),
            ("GANTRY_IDENTITY__MAIL_PER_ACCOUNT", "10000/15m"),
        ];
        let mut options = ServerOptions::new(engine).mail(&mail);
        for (name, value) in wide.iter().chain(env) {
            options = options.env(name, *value);
        }
        Self {
            server: options.start().await,
            mail,
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.server.client()
    }

    pub(crate) async fn owner(&self, handle: &str) -> Owner {
        Owner::ready(&self.client(), &self.mail, handle).await
    }

    /// Where the server listens, without the scheme.
    fn address(&self) -> String {
        self.server.url().trim_start_matches("http://").to_owned()
    }

    /// Sends bytes as they are and reads until the server closes or is silent.
    async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        // The server may refuse half way and close.
        stream.write_all(bytes.as_ref()).await.ok();
        read_for(&mut stream, Duration::from_millis(1_500)).await
    }

    /// Somebody who operates the platform, signed in, with a second factor.
    pub(crate) async fn operator(&self, email: &str) -> Client {
        let client = self.unguarded_operator(email).await;
        SecondFactor::set_up(&client).await;
        client
    }

    /// The same, by password alone.
    async fn unguarded_operator(&self, email: &str) -> Client {
        let file = self.server.databases().folder().join("operator-password");
        std::fs::write(&file, PASSWORD).unwrap();
        let file = file.to_str().unwrap();
        self.server.command(&[
            "user",
            "create",
            email,
            "--name",
            "Ops Person",
            "--operator",
            "--password-file",
            file,
        ]);
        log_in(&self.client(), email, PASSWORD).await
    }

    /// Invites `email` and makes the account that accepts.
    pub(crate) async fn colleague(&self, owner: &Owner, email: &str, invitation: &Value) -> Client {
        let token = self.invite(owner, email, invitation).await;
        let body = json!({"token": token, "name": "Some Colleague", "password": PASSWORD});
        self.client()
            .post("/api/v1/auth/invitations/accept")
            .json(&body)
            .await
            .expect(200)
            .done();
        log_in(&self.client(), email, PASSWORD).await
    }

    /// Invites and reads the token from the mail; `grant` has `role`, and maybe `scope` and `units`.
    async fn invite(&self, owner: &Owner, email: &str, grant: &Value) -> String {
        let since = self.mail.newest().await;
        let mut body = grant.clone();
        body["email"] = json!(email);
        owner
            .client
            .post(&owner.path("/identity/invitations"))
            .json(&body)
            .await
            .expect(201)
            .done();
        self.mail
            .wait_mail_since(since, email, "invited", PATIENCE)
            .await
            .parameter("token")
    }
}

/// Everything that comes until the server closes, or is silent for `silence`.
async fn read_for(stream: &mut TcpStream, silence: Duration) -> String {
    let mut seen = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(Ok(count)) = tokio::time::timeout(silence, stream.read(&mut chunk)).await {
        if count == 0 {
            break;
        }
        seen.extend_from_slice(&chunk[..count]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// The status codes of every answer in what was read.
fn statuses(text: &str) -> Vec<u16> {
    let codes = text
        .match_indices("HTTP/1.")
        .filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok());
    codes.collect()
}

pub(crate) async fn log_in(client: &Client, email: &str, password: &str) -> Client {
    let answer = try_log_in(client, email, password).await.expect(201);
    client.with_bearer(answer.text_at("/access_token"))
}

async fn try_log_in(client: &Client, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    client
        .anonymous()
        .post("/api/v1/auth/sessions")
        .json(&body)
        .await
}

pub(crate) async fn open_branch(owner: &Owner, code: &str) -> String {
    let body = json!({"code": code, "name": format!("Hall {code}")});
    owner
        .client
        .post(&owner.path("/spaces/branches"))
        .json(&body)
        .await
        .expect(201)
        .text_at("/id")
}

pub(crate) fn student(branch: &str, name: &str, phone: &str) -> Value {
    json!({"branch_id": branch, "name": name, "phone": phone})
}

/// `text` for a path or a query.
fn escaped(text: &[u8]) -> String {
    let mut out = String::new();
    for byte in text {
        write!(out, "%{byte:02X}").unwrap();
    }
    out
}
