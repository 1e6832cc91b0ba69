//! `gantry user`, beside a running server: what it did counts at once.

use std::time::Duration;

use gantry_testkit::{Client, Owner, Server, ServerOptions, both_engines, eventually};
use serde_json::json;

use super::beside;

const PATIENCE: Duration = Duration::from_secs(30);
const FIRST: &str = "quiet harbour at seven";
const SECOND: &str = "nine lanterns by the gate";

async fn log_in(client: &Client, email: &str, password: &str) -> Client {
    let body = json!({"email": email, "password": password});
    let answer = client.post("/api/v1/auth/sessions").json(&body).await;
    client.with_bearer(answer.expect(201).text_at("/access_token"))
}

async fn cannot_log_in(client: &Client, email: &str, password: &str) {
    let body = json!({"email": email, "password": password});
    let answer = client.post("/api/v1/auth/sessions").json(&body).await;
    answer.expect(401).done();
}

/// The token of the link on the last line.
fn token_of(answer: &str) -> &str {
    let link = answer.lines().last().unwrap();
    link.split_once("#token=").unwrap().1
}

async fn follow_reset(client: &Client, token: &str, password: &str) {
    let body = json!({"token": token, "password": password});
    let confirm = client.post("/api/v1/auth/password-resets/confirm");
    confirm.json(&body).await.expect(204).done();
}

/// A password as it is given: in a file, whose first line counts.
fn password_file(server: &Server, password: &str) -> String {
    let file = server.databases().folder().join("password");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

both_engines! {
    async fn a_person_made_at_the_console_signs_in_at_once(engine: Engine) {
        let mut server = ServerOptions::new(engine).start().await;
        let client = server.client();
        let file = password_file(&server, FIRST);
        let made = beside(&server, &[
            "user", "create", "ada@example.com", "--name", "Ada", "--operator", "--password-file", &file,
        ]).ends(0);
        let operator = log_in(&client, "ada@example.com", FIRST).await;
        let me = operator.get("/api/v1/me").await.expect(200);
        assert_eq!(me.text_at("/identity"), made.out.trim());
        operator.get("/api/v1/admin/tenants").await.expect(200).done();

        let twice = beside(&server, &["user", "create", "ada@example.com", "--name", "Ada"]).ends(1);
        assert!(twice.err.starts_with("gantry: "), "{}", twice.err);
        let weak = password_file(&server, "short");
        beside(&server, &["user", "create", "bob@example.com", "--name", "Bob", "--password-file", &weak]).ends(1);
        cannot_log_in(&client, "bob@example.com", "short").await;

        let plain = beside(&server, &["user", "create", "bob@example.com", "--name", "Bob"]).ends(0);
        follow_reset(&client, token_of(&plain.out), FIRST).await;
        let bob = log_in(&client, "bob@example.com", FIRST).await;
        bob.get("/api/v1/admin/tenants").await.problem(403, "permission_missing").done();
        server.stop().await;
    }

    async fn a_sign_up_whose_mail_never_came_is_confirmed_at_the_console(engine: Engine) {
        let mut server = ServerOptions::new(engine).start().await;
        let mut owner = Owner::new(&server.client(), "held");
        owner.sign_up().await;
        cannot_log_in(&owner.client, &owner.email, &owner.password).await;
        beside(&server, &["user", "verify", &owner.email]).ends(0);
        owner.log_in().await;
        // The workspace asked for at sign-up comes too; the server makes it.
        eventually("the workspace", PATIENCE, async || {
            let me = owner.client.get("/api/v1/me").await.expect(200).value();
            let state = &me["memberships"][0]["state"];
            if state == "active" { Ok(()) } else { Err(me.to_string()) }
        })
        .await;
        let nobody = beside(&server, &["user", "verify", "nobody@example.com"]).ends(1);
        assert!(nobody.err.starts_with("gantry: "), "{}", nobody.err);
        server.stop().await;
    }

    async fn a_password_set_at_the_console_ends_every_session(engine: Engine) {
        let mut server = ServerOptions::new(engine).start().await;
        let client = server.client();
        let file = password_file(&server, FIRST);
        let email = "ada@example.com";
        beside(&server, &["user", "create", email, "--name", "Ada", "--password-file", &file]).ends(0);
        let body = json!({"email": email, "password": FIRST});
        let session = client.post("/api/v1/auth/sessions").json(&body).await.expect(201);

        let file = password_file(&server, SECOND);
        beside(&server, &["user", "reset-password", email, "--password-file", &file]).ends(0);
        cannot_log_in(&client, email, FIRST).await;
        log_in(&client, email, SECOND).await;
        let refresh = json!({"refresh_token": session.text_at("/refresh_token")});
        client.post("/api/v1/auth/tokens/refresh").json(&refresh).await.expect(401).done();

        let link = beside(&server, &["user", "reset-password", email]).ends(0);
        follow_reset(&client, token_of(&link.out), FIRST).await;
        log_in(&client, email, FIRST).await;
        server.stop().await;
    }
}
