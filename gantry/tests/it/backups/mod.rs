//! Backups over HTTP: what operators ask for and see, and what owners see.

mod bucket;
mod drill;
mod everything;
mod killed;
mod operators;
mod points;
mod served;
mod watched;

use std::time::Duration;

use gantry_testkit::{
    Answer, Client, Engine, Owner, SecondFactor, Server, ServerOptions, SmtpSim, eventually,
};
use serde_json::{Value, json};

use crate::cli::beside;

const PATIENCE: Duration = Duration::from_mins(1);
/// A drill may be large.
const WORK: Duration = Duration::from_mins(50);
const PASSWORD: &str = "quiet harbour at seven";

/// A server with two folders for its backups.
pub(crate) async fn server(engine: Engine, mail: &SmtpSim) -> Server {
    let options = ServerOptions::new(engine).mail(mail);
    let folder = |name: &str| {
        let path = options.databases().folder().join(name);
        path.to_str().unwrap().to_owned()
    };
    let (directory, second, key) = (folder("backups"), folder("elsewhere"), folder("backup.key"));
    options
        // How far a work has come is asked often.
        .env("GANTRY_HTTP__LIMITS__OFF", "true")
        .env("GANTRY_BACKUP__DIRECTORY", directory)
        .env("GANTRY_BACKUP__SECOND_DIRECTORY", second)
        .env("GANTRY_BACKUP__KEY_FILE", key)
        .start()
        .await
}

/// Somebody who runs the server.
pub(crate) async fn operator(server: &Server) -> Client {
    let file = server.databases().folder().join("operator-password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let email = "operator@example.com";
    let file = file.to_str().unwrap();
    beside(
        server,
        &[
            "user",
            "create",
            email,
            "--name",
            "Operator",
            "--operator",
            "--password-file",
            file,
        ],
    )
    .ends(0);
    let client = server.client();
    let body = json!({"email": email, "password": PASSWORD});
    let answer = client.post("/api/v1/auth/sessions").json(&body).await;
    let operator = client.with_bearer(answer.expect(201).text_at("/access_token"));
    SecondFactor::set_up(&operator).await;
    operator
}

/// Waits until what was asked for is over.
pub(crate) async fn over(operator: &Client, asked: Answer) -> Value {
    let id = asked.expect(202).text_at("/id");
    let path = format!("/api/v1/admin/backup-works/{id}");
    eventually("the end of the work", WORK, async || {
        let work = operator.get(&path).await.expect(200).value();
        if work["ended_at"].is_null() {
            Err(work.to_string())
        } else {
            Ok(work)
        }
    })
    .await
}

pub(crate) async fn branch(owner: &Owner, code: &str) {
    let body = json!({"code": code, "name": "A hall"});
    let call = owner.client.post(&owner.path("/spaces/branches"));
    call.json(&body).await.expect(201).done();
}

pub(crate) async fn branches(owner: &Owner) -> usize {
    let page = owner.client.get(&owner.path("/spaces/branches")).await;
    page.expect(200).value()["items"].as_array().unwrap().len()
}
