//! `gantry user`, beside a running server: what it did counts at once.

use std::time::Duration;

use gantry_testkit::{
    Client, Owner, SecondFactor, Server, ServerOptions, SmtpSim, both_engines, eventually,
};
use serde_json::json;

use super::{beside, gantry};

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
        operator.get("/api/v1/admin/tenants").await.problem(403, "second_factor_required").done();
        SecondFactor::set_up(&operator).await;
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

    async fn accounts_are_imported_and_unlocked_at_the_console(engine: Engine) {
        let mut server = ServerOptions::new(engine).start().await;
        let client = server.client();
        let (email, old) = ("ada@example.com", "abcdefghijklmnopqrstuvwxyz");
        let hash = "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC";
        let good = json!({"email": email, "name": "Ada", "hash": hash, "verified": true});
        let bad = json!({"email": "bob@example.com", "name": "Bob", "hash": "secret-looking", "verified": true});
        let path = server.databases().folder().join("people.jsonl");
        std::fs::write(&path, format!("{good}\n{bad}\n")).unwrap();
        let file = path.to_str().unwrap();
        let partly = beside(&server, &["user", "import", file]).ends(1);
        assert!(partly.err.contains("line 2: hash: "), "{}", partly.err);
        assert!(partly.err.contains("1 added, 0 known already, 1 refused"), "{}", partly.err);
        assert!(!partly.err.contains("secret-looking"), "{}", partly.err);
        std::fs::write(&path, format!("{good}\n")).unwrap();
        let again = beside(&server, &["user", "import", file]).ends(0);
        assert_eq!(again.out, "0 added, 1 known already, 0 refused\n");
        log_in(&client, email, old).await;

        for _ in 0..5 {
            cannot_log_in(&client, email, "not the password").await;
        }
        let body = json!({"email": email, "password": old});
        client.post("/api/v1/auth/sessions").json(&body).await.problem(429, "account_locked").done();
        assert_eq!(beside(&server, &["user", "unlock", email]).ends(0).out, "locks lifted: 1\n");
        log_in(&client, email, old).await;
        beside(&server, &["user", "unlock", "nobody@example.com"]).ends(1);
        beside(&server, &["user", "import", "people.txt"]).ends(1);
        server.stop().await;
    }

    async fn second_factors_removed_at_the_console_leave_the_password(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = ServerOptions::new(engine).mail(&mail).start().await;
        let client = server.client();
        let file = password_file(&server, FIRST);
        let email = "ada@example.com";
        beside(&server, &["user", "create", email, "--name", "Ada", "--operator", "--password-file", &file]).ends(0);
        let ada = log_in(&client, email, FIRST).await;
        let factor = SecondFactor::set_up(&ada).await;
        let body = json!({"email": email, "password": FIRST});
        let half = client.post("/api/v1/auth/sessions").json(&body).await;
        factor.complete(&client, half).await.done();

        let half = client.post("/api/v1/auth/sessions").json(&body).await.expect(202);
        for subject in ["How you sign in was changed", "A recovery code was used"] {
            mail.wait_mail(email, subject, PATIENCE).await;
        }
        let since = mail.newest().await;
        beside(&server, &["user", "disable-mfa", email]).ends(0);
        let told = mail.wait_mail_since(since, email, "How you sign in was changed", PATIENCE).await;
        assert!(told.text.contains("removed by somebody who operates the server"), "{}", told.text);
        let proof = json!({"challenge": half.text_at("/challenge"), "recovery_code": factor.recovery_code()});
        let complete = client.post("/api/v1/auth/sessions/second-factor").json(&proof).await;
        complete.problem(410, "challenge_gone").done();
        eventually("an end of the session", PATIENCE, async || {
            let status = ada.get("/api/v1/me").await.status();
            if status == 401 { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
        let again = log_in(&client, email, FIRST).await;
        again.get("/api/v1/admin/tenants").await.problem(403, "second_factor_required").done();
        SecondFactor::set_up(&again).await;
        again.get("/api/v1/admin/tenants").await.expect(200).done();
        let nobody = beside(&server, &["user", "disable-mfa", "nobody@example.com"]).ends(1);
        assert!(nobody.err.starts_with("gantry: "), "{}", nobody.err);
        server.stop().await;
    }
}

#[test]
fn the_cost_of_a_hash_is_measured_without_an_installation() {
    let said = gantry(
        &["user", "hash-cost", "--target", "5", "--threads", "1"],
        &[],
    )
    .ends(0);
    let settings =
        |line: &&str| line.starts_with("hash_memory_kib = ") || line.starts_with("hash_passes = ");
    assert_eq!(said.out.lines().filter(settings).count(), 2, "{}", said.out);
    gantry(&["user", "hash-cost", "--target", "1"], &[]).ends(64);
}
