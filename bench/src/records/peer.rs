//! `PocketBase`: a collection of the same members, for its own users.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use hyper::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{CLIENTS, LOG_INS_EACH, MEASURES, PAGE, RECORDS, SIGNING_IN, Side};
use crate::failure::{Failure, Outcome};
use crate::http::{Ask, Connection};
use crate::load::{Caller, Request, Work};
use crate::people::{self, PASSWORD};
use crate::proc::memory;
use crate::program::Program;

const ADMIN: &str = "operator@example.com";
const STUDENTS: &str = "/api/collections/students/records";
const USERS: &str = "/api/collections/users";
/// Whoever is signed in.
const RULE: &str = "@request.auth.id != \"\"";

pub(super) struct Peer {
    program: Program,
    address: SocketAddr,
    loads: [(Vec<Caller>, Work); MEASURES.len()],
    pub(super) version: String,
    _folder: TempDir,
}

impl Peer {
    /// Starts a server with users, a collection and records in it.
    pub(super) async fn set(program: &Path) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(Failure::doing("making a temporary folder"))?;
        let data = folder.path().join("pb_data");
        let version = told(Command::new(program).arg("--version"))?;
        let version = version.rsplit(' ').next().unwrap_or_default().to_owned();
        for words in [
            ["migrate", "up"].as_slice(),
            ["admin", "create", ADMIN, PASSWORD].as_slice(),
        ] {
            told(Command::new(program).args(words).arg("--dir").arg(&data))?;
        }
        let address = free()?;
        let mut serve = Command::new(program);
        serve
            .args(["serve", "--http", &address.to_string(), "--dir"])
            .arg(&data);
        let log = folder.path().join("pocketbase.log");
        let mut program = Program::start("PocketBase", &mut serve, log)?;
        let started = |output: &str| output.contains("Server started").then_some(());
        program.wait_for("that it has started", started).await?;
        let mut desk = Desk::open(address).await?;
        desk.furnish().await?;
        let mut users = Vec::new();
        for person in 0..SIGNING_IN {
            users.push(desk.sign_up(person).await?);
        }
        let ids = desk.fill().await?;
        let Some(user) = users.first() else {
            return Err(Failure::new("nobody signed up"));
        };
        Ok(Self {
            loads: loads(user, &users, ids),
            program,
            address,
            version,
            _folder: folder,
        })
    }

    pub(super) fn side(&self) -> Outcome<Side> {
        let pid = self.program.pid();
        Ok(Side {
            name: "PocketBase".to_owned(),
            address: self.address,
            pid,
            loads: self.loads.clone(),
            fresh: memory(pid)?,
        })
    }

    pub(super) async fn stop(self) -> Outcome<()> {
        self.program.stop().await
    }
}

fn loads(
    user: &Caller,
    users: &[Caller],
    ids: Vec<String>,
) -> [(Vec<Caller>, Work); MEASURES.len()] {
    let at = |path: String| {
        vec![
            Caller {
                path,
                ..user.clone()
            };
            CLIENTS
        ]
    };
    let own = ids.iter().take(CLIENTS).map(|id| Caller {
        path: format!("{STUDENTS}/{id}"),
        ..user.clone()
    });
    let own = own.collect();
    let anybody = users.iter().cycle().take(CLIENTS).map(|user| Caller {
        path: format!("{USERS}/auth-refresh"),
        ..user.clone()
    });
    let signing_in = users.iter().map(|user| Caller {
        path: format!("{USERS}/auth-with-password"),
        credentials: None,
        ..user.clone()
    });
    let change = json!({ "notes": "Sits by the door since {n}." });
    let log_in = json!({ "identity": "{name}", "password": PASSWORD });
    let send = Request::new;
    [
        (
            at(STUDENTS.to_owned()),
            send("POST", 200).body(&student()).work(),
        ),
        (
            at(format!("{STUDENTS}/{{id}}")),
            send("GET", 200).ids(ids).work(),
        ),
        (
            at(format!("{STUDENTS}?perPage={PAGE}&skipTotal=1")),
            send("GET", 200).work(),
        ),
        (own, send("PATCH", 200).body(&change).work()),
        (anybody.collect(), send("POST", 200).work()),
        (
            signing_in.collect(),
            send("POST", 200).body(&log_in).each(LOG_INS_EACH).work(),
        ),
    ]
}

