//! The people of the measurement: each signed up, confirmed, with a workspace and a branch in it.

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::http::{Ask, Connection, Reply};
use crate::load::Caller;
use crate::stage::Stage;

/// Fewer would meet the limit of ten log-ins per account.
pub(crate) const PEOPLE: usize = 32;
/// Sessions of each kind that a person begins.
const SESSIONS_EACH: usize = 2;
/// Clients of a measurement.
pub(crate) const CLIENTS: usize = PEOPLE * SESSIONS_EACH;
/// Log-ins of both kinds.
pub(crate) const LOG_INS: usize = CLIENTS * 2;
/// Mail and new databases are the work of jobs.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(20);
pub(crate) const PASSWORD: &str = "quiet-harbour-lantern";

/// Callers by how they prove who they are; the paths are those of reading a branch by its id.
pub(crate) struct People {
    pub(crate) bearers: Vec<Caller>,
    pub(crate) cookies: Vec<Caller>,
}

/// Signs everybody up, confirms the addresses, and signs them in.
pub(crate) async fn gather(stage: &Stage) -> Outcome<People> {
    let mut desk = Desk {
        server: Connection::open(stage.address).await?,
        inbox: Connection::open(stage.mail.inbox).await?,
    };
    for person in 0..PEOPLE {
        desk.sign_up(person).await?;
    }
    for person in 0..PEOPLE {
        desk.confirm(person).await?;
    }
    let mut people = People {
        bearers: Vec::new(),
        cookies: Vec::new(),
    };
    for person in 0..PEOPLE {
        for mode in ["token", "cookie"] {
            for _ in 0..SESSIONS_EACH {
                let caller = desk.log_in(person, mode).await?;
                match mode {
                    "token" => people.bearers.push(caller),
                    _ => people.cookies.push(caller),
                }
            }
        }
    }
    for person in 0..PEOPLE {
        let first = person * SESSIONS_EACH;
        let branch = desk.furnish(person, &people.bearers[first]).await?;
        for caller in first..first + SESSIONS_EACH {
            people.bearers[caller].path.clone_from(&branch);
            people.cookies[caller].path.clone_from(&branch);
        }
    }
    Ok(people)
}

/// Where people come in: a connection to the server and one to the inbox.
struct Desk {
    server: Connection,
    inbox: Connection,
}

impl Desk {
    async fn sign_up(&mut self, person: usize) -> Outcome<()> {
        let body = json!({
            "email": email(person), "password": PASSWORD, "name": format!("Person {person}"),
            "workspace_name": format!("Hall {person}"), "workspace_slug": slug(person),
        });
        let reply = self.post("/api/v1/auth/sign-ups", person, &body).await?;
        reply.expect(202, "a sign-up").map(drop)
    }

    async fn confirm(&mut self, person: usize) -> Outcome<()> {
        let path = format!("/api/v1/messages?to=person-{person}%40example.com");
        let deadline = Instant::now() + PATIENCE;
        let id = loop {
            let list = self.mail(&path).await?;
            if let Some(id) = list["messages"][0]["id"].as_u64() {
                break id;
            }
            wait(deadline, "no mail came").await?;
        };
        let mail = self.mail(&format!("/api/v1/messages/{id}")).await?;
        let links = mail["links"].as_array().into_iter().flatten();
        let token = links
            .filter_map(Value::as_str)
            .find_map(|link| link.split_once("token="))
            .and_then(|(_, token)| token.split('&').next())
            .ok_or_else(|| Failure::new(format!("no token in the mail {mail}")))?;
        let body = json!({ "token": token });
        let reply = self
            .post("/api/v1/auth/verifications", person, &body)
            .await?;
        reply.expect(200, "a verification").map(drop)
    }

    /// Signs in, as a program (`token`) or as a browser (`cookie`).
    async fn log_in(&mut self, person: usize, mode: &str) -> Outcome<Caller> {
        let body = json!({ "email": email(person), "password": PASSWORD, "mode": mode });
        let reply = self.post("/api/v1/auth/sessions", person, &body).await?;
        let reply = reply.expect(201, "a log-in")?;
        let cookies = reply.headers.get_all("set-cookie").iter();
        let cookie = cookies
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .find(|pair| pair.starts_with("__Host-gantry_session="));
        let answer = reply.json()?;
        let credentials = match (answer["access_token"].as_str(), cookie) {
            (Some(token), _) => ("authorization".to_owned(), format!("Bearer {token}")),
            (None, Some(cookie)) => ("cookie".to_owned(), cookie.to_owned()),
            (None, None) => return Err(Failure::new("a log-in gave neither token nor cookie")),
        };
        Ok(Caller {
            from: address(person),
            credentials: Some(credentials),
            refresh_token: answer["refresh_token"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            ..Caller::default()
        })
    }

    /// Waits for the workspace and makes a branch in it; the path of the branch.
    async fn furnish(&mut self, person: usize, owner: &Caller) -> Outcome<String> {
        let workspace = workspace(person);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.call(Method::GET, &workspace, owner, None).await?;
            if reply.status == StatusCode::OK {
                break;
            }
            wait(deadline, "a workspace did not become active").await?;
        }
        let path = format!("{workspace}/spaces/branches");
        let body = json!({ "code": "MAIN", "name": "Main hall" });
        let reply = self.call(Method::POST, &path, owner, Some(&body)).await?;
        let branch = reply.expect(201, "a new branch")?.json()?;
        let id = branch["id"].as_str();
        let id = id.ok_or_else(|| Failure::new(format!("a branch without an id: {branch}")))?;
        Ok(format!("{path}/{id}"))
    }

    async fn post(&mut self, path: &str, person: usize, body: &Value) -> Outcome<Reply> {
        let stranger = Caller {
            from: address(person),
            ..Caller::default()
        };
        self.call(Method::POST, path, &stranger, Some(body)).await
    }

    async fn call(
        &mut self,
        method: Method,
        path: &str,
        caller: &Caller,
        body: Option<&Value>,
    ) -> Outcome<Reply> {
        let credentials = caller.credentials.as_ref();
        let ask = Ask {
            method,
            path,
            from: &caller.from,
            credentials: credentials.map(|(name, value)| (name.as_str(), value.as_str())),
            version: None,
            json: body.map(Value::to_string),
        };
        self.server.send(ask).await
    }

    async fn mail(&mut self, path: &str) -> Outcome<Value> {
        let ask = Ask {
            method: Method::GET,
            path,
            from: "127.0.0.1",
            credentials: None,
            version: None,
            json: None,
        };
        let reply = self.inbox.send(ask).await?;
        reply.expect(200, "the inbox")?.json()
    }
}

async fn wait(deadline: Instant, late: &str) -> Outcome<()> {
    if Instant::now() > deadline {
        return Err(Failure::new(format!("{late} in {PATIENCE:?}")));
    }
    tokio::time::sleep(POLL).await;
    Ok(())
}

pub(crate) fn email(person: usize) -> String {
    format!("person-{person}@example.com")
}

pub(crate) fn workspace(person: usize) -> String {
    format!("/api/v1/tenants/{}", slug(person))
}

fn slug(person: usize) -> String {
    format!("hall-{person}")
}

/// Each person has an address of their own (RFC 5737), as the proxy would write it.
pub(crate) fn address(person: usize) -> String {
    format!("192.0.2.{}", person + 1)
}
