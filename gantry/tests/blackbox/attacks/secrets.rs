//! What must be nowhere but in the mail, the answer or the setting it belongs to.

use std::path::Path;
use std::process::Command;

use gantry_testkit::{Client, Engine, Owner, SecondFactor, ServerOptions};
use serde_json::json;

use super::{PASSWORD, PATIENCE, World};

/// Fails if `text` holds one of the secrets.
fn assert_without(place: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(
            !text.contains(secret.as_str()),
            "{place} holds a secret: {secret}"
        );
    }
}

/// Every file under a folder, as text.
pub(super) fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                all.push((
                    path.display().to_string(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                ));
            }
        }
    }
    all
}

/// What operators and owners can read.
async fn readable(operator: &Client, owner: &Owner) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for path in [
        "/api/v1/admin/mails?page_size=100",
        "/api/v1/admin/jobs/dead?page_size=100",
        "/api/v1/admin/tenants",
    ] {
        all.push((path.to_owned(), operator.get(path).await.expect(200).text()));
    }
    let path = format!("/api/v1/admin/mails?page_size=100&tenant={}", owner.tenant);
    all.push((path.clone(), operator.get(&path).await.expect(200).text()));
    for path in [
        "/identity/audit?page_size=100",
        "/identity/members",
        "/identity/invitations",
        "/spaces/imports",
        "",
    ] {
        let path = owner.path(path);
        all.push((
            path.clone(),
            owner.client.get(&path).await.expect(200).text(),
        ));
    }
    for path in [
        "/api/v1/me",
        "/api/v1/me/sessions",
        "/api/v1/health/all",
        "/api/openapi.json",
    ] {
        all.push((
            path.to_owned(),
            owner.client.get(path).await.expect(200).text(),
        ));
    }
    all
}

#[tokio::test]
async fn tokens_and_passwords_are_in_no_answer_no_log_and_no_file() {
    let world = World::with(Engine::Sqlite, &[("GANTRY_LOG__LEVEL", "trace")]).await;
    let operator = world.operator("ops@example.com").await;
    let mut owner = Owner::new(&world.client(), "north");
    let answer = world
        .client()
        .post("/api/v1/auth/sign-ups")
        .json(&owner.sign_up_body())
        .await
        .expect(202);
    let mut secrets = vec![owner.password.clone(), owner.token(&world.mail).await];
    assert_without("the answer to a sign-up", &answer.text(), &secrets);
    owner.confirm(&world.mail).await;
    owner.log_in().await;
    owner.wait_active().await;
    let pair = json!({"refresh_token": owner.refresh_token});
    let next = world
        .client()
        .post("/api/v1/auth/tokens/refresh")
        .json(&pair)
        .await
        .expect(200);
    secrets.extend([owner.refresh_token.clone(), owner.client.bearer().unwrap()]);
    secrets.extend([
        next.text_at("/refresh_token"),
        next.text_at("/access_token"),
    ]);
    let browser = owner.browser().await;
    secrets.push(
        browser
            .cookie("__Host-gantry_session")
            .unwrap()
            .split_once('.')
            .unwrap()
            .1
            .to_owned(),
    );
    secrets.push(browser.fetch_csrf().await);

    let invitation = json!({"email": "guest@example.com", "role": "member"});
    let made = owner
        .client
        .post(&owner.path("/identity/invitations"))
        .idempotency_key("k")
        .json(&invitation)
        .await
        .expect(201);
    let token = world
        .mail
        .wait_mail("guest@example.com", "", PATIENCE)
        .await
        .parameter("token");
    secrets.push(token.clone());
    assert_without("the answer to an invitation", &made.text(), &secrets);
    let inspected = world
        .client()
        .post("/api/v1/auth/invitations/inspect")
        .json(&json!({"token": token}))
        .await
        .expect(200);
    assert_without("what a link opens", &inspected.text(), &secrets);
    let reset = world
        .client()
        .post("/api/v1/auth/password-resets")
        .json(&json!({"email": owner.email}))
        .await
        .expect(202);
    secrets.push(
        world
            .mail
            .wait_mail(&owner.email, "new password", PATIENCE)
            .await
            .parameter("token"),
    );
    assert_without("the answer to a reset", &reset.text(), &secrets);
    // Where careless callers put them, and what comes of it.
    for secret in secrets.clone() {
        let answer = world
            .client()
            .get(&format!("/api/v1/me?token={secret}"))
            .header("x-request-id", "careless")
            .await;
        assert_without("a refusal", &answer.text(), &secrets);
        world
            .client()
            .get("/api/v1/me")
            .header("authorization", &format!("Basic {secret}"))
            .await
            .expect(401)
            .done();
        let body = json!({"email": owner.email, "password": "x", "extra": secret});
        let answer = world
            .client()
            .post("/api/v1/auth/sessions")
            .json(&body)
            .await
            .expect(422);
        assert_without("a refusal", &answer.text(), &secrets);
        let answer = world
            .client()
            .post("/api/v1/auth/verifications")
            .json(&json!({"token": secret}))
            .await;
        assert_without("a refusal", &answer.text(), &secrets);
    }
    let wrong = json!({"email": owner.email, "password": PASSWORD});
    world
        .client()
        .post("/api/v1/auth/sessions")
        .json(&wrong)
        .await
        .expect(401)
        .done();
    secrets.push(PASSWORD.to_owned());

    for (place, text) in readable(&operator, &owner).await {
        assert_without(&place, &text, &secrets);
    }
    assert_without("the log", &world.server.output(), &secrets);
    // The greeting of the first start is for people; addresses of people are in no line that is logged.
    let people = [
        owner.email.clone(),
        "guest@example.com".to_owned(),
        "ops@example.com".to_owned(),
    ];
    assert_without("the log", &world.server.output(), &people);
    let stored = files(&world.server.data_dir());
    assert!(
        stored
            .iter()
            .any(|(_, text)| text.contains("identity.sign_up.requested")),
        "the files hold the databases"
    );
    for (file, text) in stored {
        assert_without(&file, &text, &secrets);
    }
}