fn student() -> Value {
    json!({
        "branch": "main", "code": "C-{n}", "name": "Person {n}", "phone": "+919000000001",
        "email": "person-{n}@example.com", "notes": "Sits by the window, pays on the fifth.",
    })
}

/// Where the collection is made: a connection, and who is the administrator.
struct Desk {
    server: Connection,
    token: String,
}

impl Desk {
    async fn open(address: SocketAddr) -> Outcome<Self> {
        let mut desk = Self {
            server: Connection::open(address).await?,
            token: String::new(),
        };
        let body = json!({ "identity": ADMIN, "password": PASSWORD });
        let reply = desk
            .post("/api/admins/auth-with-password", body.to_string())
            .await?;
        text(&reply, "token")?.clone_into(&mut desk.token);
        Ok(desk)
    }

    async fn furnish(&mut self) -> Outcome<()> {
        let members = ["branch", "code", "name", "phone", "email", "notes"];
        let schema: Vec<Value> = members
            .iter()
            .map(|name| json!({ "name": name, "type": "text", "options": {} }))
            .collect();
        let body = json!({
            "name": "students", "type": "base", "schema": schema,
            "indexes": ["create unique index students_code on students (code)"],
            "listRule": RULE, "viewRule": RULE, "createRule": RULE, "updateRule": RULE,
        });
        self.post("/api/collections", body.to_string())
            .await
            .map(drop)
    }

    async fn sign_up(&mut self, person: usize) -> Outcome<Caller> {
        let email = people::email(person);
        let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
        self.post(&format!("{USERS}/records"), body.to_string())
            .await?;
        let body = json!({ "identity": email, "password": PASSWORD });
        let path = format!("{USERS}/auth-with-password");
        let reply = self.post(&path, body.to_string()).await?;
        Ok(Caller {
            from: people::address(person),
            name: email,
            credentials: Some((
                "authorization".to_owned(),
                text(&reply, "token")?.to_owned(),
            )),
            ..Caller::default()
        })
    }

    async fn fill(&mut self) -> Outcome<Vec<String>> {
        let mut ids = Vec::new();
        for number in 0..RECORDS {
            let body = student().to_string().replace("{n}", &number.to_string());
            let record = self.post(STUDENTS, body).await?;
            ids.push(text(&record, "id")?.to_owned());
        }
        Ok(ids)
    }

    async fn post(&mut self, path: &str, body: String) -> Outcome<Value> {
        let credentials = ("authorization", self.token.as_str());
        let ask = Ask {
            method: Method::POST,
            path,
            from: "127.0.0.1",
            credentials: (!self.token.is_empty()).then_some(credentials),
            version: None,
            json: Some(body),
        };
        let reply = self.server.send(ask).await?;
        reply
            .expect(200, &format!("POST {path} of PocketBase"))?
            .json()
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Outcome<&'a str> {
    let found = value[name].as_str();
    found.ok_or_else(|| Failure::new(format!("PocketBase gave no {name}: {value}")))
}

/// What a program that ends by itself prints.
fn told(command: &mut Command) -> Outcome<String> {
    let output = command
        .output()
        .map_err(Failure::doing("starting PocketBase"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    // It ends with success whatever it has to say.
    if output.status.success() && !errors.contains("Error:") {
        return Ok(text);
    }
    Err(Failure::new(format!("PocketBase says {text}{errors}")))
}

/// An address nobody listens on; `PocketBase` does not say which it took when asked for any.
fn free() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0");
    listener
        .and_then(|listener| listener.local_addr())
        .map_err(Failure::doing("finding a free address"))
}
