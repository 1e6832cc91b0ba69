//! Gantry: students of one workspace.

use hyper::Method;
use serde_json::json;

use super::{CLIENTS, LOG_INS_EACH, MEASURES, PAGE, RECORDS, SIGNING_IN, Side};
use crate::failure::{Failure, Outcome};
use crate::http::{Ask, Connection, Reply};
use crate::load::{Caller, Request, Work};
use crate::people::{self, PASSWORD};
use crate::proc::memory;
use crate::stage::{Programs, Stage};

const LOG_IN: &str = "/api/v1/auth/sessions";

pub(super) struct Ours {
    stage: Stage,
    side: [(Vec<Caller>, Work); MEASURES.len()],
    synchronous: &'static str,
}

impl Ours {
    /// Starts a server with people, a workspace and records in it.
    pub(super) async fn set(programs: &Programs, synchronous: &'static str) -> Outcome<Self> {
        let more = [("GANTRY_DATABASE__SQLITE__SYNCHRONOUS", synchronous)];
        let stage = Stage::set(programs, &more).await?;
        let people = people::gather(&stage).await?;
        let Some(owner) = people.bearers.first() else {
            return Err(Failure::new("nobody signed up"));
        };
        let Some((spaces, branch)) = owner.path.split_once("/branches/") else {
            return Err(Failure::new("a branch without a path"));
        };
        let students = format!("{spaces}/students");
        let mut server = Connection::open(stage.address).await?;
        let create = json!({
            "branch_id": branch, "name": "Person {n}", "phone": "+919000000001", "shares_phone": true,
            "email": "person-{n}@example.com", "notes": "Sits by the window, pays on the fifth.",
        });
        let mut records = Vec::new();
        for number in 0..RECORDS {
            let body = create.to_string().replace("{n}", &number.to_string());
            let reply = post(&mut server, &students, owner, body).await?;
            let reply = reply.expect(201, "a new record")?;
            let record = reply.json()?;
            let id = record["id"].as_str();
            let id = id.ok_or_else(|| Failure::new(format!("a record without an id: {record}")))?;
            records.push((id.to_owned(), reply.version()));
        }
        let ids: Vec<String> = records.iter().map(|(id, _)| id.clone()).collect();
        let at = |path: String| {
            vec![
                Caller {
                    path,
                    ..owner.clone()
                };
                CLIENTS
            ]
        };
        let own = records.iter().take(CLIENTS).map(|(id, version)| Caller {
            path: format!("{students}/{id}"),
            version: version.clone(),
            ..owner.clone()
        });
        let change = json!({ "notes": "Sits by the door since {n}." });
        let signing_in = (0..SIGNING_IN).map(|person| Caller {
            from: people::address(person),
            path: LOG_IN.to_owned(),
            name: people::email(person),
            ..Caller::default()
        });
        let log_in = json!({ "email": "{name}", "password": PASSWORD, "mode": "token" });
        let send = Request::new;
        let side = [
            (at(students.clone()), send("POST", 201).body(&create).work()),
            (
                at(format!("{students}/{{id}}")),
                send("GET", 200).ids(ids).work(),
            ),
            (
                at(format!("{students}?page_size={PAGE}")),
                send("GET", 200).work(),
            ),
            (
                own.collect(),
                send("PATCH", 200).body(&change).versioned().work(),
            ),
            (people.bearers.clone(), Work::Refresh),
            (
                signing_in.collect(),
                send("POST", 201).body(&log_in).each(LOG_INS_EACH).work(),
            ),
        ];
        Ok(Self {
            stage,
            side,
            synchronous,
        })
    }

    pub(super) fn side(&self) -> Outcome<Side> {
        let pid = self.stage.gantry.pid();
        Ok(Side {
            name: format!("Gantry at `{}`", self.synchronous),
            address: self.stage.address,
            pid,
            loads: self.side.clone(),
            fresh: memory(pid)?,
        })
    }

    pub(super) async fn stop(self) -> Outcome<()> {
        self.stage.gantry.stop().await
    }
}

async fn post(
    server: &mut Connection,
    path: &str,
    caller: &Caller,
    body: String,
) -> Outcome<Reply> {
    let credentials = caller.credentials.as_ref();
    let ask = Ask {
        method: Method::POST,
        path,
        from: &caller.from,
        credentials: credentials.map(|(name, value)| (name.as_str(), value.as_str())),
        version: None,
        json: Some(body),
    };
    server.send(ask).await
}