#[tokio::test]
async fn mail_that_is_held_helps_nobody_into_an_account() {
    let server = ServerOptions::new(Engine::Sqlite).start().await;
    let file = server.databases().folder().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let file = file.to_str().unwrap();
    for (email, operator) in [("ops@example.com", true), ("victim@example.com", false)] {
        let mut arguments = vec![
            "user",
            "create",
            email,
            "--name",
            "Some Body",
            "--password-file",
            file,
        ];
        if operator {
            arguments.push("--operator");
        }
        server.command(&arguments);
    }
    let operator = super::log_in(&server.client(), "ops@example.com", PASSWORD).await;
    SecondFactor::set_up(&operator).await;
    let waiting = Owner::new(&server.client(), "waiting");
    waiting.sign_up().await;
    let body = json!({"email": "victim@example.com"});
    server
        .client()
        .post("/api/v1/auth/password-resets")
        .json(&body)
        .await
        .expect(202)
        .done();
    let mails = gantry_testkit::eventually("three held mails", PATIENCE, async || {
        let mails = operator
            .get("/api/v1/admin/mails?state=held")
            .await
            .expect(200)
            .value();
        if mails["items"].as_array().unwrap().len() == 3 {
            Ok(mails)
        } else {
            Err(mails.to_string())
        }
    })
    .await;
    let known = [
        "id",
        "template",
        "recipient",
        "state",
        "attempts",
        "last_error",
        "created_at",
        "updated_at",
        "sent_at",
    ];
    for mail in mails["items"].as_array().unwrap() {
        let unknown: Vec<_> = mail
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?} of {mail}");
        assert!(
            !mail.to_string().contains("token") && !mail.to_string().contains("http"),
            "{mail}"
        );
        for method in [
            reqwest::Method::GET,
            reqwest::Method::DELETE,
            reqwest::Method::PATCH,
        ] {
            let answer = operator
                .call(
                    method,
                    &format!("/api/v1/admin/mails/{}", mail["id"].as_str().unwrap()),
                )
                .await;
            assert!([404, 405].contains(&answer.status()), "{answer}");
        }
        let retry = format!("/api/v1/admin/mails/{}/retry", mail["id"].as_str().unwrap());
        assert_eq!(operator.post(&retry).await.expect(204).text(), "");
    }
    // No token exists before a mail can go, so there is none to find.
    for (file, text) in files(&server.data_dir()) {
        assert!(!text.contains("#token="), "{file}");
    }
    let output = server.output();
    let links: Vec<&str> = output
        .split_whitespace()
        .filter(|word| word.contains("#token=") && !word.contains("set-up"))
        .collect();
    assert!(links.is_empty(), "{links:?}");
}

/// Runs `gantry config <verb>` with these settings; standard output and error together.
fn config(verb: &str, env: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    command
        .args(["config", verb, "--data"])
        .arg(folder.path())
        .env_clear()
        .envs(env.iter().copied());
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn settings_that_are_secret_are_never_printed() {
    const SECRET: &str = "hunter2-correct-horse";
    let url = format!("postgres://gantry:{SECRET}@127.0.0.1/gantry");
    let mail = format!("smtp://gantry:{SECRET}@127.0.0.1:2525");
    let key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=";
    let sound = [
        ("GANTRY_DATABASE__URL", url.as_str()),
        ("GANTRY_MAIL__URL", mail.as_str()),
        ("GANTRY_MASTER_KEY", key),
    ];
    for verb in ["print", "check"] {
        let text = config(verb, &sound);
        assert!(
            !text.contains(SECRET) && !text.contains(key),
            "{verb}: {text}"
        );
    }
    assert!(
        config("print", &sound).contains("GANTRY_DATABASE__URL"),
        "it says where a value comes from"
    );
    // Not even when they are wrong, which is when people paste what they see into a ticket.
    let broken = [
        (
            "GANTRY_DATABASE__URL",
            format!("postgres//gantry:{SECRET}@:x"),
        ),
        (
            "GANTRY_DATABASE__URL",
            format!("mysql://gantry:{SECRET}@127.0.0.1/x"),
        ),
        (
            "GANTRY_DATABASE__URL",
            format!("postgres://gantry:{SECRET}@127.0.0.1:99999/x"),
        ),
        ("GANTRY_MAIL__URL", format!("smtp//gantry:{SECRET}@")),
        (
            "GANTRY_MAIL__URL",
            format!("http://gantry:{SECRET}@127.0.0.1"),
        ),
        ("GANTRY_MAIL__PASSWORD", SECRET.to_owned()),
        ("GANTRY_MASTER_KEY", format!("{SECRET}-not-base64!")),
        ("GANTRY_MASTER_KEY_FILE", format!("/nonexistent/{SECRET}")),
    ];
    for (name, value) in broken {
        for verb in ["print", "check"] {
            let text = config(verb, &[(name, &value)]);
            let path = name.ends_with("_FILE");
            assert!(path || !text.contains(SECRET), "{name} by {verb}: {text}");
        }
    }
}
